// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and the end of an upload: what it takes until a server is believed to know that it
// has everything, in each length mode, and what follows when it does not.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kJoined = "https://host/files/all";

Answer silent(std::uint64_t offset)
{
    Answer answer = offset_is(offset);
    answer.length_deferred = false;
    return answer;
}

Answer by_server(int number, const char *text = "")
{
    Answer answer = status(number, text);
    answer.speaks_tus = answer.resumable = true;
    return answer;
}

// All bytes are acknowledged, and the length was declared with the last.
Script declared(MachineConfig config = {}, bool proved = true)
{
    Script s;
    config.chunk_size = 100;
    config.proved = proved;
    s.config = config;
    s.starts_and_creates();
    if (!proved)
        s.gets(offset_is(0));
    s.produces(50).ends().gets(Tick{}).expect_patch(0, 50, 50);
    s.gets(acknowledged(50)).expect<Head>();
    return s;
}

// --- the look at a fresh upload ------------------------------------------------------------------

Script looking(std::vector<std::string> extensions = {"creation", "creation-defer-length"})
{
    Script s;
    s.config.proved = false;
    s.starts(std::move(extensions)).expect<Create>();
    s.gets(created()).expect<Head>();
    return s;
}

void a_server_that_is_not_proved_is_looked_at_before_the_first_byte()
{
    Script s = looking();
    s.produces(50).gets(offset_is(0)).expect_patch(0, 49);
    Script proved;
    proved.starts_and_creates().expect<Wait>();
}

void a_server_that_makes_an_upload_of_no_bytes_gets_another_mode()
{
    for (const bool joins : {false, true}) {
        std::vector<std::string> extensions = {"creation", "creation-defer-length"};
        if (joins)
            extensions.emplace_back("concatenation");
        Script s = looking(extensions);
        s.gets(offset_is(0, 0)).expect<Wait>();
        g_assert_true(s.machine->mode() ==
                      (joins ? LengthMode::kConcatenation : LengthMode::kSpool));
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
        g_assert_cmpuint(s.machine->litter().size(), ==, 1);
        ASSERT_STR(s.machine->litter().front(), kUpload);
        g_assert_true(s.machine->upload_url().empty());
        g_assert_false(s.machine->must_keep());
    }
    Script wanted;
    wanted.config.proved = false;
    wanted.config.length_mode = LengthMode::kDeferred;
    wanted.starts_and_creates().gets(offset_is(0, 0)).expect_failed(ErrorKind::kSettings);
    Script nowhere;
    nowhere.config.proved = nowhere.config.can_spool = false;
    nowhere.starts_and_creates().gets(offset_is(0, 0)).expect_failed(ErrorKind::kSettings);
}

void a_server_that_says_nothing_of_the_length_is_asked_again_first()
{
    Script s = looking();
    s.gets(silent(0)).time_passes().expect<Head>();
    s.gets(silent(0)).time_passes().gets(silent(0)).expect<Wait>();
    g_assert_true(s.machine->mode() == LengthMode::kSpool);
    Script once = looking();
    once.gets(silent(0)).time_passes().gets(offset_is(0)).expect<Wait>();
    g_assert_true(once.machine->mode() == LengthMode::kDeferred);
}

// It only shows early what the end shows too.
void a_look_that_fails_delays_only()
{
    for (const int number : {500, 503, 423}) {
        Script s = looking();
        s.produces(50);
        for (int attempt = 0; attempt < 2; ++attempt)
            s.gets(status(number)).time_passes().expect<Head>();
        s.gets(status(number)).time_passes().expect_patch(0, 49);
    }
    for (const int number : {400, 403, 405, 412, 501}) {
        Script s = looking();
        s.produces(50).gets(status(number)).expect_patch(0, 49);
    }
    Script broken_off = looking();
    broken_off.produces(50);
    for (int attempt = 0; attempt < 2; ++attempt)
        broken_off.gets(broken()).time_passes().expect<Head>();
    broken_off.gets(broken()).time_passes().expect_patch(0, 49);
    // the next HEAD makes up for it
    broken_off.gets(broken()).time_passes().gets(offset_is(0, 0)).expect<Wait>();
    g_assert_true(broken_off.machine->mode() == LengthMode::kSpool);
}

// What it did tell is not forgotten because the next answer is lost.
void a_look_that_finds_nothing_is_no_reason_to_send()
{
    Script s = looking();
    s.produces(50);
    s.gets(status(423)).time_passes().gets(status(423)).time_passes().gets(status(404));
    s.time_passes().expect<Head>();
    s.gets(broken()).time_passes().expect<Head>();
}

void an_empty_recording_may_be_one_of_no_bytes()
{
    Script s = looking();
    s.ends().gets(offset_is(0, 0)).expect<Finished>();
}

// --- HEAD after the declaration ------------------------------------------------------------------

void the_end_is_what_head_says()
{
    Script s = declared({}, false);
    g_assert_true(s.machine->must_keep());
    g_assert_false(s.machine->proved() || s.machine->stored());
    s.gets(offset_is(50, 50)).expect<Finished>();
    g_assert_true(s.machine->proved() && s.machine->stored());
    g_assert_false(s.machine->must_keep());
}

void a_head_that_fails_is_asked_again_and_is_never_the_end()
{
    Script s = declared();
    for (int attempt = 0; attempt < 30; ++attempt) {
        s.gets(attempt % 2 ? Event(status(503)) : Event(broken()));
        s.time_passes().expect<Head>();
        g_assert_false(s.machine->stored());
    }
    s.gets(offset_is(50, 50)).expect<Finished>();
    Script bounded = declared();
    bounded.in.drain_timeout = seconds(5);
    while (!std::holds_alternative<Failed>(bounded.action)) {
        bounded.gets(status(503));
        if (std::holds_alternative<Wait>(bounded.action))
            bounded.time_passes();
    }
    g_assert_false(bounded.machine->stored());
    for (const int number : {200, 400, 405, 412, 501}) { // it got through before
        Script odd = declared({}, false);
        for (int attempt = 0; attempt < 3; ++attempt)
            odd.gets(status(number)).time_passes().expect<Head>();
        odd.insists(status(number));
        if (number == 405 || number == 501)
            odd.expect<Finished>(); // with a warning: see below
        else
            odd.expect<Failed>();
        g_assert_true(odd.machine->confirmed() == !std::holds_alternative<Finished>(odd.action));
        g_assert_false(odd.machine->stored() || odd.machine->proved());
    }
    for (const int number : {200, 400, 412}) { // it never did, and stays so
        Script odd = declared();
        for (int attempt = 0; attempt < 3; ++attempt)
            odd.gets(status(number)).time_passes().expect<Head>();
        odd.insists(status(number)).expect<Finished>();
        g_assert_cmpuint(odd.count<ReportWarning>(), ==, 1);
        g_assert_false(odd.machine->stored() || odd.machine->confirmed());
    }
}

void a_file_that_was_moved_away_is_complete()
{
    for (const int number : {404, 410}) {
        Script s = declared();
        s.gets(status(number)).expect<Finished>();
        g_assert_true(s.machine->confirmed()); // as far as such a server can
        g_assert_cmpuint(s.count<ReportNote>(), ==, 1);
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 0);
    }
    Script unproved = declared({}, false);
    unproved.gets(status(404)).expect<Finished>();
    g_assert_false(unproved.machine->proved()); // that shows nothing
    // 403 may be about credentials
    Script renewed = declared();
    renewed.gets(status(403)).expect<RenewCredentials>();
    renewed.gets(Credentials{true}).expect<Head>();
    renewed.gets(status(403)).expect<Finished>();
    Script kept = declared();
    kept.gets(status(403)).gets(Credentials{false}).expect<Finished>();
    // one that was seen, and did not know that it is complete, is asked about again
    Script seen = declared();
    seen.gets(offset_is(50)).gets(acknowledged(50)).gets(status(404)).time_passes();
    seen.expect<Head>();
    seen.insists(status(404)).expect<Finished>();
    // before the acknowledgement it is a loss
    Script lost;
    lost.starts_and_creates().produces(50).ends().gets(Tick{}).gets(broken()).time_passes();
    lost.gets(status(404)).expect<Wait>();
}

void who_stands_before_the_last_head_decides_nothing()
{
    for (const int number : {200, 404, 403, 405, 501}) {
        Answer made = created();
        made.resumable = true;
        Script marked;
        marked.starts().gets(made).produces(50).ends().gets(Tick{}).expect_patch(0, 50, 50);
        Answer done = acknowledged(50);
        done.resumable = true;
        marked.gets(done).expect<Head>();
        for (int attempt = 0; attempt < 3; ++attempt) {
            marked.gets(status(number));
            if (number == 403)
                marked.gets(Credentials{false});
            marked.time_passes().expect<Head>();
        }
        Answer there = offset_is(50, 50);
        there.resumable = true;
        marked.gets(there).expect<Finished>();
        g_assert_true(marked.machine->stored());
        g_assert_cmpuint(marked.count<ReportWarning>(), ==, 0);
    }
}

void a_head_that_is_not_possible_counts_with_a_warning()
{
    for (const int number : {405, 501}) {
        Script s = declared();
        s.gets(status(number)).expect<Finished>();
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
        g_assert_false(s.machine->stored() || s.machine->confirmed());
    }
}

// The last word about the whole was a refusal; what is stored says nothing of that.
void without_head_a_finish_stays_refused_until_it_is_acknowledged()
{
    const auto refused = [] {
        Script s;
        s.starts_and_creates().produces(50).ends().gets(Tick{}).expect_patch(0, 50, 50);
        s.gets(status(422, "hook")).time_passes().gets(status(405)).expect_patch(0, 50, 50);
        s.gets(broken()).time_passes().expect_patch(0, 50, 50);
        return s;
    };
    Script s = refused();
    Answer conflict = status(409);
    conflict.upload_offset = 50;
    s.gets(conflict).expect_patch(50, 50, 50);
    s.gets(status(400, "ERR_INVALID_UPLOAD_LENGTH")).time_passes();
    g_assert_cmpint(s.expect_failed(ErrorKind::kServer).http_status, ==, 422);
    Script liked = refused();
    liked.gets(acknowledged(50)).gets(status(405)).expect<Finished>();
}

// --- a length that is not noted ------------------------------------------------------------------

void a_length_that_was_forgotten_is_declared_again()
{
    Script s = declared();
    s.gets(offset_is(50)).expect_patch(50, 50, 50);
    s.finishes(50);
    g_assert_true(s.machine->proved());
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 0);
}

void a_server_that_forgets_gets_another_upload_of_known_length()
{
    Script s = declared({}, false);
    s.gets(offset_is(50)).expect_patch(50, 50, 50);
    s.gets(acknowledged(50)).gets(offset_is(50));
    g_assert_true(s.expect<Resolve>().refresh);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    ASSERT_STR(s.machine->litter().front(), kUpload);
    s.gets(Resolved{s.endpoints, true});
    g_assert_true(s.expect<Create>().length == 50U);
    s.gets(created("https://host/files/2")).expect_patch(0, 50);
    s.gets(acknowledged(50)).expect<Finished>();
    ASSERT_STR(s.machine->upload_url(), "https://host/files/2");
    g_assert_false(s.machine->proved());
}

// It was seen, and did not know its length: that it is gone takes more than one answer, and those
// to other questions are none.
void an_upload_that_was_seen_open_is_not_moved_away()
{
    Script s = declared();
    s.gets(offset_is(50)).gets(acknowledged(50)).expect<Head>();
    for (int attempt = 0; attempt < 8; ++attempt)
        s.gets(status(423)).time_passes().expect<Head>();
    s.gets(status(404)).expect<Wait>();
}

// The second declaration has no body, which some servers refuse.
void a_second_declaration_that_is_refused_shows_it_too()
{
    Script s = declared();
    s.gets(offset_is(50)).expect_patch(50, 50, 50);
    s.gets(status(400, "empty")).time_passes().expect<Head>();
    s.gets(offset_is(50)).expect<Resolve>();
}

void a_declaration_that_was_never_answered_does_not_count()
{
    Script s = declared();
    for (int attempt = 0; attempt < 5; ++attempt) {
        s.gets(offset_is(50)).expect_patch(50, 50, 50);
        s.gets(broken()).time_passes().expect<Head>();
    }
    s.gets(offset_is(50, 50)).expect<Finished>();
    Script too_large; // refused for its size
    too_large.config.chunk_size = 4 * kMiB;
    too_large.starts_and_creates().produces(kMiB).ends().gets(Tick{});
    too_large.gets(status(413)).gets(offset_is(0)).expect_patch(0, kMiB / 2);
    too_large.gets(acknowledged(kMiB / 2)).expect_patch(kMiB / 2, kMiB, kMiB);
    too_large.gets(acknowledged(kMiB)).gets(offset_is(kMiB)).expect_patch(kMiB, kMiB, kMiB);
}

void what_is_not_whole_any_more_is_an_error_that_says_so()
{
    const auto forgets = [](Script &s, std::uint64_t origin = 0) {
        s.gets(offset_is(origin + 50)).gets(acknowledged(origin + 50)).expect<Head>();
        s.gets(offset_is(origin + 50));
        const Error &error = s.expect_failed(ErrorKind::kProtocol);
        g_assert_true(error.message.find(cat(origin + 50, " bytes")) != std::string::npos);
        g_assert_true(error.message.find("does not know") != std::string::npos);
        g_assert_false(s.machine->stored());
    };
    Script freed = declared();
    freed.in.held_from = 1;
    forgets(freed);
    Script continued;
    continued.config.upload_url = kUpload;
    continued.produces(50).ends().gets(Started{}).gets(offset_is(1000));
    continued.gets(acknowledged(1050)).expect<Head>();
    forgets(continued, 1000);
    g_assert_false(continued.machine->must_keep());
}

void a_recovery_obeys_the_same_rule()
{
    const auto after_a_crash = [](std::uint64_t held_from) {
        Script s;
        s.config.recovery = ResumePoint{kUpload, 0, LengthMode::kDeferred, {}, 0};
        s.in.held_from = held_from;
        s.produces(50).ends().gets(Started{}).gets(offset_is(50)).expect_patch(50, 50, 50);
        s.gets(acknowledged(50)).expect<Head>();
        s.gets(offset_is(50)).expect_patch(50, 50, 50);
        s.gets(acknowledged(50)).gets(offset_is(50));
        return s;
    };
    Script whole = after_a_crash(0);
    whole.expect<Resolve>();
    whole.gets(Resolved{whole.endpoints, true});
    g_assert_true(whole.expect<Create>().length == 50U);
    after_a_crash(10).expect_failed(ErrorKind::kProtocol);
    // the server has more than the disk: what it has is not thrown away
    Script ahead;
    ahead.config.recovery = ResumePoint{kUpload, 0, LengthMode::kDeferred, {}, 0};
    ahead.produces(50).ends().gets(Started{}).gets(offset_is(60)).time_passes();
    ahead.gets(offset_is(60)).gets(acknowledged(60)).gets(offset_is(60));
    ahead.gets(acknowledged(60)).gets(offset_is(60)).expect_failed(ErrorKind::kProtocol);
}

void silence_at_the_end_is_believed_of_a_proved_server_only()
{
    Script proved = declared();
    proved.gets(silent(50)).time_passes().gets(silent(50)).time_passes().gets(silent(50));
    proved.expect<Finished>();
    Script once = declared(); // it has forgotten this time
    once.gets(silent(50)).time_passes().gets(offset_is(50)).expect_patch(50, 50, 50);
    Script s = declared({}, false);
    s.gets(silent(50)).time_passes().gets(silent(50)).time_passes().gets(silent(50));
    s.expect<Resolve>();
}

void a_length_that_nobody_declared_is_not_the_recordings()
{
    Script s = declared();
    s.gets(offset_is(50, 51)).time_passes().expect<Head>(); // once may be a lie
    s.insists(offset_is(50, 51)).expect<Resolve>();
    Script freed = declared();
    freed.in.held_from = 10;
    freed.insists(offset_is(50, 0)).expect_failed(ErrorKind::kProtocol);
    Script live; // found out while it goes on
    live.starts_and_creates().produces(101).gets(Tick{}).gets(broken()).time_passes();
    live.gets(offset_is(0, 0)).expect<Wait>();
    g_assert_true(live.machine->mode() == LengthMode::kSpool);
}

// --- what is kept until then ---------------------------------------------------------------------

void bytes_are_kept_only_where_they_may_be_needed()
{
    const auto keeps = [](MachineConfig config) { return UploadMachine(config).must_keep(); };
    MachineConfig config;
    g_assert_true(keeps(config));
    for (const LengthMode mode :
         {LengthMode::kDeferred, LengthMode::kConcatenation, LengthMode::kSpool}) {
        MachineConfig asked_for;
        asked_for.length_mode = mode;
        g_assert_false(keeps(asked_for));
    }
    MachineConfig proved;
    proved.proved = true;
    g_assert_false(keeps(proved));
    MachineConfig unwanted;
    unwanted.keep_until_proved = false;
    g_assert_false(keeps(unwanted));
    MachineConfig once_more; // a recovery of what nobody has proved
    once_more.length_mode = LengthMode::kSpool;
    once_more.proved = once_more.keep_to_the_end = true;
    g_assert_true(keeps(once_more));
    MachineConfig continued;
    continued.upload_url = kUpload;
    g_assert_false(keeps(continued));
}

// --- a finish that failed ------------------------------------------------------------------------

Script failing_to_finish(int number)
{
    Script s;
    s.starts_and_creates().produces(50).ends().gets(Tick{}).expect_patch(0, 50, 50);
    s.gets(by_server(number)).time_passes().expect<Head>();
    return s;
}

void a_finish_that_failed_is_asked_for_again()
{
    Script s = failing_to_finish(500);
    g_assert_false(s.machine->stored());
    s.gets(offset_is(50, 50)).expect_patch(50, 50);
    s.gets(acknowledged(50)).expect<Finished>();
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    g_assert_true(s.machine->stored());
    Script expired = failing_to_finish(500);
    expired.gets(offset_is(50, 50)).gets(status(403)).expect<RenewCredentials>();
    expired.gets(Credentials{true}).gets(offset_is(50, 50)).expect_patch(50, 50);
    expired.gets(acknowledged(50)).expect<Finished>();
    // one HEAD that goes back does not make it forgotten
    Script odd = failing_to_finish(500);
    odd.gets(offset_is(0, 50)).expect_patch(0, 50);
    odd.gets(status(409)).gets(offset_is(50, 50)).expect_patch(50, 50);
    odd.gets(acknowledged(50)).expect<Finished>();
    // a spooled one too
    Script spool;
    spool.config.length_mode = LengthMode::kSpool;
    spool.starts({"creation"}).produces(50).ends().gets(Tick{});
    spool.gets(Resolved{spool.endpoints, true}).gets(created()).expect_patch(0, 50);
    spool.gets(by_server(500)).time_passes().gets(offset_is(50, 50)).expect_patch(50, 50);
}

void a_finish_that_fails_for_good_is_an_error_that_keeps_the_bytes()
{
    Script s = failing_to_finish(500);
    int requests = 0;
    s.gets(offset_is(50, 50));
    while (!std::holds_alternative<Failed>(s.action) && ++requests < 20) {
        s.gets(by_server(500, "no such part")).time_passes();
        s.gets(offset_is(50, 50));
    }
    const Error &error = s.expect_failed(ErrorKind::kServer);
    g_assert_cmpint(error.http_status, ==, 500);
    ASSERT_STR(error.detail, "no such part");
    g_assert_false(s.machine->stored());
    Script refuses = failing_to_finish(503);
    refuses.gets(offset_is(50, 50)).gets(status(422)).time_passes().gets(offset_is(50, 50));
    g_assert_cmpint(refuses.expect_failed(ErrorKind::kServer).http_status, ==, 422);
    g_assert_false(refuses.machine->stored());
}

void what_a_proxy_says_is_not_about_the_finish()
{
    for (const int number : {502, 504}) {
        Script s;
        s.starts_and_creates().produces(50).ends().gets(Tick{}).gets(status(number));
        s.time_passes().gets(offset_is(50, 50)).expect<Finished>();
    }
    Script speaks;
    speaks.starts().expect<Create>();
    Answer answer = created();
    answer.speaks_tus = answer.resumable = true;
    speaks.gets(answer).produces(50).ends().gets(Tick{}).gets(status(500));
    speaks.time_passes().gets(offset_is(50, 50)).expect<Finished>();
    Script held; // by another request: this one was not even looked at
    held.starts_and_creates().produces(50).ends().gets(Tick{});
    held.gets(by_server(500, "ERR_LOCK_TIMEOUT")).time_passes();
    held.gets(offset_is(50, 50)).expect<Finished>();
}

void a_partial_upload_that_can_not_be_finished_is_made_again()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation", "concatenation"}).produces(100).gets(Tick{}).gets(created());
    s.expect_patch(0, 100);
    for (int attempt = 0; attempt < 20; ++attempt) { // while it is recorded: waited for
        s.gets(by_server(500)).time_passes().gets(offset_is(100, 100));
        s.expect_patch(100, 100);
    }
    s.insists(status(400), offset_is(100, 100)); // one refusal decides nothing
    g_assert_true(s.expect<Resolve>().refresh);
    s.gets(Resolved{s.endpoints, true});
    g_assert_true(s.expect<Create>().length == 100U && s.expect<Create>().partial);
    s.gets(created("https://host/files/p2")).expect_patch(0, 100);
    s.ends().gets(acknowledged(100));
    g_assert_cmpuint(s.expect<Create>().final_of.size(), ==, 1);
    ASSERT_STR(s.expect<Create>().final_of[0], "https://host/files/p2");
}

// --- concatenation -------------------------------------------------------------------------------

Script joining()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation", "concatenation"}).produces(100).ends().gets(Tick{});
    s.gets(created()).gets(acknowledged(100));
    g_assert_false(s.expect<Create>().final_of.empty());
    return s;
}

Script joined()
{
    Script s = joining();
    s.gets(created(kJoined));
    ASSERT_STR(s.expect<Head>().url, kJoined);
    return s;
}

void concatenation_that_is_not_offered_is_refused_at_the_start()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation"}).expect_failed(ErrorKind::kSettings);
    Script unknown; // a server that tells nothing may be able to
    unknown.config.length_mode = LengthMode::kConcatenation;
    unknown.gets(Started{}).gets(Resolved{unknown.endpoints, true}).gets(status(404));
    unknown.expect<Wait>();
}

void the_joined_upload_is_looked_at()
{
    Script whole = joined();
    whole.gets(offset_is(100, 100)).expect<Finished>();
    g_assert_true(whole.machine->confirmed());
    Script wrong = joined();
    wrong.insists(offset_is(99, 99)).expect_failed(ErrorKind::kProtocol);
    Script trouble = joined();
    trouble.gets(broken()).time_passes().gets(status(503)).time_passes().gets(status(423));
    trouble.time_passes().gets(status(401)).gets(Credentials{true}).gets(offset_is(100, 100));
    trouble.expect<Finished>();
    Script refused = joined();
    refused.gets(status(405)).expect<Finished>();
    g_assert_cmpuint(refused.count<ReportWarning>(), ==, 1);
    g_assert_false(refused.machine->confirmed());
}

void a_server_that_joins_in_the_background_is_waited_for()
{
    Script s = joined();
    Answer without_offset = status(200);
    without_offset.upload_length = 100;
    s.gets(without_offset).time_passes().expect<Head>();
    for (std::uint64_t offset = 1; offset < 100; ++offset) // as long as it grows
        s.gets(offset_is(offset, 100)).time_passes().expect<Head>();
    s.gets(offset_is(100, 100)).expect<Finished>();
    Script stuck = joined();
    int looks = 0;
    for (; !std::holds_alternative<Failed>(stuck.action) && looks < 100; ++looks) {
        stuck.gets(without_offset);
        if (std::holds_alternative<Wait>(stuck.action))
            stuck.time_passes();
    }
    g_assert_cmpint(looks, <, 100);
    g_assert_false(stuck.machine->stored());
    g_assert_cmpuint(stuck.machine->parts().size(), ==, 1); // can be joined another time
}

void a_joined_upload_that_was_moved_away_is_complete_unless_it_was_seen_incomplete()
{
    const auto is_gone = [](Script &s) {
        const TimePoint since = s.in.now;
        while (std::holds_alternative<Head>(s.action)) {
            s.gets(status(404));
            if (std::holds_alternative<Wait>(s.action))
                s.time_passes();
        }
        return s.in.now - since;
    };
    Script moved = joined();
    g_assert_true(is_gone(moved) > seconds(5));
    moved.expect<Finished>();
    for (const Answer &incomplete : {offset_is(10, 100), offset_is(99, 99)}) {
        Script seen = joined();
        seen.gets(incomplete).time_passes();
        is_gone(seen);
        seen.expect_failed(ErrorKind::kUploadLost);
    }
}

void a_joining_that_somebody_holds_is_not_tried_for_ever()
{
    Script s = joining();
    int requests = 0;
    for (; !std::holds_alternative<Failed>(s.action) && requests < 100; ++requests) {
        s.gets(status(409));
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
    }
    g_assert_cmpint(requests, <, 30);
    g_assert_cmpuint(s.machine->parts().size(), ==, 1);
    g_assert_false(s.machine->stored());
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/proof/look", a_server_that_is_not_proved_is_looked_at_before_the_first_byte);
    add_test("/proof/look/no-bytes", a_server_that_makes_an_upload_of_no_bytes_gets_another_mode);
    add_test("/proof/look/silent", a_server_that_says_nothing_of_the_length_is_asked_again_first);
    add_test("/proof/look/fails", a_look_that_fails_delays_only);
    add_test("/proof/look/gone", a_look_that_finds_nothing_is_no_reason_to_send);
    add_test("/proof/look/empty", an_empty_recording_may_be_one_of_no_bytes);
    add_test("/proof/head", the_end_is_what_head_says);
    add_test("/proof/head/fails", a_head_that_fails_is_asked_again_and_is_never_the_end);
    add_test("/proof/head/moved", a_file_that_was_moved_away_is_complete);
    add_test("/proof/head/stranger", who_stands_before_the_last_head_decides_nothing);
    add_test("/proof/head/impossible", a_head_that_is_not_possible_counts_with_a_warning);
    add_test("/proof/head/refused", without_head_a_finish_stays_refused_until_it_is_acknowledged);
    add_test("/proof/forgotten/again", a_length_that_was_forgotten_is_declared_again);
    add_test("/proof/forgotten/anew", a_server_that_forgets_gets_another_upload_of_known_length);
    add_test("/proof/forgotten/gone", an_upload_that_was_seen_open_is_not_moved_away);
    add_test("/proof/forgotten/refused", a_second_declaration_that_is_refused_shows_it_too);
    add_test("/proof/forgotten/unanswered", a_declaration_that_was_never_answered_does_not_count);
    add_test("/proof/forgotten/not-whole", what_is_not_whole_any_more_is_an_error_that_says_so);
    add_test("/proof/forgotten/recovery", a_recovery_obeys_the_same_rule);
    add_test("/proof/silent", silence_at_the_end_is_believed_of_a_proved_server_only);
    add_test("/proof/other-length", a_length_that_nobody_declared_is_not_the_recordings);
    add_test("/proof/kept", bytes_are_kept_only_where_they_may_be_needed);
    add_test("/proof/finish/again", a_finish_that_failed_is_asked_for_again);
    add_test("/proof/finish/fails", a_finish_that_fails_for_good_is_an_error_that_keeps_the_bytes);
    add_test("/proof/finish/proxy", what_a_proxy_says_is_not_about_the_finish);
    add_test("/proof/finish/part", a_partial_upload_that_can_not_be_finished_is_made_again);
    add_test("/proof/join/offered", concatenation_that_is_not_offered_is_refused_at_the_start);
    add_test("/proof/join/looked-at", the_joined_upload_is_looked_at);
    add_test("/proof/join/background", a_server_that_joins_in_the_background_is_waited_for);
    add_test("/proof/join/moved",
             a_joined_upload_that_was_moved_away_is_complete_unless_it_was_seen_incomplete);
    add_test("/proof/join/held", a_joining_that_somebody_holds_is_not_tried_for_ever);
    return g_test_run();
}
