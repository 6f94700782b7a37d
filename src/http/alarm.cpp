// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Putting off is what happens with every piece of a body: it only stores a time, and the thread
// finds that out when it wakes.
#include "http/alarm.h"

#include <algorithm>
#include <utility>

namespace gsttus {

AlarmClock &AlarmClock::of_process()
{
    static auto *const clock = new AlarmClock; // its thread may outlive everything
    return *clock;
}

AlarmClock::~AlarmClock()
{
    GThread *thread = nullptr;
    {
        MutexLock lock(mutex_);
        over_ = true;
        changed_.notify_all();
        thread = std::exchange(thread_, nullptr);
    }
    if (thread)
        g_thread_join(thread);
}

bool AlarmClock::has_thread() const
{
    MutexLock lock(mutex_);
    return runs_;
}

void AlarmClock::start()
{
    if (thread_)
        g_thread_join(std::exchange(thread_, nullptr)); // it has ended, and needs no mutex for that
    thread_ = g_thread_try_new(
        "tus-alarm",
        [](gpointer self) -> gpointer {
            static_cast<AlarmClock *>(self)->run();
            return nullptr;
        },
        this, nullptr);
    runs_ = thread_ != nullptr; // otherwise the time-outs of the sockets are left
}

Alarm *AlarmClock::late(TimePoint now)
{
    for (Alarm *alarm : begun_)
        if (alarm->due_ && now >= *alarm->due_)
            return alarm;
    return nullptr;
}

void AlarmClock::run()
{
    MutexLock lock(mutex_);
    while (!over_) {
        const TimePoint now = Clock::now();
        if (Alarm *alarm = late(now)) {
            const GRef<GCancellable> cancel = alarm->cancel_;
            alarm->rang_ = true;
            alarm->due_.reset();
            lock.unlock();                      // from here on the alarm may be gone
            g_cancellable_cancel(cancel.get()); // runs its handlers
            lock.lock();
            continue;
        }
        if (begun_.empty() && now >= idle_since_ + idle_)
            break;
        wait(lock);
    }
    runs_ = false;
}

void AlarmClock::wait(MutexLock &lock)
{
    looks_at_ = begun_.empty() ? idle_since_ + idle_ : TimePoint::max();
    for (const Alarm *alarm : begun_)
        looks_at_ = std::min(looks_at_, alarm->due_.value_or(TimePoint::max()));
    if (looks_at_ == TimePoint::max())
        changed_.wait(lock);
    else
        changed_.wait_until(lock, looks_at_);
    looks_at_ = TimePoint::min();
}

void Alarm::begin(GCancellable *cancel, Duration span)
{
    {
        MutexLock lock(clock_.mutex_);
        if (!cancel_)
            clock_.begun_.push_back(this);
        cancel_ = GRef<GCancellable>::retain(cancel);
        rang_ = false;
        if (!clock_.runs_)
            clock_.start();
    }
    put_off(span);
}

void Alarm::put_off(Duration span)
{
    MutexLock lock(clock_.mutex_);
    if (!cancel_ || rang_)
        return;
    due_ = Clock::now() + span;
    if (*due_ < clock_.looks_at_)
        clock_.changed_.notify_all();
}

void Alarm::hold()
{
    MutexLock lock(clock_.mutex_);
    due_.reset();
}

void Alarm::end()
{
    MutexLock lock(clock_.mutex_);
    if (!cancel_)
        return;
    cancel_ = {};
    due_.reset();
    std::erase(clock_.begun_, this);
    if (!clock_.begun_.empty())
        return;
    clock_.idle_since_ = Clock::now();
    if (clock_.looks_at_ == TimePoint::max()) // a thread that waits for nothing would never end
        clock_.changed_.notify_all();
}

bool Alarm::rang() const
{
    MutexLock lock(clock_.mutex_);
    return rang_;
}

} // namespace gsttus
