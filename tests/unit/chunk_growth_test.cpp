// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests of a backlog grow, and are small again when it is sent or anything is wrong.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct Backlog : Script {
    explicit Backlog(std::uint64_t most = 64 * kMiB, std::uint64_t waiting = 500 * kMiB)
    {
        config.chunk_size = 8 * kMiB;
        config.max_chunk_size = most;
        starts_and_creates().produces(waiting).gets(Tick{});
    }

    std::uint64_t size() const { return expect<Patch>().to - expect<Patch>().from; }

    // What is under way is acknowledged as a whole, after so long.
    Backlog &takes(Duration time = seconds(1))
    {
        in.now += time;
        gets(acknowledged(expect<Patch>().to));
        return *this;
    }
};

void requests_double_up_to_the_largest()
{
    Backlog backlog;
    for (const std::uint64_t size : {8, 16, 32, 64, 64}) {
        g_assert_cmpuint(backlog.size(), ==, size * kMiB);
        backlog.takes();
    }
}

void they_are_as_usual_when_it_is_sent()
{
    Backlog backlog(64 * kMiB, 60 * kMiB);
    for (const std::uint64_t size : {8, 16, 32}) {
        g_assert_cmpuint(backlog.size(), ==, size * kMiB);
        backlog.takes();
    }
    backlog.expect_patch(56 * kMiB, 60 * kMiB - 1); // one byte stays
    backlog.takes().produces(500 * kMiB).gets(Tick{});
    g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
}

// So much at once is not for this line.
void they_stay_when_one_takes_long()
{
    Backlog backlog;
    backlog.takes();
    g_assert_cmpuint(backlog.takes(seconds(5)).size(), ==, 16 * kMiB);
    g_assert_cmpuint(backlog.takes(seconds(13)).size(), ==, 8 * kMiB);
    g_assert_cmpuint(backlog.takes(seconds(20)).size(), ==, 8 * kMiB);
}

template <typename Event_>
void after(Event_ event)
{
    Backlog backlog;
    backlog.takes().takes();
    g_assert_cmpuint(backlog.size(), ==, 32 * kMiB);
    backlog.gets(event);
    if (std::holds_alternative<Wait>(backlog.action))
        backlog.time_passes();
    if (std::holds_alternative<Head>(backlog.action))
        backlog.gets(offset_is(24 * kMiB));
    g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
    backlog.takes();
    g_assert_cmpuint(backlog.size(), ==, 16 * kMiB);
}

void any_failure_ends_it()
{
    after(broken());
    after(broken(ErrorKind::kTimeout));
    after(unreachable());
    after(status(500));
    after(status(503));
    after(status(408)); // too slow for so much
    after(status(423));
    after(status(409));
    after(acknowledged(24 * kMiB)); // took nothing
    after(acknowledged(24 * kMiB + 1));
}

void a_larger_one_that_is_refused_is_no_news()
{
    Backlog backlog;
    backlog.takes();
    backlog.gets(status(413)).gets(offset_is(8 * kMiB));
    for (int n = 0; n < 4; ++n) {
        g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
        backlog.takes();
    }
    g_assert_cmpuint(backlog.count<ReportWarning>(), ==, 0);
    backlog.gets(status(413)).gets(offset_is(40 * kMiB)); // of the usual size: the user may know
    g_assert_cmpuint(backlog.size(), ==, 4 * kMiB);
    g_assert_cmpuint(backlog.count<ReportWarning>(), ==, 1);
}

// Something on the way bears no more, and says so by breaking.
void what_breaks_again_and_again_is_not_tried_for_ever()
{
    Backlog backlog;
    for (int n = 0; n < 2; ++n) {
        backlog.takes();
        g_assert_cmpuint(backlog.size(), ==, 16 * kMiB);
        const std::uint64_t from = backlog.expect<Patch>().from;
        backlog.gets(broken()).time_passes().gets(offset_is(from));
        g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
    }
    for (int n = 0; n < 5; ++n) {
        backlog.takes();
        g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
    }
}

void a_writer_that_waits_for_room_gets_it_soon()
{
    Backlog backlog;
    backlog.takes().takes();
    g_assert_cmpuint(backlog.size(), ==, 32 * kMiB);
    backlog.in.writer_blocked = true;
    backlog.takes();
    g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
}

void an_uneven_one_that_is_refused_leaves_the_usual_size()
{
    Backlog backlog(12 * kMiB);
    backlog.takes();
    g_assert_cmpuint(backlog.size(), ==, 12 * kMiB);
    backlog.gets(status(413)).gets(offset_is(8 * kMiB));
    g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
    g_assert_cmpuint(backlog.count<ReportWarning>(), ==, 0);
}

void the_largest_is_never_below_the_usual()
{
    Backlog backlog(1);
    for (int n = 0; n < 3; ++n) {
        g_assert_cmpuint(backlog.size(), ==, 8 * kMiB);
        backlog.takes();
    }
}

void alignment_holds()
{
    Script s;
    s.config.chunk_size = 100;
    s.config.max_chunk_size = 300;
    s.config.chunk_align = 16;
    s.starts_and_creates().produces(1000).gets(Tick{}).expect_patch(0, 96);
    s.gets(acknowledged(96)).expect_patch(96, 96 + 192);
    s.gets(acknowledged(288)).expect_patch(288, 288 + 288);
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/chunk-growth/doubles", requests_double_up_to_the_largest);
    add_test("/chunk-growth/caught-up", they_are_as_usual_when_it_is_sent);
    add_test("/chunk-growth/slow", they_stay_when_one_takes_long);
    add_test("/chunk-growth/failure", any_failure_ends_it);
    add_test("/chunk-growth/refused", a_larger_one_that_is_refused_is_no_news);
    add_test("/chunk-growth/breaks", what_breaks_again_and_again_is_not_tried_for_ever);
    add_test("/chunk-growth/blocked", a_writer_that_waits_for_room_gets_it_soon);
    add_test("/chunk-growth/refused-uneven", an_uneven_one_that_is_refused_leaves_the_usual_size);
    add_test("/chunk-growth/bound", the_largest_is_never_below_the_usual);
    add_test("/chunk-growth/aligned", alignment_holds);
    return g_test_run();
}
