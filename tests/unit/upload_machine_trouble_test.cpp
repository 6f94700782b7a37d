// UploadMachine in trouble: what it does after every kind of answer and failure.
#include "machine_script.h"

#include <array>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- the error table: the first such answer, then the same again ---------------------------------

enum class Then { kAsk, kPauseAsk, kPauseSame, kSame, kRenew, kFail, kOther };

struct Row {
    const char *name;
    char request; // 'P'OST, 'H'EAD, p'A'TCH
    int status;
    const char *text;
    Then first, again;
};

constexpr std::array kRows = {
    Row{"create-400", 'P', 400, "no", Then::kFail, Then::kFail},
    Row{"create-401", 'P', 401, "", Then::kRenew, Then::kOther},
    Row{"create-403", 'P', 403, "", Then::kRenew, Then::kOther},
    Row{"create-404", 'P', 404, "", Then::kFail, Then::kFail},
    Row{"create-410", 'P', 410, "", Then::kFail, Then::kFail},
    Row{"create-405", 'P', 405, "", Then::kFail, Then::kFail},
    Row{"create-408", 'P', 408, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-409", 'P', 409, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-412", 'P', 412, "", Then::kFail, Then::kFail},
    Row{"create-413", 'P', 413, "", Then::kFail, Then::kFail},
    Row{"create-415", 'P', 415, "", Then::kFail, Then::kFail},
    Row{"create-417", 'P', 417, "", Then::kPauseSame, Then::kFail},
    Row{"create-423", 'P', 423, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-425", 'P', 425, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-429", 'P', 429, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-500", 'P', 500, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-502", 'P', 502, "", Then::kPauseSame, Then::kPauseSame},
    Row{"create-302", 'P', 302, "", Then::kFail, Then::kFail},
    Row{"head-400", 'H', 400, "", Then::kPauseAsk, Then::kFail},
    Row{"head-401", 'H', 401, "", Then::kRenew, Then::kOther},
    Row{"head-403", 'H', 403, "", Then::kRenew, Then::kOther},
    Row{"head-405", 'H', 405, "", Then::kFail, Then::kFail},
    Row{"head-408", 'H', 408, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-409", 'H', 409, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-412", 'H', 412, "", Then::kFail, Then::kFail},
    Row{"head-423", 'H', 423, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-429", 'H', 429, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-500", 'H', 500, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-501", 'H', 501, "", Then::kFail, Then::kFail},
    Row{"head-503", 'H', 503, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"head-301", 'H', 301, "", Then::kFail, Then::kFail},
    Row{"patch-400", 'A', 400, "", Then::kPauseAsk, Then::kFail},
    Row{"patch-400-interrupted", 'A', 400, "ERR_UPLOAD_INTERRUPTED", Then::kPauseAsk,
        Then::kPauseAsk},
    Row{"patch-400-eof", 'A', 400, "ERR_UNEXPECTED_EOF", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-400-stopped", 'A', 400, "ERR_UPLOAD_STOPPED", Then::kFail, Then::kFail},
    Row{"patch-400-length", 'A', 400, "ERR_INVALID_UPLOAD_LENGTH", Then::kAsk, Then::kPauseAsk},
    Row{"patch-400-complete", 'A', 400, "Upload is already complete.", Then::kAsk, Then::kPauseAsk},
    Row{"patch-401", 'A', 401, "", Then::kRenew, Then::kOther},
    Row{"patch-403", 'A', 403, "", Then::kRenew, Then::kOther},
    Row{"patch-403-header", 'A', 403, "header required", Then::kPauseAsk, Then::kFail},
    Row{"patch-404", 'A', 404, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-410", 'A', 410, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-405", 'A', 405, "", Then::kAsk, Then::kFail},
    Row{"patch-501", 'A', 501, "", Then::kAsk, Then::kFail},
    Row{"patch-408", 'A', 408, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-409", 'A', 409, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-411", 'A', 411, "", Then::kPauseAsk, Then::kFail},
    Row{"patch-412", 'A', 412, "", Then::kFail, Then::kFail},
    Row{"patch-413", 'A', 413, "", Then::kAsk, Then::kAsk},
    Row{"patch-413-max", 'A', 413, "ERR_MAX_SIZE_EXCEEDED", Then::kAsk, Then::kAsk},
    Row{"patch-415", 'A', 415, "", Then::kPauseAsk, Then::kFail},
    Row{"patch-417", 'A', 417, "", Then::kAsk, Then::kPauseAsk},
    Row{"patch-422", 'A', 422, "", Then::kPauseAsk, Then::kFail},
    Row{"patch-423", 'A', 423, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-425", 'A', 425, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-429", 'A', 429, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-460", 'A', 460, "", Then::kAsk, Then::kAsk},
    Row{"patch-500", 'A', 500, "", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-503", 'A', 503, "ERR_SERVER_SHUTDOWN", Then::kPauseAsk, Then::kPauseAsk},
    Row{"patch-505", 'A', 505, "", Then::kFail, Then::kFail},
    Row{"patch-308-nowhere", 'A', 308, "", Then::kFail, Then::kFail},
};

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// A script whose next answer is that of the row's request.
void bring_to(Script &s, char request)
{
    s.config.chunk_size = 8 * kMiB;
    if (request == 'P') {
        s.starts().expect<Create>();
        return;
    }
    s.starts_and_creates().produces(80 * kMiB).gets(Tick{}).expect<Patch>();
    if (request == 'H')
        s.gets(stale()).expect<Head>();
}

Then what_follows(Script &s)
{
    if (std::holds_alternative<Failed>(s.action))
        return Then::kFail;
    if (std::holds_alternative<RenewCredentials>(s.action))
        return Then::kRenew;
    if (std::holds_alternative<Head>(s.action))
        return Then::kAsk;
    if (std::holds_alternative<Create>(s.action))
        return Then::kSame;
    if (!std::holds_alternative<Wait>(s.action))
        return Then::kOther;
    g_assert_true(s.pause() >= milliseconds(100));
    s.time_passes();
    if (std::holds_alternative<Head>(s.action))
        return Then::kPauseAsk;
    return std::holds_alternative<Create>(s.action) ? Then::kPauseSame : Then::kOther;
}

void row_is_followed(const Row &row)
{
    Script s;
    bring_to(s, row.request);
    s.gets(status(row.status, row.text));
    g_assert_cmpint(static_cast<int>(what_follows(s)), ==, static_cast<int>(row.first));
    if (row.first == Then::kFail) {
        g_assert_cmpint(s.expect<Failed>().error.http_status, ==, row.status);
        return;
    }
    if (row.again == Then::kOther)
        return;
    if (row.request == 'A') // nothing was stored; the same request follows
        s.gets(offset_is(0)).expect<Patch>();
    s.gets(status(row.status, row.text));
    g_assert_cmpint(static_cast<int>(what_follows(s)), ==, static_cast<int>(row.again));
}

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
        s.gets(acknowledged(50)).expect<Finished>();
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
    never.gets(status(200)).expect<Failed>();
}

// A captive portal: redirects to its own page, which knows nothing of the upload.
void an_impostor_is_waited_out()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.gets(broken()).time_passes();
    for (int round = 0; round < 10; ++round) {
        s.expect<Head>();
        s.gets(redirect("http://portal/login", true)).expect<Head>();
        s.gets(status(200, "<html>Please log in</html>")).time_passes();
    }
    ASSERT_STR(std::get<Head>(s.action).url, kUpload);
    s.gets(offset_is(100)).expect_patch(100, 200);
    s.ends().gets(broken()).time_passes();
    s.gets(status(200)).time_passes().gets(status(200)).expect<Failed>(); // nobody left to wait for
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
    s.gets(broken()).time_passes().gets(offset_is(59));
    const Error &error = s.expect_failed(ErrorKind::kUploadLost);
    g_assert_true(error.message.find("rollback-margin") != std::string::npos);
    g_assert_true(error.offset == 59U);
}

void bytes_of_somebody_else_are_an_error()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(broken()).time_passes();
    s.gets(offset_is(101)).expect_failed(ErrorKind::kUploadLost);
}

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
    bytes.gets(acknowledged(50)).expect<Finished>();
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

// --- an upload that is gone ----------------------------------------------------------------------

void an_upload_is_never_made_anew_because_head_failed()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(broken());
    for (const int number : {500, 502, 503, 429, 423, 408}) {
        s.time_passes().expect<Head>();
        s.gets(status(number));
    }
    for (int n = 0; n < 20; ++n) {
        s.time_passes().expect<Head>();
        s.gets(n % 2 ? broken(ErrorKind::kTimeout) : unreachable());
    }
    s.time_passes().gets(offset_is(100)).expect<Wait>();
}

void a_gone_upload_is_made_anew_while_its_first_byte_is_here()
{
    for (const int number : {404, 410}) {
        Script s;
        s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
        s.gets(status(number)).expect<Head>();
        s.gets(status(number)).time_passes();
        g_assert_true(s.expect<Resolve>().refresh);
        s.gets(Resolved{s.endpoints, true}).expect<Create>();
        s.gets(created("https://host/files/2")).expect_patch(0, 100);
        ASSERT_STR(s.expect<Patch>().url, "https://host/files/2");
        g_assert_cmpuint(s.expect<Patch>().server_offset, ==, 0);
        // what arrives there is progress, though the one before had as much
        g_assert_cmpuint(s.count<ReportResumed>(), ==, 0);
        s.gets(broken()).time_passes().gets(offset_is(50)).expect_patch(50, 150);
        g_assert_cmpuint(s.count<ReportResumed>(), ==, 1);
    }
}

void a_gone_upload_is_an_error_when_its_first_byte_is_not_here()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.in.held_from = 1;
    s.gets(status(404)).gets(status(404)).expect_failed(ErrorKind::kUploadLost);
}

void an_upload_that_is_gone_again_and_again_is_an_error()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{});
    int created_again = 0;
    while (!std::holds_alternative<Failed>(s.action) && created_again < 50) {
        // it takes some bytes every time: that is no progress
        s.gets(acknowledged(100)).gets(status(404)).gets(status(404));
        if (std::holds_alternative<Failed>(s.action))
            break;
        s.time_passes().gets(Resolved{s.endpoints, true}).gets(created());
        ++created_again;
    }
    g_assert_cmpint(created_again, ==, 3);
    s.expect_failed(ErrorKind::kUploadLost);
}

void doubts_about_a_gone_upload_do_not_count_for_the_next()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(status(400)).time_passes();
    s.gets(status(404)).time_passes().gets(Resolved{s.endpoints, true}).gets(created());
    s.expect_patch(0, 100);
    s.gets(status(400)).time_passes().expect<Head>();
}

void a_server_of_a_cluster_that_does_not_know_it_is_waited_for()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{});
    s.gets(status(404)).gets(offset_is(0)).expect<Patch>();
    s.gets(status(404));
    g_assert_true(s.pause() > Duration::zero());
    s.time_passes().gets(offset_is(0)).gets(acknowledged(100)).expect<Wait>();
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
        if (std::holds_alternative<Head>(s.action))
            s.gets(offset_is(0));
    }
    g_assert_cmpint(s.expect<Failed>().error.http_status, ==, 413);
    g_assert_cmpint(tries, <, 10);
}

// A server that is full takes what fits to the last byte (or the last aligned piece).
void a_full_server_keeps_what_fits(std::uint64_t align, std::uint64_t full, std::uint64_t fits)
{
    Script s;
    s.config.chunk_size = 1000;
    s.config.chunk_align = align;
    s.starts_and_creates().produces(100000).gets(Tick{});
    std::uint64_t stored = 0;
    int requests = 0;
    while (!std::holds_alternative<Failed>(s.action) && ++requests < 200) {
        if (std::holds_alternative<Head>(s.action)) {
            s.gets(offset_is(stored));
            continue;
        }
        const Patch patch = s.expect<Patch>();
        if (patch.to > full) {
            s.gets(status(413, "ERR_MAX_SIZE_EXCEEDED"));
        } else {
            stored = patch.to;
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
        if (std::holds_alternative<Head>(s.action))
            s.gets(offset_is(0, 100));
    }
    s.expect_failed(ErrorKind::kTooLarge);
}

void a_request_without_bytes_can_not_be_halved()
{
    Script s;
    s.starts_and_creates().ends().gets(Tick{}).expect_patch(0, 0, 0);
    s.gets(status(413, "ERR_MAX_SIZE_EXCEEDED")).expect_failed(ErrorKind::kTooLarge);
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

// It does not know the override, and takes the POST for a creation with an upload of its own.
void another_upload_is_no_acknowledgement_of_the_override()
{
    Script s;
    s.starts_and_creates().produces(60).ends().gets(Tick{}).expect_patch(0, 60, 60);
    s.gets(status(405)).gets(offset_is(0)).expect_patch(0, 60, 60);
    Answer answer = created("https://host/files/2");
    answer.upload_offset = 60;
    s.gets(answer);
    const Error &error = s.expect_failed(ErrorKind::kProtocol);
    g_assert_cmpint(error.http_status, ==, 201);
    g_assert_true(error.message.find("X-HTTP-Method-Override") != std::string::npos);
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
            s.ends().gets(status(number)).time_passes().gets(offset_is(100));
            s.gets(status(number)).expect<Failed>(); // nobody left to wait for
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
    s.gets(status(460));
    g_assert_cmpint(s.expect<Failed>().error.http_status, ==, 460);
}

// --- credentials ---------------------------------------------------------------------------------

void refused_credentials_are_renewed_and_the_server_is_asked()
{
    for (const int number : {401, 403}) {
        Script s;
        s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
        s.gets(status(number));
        g_assert_cmpint(s.expect<RenewCredentials>().status, ==, number);
        s.gets(Credentials{true}).expect<Head>();
        s.gets(offset_is(100)).expect_patch(100, 200);
    }
}

void a_recording_under_way_waits_for_credentials()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    for (int n = 0; n < 10; ++n) {
        s.gets(status(401)).expect<RenewCredentials>();
        s.gets(Credentials{false});
        g_assert_true(s.pause() >= milliseconds(100));
        s.time_passes().expect<Head>();
    }
    s.gets(status(401)).gets(Credentials{false}).expect<Wait>();
    ++s.in.credential_changes;
    s.gets(Tick{}).expect<Head>(); // at once
    s.gets(offset_is(100)).expect_patch(100, 200);
}

void credentials_that_are_renewed_in_vain_do_not_spin()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    int pauses = 0;
    for (int n = 0; n < 10; ++n) {
        s.gets(status(403)).gets(Credentials{true});
        if (std::holds_alternative<Wait>(s.action)) {
            ++pauses;
            s.time_passes();
        }
        s.expect<Head>();
    }
    g_assert_cmpint(pauses, >=, 8);
}

void an_ended_recording_does_not_wait_for_credentials_for_ever()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100)).ends();
    int tries = 0;
    s.gets(status(401));
    while (!std::holds_alternative<Failed>(s.action) && ++tries < 50) {
        s.gets(Credentials{false});
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes().gets(status(401));
    }
    s.expect_failed(ErrorKind::kNotAuthorized);
}

void a_recording_that_can_not_begin_says_so()
{
    Script s;
    s.starts().gets(status(401)).gets(Credentials{false}).expect_failed(ErrorKind::kNotAuthorized);
}

void refused_credentials_are_told_with_the_request_that_they_were_for()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{});
    Script asked;
    asked.starts_and_creates().produces(201).gets(Tick{}).gets(stale()).expect<Head>();
    s.gets(status(401)).gets(Credentials{false});
    asked.gets(status(401)).gets(Credentials{false});
    g_assert_true(s.expect<Failed>().error.message.find("sending data") != std::string::npos);
    g_assert_true(asked.expect<Failed>().error.message.find("asking for the offset") !=
                  std::string::npos);
}

void a_secret_token_is_fetched_once_more()
{
    Script s;
    s.follow_other_hosts = false;
    s.starts().gets(status(403)).gets(Credentials{false});
    g_assert_true(s.expect<Resolve>().refresh);
    s.gets(Resolved{s.endpoints, false}).expect<Create>();
    s.gets(status(403)).gets(Credentials{false}).expect_failed(ErrorKind::kNotAuthorized);

    Script refused;
    Answer answer = status(500, "token");
    answer.refused_metadata = true;
    refused.starts().gets(answer);
    g_assert_true(refused.expect<Resolve>().refresh);
    refused.gets(Resolved{refused.endpoints, false}).gets(answer);
    refused.expect_failed(ErrorKind::kNotAuthorized);
}

// --- redirects -----------------------------------------------------------------------------------

void redirects_keep_what_was_asked()
{
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true});
    s.gets(redirect("https://host/other/"));
    ASSERT_STR(s.expect<Options>().url, "https://host/other/");
    s.gets(capabilities({"creation", "creation-defer-length"}));
    ASSERT_STR(s.expect<Create>().url, "https://host/other/");
    s.gets(redirect("https://host/third/"));
    ASSERT_STR(s.expect<Create>().url, "https://host/third/");
    s.gets(created()).produces(201).gets(Tick{}).gets(acknowledged(100));
    s.gets(redirect("https://elsewhere/1", true));
    ASSERT_STR(s.expect<Head>().url, "https://elsewhere/1");
    s.gets(offset_is(100)).expect_patch(100, 200);
    ASSERT_STR(s.expect<Patch>().url, "https://elsewhere/1");
}

constexpr const char *kAstray = "http://portal/login";

// A recording of which 100 bytes are confirmed is led astray.
Script led_astray()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.gets(redirect(kAstray, true));
    ASSERT_STR(s.expect<Head>().url, kAstray);
    return s;
}

void a_redirect_that_leads_nowhere_is_left_again()
{
    std::vector<Event> nowhere = {unreachable(), broken(ErrorKind::kTimeout)};
    for (const int number : {400, 401, 403, 404, 405, 410, 412, 423, 500, 501, 503})
        nowhere.emplace_back(status(number));
    nowhere.emplace_back(status(302));
    for (const Event &answer : nowhere) {
        Script s = led_astray();
        for (int round = 0; round < 10; ++round) {
            std::visit([&](const auto &event) { s.gets(event); }, answer);
            if (std::holds_alternative<RenewCredentials>(s.action))
                s.gets(Credentials{false});
            g_assert_true(s.pause() >= milliseconds(100));
            s.time_passes();
            ASSERT_STR(s.expect<Head>().url, kUpload);
            s.gets(redirect(kAstray, true));
            ASSERT_STR(s.expect<Head>().url, kAstray);
        }
        s.gets(unreachable()).time_passes().gets(offset_is(100)).expect_patch(100, 200);
        ASSERT_STR(s.expect<Patch>().url, kUpload);
    }
}

// The same when it did lead to the upload before: a server that dies is not asked for ever.
void a_redirect_that_leads_nowhere_any_more_is_left_too()
{
    Script s = led_astray();
    s.gets(offset_is(100)).expect_patch(100, 200);
    ASSERT_STR(s.expect<Patch>().url, kAstray);
    s.gets(broken()).time_passes();
    ASSERT_STR(s.expect<Head>().url, kAstray);
    s.gets(unreachable()).time_passes();
    ASSERT_STR(s.expect<Head>().url, kUpload);
    s.gets(offset_is(100)).expect_patch(100, 200);
    ASSERT_STR(s.expect<Patch>().url, kUpload);
}

// For the application, the journal and the list of partial uploads it is where it was created.
void a_redirect_does_not_change_the_address_of_the_upload()
{
    Script s = led_astray();
    ASSERT_STR(s.machine->upload_url(), kUpload);
    s.gets(offset_is(100)).expect_patch(100, 200);
    ASSERT_STR(s.machine->upload_url(), kUpload);
    Script parts;
    parts.config.length_mode = LengthMode::kConcatenation;
    parts.starts({"creation", "concatenation"}).produces(50).ends().gets(Tick{});
    parts.gets(created()).gets(redirect("https://node/1", true)).gets(offset_is(0, 50));
    ASSERT_STR(parts.expect<Patch>().url, "https://node/1");
    parts.gets(acknowledged(50));
    ASSERT_STR(parts.expect<Create>().final_of.at(0), kUpload);
    Script given;
    given.config.upload_url = kUpload;
    given.gets(Started{}).gets(redirect("https://node/1", true)).gets(offset_is(0));
    ASSERT_STR(std::get<ReportCreated>(given.reports.front()).upload_url, kUpload);
}

void a_tus_server_behind_a_redirect_may_say_that_it_is_gone()
{
    Script s = led_astray();
    Answer gone = status(404);
    gone.speaks_tus = true;
    for (int n = 0; n < 3; ++n) { // perhaps it was the wrong one
        s.gets(gone).time_passes();
        ASSERT_STR(s.expect<Head>().url, kUpload);
        s.gets(redirect(kAstray, true));
    }
    s.gets(gone).time_passes().expect<Resolve>();
}

void an_ended_recording_does_not_go_astray_for_ever()
{
    Script s = led_astray();
    s.ends();
    int tries = 0;
    while (!std::holds_alternative<Failed>(s.action) && ++tries < 50)
        s.gets(status(404)).time_passes().gets(redirect(kAstray, true));
    g_assert_cmpint(tries, ==, 5);
    g_assert_true(s.expect_failed(ErrorKind::kProtocol).message.find("404") != std::string::npos);
    Script away = led_astray(); // no answer is no verdict
    away.ends();
    for (int n = 0; n < 50; ++n)
        away.gets(unreachable()).time_passes().gets(redirect(kAstray, true)).expect<Head>();
}

void a_secret_is_not_taken_to_another_host()
{
    Script s;
    s.follow_other_hosts = false;
    s.starts().gets(redirect("https://elsewhere/", true)).expect_failed(ErrorKind::kProtocol);
    // not by way of OPTIONS either
    Script options;
    options.gets(Started{}).gets(Resolved{options.endpoints, false});
    options.gets(redirect("https://elsewhere/", true)).expect_failed(ErrorKind::kProtocol);
    Script open;
    open.starts().gets(redirect("https://elsewhere/", true)).expect<Create>();
}

void circles_of_redirects_end()
{
    Script s;
    s.starts();
    for (int n = 0; n < 5; ++n)
        s.gets(redirect(kEndpoint)).expect<Create>();
    s.gets(redirect(kEndpoint)).expect_failed(ErrorKind::kProtocol);
}

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

void an_end_of_the_upload_that_comes_near_is_told_once()
{
    Script s;
    s.starts();
    Answer answer = created();
    answer.expires = s.in.now + seconds(3600);
    s.gets(answer);
    g_assert_cmpuint(s.count<ReportWarning>(), ==, 0);
    for (int n = 1; n < 4; ++n) {
        s.produces(static_cast<std::uint64_t>(n) * 10).gets(Tick{});
        Answer ack = acknowledged(s.expect<Patch>().to);
        ack.expires = s.in.now + seconds(300);
        s.gets(ack);
        g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
    }
}

// --- joining -------------------------------------------------------------------------------------

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
    busy.gets(created("https://host/files/all")).expect<Finished>();
    Script gone = joining();
    gone.gets(status(404)).expect_failed(ErrorKind::kUploadLost);
    Script refused = joining();
    refused.gets(status(400)).time_passes().gets(status(400)).expect_failed(ErrorKind::kServer);
    Script nowhere = joining();
    nowhere.gets(created("")).expect_failed(ErrorKind::kProtocol);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    for (const Row &row : kRows)
        add_row_test(std::string("/machine-trouble/table/") + row.name, row, row_is_followed);

    struct Case {
        const char *name;
        void (*function)();
    };

    constexpr std::array kCases = {
        Case{"ack/short", a_short_acknowledgement_sends_the_tail_again},
        Case{"ack/nothing", an_acknowledgement_of_nothing_pauses_and_asks},
        Case{"ack/short-last", a_short_acknowledgement_of_the_last_request_asks_about_the_length},
        Case{"ack/impossible", an_offset_that_can_not_be_is_checked_and_not_believed},
        Case{"ack/impossible-again", an_offset_that_can_not_be_again_and_again_does_not_spin},
        Case{"ack/no-offset", an_acknowledgement_without_offset_is_asked_for},
        Case{"head/impostor", an_impostor_is_waited_out},
        Case{"ack/no-location", a_creation_without_location_is_an_error},
        Case{"offset/more", the_server_may_have_more_than_it_told},
        Case{"offset/back", the_server_may_go_back_over_what_it_confirmed},
        Case{"offset/to-and-fro", offsets_that_go_to_and_fro_are_an_outage},
        Case{"offset/too-far-back", the_server_may_not_go_back_over_what_is_no_longer_held},
        Case{"offset/beyond", bytes_of_somebody_else_are_an_error},
        Case{"length/once", the_length_is_declared_only_while_the_server_does_not_know_it},
        Case{"length/empty-lost", a_lost_empty_last_request_ends_the_outage_too},
        Case{"length/refused", a_refusal_of_the_finished_upload_is_an_error},
        Case{"gone/head-failed", an_upload_is_never_made_anew_because_head_failed},
        Case{"gone/anew", a_gone_upload_is_made_anew_while_its_first_byte_is_here},
        Case{"gone/error", a_gone_upload_is_an_error_when_its_first_byte_is_not_here},
        Case{"gone/again", an_upload_that_is_gone_again_and_again_is_an_error},
        Case{"gone/doubts", doubts_about_a_gone_upload_do_not_count_for_the_next},
        Case{"gone/cluster", a_server_of_a_cluster_that_does_not_know_it_is_waited_for},
        Case{"large/halved", requests_are_halved_after_413_and_stay_small},
        Case{"large/floor", halving_has_a_floor},
        Case{"large/full", a_full_server_keeps_all_that_fits},
        Case{"large/full-partial", a_full_server_ends_a_partial_upload_with_an_error},
        Case{"large/empty", a_request_without_bytes_can_not_be_halved},
        Case{"large/kept-more", a_server_that_kept_more_than_it_said_is_believed},
        Case{"large/408", requests_that_take_too_long_get_shorter_down_to_a_floor},
        Case{"method/override", a_server_without_patch_gets_the_override},
        Case{"method/another-upload", another_upload_is_no_acknowledgement_of_the_override},
        Case{"method/worked-before", a_method_that_worked_is_not_given_up},
        Case{"expect/once", a_reset_lets_the_server_speak_first_once},
        Case{"expect/refused", a_server_that_refuses_expect_is_not_asked_again},
        Case{"expect/silent", a_server_that_is_silent_to_expect_is_not_asked_again},
        Case{"checksum/mismatch", damaged_bytes_are_sent_again_but_not_for_ever},
        Case{"credentials/renewed", refused_credentials_are_renewed_and_the_server_is_asked},
        Case{"credentials/waited-for", a_recording_under_way_waits_for_credentials},
        Case{"credentials/in-vain", credentials_that_are_renewed_in_vain_do_not_spin},
        Case{"credentials/after-end", an_ended_recording_does_not_wait_for_credentials_for_ever},
        Case{"credentials/start", a_recording_that_can_not_begin_says_so},
        Case{"credentials/text", refused_credentials_are_told_with_the_request_that_they_were_for},
        Case{"credentials/token", a_secret_token_is_fetched_once_more},
        Case{"redirect/kept", redirects_keep_what_was_asked},
        Case{"redirect/nowhere", a_redirect_that_leads_nowhere_is_left_again},
        Case{"redirect/nowhere-any-more", a_redirect_that_leads_nowhere_any_more_is_left_too},
        Case{"redirect/address", a_redirect_does_not_change_the_address_of_the_upload},
        Case{"redirect/gone", a_tus_server_behind_a_redirect_may_say_that_it_is_gone},
        Case{"redirect/ended", an_ended_recording_does_not_go_astray_for_ever},
        Case{"redirect/secret", a_secret_is_not_taken_to_another_host},
        Case{"redirect/circle", circles_of_redirects_end},
        Case{"network/stale", a_dead_kept_alive_connection_is_no_outage},
        Case{"network/unreachable", attempts_that_reached_nobody_are_repeated_every_two_seconds},
        Case{"network/busy", a_busy_server_is_left_alone_whatever_the_network_does},
        Case{"network/busy-once", a_server_that_is_busy_once_after_an_outage_is_tried_again_soon},
        Case{"network/endpoints", the_next_server_is_tried_until_the_upload_exists},
        Case{"network/tls", a_wrong_certificate_at_the_start_is_an_error_and_later_an_outage},
        Case{"network/handshake", a_broken_handshake_at_the_start_is_tried_again_a_few_times},
        Case{"network/body", bytes_that_can_not_be_read_are_an_error},
        Case{"resolve/later", parameters_that_can_not_be_fetched_now_are_fetched_later},
        Case{"expires", an_end_of_the_upload_that_comes_near_is_told_once},
        Case{"join", joining_is_tried_again_and_its_end_is_told},
    };
    for (const Case &test_case : kCases)
        add_test((std::string("/machine-trouble/") + test_case.name).c_str(), test_case.function);
    return g_test_run();
}
