// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and requests that are refused as they are: the finish, the size, the method,
// Expect, the checksum.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- the finish ----------------------------------------------------------------------------------

void a_refusal_of_the_finished_upload_is_an_error()
{
    for (const int number : {400, 403, 415, 422}) {
        Script s;
        s.starts_and_creates().produces(150).ends().gets(Tick{}).gets(acknowledged(100));
        s.expect_patch(100, 150, 150);
        s.gets(status(number, "the hook says no"));
        if (std::holds_alternative<RenewCredentials>(s.action))
            s.gets(Credentials{true});
        else
            s.time_passes();
        s.gets(offset_is(150, 150));
        ASSERT_STR(s.expect<Failed>().error.detail, "the hook says no");
    }
    Script known; // the length was known before
    known.config.length_mode = LengthMode::kSpool;
    known.starts({"creation"}).produces(50).ends().gets(Tick{});
    known.gets(Resolved{known.endpoints, true}).gets(created()).expect_patch(0, 50);
    known.gets(status(422, "no")).time_passes().gets(offset_is(50, 50)).expect<Failed>();
    Script earlier; // it was not about the finished upload: nothing was stored then
    earlier.starts_and_creates().produces(50).ends().gets(Tick{}).gets(status(400)).time_passes();
    earlier.gets(offset_is(0)).expect_patch(0, 50, 50);
    earlier.gets(broken()).time_passes().gets(offset_is(50, 50)).expect<Finished>();
    Script unclear; // HEAD is silent about the length, the next request learns that it is known
    Answer silent = offset_is(0);
    silent.length_deferred = false;
    unclear.starts_and_creates().ends().gets(Tick{}).gets(status(422, "hook")).time_passes();
    unclear.gets(silent).expect_patch(0, 0, 0);
    unclear.gets(status(400, "ERR_INVALID_UPLOAD_LENGTH")).expect<Head>();
    ASSERT_STR(unclear.gets(offset_is(0, 0)).expect<Failed>().error.detail, "hook");
    Script complete; // it was complete before the request that is refused
    complete.starts_and_creates().ends().gets(Tick{}).gets(broken()).time_passes();
    complete.gets(silent).gets(status(400, "empty")).time_passes();
    complete.gets(offset_is(0, 0)).expect<Finished>();
    Script failed; // not a word about the upload
    failed.starts_and_creates().produces(50).ends().gets(Tick{}).gets(status(502)).time_passes();
    failed.gets(offset_is(50, 50)).expect<Finished>();
}

// --- requests that are too large -----------------------------------------------------------------

void requests_are_halved_after_413_and_stay_small()
{
    Script s;
    s.config.chunk_size = 8 * kMiB;
    s.starts_and_creates().produces(80 * kMiB).gets(Tick{}).expect_patch(0, 8 * kMiB);
    s.gets(status(413)).gets(offset_is(0)).expect_patch(0, 4 * kMiB);
    s.gets(status(413)).gets(offset_is(0)).expect_patch(0, 2 * kMiB);
    s.gets(acknowledged(2 * kMiB)).expect_patch(2 * kMiB, 4 * kMiB);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
}

void halving_has_a_floor()
{
    Script s;
    s.config.chunk_size = 8 * kMiB;
    s.starts_and_creates().produces(80 * kMiB).gets(Tick{});
    int tries = 0;
    while (!std::holds_alternative<Failed>(s.action) && ++tries < 100) {
        g_assert_cmpuint(s.expect<Patch>().to, >=, kMiB / 4);
        s.gets(status(413));
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
        if (std::holds_alternative<Head>(s.action))
            s.gets(offset_is(0));
    }
    g_assert_cmpint(s.expect<Failed>().error.http_status, ==, 413);
    g_assert_cmpint(tries, <, 25);
}

// A server that is full takes what fits to the last byte (or the last aligned piece).
void a_full_server_keeps_what_fits(std::uint64_t align, std::uint64_t full, std::uint64_t fits)
{
    Script s;
    s.config.chunk_size = 1000;
    s.config.chunk_align = align;
    s.starts_and_creates().produces(100000).gets(Tick{});
    std::uint64_t stored = 0;
    std::optional<std::uint64_t> length;
    int requests = 0;
    while (!std::holds_alternative<Failed>(s.action) && ++requests < 200) {
        if (std::holds_alternative<Head>(s.action)) {
            s.gets(offset_is(stored, length));
            continue;
        }
        const Patch patch = s.expect<Patch>();
        if (patch.to > full) {
            s.gets(status(413, "ERR_MAX_SIZE_EXCEEDED"));
        } else {
            stored = patch.to;
            length = patch.declare_length;
            s.gets(acknowledged(stored));
        }
    }
    s.expect_failed(ErrorKind::kTooLarge);
    g_assert_cmpuint(stored, ==, fits);
}

void a_full_server_keeps_all_that_fits()
{
    a_full_server_keeps_what_fits(1, 4321, 4321);
    a_full_server_keeps_what_fits(1, 0, 0);
    a_full_server_keeps_what_fits(256, 4321, 4096);
}

void a_full_server_ends_a_partial_upload_with_an_error()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation", "concatenation"}).produces(100).gets(Tick{}).gets(created());
    int requests = 0;
    while (!std::holds_alternative<Failed>(s.action) && ++requests < 100) {
        s.gets(status(413, "ERR_MAX_SIZE_EXCEEDED"));
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
        if (std::holds_alternative<Head>(s.action))
            s.gets(offset_is(0, 100));
    }
    s.expect_failed(ErrorKind::kTooLarge);
}

void a_request_without_bytes_can_not_be_halved()
{
    Script s;
    s.starts_and_creates().ends().gets(Tick{}).expect_patch(0, 0, 0);
    s.insists(status(413, "ERR_MAX_SIZE_EXCEEDED"), offset_is(0));
    s.expect_failed(ErrorKind::kTooLarge);
}

void a_server_that_kept_more_than_it_said_is_believed()
{
    Script s;
    s.config.chunk_size = 1;
    s.starts_and_creates().produces(11).gets(Tick{}).expect_patch(0, 1);
    s.gets(status(413, "ERR_MAX_SIZE_EXCEEDED")).gets(offset_is(1));
    s.expect_patch(1, 1, 1);
}

void requests_that_take_too_long_get_shorter_down_to_a_floor()
{
    Script s;
    s.config.chunk_size = 8 * kMiB;
    s.starts_and_creates().produces(80 * kMiB).gets(Tick{});
    std::uint64_t size = 0;
    for (int n = 0; n < 40; ++n) {
        size = s.expect<Patch>().to;
        s.gets(status(408)).time_passes().gets(offset_is(0));
    }
    g_assert_cmpuint(size, ==, kMiB / 4);
}

// --- methods, Expect, checksums ------------------------------------------------------------------

void a_server_without_patch_gets_the_override()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{});
    g_assert_false(s.expect<Patch>().method_override);
    s.gets(status(405)).gets(offset_is(0));
    g_assert_true(s.expect<Patch>().method_override);
    s.produces(201).gets(acknowledged(100));
    g_assert_true(s.expect<Patch>().method_override);
}

// The answer was somebody else's: HEAD shows that the bytes came all the same.
void a_method_that_brought_bytes_stays()
{
    Script s;
    s.starts_and_creates().produces(150).ends().gets(Tick{}).expect_patch(0, 100);
    s.gets(status(405)).gets(offset_is(100)).expect_patch(100, 150, 150);
    g_assert_false(s.expect<Patch>().method_override);
}

// It does not know the override, and takes the POST for a creation with an upload of its own.
void another_upload_is_no_acknowledgement_of_the_override()
{
    Script s;
    s.starts_and_creates().produces(60).ends().gets(Tick{}).expect_patch(0, 60, 60);
    s.gets(status(405)).gets(offset_is(0)).expect_patch(0, 60, 60);
    Answer answer = created("https://host/files/2");
    answer.upload_offset = 60;
    s.gets(answer).time_passes().gets(offset_is(0)).expect_patch(0, 60, 60);
    g_assert_false(s.expect<Patch>().method_override); // never again
    s.insists(status(405), offset_is(0));
    const Error &error = s.expect_failed(ErrorKind::kProtocol);
    g_assert_true(error.message.find("X-HTTP-Method-Override") != std::string::npos);
    Script passed; // who refused PATCH was not the server
    passed.starts_and_creates().produces(60).ends().gets(Tick{}).expect_patch(0, 60, 60);
    passed.gets(status(405)).gets(offset_is(0)).expect_patch(0, 60, 60);
    passed.gets(answer).time_passes().gets(offset_is(0)).expect_patch(0, 60, 60);
    passed.gets(acknowledged(60)).gets(offset_is(60, 60)).expect<Finished>();
    g_assert_cmpuint(passed.machine->litter().size(), ==, 1);
}

// Whatever method it came with: the server has all bytes, and does not like them.
void a_finish_that_is_refused_with_the_override_is_no_success()
{
    Answer hook = status(422, "hook");
    hook.resumable = hook.speaks_tus = true;
    for (const int number : {405, 404}) { // as a rule, and on trial
        Script s;
        s.starts_and_creates().produces(60).ends().gets(Tick{}).expect_patch(0, 60, 60);
        s.gets(status(number)).gets(offset_is(0)).expect_patch(0, 60, 60);
        g_assert_true(s.expect<Patch>().method_override);
        s.gets(hook);
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
        s.gets(offset_is(60, 60));
        g_assert_cmpint(s.expect<Failed>().error.http_status, ==, 422);
    }
    Script odd; // one HEAD that goes back does not make it forgotten
    odd.starts_and_creates().produces(60).ends().gets(Tick{}).expect_patch(0, 60, 60);
    odd.gets(hook).time_passes().gets(offset_is(50, 60)).expect_patch(50, 60);
    odd.gets(status(409)).gets(offset_is(60, 60));
    g_assert_cmpint(odd.expect<Failed>().error.http_status, ==, 422);
    Script worked; // something else's 201, for once
    worked.starts_and_creates().produces(201).gets(Tick{}).gets(status(405)).gets(offset_is(0));
    worked.gets(acknowledged(100)).gets(status(201)).time_passes().gets(offset_is(100));
    worked.expect_patch(100, 200);
}

// The page of a maintenance, or another server for a moment: the method had worked before.
void a_method_that_worked_is_not_given_up()
{
    for (const bool override_first : {false, true}) {
        for (const int number : {405, 501}) {
            Script s;
            s.starts_and_creates().produces(301).gets(Tick{});
            if (override_first)
                s.gets(status(405)).gets(offset_is(0));
            s.gets(acknowledged(100));
            for (int n = 0; n < 10; ++n) {
                s.expect_patch(100, 200);
                g_assert_cmpint(s.expect<Patch>().method_override, ==, override_first);
                s.gets(status(number));
                g_assert_true(s.pause() >= milliseconds(100));
                s.time_passes().gets(offset_is(100));
            }
            s.ends();
            for (int n = 0; n < 10; ++n) // while it drains as while it records
                s.gets(status(number)).time_passes().gets(offset_is(100)).expect<Patch>();
        }
    }
}

void a_reset_lets_the_server_speak_first_once()
{
    Script s;
    s.starts_and_creates().produces(301).gets(Tick{});
    g_assert_false(s.expect<Patch>().expect_continue);
    s.gets(broken()).time_passes().gets(offset_is(0));
    g_assert_true(s.expect<Patch>().expect_continue);
    s.gets(acknowledged(100));
    g_assert_false(s.expect<Patch>().expect_continue);
}

void a_server_that_refuses_expect_is_not_asked_again()
{
    Script s;
    s.starts_and_creates().produces(301).gets(Tick{});
    s.gets(broken()).time_passes().gets(offset_is(0)).gets(status(417)).expect<Head>();
    for (int n = 0; n < 5; ++n) {
        s.gets(offset_is(0));
        g_assert_false(s.expect<Patch>().expect_continue);
        s.gets(broken()).time_passes();
    }
}

// It knows no Expect and waits for the body, we for its word.
void a_server_that_is_silent_to_expect_is_not_asked_again()
{
    Script s;
    s.starts_and_creates().produces(301).gets(Tick{});
    s.gets(broken()).time_passes().gets(offset_is(0));
    g_assert_true(s.expect<Patch>().expect_continue);
    for (int n = 0; n < 5; ++n) {
        s.gets(n % 2 ? broken() : broken(ErrorKind::kTimeout)).time_passes().gets(offset_is(0));
        g_assert_false(s.expect<Patch>().expect_continue);
    }
    Script other; // a time-out of something else says nothing about Expect
    other.starts_and_creates().produces(301).gets(Tick{});
    other.gets(broken(ErrorKind::kTimeout)).time_passes().gets(offset_is(0));
    other.gets(broken()).time_passes().gets(offset_is(0));
    g_assert_true(other.expect<Patch>().expect_continue);
    NoAnswer away = unreachable();
    away.error.kind = ErrorKind::kTimeout;
    other.gets(away).time_passes().gets(offset_is(0));
    other.gets(broken()).time_passes().gets(offset_is(0));
    g_assert_true(other.expect<Patch>().expect_continue);
}

void damaged_bytes_are_sent_again_but_not_for_ever()
{
    Script s;
    s.starts_and_creates().produces(301).gets(Tick{});
    s.gets(status(460)).gets(offset_is(0)).expect_patch(0, 100);
    s.gets(status(460)).gets(offset_is(0)).expect_patch(0, 100);
    s.gets(acknowledged(100)).expect_patch(100, 200); // from now on anew
    s.gets(status(460)).gets(offset_is(100));
    s.gets(status(460)).gets(offset_is(100));
    s.insists(status(460), offset_is(100));
    g_assert_cmpint(s.expect<Failed>().error.http_status, ==, 460);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-trouble/length/refused", a_refusal_of_the_finished_upload_is_an_error);
    add_test("/machine-trouble/large/halved", requests_are_halved_after_413_and_stay_small);
    add_test("/machine-trouble/large/floor", halving_has_a_floor);
    add_test("/machine-trouble/large/full", a_full_server_keeps_all_that_fits);
    add_test("/machine-trouble/large/full-partial",
             a_full_server_ends_a_partial_upload_with_an_error);
    add_test("/machine-trouble/large/empty", a_request_without_bytes_can_not_be_halved);
    add_test("/machine-trouble/large/kept-more", a_server_that_kept_more_than_it_said_is_believed);
    add_test("/machine-trouble/large/408", requests_that_take_too_long_get_shorter_down_to_a_floor);
    add_test("/machine-trouble/method/override", a_server_without_patch_gets_the_override);
    add_test("/machine-trouble/method/bytes-came", a_method_that_brought_bytes_stays);
    add_test("/machine-trouble/method/another-upload",
             another_upload_is_no_acknowledgement_of_the_override);
    add_test("/machine-trouble/method/refused-finish",
             a_finish_that_is_refused_with_the_override_is_no_success);
    add_test("/machine-trouble/method/worked-before", a_method_that_worked_is_not_given_up);
    add_test("/machine-trouble/expect/once", a_reset_lets_the_server_speak_first_once);
    add_test("/machine-trouble/expect/refused", a_server_that_refuses_expect_is_not_asked_again);
    add_test("/machine-trouble/expect/silent",
             a_server_that_is_silent_to_expect_is_not_asked_again);
    add_test("/machine-trouble/checksum/mismatch", damaged_bytes_are_sent_again_but_not_for_ever);
    return g_test_run();
}
