// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// seekable-header with real muxers that go back in the file: what the server has in the end is what
// filesink writes, byte for byte. The same muxer feeds both, since it answers for both.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "noise.h"
#include "replay/recovery.h"
#include "stream.h"

#include <cstring>

#include <gst/pbutils/pbutils.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kVideo = "videotestsrc num-buffers=120 ! video/x-raw,width=160,height=120,"
                               "framerate=30/1 ! x264enc threads=1 tune=zerolatency "
                               "speed-preset=ultrafast key-int-max=15 bitrate=400 ! h264parse ! ";
constexpr const char *kVp8 = "videotestsrc num-buffers=120 ! video/x-raw,width=160,height=120,"
                             "framerate=30/1 ! vp8enc deadline=1 keyframe-max-dist=30 ! ";
constexpr const char *kSound = "audiotestsrc num-buffers=90 ! audio/x-raw,channels=1,format=S16LE "
                               "! ";
constexpr const char *kSoundBe = "audiotestsrc num-buffers=90 ! "
                                 "audio/x-raw,channels=1,format=S16BE ! ";

struct MuxerRow {
    const char *name, *source, *encoder, *factory, *launch;
    const char *settings = "";
    unsigned header = 65536;
    bool has_duration = true;
};

const MuxerRow kMuxers[] = {
    {"matroska", kVideo, "x264enc", "matroskamux", "matroskamux"},
    {"matroska-clusters", kVideo, "x264enc", "matroskamux",
     "matroskamux min-cluster-duration=100000000 max-cluster-duration=200000000"},
    {"matroska-small-header", kVideo, "x264enc", "matroskamux", "matroskamux", "", 4096},
    {"webm", kVp8, "vp8enc", "webmmux", "webmmux"},
    {"flv", kVideo, "x264enc", "flvmux", "flvmux", "", 65536, false},
    {"wav", kSound, "audiotestsrc", "wavenc", "wavenc"},
    {"wav-just-so", kSound, "audiotestsrc", "wavenc", "wavenc", "", 44},
    {"aiff", kSoundBe, "audiotestsrc", "aiffmux", "aiffmux"},
    {"avi", kVideo, "x264enc", "avimux", "avimux"},
    {"mp4", kVideo, "x264enc", "mp4mux", "mp4mux"},
    {"mp4-fragments", kVideo, "x264enc", "mp4mux", "mp4mux fragment-duration=500"},
    {"mp4-then-finalise", kVideo, "x264enc", "mp4mux",
     "mp4mux fragment-duration=500 fragment-mode=first-moov-then-finalise"},
    {"mp4-reserved", kVideo, "x264enc", "mp4mux",
     "mp4mux reserved-max-duration=10000000000 reserved-moov-update-period=300000000"},
    {"longer-than-the-file", kSound, "audiotestsrc", "wavenc", "wavenc", "", 16 << 20},
    {"spool", kVideo, "x264enc", "matroskamux", "matroskamux", "length-mode=spool"},
    {"spool-avi", kVideo, "x264enc", "avimux", "avimux", "length-mode=spool"},
    {"always", kVideo, "x264enc", "matroskamux", "matroskamux", "spool-mode=always"},
    {"no-disk", kVideo, "x264enc", "matroskamux", "matroskamux", "spool-mode=never"},
    {"streamable", kVideo, "x264enc", "matroskamux", "matroskamux streamable=true", "", 65536,
     false},
};

std::string contents(const std::string &path)
{
    char *text = nullptr;
    gsize length = 0;
    g_assert_true(g_file_get_contents(path.c_str(), &text, &length, nullptr));
    const GCharOwn own(text);
    return {text, length};
}

// A recording to a sink and, behind it, to a file.
struct Both {
    Both(const std::string &muxed, const std::string &settings,
         standin::StandinOptions options = {})
        : server(start_standin(std::move(options))),
          pipeline(cat(muxed, " ! tee name=both ! tussink name=sink flush-interval=10 endpoint=",
                       server->files_url(), " spool-dir=", folder.get(), " ", settings,
                       " both. ! filesink async=false location=", folder.get(), "/local"))
    {
    }

    ~Both()
    {
        pipeline.request(GST_STATE_NULL);
        (void)g_unlink(local().c_str());
        assert_can_be_deleted(folder.get());
    }

    Both(const Both &) = delete;
    Both &operator=(const Both &) = delete;

    std::string local() const { return cat(folder.get(), "/local"); }

    void assert_same() const
    {
        const auto snapshot = server->snapshot();
        const standin::UploadRecord *upload = snapshot.only_finished();
        g_assert_nonnull(upload);
        const std::string file = contents(local());
        g_assert_cmpuint(upload->offset, ==, file.size());
        ASSERT_STR(upload->sha256, sha256_of(file));
        g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
    }

    GCharOwn folder{g_dir_make_tmp("seekable-header-XXXXXX", nullptr)};
    std::unique_ptr<standin::Standin> server;
    Pipeline pipeline;
};

// GStreamer 1.22's aiffparse sometimes does not preroll, whoever wrote the file: then once more.
GstDiscovererInfo *discover(const std::string &path)
{
    const auto discoverer =
        GRef<GstDiscoverer>::adopt(gst_discoverer_new(clock_time(patience(seconds(4))), nullptr));
    const GCharOwn uri(gst_filename_to_uri(path.c_str(), nullptr));
    for (int attempt = 1;; ++attempt) {
        GstDiscovererInfo *info = gst_discoverer_discover_uri(discoverer.get(), uri.get(), nullptr);
        g_assert_nonnull(info);
        if (gst_discoverer_info_get_result(info) != GST_DISCOVERER_TIMEOUT || attempt == 4)
            return info;
        g_test_message("%s: nothing in time", path.c_str());
        g_object_unref(info);
    }
}

void assert_seekable_with_duration(const std::string &path)
{
    GstDiscovererInfo *info = discover(path);
    g_assert_cmpint(gst_discoverer_info_get_result(info), ==, GST_DISCOVERER_OK);
    g_assert_cmpuint(gst_discoverer_info_get_duration(info), >, GST_SECOND);
    g_assert_true(gst_discoverer_info_get_seekable(info));
    g_object_unref(info);
}

void stored_file_is_that_of_filesink(const MuxerRow &row)
{
    if (!have_elements(cat(row.encoder, ' ', row.factory)))
        return;
    standin::StandinOptions options;
    options.examine = false;
    Both both(cat(row.source, row.launch), cat("seekable-header=", row.header, ' ', row.settings),
              std::move(options));
    both.pipeline.run();
    both.assert_same();
    if (row.has_duration)
        assert_seekable_with_duration(both.local());
}

void outage_changes_nothing()
{
    if (!have_elements("x264enc matroskamux"))
        return;
    Both both(cat("videotestsrc is-live=true num-buffers=150 ! video/x-raw,width=160,height=120,"
                  "framerate=30/1 ! x264enc threads=1 tune=zerolatency key-int-max=15 ! "
                  "h264parse ! matroskamux"),
              "seekable-header=65536");
    both.pipeline.request(GST_STATE_PLAYING);
    (void)both.pipeline.wait_for_named("tus-upload-created");
    both.server->go_away();
    (void)both.pipeline.wait_for_named("tus-upload-stalled");
    g_assert_true(both.server->come_back().ok());
    (void)both.pipeline.wait_for(GST_MESSAGE_EOS);
    both.assert_same();
}

// --- what can not be -----------------------------------------------------------------------------

void server_without_concatenation_is_told_at_the_start()
{
    standin::StandinOptions options;
    options.extensions = {"creation", "creation-defer-length", "termination"};
    Both both(endless_source() + "identity", "seekable-header=65536 on-stop=keep",
              std::move(options));
    const Message message = both.pipeline.run_to_error();
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "length-mode=spool"));
    g_assert_cmpuint(both.server->snapshot().count("POST"), ==, 0);
}

struct BadRow {
    const char *name, *settings, *names;
};

const BadRow kBad[] = {
    {"deferred", "seekable-header=65536 length-mode=deferred", "length-mode"},
    {"continued", "seekable-header=65536 upload-url=http://127.0.0.1:1/files/1", "upload-url"},
    {"memory", "seekable-header=1048576 spool-mode=never max-memory=1048576", "seekable-header"},
};

void bad_settings_are_told(const BadRow &row)
{
    const auto server = start_standin();
    Pipeline pipeline(
        cat(short_source(), "tussink name=sink endpoint=", server->files_url(), ' ', row.settings));
    const Message message = pipeline.run_to_error();
    g_assert_nonnull(std::strstr(error_text(message).c_str(), row.names));
}

// --- what is rewritten, byte by byte -------------------------------------------------------------

std::string some(std::size_t count)
{
    const std::vector<std::byte> bytes = noise(count, static_cast<unsigned>(count));
    return {reinterpret_cast<const char *>(bytes.data()), count};
}

void seeking_is_answered_for_the_header()
{
    Stream stream("bytes", "seekable-header=1000");
    for (const GstFormat format : {GST_FORMAT_BYTES, GST_FORMAT_TIME}) {
        GstQuery *query = gst_query_new_seeking(format);
        g_assert_true(gst_pad_peer_query(stream.harness->srcpad, query));
        gboolean seekable = FALSE;
        gint64 begin = -1, end = -1;
        gst_query_parse_seeking(query, nullptr, &seekable, &begin, &end);
        g_assert_cmpint(seekable, ==, format == GST_FORMAT_BYTES);
        if (seekable) {
            g_assert_cmpint(begin, ==, 0);
            g_assert_cmpint(end, ==, 1000);
        }
        gst_query_unref(query);
    }
    g_assert_cmpint(stream.push(some(1500)), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void put(Stream &stream, std::uint64_t at, const std::string &bytes)
{
    std::string all = stream.sent;
    all.resize(std::max(all.size(), static_cast<std::size_t>(at)), '\0');
    all.replace(static_cast<std::size_t>(at), bytes.size(), bytes);
    g_assert_true(stream.segment(at));
    g_assert_cmpint(stream.push(bytes), ==, GST_FLOW_OK);
    stream.sent = all;
}

// To the first and the last byte, over the end of what is there, behind it with a gap, and again.
void every_place_in_the_header_can_be_written()
{
    Stream stream("bytes", "seekable-header=1000");
    put(stream, 0, some(100));
    put(stream, 50, some(70));   // over the end, and grows
    put(stream, 500, some(10));  // a gap
    put(stream, 510, some(600)); // goes on behind the header
    put(stream, 999, "x");
    put(stream, 0, some(1000));
    put(stream, stream.sent.size(), some(50000));
    put(stream, 3, "yz");
    g_assert_true(stream.segment(100)); // and nothing comes
    g_assert_true(stream.segment(stream.sent.size()));
    g_assert_cmpint(stream.push(some(5000)), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void gap_up_to_the_end_of_the_header()
{
    Stream stream("bytes", "seekable-header=100000");
    put(stream, 0, some(10));
    put(stream, 100000, some(2000)); // the first byte behind it
    put(stream, 20000, some(10));
    put(stream, stream.sent.size(), some(10));
    stream.finish_and_compare();
}

// What is finished by a stop is the head as it is, and what came behind it.
void stop_without_end_finishes_what_is_there()
{
    for (const std::size_t size : {std::size_t{500}, std::size_t{60000}}) {
        Stream stream("bytes", "seekable-header=1000 on-stop=finish stop-timeout=20000");
        put(stream, 0, some(size));
        put(stream, 7, some(90));
        gst_element_set_state(stream.element, GST_STATE_NULL);
        const auto snapshot = stream.server->snapshot();
        g_assert_nonnull(snapshot.only_finished());
        ASSERT_STR(snapshot.only_finished()->sha256, sha256_of(stream.sent));
    }
}

void byte_behind_the_header_is_refused()
{
    struct {
        std::uint64_t at;
        std::size_t length;
    } const places[] = {{1000, 1}, {999, 2}, {0, 1001}, {5000, 1}};

    for (const auto &[at, length] : places) {
        Stream stream("bytes", "seekable-header=1000 on-stop=terminate");
        g_assert_cmpint(stream.push(some(3000)), ==, GST_FLOW_OK);
        (void)stream.segment(at);
        g_assert_cmpint(stream.push(some(length)), ==, GST_FLOW_ERROR);
        const Message message = stream.pop(GST_MESSAGE_ERROR);
        g_assert_nonnull(message.get());
        g_assert_true(is_error(message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK));
        g_assert_nonnull(std::strstr(error_text(message).c_str(), "seekable-header="));
        const std::string least = cat("at least ", std::max<std::uint64_t>(at, 1000) + 1);
        g_assert_nonnull(std::strstr(error_text(message).c_str(), least.c_str()));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const MuxerRow &row : kMuxers)
        add_row_test(cat("/seekable-header/muxer/", row.name), row,
                     stored_file_is_that_of_filesink);
    add_test("/seekable-header/outage", outage_changes_nothing);
    add_test("/seekable-header/stop", stop_without_end_finishes_what_is_there);
    add_test("/seekable-header/no-concatenation",
             server_without_concatenation_is_told_at_the_start);
    for (const BadRow &row : kBad)
        add_row_test(cat("/seekable-header/bad/", row.name), row, bad_settings_are_told);
    add_test("/seekable-header/seeking", seeking_is_answered_for_the_header);
    add_test("/seekable-header/every-place", every_place_in_the_header_can_be_written);
    add_test("/seekable-header/gap", gap_up_to_the_end_of_the_header);
    add_test("/seekable-header/behind", byte_behind_the_header_is_refused);
    return g_test_run();
}
