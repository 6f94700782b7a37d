// Ends a request that takes too long, whatever blocks in it: a name that is looked up, a handshake,
// headers that come a byte at a time. GIO's own time-outs begin anew with every byte.
// Has a thread, which waits and cancels, and which ends when nothing was sent for a while: an
// upload that waits for hours needs none. The calls are of the thread that sends. Knows no HTTP.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "glib/ptr.h"

#include <optional>

#include <gio/gio.h>

namespace gsttus {

class Alarm {
public:
    explicit Alarm(Duration idle = seconds(5)) : idle_(idle) {}

    ~Alarm(); // not while a request is under way
    Alarm(const Alarm &) = delete;
    Alarm &operator=(const Alarm &) = delete;

    // From here to end(), `cancel` is cancelled when `span` has passed.
    void begin(GCancellable *cancel, Duration span);
    void put_off(Duration span); // it counts from now; not once it rang
    void hold();                 // it does not count, until put_off()
    void end();
    bool rang() const; // in the request that began last

    bool has_thread() const;

private:
    void run();
    void start();
    void wait(MutexLock &lock) REQUIRES(mutex_);

    const Duration idle_; // after that it has no thread
    mutable Mutex mutex_;
    Condition changed_;
    GRef<GCancellable> cancel_ GUARDED_BY(mutex_);
    std::optional<TimePoint> due_ GUARDED_BY(mutex_);
    TimePoint looks_at_ GUARDED_BY(mutex_) = TimePoint::max(); // when the thread wakes by itself
    bool rang_ GUARDED_BY(mutex_) = false;
    bool over_ GUARDED_BY(mutex_) = false;
    bool runs_ GUARDED_BY(mutex_) = false;
    TimePoint idle_since_ GUARDED_BY(mutex_){}; // while there is no cancel_
    GThread *thread_ = nullptr; // ours, perhaps at its end; nullptr: not needed yet, or the system
                                // has none
};

} // namespace gsttus
