// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the threads of one upload share, and the one mutex over it. Private to upload/.
// Runs on whatever thread calls. Plain values, grouped by what they say together; knows no
// protocol and no request.
#pragma once

#include "base/mutex.h"
#include "base/thread.h"
#include "glib/ptr.h"
#include "replay/head_block.h"
#include "upload/arrivals.h"
#include "upload/live_upload.h"
#include "upload/rate_meter.h"
#include "upload/recording_hash.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gsttus {

// What ends a request. Nobody takes a cancel back.
struct Cancels {
    GRef<GCancellable> work = GRef<GCancellable>::adopt(g_cancellable_new()); // what is under way
    GRef<GCancellable> all = GRef<GCancellable>::adopt(g_cancellable_new());  // the clean-up too
};

struct Wakes {
    Condition worker; // the upload thread waits here
    Condition app;    // write(), wait_drained() and stop() wait here
    Condition disk;   // the disk thread waits here
};

// The bytes that may be rewritten until the end (seekable-header). Until then the store holds what
// follows them, from its position 0 on; then they are behind that.
struct HeadFacts {
    HeadBlock block;
    std::uint64_t placed = 0;        // of its bytes, in the store; of another process' too
    std::optional<std::uint64_t> at; // where they are there, or are about to be
    std::string note; // of that, which waits until the head's file is there; empty: there is none
    bool goes_first = false; // one upload, in the order of the file: see Core::place_of()
    bool hashed = false;
    // Nothing came behind it: to be hashed by who asks.
    std::shared_ptr<const MemoryBlock> to_hash;
    TimePoint synced{};
};

// What the source may still rewrite: see LiveUpload::hold_from().
struct Tail {
    std::optional<std::uint64_t> from;
    std::uint64_t gave_way = 0; // what is before this position is not held any more
    // Not to be changed: what requests have taken, ever; and what they may take as a step of the
    // machine is under way.
    std::uint64_t taken = 0, offered = 0;
};

// What the source has told of its stream.
struct SourceFacts {
    StreamHints hints;
    bool hints_complete = false;
    std::optional<TimePoint> ended_at; // finish() or stop(kFinish): no byte follows
    Arrivals arrivals;
    // Nothing is lost when it is held up: asked by who writes. None: that is not so.
    std::function<bool()> can_wait;
    TimePoint asked_at{};
    HeadFacts head;
    Tail tail;
};

// Where bytes of the stream lie in the store: so many from `at` on follow each other.
struct StorePlace {
    std::uint64_t at = 0, length = 0;
};

// What the application's threads wait for. blocked <= writers.
struct Waiters {
    int writers = 0;           // for room
    int blocked = 0;           // of these: because there is none
    bool block_warned = false; // until the server has caught up
    bool interrupted = false;  // interrupt() until resume()
};

// What is new since somebody looked: the upload thread does not wait over it.
struct Changes {
    std::uint64_t network = 0, credentials = 0; // counters: see Input
    bool settings = false;
    bool turn = false;                      // it may be the upload's
    std::optional<TimePoint> resumed_at;    // the last pause was over; see Worker::await_turn()
    std::function<void()> network_listener; // the transport's
};

// The stop that was asked for. The first one counts, and is never taken back.
struct StopRequest {
    bool asked = false;
    OnStop policy = OnStop::kFinish;
    bool expired = false; // stop() does not wait any longer
    // Told of beforehand, or asked on the upload thread itself: it ends by then on its own.
    std::optional<TimePoint> by;

    bool is_due(TimePoint now); // the upload ends now, as `policy` says
};

// The upload thread, as the others see it.
struct UploadThread {
    std::unique_ptr<Thread> handle; // nullptr: not begun, or nobody's any more
    TimePoint started_at{};
    std::optional<Wait> waiting;             // what it waits for
    std::optional<TimePoint> callback_since; // an observer runs
    bool queued = false;                     // for its turn, see process.h
    bool following = false;                  // all is stored: Target::finished
    bool in_trouble = false;                 // the last attempt failed
    bool exited = false;
};

enum class UploadOutcome { kNone, kComplete, kFailed }; // leaves kNone at most once

// What others may want to know of the store.
struct StoreView {
    std::uint64_t end = 0, in_memory = 0, on_disk = 0;
    std::string folder;
};

// What becomes of the bytes in the end: see ReplayStore.
enum class LastAct { kNone, kKeep, kKeepWhole, kDiscard };

// Once `act` is chosen nobody else uses the store: the disk thread does it as its last, or without
// one the upload thread. It needs no mutex for that, so `lent` is what the others see meanwhile.
struct StoreFate {
    LastAct act = LastAct::kNone;
    std::optional<StoreView> lent;             // act has the store, or had
    std::optional<Result<std::string>> result; // of act: the folder
    bool spill_over = false;                   // the disk thread has to end
    bool spill_gone = false;                   // it has, or there was none
};

struct Tally {
    UploadStats stats; // without what StoreView has, and the rate
    RateMeter rate;    // of stats.bytes_acked
};

struct LiveUpload::Core : std::enable_shared_from_this<Core> {
    Core(UploadConfig config, std::unique_ptr<Target> target, TransportFactory transport,
         UploadObserver &observer, std::unique_ptr<ReplayStore> recovered);

    // set once, before the thread starts
    const UploadConfig config;
    const std::unique_ptr<Target> target; // used by the upload thread only
    const TransportFactory transport;
    UploadObserver &observer; // outlives the thread: see UploadObserver
    const Cancels cancel;

    // Lock order: GStreamer's PREROLL_LOCK, then this one, then nothing. Never held over a
    // callback, a request or a wait other than the conditions below.
    Mutex mutex;
    Wakes wake;

    const std::unique_ptr<ReplayStore> store PT_GUARDED_BY(mutex);
    StoreFate fate GUARDED_BY(mutex);
    RuntimeConfig runtime GUARDED_BY(mutex);
    SourceFacts source GUARDED_BY(mutex);
    Waiters waiters GUARDED_BY(mutex);
    Changes changes GUARDED_BY(mutex);
    StopRequest stop GUARDED_BY(mutex);
    UploadThread thread GUARDED_BY(mutex);
    UploadOutcome outcome GUARDED_BY(mutex) = UploadOutcome::kNone;
    Tally tally GUARDED_BY(mutex);
    std::vector<Error> warnings GUARDED_BY(mutex); // for the upload thread to pass on
    // The upload thread reads what is stored, perhaps from a disk that does not answer; 0: it does
    // not. Nanoseconds of the clock; needs no lock.
    std::atomic<Duration::rep> reading_since{0};
    RecordingHash hash; // of what was taken; has a mutex of its own, the last in the order

    // The thread shares the core: whatever happens to others, it has ground to stand on. nullptr:
    // the system has no thread.
    std::unique_ptr<Thread> make_thread(const char *name, void (*run)(Core &), bool yields_much);

    bool closed() const REQUIRES(mutex) { return source.ended_at.has_value(); } // no byte more

    // All that there is, is in the store.
    bool ended() const REQUIRES(mutex)
    {
        return closed() && (!source.head.block.is_there() || source.head.block.is_placed());
    }

    std::uint64_t rendered() const REQUIRES(mutex); // bytes of the recording, so far

    // A position of the machine's in the store. They are the same, but where the head goes first.
    StorePlace place_of(std::uint64_t position) const REQUIRES(mutex);
    std::uint64_t released_in_store(std::uint64_t position) const REQUIRES(mutex);

    // Nothing is sent although something is left to be.
    bool is_paused() const REQUIRES(mutex);
    // The upload ends now, as the stop says. In a pause, or behind others, nothing can be finished.
    bool has_to_stop(TimePoint now) REQUIRES(mutex);

    // The recording has ended, but not all of it is at the server, and it does not get there.
    bool gives_back(TimePoint now) const REQUIRES(mutex);
    // How long what the server does not have may be in memory only.
    Duration memory_patience(TimePoint now) const REQUIRES(mutex);

    // What comes faster than it is sent waits at its source, not on the disk: the source can wait,
    // and the server takes what it gets.
    bool holds_source_back() const REQUIRES(mutex);

    // Stream position after the newest byte that may be sent.
    std::uint64_t sendable() const REQUIRES(mutex);
    // A writer waits for room, and nothing but what is held could make some.
    bool hold_is_in_the_way() const REQUIRES(mutex);
    void end_hold() REQUIRES(mutex);

    std::size_t append(std::span<const std::byte> data) REQUIRES(mutex);
    // At the end, into the store. Where the system has no memory for that, again and again.
    void place_head(bool at_once = false) REQUIRES(mutex);
    // It waits for what comes before it to be on the disk, or at the server: what it says last may
    // be of use with all of that only (an index at the end). Not for long, should the disk not
    // answer.
    bool awaits_body(TimePoint now) const REQUIRES(mutex);
    // Bytes of it are in the store that a file may not have before its own has them.
    bool head_is_at_risk() const REQUIRES(mutex);
    // With spool-mode=always: something that was taken is in no file yet.
    bool awaits_safety() const REQUIRES(mutex);
    void end(TimePoint now) REQUIRES(mutex);
    void take_disk_warning() REQUIRES(mutex);
    StoreView view() const REQUIRES(mutex);
    // Does fate.act without the mutex; nobody else touches the store from then on.
    void finish_store(MutexLock &lock) REQUIRES(mutex);
    // The journal is told of the head's place when a crash finds the head itself: before, and as
    // long as it is at risk, none of its bytes in the store goes to a file.
    void note_safe_head() REQUIRES(mutex);
    Result<void> keep_head(); // while nobody else touches the store
    bool worker_is_due() const REQUIRES(mutex);
    bool can_send() const REQUIRES(mutex); // before the end
    std::optional<TimePoint> drain_deadline() const REQUIRES(mutex);
    Input snapshot(TimePoint now) REQUIRES(mutex);
    // Of the whole recording; empty: it has not ended, or nobody knows. `wait`: for what is just
    // being added.
    std::string sha256(bool wait = false);
};

// The upload thread does something that a disk may take long for: stop() knows. Never with the
// mutex.
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

} // namespace gsttus
