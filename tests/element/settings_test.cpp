// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Property values → configuration: what is taken, and what is refused in which words.
#include "gst_test.h"
#include "settings.h"
#include "structure_of.h"
#include "test.h"
#include "upload/spool_places.h"

#include <cstring>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;
using gsttus::test::structure_of;

namespace {

Settings good()
{
    Settings settings;
    settings.endpoint = "https://tus.example.org/files/";
    return settings;
}

// --- refused -------------------------------------------------------------------------------------

struct Refusal {
    const char *name;
    void (*change)(Settings &);
    const char *word; // of the message
};

const Refusal kRefusals[] = {
    {"endpoint/not-a-url", [](Settings &s) { s.endpoint = "tus.example.org"; }, "endpoint"},
    {"endpoint/other-scheme", [](Settings &s) { s.endpoint = "ftp://h/"; }, "https://"},
    {"endpoint/relative", [](Settings &s) { s.endpoint = "/files/"; }, "endpoint"},
    {"endpoint/no-host", [](Settings &s) { s.endpoint = "https:///files/"; }, "host"},
    {"endpoint/blank", [](Settings &s) { s.endpoint = "https://h/a b"; }, "endpoint"},
    {"endpoint/line-break", [](Settings &s) { s.endpoint = "https://h/\r\nX: y"; }, "endpoint"},
    {"endpoint/userinfo", [](Settings &s) { s.endpoint = "https://joe:marker@h/"; },
     "authorization"},
    {"upload-url/not-a-url", [](Settings &s) { s.upload.upload_url = "abc"; }, "upload-url"},
    {"upload-url/userinfo", [](Settings &s) { s.upload.upload_url = "https://joe@h/1"; },
     "upload-url"},
    {"authorization/plain-http",
     [](Settings &s) {
         s.endpoint = "http://tus.example.org/";
         s.upload.runtime.authorization = "Bearer marker";
     },
     "unencrypted"},
    {"authorization/plain-http-upload-url",
     [](Settings &s) {
         s.upload.upload_url = "http://tus.example.org/1";
         s.upload.runtime.authorization = "Bearer marker";
     },
     "upload-url"},
    {"authorization/line-break",
     [](Settings &s) { s.upload.runtime.authorization = "Bearer marker\r\nX: y"; },
     "authorization"},
    {"authorization/twice",
     [](Settings &s) {
         s.upload.runtime.authorization = "Bearer marker";
         s.extra_headers = structure_of("h,authorization=marker");
     },
     "Use one"},
    {"extra-headers/plain-http",
     [](Settings &s) {
         s.endpoint = "http://tus.example.org/";
         s.extra_headers = structure_of("h,X-Key=marker");
     },
     "unencrypted"},
    {"extra-headers/reserved",
     [](Settings &s) { s.extra_headers = structure_of("h,upload-offset=(int)3"); },
     "upload-offset"},
    {"extra-headers/reserved-content-type",
     [](Settings &s) { s.extra_headers = structure_of("h,Content-Type=a"); }, "Content-Type"},
    {"extra-headers/bad-name", [](Settings &s) { s.extra_headers = structure_of("h,a/b=x"); },
     "a/b"},
    {"extra-headers/bad-value",
     [](Settings &s) { s.extra_headers = structure_of("h,X-A=\"marker\\\r\\\nY\""); }, "X-A"},
    {"seekable-header/deferred",
     [](Settings &s) {
         s.upload.seekable_header = 1;
         s.upload.length_mode = LengthMode::kDeferred;
     },
     "seekable-header"},
    {"seekable-header/continued",
     [](Settings &s) {
         s.upload.seekable_header = 1;
         s.upload.upload_url = "https://host/files/1";
     },
     "seekable-header"},
    {"chunk-align/above-chunk-size", [](Settings &s) { s.upload.chunk_align = 9 << 20; },
     "chunk-align"},
    {"min-chunk-size/above-chunk-size", [](Settings &s) { s.upload.min_chunk_size = 9 << 20; },
     "min-chunk-size"},
    {"max-memory/below-the-smallest-patch",
     [](Settings &s) {
         s.upload.min_chunk_size = 5 << 20;
         s.upload.replay.max_memory = 1 << 20;
         s.upload.replay.spool_mode = SpoolMode::kNever;
     },
     "max-memory"},
    {"length-mode/spool-without-disk",
     [](Settings &s) {
         s.upload.length_mode = LengthMode::kSpool;
         s.upload.replay.spool_mode = SpoolMode::kNever;
     },
     "spool-mode"},
    {"ssl-ca-file/missing", [](Settings &s) { s.http.ssl_ca_file = "/does/not/exist.pem"; },
     "ssl-ca-file"},
    {"user-agent/line-break", [](Settings &s) { s.http.user_agent = "a\r\nb"; }, "user-agent"},
};

void refused(const Refusal &row)
{
    Settings settings = good();
    row.change(settings);
    const auto config = make_upload_config(settings);
    g_assert_false(config.ok());
    g_assert_true(config.error().kind == ErrorKind::kSettings);
    const std::string &message = config.error().message;
    g_test_message("%s", message.c_str());
    g_assert_nonnull(std::strstr(message.c_str(), row.word));
    g_assert_null(std::strstr(message.c_str(), "marker")); // secrets stay out of the words
}

// --- taken ---------------------------------------------------------------------------------------

void defaults_are_those_of_the_manual()
{
    const auto config = make_upload_config(good());
    g_assert_true(config.ok());
    g_assert_cmpuint(config->chunk_size, ==, 8 << 20);
    g_assert_cmpuint(config->min_chunk_size, ==, 0);
    g_assert_cmpuint(config->chunk_align, ==, 1);
    g_assert_true(config->runtime.flush_interval == milliseconds(1000));
    g_assert_cmpuint(config->replay.max_memory, ==, 32 << 20);
    g_assert_true(config->replay.spool_mode == SpoolMode::kOverflow);
    ASSERT_STR(config->replay.spool_dir, default_spool_dir());
    g_assert_true(config->on_stop == OnStop::kFinish);
    g_assert_true(config->stop_timeout == milliseconds(5000));
}

void header_arrays_become_several_headers()
{
    Settings settings = good();
    settings.extra_headers = structure_of("h,X-A=one,X-B=<two,three>,X-C=(int)4,X-D={five,six}");
    const auto config = make_upload_config(settings);
    g_assert_true(config.ok());
    std::string all;
    for (const Header &header : config->runtime.extra_headers)
        all += header.first + "=" + header.second + " ";
    ASSERT_STR(all, "X-A=one X-B=two X-B=three X-C=4 X-D=five X-D=six ");
}

void metadata_values_become_text()
{
    Settings settings = good();
    settings.metadata = structure_of(
        "m,project=demo,take=(int)3,big=(guint64)18446744073709551615,on=(boolean)true,"
        "gain=(double)0.5,rate=(fraction)30/1,empty=(string)\"\"");
    const auto metadata = make_metadata(settings);
    g_assert_true(metadata.ok());
    std::string all;
    for (const auto &pair : *metadata)
        all += pair.first + "=" + pair.second + " ";
    ASSERT_STR(all,
               "project=demo take=3 big=18446744073709551615 on=true gain=0.5 rate=30/1 empty= ");
}

void loopback_may_have_secrets_in_plain_http()
{
    for (const char *url : {"http://127.0.0.1:8080/files/", "http://localhost/f",
                            "http://[::1]:1/f", "http://127.8.9.1/", "http://a.localhost/"}) {
        Settings settings = good();
        settings.endpoint = url;
        settings.upload.runtime.authorization = "Bearer x";
        settings.extra_headers = structure_of("h,X-A=b");
        g_test_message("%s", url);
        g_assert_true(make_upload_config(settings).ok());
    }
}

void plain_http_without_secrets_is_fine()
{
    Settings settings = good();
    settings.endpoint = "http://tus.example.org/";
    g_assert_true(make_upload_config(settings).ok());
}

// --- the name ------------------------------------------------------------------------------------

struct NameRow {
    const char *test, *location;
    bool as_path;
    const char *metadata, *name;
};

const NameRow kNames[] = {
    {"plain", "a.mp4", false, nullptr, "a.mp4"},
    {"path", "/data/rec/a.mp4", false, nullptr, "a.mp4"},
    {"relative", "rec/a b.mp4", false, nullptr, "a b.mp4"},
    {"trailing", "/data/rec//", false, nullptr, "rec"},
    {"only-separators", "//", false, nullptr, "//"},
    {"dots", "../..", false, nullptr, ".."},
    {"as-path", "/data/rec/a.mp4", true, nullptr, "/data/rec/a.mp4"},
    {"as-path-trailing", "rec/", true, nullptr, "rec/"},
    {"metadata", "", false, "m,filename=b/c.mp4", "b/c.mp4"}, // as it was given
    {"location-before-metadata", "a/b", false, "m,filename=c", "b"},
    {"none", "", false, nullptr, ""},
};

void name_is_the_last_path_element(const NameRow &row)
{
    Settings settings = good();
    settings.location = row.location;
    settings.location_as_path = row.as_path;
    if (row.metadata)
        settings.metadata = structure_of(row.metadata);
    ASSERT_STR(recording_name(settings), row.name);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    test::init_gst();
    for (const Refusal &row : kRefusals)
        add_row_test(std::string("/settings/refused/") + row.name, row, refused);
    for (const NameRow &row : kNames)
        add_row_test(std::string("/settings/name/") + row.test, row, name_is_the_last_path_element);
    add_test("/settings/defaults", defaults_are_those_of_the_manual);
    add_test("/settings/extra-headers/arrays", header_arrays_become_several_headers);
    add_test("/settings/metadata/values-become-text", metadata_values_become_text);
    add_test("/settings/secrets/loopback-http", loopback_may_have_secrets_in_plain_http);
    add_test("/settings/secrets/none-over-http", plain_http_without_secrets_is_fine);
    return g_test_run();
}
