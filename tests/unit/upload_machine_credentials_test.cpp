// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// UploadMachine and refused credentials: renewed, waited for, told.
#include "machine_script.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

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

// Somebody may still bring some: while it drains as while it records.
void an_ended_recording_waits_for_credentials_as_long_as_it_may()
{
    Script s;
    s.in.drain_timeout = seconds(600);
    s.starts_and_creates().produces(201).gets(Tick{}).gets(acknowledged(100)).ends();
    int tries = 0;
    s.gets(status(401));
    while (!std::holds_alternative<Failed>(s.action) && ++tries < 500) {
        s.gets(Credentials{false});
        if (std::holds_alternative<Wait>(s.action))
            s.time_passes();
        if (std::holds_alternative<Head>(s.action))
            s.gets(status(401));
    }
    g_assert_true(s.in.now >= *s.in.ended_at + seconds(600));
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

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/machine-trouble/credentials/renewed",
             refused_credentials_are_renewed_and_the_server_is_asked);
    add_test("/machine-trouble/credentials/waited-for",
             a_recording_under_way_waits_for_credentials);
    add_test("/machine-trouble/credentials/in-vain",
             credentials_that_are_renewed_in_vain_do_not_spin);
    add_test("/machine-trouble/credentials/after-end",
             an_ended_recording_waits_for_credentials_as_long_as_it_may);
    add_test("/machine-trouble/credentials/start", a_recording_that_can_not_begin_says_so);
    add_test("/machine-trouble/credentials/text",
             refused_credentials_are_told_with_the_request_that_they_were_for);
    add_test("/machine-trouble/credentials/token", a_secret_token_is_fetched_once_more);
    return g_test_run();
}
