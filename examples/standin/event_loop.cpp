// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "event_loop.h"

namespace gsttus::standin {

EventLoop::EventLoop()
    : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)),
      thread_([this] { run(); })
{
}

EventLoop::~EventLoop()
{
    stop();
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
}

void EventLoop::run()
{
    g_main_context_push_thread_default(context_);
    g_main_loop_run(loop_);
    cancel_all();
    g_main_context_pop_thread_default(context_);
}

void EventLoop::drain()
{
    while (true) {
        Task task;
        {
            MutexLock lock(mutex_);
            if (tasks_.empty())
                return;
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task();
    }
}

void EventLoop::post(Task task)
{
    {
        MutexLock lock(mutex_);
        if (stopped_)
            return;
        tasks_.push_back(std::move(task));
    }
    GSource *source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(
        source,
        [](gpointer self) -> gboolean {
            static_cast<EventLoop *>(self)->drain();
            return G_SOURCE_REMOVE;
        },
        this, nullptr);
    g_source_attach(source, context_);
    g_source_unref(source);
}

void EventLoop::call(Task task)
{
    bool done = false; // guarded by mutex_ as well, which the analysis can not say of a local
    post([this, &task, &done] {
        task();
        MutexLock lock(mutex_);
        done = true;
        ran_.notify_all();
    });
    MutexLock lock(mutex_);
    while (!done && !stopped_)
        ran_.wait(lock);
}

void EventLoop::stop()
{
    {
        MutexLock lock(mutex_);
        if (stopped_)
            return;
    }
    post([this] { g_main_loop_quit(loop_); });
    thread_.join();
    MutexLock lock(mutex_);
    stopped_ = true;
    tasks_.clear();
    ran_.notify_all();
}

EventLoop::TimerId EventLoop::after(Duration delay, Task task)
{
    const auto span = std::chrono::duration_cast<milliseconds>(delay).count();
    const TimerId id = ++last_timer_;
    Timer &timer = timers_[id];
    timer = {.loop = this,
             .id = id,
             .source = g_timeout_source_new(static_cast<guint>(span < 0 ? 0 : span)),
             .task = std::move(task)};
    g_source_set_priority(timer.source, G_PRIORITY_DEFAULT);
    g_source_set_callback(timer.source, on_timer, &timer, nullptr);
    g_source_attach(timer.source, context_);
    return id;
}

gboolean EventLoop::on_timer(gpointer data)
{
    auto *timer = static_cast<Timer *>(data);
    EventLoop *loop = timer->loop;
    const Task task = std::move(timer->task);
    TimerId id = timer->id;
    loop->cancel(id);
    task();
    return G_SOURCE_REMOVE;
}

void EventLoop::cancel_all()
{
    for (auto &[id, timer] : timers_) {
        g_source_destroy(timer.source);
        g_source_unref(timer.source);
    }
    timers_.clear();
}

void EventLoop::cancel(TimerId &timer)
{
    if (const auto found = timers_.find(timer); found != timers_.end()) {
        g_source_destroy(found->second.source);
        g_source_unref(found->second.source);
        timers_.erase(found);
    }
    timer = 0;
}

} // namespace gsttus::standin
