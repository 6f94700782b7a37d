// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From the upload thread to the bus, as long as the element is there.
#include "observer.h"

#include "debug.h"

#include <utility>

namespace gsttus {

namespace {
// The failure is on its way when await_error() is called, unless a server that is told, and then a
// disk that has to keep what is left, do not answer for as long as they may (5 and 10 s).
constexpr Duration kErrorPatience = seconds(20);
} // namespace

Observer::Observer(GstTusSink *sink, std::string name) : name_(std::move(name))
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

About Observer::about()
{
    const auto self = sink();
    return {name_, self ? GST_TUS_SINK_GET_CLASS(self.get())->current_video(self.get()) : 0};
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

void Observer::on_notice(const Notice &notice)
{
    if (std::holds_alternative<UploadKept>(notice))
        left_ = true;
    const auto self = sink();
    if (!self)
        return;
    if (std::holds_alternative<UploadRemoved>(notice) ||
        std::holds_alternative<UploadComplete>(notice))
        sink_forgets_upload_url(self.get());
    GST_TUS_SINK_GET_CLASS(self.get())->noticed(self.get(), notice);
    follow_url(notice);
    post(GST_ELEMENT(self.get()), notice, about());
    const auto *progress = std::get_if<UploadProgress>(&notice);
    if (progress && draining_) // a stop ends an upload too, but has no START
        post_drain(GST_PROGRESS_TYPE_CONTINUE, drain_text(*progress),
                   drain_percent(progress->bytes_acked, progress->bytes_rendered));
}

// notify::upload-url, when it has another value than the one before: also when an upload that
// failed is replaced, when parts are joined to another one, and when it is removed.
void Observer::follow_url(const Notice &notice)
{
    std::string url;
    if (const auto *created = std::get_if<UploadCreated>(&notice))
        url = created->upload_url;
    else if (const auto *complete = std::get_if<UploadComplete>(&notice))
        url = complete->upload_url;
    else if (!std::holds_alternative<UploadRemoved>(notice))
        return;
    const auto self = sink();
    if (std::exchange(told_url_, url) != url && self)
        g_object_notify(G_OBJECT(self.get()), "upload-url");
}

void Observer::post_drain(GstProgressType type, const std::string &text, int percent)
{
    if (const auto self = sink())
        gsttus::post_drain(GST_ELEMENT(self.get()), type, text, percent, about());
}

// What the user has to know of what is left.
Error Observer::as_left(Error error) const
{
    if (torn_)
        error.message += " It ends where the stream broke off, and may not be playable.";
    return error;
}

void Observer::on_warning(const Error &told)
{
    MutexLock lock(mutex_);
    const bool last = left_.exchange(false) || stopping_;
    lock.unlock();
    const Error error = last ? as_left(told) : told;
    const auto self = sink();
    const Taken taken =
        self ? post_warning(GST_ELEMENT(self.get()), error, {.about = about()}) : nullptr;
    if (last)
        last_words_->add(user_text(error), taken);
}

void Observer::on_failed(const Error &told, const std::string &upload_url,
                         const std::string &spool_path)
{
    MutexLock lock(mutex_);
    const bool stopping = stopping_;
    lock.unlock();
    left_ = false;
    const Error error = as_left(told);
    const Whereabouts whereabouts{upload_url, spool_path, about()};
    Taken taken;
    if (const auto self = sink()) {
        taken = stopping ? post_warning(GST_ELEMENT(self.get()), error, whereabouts)
                         : post_error(GST_ELEMENT(self.get()), error, whereabouts);
    }
    last_words_->add(user_text(error, whereabouts), taken);
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
