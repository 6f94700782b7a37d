// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and an upload that the server drops: gone, made anew, or about to expire.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

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
        s.insists(status(number));
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
    s.gets(status(404)).insists(status(404)).expect_failed(ErrorKind::kUploadLost);
}

void an_upload_that_is_gone_again_and_again_is_an_error()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{});
    int created_again = 0;
    while (!std::holds_alternative<Failed>(s.action) && created_again < 50) {
        // it takes some bytes every time: that is no progress
        s.gets(acknowledged(100)).gets(status(404)).insists(status(404));
        if (std::holds_alternative<Failed>(s.action))
            break;
        s.gets(Resolved{s.endpoints, true}).gets(created());
        ++created_again;
    }
    g_assert_cmpint(created_again, ==, 3);
    s.expect_failed(ErrorKind::kUploadLost);
}

void doubts_about_a_gone_upload_do_not_count_for_the_next()
{
    Script s;
    s.starts_and_creates().produces(101).gets(Tick{}).gets(status(400)).time_passes();
    s.insists(status(404)).gets(Resolved{s.endpoints, true}).gets(created());
    s.expect_patch(0, 100);
    s.gets(status(400)).time_passes().expect<Head>();
}

void a_server_of_a_cluster_that_does_not_know_it_is_waited_for()
{
    Script s;
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100));
    s.gets(status(404)).gets(offset_is(100)).expect<Patch>();
    s.gets(status(404));
    g_assert_true(s.pause() > Duration::zero());
    s.time_passes().gets(offset_is(100)).gets(acknowledged(200)).expect<Wait>();
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

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-trouble/gone/head-failed", an_upload_is_never_made_anew_because_head_failed);
    add_test("/machine-trouble/gone/anew", a_gone_upload_is_made_anew_while_its_first_byte_is_here);
    add_test("/machine-trouble/gone/error",
             a_gone_upload_is_an_error_when_its_first_byte_is_not_here);
    add_test("/machine-trouble/gone/again", an_upload_that_is_gone_again_and_again_is_an_error);
    add_test("/machine-trouble/gone/doubts", doubts_about_a_gone_upload_do_not_count_for_the_next);
    add_test("/machine-trouble/gone/cluster",
             a_server_of_a_cluster_that_does_not_know_it_is_waited_for);
    add_test("/machine-trouble/expires", an_end_of_the_upload_that_comes_near_is_told_once);
    return g_test_run();
}
