// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine with an upload that is there already: given by the application, or begun by another
// process.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

std::string text_of(const Error &error)
{
    g_test_message("%s", error.message.c_str());
    return error.message;
}

// --- upload-url ----------------------------------------------------------------------------------

void a_given_upload_is_continued_where_it_stands()
{
    Script s;
    s.config.upload_url = kUpload;
    s.gets(Started{});
    ASSERT_STR(s.expect<Head>().url, kUpload);
    s.gets(offset_is(1000)).expect<Wait>();
    g_assert_cmpuint(s.machine->origin(), ==, 1000);
    s.produces(30).gets(Tick{}).expect_patch(0, 29);
    g_assert_cmpuint(s.expect<Patch>().server_offset, ==, 1000);
    s.gets(acknowledged(1029)).expect<Wait>();
    s.ends().gets(Tick{}).expect_patch(29, 30, 1030);
    s.gets(broken()).time_passes().expect<Head>();
    s.gets(offset_is(1030, 1030)).expect<Finished>();
}

void a_given_upload_of_known_length_gets_no_length()
{
    Script s;
    s.config.upload_url = kUpload;
    s.gets(Started{}).gets(offset_is(1000, 1030));
    s.produces(30).gets(Tick{}).expect_patch(0, 30); // nothing to hold back
    s.ends().gets(acknowledged(1030)).expect<Finished>();
}

void a_given_upload_that_takes_another_length_is_an_error()
{
    Script more;
    more.config.upload_url = kUpload;
    more.gets(Started{}).gets(offset_is(1000, 1030));
    more.produces(31).gets(Tick{}).time_passes();
    more.insists(offset_is(1000, 1030)).expect_failed(ErrorKind::kTooLarge);
    Script less;
    less.config.upload_url = kUpload;
    less.gets(Started{}).gets(offset_is(1000, 1030));
    less.produces(20).ends().gets(Tick{}).gets(acknowledged(1020)).time_passes();
    less.insists(offset_is(1020, 1030)).expect_failed(ErrorKind::kProtocol);
}

// It may be that what was there before us is gone: only its owner has it. That is no place to go
// on.
void a_given_upload_that_goes_back_before_its_beginning_is_an_error()
{
    Script s;
    s.config.upload_url = kUpload;
    s.gets(Started{}).gets(offset_is(1010));
    s.produces(30).ends().gets(Tick{}).expect_patch(0, 30, 1040);
    s.gets(status(409)).gets(offset_is(1000)).expect<Wait>();
    s.time_passes().insists(offset_is(1000));
    const std::string text = text_of(s.expect_failed(ErrorKind::kUploadLost));
    g_assert_true(text.find("went back to byte 1000") != std::string::npos);
    g_assert_true(text.find("somebody else writes") == std::string::npos);
}

void a_given_upload_that_is_gone_is_not_made_anew()
{
    Script s;
    s.config.upload_url = kUpload;
    s.gets(Started{}).gets(status(404)).expect_failed(ErrorKind::kUploadLost);
}

// All that was recorded is here: who would say the opposite sends the reader on a search.
void who_began_an_upload_that_is_gone_is_told()
{
    const auto has = [](const std::string &text, const char *part) {
        return text.find(part) != std::string::npos;
    };
    for (const int number : {404, 410}) {
        Script given;
        given.config.upload_url = kUpload;
        given.produces(100).gets(Started{}).gets(status(number));
        std::string text = text_of(given.expect_failed(ErrorKind::kUploadLost));
        g_assert_false(has(text, "no longer here"));
        g_assert_true(has(text, "No byte was sent to it"));
        g_assert_true(has(text, "upload-url"));

        Script known;
        known.config.upload_url = kUpload;
        known.gets(Started{}).gets(offset_is(1000)).produces(101).gets(Tick{});
        known.gets(acknowledged(1100)).produces(201).gets(Tick{}).gets(status(number));
        text = text_of(known.insists(status(number)).expect_failed(ErrorKind::kUploadLost));
        g_assert_false(has(text, "no longer here"));
        g_assert_false(has(text, "No byte"));
        g_assert_true(has(text, "upload-url"));

        Script ours; // of which this is true
        ours.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
        ours.in.held_from = 1;
        ours.gets(status(number)).insists(status(number));
        text = text_of(ours.expect_failed(ErrorKind::kUploadLost));
        g_assert_true(has(text, "no longer here"));
        g_assert_false(has(text, "upload-url"));
    }
}

// --- what another process began ------------------------------------------------------------------

Script after_a_crash(ResumePoint point)
{
    Script s;
    s.config.recovery = std::move(point);
    s.produces(250).ends();
    return s;
}

void an_upload_of_another_process_is_finished()
{
    Script s = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    s.in.held_from = 40;
    s.gets(Started{}).expect<Head>();
    s.gets(offset_is(170)).expect_patch(170, 250, 250);
    s.finishes(250);
    Script complete = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    complete.gets(Started{}).gets(offset_is(250, 250)).expect<Finished>();
}

// A power cut: the server was quicker than the disk.
void an_upload_that_has_more_than_the_disk_ends_with_it()
{
    Script s = after_a_crash({kUpload, 20, LengthMode::kDeferred, {}, 0});
    s.in.held_from = 40;
    // once is not enough: somebody else may go on with it
    s.gets(Started{}).gets(offset_is(320)).time_passes().expect<Head>();
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 0);
    s.gets(offset_is(320)).expect_patch(300, 300, 320);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    const std::string text = std::get<ReportWarning>(s.reports.front()).error.message;
    g_assert_true(text.find("50 bytes") != std::string::npos);
    g_assert_true(text.find("byte 320") != std::string::npos);
    s.gets(broken()).time_passes().gets(offset_is(320)).expect_patch(300, 300, 320);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    s.finishes(320);
    g_assert_cmpuint(s.machine->acked(), ==, 300);
    Script complete = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    complete.gets(Started{}).gets(offset_is(300, 300)).expect<Finished>();
    Script cut = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    cut.in.held_from = 1;
    cut.gets(Started{}).insists(offset_is(300, 310)).expect_failed(ErrorKind::kUploadLost);
    Script grows = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    grows.gets(Started{}).gets(offset_is(300)).time_passes();
    grows.insists(offset_is(301)).expect_failed(ErrorKind::kUploadLost);
}

// It died behind the declaration of the length, with what was in its memory.
void an_upload_that_waits_for_lost_bytes_is_made_anew()
{
    for (const LengthMode mode : {LengthMode::kDeferred, LengthMode::kSpool}) {
        for (const std::uint64_t offset : {0, 170, 250, 300}) {
            Script s = after_a_crash({kUpload, 0, mode, {}, 0});
            s.gets(Started{}).gets(offset_is(offset, 310)).time_passes();
            s.expect<Head>(); // once may be a lie
            s.insists(offset_is(offset, 310)).expect<Resolve>();
            g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
            s.gets(Resolved{s.endpoints, true});
            g_assert_true(s.expect<Create>().length == 250U);
            g_assert_cmpuint(s.machine->litter().size(), ==, offset <= 250 ? 1 : 0);
            s.gets(created("https://host/files/2")).expect_patch(0, 100);
        }
        Script lie = after_a_crash({kUpload, 0, mode, {}, 0});
        lie.gets(Started{}).gets(offset_is(170, 310)).time_passes();
        lie.gets(offset_is(170, 250)).expect_patch(170, 250);
        Script freed = after_a_crash({kUpload, 0, mode, {}, 0}); // its beginning is there only
        freed.in.held_from = 100;
        freed.gets(Started{}).gets(offset_is(170, 310)).expect_patch(170, 250);
        freed.gets(acknowledged(250)).insists(offset_is(250, 310));
        freed.expect_failed(ErrorKind::kProtocol);
        ResumePoint backend{kUpload, 0, mode, {}, 0}; // which knew what it made it for
        backend.given = true;
        Script given = after_a_crash(std::move(backend));
        given.gets(Started{}).gets(offset_is(170, 310)).expect_patch(170, 250);
        given.gets(acknowledged(250)).insists(offset_is(250, 310));
        given.expect_failed(ErrorKind::kProtocol);
        g_assert_true(given.machine->litter().empty());
    }
}

// What it had sent may be on its way still, and be just what the disk does not have.
void an_upload_that_still_grows_is_waited_for()
{
    for (const std::uint64_t last : {200, 310}) {
        Script s = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
        s.gets(Started{});
        for (std::uint64_t offset = 170; offset < 200; ++offset)
            s.gets(offset_is(offset, 310)).time_passes().expect<Head>();
        s.insists(offset_is(last, 310));
        if (last == 310)
            s.expect<Finished>();
        else
            s.expect<Resolve>();
    }
}

void an_upload_of_another_process_that_is_gone_is_made_anew_only_when_whole()
{
    Script whole = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    whole.gets(Started{}).insists(status(404)).gets(Resolved{whole.endpoints, true});
    whole.expect<Create>();
    whole.gets(created()).expect_patch(0, 100);
    Script cut = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    cut.in.held_from = 1;
    cut.gets(Started{}).insists(status(404)).expect_failed(ErrorKind::kUploadLost);
    Script continued = after_a_crash({kUpload, 500, LengthMode::kDeferred, {}, 0});
    continued.gets(Started{}).insists(status(404)).expect_failed(ErrorKind::kUploadLost);
}

void finished_partial_uploads_of_another_process_are_kept()
{
    Script s = after_a_crash({"", 0, LengthMode::kConcatenation, {"https://host/files/p1"}, 200});
    s.in.held_from = 200;
    s.starts({"creation", "concatenation", "creation-defer-length"});
    g_assert_true(s.expect<Create>().length == 50U && s.expect<Create>().partial);
    s.gets(created("https://host/files/p2")).expect_patch(200, 250);
    s.gets(acknowledged(50));
    g_assert_cmpuint(s.expect<Create>().final_of.size(), ==, 2);
    s.gets(created("https://host/files/all")).expect<Head>();
    s.gets(offset_is(250, 250)).expect<Finished>();
}

// Joined once more it would be there twice.
Script joined_before_a_crash(std::uint64_t until = 250)
{
    ResumePoint point{kUpload, 0, LengthMode::kConcatenation, {"https://host/files/p1"}, until};
    point.joined = true;
    Script s = after_a_crash(std::move(point));
    s.in.held_from = until;
    s.gets(Started{});
    return s;
}

void what_another_process_joined_is_looked_at()
{
    Script s = joined_before_a_crash();
    ASSERT_STR(s.expect<Head>().url, kUpload);
    s.gets(broken()).time_passes().gets(offset_is(250, 250)).expect<Finished>();
    ASSERT_STR(s.machine->upload_url(), kUpload);
    Script slow = joined_before_a_crash();
    slow.gets(offset_is(100, 250)).time_passes().gets(offset_is(250, 250)).expect<Finished>();
    Script more = joined_before_a_crash(200); // what was joined then was not all
    more.expect<Resolve>();
}

// It may be why that process gave it up. That it is gone is no proof that it was complete.
void what_another_process_joined_in_vain_is_joined_again()
{
    for (const Answer &answer : {status(404), offset_is(100, 250), offset_is(250, 260)}) {
        Script s = joined_before_a_crash();
        s.insists(answer).expect<Resolve>();
        g_assert_cmpuint(s.count<ReportWarning>(), >=, 1);
        s.gets(Resolved{s.endpoints, true});
        g_assert_cmpuint(s.expect<Create>().final_of.size(), ==, 1);
        s.gets(created("https://host/files/all")).expect<Head>();
        // of the new one that says nothing
        s.gets(status(404)).time_passes().gets(status(404)).time_passes().expect<Head>();
        s.gets(offset_is(250, 250)).expect<Finished>();
    }
}

void what_another_process_joined_wrongly_is_joined_again_whenever_it_may_be_asked()
{
    Answer wrong = offset_is(250, 260);
    wrong.retry_after = seconds(15);
    Script s = joined_before_a_crash();
    s.insists(wrong).expect<Resolve>();
}

// The journal names the partial upload that was under way: it is not the recording's upload.
void a_first_partial_upload_of_another_process_is_left_to_expire()
{
    Script s = after_a_crash({kUpload, 0, LengthMode::kConcatenation, {}, 0});
    s.config.length_mode = LengthMode::kConcatenation;
    s.gets(Started{});
    g_assert_false(s.expect<Resolve>().refresh);
    g_assert_true(s.machine->mode() == LengthMode::kConcatenation);
    s.gets(Resolved{s.endpoints, true}).expect<Options>();
    s.gets(capabilities({"creation", "concatenation"}));
    g_assert_true(s.expect<Create>().length == 250U && s.expect<Create>().partial);
    s.gets(created("https://host/files/p2")).expect_patch(0, 100);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine/upload-url/continued", a_given_upload_is_continued_where_it_stands);
    add_test("/machine/upload-url/known-length", a_given_upload_of_known_length_gets_no_length);
    add_test("/machine/upload-url/other-length",
             a_given_upload_that_takes_another_length_is_an_error);
    add_test("/machine/upload-url/back",
             a_given_upload_that_goes_back_before_its_beginning_is_an_error);
    add_test("/machine/upload-url/gone", a_given_upload_that_is_gone_is_not_made_anew);
    add_test("/machine/upload-url/gone-text", who_began_an_upload_that_is_gone_is_told);
    add_test("/machine/recovery/finished", an_upload_of_another_process_is_finished);
    add_test("/machine/recovery/server-has-more",
             an_upload_that_has_more_than_the_disk_ends_with_it);
    add_test("/machine/recovery/lost-bytes", an_upload_that_waits_for_lost_bytes_is_made_anew);
    add_test("/machine/recovery/grows", an_upload_that_still_grows_is_waited_for);
    add_test("/machine/recovery/gone",
             an_upload_of_another_process_that_is_gone_is_made_anew_only_when_whole);
    add_test("/machine/recovery/parts", finished_partial_uploads_of_another_process_are_kept);
    add_test("/machine/recovery/joined", what_another_process_joined_is_looked_at);
    add_test("/machine/recovery/joined-in-vain",
             what_another_process_joined_in_vain_is_joined_again);
    add_test("/machine/recovery/joined-wrongly",
             what_another_process_joined_wrongly_is_joined_again_whenever_it_may_be_asked);
    add_test("/machine/recovery/first-part",
             a_first_partial_upload_of_another_process_is_left_to_expire);
    return g_test_run();
}
