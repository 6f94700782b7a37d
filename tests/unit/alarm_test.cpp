// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One thread for all alarms; a clock that has nothing to wait for has none, and gets one again.
#include "http/alarm.h"
#include "patience.h"
#include "test.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace gsttus;
using gsttus::test::add_test;

namespace {

const seconds kPatience = gsttus::test::patience(seconds(30));

bool comes(auto holds)
{
    const TimePoint until = Clock::now() + kPatience;
    while (!holds() && Clock::now() < until)
        std::this_thread::sleep_for(milliseconds(1));
    return holds();
}

GRef<GCancellable> new_cancel()
{
    return GRef<GCancellable>::adopt(g_cancellable_new());
}

void idle_clock_has_no_thread()
{
    AlarmClock clock(milliseconds(1));
    Alarm alarm(clock);
    for (int round = 0; round < 6; ++round) {
        const GRef<GCancellable> cancel = new_cancel();
        const bool rings = round % 3 == 1;
        alarm.begin(cancel.get(), rings ? Duration(milliseconds(5)) : Duration(milliseconds(50)));
        g_assert_true(clock.has_thread());
        if (round % 3 == 2)
            alarm.hold();
        if (rings)
            g_assert_true(comes([&] { return g_cancellable_is_cancelled(cancel.get()) != 0; }));
        g_assert_cmpint(alarm.rang(), ==, rings);
        alarm.end();
        g_assert_true(comes([&] { return !clock.has_thread(); }));
        g_assert_cmpint(g_cancellable_is_cancelled(cancel.get()), ==, rings);
    }
}

void clock_that_is_used_keeps_its_thread()
{
    AlarmClock clock(seconds(600));
    Alarm alarm(clock);
    for (int i = 0; i < 3; ++i) {
        const GRef<GCancellable> cancel = new_cancel();
        alarm.begin(cancel.get(), seconds(600));
        alarm.end();
        g_assert_true(clock.has_thread());
    }
}

std::size_t threads_of_this_process()
{
    std::size_t count = 0;
    GDir *folder = g_dir_open("/proc/self/task", 0, nullptr);
    g_assert_nonnull(folder);
    while (g_dir_read_name(folder))
        ++count;
    g_dir_close(folder);
    return count;
}

// However many requests are under way, and each by its own time.
void one_thread_rings_for_all()
{
    constexpr std::size_t kMany = 100;
    const std::size_t before = threads_of_this_process();
    AlarmClock clock(seconds(600));
    std::vector<std::unique_ptr<Alarm>> alarms;
    std::vector<GRef<GCancellable>> cancels;
    for (std::size_t i = 0; i < kMany; ++i) {
        cancels.push_back(new_cancel());
        alarms.push_back(std::make_unique<Alarm>(clock));
        // the later ones sooner: what the thread waits for moves
        const bool rings = i % 2 == 0;
        alarms[i]->begin(cancels[i].get(),
                         rings ? Duration(milliseconds(kMany - i)) : Duration(seconds(600)));
    }
    g_assert_cmpuint(threads_of_this_process(), ==, before + 1);
    for (std::size_t i = 0; i < kMany; ++i) {
        if (i % 2 == 0)
            g_assert_true(comes([&] { return g_cancellable_is_cancelled(cancels[i].get()) != 0; }));
        g_assert_cmpint(alarms[i]->rang(), ==, i % 2 == 0);
        g_assert_cmpint(g_cancellable_is_cancelled(cancels[i].get()), ==, i % 2 == 0);
    }
    alarms.clear(); // with what is begun
    g_assert_true(clock.has_thread());
}

// A handler that hangs, or one that ends its request, holds up the others' calls no more than that.
void requests_go_on_while_it_rings()
{
    AlarmClock clock(seconds(600));
    Alarm late(clock), other(clock);
    const GRef<GCancellable> cancel = new_cancel(), others = new_cancel();
    std::atomic<bool> rings{false}, go_on{false};

    struct Facts {
        std::atomic<bool> &rings, &go_on;
    } facts{rings, go_on};

    const gulong handler =
        g_cancellable_connect(cancel.get(), G_CALLBACK(+[](GCancellable *, Facts *facts) {
                                  facts->rings = true;
                                  while (!facts->go_on)
                                      std::this_thread::yield();
                              }),
                              &facts, nullptr);
    late.begin(cancel.get(), milliseconds(1));
    g_assert_true(comes([&] { return rings.load(); }));
    late.end();
    for (int i = 0; i < 10; ++i) {
        other.begin(others.get(), seconds(600));
        other.put_off(seconds(500));
        other.hold();
        other.end();
    }
    other.begin(others.get(), milliseconds(1)); // is late, but rings
    go_on = true;
    g_assert_true(comes([&] { return other.rang(); }));
    g_cancellable_disconnect(cancel.get(), handler);
}

// From as many threads as there are uploads.
void uploads_use_it_at_the_same_time()
{
    AlarmClock clock(milliseconds(0)); // begins and ends all the time
    std::vector<std::thread> uploads;
    for (int i = 0; i < 8; ++i)
        uploads.emplace_back([&clock, i] {
            Alarm alarm(clock);
            for (int round = 0; round < 200; ++round) {
                const GRef<GCancellable> cancel = new_cancel();
                const bool rings = (round + i) % 20 == 0;
                alarm.begin(cancel.get(), rings ? Duration(0) : Duration(seconds(600)));
                alarm.put_off(rings ? Duration(0) : Duration(seconds(600)));
                if (rings)
                    g_assert_true(
                        comes([&] { return g_cancellable_is_cancelled(cancel.get()) != 0; }));
                alarm.end();
                g_assert_cmpint(alarm.rang(), ==, rings);
            }
        });
    for (std::thread &upload : uploads)
        upload.join();
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/alarm/idle", idle_clock_has_no_thread);
    add_test("/alarm/used", clock_that_is_used_keeps_its_thread);
    add_test("/alarm/many", one_thread_rings_for_all);
    add_test("/alarm/rings", requests_go_on_while_it_rings);
    add_test("/alarm/threads", uploads_use_it_at_the_same_time);
    return g_test_run();
}
