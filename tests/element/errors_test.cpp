// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an application reads on the bus: messages of a good run in their order, one clear ERROR of a
// bad one and no EOS.
#include "element_support.h"
#include "noise.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cstring>

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

// Nobody could look whether the upload is complete: the recording stays here.
void a_kept_recording_is_told_of()
{
    for (const bool wanted : {true, false}) {
        standin::StandinOptions options;
        options.habits = {"no-head"};
        const auto server = start_standin(std::move(options));
        const NoiseFile file(300000);
        const GCharOwn folder(g_dir_make_tmp("gst-tus-kept-XXXXXX", nullptr));
        Pipeline pipeline(
            file.source() + "! tussink name=sink flush-interval=10 spool-dir=" + folder.get() +
            " endpoint=" + server->files_url() + (wanted ? "" : " keep-until-proved=false"));
        pipeline.run();
        assert_same_bytes(*server, pipeline);
        pipeline.set(GST_STATE_NULL);
        g_assert_cmpint(pipeline.count("tus-upload-complete"), ==, 1);
        g_assert_cmpint(pipeline.count("tus-upload-kept"), ==, wanted ? 1 : 0);
        for (const Message &message : pipeline.seen) {
            if (message_name(message) != "tus-upload-kept")
                continue;
            const GstStructure *kept = gst_message_get_structure(message.get());
            const std::string path = gst_structure_get_string(kept, "path");
            const GCharOwn id(g_path_get_basename(path.c_str()));
            guint64 missing = 0;
            g_assert_true(gst_structure_get_uint64(kept, "bytes-missing", &missing));
            g_assert_cmpuint(missing, ==, 300000);
            const std::string command = gst_structure_get_string(kept, "command");
            g_assert_true(command == std::string("gst-tus-recover --send-again ") + id.get() +
                                         " '" + folder.get() + "'");
            g_assert_true(
                std::any_of(pipeline.seen.begin(), pipeline.seen.end(), [&](const Message &other) {
                    return GST_MESSAGE_TYPE(other.get()) == GST_MESSAGE_WARNING &&
                           error_text(other).find(command) != std::string::npos;
                }));
            g_assert_true(delete_upload(folder.get(), id.get()).ok());
        }
        g_assert_cmpint(remove_spool(folder.get()), ==, 0);
    }
}

// --- bad ends ------------------------------------------------------------------------------------

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

void refusal_is_an_error(const RefusalRow &row)
{
    for (bool live : {false, true}) { // in the drain, and in render
        const auto server = start_standin();
        g_assert_true(server->add_fault(row.fault).ok());
        Pipeline pipeline((live ? endless_source() : short_source()) +
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
    Pipeline pipeline(short_source() + "tussink name=sink endpoint=" + server->url() + "/nothing/");
    assert_fails(pipeline);
}

void nobody_listening_is_an_error_after_the_outage_timeout()
{
    const auto server = start_standin();
    const std::string url = server->files_url();
    server->go_away();
    Pipeline pipeline(short_source() + "tussink name=sink outage-timeout=1 endpoint=" + url);
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

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/messages/order", messages_come_in_order);
    add_test("/messages/no-progress", progress_can_be_turned_off);
    add_test("/messages/kept", a_kept_recording_is_told_of);
    add_test("/messages/outage", an_outage_warns_and_resumes);
    for (const RefusalRow &row : kRefusals)
        add_row_test(std::string("/errors/refused/") + row.name, row, refusal_is_an_error);
    add_test("/errors/wrong-path", wrong_path_is_an_error);
    add_test("/errors/nobody-listening", nobody_listening_is_an_error_after_the_outage_timeout);
    add_test("/errors/drain", a_failed_drain_ends_its_progress);
    return g_test_run();
}
