// An alarm that has nothing to wait for has no thread, and gets one again.
#include "http/alarm.h"
#include "patience.h"
#include "test.h"

#include <thread>

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

void idle_alarm_has_no_thread()
{
    Alarm alarm(milliseconds(1));
    for (int round = 0; round < 6; ++round) {
        const GRef<GCancellable> cancel = new_cancel();
        const bool rings = round % 3 == 1;
        alarm.begin(cancel.get(), rings ? Duration(milliseconds(5)) : Duration(milliseconds(50)));
        g_assert_true(alarm.has_thread());
        if (round % 3 == 2)
            alarm.hold();
        if (rings)
            g_assert_true(comes([&] { return g_cancellable_is_cancelled(cancel.get()) != 0; }));
        g_assert_cmpint(alarm.rang(), ==, rings);
        alarm.end();
        g_assert_true(comes([&] { return !alarm.has_thread(); }));
        g_assert_cmpint(g_cancellable_is_cancelled(cancel.get()), ==, rings);
    }
}

void alarm_that_is_used_keeps_its_thread()
{
    Alarm alarm(seconds(600));
    for (int i = 0; i < 3; ++i) {
        const GRef<GCancellable> cancel = new_cancel();
        alarm.begin(cancel.get(), seconds(600));
        alarm.end();
        g_assert_true(alarm.has_thread());
    }
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/alarm/idle", idle_alarm_has_no_thread);
    add_test("/alarm/used", alarm_that_is_used_keeps_its_thread);
    return g_test_run();
}
