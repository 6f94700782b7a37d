// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and its length modes: which one it takes, concatenation and its end, spool.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- which one -----------------------------------------------------------------------------------

void auto_takes_the_first_mode_that_the_server_can_do()
{
    Script deferred;
    deferred.starts({"creation", "concatenation", "creation-defer-length"});
    g_assert_false(deferred.expect<Create>().length.has_value());
    g_assert_cmpuint(deferred.count<ReportWarning>(), ==, 0);

    Script concatenation;
    concatenation.starts({"creation", "concatenation"}).expect<Wait>();
    g_assert_true(concatenation.machine->mode() == LengthMode::kConcatenation);
    g_assert_cmpuint(concatenation.count<ReportWarning>(), ==, 1);

    Script spool;
    spool.starts({"creation"}).expect<Wait>();
    g_assert_true(spool.machine->mode() == LengthMode::kSpool);
    g_assert_cmpuint(spool.count<ReportWarning>(), ==, 1);

    Script neither;
    neither.config.can_spool = false;
    neither.starts({"creation"}).expect_failed(ErrorKind::kSettings);
}

void a_creation_answered_501_falls_back_too()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true}).gets(status(404));
    s.expect<Create>();
    s.gets(status(501)).expect<Wait>();
    g_assert_true(s.machine->mode() == LengthMode::kSpool);
    Script wanted;
    wanted.config.length_mode = LengthMode::kDeferred;
    wanted.starts({"creation"});
    wanted.expect<Create>();
    wanted.gets(status(501)).expect_failed(ErrorKind::kSettings);
}

// --- concatenation -------------------------------------------------------------------------------

Script concatenation()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation", "concatenation"});
    return s;
}

void partial_uploads_are_joined_at_the_end()
{
    Script s = concatenation();
    s.expect<Wait>();
    s.produces(100).gets(Tick{});
    const Create part = s.expect<Create>();
    g_assert_true(part.partial && part.length == 100U && part.final_of.empty());
    s.gets(created("https://host/files/p1")).expect_patch(0, 100);
    g_assert_cmpuint(s.expect<Patch>().server_offset, ==, 0);
    s.produces(130).ends().gets(acknowledged(100));
    g_assert_true(s.expect<Create>().length == 30U);
    s.gets(created("https://host/files/p2")).expect_patch(100, 130);
    g_assert_cmpuint(s.expect<Patch>().server_offset, ==, 0);
    s.gets(acknowledged(30));
    const Create join = s.expect<Create>();
    g_assert_cmpuint(join.final_of.size(), ==, 2);
    ASSERT_STR(join.final_of[0], "https://host/files/p1");
    ASSERT_STR(join.final_of[1], "https://host/files/p2");
    g_assert_false(join.length.has_value() || join.partial);
    s.gets(created("https://host/files/all"));
    ASSERT_STR(s.expect<Head>().url, "https://host/files/all");
    s.gets(offset_is(130, 130)).expect<Finished>();
    ASSERT_STR(s.machine->upload_url(), "https://host/files/all");
}

void a_dead_partial_upload_is_replaced()
{
    Script s = concatenation();
    s.held_from_of = true;
    s.produces(100).gets(Tick{}).gets(created("https://host/files/p1")).gets(acknowledged(100));
    s.produces(200).gets(Tick{}).gets(created("https://host/files/p2")).expect_patch(100, 200);
    s.gets(acknowledged(40)).expect_patch(140, 200);
    g_assert_cmpuint(s.machine->releasable(), ==, 100); // needed if it dies
    s.gets(status(404)).expect<Head>();
    s.insists(status(404));
    g_assert_true(s.expect<Resolve>().refresh);
    s.gets(Resolved{s.endpoints, true});
    g_assert_true(s.expect<Create>().length == 100U && s.expect<Create>().partial);
    s.gets(created("https://host/files/p3")).expect_patch(100, 200);
    s.ends().gets(acknowledged(100));
    g_assert_cmpuint(s.expect<Create>().final_of.size(), ==, 2);
    ASSERT_STR(s.expect<Create>().final_of[1], "https://host/files/p3");
}

void partial_uploads_grow_so_that_their_list_stays_short()
{
    Script s = concatenation();
    std::uint64_t total = 0;
    std::size_t parts = 0;
    while (total < 100'000'000) {
        s.produces(s.in.produced + 5000).gets(Tick{});
        while (!std::holds_alternative<Wait>(s.action)) {
            if (const auto *create = std::get_if<Create>(&s.action)) {
                total += *create->length;
                ++parts;
                s.gets(created());
            } else {
                s.gets(acknowledged(s.expect<Patch>().server_offset + s.expect<Patch>().to -
                                    s.expect<Patch>().from));
            }
        }
    }
    g_assert_cmpuint(parts, <, 600);
}

void a_partial_upload_does_not_wait_for_more_than_the_store_can_hold()
{
    Script s = concatenation();
    s.in.flush_interval = seconds(1);
    std::uint64_t total = 0;
    for (; total < 1'200; total += 100) {
        s.produces(total + 100).gets(Tick{}).expect<Create>();
        s.gets(created()).gets(acknowledged(100)).expect<Wait>();
    }
    s.produces(total + 100).gets(Tick{}); // less than a partial upload of this size should have
    g_assert_true(s.expect<Wait>().until_writer_blocked);
    s.in.writer_blocked = true;
    s.gets(Tick{});
    g_assert_true(s.expect<Create>().length == 100U);
}

void a_recording_without_a_byte_is_a_plain_empty_upload()
{
    Script s = concatenation();
    s.ends().gets(Tick{});
    g_assert_true(s.expect<Create>().length == 0U && !s.expect<Create>().partial);
    s.gets(created()).expect<Finished>();
    g_assert_cmpuint(s.count<ReportCreated>(), ==, 1);
}

// The list of partial uploads is full, and so is the store: what there is, is joined.
void a_recording_that_must_be_cut_short_is_an_error_that_says_so()
{
    Script s = concatenation();
    std::string url = "https://host/files/";
    url.append(3500, 'x'); // the first leaves room for one more
    s.produces(100).gets(Tick{}).gets(created(url)).gets(acknowledged(100)).expect<Wait>();
    s.produces(1000).gets(Tick{}).expect<Wait>();
    s.in.writer_blocked = true;
    s.in.produced = 100; // what was just let go of makes room: it writes, and is blocked again
    g_assert_true(s.gets(Tick{}).expect<Wait>().until_produced == 101U);
    s.produces(1000).gets(Tick{});
    g_assert_true(s.expect<Create>().length == 900U);
    s.gets(created()).gets(acknowledged(100));
    for (std::uint64_t at = 200; at <= 900; at += 100)
        s.gets(acknowledged(at));
    g_assert_cmpuint(s.expect<Create>().final_of.size(), ==, 2);
    s.gets(created("https://host/files/all")).gets(offset_is(1000, 1000));
    const Error &error = s.expect_failed(ErrorKind::kNoSpace);
    g_assert_true(error.message.find("1000 bytes") != std::string::npos);
}

// --- joining in trouble --------------------------------------------------------------------------

void joining_is_tried_again_and_its_end_is_told()
{
    const auto joining = [] {
        Script s;
        s.config.length_mode = LengthMode::kConcatenation;
        s.starts({"creation", "concatenation"}).produces(100).ends().gets(Tick{});
        s.gets(created()).gets(acknowledged(100));
        g_assert_false(s.expect<Create>().final_of.empty());
        return s;
    };
    Script busy = joining();
    busy.gets(status(503)).time_passes().expect<Create>();
    busy.gets(broken()).time_passes().expect<Create>();
    busy.gets(status(423)).time_passes().expect<Create>();
    busy.gets(status(401)).gets(Credentials{true}).expect<Create>();
    busy.gets(created("https://host/files/all")).gets(offset_is(100, 100)).expect<Finished>();
    Script gone = joining();
    gone.gets(status(404)).time_passes().expect<Create>(); // once is not enough
    gone.insists(status(404)).expect_failed(ErrorKind::kUploadLost);
    Script refused = joining();
    refused.insists(status(400)).expect_failed(ErrorKind::kServer);
    Script nowhere = joining();
    nowhere.insists(created("")).expect_failed(ErrorKind::kProtocol);
}

// --- spool ---------------------------------------------------------------------------------------

void spooled_bytes_are_uploaded_at_the_end_with_their_length()
{
    Script s;
    s.config.length_mode = LengthMode::kSpool;
    s.starts({"creation"});
    g_assert_true(s.expect<Wait>().until_ended);
    s.produces(150).gets(Tick{}).expect<Wait>();
    s.ends().gets(Tick{});
    g_assert_true(s.expect<Resolve>().refresh); // the token of the start may be too old
    s.gets(Resolved{s.endpoints, true});
    g_assert_true(s.expect<Create>().length == 150U);
    s.gets(created()).expect_patch(0, 100);
    s.gets(acknowledged(100)).expect_patch(100, 150); // the length is known: not again
    s.gets(acknowledged(150)).expect<Finished>();
}

void a_spooled_recording_without_a_byte_needs_no_patch()
{
    Script s;
    s.config.length_mode = LengthMode::kSpool;
    s.starts({"creation"}).ends().gets(Tick{}).gets(Resolved{s.endpoints, true});
    g_assert_true(s.expect<Create>().length == 0U);
    s.gets(created()).expect<Finished>();
}

void a_length_given_at_creation_is_never_sent_again()
{
    Script s;
    s.config.length_mode = LengthMode::kSpool;
    s.starts({"creation"}).produces(150).ends().gets(Tick{}).gets(Resolved{s.endpoints, true});
    s.gets(created()).gets(broken()).time_passes().expect<Head>();
    Answer bare = offset_is(60); // a server that forgets the header
    bare.length_deferred = false;
    s.gets(bare).expect_patch(60, 150);
    s.gets(acknowledged(150)).expect<Finished>();
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine/server/auto", auto_takes_the_first_mode_that_the_server_can_do);
    add_test("/machine/server/501", a_creation_answered_501_falls_back_too);
    add_test("/machine/concatenation/joined", partial_uploads_are_joined_at_the_end);
    add_test("/machine/concatenation/replaced", a_dead_partial_upload_is_replaced);
    add_test("/machine/concatenation/grow", partial_uploads_grow_so_that_their_list_stays_short);
    add_test("/machine/concatenation/full-store",
             a_partial_upload_does_not_wait_for_more_than_the_store_can_hold);
    add_test("/machine/concatenation/cut-short",
             a_recording_that_must_be_cut_short_is_an_error_that_says_so);
    add_test("/machine/concatenation/empty", a_recording_without_a_byte_is_a_plain_empty_upload);
    add_test("/machine-trouble/join", joining_is_tried_again_and_its_end_is_told);
    add_test("/machine/spool/length", spooled_bytes_are_uploaded_at_the_end_with_their_length);
    add_test("/machine/spool/empty", a_spooled_recording_without_a_byte_needs_no_patch);
    add_test("/machine/spool/length-once", a_length_given_at_creation_is_never_sent_again);
    return g_test_run();
}
