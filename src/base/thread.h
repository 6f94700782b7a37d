// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread of the system, with a name. Where addresses are few (32 bit) its stack takes 1 MiB of
// them and not the usual 8: of uploads that wait for their server there may be hundreds, with one
// each.
#pragma once

#include <functional>
#include <memory>

#include <pthread.h>

namespace gsttus {

class Thread {
public:
    // `name`: a literal of at most 15 letters. nullptr: the system has no thread.
    static std::unique_ptr<Thread> start(const char *name, std::function<void()> run);

    ~Thread(); // one that was not joined is on its own from here on
    Thread(const Thread &) = delete;
    Thread &operator=(const Thread &) = delete;

    void join(); // once, and not by itself

    bool is_this() const { return pthread_equal(id_, pthread_self()) != 0; }

private:
    Thread() = default;

    pthread_t id_{};
    bool joined_ = true; // until it runs
};

} // namespace gsttus
