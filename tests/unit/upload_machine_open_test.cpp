// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// PATCHes that stay open (request-mode=stream): when one may, what its end means, and what ends
// that.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

NoAnswer cut(std::uint64_t carried)
{
    NoAnswer failure = broken();
    failure.cut = true;
    failure.carried = carried;
    return failure;
}

template <typename Event_>
Event_ with(std::uint64_t carried, Event_ event)
{
    event.carried = carried;
    return event;
}

struct Open : Script {
    Open() { config.open_requests = true; }

    Open &begins()
    {
        starts_and_creates();
        return *this;
    }

    const Patch &expect_open(std::uint64_t from, std::uint64_t sure, std::uint64_t most) const
    {
        expect_patch(from, sure);
        g_assert_cmpuint(expect<Patch>().open_to, ==, most);
        return expect<Patch>();
    }

    void expect_bounded(std::uint64_t from, std::uint64_t to,
                        std::optional<std::uint64_t> declare = std::nullopt) const
    {
        expect_patch(from, to, declare);
        g_assert_cmpuint(expect<Patch>().open_to, ==, 0);
    }

    // The proof: 30 bytes, which the server has.
    Open &proves()
    {
        begins().produces(31).gets(Tick{});
        g_assert_true(expect_open(0, 30, 100).is_proof);
        gets(cut(30)).time_passes().expect<Head>();
        produces(41).gets(offset_is(30));
        g_assert_false(expect_open(30, 40, 130).is_proof);
        return *this;
    }
};

void first_is_a_proof_and_no_outage()
{
    Open s;
    s.proves();
    g_assert_cmpuint(s.machine->acked(), ==, 30);
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
    g_assert_cmpuint(s.machine->counters().outages, ==, 0);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 0);
}

void what_went_beyond_what_was_there_counts()
{
    Open s;
    s.proves().produces(100).gets(with(59, acknowledged(89)));
    g_assert_cmpuint(s.machine->acked(), ==, 89);
    s.expect_open(89, 99, 189);
    s.ends().gets(with(10, acknowledged(99)));
    s.expect_bounded(99, 100, 100);
    s.finishes(100);
    g_assert_cmpuint(s.machine->counters().bytes_resent, ==, 0);
}

// What was not sent nobody can confirm.
void an_offset_beyond_what_went_is_impossible()
{
    Open s;
    s.proves().gets(with(20, acknowledged(60))).expect<Head>();
    g_assert_cmpuint(s.machine->acked(), ==, 30);
}

void a_proof_that_shows_nothing_ends_it()
{
    for (const std::uint64_t there : {0U, 10U}) {
        Open s;
        s.begins().produces(31).gets(Tick{});
        s.gets(cut(30)).time_passes().gets(offset_is(there));
        s.expect_bounded(there, 30);
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
        g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
        s.produces(200).gets(acknowledged(30)).expect_patch(30, 130);
        s.expect_bounded(30, 130);
    }
}

// The server has not noticed yet that the connection is gone: that is no outage either.
void an_upload_that_is_held_is_asked_for_again()
{
    Open s;
    s.begins().produces(31).gets(Tick{});
    s.gets(cut(30)).time_passes();
    for (int n = 0; n < 5; ++n)
        s.gets(status(423)).time_passes().expect<Head>();
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
    s.gets(offset_is(30)).produces(40).gets(Tick{});
    g_assert_false(s.expect_open(30, 39, 130).is_proof);
    Open held;
    held.begins().produces(31).gets(Tick{});
    held.gets(cut(30)).time_passes();
    for (int n = 0; n < 60 && held.count<ReportStalled>() == 0; ++n)
        held.gets(status(423)).time_passes();
    g_assert_cmpuint(held.count<ReportStalled>(), ==, 1); // for ever is one
}

void a_proof_that_the_end_overtakes()
{
    Open s;
    s.begins().produces(31).gets(Tick{});
    s.ends().gets(with(30, acknowledged(30)));
    s.expect_bounded(30, 31, 31);
    s.finishes(31);
}

struct Row {
    const char *name;
    int status;
    bool resumable; // FALSE: something in the server's place says so
};

constexpr Row kRefusals[] = {{"411", 411, false}, {"411-of-the-server", 411, true},
                             {"422", 422, true},  {"400", 400, true},
                             {"501", 501, false}, {"413", 413, false},
                             {"408", 408, false}};

void a_refusal_ends_it(const Row &row)
{
    for (const bool proved : {false, true}) {
        Open s;
        proved ? s.proves() : s.begins().produces(31);
        if (!proved)
            s.gets(Tick{});
        const std::uint64_t from = proved ? 30 : 0;
        Answer answer = status(row.status);
        answer.resumable = row.resumable;
        s.gets(with(10, answer)).expect<Head>();
        s.gets(offset_is(from));
        s.expect_bounded(from, proved ? 40 : 30);
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
        g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
    }
}

// A connection that breaks is an outage, of which HEAD tells what came.
void breaks_without_a_byte_end_it()
{
    Open s;
    s.proves();
    for (int n = 0; n < 2; ++n) {
        s.expect_open(30, 40, 130);
        s.gets(with(10, broken())).time_passes().expect<Head>();
        s.gets(offset_is(30));
    }
    s.expect_bounded(30, 40);
    Open some;
    some.proves();
    for (std::uint64_t n = 0; n < 5; ++n) {
        some.gets(with(10, broken())).time_passes().expect<Head>();
        some.produces(60 + n).gets(offset_is(35 + n));
        g_assert_cmpuint(some.expect<Patch>().open_to, ==, 135 + n);
    }
    g_assert_cmpuint(some.count<ReportWarning>(), ==, 0);
}

// What is nobody's fault.
void an_unreachable_server_says_nothing_of_it()
{
    Open s;
    s.proves();
    for (int n = 0; n < 6; ++n)
        s.gets(unreachable()).time_passes().gets(offset_is(30)).expect_patch(30, 40);
    g_assert_cmpuint(s.expect<Patch>().open_to, ==, 130);
}

struct Bounds {
    const char *name;
    void (*change)(Open &open);
};

const Bounds kBounds[] = {
    {"not-wanted", [](Open &open) { open.config.open_requests = false; }},
    {"alignment", [](Open &open) { open.config.chunk_align = 10; }},
    {"smallest", [](Open &open) { open.config.min_chunk_size = 20; }},
    {"blocked-writer", [](Open &open) { open.in.writer_blocked = true; }},
    {"ended", [](Open &open) { open.produces(31).ends(); }},
};

void is_bounded(const Bounds &row)
{
    Open s;
    row.change(s);
    s.begins();
    if (std::holds_alternative<Wait>(s.action))
        s.produces(31).gets(Tick{});
    g_assert_cmpuint(s.expect<Patch>().open_to, ==, 0);
}

void a_backlog_is_bounded()
{
    Open s;
    s.begins().produces(500).gets(Tick{});
    s.expect_bounded(0, 100);
}

// Tus-Max-Size: the last byte that fits ends the upload, and its request has to say so.
void it_ends_before_what_the_server_takes()
{
    Open s;
    s.gets(Started{});
    s.gets(Resolved{s.endpoints, true});
    Answer can = capabilities({"creation", "creation-defer-length"});
    can.max_size = 50;
    s.gets(can).gets(created());
    s.produces(31).gets(Tick{});
    s.expect_open(0, 30, 49);
    s.produces(80).gets(with(49, acknowledged(49)));
    s.expect_bounded(49, 50, 50);
}

// An upload that is made anew: what the last one was asked is no question any more.
void another_upload_is_another_question()
{
    Open s;
    s.begins().produces(31).gets(Tick{});
    s.gets(cut(30)).time_passes().insists(status(404));
    s.gets(Resolved{s.endpoints, true});
    if (std::holds_alternative<Options>(s.action))
        s.gets(capabilities({"creation", "creation-defer-length"}));
    s.expect<Create>();
    s.gets(created("https://host/files/2"));
    g_assert_true(s.expect_open(0, 30, 100).is_proof);
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/open/proof", first_is_a_proof_and_no_outage);
    add_test("/open/carried", what_went_beyond_what_was_there_counts);
    add_test("/open/impossible", an_offset_beyond_what_went_is_impossible);
    add_test("/open/nothing-there", a_proof_that_shows_nothing_ends_it);
    add_test("/open/held", an_upload_that_is_held_is_asked_for_again);
    add_test("/open/overtaken", a_proof_that_the_end_overtakes);
    for (const Row &row : kRefusals)
        add_row_test(std::string("/open/refused/") + row.name, row, a_refusal_ends_it);
    add_test("/open/breaks", breaks_without_a_byte_end_it);
    add_test("/open/unreachable", an_unreachable_server_says_nothing_of_it);
    for (const Bounds &row : kBounds)
        add_row_test(std::string("/open/bounded/") + row.name, row, is_bounded);
    add_test("/open/backlog", a_backlog_is_bounded);
    add_test("/open/max-size", it_ends_before_what_the_server_takes);
    add_test("/open/anew", another_upload_is_another_question);
    return g_test_run();
}
