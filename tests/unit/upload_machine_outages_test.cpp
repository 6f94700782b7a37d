// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine in an outage: the network, busy servers, the pauses, and the bounds that end it.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- the network ---------------------------------------------------------------------------------

void a_dead_kept_alive_connection_is_no_outage()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(stale()).expect<Head>();
    s.gets(offset_is(0)).expect_patch(0, 100);
    g_assert_false(s.expect<Patch>().expect_continue);
    s.gets(acknowledged(100));
    g_assert_cmpuint(s.machine->counters().outages, ==, 0);
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
    s.produces(201).gets(Tick{}).gets(stale()).expect<Head>(); // after progress: again
    s.gets(stale()).expect<Wait>();                            // twice in a row is trouble
    g_assert_cmpuint(s.machine->counters().outages, ==, 1);
}

void attempts_that_reached_nobody_are_repeated_every_two_seconds()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(unreachable());
    for (int n = 0; n < 100; ++n) {
        g_assert_true(s.pause() <= seconds(2));
        s.time_passes().gets(unreachable());
    }
    ++s.in.network_changes;
    s.gets(Tick{}).expect<Head>(); // the network is back: at once
    g_assert_cmpuint(s.machine->counters().outages, ==, 1);
}

void a_busy_server_is_left_alone_whatever_the_network_does()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{});
    Answer answer = status(503);
    answer.retry_after = seconds(20);
    s.gets(answer);
    g_assert_true(s.pause() == seconds(20));
    ++s.in.network_changes;
    s.gets(Tick{}).expect<Wait>();
    s.time_passes().expect<Head>();
}

void a_server_that_is_busy_once_after_an_outage_is_tried_again_soon()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(unreachable());
    for (int n = 0; n < 60; ++n)
        s.time_passes().gets(unreachable());
    s.time_passes().gets(status(503));
    g_assert_true(s.pause() <= seconds(1));
}

void the_next_server_is_tried_until_the_upload_exists()
{
    Script s;
    s.endpoints = {"https://a/", "https://b/"};
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    ASSERT_STR(s.expect<Options>().url, "https://a/");
    s.gets(unreachable());
    ASSERT_STR(s.expect<Options>().url, "https://b/");
    s.gets(unreachable()).expect<Wait>(); // all of them: that is an attempt
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    s.time_passes();
    ASSERT_STR(s.expect<Options>().url, "https://a/");
    s.gets(unreachable());
    ASSERT_STR(s.expect<Options>().url, "https://b/");
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1); // one an outage
    s.gets(capabilities({"creation", "creation-defer-length"})).gets(created("https://b/1"));
    s.produces(101).gets(Tick{}).gets(unreachable()).time_passes();
    ASSERT_STR(s.expect<Head>().url, "https://b/1");
}

void a_wrong_certificate_at_the_start_is_an_error_and_later_an_outage()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true}).gets(broken(ErrorKind::kTls));
    s.expect_failed(ErrorKind::kTls);
    Script later;
    later.starts_and_creates().produces(101).gets(Tick{}).gets(broken(ErrorKind::kTls));
    later.expect<Wait>();
}

void a_proxy_that_refuses_the_login_is_an_error_at_the_start_and_later_an_outage()
{
    NoAnswer refused = broken(ErrorKind::kNotAuthorized);
    refused.reached_server = false;
    refused.error.http_status = 407;
    const ResolveFailed unresolved{refused.error, false, {}};
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true}).gets(refused);
    s.expect_failed(ErrorKind::kNotAuthorized);
    Script api;
    api.gets(Started{}).gets(unresolved).expect_failed(ErrorKind::kNotAuthorized);

    Script later;
    later.starts_and_creates().produces(101).gets(Tick{});
    for (int n = 0; n < 50; ++n)
        later.gets(refused).time_passes().expect<Head>();
    later.gets(offset_is(0)).expect_patch(0, 100);
}

// A camera without a clock, until it knows the time.
void dates_of_a_certificate_are_waited_out()
{
    NoAnswer dated = unreachable();
    dated.error.kind = ErrorKind::kClock;
    dated.error.retryable = true;
    const ResolveFailed unresolved{dated.error, false, {}};
    Script s;
    s.in.outage_timeout = seconds(600);
    s.gets(Started{});
    for (int n = 0; n < 50; ++n)
        s.gets(unresolved).time_passes().expect<Resolve>();
    s.gets(Resolved{s.endpoints, true});
    for (int n = 0; n < 50; ++n)
        s.gets(dated).time_passes().expect<Options>();
    g_assert_cmpuint(s.machine->counters().outages, ==, 1);
    s.in.now += seconds(600);
    s.gets(dated).expect_failed(ErrorKind::kClock);
}

// The upload is gone, and the way to fresh parameters is closed for a while.
void what_is_in_the_way_of_fresh_parameters_is_waited_out()
{
    for (const ErrorKind kind : {ErrorKind::kTls, ErrorKind::kNotAuthorized}) {
        ResolveFailed in_the_way{broken(kind).error, false, {}};
        in_the_way.error.http_status = kind == ErrorKind::kTls ? 0 : 407;
        Script s;
        s.starts_and_creates().produces(101).gets(Tick{}).gets(acknowledged(100));
        s.produces(201).gets(Tick{}).gets(status(404));
        while (!std::holds_alternative<Resolve>(s.action)) {
            if (std::holds_alternative<Wait>(s.action))
                s.time_passes();
            else
                s.gets(status(404));
        }
        for (int n = 0; n < 20; ++n)
            s.gets(in_the_way).time_passes().expect<Resolve>();
        s.gets(Resolved{s.endpoints, true}).expect<Create>();
    }
}

void a_broken_handshake_at_the_start_is_tried_again_a_few_times()
{
    NoAnswer cut = unreachable();
    cut.error.kind = ErrorKind::kTls;
    cut.error.retryable = true;
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    for (int n = 0; n < 20; ++n) // a server that is not there is no handshake
        s.gets(unreachable()).time_passes();
    for (int n = 0; n < 5; ++n)
        s.gets(cut).time_passes().expect<Options>();
    s.gets(cut).expect_failed(ErrorKind::kTls);

    Script back;
    back.gets(Started{}).gets(Resolved{back.endpoints, true}).gets(cut).time_passes();
    back.gets(capabilities({"creation", "creation-defer-length"})).gets(cut).time_passes();
    back.gets(created()).expect<Wait>();

    Script api; // the same where the parameters come from
    api.gets(Started{});
    ResolveFailed failure{cut.error, false, {}};
    for (int n = 0; n < 5; ++n)
        api.gets(failure).time_passes().expect<Resolve>();
    api.gets(failure).expect_failed(ErrorKind::kTls);

    Script several; // every server gets its chance
    several.endpoints = {"https://a/", "https://b/", "https://c/"};
    several.gets(Started{}).gets(Resolved{several.endpoints, true});
    for (int n = 0; n < 5; ++n)
        several.gets(cut).gets(cut).gets(cut).time_passes().expect<Options>();
    several.gets(cut).expect_failed(ErrorKind::kTls);
}

void bytes_that_can_not_be_read_are_an_error()
{
    for (const ErrorKind kind : {ErrorKind::kDisk, ErrorKind::kInternal}) {
        Script s;
        s.starts_and_creates().produces(101).gets(Tick{}).gets(broken(kind));
        s.expect_failed(kind);
    }
}

// --- where the parameters come from --------------------------------------------------------------

void parameters_that_can_not_be_fetched_now_are_fetched_later()
{
    Script s;
    s.gets(Started{}).expect<Resolve>();
    ResolveFailed failure;
    failure.error.retryable = true;
    s.gets(failure).time_passes();
    g_assert_false(s.expect<Resolve>().refresh); // nothing is there yet
    failure.error.retryable = false;
    failure.error.kind = ErrorKind::kNotAuthorized;
    s.gets(failure).expect_failed(ErrorKind::kNotAuthorized);
}

// --- bounds --------------------------------------------------------------------------------------

void drain_timeout_bounds_the_end()
{
    Script s;
    s.in.drain_timeout = seconds(10);
    s.starts_and_creates();
    s.produces(50).ends().gets(Tick{}).expect<Patch>();
    g_assert_true(s.machine->deadline(s.in) == s.in.now + seconds(10));
    s.gets(unreachable());
    while (std::holds_alternative<Wait>(s.action)) {
        g_assert_true(s.expect<Wait>().until <= *s.in.ended_at + seconds(10));
        s.time_passes();
        if (std::holds_alternative<Head>(s.action))
            s.gets(unreachable());
    }
    const Error &error = s.expect_failed(ErrorKind::kNetwork);
    g_assert_true(error.message.find("drain-timeout") != std::string::npos);
    g_assert_true(s.in.now == *s.in.ended_at + seconds(10));
}

void a_body_that_moves_puts_off_the_outage_but_not_the_drain()
{
    Script s;
    s.in.outage_timeout = seconds(60);
    s.starts_and_creates();
    s.produces(101).gets(Tick{}).expect<Patch>();
    const TimePoint begin = s.in.now;
    g_assert_false(s.machine->deadline(s.in, begin).has_value()); // no trouble
    s.gets(status(503)).time_passes().gets(offset_is(0)).expect<Patch>();
    g_assert_true(s.machine->deadline(s.in) == begin + seconds(60));
    g_assert_true(s.machine->deadline(s.in, begin + seconds(50)) == begin + seconds(110));
    s.in.drain_timeout = seconds(90);
    s.ends();
    g_assert_true(s.machine->deadline(s.in, begin + seconds(50)) == s.in.now + seconds(90));
    s.in.now = begin + seconds(70); // it moved until then, to no avail
    s.gets(broken()).expect_failed(ErrorKind::kNetwork);
}

void an_acknowledgement_that_comes_late_is_still_the_end()
{
    Script s;
    s.in.drain_timeout = seconds(10);
    s.starts_and_creates();
    s.produces(50).ends().gets(Tick{}).expect<Patch>();
    s.in.now += seconds(11);
    s.finishes(50);
}

void outage_timeout_bounds_an_outage_but_not_the_recording()
{
    Script s;
    s.in.outage_timeout = seconds(30);
    s.starts_and_creates();
    for (std::uint64_t n = 1; n < 10; ++n) {
        s.produces(n * 10).gets(Tick{}).expect<Patch>();
        s.in.now += seconds(20);
        s.gets(broken()).time_passes().gets(offset_is(s.machine->acked()));
        s.gets(acknowledged(n * 10 - 1)).expect<Wait>();
    }
    s.produces(200).gets(Tick{});
    const TimePoint since = s.in.now;
    s.gets(unreachable());
    while (std::holds_alternative<Wait>(s.action)) {
        s.time_passes();
        if (std::holds_alternative<Head>(s.action))
            s.gets(unreachable());
    }
    const Error &error = s.expect_failed(ErrorKind::kNetwork);
    g_assert_true(error.message.find("outage-timeout") != std::string::npos);
    g_assert_true(s.in.now == since + seconds(30));
}

// The server was away when OPTIONS was sent, and nothing failed since: that is no outage at the
// end.
void trouble_before_the_first_byte_does_not_end_the_recording()
{
    for (const char *mode : {"creation-defer-length", "concatenation"}) {
        Script s;
        s.in.outage_timeout = seconds(30);
        s.in.flush_interval = seconds(1000);
        s.gets(Started{}).gets(Resolved{s.endpoints, true}).gets(unreachable()).time_passes();
        s.expect<Options>();
        s.gets(capabilities({"creation", mode}));
        if (std::holds_alternative<Create>(s.action))
            s.gets(created());
        s.expect<Wait>();
        s.in.now += seconds(60);
        s.produces(50).ends().gets(Tick{});
        if (std::holds_alternative<Create>(s.action))
            s.gets(created());
        s.expect<Patch>();
    }
}

// --- crumbs --------------------------------------------------------------------------------------

// A PATCH of much is under way, and nothing of it was taken yet.
Script sends_much()
{
    Script s;
    s.config.chunk_size = kMiB;
    s.starts_and_creates().produces(kMiB * 10).gets(Tick{}).expect_patch(0, kMiB);
    return s;
}

void one_short_acknowledgement_is_no_outage()
{
    Script s = sends_much();
    s.gets(acknowledged(1)).expect_patch(1, kMiB + 1);
    s.gets(acknowledged(kMiB + 1)).expect_patch(kMiB + 1, 2 * kMiB + 1);
    s.gets(acknowledged(kMiB + 2)).expect<Patch>(); // again for once
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
}

void a_server_that_takes_parts_of_requests_is_no_outage()
{
    Script s = sends_much();
    for (std::uint64_t offset = kMiB / 32; offset < 3 * kMiB; offset += kMiB / 32)
        s.gets(acknowledged(offset)).expect<Patch>();
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
}

void a_server_that_takes_a_byte_at_a_time_is_an_outage()
{
    for (const bool last : {false, true}) { // the request carries the end, and the length
        Script s;
        s.config.chunk_size = last ? 20 * kMiB : kMiB;
        s.in.outage_timeout = seconds(600);
        s.starts_and_creates().produces(10 * kMiB).ends().gets(Tick{});
        std::uint64_t offset = 1;
        Duration pause{};
        s.gets(acknowledged(offset));
        while (!std::holds_alternative<Failed>(s.action) && offset < 1000) {
            if (std::holds_alternative<Patch>(s.action)) {
                g_assert_cmpint(s.expect<Patch>().declare_length.has_value(), ==, last);
                s.gets(acknowledged(++offset));
            } else if (std::holds_alternative<Head>(s.action)) {
                s.gets(offset_is(offset));
            } else {
                pause = std::max(pause, s.pause());
                s.time_passes();
            }
        }
        s.expect_failed(ErrorKind::kServer); // outage-timeout
        g_assert_true(pause > seconds(5));
        g_assert_cmpuint(offset, <, 200);
        g_assert_cmpuint(s.machine->counters().outages, ==, 1);
        g_assert_cmpuint(s.count<ReportResumed>(), ==, 0);
        g_assert_cmpuint(s.machine->acked(), ==, offset); // they are there
    }
}

void a_request_that_breaks_behind_a_byte_each_time_is_one_outage()
{
    Script s = sends_much();
    s.in.outage_timeout = seconds(600);
    std::uint64_t offset = 0;
    for (Answer answer = status(503); offset < 1000; ++offset) {
        s.gets(answer);
        if (!std::holds_alternative<Wait>(s.action))
            break;
        s.time_passes();
        if (!std::holds_alternative<Head>(s.action))
            break;
        s.gets(offset_is(offset + 1)).expect<Patch>();
    }
    s.expect_failed(ErrorKind::kServer);
    g_assert_cmpuint(s.machine->counters().outages, ==, 1);
    g_assert_cmpuint(offset, <, 200); // left alone for longer and longer
}

void much_after_crumbs_ends_the_outage()
{
    Script s = sends_much();
    s.gets(acknowledged(1)).gets(acknowledged(2)).time_passes().gets(offset_is(2));
    s.gets(acknowledged(kMiB)).expect<Patch>();
    g_assert_cmpuint(s.count<ReportResumed>(), ==, 1);
    s.gets(acknowledged(kMiB + 1)).expect<Patch>();
}

// --- pauses --------------------------------------------------------------------------------------

void a_request_given_up_for_a_pause_is_no_trouble()
{
    Script s = sends_much();
    NoAnswer given_up = broken();
    given_up.paused = true;
    s.gets(given_up).expect<Head>();
    s.gets(given_up).expect<Head>();
    s.gets(offset_is(5000)).expect_patch(5000, kMiB + 5000);
    g_assert_cmpuint(s.machine->counters().outages, ==, 0);
    g_assert_cmpuint(s.count<ReportStalled>(), ==, 0);
}

void outage_timeout_begins_anew_after_a_pause()
{
    Script s = sends_much();
    s.in.outage_timeout = seconds(30);
    s.gets(unreachable()).expect<Wait>();
    s.in.paused = true;
    s.in.now += seconds(600);
    s.gets(Tick{}).expect<Head>(); // waits for the end of the pause
    g_assert_false(s.machine->deadline(s.in).has_value());
    s.in.paused = false;
    s.in.resumed_at = s.in.now;
    s.gets(unreachable()).expect<Wait>();
    s.in.now += seconds(31);
    s.gets(Tick{}).expect_failed(ErrorKind::kNetwork);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-trouble/network/stale", a_dead_kept_alive_connection_is_no_outage);
    add_test("/machine-trouble/network/unreachable",
             attempts_that_reached_nobody_are_repeated_every_two_seconds);
    add_test("/machine-trouble/network/busy",
             a_busy_server_is_left_alone_whatever_the_network_does);
    add_test("/machine-trouble/network/busy-once",
             a_server_that_is_busy_once_after_an_outage_is_tried_again_soon);
    add_test("/machine-trouble/network/endpoints",
             the_next_server_is_tried_until_the_upload_exists);
    add_test("/machine-trouble/network/tls",
             a_wrong_certificate_at_the_start_is_an_error_and_later_an_outage);
    add_test("/machine-trouble/network/proxy-login",
             a_proxy_that_refuses_the_login_is_an_error_at_the_start_and_later_an_outage);
    add_test("/machine-trouble/resolve/in-the-way",
             what_is_in_the_way_of_fresh_parameters_is_waited_out);
    add_test("/machine-trouble/network/dates", dates_of_a_certificate_are_waited_out);
    add_test("/machine-trouble/network/handshake",
             a_broken_handshake_at_the_start_is_tried_again_a_few_times);
    add_test("/machine-trouble/network/body", bytes_that_can_not_be_read_are_an_error);
    add_test("/machine-trouble/resolve/later",
             parameters_that_can_not_be_fetched_now_are_fetched_later);
    add_test("/machine-trouble/crumbs/one", one_short_acknowledgement_is_no_outage);
    add_test("/machine-trouble/crumbs/parts", a_server_that_takes_parts_of_requests_is_no_outage);
    add_test("/machine-trouble/crumbs/a-byte-at-a-time",
             a_server_that_takes_a_byte_at_a_time_is_an_outage);
    add_test("/machine-trouble/crumbs/a-byte-and-503",
             a_request_that_breaks_behind_a_byte_each_time_is_one_outage);
    add_test("/machine-trouble/crumbs/over", much_after_crumbs_ends_the_outage);
    add_test("/machine-trouble/pause/request", a_request_given_up_for_a_pause_is_no_trouble);
    add_test("/machine-trouble/pause/outage-timeout", outage_timeout_begins_anew_after_a_pause);
    add_test("/machine/bounds/drain-timeout", drain_timeout_bounds_the_end);
    add_test("/machine/bounds/body-moves", a_body_that_moves_puts_off_the_outage_but_not_the_drain);
    add_test("/machine/bounds/late-end", an_acknowledgement_that_comes_late_is_still_the_end);
    add_test("/machine/bounds/outage-timeout",
             outage_timeout_bounds_an_outage_but_not_the_recording);
    add_test("/machine/bounds/trouble-before-the-first-byte",
             trouble_before_the_first_byte_does_not_end_the_recording);
    return g_test_run();
}
