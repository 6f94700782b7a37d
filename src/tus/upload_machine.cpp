// States, trouble and recovery of one upload. What to send when: upload_machine_transfer.cpp.
// Must not know HTTP libraries, clocks, threads; time comes with the input.
#include "tus/upload_machine.h"

#include "base/redact.h"
#include "base/text.h"

#include <algorithm>
#include <array>

namespace gsttus {

namespace {

constexpr std::uint64_t kMostRedirects = 5;
constexpr std::uint64_t kMostAbsences = 3;
constexpr std::uint64_t kMostProbes = 3;
constexpr std::uint64_t kMostHandshakes = 5;
constexpr std::uint64_t kMostMismatches = 3;
constexpr std::uint64_t kMostRecreations = 3;
constexpr std::uint64_t kMostRefusalsAfterEnd = 5;
constexpr std::uint64_t kMostConflicts = 5;
constexpr std::uint64_t kShrinkFloor = std::uint64_t{256} << 10;
constexpr seconds kExpiryWarning{600};
constexpr seconds kSecondLook{3};
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 62; // sums of sizes stay far from a wrap

Error make_error(ErrorKind kind, std::string message)
{
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
}

Trouble trouble_of(const Answer &answer)
{
    // tusd says 500 when nobody let go of the upload in time
    if (answer.text.find("LOCK") != std::string::npos ||
        answer.text.find("acquire lock") != std::string::npos)
        return Trouble::kLocked;
    return Trouble::kBusy;
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
    : config_(std::move(config)), retry_(config_.seed), mode_(config_.length_mode)
{
    config_.chunk_align = std::clamp<std::uint64_t>(config_.chunk_align, 1, kMostBytes);
    config_.chunk_size = std::clamp<std::uint64_t>(config_.chunk_size, 1, kMostBytes);
    config_.min_chunk_size = std::min(config_.min_chunk_size, kMostBytes);
}

Action UploadMachine::step(const Event &event, const Input &input)
{
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
        return spool(input);
    case State::kReady:
        return transfer(input);
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
    return Failed{last_trouble_};
}

// --- doing something next ------------------------------------------------------------------------

Action UploadMachine::start(const Input &input)
{
    credentials_seen_ = input.credential_changes;
    network_seen_ = input.network_changes;
    if (config_.recovery)
        return recover(*config_.recovery, input);
    if (config_.upload_url.empty())
        return resolve(false);
    url_ = config_.upload_url;
    endpoints_ = {url_};
    resolved_once_ = true;
    origin_known_ = false;
    mode_ = LengthMode::kDeferred;
    return config_.checksum.empty() ? ask() : probe();
}

Action UploadMachine::recover(const ResumePoint &recovery, const Input &input)
{
    if (recovery.mode == LengthMode::kConcatenation) {
        // The partial upload that was under way is left to expire; its bytes are all here.
        mode_ = recovery.mode;
        parts_ = recovery.parts;
        acked_ = taken_ = sent_ = part_begin_ = part_end_ = recovery.released;
        return resolve(false);
    }
    if (recovery.upload_url.empty())
        return resolve(false);
    mode_ = recovery.mode == LengthMode::kSpool ? recovery.mode : LengthMode::kDeferred;
    url_ = recovery.upload_url;
    endpoints_ = {url_};
    resolved_once_ = true;
    origin_known_ = recovery.origin.has_value();
    origin_ = recovery.origin.value_or(0);
    acked_ = input.held_from;
    taken_ = sent_ = input.produced; // how far it got is not known: the server says
    return ask();
}

Action UploadMachine::resolve(bool refresh)
{
    state_ = State::kResolving;
    return Resolve{refresh};
}

Action UploadMachine::probe()
{
    state_ = State::kProbing;
    return Options{endpoints_[endpoint_]};
}

Action UploadMachine::create(const Input &input)
{
    Create request{endpoints_[endpoint_], std::nullopt, false, {}};
    if (mode_ == LengthMode::kConcatenation) {
        request.length = part_end_ - part_begin_;
        request.partial = part_end_ > part_begin_; // a recording without a byte: a plain upload
    } else if (mode_ == LengthMode::kSpool) {
        bool ended = false;
        request.length = end_of(input, ended);
    }
    created_length_ = request.length;
    state_ = State::kCreating;
    return request;
}

Action UploadMachine::ask()
{
    state_ = State::kAsking;
    return Head{request_url()};
}

Action UploadMachine::join()
{
    state_ = State::kJoining;
    return Create{endpoints_[endpoint_], std::nullopt, false, parts_};
}

Action UploadMachine::do_next(Next next, const Input &input)
{
    switch (next) {
    case Next::kResolve:
        return resolve(resolved_once_);
    case Next::kProbe:
        return probe();
    case Next::kCreate:
        return create(input);
    case Next::kAsk:
        return ask();
    case Next::kJoin:
        return join();
    }
    return ask();
}

Action UploadMachine::finish(const Input &input)
{
    recovered(input);
    if (truncated_) {
        Error error = make_error(
            ErrorKind::kTooLarge,
            cat("The server takes at most ", *max_size_,
                " bytes. The upload was finished with the bytes that fit; the rest is not there."));
        error.offset = *max_size_;
        return fail(std::move(error));
    }
    state_ = State::kFinished;
    return Finished{};
}

Action UploadMachine::fail(Error error)
{
    if (!error.offset && !url_.empty())
        error.offset = base_offset() + acked_ - base_position();
    last_trouble_ = error;
    state_ = State::kFailed;
    return Failed{std::move(error)};
}

// --- trouble and its end -------------------------------------------------------------------------

std::optional<TimePoint> UploadMachine::deadline(const Input &input, TimePoint moved) const
{
    std::optional<TimePoint> when;
    if (trouble_since_ && input.outage_timeout > Duration::zero())
        when = std::max(*trouble_since_, moved) + input.outage_timeout;
    if (input.ended_at && input.drain_timeout > Duration::zero()) {
        const TimePoint drained = *input.ended_at + input.drain_timeout;
        when = when ? std::min(*when, drained) : drained;
    }
    return when;
}

std::optional<Error> UploadMachine::given_up(const Input &input) const
{
    const std::optional<TimePoint> when = deadline(input);
    if (!when || input.now < *when)
        return std::nullopt;
    const bool draining = input.ended_at && input.drain_timeout > Duration::zero() &&
                          input.now >= *input.ended_at + input.drain_timeout;
    Error error =
        make_error(trouble_since_ ? last_trouble_.kind : ErrorKind::kTimeout,
                   draining ? "The server has not confirmed everything within drain-timeout."
                            : "The upload made no progress for as long as outage-timeout allows.");
    if (trouble_since_)
        error.message += cat(" Last trouble: ", last_trouble_.message);
    error.detail = last_trouble_.detail;
    error.http_status = last_trouble_.http_status;
    error.retryable = true;
    return error;
}

Action UploadMachine::back_off(Trouble trouble, const Error &reason, Next next, const Input &input,
                               Duration retry_after)
{
    if (!trouble_since_) {
        trouble_since_ = input.now;
        resent_before_ = counters_.bytes_resent;
        ++counters_.outages;
    }
    ++counters_.retries;
    ++attempts_;
    last_trouble_ = reason;
    last_trouble_.retryable = true;
    if (std::optional<Error> error = given_up(input))
        return fail(std::move(*error));
    // Each kind of trouble grows its own pauses: a server that says 503 once when the network is
    // back after minutes is not left alone for as long as one that says it for minutes.
    const std::uint64_t failures = ++failures_[static_cast<std::size_t>(trouble)];
    const Duration delay = retry_.delay(trouble, failures, retry_after);
    reports_.emplace_back(ReportStalled{last_trouble_, attempts_, delay});
    next_ = next;
    wait_until_ = input.now + delay;
    // a network that comes back says nothing about a server that is busy
    wake_on_network_ = trouble == Trouble::kUnreachable || trouble == Trouble::kBroken;
    network_seen_ = input.network_changes;
    credentials_seen_ = input.credential_changes;
    state_ = State::kWaiting;
    return on_waiting(input);
}

Action UploadMachine::on_waiting(const Input &input)
{
    if (std::optional<Error> error = given_up(input))
        return fail(std::move(*error));
    const bool woken = (wake_on_network_ && input.network_changes != network_seen_) ||
                       input.credential_changes != credentials_seen_;
    if (woken || input.now >= *wait_until_)
        return do_next(next_, input);
    Wait wait = wait_from(input);
    wait.until = wait_until_;
    if (const std::optional<TimePoint> end = deadline(input))
        wait.until = std::min(*wait.until, *end);
    return wait;
}

Action UploadMachine::no_answer(const NoAnswer &failure, Next next, const Input &input)
{
    switch (failure.error.kind) {
    case ErrorKind::kDisk:
    case ErrorKind::kSettings:
    case ErrorKind::kInternal:
        return fail(failure.error);
    case ErrorKind::kTls:
        if (is_wrong_setting(failure.error))
            return fail(failure.error);
        break;
    default:
        break;
    }
    if (failure.reused_connection && stale_in_a_row_ == 0) {
        ++stale_in_a_row_;
        return do_next(next, input);
    }
    if (failure.reached_server)
        return back_off(Trouble::kBroken, failure.error, next, input);
    // Until the upload exists any of the servers will do; a whole round is one attempt.
    if (url_.empty() && parts_.empty() && endpoints_.size() > 1) {
        endpoint_ = (endpoint_ + 1) % endpoints_.size();
        if (endpoint_ != 0) {
            if (attempts_ == 0)
                reports_.emplace_back(ReportWarning{failure.error});
            return do_next(next, input);
        }
    }
    return back_off(Trouble::kUnreachable, failure.error, next, input);
}

// At the start a wrong certificate is a setting, later it may pass. A handshake that breaks is a
// server that restarts, or one that does not speak TLS: that shows when it does not get better.
bool UploadMachine::is_wrong_setting(const Error &tls_error)
{
    if (!url_.empty() || acked_ > 0)
        return false;
    const std::uint64_t most = kMostHandshakes * std::max<std::size_t>(endpoints_.size(), 1);
    return !tls_error.retryable || ++handshakes_ > most;
}

void UploadMachine::recovered(const Input &input)
{
    stale_in_a_row_ = conflicts_ = doubts_ = mismatches_ = refusals_ = redirects_ = 0;
    head_doubts_ = absences_ = impossible_ = 0;
    refused_finish_.reset();
    if (!trouble_since_)
        return;
    const Duration outage = input.now - *trouble_since_;
    counters_.outage_time += outage;
    reports_.emplace_back(ReportResumed{base_offset() + acked_ - base_position(), outage,
                                        counters_.bytes_resent - resent_before_});
    trouble_since_.reset();
    attempts_ = 0;
    failures_.fill(0);
}

Action UploadMachine::doubtful(const Answer &answer, RequestKind request, Next next,
                               const Input &input)
{
    Error error = describe(request, answer, where());
    std::uint64_t &doubts = request == RequestKind::kHead ? head_doubts_ : doubts_;
    if (++doubts > 1)
        return fail(std::move(error));
    return back_off(Trouble::kBusy, error, next, input, answer.retry_after);
}

Action UploadMachine::redirected(const Answer &answer, RequestKind request, const Input &input)
{
    if (++redirects_ > kMostRedirects) {
        Error error = make_error(ErrorKind::kProtocol,
                                 cat("The server's redirects lead nowhere (", where(), ")."));
        if (trouble_since_)
            error.message += cat(" Last trouble: ", last_trouble_.message);
        return fail(std::move(error));
    }
    // what OPTIONS is sent to, the creation is sent to next
    const bool leads_metadata = request == RequestKind::kCreate || request == RequestKind::kOptions;
    if (leads_metadata && answer.location_other_host && !follow_other_hosts_)
        return fail(make_error(ErrorKind::kProtocol,
                               cat("The server redirects the upload to another host (",
                                   redact_url(answer.location),
                                   "), which must not get the upload token.")));
    if (leads_metadata) {
        endpoints_[endpoint_] = answer.location;
        return request == RequestKind::kOptions ? probe()
               : state_ == State::kJoining      ? join()
                                                : create(input);
    }
    detour_ = answer.location;
    return ask();
}

// The redirect led to something else than the upload (a captive portal, a server that is not well).
// Only where it was created can anybody say what has become of it.
Action UploadMachine::astray(const Answer &answer, const Input &input)
{
    const Verdict verdict = classify(RequestKind::kHead, answer);
    const Error error = describe(RequestKind::kHead, answer, where());
    detour_.clear();
    const bool is_busy = verdict == Verdict::kBusy || verdict == Verdict::kLocked;
    if (is_busy || (acked_ > 0 && !input.ended)) // waited for; otherwise kMostRedirects is the end
        redirects_ = 0;
    if (verdict == Verdict::kRenew)
        return renew(answer, RequestKind::kHead, Next::kAsk);
    return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
}

Action UploadMachine::renew(const Answer &answer, RequestKind request, Next next)
{
    refused_answer_ = answer;
    refused_request_ = request;
    next_ = next;
    state_ = State::kRenewing;
    return RenewCredentials{answer.status};
}

Action UploadMachine::on_renewing(const Event &event, const Input &input)
{
    const auto *credentials = std::get_if<Credentials>(&event);
    const bool renewed = credentials && credentials->renewed;
    ++refusals_;
    if (renewed && refusals_ <= 2)
        return do_next(next_, input);
    const bool created = !url_.empty() || !parts_.empty();
    // the token in the metadata may be what was refused: one new one
    if (!created && !follow_other_hosts_ && !metadata_refreshed_) {
        metadata_refreshed_ = true;
        return resolve(true);
    }
    Error error = describe(refused_request_, refused_answer_, where());
    // A recording that is under way waits for new credentials; one that can not begin, or has
    // nobody left to wait for, says so.
    if (!created || acked_ == 0 || (input.ended && refusals_ > kMostRefusalsAfterEnd))
        return fail(std::move(error));
    return back_off(Trouble::kBusy, error, next_, input, refused_answer_.retry_after);
}

void UploadMachine::watch_expiry(const Answer &answer, const Input &input)
{
    if (!answer.expires || expiry_warned_ || *answer.expires > input.now + kExpiryWarning)
        return;
    expiry_warned_ = true;
    Error warning = make_error(
        ErrorKind::kServer,
        cat("The server drops this upload in ",
            std::max<std::int64_t>(
                0, std::chrono::duration_cast<seconds>(*answer.expires - input.now).count()),
            " s (Upload-Expires), finished or not. End the recording before, or raise the "
            "server's expiration time."));
    reports_.emplace_back(ReportWarning{std::move(warning)});
}

Wait UploadMachine::wait_from(const Input &input)
{
    Wait wait;
    wait.network_seen = input.network_changes;
    wait.credentials_seen = input.credential_changes;
    return wait;
}

// --- one function a state ------------------------------------------------------------------------

Action UploadMachine::on_resolving(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<ResolveFailed>(&event)) {
        if (!failure->error.retryable ||
            (failure->error.kind == ErrorKind::kTls && is_wrong_setting(failure->error)))
            return fail(failure->error);
        const Trouble trouble = failure->reached_server ? Trouble::kBusy : Trouble::kUnreachable;
        // what was there stays there: the same resolve again, not a refresh
        return back_off(trouble, failure->error, Next::kResolve, input, failure->retry_after);
    }
    const auto *resolved = std::get_if<Resolved>(&event);
    if (!resolved || resolved->endpoints.empty())
        return fail(make_error(ErrorKind::kInternal, "No endpoint to upload to."));
    const bool first = !resolved_once_;
    resolved_once_ = true;
    endpoints_ = resolved->endpoints;
    endpoint_ = std::min(endpoint_, endpoints_.size() - 1);
    follow_other_hosts_ = resolved->follow_other_hosts;
    if (first)
        return probe();
    const bool parts_done = !parts_.empty() && part_begin_ == part_end_;
    return parts_done ? join() : create(input);
}

Action UploadMachine::on_probing(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event))
        return no_answer(*failure, Next::kProbe, input);
    const auto &answer = std::get<Answer>(event);
    switch (classify(RequestKind::kOptions, answer)) {
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kOptions, input);
    case Verdict::kBusy:
        if (++probes_ < kMostProbes)
            return back_off(trouble_of(answer), describe(RequestKind::kOptions, answer, where()),
                            Next::kProbe, input, answer.retry_after);
        break;
    default:
        break;
    }
    return probed(answer, input);
}

Action UploadMachine::probed(const Answer &answer, const Input &input)
{
    // Core Protocol, OPTIONS: only an answer with tus headers tells anything
    if (answer.status >= 200 && answer.status < 300 && answer.speaks_tus) {
        capabilities_known_ = !answer.extensions.empty();
        extensions_ = answer.extensions;
        max_size_ = answer.max_size;
        const auto &versions = answer.versions;
        if (!versions.empty() &&
            std::find(versions.begin(), versions.end(), "1.0.0") == versions.end())
            return fail(
                make_error(ErrorKind::kProtocol, cat("The server speaks tus ", versions.front(),
                                                     ", not 1.0.0 (", where(), ").")));
        const auto &sums = answer.checksums;
        if (!config_.checksum.empty() && offers("checksum") &&
            std::find(sums.begin(), sums.end(), config_.checksum) != sums.end())
            checksum_ = config_.checksum;
    }
    if (!config_.checksum.empty() && checksum_.empty())
        reports_.emplace_back(ReportWarning{make_error(
            ErrorKind::kServer, cat("The server does not offer the checksum ", config_.checksum,
                                    "; the upload goes on without."))});
    return origin_known_ ? choose_mode(input) : ask();
}

bool UploadMachine::offers(std::string_view extension) const
{
    return std::find(extensions_.begin(), extensions_.end(), extension) != extensions_.end();
}

Action UploadMachine::choose_mode(const Input &input)
{
    if (parts_.empty()) // a recovery that has some goes on with them
        mode_ = config_.length_mode;
    if (mode_ == LengthMode::kAuto) {
        if (!capabilities_known_ || offers("creation-defer-length"))
            mode_ = LengthMode::kDeferred;
        else
            return without_defer(input, make_error(ErrorKind::kServer, "It is not announced."));
    }
    if (mode_ == LengthMode::kConcatenation) {
        state_ = State::kReady;
        return transfer(input);
    }
    return mode_ == LengthMode::kSpool ? spool(input) : create(input);
}

// The server needs to know the length: the next best way that it can do.
Action UploadMachine::without_defer(const Input &input, const Error &reason)
{
    std::string text = "The server does not support uploads of unknown length "
                       "(creation-defer-length). ";
    if (config_.length_mode != LengthMode::kAuto) {
        Error error = make_error(ErrorKind::kSettings, text + "Use length-mode=auto.");
        error.http_status = reason.http_status;
        error.detail = reason.detail;
        return fail(std::move(error));
    }
    if (offers("concatenation")) {
        mode_ = LengthMode::kConcatenation;
        text += "The recording is uploaded live as partial uploads and joined at the end "
                "(concatenation).";
    } else if (config_.can_spool) {
        mode_ = LengthMode::kSpool;
        text += "The recording is kept on disk and uploaded when it ends: it is not at the server "
                "before that.";
    } else {
        Error error = make_error(
            ErrorKind::kSettings,
            text + "It would have to be kept on disk until it ends: allow that with spool-mode.");
        error.http_status = reason.http_status;
        error.detail = reason.detail;
        return fail(std::move(error));
    }
    reports_.emplace_back(ReportWarning{make_error(ErrorKind::kServer, std::move(text))});
    if (mode_ == LengthMode::kSpool)
        return spool(input);
    state_ = State::kReady;
    return transfer(input);
}

Action UploadMachine::spool(const Input &input)
{
    state_ = State::kSpooling;
    if (input.ended) {
        taken_ = input.produced;
        // fetched now: a token from the start may have expired
        return resolve(true);
    }
    if (input.writer_blocked)
        return fail(make_error(
            ErrorKind::kNoSpace,
            cat("The server needs the length first, and there is no more room to keep the "
                "recording after ",
                input.produced, " bytes: raise max-spool-size or free disk space.")));
    Wait wait = wait_from(input);
    wait.until_ended = true;
    wait.until_writer_blocked = true;
    return wait;
}

Action UploadMachine::on_creating(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event))
        return no_answer(*failure, Next::kCreate, input);
    const auto &answer = std::get<Answer>(event);
    Error error = describe(RequestKind::kCreate, answer, where());
    switch (classify(RequestKind::kCreate, answer)) {
    case Verdict::kSuccess:
        return created(answer, input);
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kCreate, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kCreate, Next::kCreate);
    case Verdict::kMetadata:
        if (metadata_refreshed_)
            return fail(std::move(error));
        metadata_refreshed_ = true;
        return resolve(true);
    case Verdict::kNoDefer:
        if (mode_ == LengthMode::kDeferred)
            return without_defer(input, error);
        return fail(std::move(error));
    case Verdict::kLocked:
        return ++conflicts_ <= kMostConflicts
                   ? back_off(Trouble::kLocked, error, Next::kCreate, input, answer.retry_after)
                   : fail(std::move(error));
    case Verdict::kBusy:
        return back_off(trouble_of(answer), error, Next::kCreate, input, answer.retry_after);
    case Verdict::kNoExpect:
        return doubtful(answer, RequestKind::kCreate, Next::kCreate, input);
    default:
        return fail(std::move(error));
    }
}

Action UploadMachine::created(const Answer &answer, const Input &input)
{
    if (answer.location.empty())
        return fail(
            make_error(ErrorKind::kProtocol,
                       cat("The server accepted the upload but did not say where it is (HTTP ",
                           answer.status, " without Location): is ", where(), " a tus endpoint?")));
    if (answer.location_other_host && !follow_other_hosts_)
        reports_.emplace_back(
            ReportWarning{make_error(ErrorKind::kProtocol, cat("The upload is on another host: ",
                                                               redact_url(answer.location)))});
    url_ = answer.location;
    metadata_refreshed_ = declared_ = length_unclear_ = false;
    refused_finish_.reset();
    watch_expiry(answer, input);
    server_length_ = created_length_;
    if (parts_.empty() && part_begin_ == 0)
        reports_.emplace_back(ReportCreated{url_, endpoints_[endpoint_], mode_});
    if (recreations_ == 0)
        recovered(input);
    if (mode_ == LengthMode::kConcatenation && part_end_ == 0)
        return finish(input); // length 0 completes at creation (Creation: Upload-Length)
    state_ = State::kReady;
    hurry_ = hurry_ || sent_ > acked_;
    return transfer(input);
}

Action UploadMachine::on_patching(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event)) {
        if (patch_expects_ && failure->reached_server && failure->error.kind == ErrorKind::kTimeout)
            expect_refused_ = true; // it may know nothing of it and wait for the body
        // perhaps it wants to refuse and closes early: let it speak before the body next time
        expect_next_ = failure->reached_server && !failure->reused_connection &&
                       failure->error.kind == ErrorKind::kNetwork && !expect_refused_;
        return no_answer(*failure, Next::kAsk, input);
    }
    const auto &answer = std::get<Answer>(event);
    watch_expiry(answer, input);
    const Verdict verdict = classify(RequestKind::kPatch, answer);
    if (method_override_ && answer.status == 201)
        return fail(another_upload(answer));
    if (verdict == Verdict::kSuccess)
        return acknowledged(answer, input);
    Error error = describe(RequestKind::kPatch, answer, where());
    if (patch_finishes_ && answer.status >= 400 && answer.status < 500 &&
        (verdict == Verdict::kDoubtful || verdict == Verdict::kFatal ||
         (verdict == Verdict::kRenew && answer.status == 403)))
        refused_finish_ = error;
    switch (verdict) {
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kPatch, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kPatch, Next::kAsk);
    case Verdict::kGone:
    case Verdict::kLengthKnown:
        return not_there(error, input);
    case Verdict::kConflict:
        // the first may be our mistake: ask; one that stays is somebody who holds the upload
        return ++conflicts_ == 1
                   ? ask()
                   : back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
    case Verdict::kNoMethod:
        // The method worked before: somebody answers in the server's place, for a while.
        if (patched_)
            return input.ended
                       ? doubtful(answer, RequestKind::kPatch, Next::kAsk, input)
                       : back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
        if (method_override_)
            return fail(std::move(error));
        method_override_ = true;
        return ask();
    case Verdict::kShrink:
    case Verdict::kTooLarge:
        return shrink(answer);
    case Verdict::kChecksum:
        return ++mismatches_ >= kMostMismatches ? fail(std::move(error)) : ask();
    case Verdict::kNoExpect:
        if (expect_refused_)
            return doubtful(answer, RequestKind::kPatch, Next::kAsk, input);
        expect_refused_ = true;
        return ask();
    case Verdict::kDoubtful:
        return doubtful(answer, RequestKind::kPatch, Next::kAsk, input);
    case Verdict::kBusy:
        if (answer.status == 408) // too slow for so much at once
            shrunk_to_ = std::max(request_limit() / 2, std::min(kShrinkFloor, request_limit()));
        return back_off(trouble_of(answer), error, Next::kAsk, input, answer.retry_after);
    case Verdict::kLocked:
    case Verdict::kInterrupted:
        return back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
    default:
        return fail(std::move(error));
    }
}

// The server does not know the override: it took the POST for a creation.
Error UploadMachine::another_upload(const Answer &answer) const
{
    Error error = describe(RequestKind::kPatch, answer, where());
    error.kind = ErrorKind::kProtocol;
    error.message +=
        " Something refuses PATCH, and the server made another upload of the POST with "
        "X-HTTP-Method-Override that stood in for it: let PATCH through.";
    return error;
}

// Another server of a cluster may not know the upload yet, or we do not know what it knows: HEAD
// decides. That is no reason to ask without end.
Action UploadMachine::not_there(const Error &error, const Input &input)
{
    if (++absences_ > kMostAbsences)
        return fail(error);
    return absences_ == 1 ? ask() : back_off(Trouble::kLocked, error, Next::kAsk, input);
}

// An acknowledgement of bytes that were not sent or had been acknowledged: HEAD decides.
Action UploadMachine::impossible(const Answer &answer, const Input &input)
{
    if (++impossible_ == 1)
        return ask();
    Error error = make_error(ErrorKind::kProtocol,
                             cat("The server acknowledges up to byte ", *answer.upload_offset,
                                 ", which can not be (", where(), ")."));
    error.http_status = answer.status;
    return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
}

Action UploadMachine::acknowledged(const Answer &answer, const Input &input)
{
    if (!answer.upload_offset)
        return doubtful(answer, RequestKind::kPatch, Next::kAsk, input);
    const std::uint64_t offset = *answer.upload_offset;
    const std::uint64_t base = base_offset();
    if (offset < base || base_position() + (offset - base) < acked_ ||
        base_position() + (offset - base) > patch_to_)
        return impossible(answer, input);
    const std::uint64_t position = base_position() + (offset - base);
    const bool complete = position == patch_to_;
    patched_ = true;
    if (position == acked_ && !complete) {
        Error error =
            make_error(ErrorKind::kServer,
                       cat("The server took none of the bytes it was sent (", where(), ")."));
        error.http_status = answer.status;
        return back_off(Trouble::kBroken, error, Next::kAsk, input, answer.retry_after);
    }
    if (patch_declares_ && complete)
        server_length_ = offset;
    advance(position, input);
    if (complete) {
        state_ = State::kReady;
        return transfer(input);
    }
    // It took less. Whether it noted the length that came with it, only HEAD can tell.
    hurry_ = true;
    if (patch_declares_)
        return ask();
    state_ = State::kReady;
    return transfer(input);
}

void UploadMachine::advance(std::uint64_t position, const Input &input)
{
    if (position > acked_ || (patch_declares_ && position == patch_to_)) {
        acked_ = position;
        // HEAD: the servers of a cluster may disagree, and go to and fro
        const bool news = state_ == State::kPatching || position > most_here_;
        most_here_ = std::max(most_here_, position);
        if (position > most_acked_) {
            most_acked_ = position;
            recreations_ = 0;
        }
        if (news)
            recovered(input);
    }
    if (taken_ > acked_)
        hurry_ = true;
}

Action UploadMachine::shrink(const Answer &answer)
{
    Error error = describe(RequestKind::kPatch, answer, where());
    const std::uint64_t last = patch_to_ - std::min(patch_to_, acked_);
    if (classify(RequestKind::kPatch, answer) == Verdict::kTooLarge &&
        mode_ != LengthMode::kConcatenation && last > 0) {
        // The upload itself is full: halving finds the last byte that fits.
        if (last <= config_.chunk_align) {
            max_size_ = base_offset() + acked_ - base_position();
            return ask();
        }
    } else if (last <= std::max({kShrinkFloor, config_.chunk_align, config_.min_chunk_size})) {
        return fail(std::move(error));
    }
    if (shrunk_to_ == 0) {
        Error warning = error;
        warning.message = cat("The server or a proxy refused a request of ", last,
                              " bytes (HTTP 413): requests get smaller.");
        reports_.emplace_back(ReportWarning{std::move(warning)});
    }
    shrunk_to_ = last / 2;
    return ask();
}

Action UploadMachine::on_asking(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event)) {
        if (!detour_.empty())
            redirects_ = 0;
        detour_.clear();
        return no_answer(*failure, Next::kAsk, input);
    }
    const auto &answer = std::get<Answer>(event);
    watch_expiry(answer, input);
    const Verdict verdict = classify(RequestKind::kHead, answer);
    if (verdict == Verdict::kSuccess && answer.upload_offset)
        return located(answer, input);
    if (!detour_.empty() && verdict != Verdict::kRedirect) {
        const bool says_gone = verdict == Verdict::kGone && answer.speaks_tus;
        if (!says_gone || ++absences_ <= kMostAbsences)
            return astray(answer, input);
    }
    Error error = describe(RequestKind::kHead, answer, where());
    // Something answers in the server's place (a captive portal, a gateway's error page): that
    // passes. A recording that is under way waits for it; at its end two such answers are enough.
    const bool impostor =
        !answer.speaks_tus && answer.status < 400 && verdict != Verdict::kRedirect;
    if (impostor && acked_ > 0 && !input.ended)
        return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
    if (verdict == Verdict::kSuccess)
        return doubtful(answer, RequestKind::kHead, Next::kAsk, input);
    switch (verdict) {
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kHead, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kHead, Next::kAsk);
    case Verdict::kGone:
        return lost(answer, input);
    case Verdict::kBusy:
        return back_off(trouble_of(answer), error, Next::kAsk, input, answer.retry_after);
    case Verdict::kLocked:
        return back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
    case Verdict::kNoExpect:
    case Verdict::kDoubtful:
        return doubtful(answer, RequestKind::kHead, Next::kAsk, input);
    default:
        return fail(std::move(error));
    }
}

// A power cut may cost the disk its last bytes, when the server has them already.
bool UploadMachine::may_be_ahead(const Answer &answer) const
{
    return config_.recovery && mode_ != LengthMode::kConcatenation && patch_to_ == 0 &&
           answer.upload_length.value_or(*answer.upload_offset) == *answer.upload_offset;
}

Action UploadMachine::look_again(const Input &input)
{
    next_ = Next::kAsk;
    wait_until_ = input.now + kSecondLook;
    wake_on_network_ = false;
    credentials_seen_ = input.credential_changes;
    state_ = State::kWaiting;
    return on_waiting(input);
}

Action UploadMachine::located(const Answer &answer, const Input &input)
{
    const std::uint64_t offset = *answer.upload_offset;
    if (!origin_known_) {
        origin_known_ = true;
        origin_ = offset;
        reports_.emplace_back(ReportCreated{url_, url_, mode_});
    }
    const std::uint64_t base = base_offset();
    std::uint64_t sent_offset = base + (std::max(sent_, base_position()) - base_position());
    if (offset > sent_offset && may_be_ahead(answer)) {
        // Where somebody else goes on with the upload, it grows.
        const bool certain = answer.upload_length || surplus_seen_ == offset;
        if (!certain && !surplus_seen_) {
            surplus_seen_ = offset;
            return look_again(input);
        }
        if (certain) {
            reports_.emplace_back(ReportWarning{make_error(
                ErrorKind::kServer, cat("The server has ", offset - sent_offset,
                                        " bytes more of this upload than the disk: the recording "
                                        "ends with them, at byte ",
                                        offset, '.'))});
            sent_offset = offset;
            sent_ = offset - base;
        }
    }
    if (offset < base || offset > sent_offset) {
        Error error =
            make_error(ErrorKind::kUploadLost,
                       cat("The server has ", offset, " bytes of this upload, but ", sent_offset,
                           " were sent: somebody else writes to it (", where(), ")."));
        error.offset = offset;
        return fail(std::move(error));
    }
    const std::uint64_t position = base_position() + (offset - base);
    if (position < input.held_from) {
        Error error =
            make_error(ErrorKind::kUploadLost, cat("The server went back to byte ", offset,
                                                   ", but what it had confirmed is no longer "
                                                   "held before byte ",
                                                   base + (input.held_from - base_position()),
                                                   ": raise rollback-margin for this server."));
        error.offset = offset;
        return fail(std::move(error));
    }
    if (position < acked_ && !config_.recovery) {
        reports_.emplace_back(ReportWarning{make_error(
            ErrorKind::kServer, cat("The server lost ", acked_ - position,
                                    " bytes that it had confirmed; they are sent again."))});
    }
    acked_ = std::min(acked_, position);
    // A length that is known stays known, also when HEAD is silent about it.
    if (answer.upload_length)
        server_length_ = answer.upload_length;
    else if (answer.length_deferred)
        server_length_ = created_length_;
    length_unclear_ = declared_ && !server_length_ && !answer.length_deferred;
    if (position < patch_to_ || answer.length_deferred)
        refused_finish_.reset(); // nothing was finished: it was about something else
    head_doubts_ = 0;
    hurry_ = true;
    if (position > acked_) {
        const std::optional<Error> refused = refused_finish_;
        advance(position, input);
        refused_finish_ = refused;
    }
    state_ = State::kReady;
    return transfer(input);
}

// The server does not know the upload any more.
Action UploadMachine::lost(const Answer &answer, const Input &input)
{
    Error error = describe(RequestKind::kHead, answer, where());
    error.kind = ErrorKind::kUploadLost;
    const bool whole = origin_known_ && origin_ == 0 && config_.upload_url.empty() &&
                       input.held_from <= base_position();
    if (!whole || recreations_ >= kMostRecreations) {
        error.message += whole ? " Creating it anew did not help."
                               : " It can not be made again: its first bytes are no longer here.";
        return fail(std::move(error));
    }
    ++recreations_;
    Error warning = error;
    warning.message += " It is created anew; nothing is lost, all its bytes are still here.";
    reports_.emplace_back(ReportWarning{std::move(warning)});
    url_.clear();
    detour_.clear();
    doubts_ = head_doubts_ = absences_ = conflicts_ = impossible_ =
        0; // those were about the one that is gone
    server_length_.reset();
    acked_ = most_here_ = base_position();
    hurry_ = true;
    resolved_once_ = true;
    return back_off(Trouble::kBusy, error, Next::kResolve, input, answer.retry_after);
}

Action UploadMachine::on_joining(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event))
        return no_answer(*failure, Next::kJoin, input);
    const auto &answer = std::get<Answer>(event);
    Error error = describe(RequestKind::kCreate, answer, where());
    switch (classify(RequestKind::kCreate, answer)) {
    case Verdict::kSuccess:
        if (answer.location.empty())
            return fail(make_error(ErrorKind::kProtocol,
                                   "The server joined the partial uploads but did not say where "
                                   "the result is (no Location)."));
        url_ = answer.location;
        return finish(input);
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kCreate, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kCreate, Next::kJoin);
    case Verdict::kMetadata:
        if (metadata_refreshed_)
            return fail(std::move(error));
        metadata_refreshed_ = true;
        return resolve(true);
    case Verdict::kBusy:
        return back_off(trouble_of(answer), error, Next::kJoin, input, answer.retry_after);
    case Verdict::kLocked:
        return back_off(Trouble::kLocked, error, Next::kJoin, input, answer.retry_after);
    case Verdict::kGone:
        error.kind = ErrorKind::kUploadLost;
        error.message += " A partial upload is gone.";
        return fail(std::move(error));
    default:
        return doubtful(answer, RequestKind::kCreate, Next::kJoin, input);
    }
}

} // namespace gsttus
