// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The face of LiveUpload: what the application's and the streaming thread call, and how long each
// of them waits. The upload thread's side is worker.cpp.
#include "upload/live_upload.h"

#include "base/log.h"
#include "base/text.h"
#include "upload/worker.h"

#include <utility>

namespace gsttus {

namespace {
constexpr seconds kDiskRetry{1};
constexpr milliseconds kHeldRetry{100}; // what is only held gives way soon
constexpr milliseconds kAskSource{250}; // less than a queue behind a live source holds
constexpr seconds kDiskHangs{10};       // then what may be rewritten gives way, too
constexpr seconds kCallbackPatience{1};
constexpr seconds kGoodbye{10}; // for what a stop still does at the server, which has time-outs
constexpr TimePoint kNotWaiting = TimePoint::max();

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

// Why the writer waits.
Error no_room(const ReplayConfig &config, bool disk_works)
{
    Error error;
    error.kind = ErrorKind::kNoSpace;
    if (config.spool_mode == SpoolMode::kNever)
        error.message = "Memory for unsent data is full: the pipeline has to wait for the server. "
                        "Raise max-memory, or allow spool-mode=overflow.";
    else if (disk_works)
        error.message = "Memory for unsent data is full, and the disk is too slow for what comes: "
                        "the pipeline has to wait. Choose another spool-dir or raise max-memory.";
    else
        error.message = "Memory and disk for unsent data are full: the pipeline has to wait for "
                        "the server. Raise max-memory or max-spool-size, or free disk space.";
    return error;
}

Error disk_holds_up(const ReplayConfig &config)
{
    Error error;
    error.kind = ErrorKind::kDisk;
    error.message = cat("The disk with ", config.spool_dir,
                        " does not answer: the pipeline waits, since with spool-mode=always every "
                        "byte is in a file before the next one is taken. With "
                        "spool-mode=overflow it would not, and a crash would cost some seconds.");
    return error;
}

WriteStatus write_status(const LiveUpload::Core &core) REQUIRES(core.mutex)
{
    if (core.outcome == UploadOutcome::kFailed)
        return WriteStatus::kFailed;
    if (core.closed())
        return WriteStatus::kEnded;
    if (core.thread.exited || core.fate.act != LastAct::kNone)
        return WriteStatus::kFailed;
    return core.waiters.interrupted ? WriteStatus::kInterrupted : WriteStatus::kOk;
}

// Nothing was taken. `patience`: until then it is too early to speak of waiting.
void wait_for_room(LiveUpload::Core &core, MutexLock &lock, TimePoint &patience)
    REQUIRES(core.mutex)
{
    // the disk thread is about to make room
    const bool disk_works = core.store->awaits_spill();
    if (patience == kNotWaiting)
        patience = Clock::now() + (disk_works ? kDiskRetry : seconds(0));
    const bool too_long = Clock::now() >= patience;
    if (!core.waiters.block_warned && too_long) {
        core.waiters.block_warned = true;
        core.warnings.push_back(no_room(core.config.replay, disk_works));
    }
    const bool blocked = !disk_works || (too_long && core.can_send());
    // What is held makes no room, and what is waited for may be that it is rewritten.
    if ((!disk_works || Clock::now() >= patience + kDiskHangs) && core.hold_is_in_the_way())
        core.end_hold();
    core.wake.disk.notify_all();
    ++core.waiters.writers;
    core.waiters.blocked += blocked ? 1 : 0;
    core.wake.worker.notify_all();
    // the disk may have room again without any acknowledgement
    const Duration retry = core.store->holds_all() ? Duration(kHeldRetry) : Duration(kDiskRetry);
    core.wake.app.wait_until(lock, Clock::now() + retry);
    core.waiters.blocked -= blocked ? 1 : 0;
    --core.waiters.writers;
}

// Whether it still can wait.
void ask_source(LiveUpload::Core &core, MutexLock &lock) REQUIRES(core.mutex)
{
    const std::function<bool()> can_wait = core.source.can_wait;
    lock.unlock();
    const bool can = can_wait();
    lock.lock();
    core.source.asked_at = Clock::now();
    if (!can)
        core.source.can_wait = nullptr;
}

// It is held back, if it still can wait: no trouble, and nothing to be told. Looks again for what
// nobody wakes it for.
void wait_for_server(LiveUpload::Core &core, MutexLock &lock) REQUIRES(core.mutex)
{
    if (Clock::now() - core.source.asked_at >= kAskSource)
        return ask_source(core, lock);
    const bool blocked = core.thread.waiting.has_value(); // for more than it gets
    ++core.waiters.writers;
    core.waiters.blocked += blocked ? 1 : 0;
    core.wake.worker.notify_all();
    core.wake.app.wait_until(lock, Clock::now() + kHeldRetry);
    core.waiters.blocked -= blocked ? 1 : 0;
    --core.waiters.writers;
}

// With spool-mode=always a byte is taken when it is in a file: a writer waits for that, but no
// longer than the disk takes bytes at all, and for nobody who wants to stop.
void wait_until_safe(LiveUpload::Core &core, MutexLock &lock) REQUIRES(core.mutex)
{
    if (core.fate.act != LastAct::kNone) // somebody else has the store
        return;
    const TimePoint patience = Clock::now() + kDiskRetry;
    while (core.thread.handle && core.fate.act == LastAct::kNone && !core.fate.spill_gone &&
           core.awaits_safety() && !core.waiters.interrupted && !core.stop.asked &&
           !core.thread.exited) {
        if (!core.waiters.block_warned && Clock::now() >= patience) {
            core.waiters.block_warned = true;
            core.warnings.push_back(disk_holds_up(core.config.replay));
            core.wake.worker.notify_all();
        }
        core.wake.disk.notify_all();
        ++core.waiters.writers;
        core.wake.app.wait_until(lock, Clock::now() + kDiskRetry);
        --core.waiters.writers;
    }
}

// The head is hashed before the first byte that follows it. Only who writes changes it.
std::span<const std::byte> head_to_hash(LiveUpload::Core &core) REQUIRES(core.mutex)
{
    return std::exchange(core.source.head.hashed, true) ? std::span<const std::byte>()
                                                        : core.source.head.block.bytes();
}

// What keeps the upload thread although its time is over.
enum class Holder { kNobody, kApplication, kDisk };

// What is left is quick, unless the application has the thread, perhaps waiting for us, or a disk
// has.
Holder wait_for_exit(LiveUpload::Core &core, MutexLock &lock, TimePoint deadline)
    REQUIRES(core.mutex)
{
    const TimePoint longest =
        std::max(deadline, Clock::now()) + core.config.disk_patience + kGoodbye;
    while (!core.thread.exited) {
        const TimePoint now = Clock::now();
        const TimePoint reading{Duration(core.reading_since)};
        const bool in_disk = reading != TimePoint{};
        const TimePoint patience = in_disk ? std::max(reading, deadline) + core.config.disk_patience
                                   : core.thread.callback_since
                                       ? *core.thread.callback_since + kCallbackPatience
                                       : longest;
        if (now >= patience)
            return in_disk || !core.thread.callback_since ? Holder::kDisk : Holder::kApplication;
        core.wake.app.wait_until(lock, patience);
    }
    return Holder::kNobody;
}

void ask_to_stop(LiveUpload::Core &core, OnStop policy) REQUIRES(core.mutex)
{
    if (!core.stop.asked) {
        core.stop.asked = true;
        core.stop.policy = policy;
        if (policy == OnStop::kFinish)
            core.end(Clock::now());
        core.place_head();
    }
    core.wake.worker.notify_all();
    core.wake.app.notify_all();
    core.wake.disk.notify_all(); // what is here gets to the disk first of all
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
    if (core_->thread.handle || core_->thread.exited)
        return;
    core_->thread.started_at = Clock::now();
    const HeadBlock &head = core_->source.head.block;
    const bool fits = !head.is_there() || head.has_memory();
    if (fits)
        core_->thread.handle = core_->make_thread(
            "tus-upload", [](Core &core) { Worker(core).run(); }, false);
    if (core_->thread.handle)
        return;
    core_->outcome = UploadOutcome::kFailed;
    core_->thread.exited = true;
    lock.unlock();
    Error error;
    error.kind = ErrorKind::kInternal;
    error.message = fits ? "The system has no thread for the upload."
                         : "The system has no memory for the bytes of seekable-header.";
    core_->observer.on_failed(error, "", "");
}

WriteResult LiveUpload::write(std::span<const std::byte> data)
{
    WriteResult result;
    if (data.empty())
        return result;
    TimePoint patience = kNotWaiting;
    MutexLock lock(core_->mutex);
    while (result.taken < data.size()) {
        result.status = write_status(*core_);
        if (result.status != WriteStatus::kOk)
            return result;
        const auto rest = data.subspan(result.taken);
        if (core_->source.head.block.takes_more()) {
            result.taken += core_->source.head.block.append(rest, Clock::now());
            continue;
        }
        if (core_->holds_source_back()) {
            wait_for_server(*core_, lock);
            continue;
        }
        const std::size_t taken = core_->append(rest);
        result.taken += taken;
        if (taken == 0) {
            wait_for_room(*core_, lock, patience);
            continue;
        }
        patience = kNotWaiting;
        const auto head = head_to_hash(*core_);
        const bool due = core_->worker_is_due(), spill_due = core_->store->awaits_spill();
        // Whoever is woken must not find the mutex taken, and us without a processor.
        lock.unlock();
        if (due)
            core_->wake.worker.notify_all();
        if (spill_due)
            core_->wake.disk.notify_all();
        core_->hash.add(head); // others run meanwhile
        core_->hash.add(rest.first(taken));
        lock.lock();
    }
    wait_until_safe(*core_, lock);
    return result;
}

WriteStatus LiveUpload::status() const
{
    MutexLock lock(core_->mutex);
    return write_status(*core_);
}

WriteStatus LiveUpload::rewrite_head(std::uint64_t position, std::span<const std::byte> data)
{
    MutexLock lock(core_->mutex);
    if (const WriteStatus status = write_status(*core_); status != WriteStatus::kOk)
        return status;
    core_->source.head.block.rewrite(position, data, Clock::now());
    if (core_->source.head.hashed)
        core_->hash.spoil();
    wait_until_safe(*core_, lock);
    return WriteStatus::kOk;
}

void LiveUpload::hold_from(std::optional<std::uint64_t> position)
{
    MutexLock lock(core_->mutex);
    Tail &tail = core_->source.tail;
    tail.from = position && *position >= tail.gave_way ? position : std::nullopt;
    if (core_->worker_is_due())
        core_->wake.worker.notify_all();
}

bool LiveUpload::rewrite(std::uint64_t position, std::span<const std::byte> data)
{
    MutexLock lock(core_->mutex);
    const Tail &tail = core_->source.tail;
    if (write_status(*core_) == WriteStatus::kFailed || core_->closed() ||
        position < std::max(tail.taken, tail.offered) || !core_->store->rewrite(position, data))
        return false;
    core_->hash.spoil();
    wait_until_safe(*core_, lock);
    return true;
}

void LiveUpload::finish()
{
    MutexLock lock(core_->mutex);
    core_->end(Clock::now());
    core_->wake.disk.notify_all();
}

DrainStatus LiveUpload::wait_drained()
{
    MutexLock lock(core_->mutex);
    bool too_late = false;
    while (true) {
        if (core_->outcome == UploadOutcome::kComplete)
            return DrainStatus::kComplete;
        if (core_->outcome == UploadOutcome::kFailed || core_->thread.exited)
            return DrainStatus::kFailed;
        if (core_->waiters.interrupted)
            return DrainStatus::kInterrupted;
        const std::optional<TimePoint> deadline = core_->drain_deadline();
        if (too_late || !deadline) {
            core_->wake.app.wait(lock);
        } else if (Clock::now() < *deadline) {
            core_->wake.app.wait_until(lock, *deadline);
        } else { // a request that began before the end may know no deadline
            too_late = true;
            lock.unlock();
            g_cancellable_cancel(core_->cancel.work.get());
            lock.lock();
        }
    }
}

void LiveUpload::interrupt()
{
    MutexLock lock(core_->mutex);
    core_->waiters.interrupted = true;
    core_->wake.app.notify_all();
}

void LiveUpload::resume()
{
    MutexLock lock(core_->mutex);
    core_->waiters.interrupted = false;
}

void LiveUpload::prepare_stop(OnStop policy, TimePoint deadline)
{
    MutexLock lock(core_->mutex);
    if (!core_->stop.asked)
        core_->stop.by = deadline;
    ask_to_stop(*core_, policy);
    const bool at_once = core_->stop.policy != OnStop::kFinish;
    const bool over = core_->stop.by && Clock::now() >= *core_->stop.by;
    core_->stop.expired = core_->stop.expired || over;
    lock.unlock();
    if (at_once || over)
        g_cancellable_cancel(core_->cancel.work.get());
    if (over)
        g_cancellable_cancel(core_->cancel.all.get());
}

void LiveUpload::stop(OnStop policy)
{
    MutexLock lock(core_->mutex);
    const TimePoint deadline = core_->stop.by.value_or(Clock::now() + core_->config.stop_timeout);
    ask_to_stop(*core_, policy);
    if (!core_->thread.handle)
        return;
    const bool at_once = core_->stop.policy != OnStop::kFinish;
    const bool own_thread = core_->thread.handle->is_this();
    if (own_thread) { // called from an observer: it ends when that returns
        core_->stop.by = deadline;
        core_->thread.handle.reset();
    }
    lock.unlock();
    if (at_once)
        g_cancellable_cancel(core_->cancel.work.get());
    if (!own_thread)
        join(deadline);
}

void LiveUpload::join(TimePoint deadline)
{
    MutexLock lock(core_->mutex);
    while (!core_->thread.exited && Clock::now() < deadline)
        core_->wake.app.wait_until(lock, deadline);
    core_->stop.expired = true; // before the cancel, so that its effect is understood
    core_->wake.worker.notify_all();
    lock.unlock();
    g_cancellable_cancel(core_->cancel.work.get());
    g_cancellable_cancel(core_->cancel.all.get());
    lock.lock();
    const Holder holder = wait_for_exit(*core_, lock, deadline);
    // of two stops, the first gets it
    std::unique_ptr<Thread> thread = std::exchange(core_->thread.handle, nullptr);
    lock.unlock();
    if (!thread)
        return;
    if (holder == Holder::kNobody) {
        thread->join();
        return;
    }
    thread.reset(); // on its own now
    if (holder == Holder::kDisk)
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
        ++core_->changes.credentials;
    if (core_->runtime.paused && !runtime.paused)
        core_->changes.resumed_at = Clock::now();
    core_->runtime = std::move(runtime);
    core_->changes.settings = true;
    core_->wake.worker.notify_all();
    core_->wake.app.notify_all();
}

void LiveUpload::set_source(std::function<bool()> can_wait)
{
    MutexLock lock(core_->mutex);
    core_->source.can_wait = std::move(can_wait);
}

void LiveUpload::set_hints(StreamHints hints)
{
    MutexLock lock(core_->mutex);
    core_->source.hints = std::move(hints);
    // the type is known before the title: with the title, all is known
    core_->source.hints_complete = !core_->source.hints.title.empty();
    core_->wake.worker.notify_all();
}

void LiveUpload::network_changed()
{
    std::function<void()> listener;
    {
        MutexLock lock(core_->mutex);
        ++core_->changes.network;
        core_->wake.worker.notify_all();
        listener = core_->changes.network_listener;
    }
    if (listener)
        listener();
}

UploadStats LiveUpload::stats() const
{
    std::string sha256 = core_->sha256();
    MutexLock lock(core_->mutex);
    UploadStats stats = core_->tally.stats;
    stats.sha256 = std::move(sha256);
    const StoreView store = core_->view();
    stats.bytes_rendered = store.end;
    stats.bytes_in_memory = store.in_memory;
    stats.bytes_on_disk = store.on_disk;
    stats.spool_path = store.folder;
    stats.upload_rate = core_->tally.rate.bits_per_second(Clock::now());
    if (core_->thread.queued)
        stats.state = to_string(State::kWaiting);
    if (core_->is_paused())
        stats.state = "paused";
    return stats;
}

} // namespace gsttus
