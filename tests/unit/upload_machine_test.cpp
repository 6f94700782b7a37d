// UploadMachine without faults: the state table, what is sent when, length modes, resuming.
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
    s.gets(acknowledged(50)).expect<Finished>();
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
        s.gets(acknowledged(chunks * 100)).expect<Finished>();
    }
}

void all_chunks_that_are_there_at_the_end_carry_no_length_but_the_last()
{
    Script s;
    s.starts_and_creates();
    s.produces(250).ends().gets(Tick{}).expect_patch(0, 100);
    s.gets(acknowledged(100)).expect_patch(100, 200);
    s.gets(acknowledged(200)).expect_patch(200, 250, 250);
    s.gets(acknowledged(250)).expect<Finished>();
}

void one_byte_arrives()
{
    Script s;
    s.starts_and_creates();
    s.produces(1).gets(Tick{}).expect<Wait>();
    s.ends().gets(Tick{}).expect_patch(0, 1, 1);
    s.gets(acknowledged(1)).expect<Finished>();
}

void zero_bytes_are_declared()
{
    Script s;
    s.starts_and_creates().expect<Wait>();
    s.ends().gets(Tick{}).expect_patch(0, 0, 0);
    s.gets(acknowledged(0)).expect<Finished>();
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
    concatenation.starts();
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
    s.gets(created("https://host/files/all")).expect<Finished>();
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
    s.gets(status(404)).time_passes();
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
    for (; total < 3'300; total += 100) {
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
    s.gets(acknowledged(150));
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
    s.gets(acknowledged(150)).expect<Finished>();
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
    more.produces(31).gets(Tick{}).expect_failed(ErrorKind::kTooLarge);
    Script less;
    less.config.upload_url = kUpload;
    less.gets(Started{}).gets(offset_is(1000, 1030));
    less.produces(20).ends().gets(Tick{}).gets(acknowledged(1020));
    less.expect_failed(ErrorKind::kProtocol);
}

void a_given_upload_that_is_gone_is_not_made_anew()
{
    Script s;
    s.config.upload_url = kUpload;
    s.gets(Started{}).gets(status(404)).expect_failed(ErrorKind::kUploadLost);
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
    s.gets(acknowledged(250)).expect<Finished>();
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
    s.gets(acknowledged(320)).expect<Finished>();
    g_assert_cmpuint(s.machine->acked(), ==, 300);
    Script complete = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    complete.gets(Started{}).gets(offset_is(300, 300)).expect<Finished>();
    Script cut = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    cut.gets(Started{}).gets(offset_is(300, 310)).expect_failed(ErrorKind::kUploadLost);
    Script grows = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    grows.gets(Started{}).gets(offset_is(300)).time_passes();
    grows.gets(offset_is(301)).expect_failed(ErrorKind::kUploadLost);
}

void an_upload_of_another_process_that_is_gone_is_made_anew_only_when_whole()
{
    Script whole = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    whole.gets(Started{}).gets(status(404)).time_passes().gets(Resolved{whole.endpoints, true});
    whole.expect<Create>();
    whole.gets(created()).expect_patch(0, 100);
    Script cut = after_a_crash({kUpload, 0, LengthMode::kDeferred, {}, 0});
    cut.in.held_from = 1;
    cut.gets(Started{}).gets(status(404)).expect_failed(ErrorKind::kUploadLost);
    Script continued = after_a_crash({kUpload, 500, LengthMode::kDeferred, {}, 0});
    continued.gets(Started{}).gets(status(404)).expect_failed(ErrorKind::kUploadLost);
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
    s.gets(created("https://host/files/all")).expect<Finished>();
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
    s.gets(acknowledged(50)).expect<Finished>();
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
    add_test("/machine/server/auto", auto_takes_the_first_mode_that_the_server_can_do);
    add_test("/machine/server/501", a_creation_answered_501_falls_back_too);
    add_test("/machine/concatenation/joined", partial_uploads_are_joined_at_the_end);
    add_test("/machine/concatenation/replaced", a_dead_partial_upload_is_replaced);
    add_test("/machine/concatenation/grow", partial_uploads_grow_so_that_their_list_stays_short);
    add_test("/machine/concatenation/full-store",
             a_partial_upload_does_not_wait_for_more_than_the_store_can_hold);
    add_test("/machine/concatenation/empty", a_recording_without_a_byte_is_a_plain_empty_upload);
    add_test("/machine/spool/length", spooled_bytes_are_uploaded_at_the_end_with_their_length);
    add_test("/machine/spool/empty", a_spooled_recording_without_a_byte_needs_no_patch);
    add_test("/machine/spool/length-once", a_length_given_at_creation_is_never_sent_again);
    add_test("/machine/max-size/what-fits", what_fits_is_finished_and_the_rest_is_an_error);
    add_test("/machine/max-size/exactly", exactly_the_most_that_fits_is_no_error);
    add_test("/machine/upload-url/continued", a_given_upload_is_continued_where_it_stands);
    add_test("/machine/upload-url/known-length", a_given_upload_of_known_length_gets_no_length);
    add_test("/machine/upload-url/other-length",
             a_given_upload_that_takes_another_length_is_an_error);
    add_test("/machine/upload-url/gone", a_given_upload_that_is_gone_is_not_made_anew);
    add_test("/machine/recovery/finished", an_upload_of_another_process_is_finished);
    add_test("/machine/recovery/server-has-more",
             an_upload_that_has_more_than_the_disk_ends_with_it);
    add_test("/machine/recovery/gone",
             an_upload_of_another_process_that_is_gone_is_made_anew_only_when_whole);
    add_test("/machine/recovery/parts", finished_partial_uploads_of_another_process_are_kept);
    add_test("/machine/bounds/drain-timeout", drain_timeout_bounds_the_end);
    add_test("/machine/bounds/late-end", an_acknowledgement_that_comes_late_is_still_the_end);
    add_test("/machine/bounds/outage-timeout",
             outage_timeout_bounds_an_outage_but_not_the_recording);
    add_test("/machine/bounds/body-moves", a_body_that_moves_puts_off_the_outage_but_not_the_drain);
    return g_test_run();
}
