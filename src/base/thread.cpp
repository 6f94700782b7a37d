// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// With pthreads, since neither GLib nor the standard library lets one choose the size of a stack.
#include "base/thread.h"

#include <utility>

namespace gsttus {

namespace {

constexpr std::size_t kStack = sizeof(void *) > 4 ? 0 : 1 << 20; // bytes; 0: as the system has it

struct Start {
    const char *name;
    std::function<void()> run;
};

void *enter(void *data)
{
    const std::unique_ptr<Start> start(static_cast<Start *>(data));
#ifdef __linux__
    (void)pthread_setname_np(pthread_self(), start->name);
#endif
    start->run();
    return nullptr;
}

} // namespace

std::unique_ptr<Thread> Thread::start(const char *name, std::function<void()> run)
{
    std::unique_ptr<Thread> thread(new Thread);
    auto begin = std::make_unique<Start>(Start{name, std::move(run)});
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return nullptr;
    const bool sized = kStack == 0 || pthread_attr_setstacksize(&attributes, kStack) == 0;
    const bool runs = sized && pthread_create(&thread->id_, &attributes, enter, begin.get()) == 0;
    pthread_attr_destroy(&attributes);
    if (!runs)
        return nullptr;
    (void)begin.release(); // the thread's
    thread->joined_ = false;
    return thread;
}

Thread::~Thread()
{
    if (!joined_)
        pthread_detach(id_);
}

void Thread::join()
{
    pthread_join(id_, nullptr);
    joined_ = true;
}

} // namespace gsttus
