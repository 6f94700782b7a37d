// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The Gcore target: one video whatever happens, where its upload goes, and what becomes of it.
#include "base/text.h"
#include "gcore/gcore_target.h"
#include "gcore_fixture.h"
#include "glib/ptr.h"
#include "test.h"

#include <algorithm>

using namespace gsttus;
using namespace gsttus::test;
using Reach = HttpFailure::Reach;

namespace {

constexpr const char *kMade = R"({"id": 17, "name": "made", "slug": "abc", "client_id": 100})";

std::string parameters(std::string_view servers = R"({"hostname": "up.example", "role": "upload"})",
                       std::string_view video = R"({"id": 17, "name": "made", "client_id": 100})")
{
    return cat(R"({"servers": [)", servers, R"(], "token": ")", kToken, R"(", "video": )", video,
               "}");
}

std::string status(std::string_view status, std::string_view error = "null")
{
    return cat(R"({"id": 17, "status": ")", status, R"(", "error": )", error,
               R"(, "hls_url": "https://cdn.example/master.m3u8"})");
}

struct Fixture : GcoreFixture {
    GcoreConfig config;
    std::unique_ptr<Target> target;

    Fixture()
    {
        config.api_key = kKey;
        config.api_url = "https://api.example";
    }

    void make()
    {
        auto made = make_gcore_target(config);
        g_assert_true(made.ok());
        target = std::move(*made);
    }

    TargetResult<Destination> resolve(bool refresh = false)
    {
        if (!target)
            make();
        TargetContext with = context();
        return target->resolve(with, refresh);
    }

    Destination resolved(bool refresh = false)
    {
        TargetResult<Destination> result = resolve(refresh);
        if (const auto *failed = std::get_if<TargetError>(&result))
            g_test_message("%s", failed->error.message.c_str());
        return std::get<Destination>(result);
    }

    TargetError refused(bool retryable)
    {
        TargetResult<Destination> result = resolve();
        auto *failed = std::get_if<TargetError>(&result);
        g_assert_nonnull(failed);
        g_test_message("%s: %s", to_string(failed->error.kind), failed->error.message.c_str());
        g_assert_cmpint(failed->error.retryable, ==, retryable);
        assert_no_secret(failed->error);
        return *failed;
    }

    Result<Proof> finish(bool want_proof = false)
    {
        TargetContext with = context();
        with.want_proof = want_proof;
        return target->finished(with, 1000);
    }

    void abandon(std::uint64_t stored)
    {
        TargetContext with = context();
        target->abandoned(with, stored);
    }

    std::string sent_name() const { return http.seen().front().body; }
};

std::string value(const Metadata &metadata, std::string_view key)
{
    std::string found;
    int count = 0;
    for (const auto &pair : metadata) {
        if (pair.first == key) {
            found = pair.second;
            ++count;
        }
    }
    g_assert_cmpint(count, <=, 1);
    return found;
}

// Settings --------------------------------------------------------------------------------------

struct KeyRow {
    const char *key;
    const char *sent; // nullptr: refused
};

constexpr KeyRow kKeys[] = {
    {"1234$abcdef", "APIKey 1234$abcdef"},
    {"APIKey 1234$abcdef\n", "APIKey 1234$abcdef"},
    {"apikey  7711_eyJx", "APIKey 7711_eyJx"},
    {"", nullptr},
    {"  \n", nullptr},
    {"12 34", nullptr},
    {"12\r\nX: y", nullptr},
    {"k\xc3\xa4y", nullptr},
};

void key(const KeyRow &row)
{
    Fixture f;
    f.config.api_key = row.key;
    if (row.sent) {
        f.http.answer(200, kMade).answer(200, parameters());
        f.resolved();
        ASSERT_STR(f.http.seen()[0].header("Authorization"), row.sent);
        return;
    }
    const auto made = make_gcore_target(f.config);
    g_assert_false(made.ok());
    g_assert_cmpint(int(made.error().kind), ==, int(ErrorKind::kSettings));
    g_assert_true(Fixture::contains(made.error().message, "api-key"));
}

void plain_http_and_origin_url_are_refused()
{
    Fixture f;
    f.config.api_url = "http://api.gcore.com";
    g_assert_false(make_gcore_target(f.config).ok());
    f.config.api_url = "https://api.gcore.com";
    f.config.video_options = {{"origin_url", std::string("https://x")}};
    g_assert_false(make_gcore_target(f.config).ok());
}

// resolve ---------------------------------------------------------------------------------------

void video_is_created_and_told()
{
    Fixture f;
    f.config.video_name = "my name";
    f.config.metadata = {{"token", "theirs"}, {"extra", "1"}, {"filename", "theirs"}};
    f.hints.mime_type = "video/mp4";
    f.http.answer(200, kMade).answer(200, parameters());
    const Destination destination = f.resolved();
    g_assert_cmpuint(destination.endpoints.size(), ==, 1);
    ASSERT_STR(destination.endpoints[0], "https://up.example/upload/");
    g_assert_true(destination.metadata_is_secret);
    ASSERT_STR(value(destination.metadata, "filename"), "made");
    ASSERT_STR(value(destination.metadata, "token"), kToken);
    ASSERT_STR(value(destination.metadata, "video_id"), "17");
    ASSERT_STR(value(destination.metadata, "client_id"), "100");
    ASSERT_STR(value(destination.metadata, "filetype"), "video/mp4");
    ASSERT_STR(value(destination.metadata, "extra"), "1");
    const auto created = f.noticed<VideoCreated>();
    g_assert_cmpuint(created.size(), ==, 1);
    g_assert_cmpuint(created[0].id, ==, 17);
    ASSERT_STR(created[0].slug, "abc");
    g_assert_cmpuint(created[0].client_id, ==, 100);
}

struct NameRow {
    const char *video_name, *location, *title;
    const char *sent;
    const char *filename;
};

constexpr NameRow kNames[] = {
    {"v", "l.mp4", "t", R"("name":"v")", "l.mp4"},
    {"", "l.mp4", "t", R"("name":"l.mp4")", "l.mp4"},
    {"", "", "t", R"("name":"t")", "made"},
    {"", "", "", R"("name":"Recording 20)", "made"},
};

void name(const NameRow &row)
{
    Fixture f;
    f.config.video_name = row.video_name;
    f.config.location = row.location;
    f.hints.title = row.title;
    f.http.answer(200, kMade).answer(200, parameters());
    const Destination destination = f.resolved();
    g_assert_true(Fixture::contains(f.sent_name(), row.sent));
    ASSERT_STR(value(destination.metadata, "filename"), row.filename);
}

void users_filetype_wins_over_caps()
{
    Fixture f;
    f.config.metadata = {{"filetype", "video/x-mine"}};
    f.hints.mime_type = "video/mp4";
    f.http.answer(200, kMade).answer(200, parameters());
    ASSERT_STR(value(f.resolved().metadata, "filetype"), "video/x-mine");
}

// There are servers that refuse an upload without one.
void a_filetype_is_always_sent()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters()).answer(200, parameters());
    ASSERT_STR(value(f.resolved().metadata, "filetype"), "application/octet-stream");
    f.hints.mime_type = "video/mp4"; // known by the next time
    ASSERT_STR(value(f.resolved(true).metadata, "filetype"), "video/mp4");
}

void video_is_created_once_over_retries()
{
    Fixture f;
    f.http.fail(ErrorKind::kNetwork, Reach::kNotConnected).answer(503);
    f.http.answer(200, "[]").answer(200, kMade); // nobody knows what the 503 has done
    f.http.fail(ErrorKind::kTimeout, Reach::kMaybe).answer(500).answer(200, parameters());
    f.http.answer(200, parameters());
    g_assert_false(f.refused(true).reached_server);
    f.refused(true);
    f.refused(true); // created, then no parameters
    f.refused(true);
    f.resolved();
    const TargetResult<Destination> refreshed = f.resolve(true);
    g_assert_nonnull(std::get_if<Destination>(&refreshed));
    g_assert_true(f.http.done());
    int creations = 0;
    for (const auto &seen : f.http.seen())
        creations += seen.method == "POST";
    g_assert_cmpint(creations, ==, 3); // two of them refused
    g_assert_cmpuint(f.noticed<VideoCreated>().size(), ==, 1);
}

void lost_answer_to_create_is_told()
{
    Fixture f;
    f.config.video_name = "show";
    f.http.fail(ErrorKind::kTimeout, Reach::kMaybe).answer(200, "[]");
    f.http.answer(200, kMade).answer(200, parameters());
    f.refused(true);
    f.resolved();
    const auto warnings = f.noticed<TargetWarning>();
    g_assert_cmpuint(warnings.size(), ==, 1);
    g_assert_true(Fixture::contains(warnings[0].error.message, "\"show\""));
}

void unreadable_success_of_create_is_tried_twice_only()
{
    Fixture f;
    f.http.answer(200, R"({"id": 1)").answer(200, "[]").answer(200, "{\"id\"");
    f.refused(true);
    f.refused(false);
}

// A video of a list, made so many seconds ago.
std::string listed(int id, int age_s, std::string_view name = "show", std::string_view rest = "")
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) then = g_date_time_add_seconds(now, -age_s);
    const GCharOwn text(g_date_time_format(then, "%Y-%m-%dT%H:%M:%S.000Z"));
    return cat(R"({"id": )", id, R"(, "client_id": 100, "name": ")", name,
               R"(", "status": "empty", "created_at": ")", text.get(), "\"", rest, "}");
}

struct FoundRow {
    const char *name;
    std::string list;
    int found; // the video's id, 17: a new one was made
};

const FoundRow kFound[] = {
    {"it-is-there", listed(16, 0), 16},
    {"among-others", cat(listed(9, 4000), ",", listed(10, 0, "showcase"), ",", listed(16, 0)), 16},
    {"older", listed(16, 60), 17},
    {"future", listed(16, -60), 17},
    {"other-name", listed(16, 0, "Show"), 17},
    {"other-user", listed(16, 0, "show", R"(, "client_user_id": 5)"), 17},
    {"no-time", R"({"id": 16, "name": "show", "status": "empty"})", 17},
    {"has-content", R"({"id": 16, "name": "show", "status": "pending"})", 17},
    {"broken", R"(1, null, {"id": "x"}, [])", 17},
};

void video_of_a_lost_answer_is_found(const FoundRow &row)
{
    Fixture f;
    f.config.video_name = "show";
    f.http.fail(ErrorKind::kTimeout, Reach::kMaybe).answer(200, cat("[", row.list, "]"));
    if (row.found == 17)
        f.http.answer(200, kMade);
    f.http.answer(200, parameters(R"({"hostname": "up.example"})", "{}"));
    f.refused(true);
    f.resolved();
    g_assert_true(f.http.done());
    ASSERT_STR(f.http.seen()[1].url,
               "https://api.example/streaming/videos?search=show&per_page=100");
    const auto created = f.noticed<VideoCreated>();
    g_assert_cmpuint(created.size(), ==, 1);
    g_assert_cmpuint(created[0].id, ==, row.found);
    g_assert_cmpuint(f.noticed<TargetWarning>().size(), ==, row.found == 17 ? 1 : 0);
}

void no_video_is_made_while_nobody_can_look()
{
    Fixture f;
    f.config.video_name = "show";
    f.http.answer(502, "<html>").answer(503).fail(ErrorKind::kTimeout, Reach::kMaybe);
    f.http.answer(403, R"({"detail": "no"})"); // may not list: it has to do without
    f.http.answer(200, kMade).answer(200, parameters());
    for (int i = 0; i < 3; ++i)
        f.refused(true);
    f.resolved();
    g_assert_true(f.http.done());
    int creations = 0;
    for (const auto &seen : f.http.seen())
        creations += seen.method == "POST";
    g_assert_cmpint(creations, ==, 2);
}

// Once the API has spoken, what a stranger says delays and decides nothing.
void page_instead_of_the_api_delays()
{
    for (const int status : {200, 302, 400, 401, 403, 404, 405, 407, 410, 413, 451, 501, 505}) {
        Fixture f;
        f.http.answer(200, kMade)
            .answer(status, "<html><title>Who are you?</title>")
            .answer(status, "<html>")
            .answer(200, parameters());
        const TargetError failed = f.refused(true);
        g_assert_true(Fixture::contains(failed.error.message, "in front of https://api.example"));
        g_assert_true(Fixture::contains(failed.error.message, "Who are you?"));
        f.refused(true);
        f.resolved();
        g_assert_true(f.http.done());
    }
}

void page_from_a_wrong_address_is_an_error_at_once()
{
    for (const int status : {200, 302, 404, 405}) {
        Fixture f;
        f.http.answer(status, "<html><title>Welcome</title>");
        f.refused(false);
    }
}

void new_parameters_are_of_the_same_video()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters()).answer(200, status("pending"));
    f.resolved();
    (void)f.finish(true);
    f.http.answer(200, parameters());
    const TargetResult<Destination> again = f.resolve(true);
    ASSERT_STR(value(std::get<Destination>(again).metadata, "video_id"), "17");
    ASSERT_STR(f.http.seen().back().url, "https://api.example/streaming/videos/17/upload");
    g_assert_cmpuint(f.noticed<VideoCreated>().size(), ==, 1);
}

void existing_video_is_used()
{
    Fixture f;
    f.config.video_id = 17;
    f.http.answer(200, parameters());
    ASSERT_STR(value(f.resolved().metadata, "filename"), "made");
    ASSERT_STR(f.http.seen()[0].url, "https://api.example/streaming/videos/17/upload");
    g_assert_cmpuint(f.noticed<VideoCreated>().size(), ==, 0);
    f.abandon(0); // not ours: stays
    g_assert_cmpuint(f.http.seen().size(), ==, 1);
}

void unknown_video_is_not_found()
{
    Fixture f;
    f.config.video_id = 99;
    f.http.answer(404, R"({"status": 404, "error": "Not Found"})");
    const TargetError failed = f.refused(false);
    g_assert_cmpint(int(failed.error.kind), ==, int(ErrorKind::kNotFound));
    g_assert_true(Fixture::contains(failed.error.message, "no video 99"));
}

struct ServersRow {
    const char *name;
    const char *servers;
    const char *api_url;
    const char *endpoints; // separated by blanks; empty: refused
};

constexpr const char *kApi = "https://api.example";
constexpr ServersRow kServers[] = {
    {"order",
     R"({"hostname": "off", "active": false, "role": "upload"}, {"hostname": "cdn", "role": "cdn"},
        {"hostname": "one", "role": "upload", "active": true}, {"hostname": "two"})",
     kApi, "https://one/upload/ https://two/upload/ https://cdn/upload/ https://off/upload/"},
    {"twice", R"({"hostname": "a"}, {"hostname": "a"})", kApi, "https://a/upload/"},
    {"bad-ones-dropped",
     R"({"hostname": "a/b"}, {"hostname": "u@h"}, {"hostname": "x\ny"}, {"hostname": "good:8443"}, {})",
     kApi, "https://good:8443/upload/"},
    {"only-bad", R"({"hostname": "evil/path"})", kApi, ""},
    {"ssl-false-ignored", R"({"hostname": "a", "ssl": false})", kApi, "https://a/upload/"},
    {"ssl-false-ignored-with-tls", R"({"hostname": "a", "ssl": false})", "https://127.0.0.1:1",
     "https://a/upload/"},
    {"ssl-false-on-loopback", R"({"hostname": "127.0.0.1:9", "ssl": false})", "http://127.0.0.1:9",
     "http://127.0.0.1:9/upload/"},
    {"ssl-true-on-loopback", R"({"hostname": "a", "ssl": true})", "http://localhost:9",
     "https://a/upload/"},
};

void servers(const ServersRow &row)
{
    Fixture f;
    f.config.api_url = row.api_url;
    f.http.answer(200, kMade).answer(200, parameters(row.servers));
    if (!*row.endpoints) {
        f.refused(false);
        return;
    }
    std::string all;
    for (const std::string &endpoint : f.resolved().endpoints)
        all += cat(all.empty() ? "" : " ", endpoint);
    ASSERT_STR(all, row.endpoints);
}

void endpoint_setting_replaces_the_servers()
{
    Fixture f;
    f.config.endpoint = "https://mine.example/files/";
    f.http.answer(200, kMade).answer(200, parameters());
    const Destination destination = f.resolved();
    g_assert_cmpuint(destination.endpoints.size(), ==, 1);
    ASSERT_STR(destination.endpoints[0], "https://mine.example/files/");
    ASSERT_STR(value(destination.metadata, "token"), kToken);
}

void parameters_of_another_video_are_refused()
{
    Fixture f;
    f.http.answer(200, kMade)
        .answer(200, parameters(R"({"hostname": "a"})", R"({"id": 18, "client_id": 100})"));
    f.refused(false);
}

void client_id_may_come_with_either_answer()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters(R"({"hostname": "a"})", "{}"));
    ASSERT_STR(value(f.resolved().metadata, "client_id"), "100");
    Fixture none;
    none.http.answer(200, R"({"id": 17})").answer(200, parameters(R"({"hostname": "a"})", "{}"));
    none.refused(false);
}

struct TokenRow {
    int status;
    const char *body;
    bool refused;
};

constexpr TokenRow kTokens[] = {
    {500, "Error: token invalid (null)", true},
    {500, "Error: token invalid (eyJhbGciOi...)", true},
    {500, "Error: token video (12345) does not match this video (23456)", true},
    {500, "\nError: token client (123) does not match this client (234)\n", true},
    {500, "Internal Server Error", false},
    {500, "", false},
    {201, "Error: token", false},
    {500, "an Error: token", false},
};

void refused_token(const TokenRow &row)
{
    Fixture f;
    f.make();
    g_assert_cmpint(f.target->refused_metadata(row.status, row.body), ==, row.refused);
}

// finished --------------------------------------------------------------------------------------

void nothing_is_followed_by_default()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters());
    f.resolved();
    const Result<Proof> ended = f.finish();
    g_assert_true(ended.ok() && *ended == Proof::kUnknown);
    g_assert_cmpuint(f.http.seen().size(), ==, 2);
}

struct ProofRow {
    const char *name;
    std::vector<std::pair<int, std::string>> answers;
    Proof proof;
    const char *warning; // part of it; nullptr: none
};

const ProofRow kProofs[] = {
    {"at-once", {{200, status("pending")}}, Proof::kProved, nullptr},
    {"later", {{200, status("empty")}, {200, status("viewable")}}, Proof::kProved, nullptr},
    {"unknown-status", {{200, status("thinking")}}, Proof::kProved, nullptr},
    {"trouble-heals", {{503, ""}, {200, "{"}, {200, status("ready")}}, Proof::kProved, nullptr},
    {"still-empty",
     {{200, status("empty")},
      {200, status("empty")},
      {200, status("empty")},
      {200, status("empty")}},
     Proof::kNotProved,
     "the video is still empty"},
    {"silent",
     {{503, ""}, {503, ""}, {503, ""}, {503, ""}},
     Proof::kNotProved,
     "not told the status"},
    {"unusable",
     {{200, status("empty", R"("File Invalid")")}},
     Proof::kNotProved,
     "can not use what was uploaded"},
    {"failed",
     {{200, status("error", R"("Encoding failed")")}},
     Proof::kNotProved,
     "Encoding failed"},
    {"deleted", {{404, R"({"error": "Not Found"})"}}, Proof::kNotProved, "there is no video 17"},
    {"key-revoked", {{401, R"({"error": "no"})"}}, Proof::kNotProved, "check api-key"},
};

void prove(const ProofRow &row)
{
    Fixture f;
    f.config.video_id = 17;
    f.config.status_interval = seconds(9); // four times in 30 s
    f.http.answer(200, parameters());
    f.resolved();
    for (const auto &[code, body] : row.answers)
        f.http.answer(code, body);
    const Result<Proof> ended = f.finish(true);
    g_assert_true(ended.ok());
    g_assert_true(*ended == row.proof);
    g_assert_true(f.http.done());
    const auto warnings = f.noticed<TargetWarning>();
    g_assert_cmpuint(warnings.size(), ==, row.warning ? 1 : 0);
    if (row.warning)
        g_assert_true(f.contains(warnings[0].error.message, row.warning));
}

void status_that_was_waited_for_is_the_proof()
{
    Fixture f;
    f.config.video_id = 17;
    f.config.wait_status = WaitStatus::kPending;
    f.http.answer(200, parameters()).answer(200, status("pending"));
    f.resolved();
    const Result<Proof> ended = f.finish(true);
    g_assert_true(ended.ok() && *ended == Proof::kProved);
    g_assert_true(f.http.done());
}

void looking_for_a_proof_can_be_cancelled()
{
    Fixture f;
    f.config.video_id = 17;
    f.sleeps_before_cancel = 0;
    f.http.answer(200, parameters()).answer(200, status("empty"));
    f.resolved();
    const Result<Proof> ended = f.finish(true);
    g_assert_false(ended.ok());
    g_assert_true(ended.error().kind == ErrorKind::kCancelled);
    g_assert_cmpuint(f.noticed<TargetWarning>().size(), ==, 0);
}

struct FollowRow {
    const char *name;
    WaitStatus wait;
    std::vector<std::pair<int, std::string>> answers;
    int ok; // 1: fine, 0: failure
    ErrorKind kind;
    std::vector<std::string> told;
    unsigned warnings;
};

const FollowRow kFollow[] = {
    {"ready",
     WaitStatus::kReady,
     {{200, status("empty")},
      {200, status("pending")},
      {200, status("pending")},
      {200, status("viewable")},
      {200, status("ready")}},
     1,
     {},
     {"empty", "pending", "viewable", "ready"},
     0},
    {"pending",
     WaitStatus::kPending,
     {{200, status("empty")}, {200, status("viewable")}},
     1,
     {},
     {"empty", "viewable"},
     0},
    {"viewable",
     WaitStatus::kViewable,
     {{200, status("pending")}, {200, status("viewable")}},
     1,
     {},
     {"pending", "viewable"},
     0},
    {"error",
     WaitStatus::kReady,
     {{200, status("pending")}, {200, status("error", R"("Encoding has failed")")}},
     0,
     ErrorKind::kServer,
     {"pending", "error"},
     0},
    {"empty-with-error",
     WaitStatus::kPending,
     {{200, status("empty", R"("File Invalid")")}},
     0,
     ErrorKind::kServer,
     {"empty"},
     0},
    {"empty-with-empty-error",
     WaitStatus::kPending,
     {{200, status("empty", R"("")")}, {200, status("pending")}},
     1,
     {},
     {"empty", "pending"},
     0},
    {"viewable-with-error",
     WaitStatus::kViewable,
     {{200, status("viewable", R"("The storage limit has been exceeded")")}},
     1,
     {},
     {"viewable"},
     1},
    {"trouble-heals",
     WaitStatus::kPending,
     {{503, ""}, {429, ""}, {200, "{\"id"}, {200, status("pending")}},
     1,
     {},
     {"pending"},
     0},
    {"unknown-status",
     WaitStatus::kPending,
     {{200, status("thinking")}, {200, status("ready")}},
     1,
     {},
     {"thinking", "ready"},
     0},
    {"gone",
     WaitStatus::kReady,
     {{200, status("pending")}, {404, R"({"error": "Not Found"})"}},
     0,
     ErrorKind::kNotFound,
     {"pending"},
     0},
    {"key-revoked", WaitStatus::kReady, {{401, "{}"}}, 0, ErrorKind::kNotAuthorized, {}, 0},
};

void follow(const FollowRow &row)
{
    Fixture f;
    f.config.video_id = 17;
    f.config.wait_status = row.wait;
    f.http.answer(200, parameters());
    f.resolved();
    for (const auto &[code, body] : row.answers)
        f.http.answer(code, body);
    const Result<Proof> result = f.finish();
    g_assert_cmpint(result.ok(), ==, row.ok);
    g_assert_true(f.http.done());
    if (!result) {
        g_test_message("%s", result.error().message.c_str());
        g_assert_cmpint(int(result.error().kind), ==, int(row.kind));
    }
    const auto told = f.noticed<VideoStatus>();
    g_assert_cmpuint(told.size(), ==, row.told.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
        ASSERT_STR(told[i].status, row.told[i]);
        ASSERT_STR(told[i].hls_url, "https://cdn.example/master.m3u8");
        g_assert_cmpuint(told[i].id, ==, 17);
    }
    g_assert_cmpuint(f.noticed<TargetWarning>().size(), ==, row.warnings);
}

void following_ends_after_the_status_timeout()
{
    Fixture f;
    f.config.video_id = 17;
    f.config.wait_status = WaitStatus::kReady;
    f.config.status_timeout = seconds(10);
    f.http.answer(200, parameters());
    f.resolved();
    for (int i = 0; i < 6; ++i)
        f.http.answer(200, status("pending"));
    const Result<Proof> result = f.finish();
    g_assert_cmpint(int(result.error().kind), ==, int(ErrorKind::kTimeout));
    g_assert_true(Fixture::contains(result.error().message, "\"pending\""));
    for (const Duration span : f.slept)
        g_assert_true(span == seconds(2));
}

void following_heeds_retry_after()
{
    Fixture f;
    f.config.video_id = 17;
    f.config.wait_status = WaitStatus::kPending;
    f.http.answer(200, parameters()).answer(429, "", {{"Retry-After", "7"}});
    f.http.answer(200, status("pending"));
    f.resolved();
    g_assert_true(f.finish().ok());
    g_assert_true(f.slept.at(0) == seconds(7));
}

void following_asks_once_more_before_a_retry_after_that_is_too_long()
{
    for (const bool there : {true, false}) {
        Fixture f;
        f.config.video_id = 17;
        f.config.wait_status = WaitStatus::kPending;
        f.config.status_timeout = seconds(60);
        const Headers later = {{"Retry-After", "3600"}};
        f.http.answer(200, parameters()).answer(429, "", later);
        if (there)
            f.http.answer(200, status("pending"));
        else
            f.http.answer(429, "", later);
        f.resolved();
        g_assert_cmpint(f.finish().ok(), ==, there);
        g_assert_true(f.http.done());
        g_assert_cmpuint(f.slept.size(), ==, 1);
        g_assert_true(f.slept[0] > seconds(55) && f.slept[0] <= seconds(60));
    }
}

void following_can_be_cancelled()
{
    Fixture f;
    f.config.video_id = 17;
    f.config.wait_status = WaitStatus::kReady;
    f.sleeps_before_cancel = 0;
    f.http.answer(200, parameters()).answer(200, status("pending"));
    f.resolved();
    g_assert_cmpint(int(f.finish().error().kind), ==, int(ErrorKind::kCancelled));
}

void title_that_comes_late_becomes_the_name()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters()).answer(200, kMade);
    f.resolved();
    f.hints.title = "The match";
    g_assert_true(f.finish().ok());
    ASSERT_STR(f.http.seen().back().method, "PATCH");
    ASSERT_STR(f.http.seen().back().body, R"({"name":"The match"})");
}

void name_that_was_given_stays()
{
    Fixture f;
    f.config.location = "l.mp4";
    f.http.answer(200, kMade).answer(200, parameters());
    f.resolved();
    f.hints.title = "The match";
    g_assert_true(f.finish().ok());
    g_assert_cmpuint(f.http.seen().size(), ==, 2);
}

void failed_rename_is_a_warning()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters()).answer(500, "oops");
    f.resolved();
    f.hints.title = "The match";
    g_assert_true(f.finish().ok());
    g_assert_cmpuint(f.noticed<TargetWarning>().size(), ==, 1);
}

// abandoned -------------------------------------------------------------------------------------

void empty_video_of_ours_is_deleted()
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters()).answer(204);
    f.resolved();
    f.abandon(0);
    ASSERT_STR(f.http.seen().back().method, "DELETE");
    ASSERT_STR(f.http.seen().back().url, "https://api.example/streaming/videos/17");
    g_assert_true(f.http.seen().back().timeout <= seconds(5));
    f.abandon(0); // once
    g_assert_cmpuint(f.http.seen().size(), ==, 3);
}

void video_with_bytes_or_unwanted_deletion_stays()
{
    for (const bool unwanted : {false, true}) {
        Fixture f;
        f.config.delete_empty_video = !unwanted;
        f.http.answer(200, kMade).answer(200, parameters());
        f.resolved();
        f.abandon(unwanted ? 0 : 1);
        g_assert_cmpuint(f.http.seen().size(), ==, 2);
    }
}

void abandoning_what_was_never_made_asks_nobody()
{
    Fixture f;
    f.make();
    f.abandon(0);
    g_assert_true(f.http.seen().empty());
}

struct DeletionRow {
    const char *name;
    int status; // 0: no answer
    HttpFailure::Reach reach;
    bool known_to_be_there;
};

const std::vector<DeletionRow> kDeletions = {
    {"not-reached", 0, HttpFailure::Reach::kNotConnected, true},
    {"answer-lost", 0, HttpFailure::Reach::kMaybe, false},
    {"409", 409, {}, true},
    {"500", 500, {}, false},
};

void failed_deletion(const DeletionRow &row)
{
    Fixture f;
    f.http.answer(200, kMade).answer(200, parameters());
    if (row.status != 0)
        f.http.answer(row.status, "oops");
    else
        f.http.fail(ErrorKind::kNetwork, row.reach);
    f.resolved();
    f.abandon(0);
    const auto warnings = f.noticed<TargetWarning>();
    g_assert_cmpuint(warnings.size(), ==, 1);
    g_assert_true(Fixture::contains(warnings[0].error.message,
                                    row.known_to_be_there ? "empty video 17 is left over"
                                                          : "empty video 17 may be left over"));
    // what is perhaps deleted must not be gone on with
    const auto facts = f.target->describe();
    const auto video = std::find_if(facts.begin(), facts.end(),
                                    [](const auto &fact) { return fact.first == "video_id"; });
    ASSERT_STR(video->second, row.known_to_be_there ? "17" : "0");
}

// describe --------------------------------------------------------------------------------------

void description_rebuilds_the_target_without_secrets()
{
    Fixture f;
    f.config.location = "l.mp4";
    f.config.metadata = {{"extra", "1"}, {"authorization", "secret"}};
    f.hints.mime_type = "video/mp4";
    f.http.answer(200, kMade).answer(200, parameters());
    f.resolved();
    std::string all;
    for (const auto &[field, text] : f.target->describe())
        all += cat(field, "=", text, ";");
    ASSERT_STR(all, "kind=gcore;api_url=https://api.example;video_id=17;video_name=l.mp4;"
                    "location=l.mp4;filetype=video/mp4;metadata.extra=1;withheld.authorization=;");
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    int index = 0;
    for (const KeyRow &row : kKeys)
        add_row_test(cat("/gcore-target/key/", index++), row, key);
    add_test("/gcore-target/settings-refused", plain_http_and_origin_url_are_refused);
    add_test("/gcore-target/resolve/created", video_is_created_and_told);
    index = 0;
    for (const NameRow &row : kNames)
        add_row_test(cat("/gcore-target/name/", index++), row, name);
    add_test("/gcore-target/resolve/filetype-always", a_filetype_is_always_sent);
    add_test("/gcore-target/resolve/filetype", users_filetype_wins_over_caps);
    add_test("/gcore-target/resolve/once", video_is_created_once_over_retries);
    add_test("/gcore-target/resolve/lost-answer", lost_answer_to_create_is_told);
    add_test("/gcore-target/resolve/unreadable", unreadable_success_of_create_is_tried_twice_only);
    for (const FoundRow &row : kFound)
        add_row_test(cat("/gcore-target/resolve/found/", row.name), row,
                     video_of_a_lost_answer_is_found);
    add_test("/gcore-target/resolve/found/nobody-can-look", no_video_is_made_while_nobody_can_look);
    add_test("/gcore-target/resolve/page", page_instead_of_the_api_delays);
    add_test("/gcore-target/resolve/page-at-first", page_from_a_wrong_address_is_an_error_at_once);
    add_test("/gcore-target/resolve/refresh-after-completion",
             new_parameters_are_of_the_same_video);
    add_test("/gcore-target/resolve/existing", existing_video_is_used);
    add_test("/gcore-target/resolve/unknown", unknown_video_is_not_found);
    for (const ServersRow &row : kServers)
        add_row_test(cat("/gcore-target/servers/", row.name), row, servers);
    add_test("/gcore-target/resolve/endpoint", endpoint_setting_replaces_the_servers);
    add_test("/gcore-target/resolve/other-video", parameters_of_another_video_are_refused);
    add_test("/gcore-target/resolve/client-id", client_id_may_come_with_either_answer);
    index = 0;
    for (const TokenRow &row : kTokens)
        add_row_test(cat("/gcore-target/refused-token/", index++), row, refused_token);
    add_test("/gcore-target/follow/none", nothing_is_followed_by_default);
    for (const ProofRow &row : kProofs)
        add_row_test(cat("/gcore-target/proof/", row.name), row, prove);
    add_test("/gcore-target/proof/wait-status", status_that_was_waited_for_is_the_proof);
    add_test("/gcore-target/proof/cancelled", looking_for_a_proof_can_be_cancelled);
    for (const FollowRow &row : kFollow)
        add_row_test(cat("/gcore-target/follow/", row.name), row, follow);
    add_test("/gcore-target/follow/timeout", following_ends_after_the_status_timeout);
    add_test("/gcore-target/follow/retry-after", following_heeds_retry_after);
    add_test("/gcore-target/follow/retry-after-too-long",
             following_asks_once_more_before_a_retry_after_that_is_too_long);
    add_test("/gcore-target/follow/cancelled", following_can_be_cancelled);
    add_test("/gcore-target/title/late", title_that_comes_late_becomes_the_name);
    add_test("/gcore-target/title/name-given", name_that_was_given_stays);
    add_test("/gcore-target/title/failed", failed_rename_is_a_warning);
    add_test("/gcore-target/abandoned/deleted", empty_video_of_ours_is_deleted);
    add_test("/gcore-target/abandoned/stays", video_with_bytes_or_unwanted_deletion_stays);
    add_test("/gcore-target/abandoned/never-made", abandoning_what_was_never_made_asks_nobody);
    for (const DeletionRow &row : kDeletions)
        add_row_test(cat("/gcore-target/abandoned/failed/", row.name), row, failed_deletion);
    add_test("/gcore-target/describe", description_rebuilds_the_target_without_secrets);
    return g_test_run();
}
