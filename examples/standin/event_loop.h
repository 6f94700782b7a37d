// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread with its own GMainContext, and the only ways into it: post() and call().
// What is handed over goes through our own mutex, so that a race detector can follow it.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <thread>

#include <glib.h>

namespace gsttus::standin {

class EventLoop {
public:
    using Task = std::function<void()>;
    using TimerId = std::uint64_t; // 0: no timer

    EventLoop();
    ~EventLoop(); // stops
    EventLoop(const EventLoop &) = delete;
    EventLoop &operator=(const EventLoop &) = delete;

    void post(Task task) EXCLUDES(mutex_); // any thread; not run any more after stop()
    void call(Task task) EXCLUDES(mutex_); // any other thread; returns when the task has run
    void stop() EXCLUDES(mutex_);          // any other thread, any number of times

    // On the loop's own thread only.
    TimerId after(Duration delay, Task task);
    void cancel(TimerId &timer);
    void cancel_all(); // for the owner of all timers, before it goes

    GMainContext *context() const { return context_; }

private:
    struct Timer {
        EventLoop *loop = nullptr;
        TimerId id = 0;
        GSource *source = nullptr;
        Task task{};
    };

    void run();
    void drain() EXCLUDES(mutex_);
    static gboolean on_timer(gpointer data);

    GMainContext *context_ = nullptr; // owned
    GMainLoop *loop_ = nullptr;       // owned
    std::map<TimerId, Timer> timers_{};
    TimerId last_timer_ = 0;
    Mutex mutex_;
    Condition ran_;
    std::deque<Task> tasks_ GUARDED_BY(mutex_){};
    bool stopped_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

} // namespace gsttus::standin
