// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The Gcore API client: what it sends, what it reads, and what it says about refusals.
#include "base/text.h"
#include "gcore/api_client.h"
#include "gcore_fixture.h"
#include "test.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct Fixture : GcoreFixture {
    ApiClient api{ApiAddress{"https://api.example", false}, kKey};
};

template <typename T>
const TargetError &failure_of(const ApiResult<T> &result)
{
    const auto *failed = std::get_if<ApiFailure>(&result);
    g_assert_nonnull(failed);
    g_test_message("%s: %s [%s]", to_string(failed->failure.error.kind),
                   failed->failure.error.message.c_str(), failed->failure.error.detail.c_str());
    return failed->failure;
}

// Addresses -------------------------------------------------------------------------------------

struct AddressRow {
    const char *text;
    const char *url; // nullptr: refused
    bool loopback_http;
};

constexpr AddressRow kAddresses[] = {
    {"https://api.gcore.com", "https://api.gcore.com", false},
    {"https://api.gcore.com///", "https://api.gcore.com", false},
    {"https://proxy.example:8443/gcore/", "https://proxy.example:8443/gcore", false},
    {"http://127.0.0.1:8080", "http://127.0.0.1:8080", true},
    {"http://127.9.9.9", "http://127.9.9.9", true},
    {"http://[::1]:80/", "http://[::1]:80", true},
    {"http://LOCALHOST:1", "http://LOCALHOST:1", true},
    {"https://127.0.0.1", "https://127.0.0.1", false},
    {"http://api.gcore.com", nullptr, false},
    {"http://127.0.0.1.evil.example", nullptr, false},
    {"http://localhost.evil.example", nullptr, false},
    {"http://0.0.0.0", nullptr, false},
    {"http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]", true},
    {"http://127.0.0.1@evil.example/", nullptr, false},
    {"https://user:pw@api.gcore.com", nullptr, false},
    {"https://api.gcore.com/?a=b", nullptr, false},
    {"https://api.gcore.com/#f", nullptr, false},
    {"ftp://api.gcore.com", nullptr, false},
    {"api.gcore.com", nullptr, false},
    {"https://", nullptr, false},
    {"https://api.gcore.com\r\nX: y", nullptr, false},
    {"", nullptr, false},
};

void address(const AddressRow &row)
{
    const Result<ApiAddress> parsed = parse_api_address(row.text);
    g_assert_cmpint(parsed.ok(), ==, row.url != nullptr);
    if (row.url) {
        ASSERT_STR(parsed->url, row.url);
        g_assert_cmpint(parsed->loopback_http, ==, row.loopback_http);
    } else {
        g_assert_cmpint(int(parsed.error().kind), ==, int(ErrorKind::kSettings));
        g_assert_false(GcoreFixture::contains(parsed.error().message, "pw"));
    }
}

struct HostRow {
    const char *text;
    bool good;
};

constexpr HostRow kHosts[] = {
    {"vod-uploader-ed-2.gvideo.co", true},
    {"10.0.0.1:8080", true},
    {"localhost", true},
    {"[::1]", true},
    {"[2001:db8::1]:443", true},
    {"", false},
    {"host/path", false},
    {"user@host", false},
    {"user:pw@host", false},
    {"host:", false},
    {"host:0", false},
    {"host:65536", false},
    {"host:80x", false},
    {"host name", false},
    {"host\r\n", false},
    {"host\\evil", false},
    {"host?x", false},
    {"host#x", false},
    {"a..b", false},
    {".a", false},
    {"-a", false},
    {"h\xc3\xb6st", false},
    {"[::1", false},
    {"[::1]x", false},
    {"[127.0.0.1]", false},
    {"[]", false},
    {"::1", false},
    {"https://host", false},
};

void host(const HostRow &row)
{
    g_assert_cmpint(is_upload_hostname(row.text), ==, row.good);
}

// Reading answers -------------------------------------------------------------------------------

struct VideoRow {
    const char *name;
    const char *text;
    std::uint64_t id; // 0: refused
    bool retryable;
};

constexpr VideoRow kVideos[] = {
    {"object", R"({"id": 17, "client_id": 100, "name": "n", "slug": "s"})", 17, false},
    {"array", R"([{"id": 17, "client_id": 100, "name": "n", "slug": "s"}])", 17, false},
    {"wrapped", R"({"video": {"id": 17, "client_id": 100, "name": "n", "slug": "s"}})", 17, false},
    {"array-wrapped", R"([{"video": {"id": 17, "client_id": 100, "name": "n", "slug": "s"}}])", 17,
     false},
    {"id-as-text", R"({"id": "17", "client_id": "100", "name": "n", "slug": "s"})", 17, false},
    {"blanks", " \r\n{\"id\": 17, \"client_id\": 100, \"name\": \"n\", \"slug\": \"s\"}\n", 17,
     false},
    {"empty", "", 0, true},
    {"cut", R"({"id": 17, "name": "n)", 0, true},
    {"cut-array", R"([{"id": 17})", 0, true},
    {"page", "<!DOCTYPE html><html><title>Welcome</title>", 0, false},
    {"text", "It works!", 0, false},
    {"no-id", R"({"name": "n"})", 0, false},
    {"empty-array", "[]", 0, false},
    {"numbers", "[1, 2]", 0, false},
    {"id-null", R"({"id": null})", 0, false},
    {"id-zero", R"({"id": 0})", 0, false},
    {"id-negative", R"({"id": -1})", 0, false},
    {"id-fraction", R"({"id": 17.5})", 0, false},
    {"id-object", R"({"id": {}})", 0, false},
    {"id-huge", R"({"id": 99999999999999999999999999})", 0, false},
    {"id-huge-text", R"({"id": "99999999999999999999999999"})", 0, false},
    {"id-text", R"({"id": "17x"})", 0, false},
    {"not-utf-8", "{\"id\": 17, \"name\": \"\xff\"}", 0, true},
};

void video(const VideoRow &row)
{
    const Result<GcoreVideo> parsed = parse_video(row.text);
    g_assert_cmpint(parsed.ok(), ==, row.id != 0);
    if (parsed) {
        g_assert_cmpuint(parsed->id, ==, row.id);
        g_assert_cmpuint(parsed->client_id, ==, 100);
        ASSERT_STR(parsed->name, "n");
        ASSERT_STR(parsed->slug, "s");
    } else {
        g_assert_cmpint(int(parsed.error().kind), ==, int(ErrorKind::kProtocol));
        g_assert_cmpint(parsed.error().retryable, ==, row.retryable);
    }
}

void deep_nesting_is_refused()
{
    for (const char *piece : {"[", "{\"a\":", "[{\"video\":"}) {
        std::string text;
        for (int i = 0; i < 100000; ++i)
            text += piece;
        g_assert_false(parse_video(text).ok());
        g_assert_false(parse_upload_parameters(text).ok());
        g_assert_false(error_text(text).empty());
    }
    g_assert_true(
        parse_video(
            R"({"id": 1, "name": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})")
            .ok());
}

void parameters_are_read()
{
    const auto read = parse_upload_parameters(R"({"servers": [
        {"id": 561, "role": "upload", "hostname": "a.example", "active": true, "ssl": false},
        7, {"id": 15, "hostname": "b.example"}, {"hostname": 5, "active": "yes"}],
        "token": "t", "video": {"id": 17, "client_id": 100, "name": "n"}})");
    g_assert_true(read.ok());
    g_assert_cmpuint(read->servers.size(), ==, 3);
    ASSERT_STR(read->servers[0].hostname, "a.example");
    ASSERT_STR(read->servers[0].role, "upload");
    g_assert_false(read->servers[0].ssl);
    g_assert_true(read->servers[1].ssl && read->servers[1].active);
    ASSERT_STR(read->servers[2].hostname, "");
    g_assert_true(read->servers[2].active);
    g_assert_cmpuint(read->video.client_id, ==, 100);
}

struct ParametersRow {
    const char *name;
    const char *text;
    bool retryable;
};

constexpr ParametersRow kBadParameters[] = {
    {"no-token", R"({"servers": [{"hostname": "a"}], "video": {}})", false},
    {"token-number", R"({"servers": [{"hostname": "a"}], "token": 5})", false},
    {"no-servers", R"({"token": "secret-token", "servers": []})", true},
    {"servers-object", R"({"token": "secret-token", "servers": {}})", true},
    {"array", "[]", false},
    {"cut", R"({"token": "secret-token", "serv)", true},
    {"page", "<html></html>", false},
};

void bad_parameters(const ParametersRow &row)
{
    const auto read = parse_upload_parameters(row.text);
    g_assert_false(read.ok());
    g_assert_cmpint(read.error().retryable, ==, row.retryable);
    GcoreFixture::assert_no_secret(read.error());
}

struct TextRow {
    const char *body;
    const char *text;
};

constexpr TextRow kTexts[] = {
    {R"({"errors": {"name": ["can't be blank", "is odd"], "priority": "bad"}})",
     "name can't be blank, is odd; priority bad"},
    {R"({"errors": ["one", "two"]})", "one, two"},
    {R"({"errors": [{"message": "deep"}]})", "deep"},
    {R"({"errors": "flat"})", "flat"},
    {R"({"errors": {}, "error": "other"})", "other"},
    {R"({"status": 400, "error": "Bad Request"})", "Bad Request"},
    {R"({"error": {"message": "inner"}})", "inner"},
    {R"({"exception_class": "X", "message": "m", "request_id": "r"})", "m"},
    {R"({"detail": "Given token not valid"})", "Given token not valid"},
    {R"({"exception_class": "NotFound"})", "NotFound"},
    {R"(["a"])", "a"},
    {R"({"errors": {"name": 5}})", "name"},
    {R"({"code": 7})", R"({"code": 7})"},
    {"<html><head><TITLE> 502 Bad Gateway </TITLE>", "web page \"502 Bad Gateway\""},
    {"<html><title>", "a web page"},
    {"plain", "plain"},
    {"", ""},
    {" \n", ""},
};

void text_of_error(const TextRow &row)
{
    ASSERT_STR(error_text(row.body), row.text);
}

// Requests --------------------------------------------------------------------------------------

void create_is_wrapped_json_with_the_key()
{
    Fixture f;
    f.http.answer(200, R"([{"id": 17}])");
    TargetContext context = f.context();
    NewVideo made{"a \"name\"", "what\n", {}};
    made.options = {{"client_user_id", std::int64_t{7}},
                    {"source_bitrate_limit", false},
                    {"share", 0.5},
                    {"auto_transcribe_audio_language", std::string("disable")},
                    {"name", std::string("not this")},
                    {"client_user_id", std::int64_t{8}}};
    const auto result = f.api.create(context, made);
    g_assert_cmpuint(std::get<GcoreVideo>(result).id, ==, 17);
    const FakeTransport::Seen &seen = f.http.seen().front();
    ASSERT_STR(seen.method, "POST");
    ASSERT_STR(seen.url, "https://api.example/streaming/videos");
    ASSERT_STR(seen.content_type, "application/json");
    ASSERT_STR(seen.header("Authorization"), cat("APIKey ", kKey));
    ASSERT_STR(seen.body, R"({"video":{"source_bitrate_limit":false,"share":0.5,)"
                          R"("auto_transcribe_audio_language":"disable","client_user_id":8,)"
                          R"("name":"a \"name\"","description":"what\n"}})");
}

void other_calls_name_the_video()
{
    Fixture f;
    f.http.answer(200, R"({"id": 17})").answer(200, R"({"id": 17})").answer(204);
    TargetContext context = f.context();
    (void)f.api.get(context, 17);
    (void)f.api.rename(context, 17, "new\xff");
    (void)f.api.remove(context, 17);
    ASSERT_STR(f.http.seen()[0].method, "GET");
    ASSERT_STR(f.http.seen()[0].url, "https://api.example/streaming/videos/17");
    ASSERT_STR(f.http.seen()[0].body, "");
    ASSERT_STR(f.http.seen()[1].method, "PATCH");
    ASSERT_STR(f.http.seen()[1].body, "{\"name\":\"new\xef\xbf\xbd\"}");
    ASSERT_STR(f.http.seen()[2].method, "DELETE");
}

struct RefusalRow {
    int status;
    const char *body;
    ErrorKind kind;
    bool retryable;
    const char *says; // a part of the sentence
};

constexpr RefusalRow kRefusals[] = {
    {401, R"({"message": "Bad permanent token: 29841"})", ErrorKind::kNotAuthorized, false,
     "Bad permanent token: 29841"},
    {401, "", ErrorKind::kNotAuthorized, false, "api-key"},
    {403, R"({"detail": "no"})", ErrorKind::kNotAuthorized, false, "Streaming is enabled"},
    {404, R"({"status": 404, "error": "Not Found"})", ErrorKind::kNotFound, false,
     "no video 17 in this account: check video-id"},
    {422, R"({"errors": {"name": ["can't be blank"]}})", ErrorKind::kSettings, false,
     "name can't be blank"},
    {400, R"({"status": 400, "error": "Bad Request x"})", ErrorKind::kSettings, false,
     "Bad Request x"},
    {400, R"({"error": "Queue limit reached (100), try later."})", ErrorKind::kSettings, true,
     "Queue limit"},
    {405, "", ErrorKind::kServer, false, "check api-url"},
    {408, "", ErrorKind::kServer, true, "408"},
    {409, "", ErrorKind::kServer, true, "409"},
    {429, R"({"error": "slow down"})", ErrorKind::kServer, true, "too many requests"},
    {500, R"({"error": "oops"})", ErrorKind::kServer, true, "oops"},
    {502, "<html><title>502 Bad Gateway</title>", ErrorKind::kServer, true, "502 Bad Gateway"},
    {503, "", ErrorKind::kServer, true, "503"},
    {418, "", ErrorKind::kServer, false, "418"},
    {302, "", ErrorKind::kProtocol, false, "points to nowhere"},
    {304, "", ErrorKind::kProtocol, false, "304"},
};

void refusal(const RefusalRow &row)
{
    Fixture f;
    f.http.answer(row.status, row.body);
    TargetContext context = f.context();
    const auto result = f.api.get(context, 17);
    const TargetError &failed = failure_of(result);
    g_assert_cmpint(int(failed.error.kind), ==, int(row.kind));
    g_assert_cmpint(failed.error.retryable, ==, row.retryable);
    g_assert_cmpint(failed.error.http_status, ==, row.status);
    g_assert_true(failed.reached_server);
    g_assert_true(Fixture::contains(failed.error.message, row.says));
    g_assert_true(Fixture::contains(failed.error.message, "could not ask for video 17"));
}

void missing_api_is_told_from_a_missing_video()
{
    Fixture f;
    f.http.answer(404, "<html>");
    TargetContext context = f.context();
    const auto result = f.api.create(context, NewVideo{"n", "", {}});
    g_assert_true(Fixture::contains(failure_of(result).error.message, "check api-url"));
}

void retry_after_is_passed_on()
{
    Fixture f;
    f.http.answer(429, "", {{"retry-after", "17"}});
    TargetContext context = f.context();
    g_assert_true(failure_of(f.api.get(context, 1)).retry_after == seconds(17));
}

void redirect_is_not_followed_and_shows_no_query()
{
    Fixture f;
    f.http.answer(307, "", {{"Location", "https://u:pw@evil.example/x?key=secret"}});
    TargetContext context = f.context();
    const auto result = f.api.create(context, NewVideo{"n", "", {}});
    const TargetError &failed = failure_of(result);
    g_assert_cmpuint(f.http.seen().size(), ==, 1);
    g_assert_true(Fixture::contains(failed.error.message, "https://evil.example/x"));
    Fixture::assert_no_secret(failed.error);
}

void echoed_key_is_hidden()
{
    Fixture f;
    f.http.answer(401, cat(R"({"message": "Bad token: )", kKey, R"("})"));
    TargetContext context = f.context();
    Fixture::assert_no_secret(failure_of(f.api.get(context, 1)).error);
}

void token_is_hidden_from_then_on()
{
    Fixture f;
    f.http.answer(200, cat(R"({"servers": [{"hostname": "a"}], "token": ")", kToken, R"("})"));
    TargetContext context = f.context();
    (void)f.api.upload_parameters(context, 1);
    ASSERT_STR(f.redactor(cat("<", kToken, ">")), "<***>");
    ASSERT_STR(f.redactor("token WDJsa0lqb3hNREUxZlN3aS1zZWNyZXQtdG9rZW4="), "token ***");
}

void network_failure_keeps_its_kind()
{
    Fixture f;
    f.http.fail(ErrorKind::kTls, HttpFailure::Reach::kNotConnected, false)
        .fail(ErrorKind::kTimeout, HttpFailure::Reach::kMaybe)
        .fail(ErrorKind::kCancelled, HttpFailure::Reach::kMaybe);
    TargetContext context = f.context();
    const auto tls = f.api.get(context, 1);
    g_assert_cmpint(int(failure_of(tls).error.kind), ==, int(ErrorKind::kTls));
    g_assert_false(failure_of(tls).reached_server);
    g_assert_false(failure_of(tls).error.retryable);
    const auto silent = f.api.get(context, 1);
    g_assert_true(failure_of(silent).reached_server && failure_of(silent).error.retryable);
    g_assert_true(std::get<ApiFailure>(silent).maybe_done);
    g_assert_cmpint(int(failure_of(f.api.get(context, 1)).error.kind), ==,
                    int(ErrorKind::kCancelled));
}

void removing_what_is_gone_is_no_failure()
{
    Fixture f;
    f.http.answer(404).answer(500, "oops");
    TargetContext context = f.context();
    const auto gone = f.api.remove(context, 1);
    g_assert_nonnull(std::get_if<Nothing>(&gone));
    const auto broken = f.api.remove(context, 1);
    g_assert_true(failure_of(broken).error.retryable);
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    int index = 0;
    for (const AddressRow &row : kAddresses)
        add_row_test(cat("/gcore-api/address/", index++), row, address);
    index = 0;
    for (const HostRow &row : kHosts)
        add_row_test(cat("/gcore-api/host/", index++), row, host);
    for (const VideoRow &row : kVideos)
        add_row_test(cat("/gcore-api/video/", row.name), row, video);
    add_test("/gcore-api/video/deep", deep_nesting_is_refused);
    add_test("/gcore-api/parameters/good", parameters_are_read);
    for (const ParametersRow &row : kBadParameters)
        add_row_test(cat("/gcore-api/parameters/", row.name), row, bad_parameters);
    index = 0;
    for (const TextRow &row : kTexts)
        add_row_test(cat("/gcore-api/error-text/", index++), row, text_of_error);
    add_test("/gcore-api/request/create", create_is_wrapped_json_with_the_key);
    add_test("/gcore-api/request/others", other_calls_name_the_video);
    index = 0;
    for (const RefusalRow &row : kRefusals)
        add_row_test(cat("/gcore-api/refusal/", row.status, "-", index++), row, refusal);
    add_test("/gcore-api/refusal/no-api", missing_api_is_told_from_a_missing_video);
    add_test("/gcore-api/refusal/retry-after", retry_after_is_passed_on);
    add_test("/gcore-api/refusal/redirect", redirect_is_not_followed_and_shows_no_query);
    add_test("/gcore-api/secrets/key", echoed_key_is_hidden);
    add_test("/gcore-api/secrets/token", token_is_hidden_from_then_on);
    add_test("/gcore-api/network", network_failure_keeps_its_kind);
    add_test("/gcore-api/remove-gone", removing_what_is_gone_is_no_failure);
    return g_test_run();
}
