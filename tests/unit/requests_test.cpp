// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/text.h"
#include "test.h"
#include "tus/route.h"
#include "upload/requests.h"

#include <vector>

using namespace gsttus;
using gsttus::test::add_test;

namespace {

constexpr std::int64_t kWallNow = 1'700'000'000; // Tue, 14 Nov 2023 22:13:20 GMT

std::string value_of(const HttpRequest &request, std::string_view name)
{
    HttpResponse as_list;
    as_list.headers = request.headers;
    const std::string *value = as_list.header(name);
    return value ? *value : "(none)";
}

struct LocationRow {
    const char *name, *request, *location, *expected;
    bool other_host;
    const char *refused = "";
};

const std::vector<LocationRow> kLocations = {
    {"absolute", "https://h/files/", "https://h/files/1", "https://h/files/1", false},
    {"path-absolute", "https://h:8443/files/", "/up/1", "https://h:8443/up/1", false},
    {"relative", "https://h/files/", "1", "https://h/files/1", false},
    {"relative-no-slash", "https://h/files", "files/1", "https://h/files/1", false},
    {"dot-dot", "https://h/a/b/", "../c/1?x=1", "https://h/a/c/1?x=1", false},
    {"scheme-relative", "https://h/a", "//other/1", "https://other/1", true},
    {"odd-characters", "https://h/files/", "https://h/files/a+b;c=d~e%2F",
     "https://h/files/a+b;c=d~e%2F", false},
    {"odd-characters-relative", "https://h/files/", "a+b=c", "https://h/files/a+b=c", false},
    {"upgraded", "https://h/files/", "http://h/files/1", "https://h/files/1", false},
    {"upgraded-port", "https://h:8443/files/", "http://h/files/1", "https://h:8443/files/1", false},
    {"upgraded-port-80", "https://h/files/", "http://h:80/files/1", "https://h/files/1", false},
    {"upgraded-own-port", "https://h:8443/f/", "http://h:8443/f/1", "https://h:8443/f/1", false},
    {"upgraded-no-slash", "https://H/files", "http://h", "https://h", false},
    {"leaves-tls-port", "https://h/files/", "http://h:81/files/1", "", true, "http://h:81/files/1"},
    {"leaves-tls-from-port", "https://h:8443/f/", "http://h:443/f/1", "", true, "http://h:443/f/1"},
    {"other-host", "https://h/files/", "https://i/files/1", "https://i/files/1", true},
    {"leaves-tls", "https://h/files/", "http://i/files/1", "", true, "http://i/files/1"},
    {"leaves-tls-secret", "https://h/files/", "HTTP://u:pw@i/1?sig=x#y", "", true, "http://i/1?…"},
    {"leaves-tls-below", "https://h/files/", "http://h.evil/1", "", true, "http://h.evil/1"},
    {"leaves-tls-address", "https://[::1]/f/", "http://[::2]/f/1", "", true, "http://[::2]/f/1"},
    {"secured", "http://h/files/", "https://h/files/1", "https://h/files/1", false},
    {"secured-port", "http://h:80/files/", "https://h:8443/f/1", "https://h:8443/f/1", true},
    {"secured-elsewhere", "http://h/files/", "https://i/files/1", "https://i/files/1", true},
    {"other-port", "http://h:1/files/", "http://h:2/files/1", "http://h:2/files/1", true},
    {"ipv6", "http://[::1]:99/files/", "/files/1", "http://[::1]:99/files/1", false},
    {"link-local", "http://[fe80::1%25eth0]:99/files/", "/files/1",
     "http://[fe80::1%25eth0]:99/files/1", false},
    {"link-local-relative", "http://[fe80::1%25eth0]/files/", "1",
     "http://[fe80::1%25eth0]/files/1", false},
    {"link-local-absolute", "http://[fe80::1%25eth0]:99/files/",
     "http://[fe80::1%25eth0]:99/files/1", "http://[fe80::1%25eth0]:99/files/1", false},
    {"link-local-fragment", "http://[fe80::1%25eth0]:99/files/",
     "http://[fe80::1%25eth0]:99/files/1#x", "http://[fe80::1%25eth0]:99/files/1", false},
    {"link-local-upgraded", "https://[fe80::1%25eth0]/files/", "http://[fe80::1%25eth0]/files/1",
     "https://[fe80::1%25eth0]/files/1", false},
    {"link-local-scheme-relative", "http://[fe80::1%25eth0]/files/", "//[fe80::1%25eth0]/files/1",
     "http://[fe80::1%25eth0]/files/1", false},
    {"link-local-other-zone", "http://[fe80::1%25eth0]:99/files/", "http://[fe80::1%25ens3]:99/a+b",
     "http://[fe80::1%25eth0]:99/a+b", false},
    {"link-local-other", "http://[fe80::1%25eth0]/files/", "http://[fe80::2%25eth0]/1",
     "http://[fe80::2%25eth0]/1", true},
    {"link-local-no-zone", "http://[fe80::1%25eth0]:99/files/", "http://[fe80::1]:99/files/1",
     "http://[fe80::1%25eth0]:99/files/1", false},
    {"idn",
     "https://b\xc3\xbc"
     "cher.example/files/",
     "/files/1", "https://xn--bcher-kva.example/files/1", false},
    {"idn-absolute",
     "https://b\xc3\xbc"
     "cher.example/files/",
     "https://xn--bcher-kva.example/files/1", "https://xn--bcher-kva.example/files/1", false},
    {"idn-punycode", "https://xn--bcher-kva.example/files/",
     "https://xn--bcher-kva.example/files/1", "https://xn--bcher-kva.example/files/1", false},
    {"not-http", "https://h/files/", "ftp://h/1", "", false},
    {"javascript", "https://h/files/", "javascript:alert(1)", "", false},
    {"garbage", "https://h/files/", "http://[", "", false},
    {"address-in-query", "https://h/files/", "/files/1?back=https://x/y",
     "https://h/files/1?back=https://x/y", false},
    {"empty", "https://h/files/", "", "", false},
};

void location_is_resolved(const LocationRow &row)
{
    const Location result = resolve_location(row.request, row.location);
    ASSERT_STR(result.url, row.expected);
    g_assert_cmpint(result.other_host, ==, row.other_host);
    ASSERT_STR(result.refused, row.refused);
}

void metadata_is_base64_in_order()
{
    ASSERT_STR(encode_metadata({{"filename", "n\xc3\xa4me.mp4"}, {"empty", ""}, {"id", "1"}}),
               "filename bsOkbWUubXA0,empty,id MQ==");
    ASSERT_STR(encode_metadata({}), "");
}

void creation_carries_exactly_one_length_header()
{
    const Identity identity{{"https://h/f"}, "", {}};
    const HttpRequest deferred =
        make_create({"https://h/f", std::nullopt, false, {}}, identity, {});
    ASSERT_STR(value_of(deferred, "Upload-Defer-Length"), "1");
    ASSERT_STR(value_of(deferred, "Upload-Length"), "(none)");
    ASSERT_STR(value_of(deferred, "Tus-Resumable"), "1.0.0");
    g_assert_true(deferred.content_type.empty());
    const HttpRequest known = make_create({"https://h/f", 5, true, {}}, identity, {{"a", "b"}});
    ASSERT_STR(value_of(known, "Upload-Length"), "5");
    ASSERT_STR(value_of(known, "Upload-Defer-Length"), "(none)");
    ASSERT_STR(value_of(known, "Upload-Concat"), "partial");
    ASSERT_STR(value_of(known, "Upload-Metadata"), "a Yg==");
    const HttpRequest joined = make_create(
        {"https://h/f", std::nullopt, false, {"https://h/f/1", "https://other/2"}}, identity, {});
    ASSERT_STR(value_of(joined, "Upload-Concat"), "final;/f/1 https://other/2");
    ASSERT_STR(value_of(joined, "Upload-Length"), "(none)");
    ASSERT_STR(value_of(joined, "Upload-Defer-Length"), "(none)");
}

// What the plan of partial uploads counts is what goes over the wire, or more.
void the_request_that_joins_is_as_long_as_was_counted()
{
    const Metadata metadata = {{"filename", std::string(300, 'x')}, {"token", "eyJhbGci"}};
    for (const char *endpoint : {"https://h/files/", "https://me:pw@h:8443/files?key=1"}) {
        const Identity identity{{endpoint}, "Bearer abc", {{"X-Key", "1"}}};
        Create action;
        action.url = endpoint;
        const std::uint64_t alone = header_size(make_create(action, identity, metadata));
        g_assert_cmpuint(alone, >, 800);
        Route route;
        route.resolved({{endpoint}, true});
        std::uint64_t counted = 0;
        for (const char *part : {"https://h/files/1", "https://h:8443/f/2", "https://H:443/f/3",
                                 "https://node/4", "http://h/5", "https://me:pw@h:8443/6"}) {
            action.final_of.emplace_back(part);
            counted += route.listed_size(part);
            g_assert_cmpuint(header_size(make_create(action, identity, metadata)), <=,
                             alone + counted);
        }
    }
}

void patch_says_offset_type_and_length()
{
    Patch action;
    action.url = "https://h/f/1";
    action.server_offset = 10;
    action.from = 3;
    action.to = 8;
    action.declare_length = 15;
    const HttpRequest request = make_patch(action, {{"https://h/f"}, "", {}}, "sha1 abc=");
    ASSERT_STR(request.method, "PATCH");
    ASSERT_STR(value_of(request, "Upload-Offset"), "10");
    ASSERT_STR(value_of(request, "Upload-Length"), "15");
    ASSERT_STR(value_of(request, "Upload-Checksum"), "sha1 abc=");
    ASSERT_STR(request.content_type, "application/offset+octet-stream");
    g_assert_cmpuint(request.body_length, ==, 5);
    action.method_override = true;
    action.declare_length.reset();
    const HttpRequest overridden = make_patch(action, {{"https://h/f"}, "", {}}, "");
    ASSERT_STR(overridden.method, "POST");
    ASSERT_STR(value_of(overridden, "X-HTTP-Method-Override"), "PATCH");
    ASSERT_STR(value_of(overridden, "Upload-Length"), "(none)");
}

// There are servers that tell nothing without it.
void options_has_tus_resumable()
{
    ASSERT_STR(value_of(make_options({"https://h/f"}, {{"https://h/f"}, "", {}}), "Tus-Resumable"),
               "1.0.0");
}

void credentials_stay_with_the_origin_that_was_meant()
{
    const Identity identity{
        {"https://h/f", "https://second:1/f"}, "Bearer secret", {{"X-Key", "secret"}}};
    for (const char *url : {"https://h/other", "https://second:1/x", "https://H:443/x"}) {
        ASSERT_STR(value_of(make_head({url}, identity), "Authorization"), "Bearer secret");
        ASSERT_STR(value_of(make_head({url}, identity), "X-Key"), "secret");
    }
    for (const char *url :
         {"http://h/f", "https://h:8443/f", "https://h.evil/f", "https://evil/h", "nonsense"}) {
        ASSERT_STR(value_of(make_head({url}, identity), "Authorization"), "(none)");
        ASSERT_STR(value_of(make_head({url}, identity), "X-Key"), "(none)");
    }
}

struct NamedRow {
    const char *named, *url;
    bool told;
};

constexpr NamedRow kNamed[] = {
    {"h", "https://h/f", true},
    {"h", "https://H:443/f", true},
    {"H:443", "https://h/f", true},
    {"h:8443", "https://h:8443/f", true},
    {"[::1]:99", "http://[::1]:99/f", true},
    {"127.0.0.1", "http://127.0.0.1/f", true},
    {"localhost:80", "http://localhost/f", true},
    {"h", "https://h:8443/f", false},
    {"h:8443", "https://h/f", false},
    {"h", "http://h/f", false}, // everybody on the way would see it
    {"h:80", "http://h/f", false},
    {"h", "https://h.evil/f", false},
    {"h", "https://evil.h/f", false},
    {"h", "https://h@evil/f", false},
    {"h", "https://evil/h", false},
    {"h", "https://evil/?https://h/", false},
    {"h", "https://evil#@h/", false},
    {"h", "ftp://h/f", false},
    {"localhost", "http://localhost.evil/f", false},
    {"h", "h/f", false},
    {"h", "", false},
    {"", "https://h/f", false},
};

void named_host_and_no_other_is_told()
{
    for (const NamedRow &row : kNamed) {
        g_test_message("%s %s", row.named, row.url);
        const Identity identity{.host_headers = {{row.named, {"Authorization", "Bearer secret"}},
                                                 {row.named, {"X-Key", "secret"}}}};
        const HttpRequest request = make_head({row.url}, identity);
        ASSERT_STR(value_of(request, "Authorization"), row.told ? "Bearer secret" : "(none)");
        ASSERT_STR(value_of(request, "X-Key"), row.told ? "secret" : "(none)");
    }
}

void answer_is_read()
{
    HttpResponse response;
    response.status = 204;
    response.headers = {
        {"upload-offset", "70"},      {"Upload-Length", "100"},
        {"Upload-Defer-Length", "1"}, {"Tus-Extension", "creation, creation-defer-length"},
        {"Tus-Max-Size", "1000"},     {"Upload-Expires", "Tue, 14 Nov 2023 22:14:20 GMT"},
        {"Retry-After", "7"},         {"Location", "1"}};
    response.body = "Error: token invalid (eyJhbGciOi.abc)";
    const TimePoint now = Clock::now();
    const Answer answer = parse_answer(response, "https://h/f/", now, kWallNow, Redactor());
    g_assert_true(answer.upload_offset == 70U);
    g_assert_true(answer.upload_length == 100U);
    g_assert_true(answer.length_deferred);
    g_assert_true(answer.max_size == 1000U);
    g_assert_cmpuint(answer.extensions.size(), ==, 2);
    g_assert_true(answer.speaks_tus);
    g_assert_true(answer.expires == now + seconds(60));
    g_assert_true(answer.retry_after == seconds(7));
    ASSERT_STR(answer.location, "https://h/f/1");
    ASSERT_STR(answer.text, "Error: token invalid (***)");
}

// A page's code is no text, however long, and it does not hide a secret.
void page_is_read()
{
    HttpResponse response;
    response.status = 500;
    response.body = cat("<!DOCTYPE html><style>", std::string(9000, 'x'),
                        "</style><h1>Disk full</h1><p>token eyJhbGciOi.abc");
    const Answer answer =
        parse_answer(response, "https://h/f/", Clock::now(), kWallNow, Redactor());
    ASSERT_STR(answer.text, "a web page: Disk full token ***");
    response.body = "<html><script>x</script>";
    ASSERT_STR(parse_answer(response, "https://h/f/", Clock::now(), kWallNow, Redactor()).text,
               "a web page");
}

// Dates in an answer are on its sender's clock, which may be hours from ours.
void dates_are_on_the_clock_of_who_says_them()
{
    struct Row {
        const char *date;
        int expires;
        int retry;
    };

    // kWallNow is 22:13:20
    constexpr Row kRows[] = {{"Tue, 14 Nov 2023 20:13:20 GMT", 2 * 3600 + 60, 2 * 3600 + 30},
                             {"Wed, 15 Nov 2023 22:14:10 GMT", 10 - 24 * 3600, 0},
                             {"Tue, 14 Nov 2023 22:14:10 GMT", 10, 0},
                             {"yesterday", 60, 30},
                             {"", 60, 30}};
    for (const Row &row : kRows) {
        HttpResponse response;
        response.status = 204;
        response.headers = {{"Date", row.date},
                            {"Upload-Expires", "Tue, 14 Nov 2023 22:14:20 GMT"},
                            {"Retry-After", "Tue, 14 Nov 2023 22:13:50 GMT"}};
        const TimePoint now = Clock::now();
        const Answer answer = parse_answer(response, "https://h/f/", now, kWallNow, Redactor());
        g_assert_true(answer.expires == now + seconds(row.expires));
        g_assert_true(answer.retry_after == seconds(row.retry));
    }
}

void malformed_headers_count_as_absent()
{
    HttpResponse response;
    response.status = 204;
    response.headers = {{"Upload-Offset", "-1"},         {"Upload-Length", "1e3"},
                        {"Upload-Defer-Length", "true"}, {"Upload-Expires", "soon"},
                        {"Retry-After", "-5"},           {"Location", "ftp://x"}};
    const Answer answer =
        parse_answer(response, "https://h/f/", Clock::now(), kWallNow, Redactor());
    g_assert_false(answer.upload_offset.has_value());
    g_assert_false(answer.upload_length.has_value());
    g_assert_false(answer.length_deferred);
    g_assert_false(answer.expires.has_value());
    g_assert_true(answer.retry_after == Duration::zero());
    g_assert_true(answer.location.empty());
    g_assert_false(answer.speaks_tus);
}

void retry_after_is_seconds_or_a_date()
{
    g_assert_true(parse_retry_after("120", kWallNow) == seconds(120));
    g_assert_true(parse_retry_after("Tue, 14 Nov 2023 22:13:50 GMT", kWallNow) == seconds(30));
    g_assert_true(parse_retry_after("Tue, 14 Nov 2023 22:00:00 GMT", kWallNow) == seconds(0));
    // the two old forms that a recipient must know (RFC 9110, 5.6.7)
    g_assert_true(parse_retry_after("Tuesday, 14-Nov-23 22:13:50 GMT", kWallNow) == seconds(30));
    g_assert_true(parse_retry_after("Tue Nov 14 22:13:50 2023", kWallNow) == seconds(30));
    for (const char *bad :
         {"Tue, 14 Nov", "Tue, 99 Nov 2023 22:13:50 GMT", "Tue, 14 Foo 2023 22:13:50 GMT", ", ,",
          "-5", "Tue, 14 Nov 2023 99:99:99 GMT"})
        g_assert_true(parse_retry_after(bad, kWallNow) == seconds(0));
    g_assert_true(parse_retry_after("later", kWallNow) == seconds(0));
    g_assert_true(parse_retry_after("9223372036854775807", kWallNow) == seconds(366LL * 86400));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const LocationRow &row : kLocations)
        test::add_row_test(std::string("/requests/location/") + row.name, row,
                           location_is_resolved);
    add_test("/requests/metadata", metadata_is_base64_in_order);
    add_test("/requests/create", creation_carries_exactly_one_length_header);
    add_test("/requests/join", the_request_that_joins_is_as_long_as_was_counted);
    add_test("/requests/patch", patch_says_offset_type_and_length);
    add_test("/requests/options", options_has_tus_resumable);
    add_test("/requests/credentials", credentials_stay_with_the_origin_that_was_meant);
    add_test("/requests/named-host", named_host_and_no_other_is_told);
    add_test("/requests/answer", answer_is_read);
    add_test("/requests/answer-page", page_is_read);
    add_test("/requests/answer-dates", dates_are_on_the_clock_of_who_says_them);
    add_test("/requests/answer-malformed", malformed_headers_count_as_absent);
    add_test("/requests/retry-after", retry_after_is_seconds_or_a_date);
    return g_test_run();
}
