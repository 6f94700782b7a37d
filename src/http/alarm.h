// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends a request that takes too long, whatever blocks in it: a name that is looked up, a handshake,
// headers that come a byte at a time. GIO's own time-outs begin anew with every byte.
// One thread waits and cancels for all requests of the process, and ends when none was sent for a
// while. The calls of an Alarm are of the thread that sends. Knows no HTTP.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "glib/ptr.h"

#include <optional>
#include <vector>

#include <gio/gio.h>

namespace gsttus {

class Alarm;

// The thread, and what it waits for.
class AlarmClock {
public:
    explicit AlarmClock(Duration idle = seconds(5)) : idle_(idle) {}

    ~AlarmClock(); // after all its alarms
    AlarmClock(const AlarmClock &) = delete;
    AlarmClock &operator=(const AlarmClock &) = delete;

    static AlarmClock &of_process(); // stays

    bool has_thread() const;

private:
    friend class Alarm;

    void run();
    void start() REQUIRES(mutex_);
    Alarm *late(TimePoint now) REQUIRES(mutex_);
    void wait(MutexLock &lock) REQUIRES(mutex_);

    const Duration idle_; // after that it has no thread
    mutable Mutex mutex_;
    Condition changed_;
    std::vector<Alarm *> begun_ GUARDED_BY(mutex_); // their own; each is here until its end()
    TimePoint idle_since_ GUARDED_BY(mutex_){};     // while there are none
    TimePoint looks_at_ GUARDED_BY(mutex_) = TimePoint::max(); // when the thread wakes by itself
    bool over_ GUARDED_BY(mutex_) = false;
    bool runs_ GUARDED_BY(mutex_) = false;
    // Ours, perhaps at its end; nullptr: not needed yet, or the system has none.
    GThread *thread_ GUARDED_BY(mutex_) = nullptr;
};

// Of one request after the other.
class Alarm {
public:
    explicit Alarm(AlarmClock &clock = AlarmClock::of_process()) : clock_(clock) {}

    ~Alarm() { end(); }

    Alarm(const Alarm &) = delete;
    Alarm &operator=(const Alarm &) = delete;

    // From here to end(), `cancel` is cancelled when `span` has passed.
    void begin(GCancellable *cancel, Duration span);
    void put_off(Duration span); // it counts from now; not once it rang
    void hold();                 // it does not count, until put_off()
    void end();
    bool rang() const; // in the request that began last

private:
    friend class AlarmClock;

    AlarmClock &clock_;
    // Under the clock's mutex, which the analysis can not tell from another one.
    GRef<GCancellable> cancel_;
    std::optional<TimePoint> due_;
    bool rang_ = false;
};

} // namespace gsttus
