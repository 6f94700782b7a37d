// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Who goes before whom, and whom to wake for that. With a few hundred uploads a look at all of them
// costs next to nothing beside a request.
#include "upload/process.h"

#include "base/text.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace gsttus {

namespace {

constexpr seconds kTurn{20};      // without anything to show for it
constexpr seconds kLater{2};      // what was under way when an outage began has arrived by then
constexpr seconds kAsksAgain{15}; // who waits and does not ask is busy with something else
constexpr unsigned kFailures = 2; // once may be chance

template <typename Wakes>
void call(const Wakes &wakes)
{
    for (const auto &wake : wakes)
        wake();
}

} // namespace

std::string server_of(const std::string &url)
{
    using UriOwn = std::unique_ptr<GUri, GDelete<&g_uri_unref>>;
    const UriOwn uri(g_uri_parse(url.c_str(), G_URI_FLAGS_ENCODED, nullptr));
    if (!uri || !g_uri_get_host(uri.get()))
        return url;
    const std::string scheme = g_uri_get_scheme(uri.get()); // in small letters
    const GCharOwn host(g_ascii_strdown(g_uri_get_host(uri.get()), -1));
    const int port = g_uri_get_port(uri.get());
    return cat(scheme, "://", host.get(), ':', port > 0 ? port : scheme == "https" ? 443 : 80);
}

struct Process::Shared {
    Mutex mutex;
    std::weak_ptr<Process> process GUARDED_BY(mutex);
    std::weak_ptr<MemoryBudget> memory GUARDED_BY(mutex);
};

Process::Shared &Process::shared()
{
    static Shared &shared = *new Shared; // stays: a thread on its own may outlast main()
    return shared;
}

std::shared_ptr<MemoryBudget> Process::memory()
{
    MutexLock lock(shared().mutex);
    std::shared_ptr<MemoryBudget> memory = shared().memory.lock();
    if (!memory)
        shared().memory = memory = std::make_shared<MemoryBudget>();
    return memory;
}

std::shared_ptr<Process> Process::get()
{
    std::shared_ptr<MemoryBudget> memory = Process::memory();
    MutexLock lock(shared().mutex);
    std::shared_ptr<Process> process = shared().process.lock();
    if (!process)
        shared().process = process = std::make_shared<Process>(std::move(memory));
    return process;
}

// --- the order -----------------------------------------------------------------------------------

bool Process::goes_before(const Record &one, const Record &other)
{
    return std::tuple(one.luck, one.settings.started, one.number) <
           std::tuple(other.luck, other.settings.started, other.number);
}

Process::Queue Process::queue_beside(const Record &record, TimePoint now) const
{
    Queue queue;
    for (const Record &other : records_) {
        const bool counts = &other != &record && other.settings.server == record.settings.server &&
                            !(other.gone && g_cancellable_is_cancelled(other.gone.get()));
        if (counts && other.has_turn)
            queue.holders.push_back(&other);
        else if (counts && other.wants_turn && now - *other.wants_turn < kAsksAgain)
            queue.waiting.push_back(&other);
    }
    const auto in_order = [](const Record *a, const Record *b) { return goes_before(*a, *b); };
    std::sort(queue.holders.begin(), queue.holders.end(), in_order);
    std::sort(queue.waiting.begin(), queue.waiting.end(), in_order);
    return queue;
}

// To one that waits: only the last of those that have one.
bool Process::must_yield(const Record &record, const Queue &queue) const
{
    const unsigned most = record.settings.max_parallel_uploads;
    if (most == 0 || queue.holders.size() + 1 < most || queue.waiting.empty())
        return false;
    const bool is_last = queue.holders.empty() || goes_before(*queue.holders.back(), record);
    return is_last && goes_before(*queue.waiting.front(), record);
}

Process::Wakes Process::give_back(Record &record, TimePoint now)
{
    record.has_turn = false;
    const Queue queue = queue_beside(record, now);
    Wakes wakes;
    for (const Record *next : queue.waiting) {
        if (wakes.size() >= std::max(1U, next->settings.max_parallel_uploads))
            break;
        wakes.push_back(next->wake);
    }
    return wakes;
}

void Process::count_memory()
{
    std::uint64_t bound = std::numeric_limits<std::uint64_t>::max();
    for (const Record &record : records_) {
        if (record.settings.max_process_memory > 0)
            bound = std::min(bound, record.settings.max_process_memory);
    }
    memory_->set_bound(bound);
}

// --- one of them ---------------------------------------------------------------------------------

Process::Member::Member(MemberSettings settings, std::function<void()> wake, GCancellable *gone)
    : process_(Process::get())
{
    Record record;
    record.settings = std::move(settings);
    record.wake = std::move(wake);
    record.gone = GRef<GCancellable>::retain(gone);
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    record.number = ++process.numbers_;
    record_ = process.records_.insert(process.records_.end(), std::move(record));
    process.count_memory();
}

Process::Member::~Member()
{
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    const Wakes wakes = record_->has_turn ? process.give_back(*record_, Clock::now()) : Wakes();
    const std::string server = record_->settings.server;
    process.records_.erase(record_);
    const bool is_last =
        std::none_of(process.records_.begin(), process.records_.end(),
                     [&](const Record &other) { return other.settings.server == server; });
    if (is_last)
        process.servers_.erase(server);
    process.count_memory();
    lock.unlock();
    call(wakes);
}

bool Process::Member::take_turn(TimePoint now)
{
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    Record &record = *record_;
    record.wants_turn = now;
    const Queue queue = process.queue_beside(record, now);
    if (record.has_turn && process.must_yield(record, queue)) {
        const Wakes wakes = process.give_back(record, now);
        lock.unlock();
        call(wakes);
        return false;
    }
    if (record.has_turn)
        return true;
    const auto before = std::count_if(queue.waiting.begin(), queue.waiting.end(),
                                      [&](const Record *r) { return goes_before(*r, record); });
    const unsigned most = record.settings.max_parallel_uploads;
    record.has_turn = most == 0 || queue.holders.size() + static_cast<std::size_t>(before) < most;
    if (record.has_turn)
        record.turn_since = now;
    return record.has_turn;
}

void Process::Member::give_turn_back()
{
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    record_->wants_turn.reset();
    const Wakes wakes = record_->has_turn ? process.give_back(*record_, Clock::now()) : Wakes();
    lock.unlock();
    call(wakes);
}

void Process::Member::failed(TimePoint now, Duration pause)
{
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    Record &record = *record_;
    if (!record.failing_since)
        record.failing_since = now;
    const Server &server = process.servers_[record.settings.server];
    if (server.moved_at && *server.moved_at > *record.failing_since + kLater)
        ++record.failures_alone;
    if (record.failures_alone >= kFailures)
        record.luck = Record::Luck::kBehind;
    else if (record.has_turn && now + pause - record.turn_since >= kTurn)
        record.luck = std::max(record.luck, Record::Luck::kDoubted);
    const Queue queue = process.queue_beside(record, now);
    const bool others_first = !queue.waiting.empty() && goes_before(*queue.waiting.front(), record);
    if (!record.has_turn || record.luck == Record::Luck::kGood || !others_first)
        return;
    record.wants_turn.reset(); // when the pause is over
    const Wakes wakes = process.give_back(record, now);
    lock.unlock();
    call(wakes);
}

void Process::Member::heard(TimePoint now, bool moved)
{
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    Server &server = process.servers_[record_->settings.server];
    server.heard_at = now;
    if (moved) {
        server.moved_at = now;
        record_->turn_since = now;
        record_->failing_since.reset();
        record_->failures_alone = 0;
        record_->luck = Record::Luck::kGood;
    }
    for (Record &other : process.records_) {
        if (other.settings.server == record_->settings.server &&
            other.luck == Record::Luck::kDoubted)
            other.luck = Record::Luck::kGood;
    }
}

std::optional<TimePoint> Process::Member::server_heard_at() const
{
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    const auto server = process.servers_.find(record_->settings.server);
    return server == process.servers_.end() ? std::nullopt : server->second.heard_at;
}

bool Process::Member::stalls_first(const Error &reason)
{
    // a server that refuses one upload's credentials is there for the others
    const char *what = reason.kind == ErrorKind::kNotAuthorized ? "credentials" : "server";
    Process &process = *process_;
    MutexLock lock(process.mutex_);
    const bool first =
        std::none_of(process.records_.begin(), process.records_.end(), [&](const Record &other) {
            return &other != &*record_ && other.settings.server == record_->settings.server &&
                   other.stalled == what;
        });
    record_->stalled = what;
    return first;
}

void Process::Member::resumed()
{
    MutexLock lock(process_->mutex_);
    record_->stalled.reset();
}

} // namespace gsttus
