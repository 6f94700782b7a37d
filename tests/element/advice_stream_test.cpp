// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Advice on what a stream does on its way: a muxer that somebody else has told that it may go
// back, seeks, files that are as they are, parameters that change, and the silence of a pipeline.
#include "base/text.h"
#include "glib/ptr.h"
#include "muxer_hint.h"
#include "playing_timer.h"
#include "stream.h"
#include "tus_sink.h"

#include <atomic>
#include <cstdio>
#include <cstring>

#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kH264 = "videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120,"
                              "framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast "
                              "key-int-max=15 ! h264parse ! ";
constexpr const char *kVp8 = "videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120,"
                             "framerate=30/1 ! vp8enc deadline=1 ! ";
constexpr const char *kSound = "audiotestsrc num-buffers=60 ! audio/x-raw,channels=1,rate=48000 ! ";

bool says(const std::string &text, const char *words)
{
    g_test_message("%s", text.c_str());
    return std::strstr(text.c_str(), words) != nullptr;
}

// --- a tee ---------------------------------------------------------------------------------------

struct TeeRow {
    const char *name, *encoder, *source, *muxer;
    bool in_front_too; // works if the sink's branch is linked first
    bool file_first;   // works also where the file's is
};

const TeeRow kTees[] = {
    {"matroska", "x264enc", kH264, "matroskamux name=mux", true, false},
    {"matroska-streamable", "x264enc", kH264, "matroskamux name=mux streamable=true", true, true},
    {"webm", "vp8enc", kVp8, "webmmux name=mux", true, false},
    {"flv", "x264enc", kH264, "flvmux name=mux", true, false},
    {"mp4", "x264enc", kH264, "mp4mux name=mux", true, false},
    {"mp4-fragmented", "x264enc", kH264, "mp4mux name=mux fragment-duration=500", true, false},
    {"mp4-faststart", "x264enc", kH264, "mp4mux name=mux faststart=true", true, true},
    {"flac", "flacenc", kSound, "flacenc name=mux", true, false},
    {"ts", "x264enc", kH264, "mpegtsmux name=mux", true, true},
};

std::string teed(const TeeRow &row, bool file_first, const std::string &endpoint,
                 const std::string &copy)
{
    const std::string file = " t. ! queue ! filesink location=" + copy;
    const std::string sink =
        " t. ! queue ! tussink name=sink location=teed flush-interval=10 endpoint=" + endpoint;
    return cat(row.source, row.muxer, " ! tee name=t", file_first ? file + sink : sink + file);
}

void order_at_a_tee_is_told(const TeeRow &row)
{
    if (!have_elements(row.encoder))
        return;
    const auto server = start_standin({.examine = false});
    const GCharOwn folder(g_dir_make_tmp("gst-tus-tee-XXXXXX", nullptr));
    const std::string copy = cat(folder.get(), "/copy");
    {
        Pipeline first(teed(row, false, server->files_url(), copy));
        first.run();
        assert_same_bytes(*server, first);
    }
    Pipeline second(teed(row, true, server->files_url(), copy));
    if (row.file_first) {
        second.run();
    } else {
        const Message error = second.run_to_error();
        g_assert_true(GST_MESSAGE_SRC(error.get()) == GST_OBJECT(second.sink()));
        const std::string text = error_text(error);
        g_assert_true(says(text, "mux ("));
        g_assert_true(says(text, ": link this sink's branch of the tee before")); // comes first
        g_assert_cmpuint(stat(second.sink(), "bytes-rendered"), ==, 0);
    }
    second.request(GST_STATE_NULL);
    std::remove(copy.c_str());
    rmdir(folder.get());
}

// --- what is no muxer ----------------------------------------------------------------------------

// An MP4 that has its index at its end is what it is.
void a_file_gets_no_advice()
{
    if (!have_elements("x264enc mp4mux"))
        return;
    const auto server = start_standin({.examine = false});
    const GCharOwn folder(g_dir_make_tmp("gst-tus-file-XXXXXX", nullptr));
    const std::string path = cat(folder.get(), "/a.mp4");
    {
        // "sink" is what a Pipeline looks at
        Pipeline writer(cat(kH264, "mp4mux ! filesink name=sink location=", path));
        writer.run();
    }
    for (const char *between : {"", "queue ! ", "identity ! typefind ! "}) {
        Pipeline upload(cat("filesrc location=", path, " ! ", between,
                            "tussink name=sink endpoint=", server->files_url()));
        upload.run();
        for (const Message &message : upload.seen)
            g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), !=, GST_MESSAGE_WARNING);
    }
    std::remove(path.c_str());
    rmdir(folder.get());
}

void a_seek_is_called_a_seek()
{
    for (const bool flushing : {true, false}) {
        Stream stream;
        g_assert_cmpint(stream.push("0123456789"), ==, GST_FLOW_OK);
        if (flushing) {
            gst_harness_push_event(stream.harness, gst_event_new_flush_start());
            gst_harness_push_event(stream.harness, gst_event_new_flush_stop(FALSE));
        }
        stream.segment(4);
        const Message error = stream.pop(GST_MESSAGE_ERROR);
        g_assert_true(is_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK));
        g_assert_true(says(error_text(error), "A seek leads to byte 4 after 10 bytes"));
        g_assert_false(says(error_text(error), "rewrite"));
    }
}

// In place of EOS, what a muxer sends that was sought.
GstPadProbeReturn seek_at_the_end(GstPad *pad, GstPadProbeInfo *info, gpointer /*data*/)
{
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS)
        return GST_PAD_PROBE_OK;
    GstPad *peer = gst_pad_get_peer(pad);
    gst_pad_send_event(peer, gst_event_new_flush_start());
    gst_pad_send_event(peer, gst_event_new_flush_stop(FALSE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    gst_pad_send_event(peer, gst_event_new_segment(&segment));
    gst_object_unref(peer);
    return GST_PAD_PROBE_DROP;
}

// Also where a muxer is in front: it does what it was told.
void a_flushing_seek_through_a_muxer_is_one()
{
    if (!have_elements("x264enc mpegtsmux"))
        return;
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(cat(kH264, "mpegtsmux name=mux ! tussink name=sink on-stop=terminate ",
                          "endpoint=", server->files_url()));
    GstElement *mux = gst_bin_get_by_name(GST_BIN(pipeline.get()), "mux");
    GstPad *pad = gst_element_get_static_pad(mux, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, seek_at_the_end, nullptr, nullptr);
    gst_object_unref(pad);
    gst_object_unref(mux);
    const Message error = pipeline.run_to_error();
    g_assert_true(says(error_text(error), "A seek leads to byte 0"));
}

// --- the words -----------------------------------------------------------------------------------

struct CureRow {
    const char *factory, *words;
};

const CureRow kCures[] = {
    {"mp4mux", "fragment-duration=1000"},
    {"isofmp4mux", "header-update-mode=none"},
    {"isomp4mux", "isofmp4mux"},
    {"matroskamux", "streamable=true"},
    {"avimux", "matroskamux"},
    {"wavenc", "flacenc"},
    {"xingmux", "leave it out"},
    {"somethingmux", "matroskamux"},
    {"", "matroskamux"},
};

void cure_has_its_words(const CureRow &row)
{
    Upstream muxer;
    muxer.name = "mux";
    muxer.factory = row.factory;
    g_assert_true(says(cure_of(muxer, false), row.words));
    g_assert_true(says(cure_of(muxer, true), row.words));
    g_assert_false(why_it_keeps_all(muxer).has_value()); // nothing is known of it
}

// --- parameters ----------------------------------------------------------------------------------

std::vector<std::string> warnings_of(const Pipeline &pipeline)
{
    std::vector<std::string> texts;
    for (const Message &message : pipeline.seen) {
        if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING)
            texts.push_back(error_text(message));
    }
    return texts;
}

// The size of the picture changes between the encoder's restarts.
std::string changing(const char *first, const char *second, const std::string &endpoint)
{
    return cat("concat name=c ! mpegtsmux name=mux ! tussink name=sink flush-interval=10 endpoint=",
               endpoint, " ", first, " ! c. ", second, " ! c.");
}

std::string picture(int width, const char *more = "")
{
    return cat("videotestsrc num-buffers=30 ! video/x-raw,width=", width,
               ",height=120,framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast ",
               more, " ! h264parse ! video/x-h264,stream-format=byte-stream ! queue");
}

void a_change_is_told_once()
{
    if (!have_elements("x264enc mpegtsmux"))
        return;
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(changing(picture(160).c_str(), picture(320).c_str(), server->files_url()));
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    const auto warnings = warnings_of(pipeline);
    g_assert_cmpuint(warnings.size(), ==, 1);
    g_assert_true(says(warnings[0], "width 160, then 320"));
    g_assert_true(says(warnings[0], "Gcore"));
    g_assert_true(says(warnings[0], "split-now"));
}

// Other headers, the same parameters.
void what_stays_the_same_is_no_change()
{
    if (!have_elements("x264enc mpegtsmux"))
        return;
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(changing(picture(160).c_str(), picture(160, "bitrate=300 ref=2").c_str(),
                               server->files_url()));
    pipeline.run();
    g_assert_cmpuint(warnings_of(pipeline).size(), ==, 0);
}

// Without a muxer the sink sees it itself.
void a_change_of_the_stream_itself_is_told()
{
    Stream stream;
    const auto caps = [&](const char *text) {
        gst_harness_push_event(stream.harness, gst_event_new_caps(gst_caps_from_string(text)));
    };
    caps("audio/mpeg,mpegversion=1,layer=3,rate=48000,channels=2");
    caps("audio/mpeg,mpegversion=1,layer=3,rate=44100,channels=2"); // nothing was taken
    g_assert_cmpint(stream.push("one"), ==, GST_FLOW_OK);
    g_assert_cmpint(stream.push("two"), ==, GST_FLOW_OK);
    g_assert_false(stream.has(GST_MESSAGE_WARNING));
    caps("audio/mpeg,mpegversion=1,layer=3,rate=22050,channels=2");
    const Message warning = stream.pop(GST_MESSAGE_WARNING);
    g_assert_true(says(error_text(warning), "rate 44100, then 22050"));
    caps("audio/mpeg,mpegversion=1,layer=3,rate=8000,channels=1");
    g_assert_false(stream.has(GST_MESSAGE_WARNING)); // once
    stream.finish_and_compare();
}

// --- sizes ---------------------------------------------------------------------------------------

constexpr std::uint64_t kMost = 100000;

// Once, when a tenth is left.
void the_service_is_nearly_full()
{
    g_assert_cmpuint(
        GST_TUS_SINK_CLASS(g_type_class_peek(g_type_from_name("GstGcoreSink")))->most_bytes, ==,
        30'000'000'000);
    Stream stream;
    GST_TUS_SINK_GET_CLASS(stream.element)->most_bytes = kMost;
    const std::string piece(10000, 'x');
    for (int i = 0; i < 9; ++i)
        g_assert_cmpint(stream.push(piece), ==, GST_FLOW_OK);
    g_assert_false(stream.has(GST_MESSAGE_WARNING));
    g_assert_cmpint(stream.push(piece), ==, GST_FLOW_OK); // with it, what was there is looked at
    g_assert_true(says(error_text(stream.pop(GST_MESSAGE_WARNING)), "takes 100000 of a file"));
    g_assert_cmpint(stream.push("more"), ==, GST_FLOW_OK);
    g_assert_false(stream.has(GST_MESSAGE_WARNING));
    GST_TUS_SINK_GET_CLASS(stream.element)->most_bytes = 0;
    stream.finish_and_compare();
}

void the_server_is_nearly_full()
{
    const auto server = start_standin({.max_size = kMost, .examine = false});
    const auto source = [](const char *more) {
        return cat("fakesrc is-live=true sizetype=fixed sizemax=4096 filltype=zero format=time "
                   "datarate=100000 ",
                   more, " ! tussink name=sink flush-interval=0 location=full ");
    };
    Pipeline less(cat(source("num-buffers=21"), "endpoint=", server->files_url())); // 86016 bytes
    less.run();
    g_assert_cmpuint(warnings_of(less).size(), ==, 0);
    Pipeline more(cat(source(""), "on-stop=terminate endpoint=", server->files_url()));
    more.request(GST_STATE_PLAYING);
    const Message warning = more.wait_for(GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);
    g_assert_cmpint(GST_MESSAGE_TYPE(warning.get()), ==, GST_MESSAGE_WARNING); // before the ERROR
    g_assert_true(says(error_text(warning), "the server takes 100000 (Tus-Max-Size)"));
}

// --- the timer -----------------------------------------------------------------------------------

void timer_calls_while_it_plays_only()
{
    const auto calls = std::make_shared<std::atomic<int>>(0);
    PlayingTimer timer(milliseconds(5), [calls] { ++*calls; });
    timer.set_playing(false);
    timer.set_playing(true);
    timer.set_playing(true);
    const TimePoint deadline = Clock::now() + patience(seconds(20));
    while (*calls < 3 && Clock::now() < deadline)
        g_usleep(1000); // nothing else tells
    g_assert_cmpint(*calls, >=, 3);
    timer.set_playing(false);
    PlayingTimer never(seconds(3600), [] { g_assert_not_reached(); });
    never.set_playing(true); // and goes while it waits
}

// The call may end what calls it.
void timer_may_be_stopped_by_its_call()
{
    struct Shared {
        std::atomic<int> calls{0};
        std::atomic<PlayingTimer *> timer{nullptr}; // of the test's
    };

    const auto shared = std::make_shared<Shared>();
    PlayingTimer timer(milliseconds(5), [shared] {
        ++shared->calls;
        if (PlayingTimer *own = shared->timer.load())
            own->set_playing(false);
    });
    shared->timer = &timer;
    timer.set_playing(true);
    const TimePoint deadline = Clock::now() + patience(seconds(20));
    while (shared->calls == 0 && Clock::now() < deadline)
        g_usleep(1000);
    g_assert_cmpint(shared->calls, >=, 1);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const TeeRow &row : kTees)
        add_row_test(std::string("/advice/tee/") + row.name, row, order_at_a_tee_is_told);
    add_test("/advice/file", a_file_gets_no_advice);
    add_test("/advice/seek", a_seek_is_called_a_seek);
    add_test("/advice/seek/muxer", a_flushing_seek_through_a_muxer_is_one);
    for (const CureRow &row : kCures)
        add_row_test(cat("/advice/cure/", *row.factory ? row.factory : "nobody"), row,
                     cure_has_its_words);
    add_test("/advice/change/told", a_change_is_told_once);
    add_test("/advice/change/none", what_stays_the_same_is_no_change);
    add_test("/advice/change/own", a_change_of_the_stream_itself_is_told);
    add_test("/advice/size/service", the_service_is_nearly_full);
    add_test("/advice/size/server", the_server_is_nearly_full);
    add_test("/advice/timer/calls", timer_calls_while_it_plays_only);
    add_test("/advice/timer/stopped", timer_may_be_stopped_by_its_call);
    return g_test_run();
}
