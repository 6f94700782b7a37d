#include "observer.h"

#include "bus.h"
#include "debug.h"

namespace gsttus {

namespace {
// The failure is on its way when await_error() is called, unless a server that is told, and then a
// disk that has to keep what is left, do not answer for as long as they may (5 and 10 s).
constexpr Duration kErrorPatience = seconds(20);
} // namespace

Observer::Observer(GstTusSink *sink)
{
    g_weak_ref_init(&sink_, sink);
}

Observer::~Observer()
{
    g_weak_ref_clear(&sink_);
}

GRef<GstTusSink> Observer::sink()
{
    return GRef<GstTusSink>::adopt(static_cast<GstTusSink *>(g_weak_ref_get(&sink_)));
}

void Observer::set_draining(bool draining)
{
    draining_ = draining;
}

void Observer::set_stopping()
{
    const MutexLock lock(mutex_);
    stopping_ = true;
}

void Observer::await_error()
{
    MutexLock lock(mutex_);
    const TimePoint deadline = Clock::now() + kErrorPatience;
    while (!failed_ && !interrupted_ && Clock::now() < deadline)
        changed_.wait_until(lock, deadline);
}

void Observer::interrupt()
{
    const MutexLock lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
}

void Observer::resume()
{
    const MutexLock lock(mutex_);
    interrupted_ = false;
}

void Observer::on_created(const UploadCreated &created)
{
    if (const auto self = sink())
        post_created(GST_ELEMENT(self.get()), created);
}

void Observer::on_progress(const UploadProgress &progress)
{
    const auto self = sink();
    if (!self)
        return;
    post_progress(GST_ELEMENT(self.get()), progress);
    if (draining_) // a stop ends an upload too, but has no START
        post_drain(GST_ELEMENT(self.get()), GST_PROGRESS_TYPE_CONTINUE, drain_text(progress));
}

void Observer::on_stalled(const UploadStalled &stalled)
{
    if (const auto self = sink())
        post_stalled(GST_ELEMENT(self.get()), stalled);
}

void Observer::on_resumed(const UploadResumed &resumed)
{
    if (const auto self = sink())
        post_resumed(GST_ELEMENT(self.get()), resumed);
}

void Observer::on_warning(const Error &error)
{
    if (const auto self = sink())
        post_warning(GST_ELEMENT(self.get()), error);
}

void Observer::on_target_notice(const TargetNotice &notice)
{
    const auto self = sink();
    if (!self)
        return;
    if (const auto *warning = std::get_if<TargetWarning>(&notice)) {
        post_warning(GST_ELEMENT(self.get()), warning->error);
    } else {
        GST_TUS_SINK_GET_CLASS(self.get())->target_notice(self.get(), notice);
    }
}

void Observer::on_complete(const UploadComplete &complete)
{
    const auto self = sink();
    if (!self)
        return;
    sink_completed(self.get());
    post_complete(GST_ELEMENT(self.get()), complete);
}

void Observer::on_failed(const Error &error, const std::string &upload_url,
                         const std::string &spool_path)
{
    MutexLock lock(mutex_);
    const bool stopping = stopping_;
    lock.unlock();
    if (const auto self = sink()) {
        if (stopping) {
            post_warning(GST_ELEMENT(self.get()), error, {upload_url, spool_path});
        } else {
            post_error(GST_ELEMENT(self.get()), error, {upload_url, spool_path});
        }
    }
    lock.lock();
    failed_ = true;
    changed_.notify_all();
}

std::optional<std::string> Observer::on_refresh_authorization(int http_status)
{
    const auto self = sink();
    if (!self)
        return std::nullopt;
    GST_INFO_OBJECT(self.get(), "credentials refused with status %d, asking the application",
                    http_status);
    return sink_refresh_authorization(self.get());
}

} // namespace gsttus
