// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Server: what its OPTIONS answer teaches, how large requests may be, when Expect is sent.
#include "test.h"
#include "tus/server.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

Answer options(std::vector<std::string> extensions)
{
    Answer answer;
    answer.status = 204;
    answer.speaks_tus = true;
    answer.versions = {"1.0.0"};
    answer.extensions = std::move(extensions);
    return answer;
}

NoAnswer no_answer(ErrorKind kind)
{
    NoAnswer failure;
    failure.error.kind = kind;
    return failure;
}

// --- OPTIONS -------------------------------------------------------------------------------------

void only_an_answer_with_tus_headers_teaches()
{
    for (const int status : {200, 204, 300, 404, 405, 503}) {
        Answer answer = options({"creation"});
        answer.status = status;
        answer.speaks_tus = false;
        answer.versions = {"0.2.2"}; // not even that
        answer.max_size = 100;
        answer.checksums = {"sha1"};
        Server server;
        g_assert_true(server.learn(answer, "sha1"));
        g_assert_false(server.offers("creation"));
        g_assert_false(server.max_size().has_value());
        ASSERT_STR(server.checksum(), "");
        g_assert_true(server.may_defer_length());
    }
}

// django-tus tells it inside a 405, others when they want credentials first.
void what_is_announced_in_a_refusal_counts_too()
{
    for (const int status : {200, 204, 300, 401, 404, 405, 503}) {
        Answer answer = options({"creation", "concatenation"});
        answer.status = status;
        answer.max_size = 100;
        answer.checksums = {"sha1"};
        answer.extensions.emplace_back("checksum");
        Server server;
        g_assert_true(server.learn(answer, "sha1"));
        g_assert_true(server.offers("concatenation"));
        g_assert_true(server.max_size() == 100U);
        ASSERT_STR(server.checksum(), "sha1");
        g_assert_false(server.may_defer_length());
        answer.versions = {"0.2.2"};
        g_assert_false(Server().learn(answer, ""));
        answer.versions.clear(); // rustus
        answer.extensions.clear();
        Server silent;
        g_assert_true(silent.learn(answer, ""));
        g_assert_true(silent.may_defer_length());
    }
}

void what_is_announced_is_offered()
{
    Server server;
    Answer answer = options({"creation", "concatenation"});
    answer.max_size = 150;
    g_assert_true(server.learn(answer, ""));
    g_assert_true(server.offers("creation") && server.offers("concatenation"));
    g_assert_false(server.offers("creation-defer-length") || server.offers("creat"));
    g_assert_true(server.max_size() == 150U);
    server.found_max_size(120);
    g_assert_true(server.max_size() == 120U);
}

void a_server_that_announces_nothing_may_defer_the_length()
{
    Server unknown;
    g_assert_true(unknown.may_defer_length());
    Server silent;
    g_assert_true(silent.learn(options({}), ""));
    g_assert_true(silent.may_defer_length());
    Server unable;
    g_assert_true(unable.learn(options({"creation"}), ""));
    g_assert_false(unable.may_defer_length());
    Server able;
    g_assert_true(able.learn(options({"creation", "creation-defer-length"}), ""));
    g_assert_true(able.may_defer_length());
}

void another_version_is_told_from_none_and_from_several()
{
    Answer answer = options({"creation"});
    answer.versions = {"0.2.2"};
    g_assert_false(Server().learn(answer, ""));
    answer.versions = {"0.2.2", "1.0.0"};
    g_assert_true(Server().learn(answer, ""));
    answer.versions = {};
    g_assert_true(Server().learn(answer, ""));
}

void a_checksum_is_used_when_it_is_wished_for_and_offered()
{
    struct Case {
        const char *wished;
        std::vector<std::string> extensions, algorithms;
        const char *used;
    };

    const std::vector<Case> cases = {
        {"sha1", {"creation", "checksum"}, {"md5", "sha1"}, "sha1"},
        {"sha1", {"creation", "checksum"}, {"md5"}, ""},
        {"sha1", {"creation"}, {"md5", "sha1"}, ""}, // Checksum: the extension is to be listed
        {"", {"creation", "checksum"}, {"", "sha1"}, ""},
    };
    for (const Case &row : cases) {
        Server server;
        Answer answer = options(row.extensions);
        answer.checksums = row.algorithms;
        g_assert_true(server.learn(answer, row.wished));
        ASSERT_STR(server.checksum(), row.used);
    }
}

// --- sizes ---------------------------------------------------------------------------------------

void requests_are_a_multiple_of_the_alignment()
{
    const Server server;
    g_assert_cmpuint(server.request_limit(1000, 1), ==, 1000);
    g_assert_cmpuint(server.request_limit(1000, 16), ==, 992);
    g_assert_cmpuint(server.request_limit(992, 16), ==, 992);
    g_assert_cmpuint(server.request_limit(10, 16), ==, 16); // but not nothing
}

void a_shrunk_limit_holds_and_never_grows_a_request()
{
    Server server;
    g_assert_false(server.shrunk());
    server.shrink_to(500);
    g_assert_true(server.shrunk());
    g_assert_cmpuint(server.request_limit(1000, 1), ==, 500);
    g_assert_cmpuint(server.request_limit(1000, 16), ==, 496);
    g_assert_cmpuint(server.request_limit(300, 1), ==, 300);
    g_assert_cmpuint(server.request_limit(1000, 600), ==, 600);
}

void halving_stops_at_the_floor_and_does_not_raise_to_it()
{
    Server server;
    server.halve(1000, 256);
    g_assert_cmpuint(server.request_limit(1000, 1), ==, 500);
    server.halve(500, 256);
    g_assert_cmpuint(server.request_limit(1000, 1), ==, 256);
    server.halve(256, 256);
    g_assert_cmpuint(server.request_limit(1000, 1), ==, 256);
    Server small;
    small.halve(100, 256);
    g_assert_cmpuint(small.request_limit(1000, 1), ==, 100);
}

// --- the method ----------------------------------------------------------------------------------

void the_method_is_patch_until_it_is_overridden()
{
    Server server;
    g_assert_false(server.overrides_method() || server.method_works());
    server.override_method();
    g_assert_true(server.overrides_method());
    g_assert_false(server.method_works());
    server.method_worked();
    g_assert_true(server.method_works());
}

// --- Expect: 100-continue ------------------------------------------------------------------------

void a_broken_connection_is_followed_by_one_question()
{
    Server server;
    g_assert_false(server.take_expect(true));
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_true(server.take_expect(true));
    g_assert_false(server.take_expect(true));
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_false(server.take_expect(false)); // no body, no question; it is over all the same
    g_assert_false(server.take_expect(true));
}

void what_says_nothing_about_a_refusal_leads_to_no_question()
{
    NoAnswer unreachable = no_answer(ErrorKind::kNetwork);
    unreachable.reached_server = false;
    NoAnswer stale = no_answer(ErrorKind::kNetwork);
    stale.reused_connection = true;
    for (const NoAnswer &failure :
         {unreachable, stale, no_answer(ErrorKind::kTimeout), no_answer(ErrorKind::kTls)}) {
        Server server;
        server.patch_unanswered(no_answer(ErrorKind::kNetwork));
        server.patch_unanswered(failure); // the last one counts
        g_assert_false(server.take_expect(true));
    }
}

void a_server_that_refuses_the_question_is_not_asked_again()
{
    Server server;
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_true(server.take_expect(true));
    g_assert_true(server.accept_no_expect());
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_false(server.take_expect(true));
    g_assert_false(server.accept_no_expect()); // 417 to something else
}

void a_server_that_is_silent_to_the_question_is_not_asked_again()
{
    Server server;
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_true(server.take_expect(true));
    server.patch_unanswered(no_answer(ErrorKind::kTimeout));
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_false(server.take_expect(true));
}

void a_time_out_of_something_else_says_nothing_about_the_question()
{
    NoAnswer away = no_answer(ErrorKind::kTimeout);
    away.reached_server = false;
    Server server;
    server.patch_unanswered(no_answer(ErrorKind::kTimeout)); // nothing was asked
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_true(server.take_expect(true));
    server.patch_unanswered(away); // nobody heard the question
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_true(server.take_expect(true));
    g_assert_false(server.take_expect(true));
    server.patch_unanswered(no_answer(ErrorKind::kTimeout)); // this one did not ask
    server.patch_unanswered(no_answer(ErrorKind::kNetwork));
    g_assert_true(server.take_expect(true));
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/server/options/tus-only", only_an_answer_with_tus_headers_teaches);
    add_test("/server/options/any-status", what_is_announced_in_a_refusal_counts_too);
    add_test("/server/options/extensions", what_is_announced_is_offered);
    add_test("/server/options/defer-length", a_server_that_announces_nothing_may_defer_the_length);
    add_test("/server/options/version", another_version_is_told_from_none_and_from_several);
    add_test("/server/options/checksum", a_checksum_is_used_when_it_is_wished_for_and_offered);
    add_test("/server/sizes/aligned", requests_are_a_multiple_of_the_alignment);
    add_test("/server/sizes/shrunk", a_shrunk_limit_holds_and_never_grows_a_request);
    add_test("/server/sizes/halved", halving_stops_at_the_floor_and_does_not_raise_to_it);
    add_test("/server/method", the_method_is_patch_until_it_is_overridden);
    add_test("/server/expect/once", a_broken_connection_is_followed_by_one_question);
    add_test("/server/expect/not-after", what_says_nothing_about_a_refusal_leads_to_no_question);
    add_test("/server/expect/refused", a_server_that_refuses_the_question_is_not_asked_again);
    add_test("/server/expect/silent", a_server_that_is_silent_to_the_question_is_not_asked_again);
    add_test("/server/expect/other-time-outs",
             a_time_out_of_something_else_says_nothing_about_the_question);
    return g_test_run();
}
