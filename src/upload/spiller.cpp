// The disk thread (DiskLoop), and how the upload thread starts and ends it (Spiller).
#include "upload/spiller.h"

#include "base/log.h"

#include <utility>

namespace gsttus {

namespace {
constexpr seconds kDiskRetry{1};
constexpr seconds kSyncInterval{1};
// With less, the streaming thread writes to the disk itself.
constexpr std::uint64_t kLeastWindow = std::uint64_t{1} << 20;

// What the disk thread does, one thing after the other: what to do next and what came of it is
// said with the mutex, what takes time is done without.
class DiskLoop {
public:
    explicit DiskLoop(LiveUpload::Core &core) : core_(core) {}

    void run();

private:
    struct Task {
        enum class Kind { kNothing, kCleanUp, kSync, kSpill };

        Result<void> run() const
        {
            if (spill)
                return spill->run();
            return work ? work->run() : Result<void>();
        }

        Kind kind = Kind::kNothing;
        std::unique_ptr<ReplayStore::DiskWork> work; // nullptr: there turned out to be none
        std::unique_ptr<ReplayStore::Spill> spill;   // kSpill
    };

    Task next() REQUIRES(core_.mutex);
    void done(Task task, const Result<void> &result) REQUIRES(core_.mutex);
    void wake_writer() REQUIRES(core_.mutex);

    LiveUpload::Core &core_;
    // spool-mode=always is for power cuts too: what was taken reaches the disk itself soon.
    const bool syncs_ = core_.config.replay.spool_mode == SpoolMode::kAlways;
    TimePoint synced_ = Clock::now();
    bool sync_failed_ = false; // and told
};

void DiskLoop::run()
{
    MutexLock lock(core_.mutex);
    while (!core_.fate.spill_over) {
        Task task = next();
        if (task.kind == Task::Kind::kNothing) {
            core_.wake.disk.wait_until(lock, Clock::now() + kDiskRetry);
            continue;
        }
        lock.unlock();
        const Result<void> result = task.run();
        lock.lock();
        done(std::move(task), result);
    }
    core_.finish_store(lock);
    core_.fate.spill_gone = true;
    core_.wake.disk.notify_all();
}

DiskLoop::Task DiskLoop::next()
{
    if (auto needless = core_.store->clean_up())
        return {Task::Kind::kCleanUp, std::move(needless), nullptr};
    if (syncs_ && Clock::now() - synced_ >= kSyncInterval)
        return {Task::Kind::kSync, core_.store->sync_to_disk(), nullptr};
    auto spill = core_.store->begin_spill();
    core_.take_disk_warning();
    if (spill)
        return {Task::Kind::kSpill, nullptr, std::move(spill)};
    wake_writer(); // for now the disk makes no room
    return {};
}

void DiskLoop::done(Task task, const Result<void> &result)
{
    if (task.kind == Task::Kind::kSync) {
        synced_ = Clock::now();
        if (!result && !sync_failed_) {
            core_.warnings.push_back(result.error());
            core_.wake.worker.notify_all();
        }
        sync_failed_ = !result;
    } else if (task.kind == Task::Kind::kSpill) { // how it went, the store knows
        core_.store->end_spill(std::move(task.spill));
        core_.take_disk_warning();
        wake_writer();
    } // what could not be deleted, the log says
}

void DiskLoop::wake_writer()
{
    if (core_.waiters.writers > 0)
        core_.wake.app.notify_all();
}

} // namespace

void Spiller::start()
{
    if (!is_wanted(core_.config))
        return;
    thread_ = core_.make_thread("tus-disk", [](LiveUpload::Core &core) { DiskLoop(core).run(); });
    if (thread_)
        return;
    MutexLock lock(core_.mutex);
    core_.store->spill_by_thread(false);
    core_.warnings.push_back({.kind = ErrorKind::kInternal,
                              .message = "The system has no thread for the disk: the pipeline "
                                         "has to wait for it, and a power cut may take what is "
                                         "spooled."});
    core_.wake.app.notify_all();
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
    core_.fate.act = act;
    core_.fate.spill_over = true;
    core_.wake.disk.notify_all();
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
        core_.fate.spill_over = true;
        core_.wake.disk.notify_all();
        while (!core_.fate.spill_gone && Clock::now() < deadline)
            core_.wake.disk.wait_until(lock, deadline);
        gone = core_.fate.spill_gone;
    }
    if (gone)
        g_thread_join(thread_);
    else
        g_thread_unref(thread_);
    thread_ = nullptr;
}

} // namespace gsttus
