// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and redirects: followed, left again when they lead nowhere, not for ever.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kAstray = "http://portal/login";

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
    for (int n = 0; n < 10; ++n) // while it drains as while it records
        s.gets(status(200)).time_passes().expect<Head>();
}

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
    s.insists(gone).expect<Resolve>();
}

void an_ended_recording_finds_its_way_back_as_well()
{
    Script s = led_astray();
    s.ends();
    for (int n = 0; n < 50; ++n)
        s.gets(status(404)).time_passes().gets(redirect(kAstray, true)).expect<Head>();
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

// Before anything has worked nobody knows whether it was the server who sent us there.
void what_leads_away_at_the_start_is_left_at_each_pause()
{
    const std::string elsewhere = "https://portal/files/";
    Script s;
    s.gets(Started{}).gets(Resolved{s.endpoints, true}).expect<Options>();
    for (int round = 0; round < 10; ++round) { // more often than one chain may be long
        s.gets(redirect(elsewhere, true)).gets(status(403)); // the portal knows no OPTIONS
        ASSERT_STR(s.expect<Create>().url, elsewhere);
        s.gets(status(503)).time_passes();
        ASSERT_STR(s.expect<Create>().url, kEndpoint);
        s.gets(status(503)).time_passes();
        if (std::holds_alternative<Create>(s.action))
            break;
    }
    s.gets(created()).produces(10).ends();
    s.gets(Tick{}).expect_patch(0, 10, 10);
}

void circles_of_redirects_end()
{
    Script s;
    s.starts();
    for (int n = 0; n < 5; ++n)
        s.gets(redirect(kEndpoint)).expect<Create>();
    s.gets(redirect(kEndpoint)).expect_failed(ErrorKind::kProtocol);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-trouble/head/impostor", an_impostor_is_waited_out);
    add_test("/machine-trouble/redirect/kept", redirects_keep_what_was_asked);
    add_test("/machine-trouble/redirect/nowhere", a_redirect_that_leads_nowhere_is_left_again);
    add_test("/machine-trouble/redirect/nowhere-any-more",
             a_redirect_that_leads_nowhere_any_more_is_left_too);
    add_test("/machine-trouble/redirect/address",
             a_redirect_does_not_change_the_address_of_the_upload);
    add_test("/machine-trouble/redirect/gone",
             a_tus_server_behind_a_redirect_may_say_that_it_is_gone);
    add_test("/machine-trouble/redirect/ended", an_ended_recording_finds_its_way_back_as_well);
    add_test("/machine-trouble/redirect/secret", a_secret_is_not_taken_to_another_host);
    add_test("/machine-trouble/redirect/start", what_leads_away_at_the_start_is_left_at_each_pause);
    add_test("/machine-trouble/redirect/circle", circles_of_redirects_end);
    return g_test_run();
}
