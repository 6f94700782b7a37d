// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From perform() down: the actions, then what every request shares, then what others call back
// while one is under way. Upload thread, which is inside the transport or the target then.
#include "upload/request_runner.h"

#include "base/log.h"
#include "base/text.h"
#include "tus/protocol.h"
#include "upload/digest.h"
#include "upload/store_body.h"

#include <algorithm>
#include <utility>

#include <glib.h>

namespace gsttus {

namespace {

constexpr seconds kConnect{10};
constexpr seconds kReconnect{2};
constexpr seconds kMostForOptions{10}; // which is a courtesy
constexpr seconds kMostPatience{600};  // for a creation

// A limit is kept here; the kernel's is for an even flow, and must not be what a request waits for.
constexpr std::uint64_t kLeastPacing = 16 << 10; // bytes/s

std::uint64_t bytes_per_second(const RuntimeConfig &runtime)
{
    return runtime.max_upload_rate == 0 ? 0
                                        : std::max<std::uint64_t>(runtime.max_upload_rate / 8, 1);
}

Line line_of(const RuntimeConfig &runtime)
{
    const std::uint64_t rate = bytes_per_second(runtime);
    return {rate == 0 ? 0 : std::max(rate + rate / 4, kLeastPacing), runtime.qos_dscp};
}

// When a PATCH ends that stays open. What the server has not confirmed may be in memory for three
// seconds only (Core::memory_patience()): where it would go to the disk then, it is confirmed
// before.
TimePoint open_until(const LiveUpload::Core &core, TimePoint now) REQUIRES(core.mutex)
{
    if (core.config.replay.spool_mode != SpoolMode::kOverflow)
        return now + seconds(10);
    return std::min(now, core.store->oldest_in_memory().value_or(now)) + seconds(2);
}

std::int64_t wall_seconds()
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

Error timed_out(const char *message)
{
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.message = message;
    return error;
}

// A request was cancelled, but not because of a stop: see LiveUpload::wait_drained().
Error drained_too_long()
{
    Error error = timed_out("A request was still under way.");
    error.retryable = true;
    return error;
}

GChecksumType checksum_type(const std::string &name)
{
    if (name == "md5")
        return G_CHECKSUM_MD5;
    if (name == "sha256")
        return G_CHECKSUM_SHA256;
    return name == "sha512" ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA1;
}

// Value of Upload-Checksum (Checksum extension) for the first `length` bytes of a body.
Result<std::string> checksum_of(BodySource &body, std::uint64_t length, const std::string &name)
{
    constexpr std::uint64_t kMost = 256 << 10; // between two looks whether it may go on
    Digest digest(checksum_type(name));
    for (std::uint64_t at = 0; at < length;) {
        const auto most = static_cast<std::size_t>(std::min(kMost, length - at));
        const Result<std::span<const std::byte>> shown = body.view(at, most);
        if (!shown)
            return shown.error();
        digest.add(*shown);
        at += shown->size();
    }
    const std::vector<std::uint8_t> value = digest.value();
    if (value.empty())
        return Error{.kind = ErrorKind::kInternal, .message = "A checksum can not be computed."};
    const GCharOwn encoded(g_base64_encode(value.data(), value.size()));
    return cat(name, ' ', encoded.get());
}

} // namespace

RequestRunner::RequestRunner(LiveUpload::Core &core, Announcer &announcer, Transport &http,
                             const UploadMachine &machine)
    : core_(core), announcer_(announcer), http_(http), machine_(machine),
      secrets_(announcer.secrets()),
      homes_(core.config.recovery ? core.config.left.homes
                                  : std::vector<std::string>{core.config.upload_url})
{
}

Event RequestRunner::perform(const Action &action, const Input &input)
{
    if (const auto *resolve_action = std::get_if<Resolve>(&action))
        return resolve(*resolve_action);
    if (const auto *patch = std::get_if<Patch>(&action))
        return send_patch(*patch, input);
    if (const auto *renew_action = std::get_if<RenewCredentials>(&action))
        return renew(*renew_action);
    if (const auto *options = std::get_if<Options>(&action))
        return send(make_options(*options, identity()), input);
    if (const auto *create = std::get_if<Create>(&action)) {
        for (const std::string &part : create->final_of)
            secrets_.add_url(part);
        return send(make_create(*create, identity(), metadata_), input, create);
    }
    return send(make_head(std::get<Head>(action), identity()), input);
}

HttpOutcome RequestRunner::remove(const std::string &url, Duration timeout)
{
    HttpRequest request = make_delete(url, identity());
    know_secrets_of(request);
    log(LogLevel::kDebug, "http", cat("DELETE ", secrets_.shown_url(url)));
    request.timeout = timeout;
    request.connect_timeout = std::min<Duration>(kReconnect, request.timeout);
    return http_.send(request, core_.cancel.all.get());
}

// --- actions -------------------------------------------------------------------------------------

Event RequestRunner::resolve(const Resolve &action)
{
    set_line();
    TargetContext context = target_context(core_.cancel.work.get());
    TargetResult<Destination> result = core_.target->resolve(context, action.refresh);
    if (auto *failure = std::get_if<TargetError>(&result)) {
        if (failure->error.kind == ErrorKind::kCancelled)
            failure->error = drained_too_long();
        return ResolveFailed{failure->error, failure->reached_server, failure->retry_after};
    }
    auto &destination = std::get<Destination>(result);
    metadata_ = destination.metadata;
    homes_ = destination.endpoints;
    Create sample;
    sample.url = destination.endpoints.empty() ? std::string() : destination.endpoints.front();
    return Resolved{destination.endpoints, !destination.metadata_is_secret,
                    header_size(make_create(sample, identity(), metadata_))};
}

Event RequestRunner::send_patch(const Patch &action, const Input &input)
{
    moved_ = Clock::now();
    const auto go = [this](std::size_t wanted) { return go_ahead(wanted); };
    if (action.open_to > 0)
        return send_open(action, input, go);
    StoreBody body(core_, action.from, go);
    std::string checksum;
    if (!action.checksum.empty()) {
        StoreBody unsent(core_, action.from, [this](std::size_t wanted) -> Result<std::size_t> {
            const Result<void> allowed = may_go_on();
            return allowed ? Result<std::size_t>(wanted) : allowed.error();
        });
        const Result<std::string> sum =
            checksum_of(unsent, action.to - action.from, action.checksum);
        if (!sum)
            return NoAnswer{sum.error(), false, false, is_paused()};
        checksum = *sum;
    }
    HttpRequest request = make_patch(action, identity(), checksum);
    request.body = &body;
    return send(std::move(request), input);
}

// A PATCH that stays open: what became of its body is told besides.
Event RequestRunner::send_open(const Patch &action, const Input &input, StoreBody::GoAhead go)
{
    OpenBody open;
    open.sure = action.to - action.from;
    open.most = action.open_to - action.from;
    open.is_proof = action.is_proof;
    open.idle = [this] {
        announcer_.progress();
        announcer_.pass_on_warnings();
    };
    {
        MutexLock lock(core_.mutex);
        open.until = open_until(core_, moved_);
        open.gather = core_.runtime.flush_interval / 4;
    }
    StoreBody body(core_, action.from, std::move(go), std::move(open));
    HttpRequest request = make_patch(action, identity(), std::string());
    request.body = &body;
    Event event = send(std::move(request), input);
    if (auto *answer = std::get_if<Answer>(&event))
        answer->carried = body.shown();
    if (auto *failure = std::get_if<NoAnswer>(&event)) {
        failure->carried = body.shown();
        failure->cut = body.was_cut();
    }
    return event;
}

Event RequestRunner::renew(const RenewCredentials &action)
{
    {
        MutexLock lock(core_.mutex);
        if (core_.changes.credentials != credentials_used_)
            return Credentials{true}; // renewed while the request was under way
    }
    std::optional<std::string> fresh = announcer_.call(
        [&](UploadObserver &observer) { return observer.on_refresh_authorization(action.status); });
    MutexLock lock(core_.mutex);
    if (fresh && *fresh != core_.runtime.authorization) {
        core_.runtime.authorization = std::move(*fresh);
        ++core_.changes.credentials;
    }
    return Credentials{core_.changes.credentials != credentials_used_};
}

// --- one request ---------------------------------------------------------------------------------

Event RequestRunner::send(HttpRequest request, const Input &input, const Create *creation)
{
    bound(request, input, creation ? creation->patience : 1);
    know_secrets_of(request);
    set_line();
    request.new_connection = distrust_kept_alive_ && request.body;
    log(LogLevel::kDebug, "http",
        cat(request.method, ' ', secrets_.shown_url(request.url), " body=", request.body_length));
    const HttpOutcome outcome = http_.send(request, core_.cancel.work.get());
    secrets_.add_url(http_.proxy_login());
    secrets_.add_header(http_.cookies_sent());
    if (const HttpFailure *failure = outcome.failure()) {
        // Where the upload is came before the answer broke off: another one would be litter.
        if (creation && failure->head && failure->head->status / 100 == 2 &&
            failure->head->header("Location"))
            return answered(request, *failure->head, true);
        return failed(*failure);
    }
    return answered(request, *outcome.response(), creation != nullptr);
}

void RequestRunner::bound(HttpRequest &request, const Input &input, unsigned patience)
{
    std::optional<TimePoint> deadline =
        machine_.deadline(input, request.body ? Clock::now() : moved_);
    {
        MutexLock lock(core_.mutex);
        request.timeout = core_.runtime.timeout;
        request.timeout = std::max<Duration>(
            request.timeout, std::min<Duration>(request.timeout * patience, kMostPatience));
        if (request.method == "OPTIONS")
            request.timeout = std::min<Duration>(request.timeout, kMostForOptions);
        if (core_.stop.by)
            deadline = std::min(deadline.value_or(*core_.stop.by), *core_.stop.by);
        ++core_.tally.stats.requests;
        core_.tally.rate.add(core_.tally.stats.bytes_acked, Clock::now());
    }
    if (deadline)
        request.timeout =
            std::clamp<Duration>(*deadline - Clock::now(), milliseconds(1),
                                 std::max<Duration>(request.timeout, milliseconds(1)));
    // While the network is away, short attempts notice its return; now and then a patient one, for
    // a network that is there but slow.
    const bool patient = connect_failures_ == 0 || connect_failures_ % 4 == 3;
    request.connect_timeout =
        std::min<Duration>(patient ? Duration(kConnect) : Duration(kReconnect), request.timeout);
}

Event RequestRunner::failed(const HttpFailure &failure)
{
    const bool reached = failure.reach != HttpFailure::Reach::kNotConnected;
    connect_failures_ = reached ? 1 : connect_failures_ + 1;
    if (failure.head)
        know_secrets_in(*failure.head, secrets_);
    distrust_kept_alive_ = distrust_kept_alive_ || failure.reused_connection;
    NoAnswer event{failure.error, reached, failure.reused_connection, is_paused()};
    if (event.error.kind == ErrorKind::kCancelled) // the machine sees that only at the deadline
        event.error = drained_too_long();
    event.error.message = secrets_(event.error.message);
    event.error.detail = secrets_(event.error.detail);
    // in the library's words; what it means is told with the attempt
    log(LogLevel::kDebug, "http",
        cat("-> no answer: ",
            event.error.detail.empty() ? event.error.message : event.error.detail));
    return event;
}

Event RequestRunner::answered(const HttpRequest &request, const HttpResponse &response,
                              bool creating)
{
    connect_failures_ = 0;
    if (request.body)
        distrust_kept_alive_ = false;
    know_secrets_in(response, secrets_);
    Answer answer = parse_answer(response, request.url, Clock::now(), wall_seconds(), secrets_);
    secrets_.add_url(answer.location); // it may be signed
    answer.refused_metadata =
        creating && core_.target->refused_metadata(response.status, response.body);
    log(LogLevel::kDebug, "http",
        cat(request.method, " -> ", answer.status, ' ',
            answer.upload_offset ? cat("offset=", *answer.upload_offset) : std::string(), ' ',
            answer.status >= 400 ? answer.text : std::string()));
    MutexLock lock(core_.mutex);
    core_.tally.stats.last_http_status = response.status;
    return answer;
}

Identity RequestRunner::identity()
{
    Identity identity;
    identity.homes = homes_;
    MutexLock lock(core_.mutex);
    identity.authorization = core_.runtime.authorization;
    identity.extra_headers = core_.runtime.extra_headers;
    identity.host_headers = core_.runtime.host_headers;
    credentials_used_ = core_.changes.credentials;
    return identity;
}

// With each request anew: the redactor keeps what was used last.
void RequestRunner::know_secrets_of(const HttpRequest &request)
{
    secrets_.add_url(request.url);
    {
        MutexLock lock(core_.mutex);
        secrets_.add_header(core_.runtime.authorization);
        for (const Header &header : core_.runtime.extra_headers)
            secrets_.add_header(header.second);
        for (const HostHeader &one : core_.runtime.host_headers)
            secrets_.add_header(one.header.second);
    }
    for (const auto &[key, value] : metadata_) {
        if (tus::names_secret(key))
            secrets_.add(value);
        else if (!tus::is_public_metadata(key))
            secrets_.add_private(value);
    }
}

bool RequestRunner::is_paused()
{
    MutexLock lock(core_.mutex);
    return core_.is_paused();
}

// --- while it runs -------------------------------------------------------------------------------

// The transport asks for more of the body: there was room. Nothing more goes until this returns.
Result<std::size_t> RequestRunner::go_ahead(std::size_t wanted)
{
    moved_ = Clock::now();
    announcer_.progress();
    set_line();
    while (true) {
        if (const Result<void> allowed = may_go_on(); !allowed)
            return allowed.error();
        if (const std::size_t now = paced(wanted); now > 0)
            return now;
    }
}

// How many bytes go; 0: none yet, some time has passed.
std::size_t RequestRunner::paced(std::size_t wanted)
{
    MutexLock lock(core_.mutex);
    const std::size_t now = pace_.take(wanted, bytes_per_second(core_.runtime), Clock::now());
    if (now == 0)
        core_.wake.worker.wait_until(lock, pace_.next());
    return now;
}

Result<void> RequestRunner::may_go_on()
{
    MutexLock lock(core_.mutex);
    const TimePoint now = Clock::now();
    const std::optional<TimePoint> deadline = machine_.deadline(core_.snapshot(now), moved_);
    if (core_.has_to_stop(now) || (deadline && now >= *deadline))
        return timed_out("The time for the upload is over.");
    if (core_.runtime.paused)
        return timed_out("The upload is paused.");
    return {};
}

void RequestRunner::set_line()
{
    Line line;
    {
        MutexLock lock(core_.mutex);
        line = line_of(core_.runtime);
    }
    http_.set_line(line);
}

TargetContext RequestRunner::target_context(GCancellable *cancel, std::optional<Duration> timeout)
{
    StreamHints hints;
    Duration usual{};
    {
        MutexLock lock(core_.mutex);
        hints = core_.source.hints;
        usual = core_.runtime.timeout;
    }
    return TargetContext{http_,
                         cancel,
                         secrets_,
                         timeout.value_or(usual),
                         [this, cancel](Duration span) { return sleep(span, cancel); },
                         [this](const TargetNotice &notice) { announcer_.pass_on(notice); },
                         std::move(hints)};
}

bool RequestRunner::sleep(Duration span, GCancellable *cancel)
{
    const TimePoint until = Clock::now() + span;
    MutexLock lock(core_.mutex);
    const auto over = [&]() REQUIRES(core_.mutex) {
        return g_cancellable_is_cancelled(cancel) || core_.stop.is_due(Clock::now()) ||
               (core_.thread.following && core_.stop.asked); // nobody waits for what is followed
    };
    while (Clock::now() < until && !over()) {
        core_.wake.worker.wait_until(lock, core_.stop.by ? std::min(until, *core_.stop.by) : until);
    }
    return !over();
}

} // namespace gsttus
