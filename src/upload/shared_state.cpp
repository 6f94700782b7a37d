// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the shared values say about each other. Any thread, with the mutex; blocks nowhere but in
// finish_store(), which gives the mutex back for that.
#include "upload/shared_state.h"

#include "base/text.h"
#include "upload/journal_notes.h"
#include "upload/note_names.h"
#include "upload/process.h"
#include "upload/spool_check.h"

#include <algorithm>
#include <utility>

#ifdef __linux__
#include <sched.h>
#include <sys/resource.h>
#endif

namespace gsttus {

namespace {

// What a crash may cost, while the server does not take it.
constexpr seconds kMemoryPatience{3};
// After the end, a server that keeps up has it all by then.
constexpr milliseconds kLag{500};
// A disk needs some memory in front of it.
constexpr std::uint64_t kLeastWindow = std::uint64_t{1} << 20;

// What is only in memory is lost with this process: where its folder takes nothing, another one
// may.
Result<std::string> keep_somewhere(ReplayStore &store, const UploadConfig &config,
                                   const KeepFirst &first)
{
    Result<std::string> last = store.keep(first);
    if (last)
        return last;
    bool moved = false;
    for (const std::string &place : config.replay.other_dirs) {
        if (place == config.replay.spool_dir || !check_spool_dir(place))
            continue;
        if (!store.move_to(place))
            return last;
        moved = true;
        last = store.keep(first);
        if (last)
            return last;
    }
    if (moved && store.move_to(config.replay.spool_dir))
        return store.keep(first);
    return last;
}

void note_place(ReplayStore &store, HeadFacts &head)
{
    if (!head.note.empty())
        store.note(note_name::kHeadAt, std::exchange(head.note, {}));
}

} // namespace

bool StopRequest::is_due(TimePoint now)
{
    if (by && now >= *by)
        expired = true;
    return asked && (policy != OnStop::kFinish || expired);
}

namespace {

// What the process as a whole allows. Where disk does not help out, it is not less than a request
// needs that may not be smaller.
UploadConfig in_process(UploadConfig config)
{
    ReplayConfig &replay = config.replay;
    replay.memory = Process::memory();
    replay.max_memory -= std::min(replay.max_memory, config.seekable_header);
    replay.beside = HeadBlock::most_on_disk(config.seekable_header);
    if (replay.spool_mode != SpoolMode::kNever)
        replay.max_memory = std::max(replay.max_memory, kLeastWindow);
    const std::uint64_t least = std::max(config.min_chunk_size, config.chunk_align);
    if (replay.spool_mode == SpoolMode::kNever || replay.max_spool_size > 0)
        replay.least_memory = least + least / 4;
    return config;
}

// A thread of ours gives way to those that make the recording: with the processors full while a
// backlog is caught up with, the upload comes a little later, and no picture is late. `much`: not
// where GLib may start threads for the process, which would stay so, or fail to be as others are:
// who is no root comes back from this policy, but not from a nice value.
void yield_to_the_source(bool much)
{
#ifdef __linux__
    constexpr int kNiceness = 10;
    const sched_param none{};
    if (much) // of this thread alone, as the other
        (void)setpriority(PRIO_PROCESS, 0, kNiceness);
    else if (sched_getscheduler(0) == SCHED_OTHER)
        (void)sched_setscheduler(0, SCHED_BATCH, &none);
#else
    (void)much;
#endif
}

} // namespace

LiveUpload::Core::Core(UploadConfig config_in, std::unique_ptr<Target> target_in,
                       TransportFactory transport_in, UploadObserver &observer_in,
                       std::unique_ptr<ReplayStore> recovered)
    : config(in_process(std::move(config_in))), target(std::move(target_in)),
      transport(std::move(transport_in)), observer(observer_in),
      store(recovered ? std::move(recovered) : std::make_unique<ReplayStore>(config.replay)),
      runtime(config.runtime)
{
    if (config.recovery)
        source.ended_at = Clock::now();
    source.head.block = HeadBlock(config.seekable_header, config.replay.memory);
    source.head.placed = config.left.head;
    source.head.goes_first = config.length_mode == LengthMode::kSpool ||
                             (config.recovery && config.recovery->mode == LengthMode::kSpool);
    store->spill_by_thread(); // also for what is written before it starts
    tally.stats.state = to_string(State::kIdle);
    tally.stats.upload_url = config.upload_url;
    tally.stats.shown_url = redact_url(config.upload_url);
    // before the first byte is taken: whoever finds it must know where it was to go
    if (!config.recovery && config.replay.spool_mode != SpoolMode::kNever)
        note_destination(*store, *target, config);
}

std::unique_ptr<Thread> LiveUpload::Core::make_thread(const char *name, void (*run)(Core &),
                                                      bool yields_much)
{
    return Thread::start(name, [core = shared_from_this(), run, yields_much] {
        yield_to_the_source(yields_much);
        run(*core);
    });
}

bool LiveUpload::Core::gives_back(TimePoint now) const
{
    if (!ended() || outcome != UploadOutcome::kNone)
        return false;
    return thread.in_trouble || now - *source.ended_at >= kLag;
}

Duration LiveUpload::Core::memory_patience(TimePoint now) const
{
    const MemoryBudget::Pressure pressure = config.replay.memory->pressure();
    const bool full = pressure == MemoryBudget::Pressure::kAll ||
                      (pressure == MemoryBudget::Pressure::kEnded && ended());
    const bool at_once =
        config.replay.spool_mode == SpoolMode::kAlways || stop.asked || full || gives_back(now);
    return at_once ? Duration::zero() : Duration(kMemoryPatience);
}

bool LiveUpload::Core::holds_source_back() const
{
    const bool may_send = tally.stats.length_mode.empty() || can_send(); // or is about to
    if (!source.can_wait || config.replay.spool_mode != SpoolMode::kOverflow || !may_send ||
        thread.in_trouble || thread.queued || is_paused() || stop.asked || closed() ||
        source.head.block.is_there() || outcome != UploadOutcome::kNone)
        return false;
    // With the margin beside it that is below what sends a block to the disk
    // (Segments::is_tight()).
    const std::uint64_t window = config.replay.max_memory;
    const std::uint64_t margin = std::min(config.replay.rollback_margin, window / 4);
    const std::uint64_t most = std::max(window / 16 * 11 - margin,
                                        2 * std::max(config.min_chunk_size, config.chunk_align));
    const std::uint64_t until = sendable();
    return until - std::min(until, tally.stats.bytes_acked) >= most;
}

std::uint64_t LiveUpload::Core::sendable() const
{
    const Tail &tail = source.tail;
    if (source.head.at && !ended()) // the rest of the head could not be put there yet
        return *source.head.at;
    if (ended() || !tail.from)
        return store->end();
    return std::min(store->end(), std::max(*tail.from, tail.taken));
}

// Too little for a request stays where it is, as does a last byte.
bool LiveUpload::Core::hold_is_in_the_way() const
{
    const std::uint64_t until = sendable();
    const std::uint64_t acked = tally.stats.bytes_acked;
    return until < store->end() &&
           until - std::min(until, acked) <= std::max(config.min_chunk_size, config.chunk_align);
}

void LiveUpload::Core::end_hold()
{
    source.tail.from.reset();
    source.tail.gave_way = store->end();
    wake.worker.notify_all();
}

std::size_t LiveUpload::Core::append(std::span<const std::byte> data)
{
    source.arrivals.add(store->end(), Clock::now(), runtime.flush_interval / 16);
    const std::size_t taken_now = store->append(data);
    take_disk_warning();
    return taken_now;
}

void LiveUpload::Core::end(TimePoint now)
{
    if (closed())
        return;
    source.ended_at = now;
    place_head();
    wake.worker.notify_all();
    if (source.head.block.is_there()) // what comes before it is due
        wake.disk.notify_all();
}

bool LiveUpload::Core::awaits_body(TimePoint now) const
{
    return closed() && source.head.block.is_there() && !source.head.at && !stop.asked &&
           config.replay.spool_mode != SpoolMode::kNever && !fate.spill_gone &&
           !store->disk_refuses() && now - *source.ended_at < kLag && store->oldest_in_memory();
}

void LiveUpload::Core::place_head(bool at_once)
{
    HeadBlock &block = source.head.block;
    if (!closed() || !block.is_there() || block.is_placed() || fate.act != LastAct::kNone ||
        (!at_once && awaits_body(Clock::now())))
        return;
    HeadFacts &head = source.head;
    if (store->end() == 0 && !std::exchange(head.hashed, true))
        head.to_hash = block.block(); // no more than that came
    const auto rest = block.bytes().subspan(static_cast<std::size_t>(head.placed));
    if (!head.at) {
        head.at = store->end();
        store->hold_back(head.at);
        if (!rest.empty())
            head.note = head_note(*head.at, rest);
        head.placed = store->append_beyond(rest);
    } else {
        head.placed += store->append(rest);
    }
    if (head.placed == block.size())
        block.place();
}

void LiveUpload::Core::note_safe_head()
{
    if (!head_is_at_risk())
        note_place(*store, source.head);
}

bool LiveUpload::Core::head_is_at_risk() const
{
    const HeadFacts &head = source.head;
    return head.at && head.block.has_memory() && !head.block.is_safe(store->folder());
}

std::uint64_t LiveUpload::Core::rendered() const
{
    return view().end;
}

StorePlace LiveUpload::Core::place_of(std::uint64_t position) const
{
    const std::uint64_t end = store->end();
    if (!source.head.goes_first || source.head.placed == 0)
        return {position, end - std::min(end, position)};
    const std::uint64_t body = end - source.head.placed;
    if (position < source.head.placed)
        return {body + position, source.head.placed - position};
    const std::uint64_t at = position - source.head.placed;
    return {at, body - std::min(body, at)};
}

// A head that goes first is given up with the last byte only.
std::uint64_t LiveUpload::Core::released_in_store(std::uint64_t position) const
{
    if (!source.head.goes_first || position >= store->end())
        return position;
    return position - std::min(position, source.head.placed);
}

bool LiveUpload::Core::awaits_safety() const
{
    if (config.replay.spool_mode != SpoolMode::kAlways)
        return false;
    return store->awaits_safety(store->end()) ||
           (source.head.block.changed_since() && !store->disk_refuses() &&
            !source.head.block.refuses(Clock::now()) && !source.head.block.is_placed());
}

void LiveUpload::Core::take_disk_warning()
{
    if (std::optional<Error> warning = store->take_disk_warning()) {
        warnings.push_back(std::move(*warning));
        wake.worker.notify_all();
    }
}

StoreView LiveUpload::Core::view() const
{
    if (fate.lent)
        return *fate.lent;
    // what is not in the store yet
    const std::uint64_t apart =
        source.head.block.is_there()
            ? source.head.block.size() - std::min(source.head.block.size(), source.head.placed)
            : 0;
    return {store->end() + apart, store->in_memory() + source.head.block.in_memory(),
            store->on_disk() + source.head.block.on_disk(), store->folder()};
}

// What is kept without its head is of no use.
Result<void> LiveUpload::Core::keep_head()
{
    std::unique_ptr<HeadSave> save;
    {
        MutexLock lock(mutex);
        HeadBlock &block = source.head.block;
        const FdRef folder = store->folder_fd();
        if (folder && !block.is_safe(store->folder()))
            save = block.begin_save(store->file_ops(), folder, store->folder(), true);
    }
    Result<void> result = save ? save->run() : Result<void>();
    MutexLock lock(mutex);
    if (save)
        (void)source.head.block.end_save(std::move(save), result, Clock::now());
    // also where it could not be saved: a recovery sees by that that the one on the disk is older
    note_place(*store, source.head);
    return result;
}

// The analysis does not follow a lock that is passed on.
void LiveUpload::Core::finish_store(MutexLock &lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (fate.act == LastAct::kNone)
        return;
    fate.lent = view();
    lock.unlock();
    Result<std::string> result = std::string();
    Result<void> head;
    const auto first = [this, &head] { return head = keep_head(); };
    if (fate.act == LastAct::kKeep)
        result = keep_somewhere(*store, config, first);
    else if (fate.act == LastAct::kKeepWhole)
        result = store->keep_whole(first);
    else
        store->discard();
    if (const auto sync = store->sync_to_disk()) // what is kept: the power may go with the program
        store->synced(sync->run().ok());
    lock.lock();
    HeadBlock &block = source.head.block;
    if (result && !head && !block.is_placed()) // else the store has it, too
        result = head.error();
    const std::uint64_t beside = fate.act == LastAct::kDiscard ? 0 : block.on_disk();
    block.let_go();
    fate.result = std::move(result);
    // What was taken stays so, also where not all of it could be kept.
    fate.lent =
        StoreView{fate.lent->end, store->in_memory(), store->on_disk() + beside, store->folder()};
}

// Waking the other thread for every buffer would cost more than the upload itself: it is woken
// when as many bytes are there as it waits for.
bool LiveUpload::Core::worker_is_due() const
{
    const std::optional<Wait> &wait = thread.waiting;
    return wait && wait->until_produced && sendable() >= *wait->until_produced;
}

// In length-mode=spool nothing goes before the end, and a writer who waits is an error.
bool LiveUpload::Core::can_send() const
{
    return tally.stats.length_mode == to_string(LengthMode::kDeferred) ||
           tally.stats.length_mode == to_string(LengthMode::kConcatenation);
}

bool LiveUpload::Core::is_paused() const
{
    return runtime.paused && outcome == UploadOutcome::kNone && !thread.following && !thread.exited;
}

bool LiveUpload::Core::has_to_stop(TimePoint now)
{
    return stop.is_due(now) || (stop.asked && (is_paused() || thread.queued));
}

std::optional<TimePoint> LiveUpload::Core::drain_deadline() const
{
    if (!source.ended_at || runtime.drain_timeout == Duration::zero())
        return std::nullopt;
    return *source.ended_at + runtime.drain_timeout;
}

std::string LiveUpload::Core::sha256(bool wait)
{
    std::uint64_t end = 0;
    std::shared_ptr<const MemoryBlock> head;
    {
        MutexLock lock(mutex);
        if (!ended() || config.recovery)
            return config.recovery ? config.left.sha256 : std::string();
        end = rendered();
        head = std::exchange(source.head.to_hash, nullptr);
    }
    if (head) // which is all of it
        hash.add(std::span(head->bytes.get(), static_cast<std::size_t>(end)));
    return hash.of(end, wait);
}

Input LiveUpload::Core::snapshot(TimePoint now)
{
    place_head();
    Input input;
    input.now = now;
    input.held_from = store->begin();
    if (source.head.goes_first && input.held_from > 0)
        input.held_from += source.head.placed;
    input.produced = sendable();
    input.head = ended() ? source.head.placed : 0;
    input.head_to_come = ended() ? 0 : source.head.block.limit();
    input.ended = ended();
    input.writer_blocked = waiters.blocked > 0;
    input.pending_since = source.arrivals.pending_since(input.produced);
    input.network_changes = changes.network;
    input.credential_changes = changes.credentials;
    input.flush_interval = runtime.flush_interval;
    input.outage_timeout = runtime.outage_timeout;
    input.drain_timeout = runtime.drain_timeout;
    input.ended_at = source.ended_at;
    input.paused = runtime.paused;
    input.resumed_at = changes.resumed_at;
    return input;
}

} // namespace gsttus
