// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine on the way to an upload, when something goes wrong there: OPTIONS that nobody
// answers, creations whose answer is late.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

Script resolved()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    return s;
}

// --- OPTIONS that nobody answers -----------------------------------------------------------------

void options_that_is_cut_or_swallowed_is_done_without_after_three_tries()
{
    for (const ErrorKind kind : {ErrorKind::kNetwork, ErrorKind::kTimeout, ErrorKind::kProtocol}) {
        Script s = resolved();
        for (int n = 0; n < 2; ++n) {
            s.gets(broken(kind)).time_passes();
            ASSERT_STR(s.expect<Options>().url, kEndpoint);
        }
        s.gets(broken(kind));
        g_assert_false(s.expect<Create>().length.has_value());
        s.produces(10).ends().gets(created()).expect_patch(0, 10, 10);
        g_assert_cmpuint(s.count<ReportResumed>(), ==, 1);
        g_assert_cmpuint(s.machine->counters().outages, ==, 1);
    }
    Script mixed = resolved(); // whatever they fail with
    mixed.gets(broken()).time_passes().gets(status(503)).time_passes();
    mixed.gets(broken(ErrorKind::kTimeout)).expect<Create>();
}

void a_server_that_is_not_there_is_not_one_that_says_nothing()
{
    Script s = resolved();
    for (int n = 0; n < 20; ++n)
        s.gets(unreachable()).time_passes().expect<Options>();
    NoAnswer slow = unreachable();
    slow.error.kind = ErrorKind::kTimeout; // connecting took too long
    for (int n = 0; n < 20; ++n)
        s.gets(slow).time_passes().expect<Options>();
    s.gets(capabilities({"creation", "creation-defer-length"})).expect<Create>();
}

void what_cannot_get_better_is_an_error_while_options_is_asked()
{
    for (const ErrorKind kind : {ErrorKind::kSettings, ErrorKind::kInternal, ErrorKind::kTls})
        resolved().gets(broken(kind)).expect_failed(kind);
}

// What it could have told decides how a recording is sent.
void options_is_asked_again_when_the_creation_fails_in_the_same_trouble()
{
    for (const bool silent : {true, false}) {
        Script s = resolved();
        s.gets(broken()).time_passes().gets(broken()).time_passes().gets(broken());
        s.expect<Create>();
        if (silent)
            s.gets(broken()).time_passes().expect<Options>();
        else
            s.gets(status(503)).time_passes().expect<Options>();
        s.gets(broken()).expect<Create>(); // not three times again
        s.gets(status(502)).time_passes().expect<Options>();
        s.gets(capabilities({"creation", "concatenation"})).expect<Wait>();
        g_assert_true(s.machine->mode() == LengthMode::kConcatenation);
    }
    Script told = resolved(); // in whatever way
    told.gets(status(404)).expect<Create>();
    told.gets(status(503)).time_passes().expect<Create>();
    Script wished;
    wished.config.length_mode = LengthMode::kDeferred; // nothing depends on it
    wished.gets(Started{}).gets(Resolved{wished.endpoints, true}).gets(broken()).time_passes();
    wished.gets(broken()).time_passes().gets(broken()).gets(broken()).time_passes();
    wished.expect<Create>();
    Script checked; // a warning is told once
    checked.config.checksum = "sha1";
    checked.gets(Started{}).gets(Resolved{checked.endpoints, true}).gets(broken()).time_passes();
    checked.gets(broken()).time_passes().gets(broken()).gets(broken()).time_passes();
    checked.gets(capabilities({"creation"}));
    g_assert_cmpuint(checked.count<ReportWarning>(), ==, 2); // and the way without deferred length
}

// --- creations whose answer is late --------------------------------------------------------------

void a_creation_that_was_given_up_is_followed_by_more_patient_ones()
{
    Script s;
    s.starts();
    g_assert_cmpuint(s.expect<Create>().patience, ==, 1);
    s.gets(broken(ErrorKind::kTimeout)).time_passes();
    g_assert_cmpuint(s.expect<Create>().patience, ==, 10);
    s.gets(broken(ErrorKind::kTimeout)).time_passes();
    g_assert_cmpuint(s.expect<Create>().patience, ==, 100);
    s.gets(broken(ErrorKind::kTimeout)).time_passes();
    g_assert_cmpuint(s.expect<Create>().patience, ==, 100);
    // the next upload of the same server is made no faster
    s.produces(101).gets(created()).gets(status(404)).insists(status(404));
    s.gets(Resolved{s.endpoints, true});
    g_assert_cmpuint(s.expect<Create>().patience, ==, 100);
}

void only_an_answer_that_is_late_calls_for_patience()
{
    Script s;
    s.starts();
    NoAnswer connecting = unreachable();
    connecting.error.kind = ErrorKind::kTimeout;
    for (const NoAnswer &failure : {broken(), unreachable(), connecting, stale()}) {
        s.gets(failure);
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
        g_assert_cmpuint(s.expect<Create>().patience, ==, 1);
    }
    s.gets(status(504)).time_passes();
    g_assert_cmpuint(s.expect<Create>().patience, ==, 1);
}

void partial_uploads_and_their_joining_are_waited_for_too()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation", "concatenation"}).produces(100).gets(Tick{});
    s.gets(broken(ErrorKind::kTimeout)).time_passes();
    g_assert_cmpuint(s.expect<Create>().patience, ==, 10);
    s.gets(created()).gets(acknowledged(100)).produces(200).gets(Tick{});
    g_assert_cmpuint(s.expect<Create>().patience, ==, 10);
    s.ends().gets(created("https://host/files/2")).gets(acknowledged(100));
    g_assert_cmpuint(s.expect<Create>().final_of.size(), ==, 2);
    g_assert_cmpuint(s.expect<Create>().patience, ==, 100);

    Script fast; // all of it may have to be copied
    fast.config.length_mode = LengthMode::kConcatenation;
    fast.starts({"creation", "concatenation"}).produces(100).ends().gets(Tick{});
    fast.gets(created()).gets(acknowledged(100));
    g_assert_cmpuint(fast.expect<Create>().patience, ==, 10);
    fast.gets(broken(ErrorKind::kTimeout)).time_passes();
    g_assert_cmpuint(fast.expect<Create>().patience, ==, 100);
    fast.gets(created("https://host/files/all")).gets(offset_is(100, 100)).expect<Finished>();
}

// --- where it is ---------------------------------------------------------------------------------

Answer insecure(int number)
{
    Answer answer = status(number);
    answer.refused_location = "http://cdn/1";
    answer.location_other_host = true;
    return answer;
}

void an_upload_without_tls_is_refused()
{
    Script s;
    s.starts().gets(insecure(201));
    const Error &error = s.expect_failed(ErrorKind::kProtocol);
    g_assert_true(error.message.find("http://cdn/1") != std::string::npos);
    g_assert_true(error.message.find("X-Forwarded-Proto") != std::string::npos);
    Script joined;
    joined.config.length_mode = LengthMode::kConcatenation;
    joined.starts({"creation", "concatenation"}).produces(100).ends().gets(Tick{});
    joined.gets(created()).gets(acknowledged(100)).gets(insecure(201));
    joined.expect_failed(ErrorKind::kProtocol);
}

void a_redirect_without_tls_is_not_followed()
{
    Script asked = resolved(); // what OPTIONS is sent to, the metadata is sent to next
    asked.gets(insecure(308)).time_passes().expect<Options>();
    asked.gets(insecure(308)).expect_failed(ErrorKind::kProtocol);
    for (const int number : {307, 308}) {
        Script start;
        start.starts().gets(insecure(number)).time_passes();
        ASSERT_STR(start.expect<Create>().url, kEndpoint);
        g_assert_true(
            start.gets(insecure(number)).expect<Failed>().error.message.find("http://cdn/1") !=
            std::string::npos);
        // a portal's, perhaps
        Script live;
        live.starts_and_creates().produces(301).gets(Tick{}).gets(acknowledged(100));
        for (int n = 0; n < 20; ++n) {
            live.gets(insecure(number)).time_passes();
            ASSERT_STR(live.expect<Head>().url, kUpload);
        }
        live.gets(offset_is(100)).expect_patch(100, 200);
        live.gets(insecure(number)).time_passes().gets(offset_is(100));
        ASSERT_STR(live.expect<Patch>().url, kUpload);
    }
}

void another_host_is_told_once()
{
    Answer elsewhere = created("https://node/1");
    elsewhere.location_other_host = true;
    for (const bool secret : {false, true}) {
        Script s;
        s.follow_other_hosts = !secret;
        s.config.length_mode = LengthMode::kConcatenation;
        s.starts({"creation", "concatenation"}).produces(100).gets(Tick{}).gets(elsewhere);
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
        s.gets(acknowledged(100)).produces(200).ends().gets(Tick{}).gets(elsewhere);
        s.gets(acknowledged(100)).gets(elsewhere).gets(offset_is(200, 200)).expect<Finished>();
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    }
    Script here;
    here.starts_and_creates();
    g_assert_cmpuint(here.count<ReportWarning>(), ==, 0);
    Script led; // where the upload is found by a redirect
    led.starts_and_creates().produces(301).gets(Tick{}).gets(redirect("https://node/1", true));
    g_assert_cmpuint(led.count<ReportWarning>(), ==, 0); // perhaps nobody knows it there
    led.gets(offset_is(0)).expect<Patch>();
    g_assert_cmpuint(led.count<ReportWarning>(), ==, 1);
    led.gets(acknowledged(100)).gets(broken()).time_passes().gets(offset_is(100));
    g_assert_cmpuint(led.count<ReportWarning>(), ==, 1);
    Script moved;
    moved.starts().gets(redirect("https://node/files/", true)).expect<Create>();
    g_assert_cmpuint(moved.count<ReportWarning>(), ==, 1);
}

void an_upload_beside_the_endpoint_that_is_not_there_is_not_made_again()
{
    for (const bool by_patch : {true, false}) {
        Script s;
        s.endpoints = {"https://me:pw@host/api/files?key=1"};
        s.starts().gets(created("https://host/files/1?sig=2")).produces(101).gets(Tick{});
        if (by_patch)
            s.gets(status(404));
        else
            s.gets(broken()).time_passes();
        int asked = 0;
        for (; std::holds_alternative<Head>(s.action) && asked < 20; ++asked) {
            s.gets(status(404));
            if (std::holds_alternative<Wait>(s.action))
                s.time_passes();
        }
        g_assert_cmpint(asked, >, 1);
        const std::string text = s.expect_failed(ErrorKind::kNotFound).message;
        g_assert_true(text.find("/files/1") != std::string::npos);
        g_assert_true(text.find("/api/files") != std::string::npos);
        g_assert_true(text.find("key=") == std::string::npos &&
                      text.find("pw") == std::string::npos);
        g_assert_true(text.find("sig") == std::string::npos);
    }
    Script known; // it was there, and is gone
    known.starts().gets(created("https://host/other/1")).produces(201).gets(Tick{});
    known.gets(acknowledged(100)).gets(status(404)).insists(status(404));
    known.gets(Resolved{known.endpoints, true}).expect<Create>();
    known.gets(created("https://host/other/2")).gets(status(404)).insists(status(404));
    known.expect<Resolve>();
}

// --- the first PATCH -----------------------------------------------------------------------------

void the_override_is_tried_once_where_a_stranger_refuses_the_first_patch()
{
    for (const int number : {403, 404}) {
        Script s;
        s.starts_and_creates().produces(301).gets(Tick{}).gets(status(number, "blocked"));
        s.gets(offset_is(0)).expect_patch(0, 100);
        g_assert_true(s.expect<Patch>().method_override);
        s.gets(acknowledged(100)); // it helps
        g_assert_true(s.expect<Patch>().method_override);
        s.gets(status(405)).time_passes(); // worked before
        s.gets(offset_is(100));
        g_assert_true(s.expect<Patch>().method_override);

        for (const int refusal : {400, 403, 404, 405, 415, 501, 200, 201}) {
            Script in_vain;
            in_vain.starts({"creation", "creation-defer-length", "termination"}).gets(created());
            in_vain.produces(301).gets(Tick{}).gets(status(number));
            in_vain.gets(offset_is(0));
            Answer answer = refusal == 201 ? created("https://host/files/2") : status(refusal);
            in_vain.gets(answer).gets(offset_is(0)).expect_patch(0, 100);
            g_assert_false(in_vain.expect<Patch>().method_override);
            g_assert_cmpuint(in_vain.machine->litter().size(), ==, refusal == 201 ? 1 : 0);
            in_vain.gets(status(number)); // now as ever
            if (number == 403)
                in_vain.expect<RenewCredentials>();
            else
                in_vain.gets(offset_is(0)).expect_patch(0, 100);
        }
        Script passing; // a trial goes on over what has nothing to do with it
        passing.starts_and_creates().produces(301).gets(Tick{}).gets(status(number));
        passing.gets(offset_is(0)).gets(status(503)).time_passes().gets(offset_is(0));
        passing.gets(broken()).time_passes().gets(offset_is(0));
        g_assert_true(passing.expect<Patch>().method_override);

        Answer own = status(number); // the server's word
        own.speaks_tus = true;
        Script server;
        server.starts_and_creates().produces(301).gets(Tick{}).gets(own);
        if (number == 403)
            server.expect<RenewCredentials>();
        else
            g_assert_false(server.gets(offset_is(0)).expect<Patch>().method_override);

        Script late; // PATCH works
        late.starts_and_creates().produces(301).gets(Tick{}).gets(acknowledged(100));
        late.gets(status(number));
        if (number == 403)
            late.expect<RenewCredentials>();
        else
            g_assert_false(late.gets(offset_is(100)).expect<Patch>().method_override);
    }
}

// --- an empty recording --------------------------------------------------------------------------

void an_empty_recording_is_created_complete()
{
    Script s = resolved();
    s.ends().gets(capabilities({"creation", "creation-defer-length"}));
    g_assert_true(s.expect<Create>().length == 0U && !s.expect<Create>().partial);
    s.gets(created()).expect<Finished>();
    Script lost = resolved(); // the end comes while the first answer is lost
    lost.gets(capabilities({"creation", "creation-defer-length"}));
    g_assert_false(lost.expect<Create>().length.has_value());
    lost.ends().gets(broken()).time_passes();
    g_assert_true(lost.expect<Create>().length == 0U);
    Script bytes = resolved();
    bytes.produces(1).ends().gets(capabilities({"creation", "creation-defer-length"}));
    g_assert_false(bytes.expect<Create>().length.has_value());
}

void an_empty_upload_that_a_server_does_not_create_is_finished_afterwards()
{
    for (const char *text : {"Missing \"Upload-Defer-Length\" header.", "no empty files"}) {
        Script s = resolved();
        s.ends().gets(capabilities({"creation", "creation-defer-length"}));
        g_assert_true(s.expect<Create>().length == 0U);
        s.gets(status(400, text));
        g_assert_false(s.expect<Create>().length.has_value());
        s.gets(created()).expect_patch(0, 0, 0);
        Script forgets = resolved(); // acknowledged, and not noted: no circle
        forgets.ends().gets(capabilities({"creation", "creation-defer-length"}));
        forgets.gets(status(400, text)).gets(created()).expect_patch(0, 0, 0);
        forgets.gets(acknowledged(0)).gets(offset_is(0)).expect_patch(0, 0, 0);
        forgets.gets(acknowledged(0)).gets(offset_is(0)).expect<Resolve>();
        Script both = std::move(s); // nor that: the end, not a circle
        both.insists(status(400, "No data."), offset_is(0)).expect_failed(ErrorKind::kServer);
        ASSERT_STR(both.expect<Failed>().error.detail, "No data.");
        g_assert_cmpuint(both.count<ReportWarning>(), ==, 0);
    }
}

void an_empty_upload_that_can_not_be_finished_is_made_again()
{
    Answer silent = offset_is(0);
    silent.length_deferred = false;
    for (const char *text :
         {"no data", "File is frozen", "No data.", "ERR_INVALID_UPLOAD_LENGTH"}) {
        const bool is_drf = text == std::string("No data.");
        const Answer there = is_drf ? silent : offset_is(0);
        Script s;
        s.starts({"creation", "creation-defer-length", "termination"}).gets(created());
        s.ends().gets(Tick{}).expect_patch(0, 0, 0);
        s.gets(status(400, text));
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
        s.gets(there).expect_patch(0, 0, 0);
        s.gets(status(400, text));
        g_assert_true(s.expect<Resolve>().refresh);
        s.gets(Resolved{s.endpoints, true});
        g_assert_true(s.expect<Create>().length == 0U);
        if (is_drf) { // takes no empty upload at all: no circle
            s.insists(status(400, "Missing \"Upload-Defer-Length\" header."));
            s.expect_failed(ErrorKind::kServer);
            continue;
        }
        s.gets(created("https://host/files/2")).expect<Finished>();
        ASSERT_STR(s.machine->upload_url(), "https://host/files/2");
        g_assert_cmpuint(s.machine->litter().size(), ==, 1);
        ASSERT_STR(s.machine->litter().front(), kUpload);
    }
    Script given; // somebody else's upload
    given.config.upload_url = kUpload;
    given.gets(Started{}).gets(offset_is(0)).ends().gets(Tick{}).expect_patch(0, 0, 0);
    given.insists(status(400), offset_is(0)).expect<Failed>();
    Script full; // not empty
    full.starts_and_creates().produces(1).ends().gets(Tick{}).expect_patch(0, 1, 1);
    full.insists(status(400), offset_is(0)).expect<Failed>();
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-creation/options/cut",
             options_that_is_cut_or_swallowed_is_done_without_after_three_tries);
    add_test("/machine-creation/options/not-there",
             a_server_that_is_not_there_is_not_one_that_says_nothing);
    add_test("/machine-creation/options/wrong-setting",
             what_cannot_get_better_is_an_error_while_options_is_asked);
    add_test("/machine-creation/options/again",
             options_is_asked_again_when_the_creation_fails_in_the_same_trouble);
    add_test("/machine-creation/late/patience",
             a_creation_that_was_given_up_is_followed_by_more_patient_ones);
    add_test("/machine-creation/late/only", only_an_answer_that_is_late_calls_for_patience);
    add_test("/machine-creation/late/parts", partial_uploads_and_their_joining_are_waited_for_too);
    add_test("/machine-creation/place/tls", an_upload_without_tls_is_refused);
    add_test("/machine-creation/place/tls-redirect", a_redirect_without_tls_is_not_followed);
    add_test("/machine-creation/place/host", another_host_is_told_once);
    add_test("/machine-creation/place/path",
             an_upload_beside_the_endpoint_that_is_not_there_is_not_made_again);
    add_test("/machine-creation/first-patch",
             the_override_is_tried_once_where_a_stranger_refuses_the_first_patch);
    add_test("/machine-creation/empty/complete", an_empty_recording_is_created_complete);
    add_test("/machine-creation/empty/afterwards",
             an_empty_upload_that_a_server_does_not_create_is_finished_afterwards);
    add_test("/machine-creation/empty/again",
             an_empty_upload_that_can_not_be_finished_is_made_again);
    return g_test_run();
}
