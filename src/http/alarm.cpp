// Putting off is what happens with every piece of a body: it only stores a time, and the thread
// finds that out when it wakes.
#include "http/alarm.h"

#include <utility>

namespace gsttus {

Alarm::~Alarm()
{
    {
        MutexLock lock(mutex_);
        over_ = true;
        changed_.notify_all();
    }
    if (thread_)
        g_thread_join(thread_);
}

void Alarm::begin(GCancellable *cancel, Duration span)
{
    {
        MutexLock lock(mutex_);
        cancel_ = GRef<GCancellable>::retain(cancel);
        rang_ = false;
    }
    if (!has_thread())
        start();
    put_off(span);
}

bool Alarm::has_thread() const
{
    MutexLock lock(mutex_);
    return runs_;
}

void Alarm::start()
{
    if (thread_)
        g_thread_join(std::exchange(thread_, nullptr)); // it has ended
    {
        MutexLock lock(mutex_);
        runs_ = true;
    }
    thread_ = g_thread_try_new(
        "tus-alarm",
        [](gpointer self) -> gpointer {
            static_cast<Alarm *>(self)->run();
            return nullptr;
        },
        this, nullptr);
    if (thread_)
        return;
    MutexLock lock(mutex_); // the time-outs of the sockets are left
    runs_ = false;
}

void Alarm::put_off(Duration span)
{
    MutexLock lock(mutex_);
    if (!cancel_ || rang_)
        return;
    due_ = Clock::now() + span;
    if (*due_ < looks_at_)
        changed_.notify_all();
}

void Alarm::hold()
{
    MutexLock lock(mutex_);
    due_.reset();
}

void Alarm::end()
{
    MutexLock lock(mutex_);
    cancel_ = {};
    due_.reset();
    idle_since_ = Clock::now();
    if (looks_at_ == TimePoint::max()) // a thread that waits for nothing would never end
        changed_.notify_all();
}

bool Alarm::rang() const
{
    MutexLock lock(mutex_);
    return rang_;
}

void Alarm::run()
{
    MutexLock lock(mutex_);
    while (!over_) {
        if (due_ && Clock::now() >= *due_) {
            const GRef<GCancellable> late = cancel_;
            rang_ = true;
            due_.reset();
            lock.unlock();
            g_cancellable_cancel(late.get()); // runs its handlers
            lock.lock();
            continue;
        }
        if (!cancel_ && Clock::now() >= idle_since_ + idle_)
            break;
        wait(lock);
    }
    runs_ = false;
}

void Alarm::wait(MutexLock &lock)
{
    looks_at_ = due_ ? *due_ : cancel_ ? TimePoint::max() : idle_since_ + idle_;
    if (looks_at_ == TimePoint::max())
        changed_.wait(lock);
    else
        changed_.wait_until(lock, looks_at_);
    looks_at_ = TimePoint::min();
}

} // namespace gsttus
