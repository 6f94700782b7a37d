#include "upload/spiller.h"

#include "base/log.h"

#include <utility>

namespace gsttus {

namespace {
constexpr seconds kDiskRetry{1};
constexpr seconds kSyncInterval{1};
// With less, the streaming thread writes to the disk itself.
constexpr std::uint64_t kLeastWindow = std::uint64_t{1} << 20;
} // namespace

void Spiller::start()
{
    if (!is_wanted(core_.config))
        return;
    thread_ = core_.make_thread("tus-disk", run);
    if (thread_)
        return;
    MutexLock lock(core_.mutex);
    core_.store->spill_by_thread(false);
    core_.warnings.push_back({.kind = ErrorKind::kInternal,
                              .message = "The system has no thread for the disk: the pipeline "
                                         "has to wait for it, and a power cut may take what is "
                                         "spooled."});
    core_.app_wake.notify_all();
}

bool Spiller::is_wanted(const UploadConfig &config)
{
    const ReplayConfig &replay = config.replay;
    const bool ahead =
        replay.spool_mode == SpoolMode::kOverflow && replay.max_memory >= kLeastWindow;
    return (ahead || replay.spool_mode == SpoolMode::kAlways) && !config.recovery;
}

void Spiller::end(LastAct act)
{
    MutexLock lock(core_.mutex);
    core_.last_act = act;
    core_.spill_over = true;
    core_.disk_wake.notify_all();
    if (!thread_)
        core_.finish_store(lock);
}

void Spiller::stop(TimePoint deadline)
{
    if (!thread_)
        return;
    bool gone = false;
    {
        MutexLock lock(core_.mutex);
        core_.spill_over = true;
        core_.disk_wake.notify_all();
        while (!core_.spill_gone && Clock::now() < deadline)
            core_.disk_wake.wait_until(lock, deadline);
        gone = core_.spill_gone;
    }
    if (gone)
        g_thread_join(thread_);
    else
        g_thread_unref(thread_);
    thread_ = nullptr;
}

void Spiller::run(LiveUpload::Core &core)
{
    // spool-mode=always is for power cuts too: what was taken reaches the disk itself soon.
    const bool syncs = core.config.replay.spool_mode == SpoolMode::kAlways;
    TimePoint synced = Clock::now();
    bool sync_failed = false;
    MutexLock lock(core.mutex);
    while (!core.spill_over) {
        if (auto needless = core.store->clean_up()) {
            lock.unlock();
            (void)needless->run(); // the log says what it could not delete
            lock.lock();
            continue;
        }
        if (syncs && Clock::now() - synced >= kSyncInterval) {
            const auto sync = core.store->sync_to_disk();
            lock.unlock();
            const Result<void> result = sync ? sync->run() : Result<void>();
            synced = Clock::now();
            lock.lock();
            if (!result && !sync_failed) {
                core.warnings.push_back(result.error());
                core.worker_wake.notify_all();
            }
            sync_failed = !result;
            continue;
        }
        auto spill = core.store->begin_spill();
        core.take_disk_warning();
        if (!spill) {
            if (core.writers_waiting > 0)
                core.app_wake.notify_all();
            core.disk_wake.wait_until(lock, Clock::now() + kDiskRetry);
            continue;
        }
        lock.unlock();
        (void)spill->run();
        lock.lock();
        core.store->end_spill(std::move(spill));
        core.take_disk_warning();
        if (core.writers_waiting > 0)
            core.app_wake.notify_all();
    }
    core.finish_store(lock);
    core.spill_gone = true;
    core.disk_wake.notify_all();
}

} // namespace gsttus
