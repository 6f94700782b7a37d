// What the threads share (Core), and the upload thread's side of it (Worker): executes the
// machine's actions one after the other and feeds the outcomes back. Private to upload/.
#pragma once

#include "base/mutex.h"
#include "glib/ptr.h"
#include "upload/live_upload.h"
#include "upload/rate_meter.h"
#include "upload/requests.h"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace gsttus {

// When which byte arrived, coarsely: enough to say how long the oldest unsent byte has waited.
class Arrivals {
public:
    void add(std::uint64_t position, TimePoint now, Duration resolution);
    // Arrival of the byte at `position`, if such a byte is there (`produced` > position).
    std::optional<TimePoint> since(std::uint64_t position, std::uint64_t produced);

private:
    std::deque<std::pair<std::uint64_t, TimePoint>> marks_;
};

// What becomes of the bytes in the end: see ReplayStore.
enum class LastAct { kNone, kKeep, kDiscard };

// What others may want to know of the store.
struct StoreView {
    std::uint64_t end = 0, in_memory = 0, on_disk = 0;
    std::string folder;
};

struct LiveUpload::Core : std::enable_shared_from_this<Core> {
    Core(UploadConfig config, std::unique_ptr<Target> target, TransportFactory transport,
         UploadObserver &observer, std::unique_ptr<ReplayStore> recovered);

    // set once, before the thread starts
    const UploadConfig config;
    const std::unique_ptr<Target> target; // used by the upload thread only
    const TransportFactory transport;
    UploadObserver &observer; // outlives the thread: see UploadObserver
    const GRef<GCancellable> cancel_work = GRef<GCancellable>::adopt(g_cancellable_new());
    const GRef<GCancellable> cancel_all = GRef<GCancellable>::adopt(g_cancellable_new());

    // Lock order: GStreamer's PREROLL_LOCK, then this one, then nothing. Never held over a
    // callback, a request or a wait other than the conditions below.
    Mutex mutex;
    Condition worker_wake; // the upload thread waits here
    Condition app_wake;    // write(), wait_drained() and stop() wait here
    Condition disk_wake;   // the disk thread waits here

    GThread *thread GUARDED_BY(mutex) = nullptr; // nullptr: not begun, or nobody's any more
    const std::unique_ptr<ReplayStore> store PT_GUARDED_BY(mutex);
    RuntimeConfig runtime GUARDED_BY(mutex);
    StreamHints hints GUARDED_BY(mutex);
    UploadStats stats GUARDED_BY(mutex);
    RateMeter rate GUARDED_BY(mutex);
    Arrivals arrivals GUARDED_BY(mutex);
    std::vector<Error> warnings GUARDED_BY(mutex); // for the upload thread to pass on
    std::optional<Wait> waiting GUARDED_BY(mutex); // what the upload thread waits for
    TimePoint started_at GUARDED_BY(mutex){};
    std::optional<TimePoint> ended_at GUARDED_BY(mutex);
    std::uint64_t taken GUARDED_BY(mutex) = 0; // stream position that requests have taken
    std::uint64_t network_changes GUARDED_BY(mutex) = 0;
    std::function<void()> network_listener GUARDED_BY(mutex); // the transport's
    std::uint64_t credential_changes GUARDED_BY(mutex) = 0;
    int writers_waiting GUARDED_BY(mutex) = 0; // for room
    int writers_blocked GUARDED_BY(mutex) = 0; // of these: because there is none
    bool block_warned GUARDED_BY(mutex) = false;
    bool hints_given GUARDED_BY(mutex) = false;
    bool settings_changed GUARDED_BY(mutex) = false;
    bool ended GUARDED_BY(mutex) = false;       // finish() or stop(kFinish)
    bool interrupted GUARDED_BY(mutex) = false; // interrupt() until resume()
    bool stopping GUARDED_BY(mutex) = false;
    bool stop_expired GUARDED_BY(mutex) = false;
    std::optional<TimePoint> stop_by GUARDED_BY(mutex);        // nobody else cancels then
    std::optional<TimePoint> callback_since GUARDED_BY(mutex); // an observer runs
    bool following GUARDED_BY(mutex) = false;                  // all is stored: Target::finished
    OnStop stop_policy GUARDED_BY(mutex) = OnStop::kFinish;
    bool complete GUARDED_BY(mutex) = false;
    bool failed GUARDED_BY(mutex) = false;
    bool exited GUARDED_BY(mutex) = false;                            // the upload thread is done
    bool spill_over GUARDED_BY(mutex) = false;                        // the disk thread has to end
    bool spill_gone GUARDED_BY(mutex) = false;                        // it has
    LastAct last_act GUARDED_BY(mutex) = LastAct::kNone;              // the disk thread's, or
    std::optional<Result<std::string>> last_result GUARDED_BY(mutex); // the upload thread's
    std::optional<StoreView> lent GUARDED_BY(mutex); // last_act has the store, or had
    // The upload thread reads what is stored, perhaps from a disk that does not answer; 0: it does
    // not. Nanoseconds of the clock; needs no lock.
    std::atomic<Duration::rep> reading_since{0};

    // The thread shares the core: whatever happens to others, it has ground to stand on. nullptr:
    // the system has no thread.
    GThread *make_thread(const char *name, void (*run)(Core &));

    std::size_t append(std::span<const std::byte> data) REQUIRES(mutex);
    void end(TimePoint now) REQUIRES(mutex);
    void take_disk_warning() REQUIRES(mutex);
    StoreView view() const REQUIRES(mutex);
    // Does last_act without the mutex; nobody else touches the store from then on.
    void finish_store(MutexLock &lock) REQUIRES(mutex);
    bool worker_is_due() REQUIRES(mutex);
    bool can_send() const REQUIRES(mutex);                // before the end
    Error no_room(bool disk_works) const REQUIRES(mutex); // why the writer waits
    bool must_end(TimePoint now) REQUIRES(mutex);         // stop() does not wait any longer
    std::optional<TimePoint> drain_deadline() REQUIRES(mutex);
    Input snapshot(TimePoint now) REQUIRES(mutex);
};

class Spiller;

class Worker {
public:
    explicit Worker(LiveUpload::Core &core);
    ~Worker();
    Worker(const Worker &) = delete;
    Worker &operator=(const Worker &) = delete;

    void run();

private:
    using Outcome = std::optional<Event>; // nullopt: the upload is over

    void loop();
    void wait_for_hints();
    bool told_to_end();
    void after_step(const Input &input);
    void deliver(const Report &report, const Input &input);
    void deliver_warnings();
    void publish_progress(bool now);
    Result<std::string> keep();

    Outcome perform(const Action &action, const Input &input);
    Outcome wait(const Wait &wait);
    Event resolve(const Resolve &action);
    Event send(HttpRequest request, const Input &input, bool creating);
    Event send_patch(const Patch &action, const Input &input);
    Event renew(const RenewCredentials &action);
    void complete();
    void fail(const Error &error);
    void stopped();
    void terminate();
    void remove(const std::string &url);

    template <typename Call>
    auto tell(Call call); // calls the observer
    bool too_late();      // for a request that is under way

    Identity identity(); // of the next request; its secrets are redacted from here on
    // `timeout` of a request; none: the user's.
    TargetContext target_context(GCancellable *cancel,
                                 std::optional<Duration> timeout = std::nullopt);
    bool sleep(Duration span, GCancellable *cancel);
    void journal();

    LiveUpload::Core &core_;
    const std::unique_ptr<Spiller> spiller_;
    std::unique_ptr<Transport> http_;
    std::unique_ptr<UploadMachine> machine_;
    Redactor redact_;
    Metadata metadata_;
    std::vector<std::string> homes_; // whose credentials we carry: see Identity
    std::uint64_t credentials_used_ = 0;
    std::uint64_t connect_failures_ = 0;
    bool distrust_kept_alive_ = false; // one was dead: the next body goes over a new connection
    TimePoint moved_{};                // when the body under way last moved
    TimePoint last_progress_{};
    std::map<std::string, std::string> journaled_;
    friend class StoreBody;
};

} // namespace gsttus
