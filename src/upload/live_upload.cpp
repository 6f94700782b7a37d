// The face of LiveUpload: what the application's and the streaming thread call.
// The upload thread's side is worker.cpp.
#include "upload/live_upload.h"

#include "base/log.h"
#include "base/text.h"
#include "upload/worker.h"

#include <utility>

namespace gsttus {

namespace {
constexpr seconds kDiskRetry{1};
constexpr seconds kCallbackPatience{1};

Error disk_does_not_answer(seconds waited)
{
    Error error;
    error.kind = ErrorKind::kDisk;
    error.message =
        cat("Stopped while the disk with what the server does not have yet has not "
            "answered for ",
            waited.count(), " s. If it does before this program ends, what is left will be kept.");
    return error;
}
} // namespace

LiveUpload::LiveUpload(UploadConfig config, std::unique_ptr<Target> target,
                       TransportFactory transport, UploadObserver &observer,
                       std::unique_ptr<ReplayStore> recovered)
    : core_(std::make_shared<Core>(std::move(config), std::move(target), std::move(transport),
                                   observer, std::move(recovered)))
{
}

LiveUpload::~LiveUpload()
{
    stop(OnStop::kKeep);
}

void LiveUpload::start()
{
    MutexLock lock(core_->mutex);
    if (core_->thread || core_->exited)
        return;
    core_->started_at = Clock::now();
    core_->thread = core_->make_thread("tus-upload", [](Core &core) { Worker(core).run(); });
    if (core_->thread)
        return;
    core_->failed = core_->exited = true;
    lock.unlock();
    Error error;
    error.kind = ErrorKind::kInternal;
    error.message = "The system has no thread for the upload.";
    core_->observer.on_failed(error, "", "");
}

WriteResult LiveUpload::write(std::span<const std::byte> data)
{
    WriteResult result;
    if (data.empty())
        return result;
    TimePoint patience = TimePoint::max(); // until then it is too early to speak of waiting
    MutexLock lock(core_->mutex);
    while (result.taken < data.size()) {
        if (core_->failed)
            result.status = WriteStatus::kFailed;
        else if (core_->ended)
            result.status = WriteStatus::kEnded;
        else if (core_->exited || core_->last_act != LastAct::kNone)
            result.status = WriteStatus::kFailed;
        else if (core_->interrupted)
            result.status = WriteStatus::kInterrupted;
        if (result.status != WriteStatus::kOk)
            return result;
        const std::size_t taken = core_->append(data.subspan(result.taken));
        result.taken += taken;
        if (taken > 0) {
            patience = TimePoint::max();
            continue;
        }
        // the disk thread is about to make room
        const bool disk_works = core_->store->awaits_spill();
        if (patience == TimePoint::max())
            patience = Clock::now() + (disk_works ? kDiskRetry : seconds(0));
        const bool too_long = Clock::now() >= patience;
        if (!core_->block_warned && too_long) {
            core_->block_warned = true;
            core_->warnings.push_back(core_->no_room(disk_works));
        }
        const bool blocked = !disk_works || (too_long && core_->can_send());
        core_->disk_wake.notify_all();
        ++core_->writers_waiting;
        core_->writers_blocked += blocked ? 1 : 0;
        core_->worker_wake.notify_all();
        // the disk may have room again without any acknowledgement
        core_->app_wake.wait_until(lock, Clock::now() + kDiskRetry);
        core_->writers_blocked -= blocked ? 1 : 0;
        --core_->writers_waiting;
    }
    const bool due = core_->worker_is_due(), spill_due = core_->store->awaits_spill();
    // Whoever is woken must not find the mutex taken, and us without a processor.
    lock.unlock();
    if (due)
        core_->worker_wake.notify_all();
    if (spill_due)
        core_->disk_wake.notify_all();
    return result;
}

void LiveUpload::finish()
{
    MutexLock lock(core_->mutex);
    core_->end(Clock::now());
}

DrainStatus LiveUpload::wait_drained()
{
    MutexLock lock(core_->mutex);
    bool too_late = false;
    while (true) {
        if (core_->complete)
            return DrainStatus::kComplete;
        if (core_->failed || core_->exited)
            return DrainStatus::kFailed;
        if (core_->interrupted)
            return DrainStatus::kInterrupted;
        const std::optional<TimePoint> deadline = core_->drain_deadline();
        if (too_late || !deadline) {
            core_->app_wake.wait(lock);
        } else if (Clock::now() < *deadline) {
            core_->app_wake.wait_until(lock, *deadline);
        } else { // a request that began before the end may know no deadline
            too_late = true;
            lock.unlock();
            g_cancellable_cancel(core_->cancel_work.get());
            lock.lock();
        }
    }
}

void LiveUpload::interrupt()
{
    MutexLock lock(core_->mutex);
    core_->interrupted = true;
    core_->app_wake.notify_all();
}

void LiveUpload::resume()
{
    MutexLock lock(core_->mutex);
    core_->interrupted = false;
}

void LiveUpload::stop(OnStop policy)
{
    MutexLock lock(core_->mutex);
    const TimePoint deadline = Clock::now() + core_->config.stop_timeout;
    if (!core_->stopping) {
        core_->stopping = true;
        core_->stop_policy = policy;
        if (policy == OnStop::kFinish)
            core_->end(Clock::now());
    }
    core_->worker_wake.notify_all();
    core_->app_wake.notify_all();
    if (!core_->thread)
        return;
    const bool at_once = core_->stop_policy != OnStop::kFinish;
    const bool own_thread = core_->thread == g_thread_self();
    if (own_thread) { // called from an observer: it ends when that returns
        core_->stop_by = deadline;
        g_thread_unref(std::exchange(core_->thread, nullptr));
    }
    lock.unlock();
    if (at_once)
        g_cancellable_cancel(core_->cancel_work.get());
    if (!own_thread)
        join(deadline);
}

void LiveUpload::join(TimePoint deadline)
{
    MutexLock lock(core_->mutex);
    while (!core_->exited && Clock::now() < deadline)
        core_->app_wake.wait_until(lock, deadline);
    core_->stop_expired = true; // before the cancel, so that its effect is understood
    core_->worker_wake.notify_all();
    lock.unlock();
    g_cancellable_cancel(core_->cancel_work.get());
    g_cancellable_cancel(core_->cancel_all.get());
    lock.lock();
    // What is left is quick, unless the application has the thread, perhaps waiting for us, or a
    // disk has.
    bool in_callback = false, in_disk = false;
    while (!core_->exited && !in_callback && !in_disk) {
        const TimePoint now = Clock::now();
        const TimePoint reading{Duration(core_->reading_since)};
        TimePoint patience = core_->callback_since.value_or(now) + kCallbackPatience;
        if (reading != TimePoint{})
            patience = std::max(reading, deadline) + core_->config.disk_patience;
        in_callback = core_->callback_since && now >= patience;
        in_disk = reading != TimePoint{} && now >= patience;
        if (!in_callback && !in_disk)
            core_->app_wake.wait_until(lock, patience);
    }
    GThread *thread = std::exchange(core_->thread, nullptr); // of two stops, the first gets it
    lock.unlock();
    if (!thread)
        return;
    if (!in_callback && !in_disk) {
        g_thread_join(thread);
        return;
    }
    g_thread_unref(thread); // on its own now
    if (in_disk)
        core_->observer.on_warning(
            disk_does_not_answer(std::chrono::ceil<seconds>(core_->config.disk_patience)));
    else
        log(LogLevel::kWarning, "upload",
            "stopped while a handler of the application has not returned");
}

void LiveUpload::update(RuntimeConfig runtime)
{
    MutexLock lock(core_->mutex);
    if (runtime.authorization != core_->runtime.authorization ||
        runtime.extra_headers != core_->runtime.extra_headers)
        ++core_->credential_changes;
    core_->runtime = std::move(runtime);
    core_->settings_changed = true;
    core_->worker_wake.notify_all();
    core_->app_wake.notify_all();
}

void LiveUpload::set_hints(StreamHints hints)
{
    MutexLock lock(core_->mutex);
    core_->hints = std::move(hints);
    // the type is known before the title: with the title, all is known
    core_->hints_given = !core_->hints.title.empty();
    core_->worker_wake.notify_all();
}

void LiveUpload::network_changed()
{
    std::function<void()> listener;
    {
        MutexLock lock(core_->mutex);
        ++core_->network_changes;
        core_->worker_wake.notify_all();
        listener = core_->network_listener;
    }
    if (listener)
        listener();
}

UploadStats LiveUpload::stats() const
{
    MutexLock lock(core_->mutex);
    UploadStats stats = core_->stats;
    const StoreView store = core_->view();
    stats.bytes_rendered = store.end;
    stats.bytes_in_memory = store.in_memory;
    stats.bytes_on_disk = store.on_disk;
    stats.spool_path = store.folder;
    stats.upload_rate = core_->rate.bits_per_second(Clock::now());
    return stats;
}

} // namespace gsttus
