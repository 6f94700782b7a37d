// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/mutex.h"
#include "base/thread.h"
#include "test.h"

#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

using gsttus::Condition;
using gsttus::Mutex;
using gsttus::MutexLock;
using gsttus::Thread;
using gsttus::test::add_test;

namespace {

// Threads wait here until all may go.
struct Gate {
    Mutex mutex;
    Condition changed;
    std::size_t waiting = 0;
    bool open = false;

    void wait()
    {
        MutexLock lock(mutex);
        ++waiting;
        changed.notify_all();
        while (!open)
            changed.wait(lock);
    }

    void wait_for(std::size_t count)
    {
        MutexLock lock(mutex);
        while (waiting < count)
            changed.wait(lock);
    }

    void let_go()
    {
        const MutexLock lock(mutex);
        open = true;
        changed.notify_all();
    }
};

void thread_has_its_name_and_knows_itself()
{
    Gate gate;
    std::string name(16, '\0');
    const auto thread = Thread::start("tus-test", [&] {
        (void)pthread_getname_np(pthread_self(), name.data(), name.size());
        gate.wait();
    });
    g_assert_nonnull(thread.get());
    g_assert_false(thread->is_this());
    gate.wait_for(1);
    gate.let_go();
    thread->join();
    g_assert_cmpstr(name.c_str(), ==, "tus-test");
}

void thread_that_is_not_joined_goes_on_alone()
{
    const auto gate = std::make_shared<Gate>();
    const auto over = std::make_shared<Gate>();
    auto thread = Thread::start("tus-test", [gate, over] {
        gate->wait();
        over->open = true;
        over->wait(); // says that it came here
    });
    g_assert_nonnull(thread.get());
    thread.reset();
    gate->let_go();
    over->wait_for(1);
}

// With stacks of 8 MiB there is room for 300 in what 32 bit have of addresses, at most.
void there_is_room_for_hundreds()
{
    Gate gate;
    std::vector<std::unique_ptr<Thread>> threads;
    for (int i = 0; i < 700; ++i) {
        threads.push_back(Thread::start("tus-test", [&gate] { gate.wait(); }));
        g_assert_nonnull(threads.back().get());
    }
    gate.wait_for(threads.size());
    gate.let_go();
    for (const auto &thread : threads)
        thread->join();
}

// What the thread would have had is gone with it.
void none_is_told()
{
    if (geteuid() == 0)
        return g_test_skip("root has as many threads as it wants");

    struct rlimit before {};

    g_assert_cmpint(getrlimit(RLIMIT_NPROC, &before), ==, 0);
    struct rlimit least = before;
    least.rlim_cur = 0;
    g_assert_cmpint(setrlimit(RLIMIT_NPROC, &least), ==, 0);
    const auto held = std::make_shared<int>(1);
    const auto thread = Thread::start("tus-test", [held] {});
    g_assert_cmpint(setrlimit(RLIMIT_NPROC, &before), ==, 0);
    g_assert_null(thread.get());
    g_assert_cmpint(held.use_count(), ==, 1);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/thread/name", thread_has_its_name_and_knows_itself);
    add_test("/thread/alone", thread_that_is_not_joined_goes_on_alone);
    add_test("/thread/hundreds", there_is_room_for_hundreds);
    add_test("/thread/none", none_is_told);
    return g_test_run();
}
