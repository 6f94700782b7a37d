// Property values → configuration: what is taken, and what is refused in which words.
#include "gcore_settings.h"
#include "settings.h"
#include "test.h"

#include <cstring>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

StructureRef structure(const char *text)
{
    GstStructure *parsed = gst_structure_from_string(text, nullptr);
    g_assert_nonnull(parsed);
    return {parsed, gst_structure_free};
}

Settings good()
{
    Settings settings;
    settings.endpoint = "https://tus.example.org/files/";
    return settings;
}

GcoreSettings good_gcore()
{
    GcoreSettings gcore;
    gcore.api_key = "1234$0d16599c";
    return gcore;
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
         s.extra_headers = structure("h,authorization=marker");
     },
     "Use one"},
    {"extra-headers/plain-http",
     [](Settings &s) {
         s.endpoint = "http://tus.example.org/";
         s.extra_headers = structure("h,X-Key=marker");
     },
     "unencrypted"},
    {"extra-headers/reserved",
     [](Settings &s) { s.extra_headers = structure("h,upload-offset=(int)3"); }, "upload-offset"},
    {"extra-headers/reserved-content-type",
     [](Settings &s) { s.extra_headers = structure("h,Content-Type=a"); }, "Content-Type"},
    {"extra-headers/bad-name", [](Settings &s) { s.extra_headers = structure("h,a/b=x"); }, "a/b"},
    {"extra-headers/bad-value",
     [](Settings &s) { s.extra_headers = structure("h,X-A=\"marker\\\r\\\nY\""); }, "X-A"},
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
    g_assert_true(g_str_has_suffix(config->replay.spool_dir.c_str(), "/gst-tus"));
    g_assert_true(config->on_stop == OnStop::kFinish);
    g_assert_true(config->stop_timeout == milliseconds(5000));
}

void header_arrays_become_several_headers()
{
    Settings settings = good();
    settings.extra_headers = structure("h,X-A=one,X-B=<two,three>,X-C=(int)4,X-D={five,six}");
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
    settings.metadata =
        structure("m,project=demo,take=(int)3,big=(guint64)18446744073709551615,on=(boolean)true,"
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
        settings.extra_headers = structure("h,X-A=b");
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

// --- gcore ---------------------------------------------------------------------------------------

struct GcoreRefusal {
    const char *name;
    void (*change)(GcoreSettings &, Settings &);
    const char *word;
};

const GcoreRefusal kGcoreRefusals[] = {
    {"no-key", [](GcoreSettings &g, Settings &) { g.api_key.clear(); }, "GCORE_API_KEY"},
    {"key-with-line-break", [](GcoreSettings &g, Settings &) { g.api_key = "marker\n"; }, "token"},
    {"wait-status-without-video",
     [](GcoreSettings &g, Settings &s) {
         s.upload.upload_url = "https://h/upload/1";
         g.wait_status = WaitStatus::kReady;
     },
     "video-id"},
    {"api-url-plain-http", [](GcoreSettings &g, Settings &) { g.api_url = "http://api.gcore.com"; },
     "unencrypted"},
    {"api-url-userinfo", [](GcoreSettings &g, Settings &) { g.api_url = "https://a:marker@h"; },
     "api-url"},
    {"api-url-nonsense", [](GcoreSettings &g, Settings &) { g.api_url = "api"; }, "api-url"},
    {"endpoint-plain-http",
     [](GcoreSettings &, Settings &s) { s.endpoint = "http://up.example.org/upload/"; },
     "endpoint"},
    {"name-not-utf8", [](GcoreSettings &g, Settings &) { g.video_name = "\xff\xfe"; },
     "video-name"},
    {"options-structure",
     [](GcoreSettings &g, Settings &) { g.video_options = structure("o,a=(fraction)1/2"); },
     "\"a\""},
    {"options-name", [](GcoreSettings &g, Settings &) { g.video_options = structure("o,name=x"); },
     "video-name"},
    {"options-too-large",
     [](GcoreSettings &g, Settings &) {
         g.video_options = structure("o,a=(guint64)18446744073709551615");
     },
     "\"a\""},
};

void gcore_refused(const GcoreRefusal &row)
{
    Settings settings;
    GcoreSettings gcore = good_gcore();
    row.change(gcore, settings);
    const auto config = make_gcore_config(gcore, settings);
    g_assert_false(config.ok());
    g_assert_true(config.error().kind == ErrorKind::kSettings);
    g_test_message("%s", config.error().message.c_str());
    g_assert_nonnull(std::strstr(config.error().message.c_str(), row.word));
    g_assert_null(std::strstr(config.error().message.c_str(), "marker"));
}

void environment_fills_key_and_address()
{
    g_setenv("GCORE_API_KEY", "from-environment", TRUE);
    g_setenv("GCORE_BASE_URL", "http://127.0.0.1:1234", TRUE);
    auto config = make_gcore_config({}, {});
    g_assert_true(config.ok());
    ASSERT_STR(config->api_key, "from-environment");
    ASSERT_STR(config->api_url, "http://127.0.0.1:1234");
    GcoreSettings given = good_gcore();
    given.api_url = "https://api.example.org";
    config = make_gcore_config(given, {});
    g_assert_true(config.ok());
    ASSERT_STR(config->api_key, "1234$0d16599c");
    ASSERT_STR(config->api_url, "https://api.example.org");
    g_unsetenv("GCORE_API_KEY");
    g_unsetenv("GCORE_BASE_URL");
    config = make_gcore_config(good_gcore(), {});
    g_assert_true(config.ok());
    ASSERT_STR(config->api_url, "https://api.gcore.com");
}

void video_options_keep_their_types()
{
    GcoreSettings gcore = good_gcore();
    gcore.video_options = structure("o,i=(int)-7,u=(guint64)8,b=(boolean)true,d=(double)1.5,s=de");
    const auto config = make_gcore_config(gcore, {});
    g_assert_true(config.ok());
    const auto &options = config->video_options;
    g_assert_cmpuint(options.size(), ==, 5);
    g_assert_cmpint(*std::get_if<std::int64_t>(&options[0].value), ==, -7);
    g_assert_cmpint(*std::get_if<std::int64_t>(&options[1].value), ==, 8);
    g_assert_true(*std::get_if<bool>(&options[2].value));
    g_assert_cmpfloat(*std::get_if<double>(&options[3].value), ==, 1.5);
    ASSERT_STR(*std::get_if<std::string>(&options[4].value), "de");
}

struct UriRow {
    const char *uri;
    bool ok;
    std::uint64_t video_id;
    const char *name;
    const char *again; // what gcore_uri() makes of it
};

const UriRow kUris[] = {
    {"gcore://123", true, 123, "", "gcore://123"},
    {"gcore://new", true, 0, "", "gcore://new"},
    {"gcore://new?name=My%20Show", true, 0, "My Show", "gcore://new?name=My%20Show"},
    {"gcore://new?name=a%26b%3Dc+d", true, 0, "a&b=c+d", "gcore://new?name=a%26b%3Dc%2Bd"},
    {"gcore://new?name=x&description=y", true, 0, "x", "gcore://new?name=x"},
    {"gcore://", false, 0, "", ""},
    {"gcore://0", false, 0, "", ""},
    {"gcore://-1", false, 0, "", ""},
    {"gcore://12x", false, 0, "", ""},
    {"gcore://123?name=x", false, 0, "", ""},
    {"gcore://99999999999999999999", false, 0, "", ""},
    {"gcore://new?nome=x", false, 0, "", ""},
    {"gcore://new?name", false, 0, "", ""},
    {"gcore://new?name=%zz", false, 0, "", ""},
    {"gcore://New", false, 0, "", ""},
    {"https://123", false, 0, "", ""},
};

void uri_is_understood(const UriRow &row)
{
    const auto settings = with_gcore_uri({}, row.uri);
    g_assert_true(settings.ok() == row.ok);
    if (!row.ok)
        return;
    g_assert_cmpuint(settings->video_id, ==, row.video_id);
    ASSERT_STR(settings->video_name, row.name);
    ASSERT_STR(gcore_uri(*settings), row.again);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    gst_init(nullptr, nullptr);
    g_unsetenv("GCORE_API_KEY");
    g_unsetenv("GCORE_BASE_URL");
    for (const Refusal &row : kRefusals)
        add_row_test(std::string("/settings/refused/") + row.name, row, refused);
    add_test("/settings/defaults", defaults_are_those_of_the_manual);
    add_test("/settings/extra-headers/arrays", header_arrays_become_several_headers);
    add_test("/settings/metadata/values-become-text", metadata_values_become_text);
    add_test("/settings/secrets/loopback-http", loopback_may_have_secrets_in_plain_http);
    add_test("/settings/secrets/none-over-http", plain_http_without_secrets_is_fine);
    for (const GcoreRefusal &row : kGcoreRefusals)
        add_row_test(std::string("/gcore-settings/refused/") + row.name, row, gcore_refused);
    add_test("/gcore-settings/environment", environment_fills_key_and_address);
    add_test("/gcore-settings/video-options/types", video_options_keep_their_types);
    for (const UriRow &row : kUris)
        add_row_test(std::string("/gcore-uri") + (row.ok ? "/ok/" : "/refused/") +
                         std::to_string(&row - kUris),
                     row, uri_is_understood);
    return g_test_run();
}
