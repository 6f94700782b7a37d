// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Credentials that expire or are refused while a recording runs, and no secret in any log.
#include "element_support.h"

#include <atomic>
#include <cstring>

#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- credentials ---------------------------------------------------------------------------------

void expired_credentials_are_renewed_by_the_signal()
{
    const auto server = start_standin();
    g_assert_true(server->add_fault("on PATCH 1: answer 401").ok());
    const NoiseFile file(100000);
    Pipeline pipeline(file.source() + "! tussink name=sink authorization=\"Bearer old\" endpoint=" +
                      server->files_url());
    std::atomic<int> asked{0};
    g_signal_connect(pipeline.sink(), "refresh-authorization",
                     G_CALLBACK(+[](GstElement *, gpointer data) -> char * {
                         ++*static_cast<std::atomic<int> *>(data);
                         return g_strdup("Bearer new");
                     }),
                     &asked);
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    g_assert_cmpint(asked, ==, 1);
    const auto snapshot = server->snapshot();
    const auto &last = snapshot.requests.back().request.headers;
    const auto found = last.find("authorization");
    g_assert_true(found != last.end());
    ASSERT_STR(found->second, "Bearer new");
}

void a_changed_property_renews_too()
{
    const auto server = start_standin();
    g_assert_true(server->add_fault("on PATCH 1: answer 403").ok());
    const NoiseFile file(100000);
    Pipeline pipeline(file.source() + "! tussink name=sink authorization=\"Bearer old\" endpoint=" +
                      server->files_url());
    g_signal_connect(pipeline.sink(), "refresh-authorization",
                     G_CALLBACK(+[](GstElement *sink, gpointer) -> char * {
                         g_object_set(sink, "authorization", "Bearer new", nullptr);
                         return nullptr;
                     }),
                     nullptr);
    pipeline.run();
    assert_same_bytes(*server, pipeline);
}

void nobody_renews_is_an_error()
{
    const auto server = start_standin();
    g_assert_true(server->add_fault("on PATCH any: answer 401").ok());
    Pipeline pipeline(short_source() + "tussink name=sink authorization=\"Bearer old\" endpoint=" +
                      server->files_url());
    const Message message = assert_fails(pipeline);
    g_assert_true(is_error(message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED));
    g_assert_true(gst_structure_has_field(error_details(message), "upload-url"));
}

void a_bad_value_while_running_is_refused()
{
    const auto server = start_standin();
    Pipeline pipeline("appsrc name=src ! tussink name=sink endpoint=" + server->files_url());
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    gst_util_set_object_arg(G_OBJECT(pipeline.sink()), "extra-headers", "h,Upload-Offset=(int)1");
    const Message message = pipeline.wait_for(GST_MESSAGE_WARNING);
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "Upload-Offset"));
    GstStructure *headers = nullptr;
    g_object_get(pipeline.sink(), "extra-headers", &headers, nullptr);
    g_assert_null(headers);
}

// --- secrets -------------------------------------------------------------------------------------

void assert_no_secret(const char *log)
{
    for (const char *secret : {"secretmarker", "authmarker", "urlmarker", "eyJ"}) {
        const char *found = std::strstr(log, secret);
        if (!found)
            continue;
        const char *begin = found;
        while (begin > log && begin[-1] != '\n')
            --begin;
        g_error("%s is in the log: %.*s", secret, static_cast<int>(strcspn(begin, "\n")), begin);
    }
}

// Runs full of secrets, good and bad.
void run_with_secrets()
{
    const auto server = start_standin({.api_key = "1234$secretmarker"});
    g_assert_true(server->add_fault("on PATCH 1: answer 401").ok());
    for (const char *bad : {"", "on ANY any: answer 403 with HTML"}) {
        if (*bad)
            g_assert_true(server->add_fault(bad).ok());
        for (const std::string &sink :
             {std::string("tussink name=sink"), "gcoresink name=sink api-url=" + server->url()}) {
            Pipeline pipeline(short_source() + sink);
            // set like an application does: gst_parse_launch logs what it parses
            g_object_set(pipeline.sink(), "authorization", "Bearer authmarker", nullptr);
            if (std::strstr(sink.c_str(), "gcoresink"))
                g_object_set(pipeline.sink(), "api-key", "1234$secretmarker", nullptr);
            else
                g_object_set(pipeline.sink(), "endpoint",
                             (server->files_url() + "?key=urlmarker").c_str(), nullptr);
            pipeline.request(GST_STATE_PLAYING);
            const Message end = pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
            char *dot =
                gst_debug_bin_to_dot_data(GST_BIN(pipeline.get()), GST_DEBUG_GRAPH_SHOW_ALL);
            g_printerr("%s\n", dot);
            g_free(dot);
        }
    }
}

// Their full log, in a process of their own.
void no_secret_is_logged()
{
    if (g_test_subprocess()) {
        run_with_secrets();
        return;
    }
    char *log = nullptr;
    const int file = g_file_open_tmp("gst-tus-log-XXXXXX", &log, nullptr);
    g_assert_cmpint(file, >=, 0);
    close(file);
    g_setenv("GST_DEBUG", "*:9", TRUE);
    g_setenv("GST_DEBUG_NO_COLOR", "1", TRUE);
    g_setenv("GST_DEBUG_FILE", log, TRUE);
    g_test_trap_subprocess(nullptr, clock_time(patience(seconds(60))) / 1000,
                           G_TEST_SUBPROCESS_DEFAULT);
    g_unsetenv("GST_DEBUG");
    g_unsetenv("GST_DEBUG_FILE");
    g_test_trap_assert_passed();
    for (const char *secret : {"secretmarker", "authmarker", "urlmarker", "eyJ"}) // the token
        g_test_trap_assert_stderr_unmatched((std::string("*") + secret + "*").c_str());
    char *text = nullptr;
    g_assert_true(g_file_get_contents(log, &text, nullptr, nullptr));
    g_assert_nonnull(std::strstr(text, "PATCH")); // the log is there
    assert_no_secret(text);
    g_free(text);
    unlink(log);
    g_free(log);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/credentials/signal", expired_credentials_are_renewed_by_the_signal);
    add_test("/credentials/property", a_changed_property_renews_too);
    add_test("/credentials/nobody-renews", nobody_renews_is_an_error);
    add_test("/credentials/bad-value", a_bad_value_while_running_is_refused);
    add_test("/secrets/log", no_secret_is_logged);
    return g_test_run();
}
