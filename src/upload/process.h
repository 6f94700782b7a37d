// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the uploads of one process share: the memory that they may take together, whose turn it is
// to work off a backlog, and what was said already. Made by the first upload, gone with the last.
// No thread of its own; one mutex, which comes after that of an upload: wakes are called without.
// Knows no protocol and no store.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "glib/ptr.h"
#include "replay/memory_budget.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gio/gio.h>

namespace gsttus {

// "https://host:443": uploads with the same go to one server.
std::string server_of(const std::string &url);

struct MemberSettings {
    TimePoint started{};                  // of the recording: the older one goes first
    std::string server;                   // see server_of()
    unsigned max_parallel_uploads = 4;    // 0: all
    std::uint64_t max_process_memory = 0; // bytes
};

// Turns. Among the uploads to one server that work off a backlog, the oldest `max_parallel_uploads`
// have one each; one that waits makes no request. An older one that comes later gets the turn of
// the newest when that has done a request. A turn that brings nothing must not hold up the others:
// * Who fails twice while the server takes something from others is out of luck alone: behind.
// * Who has brought nothing for 20 s lets somebody else look whether the server answers; when it
//   does, that counts for nothing any more. So in an outage they all look in the end, a few at a
//   time, and when it is over the oldest go first.
// * Who is behind goes after all others, until the server takes something from it.
class Process {
public:
    class Member;

    explicit Process(std::shared_ptr<MemoryBudget> memory) : memory_(std::move(memory)) {}

    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;

    // For all stores of the process. Lives as long as somebody has it.
    static std::shared_ptr<MemoryBudget> memory();

private:
    struct Record {
        MemberSettings settings;
        std::uint64_t number = 0; // of those that started at the same moment
        std::function<void()> wake;
        GRef<GCancellable> gone; // cancelled: nobody waits for its thread any more

        bool has_turn = false;
        std::optional<TimePoint> wants_turn;    // since it last asked
        TimePoint turn_since{};                 // or since the server last took something
        std::optional<TimePoint> failing_since; // and nothing has moved since
        unsigned failures_alone = 0;            // of these: after others have moved
        enum class Luck { kGood, kDoubted, kBehind } luck = Luck::kGood;

        std::optional<std::string> stalled; // what the outage is one of
    };

    struct Server {
        std::optional<TimePoint> heard_at, moved_at; // see Member::heard()
    };

    using Wakes = std::vector<std::function<void()>>;

    // Of those with the same luck the older one.
    static bool goes_before(const Record &one, const Record &other);

    struct Queue {
        std::vector<const Record *> holders, waiting; // in their order; of others
    };

    Queue queue_beside(const Record &record, TimePoint now) const REQUIRES(mutex_);
    bool must_yield(const Record &record, const Queue &queue) const REQUIRES(mutex_);
    Wakes give_back(Record &record, TimePoint now) REQUIRES(mutex_);
    void count_memory() REQUIRES(mutex_);

    struct Shared;
    static Shared &shared();
    static std::shared_ptr<Process> get();

    const std::shared_ptr<MemoryBudget> memory_;
    Mutex mutex_;
    std::list<Record> records_ GUARDED_BY(mutex_); // oldest first
    std::uint64_t numbers_ GUARDED_BY(mutex_) = 0;
    std::map<std::string, Server, std::less<>> servers_ GUARDED_BY(mutex_);
};

// One upload in its process: as long as its thread runs. Any thread, but without the mutex of an
// upload: it may wake another.
class Process::Member {
public:
    // `wake` is called when a turn may be free, from any thread, and perhaps once when this is
    // gone. `gone`: see Record.
    Member(MemberSettings settings, std::function<void()> wake, GCancellable *gone);
    ~Member(); // does not count in anything any more
    Member(const Member &) = delete;
    Member &operator=(const Member &) = delete;

    // --- turns -----------------------------------------------------------------------------------

    // Before each request. FALSE: it has to wait, and to ask again when woken, or after a few
    // seconds.
    bool take_turn(TimePoint now);
    // It does not want one any more, for now.
    void give_turn_back();
    // An attempt failed, the next one is made after `pause`. May take the turn.
    void failed(TimePoint now, Duration pause);
    // The server answered well; `moved`: it took something.
    void heard(TimePoint now, bool moved);
    // When it last did so, to any.
    std::optional<TimePoint> server_heard_at() const;

    // --- what is said ----------------------------------------------------------------------------

    // An outage begins for this upload. TRUE: for no other to this server it is under way.
    bool stalls_first(const Error &reason);
    void resumed();

private:
    const std::shared_ptr<Process> process_;
    std::list<Record>::iterator record_;
};

} // namespace gsttus
