// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Real muxers in front of the sink: those that can be streamed arrive whole, those that go back in
// the file get an error that names the cure, and splitmuxsink gets its fragments.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "noise.h"
#include "replay/recovery.h"

#include <cstring>
#include <set>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kVideo = "videotestsrc num-buffers=60 ! video/x-raw,width=160,height=120,"
                               "framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
                               "key-int-max=15 ! h264parse ! ";
constexpr const char *kSound = "audiotestsrc num-buffers=90 ! audio/x-raw,channels=1 ! ";

// --- streamable ----------------------------------------------------------------------------------

struct MuxerRow {
    const char *name, *factory, *launch, *type;
    bool warns; // of an index at the end
};

const MuxerRow kMuxers[] = {
    {"mp4-fragmented", "mp4mux", "mp4mux fragment-duration=500", "video/mp4", false},
    {"mp4-plain", "mp4mux", "mp4mux", "video/mp4", true},
    {"mp4-faststart", "mp4mux", "mp4mux faststart=true", "video/mp4", false},
    {"matroska", "matroskamux", "matroskamux", "video/x-matroska", false},
    {"ts", "mpegtsmux", "mpegtsmux alignment=7", "video/mp2t", false},
    {"flv", "flvmux", "flvmux", "video/x-flv", false},
};

void muxer_arrives_whole(const MuxerRow &row)
{
    if (!have_elements(cat("x264enc ", row.factory)))
        return;
    const auto server = start_standin();
    Pipeline pipeline(std::string(kVideo) + row.launch + " ! tussink name=sink location=" +
                      row.name + " flush-interval=10 endpoint=" + server->files_url());
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    const auto snapshot = server->snapshot();
    ASSERT_STR(snapshot.only_finished()->metadata.at("filetype"), row.type);
    int warnings = 0;
    for (const Message &message : pipeline.seen) {
        if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING &&
            GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()))
            ++warnings;
    }
    g_assert_cmpint(warnings, ==, row.warns);
}

// --- not streamable ------------------------------------------------------------------------------

struct RewriteRow {
    const char *name, *factory, *launch, *cure;
};

const RewriteRow kRewriters[] = {
    {"avi", "avimux", "avimux name=mux", "matroskamux"},
    {"mp4-then-finalise", "mp4mux",
     "mp4mux name=mux fragment-duration=500 fragment-mode=first-moov-then-finalise", "dash-or-mss"},
    {"avi-behind-a-queue", "avimux", "avimux name=mux ! queue ! identity", "matroskamux"},
};

struct TornRow {
    const char *name, *on_stop;
    bool eos_after, removed;
};

const TornRow kTorn[] = {
    {"finish", "finish", false, false},
    {"finish-eos", "finish", true, false},
    {"keep", "keep", false, false},
    {"terminate", "terminate", false, true},
    {"terminate-eos", "terminate", true, true},
};

void check_seek_error(Pipeline &pipeline, const char *cure)
{
    const Message message = pipeline.run_to_error();
    g_test_message("%s", error_text(message).c_str());
    g_assert_true(is_error(message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK));
    g_assert_true(GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()));
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "mux ("));
    g_assert_nonnull(std::strstr(error_text(message).c_str(), cure));
    pipeline.request(GST_STATE_READY);
    for (const Message &other : pipeline.drain_bus())
        g_assert_cmpint(GST_MESSAGE_TYPE(other.get()), !=, GST_MESSAGE_EOS);
}

void rewriting_muxer_is_told(const RewriteRow &row)
{
    if (!have_elements(cat("x264enc ", row.factory)))
        return;
    const auto server = start_standin();
    Pipeline pipeline(std::string(kVideo) + row.launch +
                      " ! tussink name=sink endpoint=" + server->files_url());
    check_seek_error(pipeline, row.cure);
}

void wavenc_is_told()
{
    if (!have_elements("wavenc"))
        return;
    const auto server = start_standin();
    Pipeline pipeline(std::string(kSound) +
                      "wavenc name=mux ! tussink name=sink endpoint=" + server->files_url());
    check_seek_error(pipeline, "flacenc");
}

// A muxer that nobody knows: at the end it goes back to the first byte.
GstPadProbeReturn go_back(GstPad *pad, GstPadProbeInfo *info, gpointer /*data*/)
{
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS)
        return GST_PAD_PROBE_OK;
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    GstPad *peer = gst_pad_get_peer(pad);
    gst_pad_send_event(peer, gst_event_new_segment(&segment));
    gst_object_unref(peer);
    return GST_PAD_PROBE_REMOVE;
}

void go_back_at_the_end(Pipeline &pipeline)
{
    GstElement *mux = gst_bin_get_by_name(GST_BIN(pipeline.get()), "mux");
    GstPad *pad = gst_element_get_static_pad(mux, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, go_back, nullptr, nullptr);
    gst_object_unref(pad);
    gst_object_unref(mux);
}

// What a muxer wanted to rewrite is not declared complete, whatever comes after that.
void what_is_torn_is_not_finished(const TornRow &row)
{
    if (!have_elements("x264enc mpegtsmux"))
        return;
    const auto server = start_standin();
    const GCharOwn folder(g_dir_make_tmp("gst-tus-torn-XXXXXX", nullptr));
    Pipeline pipeline(
        cat(kVideo, "mpegtsmux name=mux ! tussink name=sink flush-interval=0 on-stop=", row.on_stop,
            " spool-dir=", folder.get(), " endpoint=", server->files_url()));
    go_back_at_the_end(pipeline);
    GstPad *pad = gst_element_get_static_pad(pipeline.sink(), "sink");
    const Message message = pipeline.run_to_error();
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "mux (mpegtsmux) wants to rewrite"));
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "not declared complete"));
    const std::uint64_t taken = stat(pipeline.sink(), "bytes-rendered");
    g_assert_true(server->wait_for( // the last byte waits for the end
        [taken](const standin::Snapshot &now) {
            return !now.uploads.empty() && now.uploads.begin()->second.offset + 1 >= taken;
        },
        patience(seconds(20))));
    if (row.eos_after)
        gst_pad_send_event(pad, gst_event_new_eos());
    gst_object_unref(pad);
    pipeline.request(GST_STATE_READY);
    int warnings = 0;
    for (const Message &other : pipeline.drain_bus()) {
        g_assert_true(message_name(other) != "tus-upload-complete");
        if (GST_MESSAGE_TYPE(other.get()) == GST_MESSAGE_WARNING &&
            GST_MESSAGE_SRC(other.get()) == GST_OBJECT(pipeline.sink())) {
            ++warnings;
            g_test_message("%s", error_text(other).c_str());
            g_assert_nonnull(std::strstr(error_text(other).c_str(), "not be playable"));
        }
    }
    const auto snapshot = server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 1);
    const auto &upload = snapshot.uploads.begin()->second;
    g_assert_false(upload.finished);
    g_assert_true(upload.removed == row.removed);
    g_assert_cmpint(warnings, ==, row.removed ? 0 : 1);
    auto left = list_uploads(folder.get());
    g_assert_true(left.ok());
    g_assert_cmpuint(left->size(), ==, row.removed ? 0 : 1);
    for (const SpooledUpload &kept : *left)
        g_assert_true(delete_upload(folder.get(), kept.id).ok());
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

// A muxer in a bin of its own, the sink in another.
void muxer_is_found_through_bins()
{
    if (!have_elements("x264enc avimux"))
        return;
    const auto server = start_standin();
    Pipeline pipeline(std::string(kVideo) + "( avimux name=mux ) ! ( tussink name=sink endpoint=" +
                      server->files_url() + " )");
    check_seek_error(pipeline, "matroskamux");
}

// --- splitmuxsink --------------------------------------------------------------------------------

struct SplitRow {
    const char *name;
    bool async_finalize;
};

const SplitRow kSplits[] = {{"one-sink", false}, {"async-finalize", true}};

GstElement *make_split(const SplitRow &row, const std::string &endpoint)
{
    GstElement *split = gst_element_factory_make("splitmuxsink", nullptr);
    g_object_set(split, "location", "part%02d.ts", "max-size-time", 500 * GST_MSECOND,
                 "send-keyframe-requests", FALSE, nullptr);
    if (row.async_finalize) {
        GstStructure *values =
            gst_structure_new("properties", "endpoint", G_TYPE_STRING, endpoint.c_str(),
                              "flush-interval", G_TYPE_UINT, 10U, nullptr);
        g_object_set(split, "async-finalize", TRUE, "muxer-factory", "mpegtsmux", "sink-factory",
                     "tussink", "sink-properties", values, nullptr);
        gst_structure_free(values);
    } else {
        GstElement *sink = gst_element_factory_make("tussink", nullptr);
        g_object_set(sink, "endpoint", endpoint.c_str(), "flush-interval", 10U, nullptr);
        g_object_set(split, "sink", sink, "muxer", gst_element_factory_make("mpegtsmux", nullptr),
                     nullptr);
    }
    return split;
}

// Records two seconds through it, to EOS.
void record(GstElement *split)
{
    GstElement *bin = gst_parse_bin_from_description(
        (std::string(kVideo) + "identity name=last").c_str(), FALSE, nullptr);
    GstElement *last = gst_bin_get_by_name(GST_BIN(bin), "last");
    GstElement *pipeline = gst_pipeline_new(nullptr);
    gst_bin_add(GST_BIN(bin), split);
    g_assert_true(gst_element_link_pads(last, "src", split, "video"));
    gst_bin_add(GST_BIN(pipeline), bin);
    gst_object_unref(last);
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    const Message end(gst_bus_timed_pop_filtered(
        bus, clock_time(patience(seconds(30))),
        static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    g_assert_nonnull(end.get());
    if (GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_ERROR)
        g_error("%s", error_text(end).c_str());
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
}

void fragments_are_uploads(const SplitRow &row)
{
    if (!have_elements("x264enc splitmuxsink mpegtsmux"))
        return;
    const auto server = start_standin();
    record(make_split(row, server->files_url()));
    const auto snapshot = server->snapshot();
    std::set<std::string> names;
    for (const auto &[id, upload] : snapshot.uploads) {
        g_assert_true(upload.finished);
        g_assert_cmpuint(upload.offset, >, 0);
        g_assert_cmpuint(upload.offset % 188, ==, 0);
        names.insert(upload.metadata.at("filename"));
    }
    g_assert_cmpuint(names.size(), ==, snapshot.uploads.size());
    g_assert_cmpuint(names.size(), >=, 3); // 2 s in pieces of half a second
    g_assert_true(names.contains("part00.ts") && names.contains("part01.ts"));
    g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const MuxerRow &row : kMuxers)
        add_row_test(std::string("/muxers/streamable/") + row.name, row, muxer_arrives_whole);
    for (const RewriteRow &row : kRewriters)
        add_row_test(std::string("/muxers/rewriting/") + row.name, row, rewriting_muxer_is_told);
    for (const TornRow &row : kTorn)
        add_row_test(std::string("/muxers/torn/") + row.name, row, what_is_torn_is_not_finished);
    add_test("/muxers/rewriting/wav", wavenc_is_told);
    add_test("/muxers/rewriting/in-bins", muxer_is_found_through_bins);
    for (const SplitRow &row : kSplits)
        add_row_test(std::string("/muxers/splitmuxsink/") + row.name, row, fragments_are_uploads);
    return g_test_run();
}
