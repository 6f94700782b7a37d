// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of states and the way to an upload; what may go wrong on it is in
// upload_machine_creation.cpp. While there is one: upload_machine_transfer.cpp; failures, pauses,
// redirects, credentials: upload_machine_trouble.cpp.
// Must not know HTTP libraries, clocks, threads; time comes with the input.
#include "tus/upload_machine.h"

#include "base/text.h"
#include "tus/failures.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace gsttus {

namespace {

constexpr seconds kExpiryWarning{600};
constexpr int kProxyRefusesLogin = 407;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 62; // sums of sizes stay far from a wrap

MachineConfig checked(MachineConfig config)
{
    config.chunk_align = std::clamp<std::uint64_t>(config.chunk_align, 1, kMostBytes);
    config.chunk_size = std::clamp<std::uint64_t>(config.chunk_size, 1, kMostBytes);
    config.max_chunk_size =
        std::clamp<std::uint64_t>(config.max_chunk_size, config.chunk_size, kMostBytes);
    config.min_chunk_size = std::min(config.min_chunk_size, kMostBytes);
    return config;
}

} // namespace

const char *to_string(LengthMode mode)
{
    constexpr std::array<const char *, 4> kNames = {"auto", "deferred", "concatenation", "spool"};
    return kNames[static_cast<std::size_t>(mode)];
}

const char *to_string(State state)
{
    constexpr std::array<const char *, 13> kNames = {
        "idle",   "resolving", "probing", "creating", "spooling", "ready", "sending",
        "asking", "joining",   "waiting", "renewing", "finished", "failed"};
    return kNames[static_cast<std::size_t>(state)];
}

UploadMachine::UploadMachine(MachineConfig config)
    : config_(checked(std::move(config))), open_(config_.open_requests), patience_(config_.seed),
      proof_(config_.proved), plan_(make_length_plan(config_.length_mode))
{
}

LengthMode UploadMachine::mode() const
{
    return plan_ ? plan_->mode() : LengthMode::kAuto;
}

std::uint64_t UploadMachine::releasable() const
{
    return plan_ ? plan_->releasable(positions_) : positions_.acked();
}

bool UploadMachine::stored() const
{
    return plan_ && plan_->stored(positions_) && !proof_.unfinished();
}

const std::vector<std::string> &UploadMachine::parts() const
{
    static const std::vector<std::string> none;
    return plan_ ? plan_->parts() : none;
}

MachineCounters UploadMachine::counters() const
{
    MachineCounters counters = patience_.counters();
    counters.bytes_resent = positions_.bytes_resent();
    return counters;
}

Action UploadMachine::step(const Event &event, const Input &input)
{
    if (std::optional<Action> instead = open_ended(event, input))
        return std::move(*instead);
    if (std::optional<Action> instead = hear(event, input))
        return std::move(*instead);
    switch (state_) {
    case State::kIdle:
        return start(input);
    case State::kResolving:
        return on_resolving(event, input);
    case State::kProbing:
        return on_probing(event, input);
    case State::kCreating:
        return on_creating(event, input);
    case State::kSpooling:
    case State::kReady:
        return proceed(input);
    case State::kPatching:
        return on_patching(event, input);
    case State::kAsking:
        return on_asking(event, input);
    case State::kJoining:
        return on_joining(event, input);
    case State::kWaiting:
        return on_waiting(input);
    case State::kRenewing:
        return on_renewing(event, input);
    case State::kFinished:
        return Finished{};
    case State::kFailed:
        break;
    }
    return Failed{failure_};
}

// --- doing something next ------------------------------------------------------------------------

Action UploadMachine::start(const Input &input)
{
    if (config_.recovery)
        return recover(*config_.recovery, input);
    if (config_.upload_url.empty())
        return resolve(false);
    route_.goes_to(config_.upload_url);
    positions_.continue_unknown();
    plan_ = make_deferred_plan();
    return config_.checksum.empty() ? ask(input) : probe();
}

Action UploadMachine::recover(const ResumePoint &recovery, const Input &input)
{
    if (recovery.mode == LengthMode::kConcatenation) {
        // The partial upload that was under way is left to expire; its bytes are all here.
        const std::uint64_t joined = recovery.parts.empty() ? 0 : recovery.released;
        plan_ = make_concatenation_plan(recovery.parts, joined);
        positions_.resume(0, joined, joined);
        positions_.begin_part();
        if (!recovery.joined || joined < input.produced)
            return resolve(false);
        route_.goes_to(recovery.upload_url);
        proof_.joined_before();
        return ask(input);
    }
    if (recovery.upload_url.empty())
        return resolve(false);
    plan_ = recovery.mode == LengthMode::kSpool ? make_spool_plan() : make_deferred_plan();
    route_.goes_to(recovery.upload_url);
    // how far it got is not known: the server says
    positions_.resume(recovery.origin, input.held_from, input.produced);
    return ask(input);
}

Action UploadMachine::resolve(bool refresh)
{
    state_ = State::kResolving;
    return Resolve{refresh};
}

Action UploadMachine::probe()
{
    state_ = State::kProbing;
    return Options{route_.endpoint()};
}

Action UploadMachine::create(const Input &input)
{
    Create request;
    request.url = route_.endpoint();
    request.length = plan_->created_length(view(input));
    request.partial = plan_->creates_partial();
    request.patience = creation_patience();
    positions_.creates_with(request.length);
    state_ = State::kCreating;
    return request;
}

Action UploadMachine::ask(const Input &input)
{
    if (server_.skips_head() && route_.has_upload()) {
        proof_.end_look();
        return proof_.is_joined() ? finish_unseen(input) : proceed(input);
    }
    state_ = State::kAsking;
    return Head{route_.request_url()};
}

Action UploadMachine::join()
{
    state_ = State::kJoining;
    Create request;
    request.url = route_.endpoint();
    request.final_of = parts();
    request.patience = creation_patience();
    return request;
}

Action UploadMachine::do_next(Next next, const Input &input)
{
    switch (next) {
    case Next::kResolve:
        return resolve(route_.resolved_once());
    case Next::kProbe:
        return probe();
    case Next::kCreate:
        return create(input);
    case Next::kAsk:
        return ask(input);
    case Next::kJoin:
        return join();
    case Next::kProceed:
        return proceed(input);
    }
    return ask(input);
}

Action UploadMachine::proceed(const Input &input)
{
    // what is stored is stored, however late the word of it came
    if (input.ended && begun() && !stored() && !awaits_proof()) {
        if (std::optional<Error> error = patience_.given_up(input))
            return fail(std::move(*error));
    }
    if (must_finish())
        return ask_to_finish(input);
    return do_step(plan_->next(view(input)), input);
}

Action UploadMachine::do_step(Step step, const Input &input)
{
    return std::visit(
        [&](auto &chosen) -> Action {
            using Chosen = std::remove_reference_t<decltype(chosen)>;
            if constexpr (std::is_same_v<Chosen, SendBytes>) {
                return patch(chosen, input);
            } else if constexpr (std::is_same_v<Chosen, CreateUpload>) {
                return create(input);
            } else if constexpr (std::is_same_v<Chosen, JoinParts>) {
                return join();
            } else if constexpr (std::is_same_v<Chosen, WaitForBytes>) {
                state_ = State::kReady;
                return chosen.wait;
            } else if constexpr (std::is_same_v<Chosen, WaitForEnd>) {
                state_ = State::kSpooling;
                return chosen.wait;
            } else if constexpr (std::is_same_v<Chosen, ResolveAgain>) {
                return resolve(true);
            } else if constexpr (std::is_same_v<Chosen, Done>) {
                return conclude(input);
            } else { // a length that the server told: once may be a mistake
                return begun() ? unless_it_passes(Mishap::kContradiction, std::move(chosen.error),
                                                  Next::kAsk, input)
                               : fail(std::move(chosen.error));
            }
        },
        step);
}

Action UploadMachine::finish(const Input &input)
{
    recovered(input);
    const bool one = plan_->is_one_upload() || input.head_to_come + input.head == 0;
    if (is_cut_off(server_, positions_, input))
        return fail(one ? failures::cut_off(*server_.max_size())
                        : failures::no_room_for_head(*server_.max_size()));
    if (const std::optional<std::uint64_t> end = plan_->left_out_from())
        return fail(one ? failures::no_more_parts(*end) : failures::no_more_parts_with_head(*end));
    state_ = State::kFinished;
    return Finished{};
}

Action UploadMachine::fail(Error error)
{
    if (!error.offset && route_.has_upload())
        error.offset = positions_.acked_offset();
    failure_ = error;
    state_ = State::kFailed;
    return Failed{std::move(error)};
}

// --- the way to an upload ------------------------------------------------------------------------

Action UploadMachine::on_resolving(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<ResolveFailed>(&event)) {
        // what is between here and there, as for requests of the upload
        const bool of_the_way = failure->error.kind == ErrorKind::kTls ||
                                failure->error.http_status == kProxyRefusesLogin;
        if (of_the_way ? is_wrong_setting(failure->error) : !failure->error.retryable)
            return unless_it_passes(Mishap::kRefusal, failure->error, Next::kResolve, input,
                                    failure->retry_after);
        const Trouble trouble = failure->reached_server ? Trouble::kBusy : Trouble::kUnreachable;
        // what was there stays there: the same resolve again, not a refresh
        return back_off(trouble, failure->error, Next::kResolve, input, failure->retry_after);
    }
    const auto *resolved = std::get_if<Resolved>(&event);
    if (!resolved || resolved->endpoints.empty())
        return fail(failures::no_endpoint());
    const bool first = !route_.resolved_once();
    route_.resolved(*resolved);
    if (first)
        return probe();
    return plan_->only_joins(positions_) ? join() : create(input);
}

Action UploadMachine::choose_plan(const Input &input)
{
    if (parts().empty()) { // a recovery that has some goes on with them
        plan_ = make_length_plan(config_.length_mode);
        const bool joins =
            mode() == LengthMode::kAuto ? server_.offers("concatenation") : server_.may_join();
        if (config_.seekable_header && mode() != LengthMode::kSpool && !joins)
            return fail(failures::no_seekable_header(route_.text()));
        if (mode() == LengthMode::kConcatenation && !joins)
            return fail(failures::no_concatenation(route_.text()));
        if (!plan_ && config_.seekable_header)
            plan_ = make_concatenation_plan();
    }
    if (!plan_) {
        if (!server_.may_defer_length())
            return without_defer(input, {});
        plan_ = make_deferred_plan();
    }
    return proceed(input);
}

// The server needs to know the length: the next best way that it can do.
Action UploadMachine::without_defer(const Input &input, const Error &reason)
{
    if (config_.length_mode != LengthMode::kAuto)
        return fail(failures::length_needed("Use length-mode=auto.", reason));
    const bool joins = server_.offers("concatenation");
    if (!joins && !config_.can_spool)
        return fail(failures::length_needed(
            "It would have to be kept on disk until it ends: allow that with spool-mode.", reason));
    plan_ = joins ? make_concatenation_plan() : make_spool_plan();
    Error warning = failures::length_needed(
        joins ? "The recording is uploaded live as partial uploads and joined at the end "
                "(concatenation)."
              : "The recording is kept on disk and uploaded when it ends: it is not at the server "
                "before that.",
        {});
    warning.kind = ErrorKind::kServer;
    warn(std::move(warning));
    return proceed(input);
}

Action UploadMachine::on_creating(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event))
        return creation_unanswered(*failure, Next::kCreate, input);
    const auto &answer = std::get<Answer>(event);
    Error error = describe(RequestKind::kCreate, answer, route_.text());
    const Verdict verdict = classify(RequestKind::kCreate, answer);
    if (must_defer_empty(verdict))
        return create(input);
    const auto later = [&](Trouble trouble) {
        return back_off(trouble, error, Next::kCreate, input, answer.retry_after);
    };
    switch (verdict) {
    case Verdict::kSuccess:
        return created(answer, input);
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kCreate, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kCreate, Next::kCreate);
    case Verdict::kMetadata:
        return fresh_token(answer, input);
    case Verdict::kNoDefer:
        if (mode() != LengthMode::kDeferred || positions_.created_length())
            return refused_creation(std::move(error), input, answer.retry_after);
        return is_decided(Mishap::kRefusal, input) ? without_defer(input, error)
                                                   : later(Trouble::kLocked);
    case Verdict::kLocked:
        if (patience_.allows(Mishap::kConflict))
            return later(Trouble::kLocked);
        return refused_creation(std::move(error), input, answer.retry_after);
    case Verdict::kBusy:
        return back_off(trouble_of(answer), error, creation_after_trouble(), input,
                        answer.retry_after);
    case Verdict::kNoExpect:
        return doubtful(answer, RequestKind::kCreate, Next::kCreate, input);
    default:
        return refused_creation(std::move(error), input, answer.retry_after);
    }
}

Action UploadMachine::created(const Answer &answer, const Input &input)
{
    if (!answer.refused_location.empty())
        return fail(failures::leaves_tls(answer.status, answer.refused_location));
    if (answer.location.empty())
        return refused_creation(failures::no_location(answer.status, route_.text()), input,
                                answer.retry_after);
    warn_of_another_host(answer.location, answer.location_other_host);
    route_.created(answer.location);
    patience_.forget(Mishap::kToken);
    refused_finish_.reset();
    watch_expiry(answer, input);
    positions_.created();
    if (plan_->announces())
        reports_.emplace_back(ReportCreated{route_.upload_url(), route_.endpoint(), mode()});
    // one made anew has to do better than the one that was lost
    if (patience_.times(Mishap::kRecreation) == 0)
        recovered(input);
    proof_.created(!positions_.server_length());
    return proof_.begin_look() ? ask(input) : proceed(input);
}

// The token in the metadata was refused: one new one.
Action UploadMachine::fresh_token(const Answer &answer, const Input &input)
{
    if (!patience_.allows(Mishap::kToken))
        return refused_creation(describe(RequestKind::kCreate, answer, route_.text()), input,
                                answer.retry_after);
    return resolve(true);
}

void UploadMachine::watch_expiry(const Answer &answer, const Input &input)
{
    if (!answer.expires || *answer.expires > input.now + kExpiryWarning ||
        !patience_.allows(Mishap::kExpiryWarning))
        return;
    warn(failures::expires(std::chrono::duration_cast<seconds>(*answer.expires - input.now)));
}

} // namespace gsttus
