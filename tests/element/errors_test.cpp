// What an application reads on the bus: messages of a good run in their order, one clear ERROR of a
// bad one and no EOS, credentials that expire, and no secret in any log.
#include "element_support.h"

#include <algorithm>
#include <cstring>

#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- a good run ----------------------------------------------------------------------------------

void messages_come_in_order()
{
    const auto server = start_standin();
    const NoiseFile file(300000);
    Pipeline pipeline(file.source() +
                      "! tussink name=sink flush-interval=10 endpoint=" + server->files_url());
    pipeline.run(); // everything but EOS is in `seen` now: all of it came before
    std::vector<std::string> names;
    for (const Message &message : pipeline.seen) {
        if (GST_MESSAGE_SRC(message.get()) != GST_OBJECT(pipeline.sink()))
            continue;
        if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ELEMENT)
            names.push_back(message_name(message));
        if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_PROGRESS) {
            GstProgressType type{};
            gst_message_parse_progress(message.get(), &type, nullptr, nullptr);
            names.push_back(type == GST_PROGRESS_TYPE_START      ? "START"
                            : type == GST_PROGRESS_TYPE_COMPLETE ? "COMPLETE"
                                                                 : "CONTINUE");
        }
    }
    const auto at = [&](const char *name) {
        const auto found = std::find(names.begin(), names.end(), name);
        g_assert_true(found != names.end());
        return found - names.begin();
    };
    g_assert_cmpint(at("START"), <, at("tus-upload-complete"));
    g_assert_cmpint(at("tus-upload-created"), <, at("tus-upload-complete"));
    g_assert_cmpint(at("tus-upload-progress"), <, at("tus-upload-complete"));
    g_assert_cmpint(at("CONTINUE"), <, at("COMPLETE"));
    g_assert_cmpint(at("tus-upload-complete"), <, at("COMPLETE"));
    for (const Message &message : pipeline.seen) {
        if (message_name(message) != "tus-upload-complete")
            continue;
        guint64 bytes = 0;
        gst_structure_get_uint64(gst_message_get_structure(message.get()), "bytes", &bytes);
        g_assert_cmpuint(bytes, ==, 300000);
    }
    assert_same_bytes(*server, pipeline);
}

void progress_can_be_turned_off()
{
    const auto server = start_standin();
    Pipeline pipeline("fakesrc num-buffers=20 sizetype=fixed filltype=zero ! tussink name=sink "
                      "progress-interval=0 flush-interval=0 endpoint=" +
                      server->files_url());
    pipeline.run();
    g_assert_cmpint(pipeline.count("tus-upload-progress"), ==, 0);
}

void an_outage_warns_and_resumes()
{
    const auto server = start_standin();
    const NoiseFile file(500000);
    g_assert_true(server->add_fault("on PATCH 1-3: answer 503").ok());
    Pipeline pipeline(file.source() +
                      "! tussink name=sink flush-interval=10 endpoint=" + server->files_url());
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    int warnings = 0;
    for (const Message &message : pipeline.seen)
        warnings += GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING;
    g_assert_cmpint(warnings, ==, 1);
    g_assert_cmpint(pipeline.count("tus-upload-stalled"), >=, 3);
    g_assert_cmpint(pipeline.count("tus-upload-resumed"), ==, 1);
}

// --- bad ends ------------------------------------------------------------------------------------

// One ERROR from the sink that comes first, and never an EOS.
Message assert_fails(Pipeline &pipeline)
{
    Message message = pipeline.run_to_error();
    g_test_message("%s", error_text(message).c_str());
    g_assert_true(GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()));
    pipeline.request(GST_STATE_READY);
    for (const Message &other : pipeline.drain_bus()) {
        g_assert_cmpint(GST_MESSAGE_TYPE(other.get()), !=, GST_MESSAGE_EOS);
        if (GST_MESSAGE_TYPE(other.get()) == GST_MESSAGE_ERROR)
            g_assert_true(GST_MESSAGE_SRC(other.get()) != GST_OBJECT(pipeline.sink()));
    }
    return message;
}

struct RefusalRow {
    const char *name, *fault;
    int code;
    unsigned status;
};

const RefusalRow kRefusals[] = {
    {"400", "on POST any: answer 400", GST_RESOURCE_ERROR_WRITE, 400},
    {"401", "on POST any: answer 401", GST_RESOURCE_ERROR_NOT_AUTHORIZED, 401},
    {"403", "on POST any: answer 403 with HTML", GST_RESOURCE_ERROR_NOT_AUTHORIZED, 403},
    {"404", "on POST any: answer 404", GST_RESOURCE_ERROR_NOT_FOUND, 404},
};

std::string source(bool live)
{
    return live ? "fakesrc is-live=true sizetype=fixed sizemax=4096 filltype=zero "
                  "datarate=400000 format=time ! "
                : "fakesrc num-buffers=4 sizetype=fixed sizemax=4096 filltype=zero ! ";
}

void refusal_is_an_error(const RefusalRow &row)
{
    for (bool live : {false, true}) { // in the drain, and in render
        const auto server = start_standin();
        g_assert_true(server->add_fault(row.fault).ok());
        Pipeline pipeline(source(live) +
                          "tussink name=sink flush-interval=10 endpoint=" + server->files_url());
        const Message message = assert_fails(pipeline);
        g_assert_true(is_error(message, GST_RESOURCE_ERROR, row.code));
        unsigned status = 0;
        gst_structure_get_uint(error_details(message), "http-status-code", &status);
        g_assert_cmpuint(status, ==, row.status);
        g_assert_true(gst_structure_has_field(error_details(message), "retryable"));
    }
}

void wrong_path_is_an_error()
{
    const auto server = start_standin();
    Pipeline pipeline(source(false) + "tussink name=sink endpoint=" + server->url() + "/nothing/");
    assert_fails(pipeline);
}

void nobody_listening_is_an_error_after_the_outage_timeout()
{
    const auto server = start_standin();
    const std::string url = server->files_url();
    server->go_away();
    Pipeline pipeline(source(false) + "tussink name=sink outage-timeout=1 endpoint=" + url);
    assert_fails(pipeline);
}

void a_failed_drain_ends_its_progress()
{
    const auto server = start_standin();
    g_assert_true(server->add_fault("on PATCH any: answer 400").ok());
    Pipeline pipeline("appsrc name=src ! tussink name=sink flush-interval=0 endpoint=" +
                      server->files_url());
    GstElement *src = gst_bin_get_by_name(GST_BIN(pipeline.get()), "src");
    GstFlowReturn flow = GST_FLOW_OK;
    GstBuffer *buffer = gst_buffer_new_allocate(nullptr, 1000, nullptr);
    gst_buffer_memset(buffer, 0, 0, 1000);
    g_signal_emit_by_name(src, "push-buffer", buffer, &flow);
    gst_buffer_unref(buffer);
    pipeline.set(GST_STATE_PLAYING); // the first buffer lets it get there
    const Message first = pipeline.wait_for(GST_MESSAGE_ERROR);
    g_signal_emit_by_name(src, "end-of-stream", &flow);
    gst_object_unref(src);
    for (;;) {
        const Message message = pipeline.wait_for(GST_MESSAGE_PROGRESS | GST_MESSAGE_EOS);
        g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), ==, GST_MESSAGE_PROGRESS);
        GstProgressType type{};
        gst_message_parse_progress(message.get(), &type, nullptr, nullptr);
        if (type == GST_PROGRESS_TYPE_ERROR)
            break;
    }
}

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
    Pipeline pipeline(source(false) + "tussink name=sink authorization=\"Bearer old\" endpoint=" +
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

// The full log of runs full of secrets, good and bad, in a process of their own.
void no_secret_is_logged()
{
    if (g_test_subprocess()) {
        const auto server = start_standin({.api_key = "1234$secretmarker"});
        g_assert_true(server->add_fault("on PATCH 1: answer 401").ok());
        for (const char *bad : {"", "on ANY any: answer 403 with HTML"}) {
            if (*bad)
                g_assert_true(server->add_fault(bad).ok());
            for (const std::string &sink : {std::string("tussink name=sink"),
                                            "gcoresink name=sink api-url=" + server->url()}) {
                Pipeline pipeline(source(false) + sink);
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
    add_test("/messages/order", messages_come_in_order);
    add_test("/messages/no-progress", progress_can_be_turned_off);
    add_test("/messages/outage", an_outage_warns_and_resumes);
    for (const RefusalRow &row : kRefusals)
        add_row_test(std::string("/errors/refused/") + row.name, row, refusal_is_an_error);
    add_test("/errors/wrong-path", wrong_path_is_an_error);
    add_test("/errors/nobody-listening", nobody_listening_is_an_error_after_the_outage_timeout);
    add_test("/errors/drain", a_failed_drain_ends_its_progress);
    add_test("/credentials/signal", expired_credentials_are_renewed_by_the_signal);
    add_test("/credentials/property", a_changed_property_renews_too);
    add_test("/credentials/nobody-renews", nobody_renews_is_an_error);
    add_test("/credentials/bad-value", a_bad_value_while_running_is_refused);
    add_test("/secrets/log", no_secret_is_logged);
    return g_test_run();
}
