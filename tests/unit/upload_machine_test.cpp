// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine without faults: the state table, what is sent when, what the server offers.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- the state table -----------------------------------------------------------------------------

void every_state_of_the_table_is_walked()
{
    Script s;
    s.config.length_mode = LengthMode::kAuto;
    g_assert_true(UploadMachine(s.config).state() == State::kIdle);
    const auto in_state = [&](State state) {
        g_assert_cmpstr(to_string(s.machine->state()), ==, to_string(state));
    };
    s.gets(Started{});
    in_state(State::kResolving);
    s.gets(Resolved{s.endpoints, true});
    in_state(State::kProbing);
    s.gets(capabilities({"creation", "concatenation"}));
    in_state(State::kReady);
    s.produces(100).gets(Tick{});
    in_state(State::kCreating);
    s.gets(status(401));
    in_state(State::kRenewing);
    s.gets(Credentials{true});
    in_state(State::kCreating);
    s.gets(created());
    in_state(State::kPatching);
    s.gets(broken());
    in_state(State::kWaiting);
    s.time_passes();
    in_state(State::kAsking);
    s.gets(offset_is(100, 100));
    in_state(State::kReady);
    s.ends().gets(Tick{});
    in_state(State::kJoining);
    s.gets(created("https://host/files/all"));
    in_state(State::kAsking);
    s.gets(offset_is(100, 100));
    in_state(State::kFinished);
    s.expect<Finished>();
    s.gets(Tick{}).expect<Finished>();

    Script spool;
    spool.starts({"creation"});
    g_assert_true(spool.machine->state() == State::kSpooling);
    spool.in.writer_blocked = true;
    spool.gets(Tick{}).expect<Failed>();
    g_assert_true(spool.machine->state() == State::kFailed);
    spool.gets(Tick{}).expect_failed(ErrorKind::kNoSpace);
}

void states_and_modes_have_names()
{
    ASSERT_STR(to_string(State::kIdle), "idle");
    ASSERT_STR(to_string(State::kPatching), "sending");
    ASSERT_STR(to_string(State::kFailed), "failed");
    ASSERT_STR(to_string(LengthMode::kAuto), "auto");
    ASSERT_STR(to_string(LengthMode::kSpool), "spool");
}

// --- the last byte -------------------------------------------------------------------------------

void one_byte_stays_here_until_the_end()
{
    Script s;
    s.starts_and_creates().expect<Wait>();
    s.produces(50).gets(Tick{}).expect_patch(0, 49);
    s.gets(acknowledged(49));
    g_assert_true(s.expect<Wait>().until_produced == 51U);
    g_assert_true(s.expect<Wait>().until_ended);
    s.ends().gets(Tick{}).expect_patch(49, 50, 50);
    s.finishes(50);
    g_assert_cmpuint(s.machine->acked(), ==, 50);
}

void exactly_n_chunks_need_no_empty_request()
{
    for (const std::uint64_t chunks : {1U, 2U, 5U}) {
        Script s;
        s.starts_and_creates();
        s.produces(chunks * 100).gets(Tick{});
        for (std::uint64_t n = 1; n < chunks; ++n) {
            s.expect_patch((n - 1) * 100, n * 100);
            s.gets(acknowledged(n * 100));
        }
        s.expect_patch((chunks - 1) * 100, chunks * 100 - 1);
        s.ends().gets(acknowledged(chunks * 100 - 1));
        s.expect_patch(chunks * 100 - 1, chunks * 100, chunks * 100);
        s.finishes(chunks * 100);
    }
}

void all_chunks_that_are_there_at_the_end_carry_no_length_but_the_last()
{
    Script s;
    s.starts_and_creates();
    s.produces(250).ends().gets(Tick{}).expect_patch(0, 100);
    s.gets(acknowledged(100)).expect_patch(100, 200);
    s.gets(acknowledged(200)).expect_patch(200, 250, 250);
    s.finishes(250);
}

void one_byte_arrives()
{
    Script s;
    s.starts_and_creates();
    s.produces(1).gets(Tick{}).expect<Wait>();
    s.ends().gets(Tick{}).expect_patch(0, 1, 1);
    s.finishes(1);
}

void zero_bytes_are_declared()
{
    Script s;
    s.starts_and_creates().expect<Wait>();
    s.ends().gets(Tick{}).expect_patch(0, 0, 0);
    s.finishes(0);
}

// --- pacing --------------------------------------------------------------------------------------

void bytes_wait_for_the_flush_interval_or_a_chunk()
{
    Script s;
    s.in.flush_interval = seconds(1);
    s.starts_and_creates().expect<Wait>();
    s.in.pending_since = s.in.now;
    s.produces(30).gets(Tick{});
    const Wait wait = s.expect<Wait>();
    g_assert_true(wait.until == s.in.now + seconds(1));
    g_assert_true(wait.until_produced == 101U);
    g_assert_true(wait.until_ended);
    g_assert_true(wait.until_writer_blocked);
    s.time_passes().expect_patch(0, 29);
    s.gets(acknowledged(29)).expect<Wait>();

    s.in.pending_since = s.in.now;
    s.produces(130).gets(Tick{}).expect_patch(29, 129); // a chunk is full before its time
}

void a_blocked_writer_does_not_wait_for_the_flush_interval()
{
    Script s;
    s.in.flush_interval = seconds(1);
    s.starts_and_creates();
    s.in.pending_since = s.in.now;
    s.in.writer_blocked = true;
    s.produces(30).gets(Tick{}).expect_patch(0, 29);
}

void the_end_does_not_wait_for_the_flush_interval()
{
    Script s;
    s.in.flush_interval = seconds(1);
    s.starts_and_creates();
    s.in.pending_since = s.in.now;
    s.produces(30).ends().gets(Tick{}).expect_patch(0, 30, 30);
}

void bytes_that_were_sent_before_wait_for_nothing()
{
    Script s;
    s.in.flush_interval = seconds(1);
    s.starts_and_creates();
    s.in.pending_since = s.in.now - seconds(1);
    s.produces(50).gets(Tick{}).expect_patch(0, 49);
    s.in.pending_since = s.in.now;
    s.produces(60).gets(acknowledged(20)).expect_patch(20, 59);
}

void requests_are_aligned_and_not_small_before_the_end()
{
    Script s;
    s.config.chunk_align = 16;
    s.config.min_chunk_size = 40;
    s.starts_and_creates();
    s.produces(40).gets(Tick{});
    g_assert_true(s.expect<Wait>().until_produced == 49U); // 48 and the one held back
    s.produces(60).gets(Tick{}).expect_patch(0, 48);
    s.gets(acknowledged(48)).expect<Wait>();
    s.produces(300).gets(Tick{}).expect_patch(48, 144); // 100 less the rest
    s.ends().gets(acknowledged(144)).expect_patch(144, 240);
    s.gets(acknowledged(240)).expect_patch(240, 300, 300);
}

void settings_that_make_no_sense_do_not_crash()
{
    Script s;
    s.config.chunk_align = 0;
    s.config.chunk_size = UINT64_MAX;
    s.config.min_chunk_size = UINT64_MAX;
    s.starts_and_creates();
    s.produces(1000).gets(Tick{}).expect<Wait>();
    s.ends().gets(Tick{}).expect_patch(0, 1000, 1000);
    Script concatenation;
    concatenation.config.chunk_size = UINT64_MAX;
    concatenation.config.length_mode = LengthMode::kConcatenation;
    concatenation.starts({"creation", "concatenation"});
    concatenation.produces(1000).ends().gets(Tick{});
    g_assert_true(concatenation.expect<Create>().length == 1000U);
    concatenation.gets(created()).expect_patch(0, 1000);
}

// --- what the server offers ----------------------------------------------------------------------

void without_an_answer_to_options_deferred_length_is_tried()
{
    for (const int number : {404, 405, 401, 403, 501, 200}) {
        Script s;
        s.gets(Started{}).gets(Resolved{s.endpoints, true}).gets(status(number));
        g_assert_false(s.expect<Create>().length.has_value());
    }
    Script busy;
    busy.gets(Started{}).gets(Resolved{busy.endpoints, true});
    for (int attempt = 0; attempt < 2; ++attempt) {
        busy.gets(status(503));
        busy.time_passes().expect<Options>();
    }
    busy.gets(status(503)).expect<Create>();
}

void another_version_of_the_protocol_is_refused()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    Answer answer = capabilities({"creation"});
    answer.versions = {"0.2.2"};
    s.gets(answer);
    g_assert_true(s.expect_failed(ErrorKind::kProtocol).message.find("0.2.2") != std::string::npos);
}

void the_checksum_is_used_when_offered()
{
    for (const bool offered : {true, false}) {
        Script s;
        s.config.checksum = "sha1";
        s.gets(Started{}).gets(Resolved{s.endpoints, true});
        Answer answer = capabilities({"creation", "creation-defer-length", "checksum"});
        answer.checksums = {"md5", offered ? "sha1" : "crc32"};
        s.gets(answer).gets(created());
        g_assert_cmpuint(s.count<ReportWarning>(), ==, offered ? 0 : 1);
        s.produces(10).gets(Tick{});
        ASSERT_STR(s.expect<Patch>().checksum, offered ? "sha1" : "");
    }
}

// --- Tus-Max-Size --------------------------------------------------------------------------------

void what_fits_is_finished_and_the_rest_is_an_error()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    Answer answer = capabilities({"creation", "creation-defer-length"});
    answer.max_size = 150;
    s.gets(answer).gets(created());
    s.produces(150).gets(Tick{}).expect_patch(0, 100);
    s.gets(acknowledged(100)).expect_patch(100, 149);
    s.produces(180).gets(acknowledged(149)).expect_patch(149, 150, 150);
    s.gets(acknowledged(150)).gets(offset_is(150, 150));
    const Error &error = s.expect_failed(ErrorKind::kTooLarge);
    g_assert_true(error.offset == 150U);
}

void exactly_the_most_that_fits_is_no_error()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    Answer answer = capabilities({"creation", "creation-defer-length"});
    answer.max_size = 150;
    s.gets(answer).gets(created());
    s.produces(150).ends().gets(Tick{}).gets(acknowledged(100)).expect_patch(100, 150, 150);
    s.finishes(150);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine/states", every_state_of_the_table_is_walked);
    add_test("/machine/names", states_and_modes_have_names);
    add_test("/machine/last-byte/held-back", one_byte_stays_here_until_the_end);
    add_test("/machine/last-byte/n-chunks", exactly_n_chunks_need_no_empty_request);
    add_test("/machine/last-byte/length-with-the-last",
             all_chunks_that_are_there_at_the_end_carry_no_length_but_the_last);
    add_test("/machine/last-byte/one-byte", one_byte_arrives);
    add_test("/machine/last-byte/zero-bytes", zero_bytes_are_declared);
    add_test("/machine/pacing/flush-interval", bytes_wait_for_the_flush_interval_or_a_chunk);
    add_test("/machine/pacing/blocked-writer",
             a_blocked_writer_does_not_wait_for_the_flush_interval);
    add_test("/machine/pacing/end", the_end_does_not_wait_for_the_flush_interval);
    add_test("/machine/pacing/again", bytes_that_were_sent_before_wait_for_nothing);
    add_test("/machine/pacing/aligned", requests_are_aligned_and_not_small_before_the_end);
    add_test("/machine/pacing/odd-settings", settings_that_make_no_sense_do_not_crash);
    add_test("/machine/server/no-options", without_an_answer_to_options_deferred_length_is_tried);
    add_test("/machine/server/version", another_version_of_the_protocol_is_refused);
    add_test("/machine/server/checksum", the_checksum_is_used_when_offered);
    add_test("/machine/max-size/what-fits", what_fits_is_finished_and_the_rest_is_an_error);
    add_test("/machine/max-size/exactly", exactly_the_most_that_fits_is_no_error);
    return g_test_run();
}
