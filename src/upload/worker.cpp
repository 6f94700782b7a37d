// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// run() is the upload thread from its first to its last breath, loop() one step of the machine
// after the other, wait() where it spends its time.
#include "upload/worker.h"

#include "base/text.h"
#include "upload/spool_check.h"

#include <algorithm>
#include <utility>

namespace gsttus {

namespace {

constexpr milliseconds kHintsWait{500};
constexpr seconds kGoodbye{1}; // for the disk thread
constexpr milliseconds kHeadRetry{100};

void publish(const UploadMachine &machine, const Redactor &secrets, Tally &tally, TimePoint now)
{
    UploadStats &stats = tally.stats;
    if (stats.bytes_acked != machine.acked())
        tally.rate.add(machine.acked(), now);
    stats.state = to_string(machine.state());
    stats.bytes_acked = machine.acked();
    if (stats.upload_url != machine.upload_url()) {
        stats.upload_url = machine.upload_url();
        stats.shown_url = secrets.shown_url(stats.upload_url);
    }
    stats.length_mode = machine.mode() == LengthMode::kAuto ? "" : to_string(machine.mode());
    stats.bytes_resent = machine.counters().bytes_resent;
    stats.retries = machine.counters().retries;
    stats.outages = machine.counters().outages;
    stats.outage_time = machine.counters().outage_time;
}

// drain-timeout or outage-timeout passed before a request could be made.
Event not_tried(const Action &action, bool paused)
{
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.retryable = true;
    error.message = paused ? "The upload is paused."
                           : "Older uploads to this server come first (max-parallel-uploads).";
    return std::holds_alternative<Resolve>(action) ? Event(ResolveFailed{error, false, {}})
                                                   : Event(NoAnswer{error, false, false});
}

MemberSettings member_settings(LiveUpload::Core &core)
{
    MutexLock lock(core.mutex);
    const UploadConfig &config = core.config;
    const std::string url = config.upload_url.empty() ? core.target->service() : config.upload_url;
    return {core.thread.started_at, server_of(url), config.max_parallel_uploads,
            config.max_process_memory};
}

// Called by other uploads, perhaps when this one is gone.
std::function<void()> turn_listener(LiveUpload::Core &core)
{
    return [weak = core.weak_from_this()] {
        const std::shared_ptr<LiveUpload::Core> alive = weak.lock();
        if (!alive)
            return;
        MutexLock lock(alive->mutex);
        alive->changes.turn = true;
        alive->wake.worker.notify_all();
    };
}

} // namespace

Worker::Worker(LiveUpload::Core &core)
    : core_(core), member_(member_settings(core), turn_listener(core), core.cancel.all.get()),
      announcer_(core, member_), spiller_(core), endings_(core, announcer_, spiller_)
{
}

void Worker::run()
{
    spiller_.start();
    Result<std::unique_ptr<Transport>> transport = core_.transport();
    if (!transport) {
        endings_.not_begun(transport.error());
    } else {
        {
            MutexLock lock(core_.mutex);
            core_.changes.network_listener = (*transport)->network_listener();
        }
        Session session(core_, announcer_, std::move(*transport));
        wait_for_hints();
        loop(session);
    }
    spiller_.stop(Clock::now() + kGoodbye);
    MutexLock lock(core_.mutex);
    core_.thread.exited = true;
    core_.wake.app.notify_all();
}

// A stream tells its type and title when it starts; the upload is created with them.
void Worker::wait_for_hints()
{
    MutexLock lock(core_.mutex);
    const TimePoint until = Clock::now() + kHintsWait;
    while (!core_.source.hints_complete && !core_.stop.asked && !core_.ended() &&
           core_.rendered() == 0 && Clock::now() < until)
        core_.wake.worker.wait_until(lock, until);
}

void Worker::loop(Session &session)
{
    Event event = Started{};
    while (true) {
        if (told_to_end())
            return end().stop(session);
        Input input;
        {
            MutexLock lock(core_.mutex);
            input = core_.snapshot(Clock::now());
            core_.source.tail.offered = input.produced;
        }
        const Action action = session.machine.step(event, input);
        if (const std::optional<Error> missing = disk_is_missing(session.machine))
            return end().fail(session, *missing);
        after_step(session, input, event);
        if (std::holds_alternative<Finished>(action))
            return end().complete(session);
        if (const auto *failed = std::get_if<Failed>(&action))
            return end().fail(session, failed->error);
        Outcome outcome = perform(session, action);
        if (!outcome)
            return end().stop(session);
        event = std::move(*outcome);
    }
}

// What is left may take long: nobody waits for that.
Endings &Worker::end()
{
    member_.give_turn_back();
    return endings_;
}

bool Worker::told_to_end()
{
    MutexLock lock(core_.mutex);
    return core_.has_to_stop(Clock::now());
}

// The server needs the length first, so that all has to wait on the disk for the end: that there is
// none is said before more comes than memory holds.
std::optional<Error> Worker::disk_is_missing(const UploadMachine &machine)
{
    if (disk_seen_ || machine.mode() != LengthMode::kSpool)
        return std::nullopt;
    disk_seen_ = true;
    {
        MutexLock lock(core_.mutex);
        if (core_.config.recovery || core_.store->on_disk() > 0)
            return std::nullopt;
    }
    const InDisk scope(core_);
    const auto place = check_spool_dir(core_.config.replay.spool_dir);
    if (place)
        return std::nullopt;
    Error error = place.error();
    error.message = cat("The server must know the length before the upload, so that the recording "
                        "would have to wait on disk until it ends. ",
                        error.message);
    return error;
}

void Worker::after_step(Session &session, const Input &input, const Event &event)
{
    UploadMachine &machine = session.machine;
    const bool moved = machine.acked() > std::exchange(acked_, machine.acked());
    const JournalNotes::Facts facts = session.facts();
    std::uint64_t pending = 0;
    FreedBlocks freed;
    {
        MutexLock lock(core_.mutex);
        // Before bytes are given up, and together: what is said of them must not be older.
        session.notes.write(facts, machine);
        pending = core_.store->end() - std::min(core_.store->end(), machine.acked());
        publish(machine, announcer_.secrets(), core_.tally, input.now);
        core_.thread.in_trouble = machine.in_trouble();
        release(machine);
        freed = core_.store->take_freed();
    }
    core_.wake.disk.notify_all();
    freed = {};
    spiller_.work_off();
    const std::vector<Report> reports = machine.take_reports();
    for (const Report &report : reports)
        announcer_.pass_on(report, pending);
    tell_others(event, reports, moved);
    watch_size(machine, input, event);
    announcer_.pass_on_warnings();
    announcer_.progress();
}

// While something can still be done about it: once, when a tenth is left of what the server takes.
void Worker::watch_size(const UploadMachine &machine, const Input &input, const Event &event)
{
    if (const auto *answer = std::get_if<Answer>(&event); answer && answer->max_size)
        most_ = answer->max_size;
    if (!most_ || nearly_full_ || input.ended)
        return;
    const std::uint64_t size = machine.origin() + input.produced + input.head_to_come;
    if (size < *most_ - *most_ / 10)
        return;
    const char *const beyond = input.head_to_come > 0
                                   ? "with more than that its parts can not be joined"
                                   : "what is beyond will be cut off";
    nearly_full_ = true;
    announcer_.warn(
        {.kind = ErrorKind::kTooLarge,
         .message = cat("The recording has ", size, " bytes, and the server takes ", *most_,
                        " (Tus-Max-Size): ", beyond,
                        ". Let splitmuxsink begin a new file (max-size-bytes), or end it."),
         .offset = machine.origin() + machine.acked()});
}

// Other uploads to this server are told how it is.
void Worker::tell_others(const Event &event, const std::vector<Report> &reports, bool moved)
{
    const TimePoint now = Clock::now();
    bool failed = false;
    for (const Report &report : reports) {
        if (const auto *stalled = std::get_if<ReportStalled>(&report)) {
            failed = true;
            member_.failed(now, stalled->retry_in);
        }
    }
    if (!failed && std::holds_alternative<Answer>(event))
        member_.heard(now, moved);
}

// What the server has makes room: whoever waits for that is woken.
void Worker::release(const UploadMachine &machine)
{
    const std::uint64_t before = core_.store->acked();
    // at its end, what is held may be needed by what comes after it: see Endings
    if (machine.state() != State::kFinished && machine.state() != State::kFailed)
        core_.store->hold_all(machine.must_keep());
    core_.store->release(core_.released_in_store(machine.releasable()),
                         ReplayStore::Deletion::kLater);
    core_.source.arrivals.set_taken(machine.taken());
    Tail &tail = core_.source.tail;
    tail.taken = std::max(tail.taken, machine.taken());
    tail.offered = 0;
    if (before == core_.store->acked())
        return;
    // caught up while the server takes bytes: the next time is another incident
    if (core_.waiters.blocked == 0 &&
        core_.store->end() - machine.acked() <= core_.config.chunk_size)
        core_.waiters.block_warned = false;
    // Also where nothing was freed: the margin gives way to a writer who asks.
    if (core_.waiters.writers > 0)
        core_.wake.app.notify_all();
}

Worker::Outcome Worker::perform(Session &session, const Action &action)
{
    if (const auto *wait_action = std::get_if<Wait>(&action))
        return wait(*wait_action);
    while (true) {
        const Pause pause = await_leave(session);
        if (pause == Pause::kStopped)
            return std::nullopt;
        if (pause == Pause::kDrained)
            return not_tried(action, is_paused());
        Input input;
        {
            MutexLock lock(core_.mutex);
            input = core_.snapshot(Clock::now());
        }
        Event event = session.requests.perform(action, input);
        if (std::holds_alternative<Resolved>(event))
            session.note(); // the target may have made something: it is found again, whatever comes
        if (!std::holds_alternative<ResolveFailed>(event) || !is_paused())
            return event;
    }
}

Worker::Pause Worker::await_leave(const Session &session)
{
    Pause pause = Pause::kOver;
    do {
        pause = sit_out_pause();
        if (pause == Pause::kOver)
            pause = await_turn(session);
    } while (pause == Pause::kOver && is_paused());
    return pause;
}

// Others to this server come first. Meanwhile no request is made, and nothing is held that a
// request needs.
Worker::Pause Worker::await_turn(const Session &session)
{
    constexpr seconds kAskAgain{5};
    Pause pause = Pause::kOver;
    bool rests = false;
    while (pause == Pause::kOver && needs_turn(session.machine) && !is_paused()) {
        const TimePoint now = Clock::now();
        if (member_.take_turn(now))
            break;
        if (!std::exchange(rests, true))
            session.http->rest();
        const std::optional<TimePoint> heard = member_.server_heard_at();
        Wait until;
        std::optional<TimePoint> deadline;
        {
            MutexLock lock(core_.mutex);
            core_.thread.queued = true;
            // as long as the server works for others, this is no outage
            core_.changes.resumed_at = std::max(core_.changes.resumed_at, heard);
            const Input input = core_.snapshot(now);
            until = wait_from(input);
            deadline = session.machine.deadline(input);
            until.until = std::min<TimePoint>(now + kAskAgain, deadline.value_or(TimePoint::max()));
        }
        if (deadline && now >= *deadline)
            pause = Pause::kDrained;
        else if (!wait(until))
            pause = Pause::kStopped;
    }
    MutexLock lock(core_.mutex);
    core_.thread.queued = false;
    return pause;
}

// Only what has ended and is behind waits for others: in an outage, by more than a request carries,
// or with all of it. A live one is never kept waiting, and a stop has its own bound.
bool Worker::needs_turn(const UploadMachine &machine)
{
    MutexLock lock(core_.mutex);
    const std::uint64_t end = core_.store->end();
    const std::uint64_t pending = end - std::min(end, machine.acked());
    return core_.ended() && (!core_.stop.asked || core_.thread.queued) &&
           (machine.in_trouble() || pending > core_.config.chunk_size || !machine.begun());
}

// The application wants nothing to be sent: what comes next waits.
Worker::Pause Worker::sit_out_pause()
{
    while (is_paused()) {
        member_.give_turn_back();
        Wait until;
        {
            MutexLock lock(core_.mutex);
            until = wait_from(core_.snapshot(Clock::now()));
            until.until = core_.drain_deadline();
            until.until_ended = !core_.ended(); // which begins drain-timeout
        }
        if (until.until && Clock::now() >= *until.until)
            return Pause::kDrained;
        if (!wait(until))
            return Pause::kStopped;
    }
    return Pause::kOver;
}

bool Worker::is_paused()
{
    MutexLock lock(core_.mutex);
    return core_.is_paused();
}

Worker::Outcome Worker::wait(const Wait &wait)
{
    while (true) {
        announcer_.progress();
        announcer_.pass_on_warnings();
        MutexLock lock(core_.mutex);
        const TimePoint now = Clock::now();
        core_.place_head();
        if (core_.has_to_stop(now))
            return std::nullopt;
        if (is_over(wait, now)) {
            core_.changes.settings = core_.changes.turn = false;
            return Tick{};
        }
        if (!core_.warnings.empty())
            continue;
        core_.thread.waiting = wait;
        core_.wake.worker.wait_until(lock, next_look(wait, now));
        core_.thread.waiting.reset();
    }
}

bool Worker::is_over(const Wait &wait, TimePoint now) const
{
    return (wait.until && now >= *wait.until) ||
           (wait.until_produced && core_.sendable() >= *wait.until_produced) ||
           (wait.until_ended && core_.ended()) ||
           (wait.until_writer_blocked && core_.waiters.blocked > 0) || core_.changes.settings ||
           core_.changes.turn || core_.changes.network != wait.network_seen ||
           core_.changes.credentials != wait.credentials_seen;
}

TimePoint Worker::next_look(const Wait &wait, TimePoint now) const
{
    TimePoint until = wait.until.value_or(now + seconds(60));
    if (const auto progress = announcer_.progress_due(core_.runtime.progress_interval))
        until = std::min(until, std::max(*progress, now));
    if (core_.stop.by)
        until = std::min(until, *core_.stop.by);
    if (core_.closed() && !core_.ended()) // the system had no memory for the head
        until = std::min<TimePoint>(until, now + kHeadRetry);
    return until;
}

} // namespace gsttus
