// The upload thread. It decides nothing about the protocol: see tus/upload_machine.h.
#include "upload/worker.h"

#include "base/log.h"
#include "base/text.h"
#include "upload/spiller.h"

#include <algorithm>
#include <array>
#include <random>

#include <glib.h>

namespace gsttus {

namespace {

constexpr milliseconds kHintsWait{500};
constexpr seconds kConnect{10};
constexpr seconds kReconnect{2};
constexpr seconds kCleanUp{5};
constexpr seconds kGoodbye{1};
constexpr milliseconds kRemovePause{250}; // grows
constexpr seconds kMostRemovePause{1};
constexpr std::size_t kMostMarks = 64;

MachineConfig machine_config(const UploadConfig &config)
{
    constexpr std::array<const char *, 5> kChecksums = {"", "md5", "sha1", "sha256", "sha512"};
    MachineConfig out;
    out.chunk_size = config.chunk_size;
    out.min_chunk_size = config.min_chunk_size;
    out.chunk_align = config.chunk_align;
    out.length_mode = config.length_mode;
    out.can_spool = config.replay.spool_mode != SpoolMode::kNever;
    out.upload_url = config.upload_url;
    out.recovery = config.recovery;
    out.checksum = kChecksums[static_cast<std::size_t>(config.checksum)];
    out.seed = config.seed != 0 ? config.seed : std::random_device{}();
    return out;
}

GChecksumType checksum_type(const std::string &name)
{
    if (name == "md5")
        return G_CHECKSUM_MD5;
    if (name == "sha256")
        return G_CHECKSUM_SHA256;
    return name == "sha512" ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA1;
}

std::int64_t wall_seconds()
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

// A request was cancelled, but not because of a stop: see LiveUpload::wait_drained().
Error drained_too_long()
{
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.message = "A request was still under way.";
    error.retryable = true;
    return error;
}

} // namespace

// --- shared state --------------------------------------------------------------------------------

void Arrivals::add(std::uint64_t position, TimePoint now, Duration resolution)
{
    if (!marks_.empty() && now - marks_.back().second < resolution)
        return;
    if (marks_.size() >= kMostMarks) // the oldest matters, and the newest
        marks_.erase(marks_.begin() + 1);
    marks_.emplace_back(position, now);
}

std::optional<TimePoint> Arrivals::since(std::uint64_t position, std::uint64_t produced)
{
    while (marks_.size() > 1 && marks_[1].first <= position)
        marks_.pop_front();
    if (produced <= position || marks_.empty())
        return std::nullopt;
    return marks_.front().second;
}

LiveUpload::Core::Core(UploadConfig config_in, std::unique_ptr<Target> target_in,
                       TransportFactory transport_in, UploadObserver &observer_in,
                       std::unique_ptr<ReplayStore> recovered)
    : config(std::move(config_in)), target(std::move(target_in)),
      transport(std::move(transport_in)), observer(observer_in),
      store(recovered ? std::move(recovered) : std::make_unique<ReplayStore>(config.replay)),
      runtime(config.runtime), ended(config.recovery.has_value())
{
    if (ended)
        ended_at = Clock::now();
    if (Spiller::is_wanted(config)) // also for what is written before it starts
        store->spill_by_thread();
    stats.state = to_string(State::kIdle);
    stats.upload_url = config.upload_url;
    if (config.recovery || config.replay.spool_mode == SpoolMode::kNever)
        return;
    // before the first byte is taken: whoever finds it must know where it was to go
    for (const auto &[name, value] : target->describe())
        store->note(cat("target.", name), value);
    store->note("upload-url", config.upload_url);
}

GThread *LiveUpload::Core::make_thread(const char *name, void (*run)(Core &))
{
    struct Start {
        std::shared_ptr<Core> core;
        void (*run)(Core &);
    };

    auto start = std::make_unique<Start>(Start{shared_from_this(), run});
    GThread *thread = g_thread_try_new(
        name,
        [](gpointer data) -> gpointer {
            const std::unique_ptr<Start> mine(static_cast<Start *>(data));
            mine->run(*mine->core);
            return nullptr;
        },
        start.get(), nullptr);
    if (thread)
        (void)start.release(); // the thread's
    return thread;
}

std::size_t LiveUpload::Core::append(std::span<const std::byte> data)
{
    arrivals.add(store->end(), Clock::now(), runtime.flush_interval / 16);
    const std::size_t taken_now = store->append(data);
    take_disk_warning();
    return taken_now;
}

StoreView LiveUpload::Core::view() const
{
    if (lent)
        return *lent;
    return {store->end(), store->in_memory(), store->on_disk(), store->folder()};
}

// The analysis does not follow a lock that is passed on.
void LiveUpload::Core::finish_store(MutexLock &lock) NO_THREAD_SAFETY_ANALYSIS
{
    if (last_act == LastAct::kNone)
        return;
    lent = view();
    lock.unlock();
    Result<std::string> result = std::string();
    if (last_act == LastAct::kKeep)
        result = store->keep();
    else
        store->discard();
    lock.lock();
    last_result = std::move(result);
    // What was taken stays so, also where not all of it could be kept.
    lent = StoreView{lent->end, store->in_memory(), store->on_disk(), store->folder()};
}

void LiveUpload::Core::take_disk_warning()
{
    if (std::optional<Error> warning = store->take_disk_warning()) {
        warnings.push_back(std::move(*warning));
        worker_wake.notify_all();
    }
}

void LiveUpload::Core::end(TimePoint now)
{
    if (ended)
        return;
    ended = true;
    ended_at = now;
    worker_wake.notify_all();
}

// Waking the other thread for every buffer would cost more than the upload it
bool LiveUpload::Core::worker_is_due()
{
    return waiting && waiting->until_produced && store->end() >= *waiting->until_produced;
}

// In length-mode=spool nothing goes before the end, and a writer who waits is an error.
bool LiveUpload::Core::can_send() const
{
    return stats.length_mode == to_string(LengthMode::kDeferred) ||
           stats.length_mode == to_string(LengthMode::kConcatenation);
}

Error LiveUpload::Core::no_room(bool disk_works) const
{
    Error error;
    error.kind = ErrorKind::kNoSpace;
    if (config.replay.spool_mode == SpoolMode::kNever)
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

bool LiveUpload::Core::must_end(TimePoint now)
{
    if (stop_by && now >= *stop_by)
        stop_expired = true;
    return stopping && (stop_policy != OnStop::kFinish || stop_expired);
}

std::optional<TimePoint> LiveUpload::Core::drain_deadline()
{
    if (!ended_at || runtime.drain_timeout == Duration::zero())
        return std::nullopt;
    return *ended_at + runtime.drain_timeout;
}

Input LiveUpload::Core::snapshot(TimePoint now)
{
    Input input;
    input.now = now;
    input.held_from = store->begin();
    input.produced = store->end();
    input.ended = ended;
    input.writer_blocked = writers_blocked > 0;
    // the one byte that is held back does not count as waiting
    input.pending_since = arrivals.since(taken + 1, store->end());
    input.network_changes = network_changes;
    input.credential_changes = credential_changes;
    input.flush_interval = runtime.flush_interval;
    input.outage_timeout = runtime.outage_timeout;
    input.drain_timeout = runtime.drain_timeout;
    input.ended_at = ended_at;
    return input;
}

// --- request bodies ------------------------------------------------------------------------------

// The upload thread does something that a disk may take long for; never with the mutex.
class InDisk {
public:
    explicit InDisk(LiveUpload::Core &core) : core_(core)
    {
        core_.reading_since = Clock::now().time_since_epoch().count();
    }

    ~InDisk() { core_.reading_since = 0; }

    InDisk(const InDisk &) = delete;
    InDisk &operator=(const InDisk &) = delete;

private:
    LiveUpload::Core &core_;
};

// Pulls a request's body out of the replay store, piece by piece, without holding the lock
// while it reads.
class StoreBody final : public BodySource {
public:
    StoreBody(Worker &worker, std::uint64_t from) : worker_(worker), from_(from) {}

    ~StoreBody() override { close(); }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (worker_.too_late()) {
            Error error;
            error.kind = ErrorKind::kTimeout;
            error.message = "The time for the upload is over.";
            return error;
        }
        worker_.moved_ = Clock::now(); // it is asked for more: there was room
        worker_.publish_progress(false);
        const std::uint64_t at = from_ + offset;
        if (!piece_ || at < piece_->begin() || at >= piece_->end()) {
            close();
            MutexLock lock(worker_.core_.mutex);
            piece_ = worker_.core_.store->piece(at);
        }
        if (!piece_)
            return gone();
        Result<std::size_t> got = read_piece(at, out);
        if (!got) {
            MutexLock lock(worker_.core_.mutex);
            if (at < worker_.core_.store->begin())
                return gone();
        }
        return got;
    }

private:
    Result<std::size_t> read_piece(std::uint64_t at, std::span<std::byte> out)
    {
        const InDisk scope(worker_.core_);
        return piece_->read(at, out);
    }

    void close()
    {
        const InDisk scope(worker_.core_);
        piece_.reset();
    }

    // Given up for room since the machine looked; asking again, it sees that they are gone.
    static Error gone()
    {
        Error error;
        error.kind = ErrorKind::kUploadLost;
        error.message = "Bytes that have to be sent again are not held any more.";
        return error;
    }

    Worker &worker_;
    std::uint64_t from_;
    std::shared_ptr<const Piece> piece_;
};

// --- the thread ----------------------------------------------------------------------------------

template <typename Call>
auto Worker::tell(Call call)
{
    struct Scope {
        explicit Scope(LiveUpload::Core &core) : core_(core) { set(Clock::now()); }

        ~Scope() { set(std::nullopt); }

        void set(std::optional<TimePoint> since)
        {
            MutexLock lock(core_.mutex);
            core_.callback_since = since;
            if (core_.stopping)
                core_.app_wake.notify_all();
        }

        LiveUpload::Core &core_;
    };

    const Scope scope(core_);
    return call(core_.observer);
}

Worker::Worker(LiveUpload::Core &core) : core_(core), spiller_(std::make_unique<Spiller>(core)) {}

Worker::~Worker() = default;

void Worker::run()
{
    spiller_->start();
    Result<std::unique_ptr<Transport>> transport = core_.transport();
    if (!transport) {
        fail(transport.error());
    } else {
        http_ = std::move(*transport);
        {
            MutexLock lock(core_.mutex);
            core_.network_listener = http_->network_listener();
        }
        machine_ = std::make_unique<UploadMachine>(machine_config(core_.config));
        homes_ = core_.config.recovery ? core_.config.homes
                                       : std::vector<std::string>{core_.config.upload_url};
        wait_for_hints();
        loop();
        http_.reset();
    }
    spiller_->stop(Clock::now() + kGoodbye);
    MutexLock lock(core_.mutex);
    core_.exited = true;
    core_.app_wake.notify_all();
}

// A stream tells its type and title when it starts; the upload is created with them.
void Worker::wait_for_hints()
{
    MutexLock lock(core_.mutex);
    const TimePoint until = Clock::now() + kHintsWait;
    while (!core_.hints_given && !core_.stopping && !core_.ended && core_.store->end() == 0 &&
           Clock::now() < until)
        core_.worker_wake.wait_until(lock, until);
}

bool Worker::told_to_end()
{
    MutexLock lock(core_.mutex);
    return core_.must_end(Clock::now());
}

bool Worker::too_late()
{
    MutexLock lock(core_.mutex);
    const TimePoint now = Clock::now();
    if (core_.must_end(now))
        return true;
    const std::optional<TimePoint> deadline = machine_->deadline(core_.snapshot(now), moved_);
    return deadline && now >= *deadline;
}

void Worker::loop()
{
    Event event = Started{};
    while (true) {
        if (told_to_end())
            return stopped();
        Input input;
        {
            MutexLock lock(core_.mutex);
            input = core_.snapshot(Clock::now());
        }
        const Action action = machine_->step(event, input);
        after_step(input);
        if (std::holds_alternative<Finished>(action))
            return complete();
        if (const auto *failed = std::get_if<Failed>(&action))
            return fail(failed->error);
        Outcome outcome = perform(action, input);
        if (!outcome)
            return stopped();
        event = std::move(*outcome);
    }
}

void Worker::after_step(const Input &input)
{
    journal(); // before bytes are given up: what is said of them must not be older
    std::unique_ptr<ReplayStore::DiskWork> needless;
    {
        MutexLock lock(core_.mutex);
        const std::uint64_t before = core_.store->acked();
        core_.store->release(machine_->releasable(), ReplayStore::Deletion::kLater);
        if (!spiller_->active())
            needless = core_.store->clean_up();
        core_.taken = machine_->taken();
        UploadStats &stats = core_.stats;
        if (stats.bytes_acked != machine_->acked())
            core_.rate.add(machine_->acked(), input.now);
        stats.state = to_string(machine_->state());
        stats.bytes_acked = machine_->acked();
        stats.upload_url = machine_->upload_url();
        stats.length_mode =
            machine_->mode() == LengthMode::kAuto ? "" : to_string(machine_->mode());
        stats.bytes_resent = machine_->counters().bytes_resent;
        stats.retries = machine_->counters().retries;
        stats.outages = machine_->counters().outages;
        stats.outage_time = machine_->counters().outage_time;
        // caught up while the server takes bytes: the next time is another incident
        if (core_.writers_blocked == 0 && before != core_.store->acked() &&
            core_.store->end() - machine_->acked() <= core_.config.chunk_size)
            core_.block_warned = false;
        // Also where nothing was freed: the margin gives way to a writer who asks.
        if (core_.writers_waiting > 0 && before != core_.store->acked())
            core_.app_wake.notify_all();
        if (before != core_.store->acked())
            core_.disk_wake.notify_all();
    }
    if (needless)
        (void)needless->run(); // the log says what it could not delete
    for (const Report &report : machine_->take_reports())
        deliver(report, input);
    deliver_warnings();
    publish_progress(false);
}

void Worker::deliver(const Report &report, const Input &input)
{
    if (const auto *created = std::get_if<ReportCreated>(&report)) {
        tell([&](UploadObserver &observer) {
            observer.on_created({created->upload_url, created->endpoint, to_string(created->mode)});
        });
    } else if (const auto *stalled = std::get_if<ReportStalled>(&report)) {
        log(LogLevel::kInfo, "upload",
            cat("attempt ", stalled->attempt, " failed: ", stalled->reason.message, ' ',
                stalled->reason.detail));
        UploadStalled out{stalled->reason, stalled->attempt, stalled->retry_in, 0, false};
        out.bytes_pending = input.produced - std::min(input.produced, machine_->acked());
        out.first = stalled->attempt == 1;
        tell([&](UploadObserver &observer) { observer.on_stalled(out); });
    } else if (const auto *resumed = std::get_if<ReportResumed>(&report)) {
        tell([&](UploadObserver &observer) {
            observer.on_resumed({resumed->offset, resumed->outage_time, resumed->bytes_resent});
        });
    } else if (const auto *warning = std::get_if<ReportWarning>(&report)) {
        tell([&](UploadObserver &observer) { observer.on_warning(warning->error); });
    }
}

void Worker::deliver_warnings()
{
    std::vector<Error> warnings;
    {
        MutexLock lock(core_.mutex);
        warnings.swap(core_.warnings);
    }
    for (const Error &warning : warnings)
        tell([&](UploadObserver &observer) { observer.on_warning(warning); });
}

void Worker::publish_progress(bool now)
{
    UploadProgress progress;
    {
        MutexLock lock(core_.mutex);
        const Duration pace = core_.runtime.progress_interval;
        const TimePoint time = Clock::now();
        if (pace == Duration::zero() || (!now && time - last_progress_ < pace))
            return;
        last_progress_ = time;
        progress.bytes_rendered = core_.view().end;
        progress.bytes_acked = core_.stats.bytes_acked;
        progress.upload_rate = core_.rate.bits_per_second(time);
        progress.draining = core_.ended;
    }
    tell([&](UploadObserver &observer) { observer.on_progress(progress); });
}

// --- actions -------------------------------------------------------------------------------------

Worker::Outcome Worker::perform(const Action &action, const Input &input)
{
    if (const auto *wait_action = std::get_if<Wait>(&action))
        return wait(*wait_action);
    if (const auto *resolve_action = std::get_if<Resolve>(&action))
        return resolve(*resolve_action);
    if (const auto *patch = std::get_if<Patch>(&action))
        return send_patch(*patch, input);
    if (const auto *renew_action = std::get_if<RenewCredentials>(&action))
        return renew(*renew_action);
    if (const auto *options = std::get_if<Options>(&action))
        return send(make_options(*options, identity()), input, false);
    if (const auto *create = std::get_if<Create>(&action))
        return send(make_create(*create, identity(), metadata_), input, true);
    return send(make_head(std::get<Head>(action), identity()), input, false);
}

Worker::Outcome Worker::wait(const Wait &wait)
{
    while (true) {
        publish_progress(false);
        deliver_warnings();
        MutexLock lock(core_.mutex);
        const TimePoint now = Clock::now();
        if (core_.must_end(now))
            return std::nullopt;
        const bool due = (wait.until && now >= *wait.until) ||
                         (wait.until_produced && core_.store->end() >= *wait.until_produced) ||
                         (wait.until_ended && core_.ended) ||
                         (wait.until_writer_blocked && core_.writers_blocked > 0) ||
                         core_.settings_changed || core_.network_changes != wait.network_seen ||
                         core_.credential_changes != wait.credentials_seen;
        if (due) {
            core_.settings_changed = false;
            core_.waiting.reset();
            return Tick{};
        }
        if (!core_.warnings.empty())
            continue;
        core_.waiting = wait;
        const Duration pace = core_.runtime.progress_interval;
        TimePoint until = wait.until.value_or(now + seconds(60));
        if (pace > Duration::zero())
            until = std::min(until, std::max(last_progress_ + pace, now));
        if (core_.stop_by)
            until = std::min(until, *core_.stop_by);
        core_.worker_wake.wait_until(lock, until);
        core_.waiting.reset();
    }
}

Event Worker::resolve(const Resolve &action)
{
    TargetContext context = target_context(core_.cancel_work.get());
    TargetResult<Destination> result = core_.target->resolve(context, action.refresh);
    if (auto *failure = std::get_if<TargetError>(&result)) {
        if (failure->error.kind == ErrorKind::kCancelled)
            failure->error = drained_too_long();
        return ResolveFailed{failure->error, failure->reached_server, failure->retry_after};
    }
    auto &destination = std::get<Destination>(result);
    metadata_ = destination.metadata;
    homes_ = destination.endpoints;
    journal();
    return Resolved{destination.endpoints, !destination.metadata_is_secret};
}

Event Worker::send(HttpRequest request, const Input &input, bool creating)
{
    std::optional<TimePoint> deadline =
        machine_->deadline(input, request.body ? Clock::now() : moved_);
    {
        MutexLock lock(core_.mutex);
        request.timeout = core_.runtime.timeout;
        if (core_.stop_by)
            deadline = std::min(deadline.value_or(*core_.stop_by), *core_.stop_by);
        ++core_.stats.requests;
        core_.rate.add(core_.stats.bytes_acked, Clock::now());
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
    request.new_connection = distrust_kept_alive_ && request.body;
    log(LogLevel::kDebug, "http",
        cat(request.method, ' ', redact_url(request.url), " body=", request.body_length));

    const HttpOutcome outcome = http_->send(request, core_.cancel_work.get());
    if (const HttpFailure *failure = outcome.failure()) {
        const bool reached = failure->reach != HttpFailure::Reach::kNotConnected;
        connect_failures_ = reached ? 1 : connect_failures_ + 1;
        distrust_kept_alive_ = distrust_kept_alive_ || failure->reused_connection;
        NoAnswer event{failure->error, reached, failure->reused_connection};
        if (event.error.kind == ErrorKind::kCancelled) // the machine sees that only at the deadline
            event.error = drained_too_long();
        event.error.message = redact_(event.error.message);
        event.error.detail = redact_(event.error.detail);
        return event;
    }
    connect_failures_ = 0;
    if (request.body)
        distrust_kept_alive_ = false;
    const HttpResponse &response = *outcome.response();
    Answer answer = parse_answer(response, request.url, Clock::now(), wall_seconds(), redact_);
    answer.refused_metadata =
        creating && core_.target->refused_metadata(response.status, response.body);
    log(LogLevel::kDebug, "http",
        cat(request.method, " -> ", answer.status, ' ',
            answer.upload_offset ? cat("offset=", *answer.upload_offset) : std::string(), ' ',
            answer.status >= 400 ? answer.text : std::string()));
    MutexLock lock(core_.mutex);
    core_.stats.last_http_status = response.status;
    return answer;
}

Event Worker::send_patch(const Patch &action, const Input &input)
{
    StoreBody body(*this, action.from);
    moved_ = Clock::now();
    std::string checksum;
    if (!action.checksum.empty()) {
        const std::unique_ptr<GChecksum, GDelete<&g_checksum_free>> sum(
            g_checksum_new(checksum_type(action.checksum)));
        std::vector<std::byte> buffer(std::size_t{64} << 10);
        for (std::uint64_t at = 0; at < action.to - action.from;) {
            const std::size_t want =
                std::min<std::uint64_t>(buffer.size(), action.to - action.from - at);
            const Result<std::size_t> got = body.read(at, std::span(buffer).first(want));
            if (!got)
                return NoAnswer{got.error(), false, false};
            g_checksum_update(sum.get(), reinterpret_cast<const guchar *>(buffer.data()),
                              static_cast<gssize>(*got));
            at += *got;
        }
        std::array<guint8, 64> digest{};
        gsize length = digest.size();
        g_checksum_get_digest(sum.get(), digest.data(), &length);
        const GCharOwn encoded(g_base64_encode(digest.data(), length));
        checksum = cat(action.checksum, ' ', encoded.get());
    }
    HttpRequest request = make_patch(action, identity(), checksum);
    request.body = &body;
    return send(std::move(request), input, false);
}

Event Worker::renew(const RenewCredentials &action)
{
    {
        MutexLock lock(core_.mutex);
        if (core_.credential_changes != credentials_used_)
            return Credentials{true}; // renewed while the request was under way
    }
    std::optional<std::string> fresh = tell(
        [&](UploadObserver &observer) { return observer.on_refresh_authorization(action.status); });
    MutexLock lock(core_.mutex);
    if (fresh && *fresh != core_.runtime.authorization) {
        core_.runtime.authorization = std::move(*fresh);
        ++core_.credential_changes;
    }
    return Credentials{core_.credential_changes != credentials_used_};
}

// --- the end -------------------------------------------------------------------------------------

void Worker::complete()
{
    const std::uint64_t bytes = machine_->acked();
    TargetContext context = target_context(core_.cancel_all.get());
    UploadComplete report{machine_->upload_url(), machine_->origin() + bytes, {}, {}};
    {
        MutexLock lock(core_.mutex);
        const TimePoint now = Clock::now();
        report.elapsed = now - core_.started_at;
        report.drain_time = now - core_.ended_at.value_or(now);
        core_.following = true;
    }
    spiller_->end(LastAct::kDiscard); // nobody waits for that
    publish_progress(true);
    tell([&](UploadObserver &observer) { observer.on_complete(report); });
    Result<void> followed;
    if (report.bytes == 0)
        core_.target->abandoned(context, 0);
    else
        followed = core_.target->finished(context, bytes);
    if (!followed) {
        if (followed.error().kind != ErrorKind::kCancelled) {
            tell([&](UploadObserver &observer) {
                observer.on_failed(followed.error(), report.upload_url, "");
            });
        }
        MutexLock lock(core_.mutex);
        core_.failed = true;
        core_.app_wake.notify_all();
        return;
    }
    MutexLock lock(core_.mutex);
    core_.complete = true;
    core_.app_wake.notify_all();
}

void Worker::fail(const Error &error)
{
    const std::uint64_t acked = machine_ ? machine_->acked() : 0;
    if (http_ && acked == 0) {
        TargetContext context = target_context(core_.cancel_all.get(), kCleanUp);
        core_.target->abandoned(context, 0);
    }
    journal();
    bool left = false;
    Error report = error;
    if (!report.message.ends_with('.'))
        report.message += '.';
    {
        MutexLock lock(core_.mutex);
        core_.failed = true;
        core_.stats.state = to_string(State::kFailed);
        // Bytes that are all there are not an upload yet: its length, or the joining, may be
        // missing.
        left = core_.store->end() > acked ||
               (machine_ && core_.store->end() > 0 && !machine_->stored());
    }
    std::string folder;
    if (!left) {
        spiller_->end(LastAct::kDiscard);
    } else if (core_.config.replay.spool_mode != SpoolMode::kNever) {
        const Result<std::string> kept = keep();
        if (kept)
            folder = *kept;
        else
            report.detail += cat(" What was not sent is not kept either: ", kept.error().message);
    }
    if (!folder.empty())
        report.message += cat(" What the server does not have is kept in ", folder,
                              ": gst-tus-recover finishes it.");
    tell([&](UploadObserver &observer) {
        observer.on_failed(report, machine_ ? machine_->upload_url() : "", folder);
    });
    MutexLock lock(core_.mutex);
    core_.app_wake.notify_all();
}

// stop() came before the end.
void Worker::stopped()
{
    OnStop policy{};
    bool expired = false;
    std::uint64_t missing = 0;
    {
        MutexLock lock(core_.mutex);
        policy = core_.stop_policy;
        expired = core_.stop_expired || g_cancellable_is_cancelled(core_.cancel_all.get());
        missing = core_.store->end() - std::min(core_.store->end(), machine_->acked());
    }
    if (policy == OnStop::kTerminate)
        return terminate();
    Error error;
    error.kind = ErrorKind::kTimeout;
    error.retryable = true;
    error.message = policy == OnStop::kFinish && expired
                        ? cat("Stopped before the server had confirmed everything: ", missing,
                              " bytes were missing after stop-timeout.")
                        : cat("Stopped; the upload can be continued. ", missing,
                              " bytes are not at the server.");
    if (policy == OnStop::kFinish)
        return fail(error);
    journal();
    const bool begun = !machine_->upload_url().empty() || !machine_->parts().empty();
    std::optional<Result<std::string>> kept;
    if (core_.config.replay.spool_mode != SpoolMode::kNever && (missing > 0 || begun))
        kept = keep();
    if (missing == 0 && !begun)
        return;
    if (kept && !*kept)
        error.message += cat(" They are not kept on disk: ", kept->error().message);
    else if (kept)
        error.message += cat(" Kept in ", **kept, ": gst-tus-recover finishes it.");
    tell([&](UploadObserver &observer) { observer.on_warning(error); });
}

// The folder.
Result<std::string> Worker::keep()
{
    spiller_->end(LastAct::kKeep);
    spiller_->stop(Clock::now() + core_.config.disk_patience);
    MutexLock lock(core_.mutex);
    if (core_.last_result)
        return std::move(*core_.last_result);
    const std::string folder = core_.view().folder;
    return Error{.kind = ErrorKind::kDisk,
                 .message = cat("The disk has not answered for ",
                                std::chrono::ceil<seconds>(core_.config.disk_patience).count(),
                                " s. If it does before this program ends, what is left will be in ",
                                folder.empty() ? core_.config.replay.spool_dir : folder, '.')};
}

// Termination extension: DELETE. A server may hold on to the upload for a while after the PATCH was
// given up.
void Worker::remove(const std::string &url)
{
    TimePoint deadline = Clock::now() + kCleanUp;
    {
        MutexLock lock(core_.mutex);
        deadline = std::min(deadline, core_.stop_by.value_or(deadline));
    }
    const auto send = [&] {
        HttpRequest request = make_delete(url, identity());
        request.timeout = std::max<Duration>(deadline - Clock::now(), kGoodbye);
        request.connect_timeout = std::min<Duration>(kReconnect, request.timeout);
        return http_->send(request, core_.cancel_all.get());
    };
    const auto is_busy = [](const HttpResponse *response) {
        const int status = response ? response->status : 0;
        return status == 409 || status == 423 || status == 429 || (status >= 500 && status != 501);
    };
    const auto rest = [&](Duration pause) { // not sleep(): that is over when the upload is
        const TimePoint until = Clock::now() + pause;
        MutexLock lock(core_.mutex);
        while (until < deadline && Clock::now() < until && !core_.stop_expired)
            core_.worker_wake.wait_until(lock, until);
        return until < deadline && !core_.stop_expired;
    };
    HttpOutcome outcome = send();
    for (Duration pause = kRemovePause; is_busy(outcome.response()) && rest(pause);
         pause = std::min<Duration>(pause * 2, kMostRemovePause))
        outcome = send();
    const HttpResponse *response = outcome.response();
    if (response && (response->status < 300 || response->status == 404 || response->status == 410))
        return;
    Error error;
    error.kind = ErrorKind::kServer;
    error.http_status = response ? response->status : 0;
    error.message = cat("The upload could not be removed from the server (", redact_url(url), ").");
    error.detail = response ? std::string() : redact_(outcome.failure()->error.message);
    tell([&](UploadObserver &observer) { observer.on_warning(error); });
}

void Worker::terminate()
{
    std::vector<std::string> urls = machine_->parts();
    if (!machine_->upload_url().empty())
        urls.push_back(machine_->upload_url());
    for (const std::string &url : urls)
        remove(url);
    TargetContext context = target_context(core_.cancel_all.get(), kCleanUp);
    core_.target->abandoned(context, 0);
    spiller_->end(LastAct::kDiscard);
}

// --- helpers -------------------------------------------------------------------------------------

Identity Worker::identity()
{
    Identity identity;
    identity.homes = homes_;
    MutexLock lock(core_.mutex);
    identity.authorization = core_.runtime.authorization;
    identity.extra_headers = core_.runtime.extra_headers;
    credentials_used_ = core_.credential_changes;
    redact_.add(identity.authorization);
    for (const Header &header : identity.extra_headers)
        redact_.add(header.second);
    return identity;
}

TargetContext Worker::target_context(GCancellable *cancel, std::optional<Duration> timeout)
{
    StreamHints hints;
    Duration usual{};
    {
        MutexLock lock(core_.mutex);
        hints = core_.hints;
        usual = core_.runtime.timeout;
    }
    return TargetContext{*http_,
                         cancel,
                         redact_,
                         timeout.value_or(usual),
                         [this, cancel](Duration span) { return sleep(span, cancel); },
                         [this](const TargetNotice &notice) {
                             tell([&](UploadObserver &observer) {
                                 if (const auto *warning = std::get_if<TargetWarning>(&notice))
                                     observer.on_warning(warning->error);
                                 else
                                     observer.on_target_notice(notice);
                             });
                         },
                         std::move(hints)};
}

bool Worker::sleep(Duration span, GCancellable *cancel)
{
    const TimePoint until = Clock::now() + span;
    MutexLock lock(core_.mutex);
    const auto over = [&]() REQUIRES(core_.mutex) {
        return g_cancellable_is_cancelled(cancel) || core_.must_end(Clock::now()) ||
               (core_.following && core_.stopping); // nobody waits for what is followed
    };
    while (Clock::now() < until && !over()) {
        core_.worker_wake.wait_until(lock, core_.stop_by ? std::min(until, *core_.stop_by) : until);
    }
    return !over();
}

// Facts that another process needs to go on. No secrets: describe() promises that, and the
// credentials of the tus host are not written.
void Worker::journal()
{
    if (core_.config.replay.spool_mode == SpoolMode::kNever || !machine_)
        return;
    std::map<std::string, std::string> facts;
    for (const auto &[name, value] : core_.target->describe())
        facts[cat("target.", name)] = value;
    facts["upload-url"] = machine_->upload_url();
    if (machine_->origin_known())
        facts["origin"] = std::to_string(machine_->origin());
    facts["length-mode"] = to_string(machine_->mode());
    facts["released"] = std::to_string(machine_->releasable());
    // in one note with the position where they end: a crash must not come between the two
    std::string &parts = facts["parts"] = cat(machine_->releasable(), '\n');
    for (const std::string &part : machine_->parts())
        parts += cat(part, '\n');
    std::string &homes = facts["homes"]; // the upload-url may be anywhere
    for (const std::string &home : homes_)
        homes += cat(home, '\n');
    if (machine_->state() == State::kFinished)
        facts["finished"] = "1";
    MutexLock lock(core_.mutex);
    if (core_.ended && !core_.config.recovery) // which may not have all of it
        facts["length"] = std::to_string(core_.store->end());
    for (const auto &[name, value] : facts) {
        std::string &known = journaled_[name];
        if (known != value)
            core_.store->note(name, value);
        known = value;
    }
}

} // namespace gsttus
