// Putting off is what happens with every piece of a body: it only stores a time, and the thread
// finds that out when it wakes.
#include "http/alarm.h"

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
    // without a thread the time-outs of the sockets are left
    if (!thread_)
        thread_ = g_thread_try_new(
            "tus-alarm",
            [](gpointer self) -> gpointer {
                static_cast<Alarm *>(self)->run();
                return nullptr;
            },
            this, nullptr);
    put_off(span);
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
        looks_at_ = due_.value_or(TimePoint::max());
        if (due_)
            changed_.wait_until(lock, *due_);
        else
            changed_.wait(lock);
        looks_at_ = TimePoint::min();
    }
}

} // namespace gsttus
