// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// splitmuxsink with async-finalize: fragments that wait for a server which is away, and come when
// it is back.
#include "element_support.h"
#include "glib/ptr.h"
#include "upload/live_upload.h"

#include <algorithm>
#include <vector>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Names in the order in which their first bytes came.
std::vector<std::string> order_of_bytes(const standin::Snapshot &now)
{
    std::vector<std::string> names;
    for (const auto &record : now.requests) {
        if (record.request.method != "PATCH")
            continue;
        for (const auto &[id, upload] : now.uploads) {
            const std::string &name = upload.metadata.at("filename");
            if (upload.url_path == record.request.path &&
                std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
        }
    }
    return names;
}

bool is_drain_start(GstMessage *message)
{
    GstProgressType type{};
    if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_PROGRESS)
        return false;
    gst_message_parse_progress(message, &type, nullptr, nullptr);
    return type == GST_PROGRESS_TYPE_START;
}

void fragments_of_an_outage_come_in_order()
{
    if (!have_elements("x264enc splitmuxsink mpegtsmux"))
        return;
    const auto server = start_standin();
    server->go_away();
    Pipeline pipeline(
        "videotestsrc is-live=true num-buffers=150 ! "
        "video/x-raw,width=160,height=120,framerate=30/1 ! "
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse ! "
        "splitmuxsink name=sink location=part%02d.ts max-size-time=500000000 async-finalize=true "
        "send-keyframe-requests=false muxer-factory=mpegtsmux sink-factory=tussink "
        "sink-properties=\"properties,max-parallel-uploads=(uint)1,endpoint=" +
        server->files_url() + "\"");
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    // The last of them may be live when the server is back: it waits for nobody. They end beside
    // each other: one more has, so that these have for certain.
    constexpr std::size_t kWaiting = 8;
    for (std::size_t started = 0; started < kWaiting + 1;) {
        Message message = pipeline.wait_for(GST_MESSAGE_PROGRESS | GST_MESSAGE_ERROR);
        g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), ==, GST_MESSAGE_PROGRESS);
        started += is_drain_start(message.get()) ? 1 : 0;
    }
    g_assert_true(server->come_back().ok());
    Message end = pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, patience(seconds(60)));
    if (GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_ERROR)
        g_error("%s", error_text(end).c_str());
    pipeline.request(GST_STATE_NULL);
    const auto now = server->snapshot();
    std::vector<std::string> order = order_of_bytes(now);
    g_assert_cmpuint(order.size(), >, kWaiting);
    for (const auto &[id, upload] : now.uploads)
        g_assert_true(upload.finished);
    std::erase_if(order, [&](const std::string &name) { return name >= "part08.ts"; });
    g_assert_cmpuint(order.size(), ==, kWaiting);
    for (const std::string &name : order)
        g_test_message("%s", name.c_str());
    g_assert_true(std::is_sorted(order.begin(), order.end()));
    const auto warnings =
        std::count_if(pipeline.seen.begin(), pipeline.seen.end(), [](const Message &message) {
            return GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING;
        });
    g_assert_cmpint(warnings, ==, 1);
}

// splitmuxsink gives a path to each fragment, and takes the values of its sinks as text. What they
// tell says which fragment it is about.
void fragments_are_told_apart()
{
    if (!have_elements("x264enc splitmuxsink mpegtsmux"))
        return;
    const auto server = start_standin();
    Pipeline pipeline(
        "videotestsrc num-buffers=60 ! video/x-raw,width=160,height=120,framerate=30/1 ! "
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse ! "
        "splitmuxsink name=sink location=/data/rec/part%02d.ts max-size-time=500000000 "
        "async-finalize=true send-keyframe-requests=false muxer-factory=mpegtsmux "
        "sink-factory=tussink "
        "sink-properties=\"properties,spool-mode=always,on-stop=keep,length-mode=concatenation,"
        "endpoint=" +
        server->files_url() + "\"");

    struct Modes {
        int spool = -1, stop = -1;
    } modes;

    g_signal_connect(
        pipeline.sink(), "sink-added", G_CALLBACK(+[](GstElement *, GstElement *sink, Modes *out) {
            g_object_get(sink, "spool-mode", &out->spool, "on-stop", &out->stop, nullptr);
        }),
        &modes);
    pipeline.run();
    g_assert_cmpint(modes.spool, ==, static_cast<int>(SpoolMode::kAlways));
    g_assert_cmpint(modes.stop, ==, static_cast<int>(OnStop::kKeep));
    std::vector<std::string> complete;
    for (const Message &message : pipeline.seen) {
        if (!message_name(message).starts_with("tus-upload-"))
            continue;
        const GstStructure *fields = gst_message_get_structure(message.get());
        const char *location = gst_structure_get_string(fields, "location");
        g_assert_true(g_str_has_prefix(location, "part"));
        if (message_name(message) == "tus-upload-created")
            g_assert_cmpstr(gst_structure_get_string(fields, "length-mode"), ==, "concatenation");
        if (message_name(message) == "tus-upload-complete")
            complete.emplace_back(location);
    }
    std::sort(complete.begin(), complete.end());
    g_assert_cmpuint(complete.size(), >=, 3);
    std::size_t number = 0;
    for (const std::string &name : complete) {
        const GCharOwn expected(g_strdup_printf("part%02zu.ts", number++));
        ASSERT_STR(name, expected.get());
    }
    const auto now = server->snapshot();
    for (const std::string &name : complete) {
        g_assert_true(std::any_of(now.uploads.begin(), now.uploads.end(), [&](const auto &upload) {
            const auto given = upload.second.metadata.find("filename");
            return upload.second.finished && given != upload.second.metadata.end() &&
                   given->second == name;
        }));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/fragments/outage", fragments_of_an_outage_come_in_order);
    add_test("/fragments/told-apart", fragments_are_told_apart);
    return g_test_run();
}
