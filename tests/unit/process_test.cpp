// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose turn it is, who says that a server is away, and how much memory there is for all.
#include "test.h"
#include "upload/process.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

using namespace gsttus;
using gsttus::test::add_test;

namespace {

const std::string kServer = server_of("http://server/files/");
const std::string kOther = server_of("http://other/files/");

// Uploads in the order of their beginnings, and a clock that is turned by hand.
struct House {
    Process::Member &begin(unsigned most = 2, const std::string &server = kServer,
                           std::uint64_t memory = 0)
    {
        const std::size_t index = woken.size();
        woken.push_back(0);
        gone.push_back(GRef<GCancellable>::adopt(g_cancellable_new()));
        return members.emplace_back(
            MemberSettings{now, server, most, memory}, [this, index] { ++woken[index]; },
            gone.back().get());
    }

    bool asks(std::size_t index) { return members[index].take_turn(now); }

    void fails(std::size_t index, Duration pause = seconds(1))
    {
        members[index].failed(now, pause);
    }

    void moves(std::size_t index) { members[index].heard(now, true); }

    TimePoint now = Clock::now();
    std::deque<int> woken;
    std::deque<GRef<GCancellable>> gone;
    std::deque<Process::Member> members;
};

void oldest_go_first_and_no_more_than_allowed()
{
    House house;
    for (int i = 0; i < 5; ++i)
        house.begin();
    g_assert_true(house.asks(3)); // alone
    g_assert_true(house.asks(4));
    for (const std::size_t waiting : {2, 0, 1})
        g_assert_false(house.asks(waiting));
    // the newest gives way when it has done a request, to the oldest
    g_assert_true(house.asks(3));
    g_assert_false(house.asks(4));
    g_assert_cmpint(house.woken[0], >, 0);
    g_assert_false(house.asks(2));
    g_assert_true(house.asks(0));
    g_assert_false(house.asks(3));
    g_assert_true(house.asks(1));
    g_assert_true(house.asks(0) && house.asks(1)); // nobody older waits
    house.woken = {0, 0, 0, 0, 0};
    house.members[0].give_turn_back();
    g_assert_cmpint(house.woken[2], >, 0);
    g_assert_false(house.asks(3) || house.asks(4));
    g_assert_true(house.asks(2));
}

void servers_have_turns_of_their_own()
{
    House house;
    house.begin(1);
    house.begin(1, kOther);
    house.begin(1);
    g_assert_true(house.asks(0) && house.asks(1));
    g_assert_false(house.asks(2));
}

void none_waits_where_all_may_go()
{
    House house;
    for (int i = 0; i < 9; ++i) {
        house.begin(0);
        g_assert_true(house.asks(static_cast<std::size_t>(i)));
    }
}

void turn_is_free_whatever_became_of_its_upload()
{
    House house;
    house.begin(1);
    house.begin(1);
    g_assert_true(house.asks(0));
    g_assert_false(house.asks(1));
    g_cancellable_cancel(house.gone[0].get()); // its thread hangs, on its own
    g_assert_true(house.asks(1));
    house.members[1].give_turn_back();
    house.begin(1);
    g_assert_true(house.asks(2));
    g_assert_false(house.asks(1));
    house.members.pop_back(); // ends with its turn
    g_assert_cmpint(house.woken[1], >, 0);
    g_assert_true(house.asks(1));
}

void who_waits_and_is_busy_with_something_else_holds_up_nobody()
{
    House house;
    for (int i = 0; i < 3; ++i)
        house.begin(1);
    g_assert_true(house.asks(2));
    g_assert_false(house.asks(0));
    g_assert_false(house.asks(1));
    house.now += seconds(14);
    g_assert_false(house.asks(1));
    house.members[2].give_turn_back();
    g_assert_false(house.asks(1));
    house.now += seconds(2); // 0 did not ask again
    g_assert_true(house.asks(1));
}

void in_an_outage_others_look_too_and_then_the_oldest_go_first()
{
    House house;
    for (int i = 0; i < 6; ++i)
        house.begin(2);
    g_assert_true(house.asks(0) && house.asks(1));
    for (const std::size_t i : {2, 3, 4, 5})
        g_assert_false(house.asks(i));
    house.fails(0);
    g_assert_true(house.asks(0)); // a failure is not the end of a turn
    // each looks for a while, and gives up the turn to those who have not looked yet
    std::vector<std::size_t> looked;
    for (int second = 0; second < 200; ++second) {
        house.now += seconds(1);
        std::size_t turns = 0;
        for (std::size_t i = 0; i < 6; ++i) {
            if (!house.asks(i))
                continue;
            ++turns;
            if (std::find(looked.begin(), looked.end(), i) == looked.end())
                looked.push_back(i);
            house.fails(i);
        }
        g_assert_cmpuint(turns, <=, 2 + 2); // two gave theirs up in the same second
    }
    g_assert_true(looked == (std::vector<std::size_t>{0, 1, 2, 3, 4, 5}));
    // the two that have the turns are not the oldest perhaps: those who are go first now
    for (std::size_t i = 6; i-- > 0;) {
        if (house.asks(i))
            house.members[i].heard(house.now, false);
    }
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 6; i-- > 0;)
            (void)house.asks(i);
    }
    g_assert_true(house.asks(0) && house.asks(1));
    g_assert_false(house.asks(2) || house.asks(3) || house.asks(4) || house.asks(5));
}

void one_that_is_stuck_alone_goes_behind()
{
    for (const unsigned most : {1U, 2U}) {
        House house;
        for (int i = 0; i < 4; ++i)
            house.begin(most);
        // for 0 the server is silent; the others need 10 requests each, of a second
        std::vector<int> left = {1, 10, 10, 10};
        int seconds_taken = 0;
        for (; left[1] + left[2] + left[3] > 0; ++seconds_taken) {
            g_assert_cmpint(seconds_taken, <, 200);
            for (std::size_t i = 0; i < 4; ++i) {
                if (left[i] == 0 || !house.asks(i))
                    continue;
                if (i == 0) {
                    if (seconds_taken % 30 == 29)
                        house.fails(0);
                } else {
                    house.moves(i);
                    if (--left[i] == 0)
                        house.members[i].give_turn_back();
                }
            }
            house.now += seconds(1);
        }
        g_assert_true(house.asks(0)); // nobody else is left
        house.moves(0);
        house.begin(1);
        g_assert_false(house.asks(4)); // and it is as good as any again
        g_assert_true(house.asks(0));
    }
}

void network_that_breaks_off_puts_nobody_behind()
{
    House house;
    house.begin(2);
    house.begin(2);
    house.begin(2);
    g_assert_true(house.asks(0) && house.asks(1));
    g_assert_false(house.asks(2));
    house.moves(0);
    house.moves(1);
    house.fails(0);
    house.now += milliseconds(100);
    house.moves(1); // was under way
    house.fails(1);
    house.now += seconds(1);
    house.fails(0);
    house.fails(1);
    g_assert_true(house.asks(0) && house.asks(1));
    g_assert_false(house.asks(2));
}

void one_says_that_the_server_is_away()
{
    House house;
    house.begin();
    house.begin();
    house.begin(2, kOther);
    const Error away{.kind = ErrorKind::kNetwork};
    g_assert_true(house.members[0].stalls_first(away));
    g_assert_false(house.members[1].stalls_first(away));
    g_assert_true(house.members[2].stalls_first(away));
    house.members[0].resumed();
    g_assert_false(house.members[0].stalls_first(away)); // for the other it is the same outage
    house.members[0].resumed();
    house.members[1].resumed();
    g_assert_true(house.members[1].stalls_first(away));
    // credentials of one are no outage of the server
    g_assert_true(house.members[0].stalls_first({.kind = ErrorKind::kNotAuthorized}));
    house.begin();
    g_assert_false(house.members[3].stalls_first(away));
}

void outage_is_over_when_nobody_is_left_in_it()
{
    const Error away{.kind = ErrorKind::kNetwork};
    House house;
    house.begin();
    {
        House gone;
        g_assert_true(gone.begin().stalls_first(away));
        g_assert_false(house.members[0].stalls_first(away));
        house.members[0].resumed();
    }
    g_assert_true(house.members[0].stalls_first(away));
}

void smallest_bound_of_those_that_run_counts()
{
    const std::shared_ptr<MemoryBudget> memory = Process::memory();
    House house;
    house.begin(2, kServer, 1000);
    g_assert_true(memory->take(600, false));
    {
        House other;
        other.begin(2, kServer, 500);
        g_assert_false(memory->take(1, false));
        g_assert_true(memory->take(1, true));
    }
    g_assert_true(memory->take(1, false));
    memory->give_back(602);
}

struct ServerRow {
    const char *name, *url, *server;
};

constexpr ServerRow kServers[] = {
    {"port", "http://host/files/", "http://host:80"},
    {"tls", "https://Host:443/a?b", "https://host:443"},
    {"v6", "http://[::1]:8080/", "http://::1:8080"},
    {"case", "HTTP://HOST:8080", "http://host:8080"},
    {"none", "", ""},
};

void server_of_an_address(const ServerRow &row)
{
    ASSERT_STR(server_of(row.url), row.server);
}

// Threads that come and go, as many as there are fragments; the test's time limit finds a deadlock.
void turns_are_not_lost_between_threads()
{
    constexpr int kUploads = 60, kMost = 3;
    std::atomic<int> at_work = 0, done = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kUploads; ++i) {
        threads.emplace_back([&] {
            Mutex mutex;
            Condition changed;
            bool woken = false;
            Process::Member member(
                {Clock::now(), kServer, kMost, 0},
                [&] {
                    MutexLock lock(mutex);
                    woken = true;
                    changed.notify_all();
                },
                nullptr);
            for (int requests = 0; requests < 20; ++requests) {
                while (!member.take_turn(Clock::now())) {
                    MutexLock lock(mutex);
                    const TimePoint until = Clock::now() + seconds(5);
                    while (!woken && Clock::now() < until)
                        changed.wait_until(lock, until);
                    woken = false;
                }
                g_assert_cmpint(++at_work, <=, kMost);
                std::this_thread::yield();
                --at_work;
                if (requests % 7 == 3)
                    member.failed(Clock::now(), seconds(0));
                else
                    member.heard(Clock::now(), true);
            }
            member.give_turn_back();
            ++done;
            while (done < kUploads) // a wake may be on its way to what is gone otherwise
                std::this_thread::yield();
        });
    }
    for (std::thread &thread : threads)
        thread.join();
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/process/turns/oldest-first", oldest_go_first_and_no_more_than_allowed);
    add_test("/process/turns/servers", servers_have_turns_of_their_own);
    add_test("/process/turns/all", none_waits_where_all_may_go);
    add_test("/process/turns/gone", turn_is_free_whatever_became_of_its_upload);
    add_test("/process/turns/busy", who_waits_and_is_busy_with_something_else_holds_up_nobody);
    add_test("/process/turns/outage", in_an_outage_others_look_too_and_then_the_oldest_go_first);
    add_test("/process/turns/stuck", one_that_is_stuck_alone_goes_behind);
    add_test("/process/turns/broken-off", network_that_breaks_off_puts_nobody_behind);
    add_test("/process/turns/threads", turns_are_not_lost_between_threads);
    add_test("/process/warning/one", one_says_that_the_server_is_away);
    add_test("/process/warning/gone", outage_is_over_when_nobody_is_left_in_it);
    add_test("/process/memory/smallest", smallest_bound_of_those_that_run_counts);
    for (const ServerRow &row : kServers)
        gsttus::test::add_row_test(std::string("/process/server/") + row.name, row,
                                   server_of_an_address);
    return g_test_run();
}
