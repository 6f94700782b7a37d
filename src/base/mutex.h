// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A mutex, a lock and a condition that clang's -Wthread-safety can check.
// Data is declared GUARDED_BY(mutex_); a function that needs the lock says REQUIRES(mutex_).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define GSTTUS_TSA(x) __attribute__((x))
#else
#define GSTTUS_TSA(x)
#endif

#define CAPABILITY(x) GSTTUS_TSA(capability(x))
#define SCOPED_CAPABILITY GSTTUS_TSA(scoped_lockable)
#define GUARDED_BY(x) GSTTUS_TSA(guarded_by(x))
#define PT_GUARDED_BY(x) GSTTUS_TSA(pt_guarded_by(x))
#define REQUIRES(...) GSTTUS_TSA(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) GSTTUS_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) GSTTUS_TSA(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS GSTTUS_TSA(no_thread_safety_analysis)
#define EXCLUDES(...) GSTTUS_TSA(locks_excluded(__VA_ARGS__))

namespace gsttus {

class CAPABILITY("mutex") Mutex {
public:
    void lock() ACQUIRE() { mutex_.lock(); }

    void unlock() RELEASE() { mutex_.unlock(); }

private:
    friend class MutexLock;
    std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
public:
    explicit MutexLock(Mutex &mutex) ACQUIRE(mutex) : lock_(mutex.mutex_) {}

    ~MutexLock() RELEASE() = default;
    MutexLock(const MutexLock &) = delete;
    MutexLock &operator=(const MutexLock &) = delete;

    void unlock() RELEASE() { lock_.unlock(); }

    void lock() ACQUIRE() { lock_.lock(); }

private:
    friend class Condition;
    std::unique_lock<std::mutex> lock_;
};

class Condition {
public:
    // Spurious wake-ups happen: callers loop over what they wait for.
    void wait(MutexLock &lock) { condition_.wait(lock.lock_); }

    void wait_until(MutexLock &lock, std::chrono::steady_clock::time_point when)
    {
        condition_.wait_until(lock.lock_, when);
    }

    void notify_all() { condition_.notify_all(); }

private:
    std::condition_variable condition_;
};

} // namespace gsttus
