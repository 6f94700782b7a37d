// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation.h"

#include "base/text.h"
#include "model_server.h"
#include "model_store.h"

#include <algorithm>
#include <deque>

namespace gsttus::sim {

namespace {

constexpr std::uint64_t kMostSteps = 6000;
constexpr std::uint64_t kMostTicksAtOnce = 50;
constexpr std::size_t kMostFailuresPerSecond = 40;
constexpr Duration kShortestPause = milliseconds(100);
constexpr Duration kLongestUnreachable = seconds(2);
constexpr Duration kLateRenewal = seconds(7);
constexpr Duration kPatience = seconds(600);
constexpr const char *kUploadUrl = "http://a/u";

std::uint64_t base_of(const Upload &upload)
{
    return upload.partial && !upload.content.empty() ? upload.content.front().from : 0;
}

// Where in the stream the upload stands.
std::uint64_t stream_position(const Upload &upload)
{
    return base_of(upload) + *upload.announced - upload.foreign;
}

class Simulation {
public:
    Simulation(const Schedule &schedule, Mutation mutation, std::vector<std::string> *trace)
        : schedule_(schedule), server_(schedule), store_(schedule),
          driver_(config_of(schedule), mutation), trace_(trace)
    {
        next_piece_at_ =
            now_ + (schedule.pieces.empty() ? schedule.end_gap : schedule.pieces.front().gap);
        if (schedule.origin > 0)
            server_.begin_with(kUploadUrl, schedule.origin);
        initial_excuses();
    }

    Outcome run();

private:
    static MachineConfig config_of(const Schedule &schedule);
    void initial_excuses();

    void pass(Duration span); // time passes, the source goes on
    void produce();
    Input input();
    void after_step(const Input &input);
    Patch as_it_ends(Patch patch);
    static void note_carried(std::uint64_t size, Event &event);
    Event perform(const Action &action, const Input &input);
    Event wait(const Wait &wait);
    Event http(Reply reply);
    Event renew();
    void check_pace(bool waiting, const Wait *wait);
    void note_announced(const std::string &url);
    void check_end(const Action &action);
    bool asks_the_server(const Upload &upload) const;
    void check_finished();
    void check_failed(const Error &error);
    bool is_excused(const Error &error) const;
    void say(const std::string &text) const;
    std::string name(const Action &action) const;

    const Schedule &schedule_;
    ModelServer server_;
    ModelStore store_;
    Driver driver_;
    std::vector<std::string> *trace_;

    TimePoint now_ = TimePoint{} + seconds(100000);
    // source
    std::size_t piece_ = 0;
    std::uint64_t left_of_piece_ = 0;
    TimePoint next_piece_at_{};
    bool blocked_ = false, ended_ = false;
    TimePoint blocked_since_{};
    std::optional<TimePoint> ended_at_;
    std::deque<std::pair<std::uint64_t, TimePoint>> arrivals_;
    // network and credentials
    std::uint64_t network_changes_ = 0, credential_changes_ = 0;
    TimePoint outage_seen_{};
    std::optional<TimePoint> renewed_at_;
    std::uint64_t refusals_ = 0;
    bool refused_ = false; // credentials, now
    // checks
    std::uint64_t confirmed_ = 0;              // stream position that the server has told of
    std::uint64_t acked_ = 0, most_acked_ = 0; // of this upload
    bool acknowledged_ = false;                // a PATCH was
    std::optional<TimePoint> trouble_since_;
    std::deque<TimePoint> failures_;
    TimePoint not_before_{};
    std::uint64_t not_before_network_ = 0, not_before_credentials_ = 0;
    bool unreachable_ = false;
    bool warned_ = false;
    std::uint64_t ticks_at_once_ = 0;
    TimePoint last_tick_{};
    Outcome outcome_;
};

MachineConfig Simulation::config_of(const Schedule &schedule)
{
    MachineConfig config;
    config.chunk_size = schedule.chunk_size;
    config.max_chunk_size = schedule.chunk_size * schedule.growth;
    config.min_chunk_size = schedule.min_chunk_size;
    config.chunk_align = schedule.chunk_align;
    config.length_mode = schedule.length_mode;
    config.can_spool = schedule.can_spool;
    config.upload_url = schedule.origin > 0 ? kUploadUrl : "";
    config.checksum = schedule.checksum ? "sha1" : "";
    config.proved = schedule.proved;
    config.open_requests = schedule.open_requests;
    config.seed = schedule.seed + 1;
    return config;
}

void Simulation::initial_excuses()
{
    const bool offers_concatenation = schedule_.concatenates && !schedule_.silent_options;
    const bool no_way = schedule_.length_mode == LengthMode::kAuto
                            ? !offers_concatenation && !schedule_.can_spool
                            : schedule_.length_mode == LengthMode::kDeferred;
    const bool defers = schedule_.defers && schedule_.end_habit != EndHabit::kEmpty &&
                        schedule_.end_habit != EndHabit::kSilent;
    if (!defers && no_way)
        server_.excuse(0, ErrorKind::kSettings);
    if (!defers && schedule_.length_mode == LengthMode::kAuto)
        server_.excuse(0, ErrorKind::kNoSpace);
    if (schedule_.length_mode == LengthMode::kConcatenation && !offers_concatenation)
        server_.excuse(0, ErrorKind::kSettings);
    if (schedule_.length_mode == LengthMode::kSpool)
        server_.excuse(0, ErrorKind::kNoSpace);
    std::uint64_t total = 0;
    for (const Piece &piece : schedule_.pieces)
        total += piece.bytes;
    if (schedule_.max_size > 0 && total + schedule_.origin > schedule_.max_size)
        server_.excuse(0, ErrorKind::kTooLarge);
}

void Simulation::say(const std::string &text) const
{
    if (trace_)
        trace_->push_back(
            cat(std::chrono::duration_cast<milliseconds>(now_ - (TimePoint{} + seconds(100000)))
                    .count(),
                " ms  ", text));
}

// --- source --------------------------------------------------------------------------------------

void Simulation::produce()
{
    while (!ended_ && (blocked_ || now_ >= next_piece_at_)) {
        if (piece_ >= schedule_.pieces.size()) {
            ended_ = true;
            ended_at_ = now_;
            say("end of the recording");
            return;
        }
        if (left_of_piece_ == 0)
            left_of_piece_ = schedule_.pieces[piece_].bytes;
        store_.set_time(now_);
        const std::uint64_t before = store_.end();
        const std::uint64_t taken = store_.append(left_of_piece_);
        if (taken > 0) {
            arrivals_.emplace_back(before, now_);
            say(cat("source writes ", taken));
        }
        left_of_piece_ -= taken;
        if (left_of_piece_ > 0) {
            if (store_.awaits_spill()) {
                store_.step_of_spilling();
                continue;
            }
            if (!blocked_) {
                say("source is blocked");
                blocked_since_ = now_;
            }
            blocked_ = true;
            if (now_ < blocked_since_ + kPatience)
                return;
            say("somebody stops it");
            blocked_ = false;
            ended_ = true;
            ended_at_ = now_;
            return;
        }
        blocked_ = false;
        ++piece_;
        const bool last = piece_ >= schedule_.pieces.size();
        next_piece_at_ = now_ + (last ? schedule_.end_gap : schedule_.pieces[piece_].gap);
    }
}

void Simulation::pass(Duration span)
{
    const TimePoint until = now_ + span;
    while (!ended_ && !blocked_ && next_piece_at_ <= until) {
        now_ = std::max(now_, next_piece_at_);
        produce();
    }
    now_ = until;
    if (blocked_)
        produce();
    if (server_.return_announced() && server_.down_until() > outage_seen_ &&
        now_ >= server_.down_until()) {
        outage_seen_ = server_.down_until();
        ++network_changes_;
        say("network is back");
    }
    if (renewed_at_ && now_ >= *renewed_at_) {
        renewed_at_.reset();
        server_.renew_credentials();
        ++credential_changes_;
        say("credentials are renewed");
    }
}

Input Simulation::input()
{
    Input input;
    input.now = now_;
    input.held_from = store_.begin();
    input.produced = store_.end();
    input.ended = ended_;
    input.writer_blocked = blocked_;
    const std::uint64_t taken = driver_.machine().taken() + 1;
    while (arrivals_.size() > 1 && arrivals_[1].first <= taken)
        arrivals_.pop_front();
    if (store_.end() > taken && !arrivals_.empty())
        input.pending_since = arrivals_.front().second;
    input.network_changes = network_changes_;
    input.credential_changes = credential_changes_;
    input.flush_interval = schedule_.flush_interval;
    input.outage_timeout = schedule_.outage_timeout;
    input.drain_timeout = schedule_.drain_timeout;
    input.ended_at = ended_at_;
    return input;
}

void Simulation::after_step(const Input &input)
{
    const std::uint64_t releasable = driver_.releasable(input);
    if (releasable > confirmed_)
        server_.refuse("bytes are released that the server has not confirmed");
    store_.release(releasable);
    store_.step_of_spilling();
    for (const Report &said : driver_.machine().take_reports())
        warned_ = warned_ || std::holds_alternative<ReportWarning>(said) ||
                  std::holds_alternative<ReportNote>(said); // moved away
    // What was confirmed before, and is found again, is no progress.
    if (driver_.machine().acked() > (acknowledged_ ? acked_ : most_acked_)) {
        server_.progress();
        trouble_since_.reset();
        refusals_ = 0;
    }
    acked_ = driver_.machine().acked();
    most_acked_ = std::max(most_acked_, acked_);
    acknowledged_ = false;
    if (driver_.machine().state() == State::kWaiting && !trouble_since_)
        trouble_since_ = now_;
    if (server_.disk_full())
        store_.shrink();
    outcome_.most_held = std::max(outcome_.most_held, store_.held());
    if (store_.held() > store_.bound())
        server_.refuse("more is held than the store may hold");
    produce();
    server_.held_from = store_.begin();
    server_.produced = store_.end();
    server_.ended = ended_;
}

// --- actions -------------------------------------------------------------------------------------

std::string Simulation::name(const Action &action) const
{
    if (std::holds_alternative<Resolve>(action))
        return "resolve";
    if (std::holds_alternative<Options>(action))
        return cat("OPTIONS ", std::get_if<Options>(&action)->url);
    if (const auto *head = std::get_if<Head>(&action))
        return cat("HEAD ", head->url);
    if (const auto *create = std::get_if<Create>(&action))
        return cat("POST ", create->url, create->partial ? " partial" : "",
                   create->final_of.empty() ? "" : " final",
                   create->length ? cat(" length ", *create->length) : "");
    if (const auto *patch = std::get_if<Patch>(&action))
        return cat("PATCH ", patch->url, " at ", patch->server_offset, " bytes ", patch->from, "-",
                   patch->to, patch->open_to > 0 ? cat(" open to ", patch->open_to) : "",
                   patch->is_proof ? " (proof)" : "",
                   patch->declare_length ? cat(" length ", *patch->declare_length) : "");
    if (std::holds_alternative<RenewCredentials>(action))
        return "renew credentials";
    if (const auto *wait = std::get_if<Wait>(&action))
        return cat("wait",
                   wait->until
                       ? cat(" for ",
                             std::chrono::duration_cast<milliseconds>(*wait->until - now_).count(),
                             " ms")
                       : "",
                   wait->until_produced ? cat(" for byte ", *wait->until_produced) : "",
                   wait->until_ended ? " or the end" : "",
                   wait->until_writer_blocked ? " or a blocked writer" : "");
    if (const auto *failed = std::get_if<Failed>(&action))
        return cat("FAILED: ", failed->error.message);
    return "FINISHED";
}

// The pauses that a server, and a network that comes back, may expect.
void Simulation::check_pace(bool waiting, const Wait *wait)
{
    if (waiting) {
        const bool pausing = driver_.machine().state() == State::kWaiting;
        if (pausing && unreachable_ && wait && wait->until &&
            *wait->until > now_ + kLongestUnreachable)
            server_.refuse("waits for more than 2 s although nothing was reachable");
        return;
    }
    const bool woken =
        network_changes_ != not_before_network_ || credential_changes_ != not_before_credentials_;
    if (!woken && now_ < not_before_)
        server_.refuse("a request without the pause that is due");
}

void Simulation::note_announced(const std::string &url)
{
    const Upload *upload = server_.find(url);
    if (!upload || !upload->announced || upload->joined)
        return;
    if (!upload->partial || upload->length == upload->announced)
        confirmed_ = std::max(confirmed_, stream_position(*upload));
}

Event Simulation::http(Reply reply)
{
    const auto *said = std::get_if<Answer>(&reply.outcome);
    const bool halves = said && said->status == 413 && schedule_.max_size > 0; // that is bounded
    const bool fault = !said || (said->status >= 300 && !halves);
    pass(reply.took);
    unreachable_ = false;
    not_before_ = {};
    not_before_network_ = network_changes_;
    not_before_credentials_ = credential_changes_;
    const bool several = schedule_.dead_endpoints > 0; // one after the other, at once
    if (fault) {
        if (!trouble_since_)
            trouble_since_ = now_;
        failures_.push_back(now_);
        while (failures_.front() + seconds(1) < now_)
            failures_.pop_front();
        if (failures_.size() > kMostFailuresPerSecond)
            server_.refuse("too many failing requests in a second");
    }
    if (auto *failure = std::get_if<NoAnswer>(&reply.outcome)) {
        unreachable_ = !failure->reached_server;
        // OPTIONS is a courtesy: what comes after the last try of it is not a repetition
        if (!failure->reused_connection && !several && driver_.machine().state() != State::kProbing)
            not_before_ = now_ + kShortestPause;
        say(cat("-> no answer", failure->reached_server ? "" : " (unreachable)"));
        return std::move(*failure);
    }
    auto &answer = *std::get_if<Answer>(&reply.outcome);
    const bool busy = answer.status == 429 || answer.status == 423 ||
                      (answer.status >= 500 && answer.status != 501 && answer.status != 505 &&
                       !answer.refused_metadata);
    if (busy && driver_.machine().state() != State::kProbing)
        not_before_ = now_ + std::max(kShortestPause, answer.retry_after);
    refused_ = answer.status == 401 || answer.status == 403;
    say(cat("-> ", answer.status,
            answer.upload_offset ? cat(" offset ", *answer.upload_offset) : "",
            answer.upload_length ? cat(" length ", *answer.upload_length) : "", ' ', answer.text));
    return std::move(answer);
}

Event Simulation::renew()
{
    // renewed in vain again and again, and nobody to wait for
    if (++refusals_ >= 3 && acked_ == 0)
        server_.excuse(0, ErrorKind::kNotAuthorized);
    if (schedule_.renewal == 0) {
        server_.renew_credentials();
        ++credential_changes_;
        return Credentials{true};
    }
    const bool begun = !driver_.machine().upload_url().empty() || acked_ > 0;
    if (!begun || acked_ == 0)
        server_.excuse(0, ErrorKind::kNotAuthorized);
    if (schedule_.renewal == 1 && !renewed_at_)
        renewed_at_ = now_ + kLateRenewal;
    return Credentials{false};
}

Event Simulation::wait(const Wait &wait)
{
    check_pace(true, &wait);
    while (true) {
        const bool due = (wait.until && now_ >= *wait.until) ||
                         (wait.until_produced && store_.end() >= *wait.until_produced) ||
                         (wait.until_ended && ended_) || (wait.until_writer_blocked && blocked_) ||
                         network_changes_ != wait.network_seen ||
                         credential_changes_ != wait.credentials_seen;
        if (due) {
            ticks_at_once_ = now_ == last_tick_ ? ticks_at_once_ + 1 : 0;
            last_tick_ = now_;
            if (ticks_at_once_ > kMostTicksAtOnce)
                server_.refuse("wakes up again and again without doing anything");
            return Tick{};
        }
        std::optional<TimePoint> next = wait.until;
        const auto consider = [&](TimePoint when) { next = next ? std::min(*next, when) : when; };
        if (!ended_ && !blocked_)
            consider(next_piece_at_);
        if (blocked_ && driver_.machine().state() == State::kWaiting)
            consider(blocked_since_ + kPatience);
        if (renewed_at_)
            consider(*renewed_at_);
        if (server_.return_announced() && server_.down_until() > outage_seen_)
            consider(server_.down_until());
        if (!next) {
            server_.refuse(blocked_ ? "waits for ever, and the writer with it" : "waits for ever");
            return Tick{};
        }
        pass(std::max<Duration>(*next - now_, Duration::zero()));
    }
}

Event Simulation::perform(const Action &action, const Input &)
{
    if (const auto *wait_action = std::get_if<Wait>(&action))
        return wait(*wait_action);
    if (std::holds_alternative<RenewCredentials>(action))
        return renew();
    if (std::holds_alternative<Resolve>(action)) {
        Resolved resolved;
        for (unsigned n = 0; n < schedule_.dead_endpoints; ++n)
            resolved.endpoints.push_back(cat("http://d", n, '/'));
        resolved.endpoints.emplace_back("http://a/");
        resolved.follow_other_hosts = !schedule_.secret;
        return resolved;
    }
    check_pace(false, nullptr);
    if (const auto *options = std::get_if<Options>(&action))
        return http(server_.options(*options, now_));
    if (const auto *create = std::get_if<Create>(&action)) {
        Event event = http(server_.create(*create, now_));
        if (const auto *answer = std::get_if<Answer>(&event);
            answer && answer->status == 201 && !answer->location.empty()) {
            server_.progress();
            const auto &uploads = server_.uploads();
            // one that is made anew is no progress
            if (std::none_of(uploads.begin(), uploads.end(), [](const Upload &upload) {
                    return upload.told_gone || upload.finish_failures > 0;
                }))
                trouble_since_.reset();
            if (server_.take_abandoned() || (!create->partial && create->final_of.empty()))
                confirmed_ = 0; // from the beginning
            most_acked_ = driver_.machine().acked();
        }
        return event;
    }
    if (const auto *head = std::get_if<Head>(&action)) {
        Event event = http(server_.head(*head, now_));
        note_announced(head->url);
        // the store may have let go of its margin while the answer was on its way
        const Upload *upload = server_.find(head->url);
        const bool dropped =
            upload &&
            (upload->told_gone ? base_of(*upload) < store_.begin()
                               : upload->announced && stream_position(*upload) < store_.begin());
        if (dropped)
            server_.excuse(0, ErrorKind::kUploadLost);
        return event;
    }
    const Patch patch = as_it_ends(*std::get_if<Patch>(&action));
    if (driver_.mutation() == Mutation::kAsksDuringPatch) {
        server_.set_patch_open(true);
        server_.head(Head{patch.url}, now_);
        server_.set_patch_open(false);
    }
    if (!store_.readable(patch.from, patch.to))
        server_.refuse("the store does not give back what was written");
    Event event = http(server_.patch(patch, now_));
    const auto *answer = std::get_if<Answer>(&event);
    acknowledged_ = answer && answer->status == 204;
    if (patch.open_to > 0)
        note_carried(patch.to - patch.from, event);
    note_announced(patch.url);
    return event;
}

// One that stays open carries what comes meanwhile; the last byte stays here.
Patch Simulation::as_it_ends(Patch patch)
{
    if (patch.open_to == 0 || patch.is_proof)
        return patch;
    pass(milliseconds(patch.to * 7919 % 2000));
    server_.held_from = store_.begin();
    server_.produced = store_.end();
    server_.ended = ended_;
    patch.to = std::max(patch.to, std::min(patch.open_to, store_.end() - 1));
    return patch;
}

void Simulation::note_carried(std::uint64_t size, Event &event)
{
    if (auto *answer = std::get_if<Answer>(&event))
        answer->carried = size;
    if (auto *failure = std::get_if<NoAnswer>(&event))
        failure->carried = failure->reached_server ? size : 0;
}

// --- the end -------------------------------------------------------------------------------------

// Without HEAD nobody tells how it is: then that is what it has to say.
bool Simulation::asks_the_server(const Upload &upload) const
{
    return driver_.machine().stored() || !(schedule_.refuses_head || upload.head_refused);
}

void Simulation::check_finished()
{
    outcome_.finished = true;
    if (!ended_)
        return server_.refuse("finished before the recording ended");
    const Upload *upload = server_.find(driver_.machine().upload_url());
    if (!upload || (upload->gone && !upload->moved))
        return server_.refuse("finished an upload that is not there");
    if (upload->partial)
        return server_.refuse("finished with a partial upload");
    const bool is_certain = asks_the_server(*upload);
    if (!upload->complete() && !is_certain && !warned_)
        return server_.refuse("finished without HEAD and without a word");
    if (is_certain && !upload->complete())
        return server_.refuse("finished an upload that is not complete");
    if (is_certain && upload->unfinished)
        return server_.refuse("finished an upload that the server could not put together");
    if (upload->refused)
        return server_.refuse("finished an upload that the server refused");
    if (!is_certain && upload->rolled_back)
        return;
    const std::uint64_t total = store_.end();
    if (upload->offset != upload->foreign + total)
        return server_.refuse("the server has another number of bytes");
    if (total > 0 && (upload->content.size() != 1 || upload->content[0].from != 0 ||
                      upload->content[0].length != total))
        return server_.refuse("the server has other bytes");
}

bool Simulation::is_excused(const Error &error) const
{
    if (schedule_.drain_timeout > Duration::zero() && ended_at_ &&
        now_ >= *ended_at_ + schedule_.drain_timeout)
        return true;
    if (schedule_.outage_timeout > Duration::zero() && trouble_since_ &&
        now_ >= *trouble_since_ + schedule_.outage_timeout)
        return true;
    const auto &excuses = server_.excuses();
    return std::any_of(excuses.begin(), excuses.end(), [&](const Excuse &excuse) {
        return (excuse.status != 0 && excuse.status == error.http_status) ||
               (excuse.kind == error.kind && error.kind != ErrorKind::kServer);
    });
}

void Simulation::check_failed(const Error &error)
{
    // a length that is not noted, and not every byte is here for another upload
    const bool may_not_be_noted = // an empty PATCH may be the only one that declares it
        schedule_.end_habit != EndHabit::kNotes || schedule_.refuses_empty_patch ||
        (schedule_.origin > 0 && schedule_.max_size > 0); // or is refused for what was there
    if (may_not_be_noted && error.kind == ErrorKind::kProtocol &&
        (store_.begin() > 0 || schedule_.origin > 0 || schedule_.max_size > 0))
        return;
    if (!is_excused(error))
        return server_.refuse(cat("gave up without reason: ", error.message));
    // what fits is finished before the error is told
    const bool full = error.kind == ErrorKind::kTooLarge && schedule_.announces_max_size &&
                      error.message.find("takes at most") != std::string::npos;
    if (!full)
        return;
    const Upload *upload = server_.find(driver_.machine().upload_url());
    if (!upload || (asks_the_server(*upload) && !upload->complete()))
        server_.refuse("what fits was not finished");
}

void Simulation::check_end(const Action &action)
{
    if (const auto *failed = std::get_if<Failed>(&action))
        check_failed(failed->error);
    else
        check_finished();
}

Outcome Simulation::run()
{
    Event event = Started{};
    produce();
    server_.produced = store_.end();
    server_.ended = ended_;
    while (server_.violation().empty()) {
        const Input now = input();
        const Action action = driver_.step(event, now);
        after_step(now);
        say(name(action));
        if (++outcome_.steps > kMostSteps) {
            server_.refuse("does not come to an end");
            break;
        }
        if (std::holds_alternative<Finished>(action) || std::holds_alternative<Failed>(action)) {
            check_end(action);
            break;
        }
        event = perform(action, now);
    }
    outcome_.violation = server_.violation();
    outcome_.mode = driver_.machine().mode();
    outcome_.requests = server_.requests();
    outcome_.faults = server_.faults_seen();
    outcome_.bytes = store_.end();
    if (!outcome_.violation.empty())
        say(cat("VIOLATION: ", outcome_.violation));
    return outcome_;
}

} // namespace

Outcome run(const Schedule &schedule, Mutation mutation, std::vector<std::string> *trace)
{
    return Simulation(schedule, mutation, trace).run();
}

} // namespace gsttus::sim
