// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The disk thread (DiskLoop), and how the upload thread starts and ends it (Spiller).
#include "upload/spiller.h"

#include "base/log.h"

#include <utility>

namespace gsttus {

namespace {

constexpr seconds kLook{1}; // what nobody wakes the thread for is done so often
constexpr seconds kSyncInterval{1};
constexpr seconds kFactsInterval{1};

struct Task {
    enum class Kind { kNothing, kLook, kHead, kSpill, kCleanUp, kSync };

    Result<void> run() const
    {
        if (spill)
            return spill->run();
        if (look)
            return look->run();
        if (head)
            return head->run();
        return work ? work->run() : Result<void>();
    }

    Kind kind = Kind::kNothing;
    std::unique_ptr<ReplayStore::DiskWork> work;
    std::unique_ptr<ReplayStore::Spill> spill;
    std::unique_ptr<SpoolLook> look;
    std::unique_ptr<HeadSave> head;
};

} // namespace

// What the disk needs, one thing after the other: what to do next and what came of it is said with
// the mutex, what takes time is done without.
class Spiller::Chores {
public:
    explicit Chores(LiveUpload::Core &core) : core_(core) {}

    // All with the mutex, which the first two give back meanwhile: the analysis does not see that
    // it is the caller's. FALSE: there is nothing to do now.
    bool do_one(MutexLock &lock);
    bool come_to_rest(MutexLock &lock); // FALSE: it is not time for that
    TimePoint next_look() const;

private:
    Task next(TimePoint now) REQUIRES(core_.mutex);
    bool head_is_due(TimePoint now) const REQUIRES(core_.mutex);
    std::unique_ptr<HeadSave> save_head(TimePoint now) REQUIRES(core_.mutex);
    void done(Task task, const Result<void> &result) REQUIRES(core_.mutex);
    void wake_writer() REQUIRES(core_.mutex);

    LiveUpload::Core &core_;
    TimePoint looked_ = Clock::now(), synced_{}, noted_{};
    bool sync_failed_ = false; // and told
};

bool Spiller::Chores::do_one(MutexLock &lock) NO_THREAD_SAFETY_ANALYSIS
{
    Task task = next(Clock::now());
    if (task.kind == Task::Kind::kNothing)
        return false;
    lock.unlock();
    const Result<void> result = task.run();
    task.work.reset(); // it may close files
    lock.lock();
    done(std::move(task), result);
    if (FreedBlocks freed = core_.store->take_freed(); !freed.empty()) {
        lock.unlock();
        freed = {};
        lock.lock();
    }
    return true;
}

bool Spiller::Chores::come_to_rest(MutexLock &lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (!core_.gives_back(Clock::now()) || !core_.store->rest())
        return false;
    core_.source.head.block.let_go(); // the store has it
    (void)do_one(lock);               // closes what that gave away
    return true;
}

Task Spiller::Chores::next(TimePoint now)
{
    ReplayStore &store = *core_.store;
    if (now - looked_ >= kLook) {
        looked_ = now;
        if (auto look = store.look(core_.source.head.block.file()))
            return {Task::Kind::kLook, nullptr, nullptr, std::move(look), nullptr};
    }
    if (core_.closed() && !core_.ended()) { // the upload thread may be in a request
        core_.place_head();
        core_.wake.worker.notify_all();
    }
    core_.note_safe_head();
    store.hold_back(core_.head_is_at_risk() ? core_.source.head.at : std::nullopt);
    const bool rests = core_.gives_back(now);
    const bool body_first = core_.awaits_body(now);
    store.set_due(body_first ? TimePoint::max() : now - core_.memory_patience(now), rests);
    const bool head_first = !body_first && head_is_due(now);
    if (head_first) {
        if (auto save = save_head(now))
            return {Task::Kind::kHead, nullptr, nullptr, nullptr, std::move(save)};
        store.begin_journal(true); // with its folder
        store.set_due(TimePoint::min());
    }
    auto spill = store.begin_spill(rests || now - noted_ >= kFactsInterval);
    core_.take_disk_warning();
    if (spill) {
        noted_ = now;
        return {Task::Kind::kSpill, nullptr, std::move(spill), nullptr, nullptr};
    }
    wake_writer(); // for now the disk makes no room
    if (auto needless = store.clean_up())
        return {Task::Kind::kCleanUp, std::move(needless), nullptr, nullptr, nullptr};
    if ((rests && !sync_failed_) || now - synced_ >= kSyncInterval) {
        if (auto sync = store.sync_to_disk())
            return {Task::Kind::kSync, std::move(sync), nullptr, nullptr, nullptr};
    }
    return {};
}

// As what follows it: when it has been in memory for too long. When it is in the store as well, at
// once: before what is noted of the end, and before its bytes there get to a file.
bool Spiller::Chores::head_is_due(TimePoint now) const
{
    const HeadBlock &head = core_.source.head.block;
    if (core_.config.replay.spool_mode == SpoolMode::kNever || !head.has_memory() ||
        head.refuses(now) || core_.fate.act != LastAct::kNone)
        return false;
    const std::optional<TimePoint> since = head.changed_since();
    return core_.head_is_at_risk() || (since && *since + core_.memory_patience(now) <= now) ||
           head.is_left(core_.store->folder()) ||
           (head.is_unsynced() && now - core_.source.head.synced >= kSyncInterval);
}

// nullptr: there is no folder yet.
std::unique_ptr<HeadSave> Spiller::Chores::save_head(TimePoint now)
{
    const FdRef folder = core_.store->folder_fd();
    if (!folder)
        return nullptr;
    const bool sync = core_.source.head.at || now - core_.source.head.synced >= kSyncInterval;
    if (sync)
        core_.source.head.synced = now;
    return core_.source.head.block.begin_save(core_.store->file_ops(), folder,
                                              core_.store->folder(), sync);
}

void Spiller::Chores::done(Task task, const Result<void> &result)
{
    if (task.kind == Task::Kind::kSync) {
        synced_ = Clock::now();
        core_.store->synced(result.ok());
        if (!result && !sync_failed_) {
            core_.warnings.push_back(result.error());
            core_.wake.worker.notify_all();
        }
        sync_failed_ = !result;
    } else if (task.kind == Task::Kind::kSpill) { // how it went, the store knows
        core_.store->end_spill(std::move(task.spill));
        core_.take_disk_warning();
        wake_writer();
    } else if (task.kind == Task::Kind::kHead) {
        const TimePoint now = Clock::now();
        if (auto error = core_.source.head.block.end_save(std::move(task.head), result, now)) {
            core_.warnings.push_back(std::move(*error));
            core_.wake.worker.notify_all();
        }
        wake_writer();
    } else if (task.kind == Task::Kind::kLook) {
        core_.store->looked(*task.look);
    } // what could not be deleted, the log says
}

void Spiller::Chores::wake_writer()
{
    if (core_.waiters.writers > 0)
        core_.wake.app.notify_all();
}

TimePoint Spiller::Chores::next_look() const NO_THREAD_SAFETY_ANALYSIS
{
    const TimePoint now = Clock::now();
    TimePoint next = now + kLook;
    if (core_.store->disk_refuses()) // for as long
        return next;
    if (const auto oldest = core_.store->oldest_in_memory())
        next = std::min(next, *oldest + core_.memory_patience(now));
    const HeadBlock &head = core_.source.head.block;
    if (const auto changed = head.changed_since())
        next = std::min(next, std::max(*changed + core_.memory_patience(now), head.next_attempt()));
    return std::max(next, now + milliseconds(10));
}

void Spiller::run(LiveUpload::Core &core)
{
    Chores chores(core);
    MutexLock lock(core.mutex);
    while (!core.fate.spill_over) {
        if (chores.do_one(lock))
            continue;
        if (chores.come_to_rest(lock))
            break;
        core.wake.disk.wait_until(lock, chores.next_look());
    }
    if (core.fate.spill_over)
        core.finish_store(lock);
    core.fate.spill_gone = true;
    core.wake.disk.notify_all();
    core.wake.worker.notify_all();
}

Spiller::Spiller(LiveUpload::Core &core) : core_(core), chores_(std::make_unique<Chores>(core)) {}

Spiller::~Spiller()
{
    stop(TimePoint{});
}

void Spiller::start()
{
    if (core_.config.replay.spool_mode == SpoolMode::kNever || core_.config.recovery)
        return; // the upload thread does what there is
    thread_ = core_.make_thread("tus-disk", &Spiller::run, true);
    if (thread_)
        return;
    MutexLock lock(core_.mutex);
    core_.fate.spill_gone = true;
    core_.warnings.push_back({.kind = ErrorKind::kInternal,
                              .message = "The system has no thread for the disk: what memory can "
                                         "not hold gets there late, and the pipeline may have to "
                                         "wait for it."});
    core_.wake.app.notify_all();
}

void Spiller::work_off()
{
    MutexLock lock(core_.mutex);
    if (thread_ && !core_.fate.spill_gone)
        return;
    lock.unlock();
    const InDisk scope(core_);
    lock.lock();
    while (core_.fate.act == LastAct::kNone && chores_->do_one(lock)) {
    }
    if (core_.fate.act == LastAct::kNone)
        (void)chores_->come_to_rest(lock);
}

void Spiller::end(LastAct act)
{
    FreedBlocks freed; // goes without the mutex
    MutexLock lock(core_.mutex);
    if (act != LastAct::kDiscard)
        core_.place_head(true); // as it is kept
    core_.fate.act = act;
    core_.fate.spill_over = true;
    core_.wake.disk.notify_all();
    if (act == LastAct::kDiscard) { // memory does not wait for a disk that hangs
        core_.store->let_go();
        freed = core_.store->take_freed();
        core_.fate.lent = core_.view();
    }
    if (thread_ && !core_.fate.spill_gone)
        return; // it does that as its last
    lock.unlock();
    const InDisk scope(core_);
    lock.lock();
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
        thread_->join();
    thread_.reset();
}

} // namespace gsttus
