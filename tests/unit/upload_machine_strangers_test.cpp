// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and answers that are not the server's: any status, to any request, while recording
// and while draining, in every length mode. And the server's own answers that speak against an
// upload: one alone decides nothing.
#include "machine_script.h"

#include <array>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::array kStatuses = {
    200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405,
    406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426,
    428, 429, 431, 451, 460, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 599};

Answer marked(Answer answer)
{
    answer.resumable = answer.speaks_tus = true;
    return answer;
}

Answer stranger(int number)
{
    Answer answer = status(number, "<!DOCTYPE html><html><title>Please log\nin</title></html>");
    answer.server = "portal";
    if (number == 307 || number == 308) {
        answer.location = "http://portal/login";
        answer.location_other_host = true;
    }
    return answer;
}

// A server that marks its answers, small: it takes what it gets.
class Server_ {
public:
    std::uint64_t offset = 0, parts = 0, joined = 0;
    std::optional<std::uint64_t> length;
    int creations = 0;

    Answer answer(const Action &action)
    {
        if (const auto *create = std::get_if<Create>(&action)) {
            if (!create->final_of.empty()) {
                joined = create->final_of.size();
                offset = stored; // of which it tells from now on
                length = stored;
                return marked(created("https://host/files/all"));
            }
            offset = 0;
            length = create->length;
            return marked(created(cat("https://host/files/", ++creations)));
        }
        if (const auto *patch = std::get_if<Patch>(&action)) {
            if (patch->method_override) // a creation, whatever it says
                return marked(created("https://host/files/litter"));
            if (patch->server_offset != offset)
                return marked(status(409));
            offset += patch->to - patch->from;
            if (patch->declare_length)
                length = patch->declare_length;
            stored = std::max(stored, patch->to);
            return marked(acknowledged(offset));
        }
        return marked(offset_is(offset, length));
    }

    std::uint64_t stored = 0;
};

// What the stranger stands before.
enum class Door { kPatch, kHead, kCreate, kAll };

bool stands_before(Door door, const Action &action)
{
    if (door == Door::kAll)
        return true;
    if (std::holds_alternative<Patch>(action))
        return door == Door::kPatch;
    return std::holds_alternative<Head>(action) == (door == Door::kHead);
}

struct Visit {
    Door door;
    bool draining;
    LengthMode mode;
    Duration span;
};

// TRUE: the recording ends, with what it ended.
bool come_to_an_end(Script &s, Server_ &server, const Visit &visit, int number)
{
    const bool heads = visit.door == Door::kHead; // one is made by a PATCH that breaks
    const TimePoint begin = s.in.now;
    bool broke = !heads;
    int steps = 0;
    while (!std::holds_alternative<Finished>(s.action) && ++steps < 400) {
        if (std::holds_alternative<Failed>(s.action))
            g_error("HTTP %d ended it: %s", number, s.expect<Failed>().error.message.c_str());
        if (s.in.now > begin + visit.span + seconds(20) && !s.in.ended)
            s.ends();
        if (const auto *wait = std::get_if<Wait>(&s.action)) {
            if (wait->until) {
                s.time_passes();
            } else {
                s.produces(s.in.produced + 60);
                s.in.now += seconds(1);
                s.gets(Tick{});
            }
        } else if (std::holds_alternative<RenewCredentials>(s.action)) {
            s.gets(Credentials{false});
        } else if (std::holds_alternative<Resolve>(s.action)) {
            s.gets(Resolved{s.endpoints, s.follow_other_hosts});
        } else if (!broke && std::holds_alternative<Patch>(s.action)) {
            broke = true;
            s.gets(broken());
        } else if (s.in.now < begin + visit.span && stands_before(visit.door, s.action)) {
            s.gets(stranger(number));
        } else {
            s.in.now += milliseconds(20);
            s.gets(server.answer(s.action));
        }
    }
    return std::holds_alternative<Finished>(s.action);
}

void a_stranger_only_delays(const Visit &visit, int number, bool secret)
{
    Script s;
    Server_ server;
    s.config.length_mode = visit.mode;
    s.follow_other_hosts = !secret;
    s.config.chunk_size = 600 << 10;
    s.produces(50);
    const bool spools = visit.mode == LengthMode::kSpool;
    if (visit.draining || spools)
        s.produces(3 << 20).ends();
    s.gets(Started{}).gets(Resolved{s.endpoints, !secret});
    s.gets(capabilities({"creation", "creation-defer-length", "concatenation"}));
    if (spools)
        s.gets(Resolved{s.endpoints, !secret});
    s.gets(server.answer(s.action)); // it works: the upload is made
    if (std::holds_alternative<Patch>(s.action))
        s.gets(server.answer(s.action));
    if (!come_to_an_end(s, server, visit, number))
        g_error("HTTP %d: it does not come to an end", number);
    g_assert_cmpuint(server.stored, ==, s.in.produced);
    if (visit.mode == LengthMode::kConcatenation)
        g_assert_cmpuint(server.joined, ==, s.machine->parts().size());
    else
        g_assert_cmpint(server.creations, ==, 1);
}

void strangers_only_delay(const LengthMode &mode)
{
    for (const Door door : {Door::kPatch, Door::kHead, Door::kCreate, Door::kAll}) {
        for (const bool draining : {false, true}) {
            for (const Duration span : {Duration(seconds(3)), Duration(seconds(40))}) {
                for (const int number : kStatuses) {
                    for (const bool secret : {false, true})
                        a_stranger_only_delays({door, draining, mode, span}, number, secret);
                }
            }
        }
    }
}

// --- at the start nothing has worked yet: it is told at once -------------------------------------

void a_wrong_address_is_told_at_once()
{
    for (const int number : {200, 301, 302, 400, 404, 405, 407, 410, 421, 451}) {
        Script s;
        s.starts().gets(stranger(number)).expect<Failed>();
    }
    Script given;
    given.config.upload_url = kUpload;
    given.gets(Started{}).gets(status(404)).expect_failed(ErrorKind::kUploadLost);
}

// --- who never sends the header ------------------------------------------------------------------

void a_server_without_the_header_is_known_from_its_first_answer()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.gets(status(404)).insists(status(404)).expect<Resolve>(); // today's rules
    Script half; // only its creation has it: PATCH is known from its own first answer
    half.starts().gets(marked(created())).produces(201).gets(Tick{}).gets(acknowledged(100));
    half.expect_patch(100, 200);
    half.gets(status(404)).expect<Head>();
    half.gets(offset_is(100)).expect_patch(100, 200);
}

void an_offset_whose_header_is_gone_is_believed_when_it_stays_so()
{
    Script s;
    s.starts().gets(marked(created())).produces(201).gets(Tick{}).gets(marked(acknowledged(100)));
    s.gets(broken()).time_passes().gets(marked(offset_is(100))).expect_patch(100, 200);
    s.gets(acknowledged(200)).expect<Wait>();
    g_assert_cmpuint(s.machine->acked(), ==, 100);
    for (int n = 0; n < 40 && s.machine->acked() < 200; ++n) {
        if (s.machine->state() == State::kWaiting)
            s.time_passes();
        else
            s.gets(offset_is(200));
    }
    g_assert_cmpuint(s.machine->acked(), ==, 200);
}

// --- what is told --------------------------------------------------------------------------------

void it_is_told_who_answers()
{
    Script s;
    s.starts().gets(marked(created())).produces(201).gets(Tick{}).gets(marked(acknowledged(100)));
    s.gets(stranger(404));
    const Error &reason = std::get<ReportStalled>(s.reports.back()).reason;
    g_assert_cmpint(reason.http_status, ==, 404);
    for (const char *part : {"HTTP 404", "\"Please log in\"", "portal", "Tus-Resumable"})
        g_assert_true(reason.message.find(part) != std::string::npos);
    Answer text = status(502, "upstream\x01 connect\n\n error");
    ASSERT_STR(
        describe_stranger(RequestKind::kHead, text, "here").message,
        "Something else answers in the server's place: HTTP 502, \"upstream connect error\", "
        "without Tus-Resumable (here). It is waited for to pass.");
    for (const char *odd : {"<title", "<title>", "<title></title>", "<TITLE x=y>\n", "<html>", " "})
        (void)describe_stranger(RequestKind::kHead, status(200, odd), "here");
}

void who_needs_credentials_gets_them()
{
    for (const bool draining : {false, true}) {
        Script s;
        s.starts().gets(marked(created())).produces(201).gets(Tick{});
        if (draining)
            s.ends();
        s.gets(stranger(401)).expect<RenewCredentials>();
        s.gets(Credentials{false}).expect<Wait>(); // although nothing is acknowledged yet
        ++s.in.credential_changes;
        s.gets(Tick{}).expect<Head>();
    }
}

// The body that a proxy limits: smaller requests, but at the floor it is a stranger's word.
void a_limit_of_a_proxy_shrinks_and_never_ends()
{
    Script s;
    s.config.chunk_size = 8 * kMiB;
    s.starts().gets(marked(created())).produces(80 * kMiB).gets(Tick{});
    std::uint64_t least = 8 * kMiB;
    for (int n = 0; n < 100; ++n) {
        if (s.machine->state() == State::kWaiting) {
            s.time_passes();
        } else if (const auto *patch = std::get_if<Patch>(&s.action)) {
            least = std::min(least, patch->to);
            s.gets(stranger(413));
        } else {
            s.gets(marked(offset_is(0)));
        }
    }
    g_assert_cmpuint(least, ==, kMiB / 4);
    g_assert_true(s.machine->state() != State::kFailed);
}

// --- one answer decides nothing ------------------------------------------------------------------

Script with_two_chunks(bool draining)
{
    Script s;
    s.starts().gets(marked(created())).produces(201).gets(Tick{}).gets(marked(acknowledged(100)));
    s.in.held_from = 60;
    if (draining)
        s.ends();
    s.gets(broken()).time_passes().gets(marked(offset_is(100))).expect<Patch>();
    s.gets(broken()).time_passes().expect<Head>();
    return s;
}

void what_one_head_says_is_asked_again()
{
    Answer silent = status(200);
    Answer full = offset_is(100, 120);
    Answer short_ = offset_is(100, 20);
    for (const bool draining : {false, true}) {
        for (const Answer &odd : {status(404), status(410), offset_is(10), offset_is(100000),
                                  offset_is(UINT64_MAX), silent, full, short_, status(400),
                                  status(412), status(505), status(301), status(422)}) {
            Script s = with_two_chunks(draining);
            for (int n = 0; n < 3; ++n) { // less than ten seconds
                s.gets(marked(odd)).time_passes().expect<Head>();
                g_assert_cmpuint(s.machine->acked(), ==, 100);
            }
            s.gets(marked(offset_is(100))).expect_patch(100, draining ? 200 : 200);
            s.gets(marked(acknowledged(200)));
            Script truth = with_two_chunks(draining);
            const TimePoint begin = truth.in.now;
            truth.insists(marked(odd)).expect<Failed>();
            g_assert_true(truth.in.now - begin >= seconds(10));
            g_assert_true(truth.in.now - begin <= seconds(30));
        }
    }
}

void a_row_with_something_else_between_begins_anew()
{
    Script s = with_two_chunks(false);
    for (int n = 0; n < 20; ++n) {
        s.gets(marked(status(404))).time_passes().gets(marked(status(404))).time_passes();
        s.expect<Head>();
        s.gets(n % 2 ? Event(broken()) : Event(stranger(404))).time_passes().expect<Head>();
    }
}

void a_refused_creation_is_asked_again()
{
    for (const int number : {400, 404, 405, 412, 413, 501}) {
        Script s;
        s.starts().gets(marked(created())).produces(101).gets(Tick{});
        s.gets(marked(status(404))).insists(marked(status(404))).expect<Resolve>();
        s.gets(Resolved{s.endpoints, true}).expect<Create>();
        s.gets(marked(status(number))).time_passes().expect<Create>();
        s.gets(marked(created("https://host/files/2"))).expect_patch(0, 100);
    }
}

// --- redirects -----------------------------------------------------------------------------------

// A partial upload's creation is led to a login page, which is gone with the hotel.
void a_creation_that_was_led_away_goes_home()
{
    Script s;
    s.config.length_mode = LengthMode::kConcatenation;
    s.starts({"creation", "concatenation"}).produces(100).gets(Tick{});
    s.gets(marked(created())).gets(marked(acknowledged(100)));
    s.produces(200).gets(Tick{}).expect<Create>();
    s.gets(stranger(307)).expect<Create>();
    ASSERT_STR(s.expect<Create>().url, "http://portal/login");
    s.gets(unreachable()).time_passes();
    ASSERT_STR(s.expect<Create>().url, kEndpoint);
    s.gets(stranger(307)).gets(stranger(200)).time_passes();
    ASSERT_STR(s.expect<Create>().url, kEndpoint);
}

// --- without HEAD --------------------------------------------------------------------------------

void an_upload_goes_on_without_head()
{
    for (const int number : {405, 501}) {
        for (const bool by_server : {false, true}) {
            Answer refusal = status(number);
            refusal.resumable = by_server;
            Script s;
            s.starts().gets(marked(created())).produces(301).gets(Tick{});
            s.gets(marked(acknowledged(100))).gets(broken()).time_passes().expect<Head>();
            s.gets(refusal).expect_patch(100, 200);
            g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
            Answer conflict = marked(status(409));
            conflict.upload_offset = 130;
            s.gets(conflict).expect_patch(130, 230);
            s.gets(broken()).time_passes().expect_patch(130, 230); // not asked any more
            s.gets(marked(status(409))).time_passes().expect<Head>();
            s.gets(refusal).expect_patch(130, 230);
            g_assert_cmpuint(s.count<ReportWarning>(), ==, 1);
            s.gets(marked(acknowledged(230))).expect_patch(230, 300);
            s.gets(broken()).time_passes().expect<Head>(); // perhaps it gets through now
            s.gets(marked(offset_is(250))).expect_patch(250, 300);
        }
    }
}

void a_head_that_became_a_get_is_found_out()
{
    Script s;
    s.starts().gets(marked(created())).produces(301).gets(Tick{});
    s.gets(marked(acknowledged(100))).gets(broken()).time_passes().expect<Head>();
    for (int n = 0; n < 20 && !std::holds_alternative<Patch>(s.action); ++n)
        std::holds_alternative<Wait>(s.action) ? s.time_passes() : s.gets(status(200));
    s.expect_patch(100, 200);
}

// What a stranger made us do is undone: the server knows PATCH, and no override.
void a_stranger_does_not_change_the_method_for_good()
{
    Script s;
    s.starts().gets(marked(created())).produces(201).gets(Tick{}).expect<Patch>();
    s.gets(stranger(405)).gets(marked(offset_is(0)));
    g_assert_true(s.expect<Patch>().method_override);
    s.gets(marked(created("https://host/files/litter"))).time_passes().gets(marked(offset_is(0)));
    g_assert_false(s.expect<Patch>().method_override);
    s.gets(marked(acknowledged(100))).expect_patch(100, 200);
    g_assert_cmpuint(s.machine->litter().size(), ==, 1);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    static constexpr std::array kModes = {LengthMode::kDeferred, LengthMode::kConcatenation,
                                          LengthMode::kSpool};
    for (const LengthMode &mode : kModes)
        add_row_test(cat("/machine/stranger/sweep/", to_string(mode)), mode, strangers_only_delay);
    add_test("/machine/stranger/start", a_wrong_address_is_told_at_once);
    add_test("/machine/stranger/unmarked",
             a_server_without_the_header_is_known_from_its_first_answer);
    add_test("/machine/stranger/unmarked-later",
             an_offset_whose_header_is_gone_is_believed_when_it_stays_so);
    add_test("/machine/stranger/told", it_is_told_who_answers);
    add_test("/machine/stranger/credentials", who_needs_credentials_gets_them);
    add_test("/machine/stranger/413", a_limit_of_a_proxy_shrinks_and_never_ends);
    add_test("/machine/stranger/led-away", a_creation_that_was_led_away_goes_home);
    add_test("/machine/stranger/method", a_stranger_does_not_change_the_method_for_good);
    add_test("/machine/one-answer/head", what_one_head_says_is_asked_again);
    add_test("/machine/one-answer/row", a_row_with_something_else_between_begins_anew);
    add_test("/machine/one-answer/creation", a_refused_creation_is_asked_again);
    add_test("/machine/without-head/goes-on", an_upload_goes_on_without_head);
    add_test("/machine/without-head/get", a_head_that_became_a_get_is_found_out);
    return g_test_run();
}
