// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gcoresink's property values and URIs → configuration: what is taken, what is refused in which
// words.
#include "gcore_settings.h"
#include "gst_test.h"
#include "structure_of.h"
#include "test.h"

#include <cstring>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;
using gsttus::test::structure_of;

namespace {

GcoreSettings good_gcore()
{
    GcoreSettings gcore;
    gcore.api_key = "1234$0d16599c";
    return gcore;
}

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
     [](GcoreSettings &g, Settings &) { g.video_options = structure_of("o,a=(fraction)1/2"); },
     "\"a\""},
    {"options-name",
     [](GcoreSettings &g, Settings &) { g.video_options = structure_of("o,name=x"); },
     "video-name"},
    {"options-too-large",
     [](GcoreSettings &g, Settings &) {
         g.video_options = structure_of("o,a=(guint64)18446744073709551615");
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
    gcore.video_options =
        structure_of("o,i=(int)-7,u=(guint64)8,b=(boolean)true,d=(double)1.5,s=de");
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
    test::init_gst();
    g_unsetenv("GCORE_API_KEY");
    g_unsetenv("GCORE_BASE_URL");
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
