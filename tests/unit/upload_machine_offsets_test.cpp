// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and what a server says of offset and length: short, early and strange
// acknowledgements, and where HEAD says that it stands.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- short, early, strange acknowledgements ------------------------------------------------------

void a_short_acknowledgement_sends_the_tail_again()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).expect_patch(0, 100);
    s.gets(acknowledged(40)).expect_patch(40, 100);
    g_assert_cmpuint(s.machine->releasable(), ==, 40);
    g_assert_cmpuint(s.machine->counters().bytes_resent, ==, 60);
}

void an_acknowledgement_of_nothing_pauses_and_asks()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(acknowledged(0));
    g_assert_true(s.pause() > Duration::zero());
    s.time_passes().expect<Head>();
}

void a_short_acknowledgement_of_the_last_request_asks_about_the_length()
{
    for (const bool noted : {true, false}) {
        Script s;
        s.starts_and_creates().produces(50).ends().gets(Tick{}).expect_patch(0, 50, 50);
        s.gets(acknowledged(20)).expect<Head>();
        s.gets(noted ? offset_is(20, 50) : offset_is(20));
        s.expect_patch(20, 50, noted ? std::nullopt : std::optional<std::uint64_t>(50));
        if (noted) // HEAD told it before
            s.gets(acknowledged(50)).expect<Finished>();
        else
            s.finishes(50);
    }
}

void an_offset_that_can_not_be_is_checked_and_not_believed()
{
    for (const std::uint64_t wrong : {std::uint64_t{5}, std::uint64_t{150}, UINT64_MAX}) {
        Script s;
        s.starts_and_creates().produces(110).gets(Tick{}).gets(acknowledged(10));
        s.expect_patch(10, 109);
        s.gets(acknowledged(wrong)).expect<Head>();
        s.gets(offset_is(109)).expect<Wait>();
        g_assert_cmpuint(s.machine->acked(), ==, 109);
    }
}

void an_offset_that_can_not_be_again_and_again_does_not_spin()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(acknowledged(500)).expect<Head>();
    for (int n = 0; n < 5; ++n) {
        s.gets(offset_is(0)).expect_patch(0, 100);
        s.gets(acknowledged(500));
        g_assert_true(s.pause() >= milliseconds(100));
        s.time_passes().expect<Head>();
    }
}

void an_acknowledgement_without_offset_is_asked_for()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(status(204)).time_passes();
    s.expect<Head>();
    s.gets(offset_is(100)).expect<Wait>();
    g_assert_true(s.count<ReportResumed>() == 1);
    Script never;
    never.starts_and_creates().produces(101).gets(Tick{}).gets(status(204)).time_passes();
    never.gets(status(200)).time_passes().expect<Head>(); // once more
}

void a_creation_without_location_is_an_error()
{
    Script s;
    s.starts().gets(created("")).expect_failed(ErrorKind::kProtocol);
}

// --- where the server stands ---------------------------------------------------------------------

void the_server_may_have_more_than_it_told()
{
    Script s;
    s.starts_and_creates().produces(151).gets(Tick{}).gets(broken()).time_passes();
    s.gets(offset_is(70)).expect_patch(70, 150);
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 1);
    g_assert_cmpuint(s.count<ReportResumed>(), ==, 1);
    g_assert_cmpuint(s.machine->counters().outages, ==, 1);
}

void the_server_may_go_back_over_what_it_confirmed()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.gets(broken()).time_passes().gets(offset_is(30)).expect_patch(30, 130);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    s.gets(acknowledged(130)).expect_patch(130, 200);
}

// Two servers of a cluster that disagree: to and fro is no progress.
void offsets_that_go_to_and_fro_are_an_outage()
{
    for (const bool ends : {false, true}) {
        Script s;
        s.in.outage_timeout = seconds(60);
        s.starts_and_creates().produces(ends ? 201 : 301).gets(Tick{}).gets(acknowledged(100));
        if (ends)
            s.ends();
        s.gets(acknowledged(200)).expect<Patch>();
        const TimePoint begin = s.in.now;
        int requests = 0;
        while (!std::holds_alternative<Failed>(s.action) && ++requests < 1000) {
            if (std::holds_alternative<Patch>(s.action))
                s.gets(status(409));
            else if (std::holds_alternative<Head>(s.action))
                s.gets(offset_is(requests % 2 ? 100 : 200));
            else
                s.time_passes();
        }
        s.expect<Failed>();
        g_assert_true(s.in.now - begin <= seconds(70));
        g_assert_cmpuint(s.count<ReportResumed>(), <=, 1);
    }
    Script s; // new bytes are, and so is what goes again and arrives
    s.starts_and_creates().produces(301).gets(Tick{}).gets(acknowledged(100));
    s.gets(broken()).time_passes().gets(offset_is(150)).expect_patch(150, 250);
    g_assert_cmpuint(s.count<ReportResumed>(), ==, 1);
    s.gets(broken()).time_passes().gets(offset_is(50)).expect_patch(50, 150);
    s.gets(acknowledged(150));
    g_assert_cmpuint(s.count<ReportResumed>(), ==, 2);
}

void the_server_may_not_go_back_over_what_is_no_longer_held()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.in.held_from = 60;
    s.gets(broken()).time_passes().insists(offset_is(59));
    const Error &error = s.expect_failed(ErrorKind::kUploadLost);
    g_assert_true(error.message.find("rollback-margin") != std::string::npos);
    g_assert_true(error.offset == 59U);
}

void bytes_of_somebody_else_are_an_error()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(broken()).time_passes();
    s.insists(offset_is(101)).expect_failed(ErrorKind::kUploadLost);
}

// --- the length ----------------------------------------------------------------------------------

void the_length_is_declared_only_while_the_server_does_not_know_it()
{
    Script stored; // the length came through, the bytes did not
    stored.starts_and_creates().produces(50).ends().gets(Tick{}).expect_patch(0, 50, 50);
    stored.gets(broken()).time_passes().gets(offset_is(0, 50)).expect_patch(0, 50);
    Answer silent = offset_is(20);
    silent.length_deferred = false;
    stored.gets(broken()).time_passes().gets(silent).expect_patch(20, 50); // it is known
    Script lost;                                                           // neither came through
    lost.starts_and_creates().produces(50).ends().gets(Tick{}).gets(broken()).time_passes();
    lost.gets(offset_is(0)).expect_patch(0, 50, 50);
    Script bytes; // the bytes came through, the length did not: an empty request is what is left
    bytes.starts_and_creates().produces(50).ends().gets(Tick{}).gets(broken()).time_passes();
    bytes.gets(offset_is(50)).expect_patch(50, 50, 50);
    bytes.finishes(50);
    Script both;
    both.starts_and_creates().produces(50).ends().gets(Tick{}).gets(broken()).time_passes();
    both.gets(offset_is(50, 50)).expect<Finished>();
    g_assert_cmpuint(both.count<ReportResumed>(), ==, 1);
}

void a_lost_empty_last_request_ends_the_outage_too()
{
    Script s;
    s.starts_and_creates().ends().gets(Tick{}).expect_patch(0, 0, 0);
    s.gets(broken()).time_passes().gets(offset_is(0, 0)).expect<Finished>();
    g_assert_cmpuint(s.count<ReportResumed>(), ==, 1);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-trouble/ack/short", a_short_acknowledgement_sends_the_tail_again);
    add_test("/machine-trouble/ack/nothing", an_acknowledgement_of_nothing_pauses_and_asks);
    add_test("/machine-trouble/ack/short-last",
             a_short_acknowledgement_of_the_last_request_asks_about_the_length);
    add_test("/machine-trouble/ack/impossible",
             an_offset_that_can_not_be_is_checked_and_not_believed);
    add_test("/machine-trouble/ack/impossible-again",
             an_offset_that_can_not_be_again_and_again_does_not_spin);
    add_test("/machine-trouble/ack/no-offset", an_acknowledgement_without_offset_is_asked_for);
    add_test("/machine-trouble/ack/no-location", a_creation_without_location_is_an_error);
    add_test("/machine-trouble/offset/more", the_server_may_have_more_than_it_told);
    add_test("/machine-trouble/offset/back", the_server_may_go_back_over_what_it_confirmed);
    add_test("/machine-trouble/offset/to-and-fro", offsets_that_go_to_and_fro_are_an_outage);
    add_test("/machine-trouble/offset/too-far-back",
             the_server_may_not_go_back_over_what_is_no_longer_held);
    add_test("/machine-trouble/offset/beyond", bytes_of_somebody_else_are_an_error);
    add_test("/machine-trouble/length/once",
             the_length_is_declared_only_while_the_server_does_not_know_it);
    add_test("/machine-trouble/length/empty-lost", a_lost_empty_last_request_ends_the_outage_too);
    return g_test_run();
}
