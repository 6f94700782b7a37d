// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Real muxers write to a file that they may go back in: whatever they rewrite behind the header
// lies in what was said to be open, however their buffers are cut; and no more than a unit is.
#include "gst_test.h"
#include "open_unit.h"
#include "test.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <glib/gstdio.h>
#include <gst/gst.h>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;
using gsttus::test::have_elements;

namespace {

struct Write {
    std::uint64_t position;
    std::vector<std::byte> bytes;
};

struct Recorded {
    std::vector<Write> writes;
    std::uint64_t position = 0;
};

void take_buffer(Recorded &recorded, GstBuffer *buffer)
{
    const gsize size = gst_buffer_get_size(buffer);
    if (size == 0)
        return;
    std::vector<std::byte> bytes(size);
    gst_buffer_extract(buffer, 0, bytes.data(), size);
    const std::uint64_t at = recorded.position;
    recorded.position += bytes.size();
    recorded.writes.push_back({at, std::move(bytes)});
}

GstPadProbeReturn look(GstPad *, GstPadProbeInfo *info, gpointer data)
{
    auto &recorded = *static_cast<Recorded *>(data);
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
        take_buffer(recorded, GST_PAD_PROBE_INFO_BUFFER(info));
    } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
        GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
        for (guint i = 0; i < gst_buffer_list_length(list); ++i)
            take_buffer(recorded, gst_buffer_list_get(list, i));
    } else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_SEGMENT) {
        const GstSegment *segment = nullptr;
        gst_event_parse_segment(GST_PAD_PROBE_INFO_EVENT(info), &segment);
        if (segment->format == GST_FORMAT_BYTES)
            recorded.position = segment->start;
    }
    return GST_PAD_PROBE_OK;
}

// What the pipeline's last element writes to a file.
std::vector<Write> writes_of(const std::string &launch)
{
    gchar *name = nullptr;
    const int fd = g_file_open_tmp("open-unit-XXXXXX", &name, nullptr);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, nullptr);
    GError *error = nullptr;
    GstElement *pipeline =
        gst_parse_launch((launch + " ! filesink name=sink location=" + name).c_str(), &error);
    g_assert_no_error(error);
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstPad *pad = gst_element_get_static_pad(sink, "sink");
    Recorded recorded;
    gst_pad_add_probe(pad, GstPadProbeType(GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM), look, &recorded,
                      nullptr);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, GstMessageType(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    g_assert_nonnull(message);
    g_assert_cmpint(GST_MESSAGE_TYPE(message), ==, GST_MESSAGE_EOS);
    gst_message_unref(message);
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pad);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
    g_unlink(name);
    g_free(name);
    return recorded.writes;
}

// What an upload would do with it: everything that is not held has gone at once.
struct Sent {
    explicit Sent(std::uint64_t header_size) : header(header_size), unit(header_size) {}

    void write(std::uint64_t position, std::span<const std::byte> bytes)
    {
        if (position < end && position + bytes.size() > header) {
            ++rewritten;
            const std::uint64_t from = std::max(position, header);
            lost += from < gone ? 1 : 0;
        }
        unit.wrote(position, bytes);
        end = std::max(end, position + bytes.size());
        gone = std::max(gone, std::min(end, unit.from().value_or(end)));
        most_held = std::max(most_held, end - gone);
    }

    const std::uint64_t header;
    OpenUnit unit;
    std::uint64_t end = 0, gone = 0, most_held = 0;
    unsigned rewritten = 0, lost = 0;
};

struct MuxerRow {
    const char *name, *needs, *muxer; // needs: elements, blank separated
    std::uint64_t header;
    unsigned least_rewritten; // behind the header
    unsigned lost;            // of these, because they lie far back: only a larger header helps
};

#define VIDEO "videotestsrc num-buffers=150 ! video/x-raw,width=160,height=120,framerate=30/1 ! "
#define H264 VIDEO "x264enc threads=1 key-int-max=30 ! h264parse ! "
#define SOUND "audiotestsrc num-buffers=200 ! "

const MuxerRow kMuxers[] = {
    {"matroska", "x264enc h264parse matroskamux vorbisenc",
     H264 "matroskamux name=m " SOUND "vorbisenc ! queue ! m. m.", 4096, 5, 0},
    // ten: what lies in its real header
    {"matroska-small-header", "x264enc h264parse matroskamux", H264 "matroskamux", 8, 5, 10},
    {"webm", "vp8enc webmmux", VIDEO "vp8enc keyframe-max-dist=30 ! webmmux", 4096, 4, 0},
    {"webm-sound", "vorbisenc webmmux", SOUND "vorbisenc ! webmmux", 8192, 0, 0},
    {"matroska-streamable", "x264enc h264parse matroskamux", H264 "matroskamux streamable=true",
     4096, 0, 0},
    {"mp4-finalised", "x264enc h264parse mp4mux",
     H264 "mp4mux fragment-duration=500 "
          "fragment-mode=first-moov-then-finalise",
     1 << 18, 3, 0},
    {"mp4", "x264enc h264parse mp4mux", H264 "mp4mux", 4096, 0, 0},
    {"mp4-fragments", "x264enc h264parse mp4mux", H264 "mp4mux fragment-duration=500", 4096, 0, 0},
    {"mp4-faststart", "x264enc h264parse mp4mux", H264 "mp4mux faststart=true", 4096, 0, 0},
    {"quicktime", "x264enc h264parse qtmux", H264 "qtmux", 4096, 0, 0},
    {"flv", "x264enc h264parse flvmux", H264 "flvmux", 4096, 0, 0},
    {"avi", "x264enc h264parse avimux", H264 "avimux", 4096, 0, 0},
    {"wav", "wavenc", SOUND "wavenc", 4096, 0, 0},
    {"ts", "x264enc h264parse mpegtsmux", H264 "mpegtsmux", 0, 0, 0},
};

void what_is_rewritten_was_open(const MuxerRow &row)
{
    if (!have_elements(row.needs))
        return;
    const std::vector<Write> writes = writes_of(row.muxer);
    std::mt19937 random(1);
    for (const std::size_t piece :
         {std::size_t{1} << 30, std::size_t{1}, std::size_t{7}, std::size_t{0}}) {
        Sent sent(row.header);
        for (const Write &write : writes) {
            for (std::size_t at = 0; at < write.bytes.size();) {
                const std::size_t most = piece > 0 ? piece : 1 + random() % 40;
                const std::size_t size = std::min(most, write.bytes.size() - at);
                sent.write(write.position + at, std::span(write.bytes).subspan(at, size));
                at += size;
            }
        }
        g_test_message("%s: %u rewritten, %u lost, %lu held of %lu", row.name, sent.rewritten,
                       sent.lost, sent.most_held, sent.end);
        g_assert_cmpuint(sent.rewritten, >=, row.least_rewritten);
        if (piece > 1000)
            g_assert_cmpuint(sent.lost, <=, row.lost);
        g_assert_true(row.lost > 0 || sent.lost == 0);
        g_assert_cmpuint(sent.most_held, <, sent.end / 2 + 1);
    }
}

// --- bytes that nobody sends ---------------------------------------------------------------------

void give(OpenUnit &unit, std::uint64_t position, std::string_view bytes)
{
    unit.wrote(position, std::as_bytes(std::span(bytes)));
}

void long_mdat_is_closed_by_its_size()
{
    using namespace std::string_view_literals;
    OpenUnit unit(0);
    give(unit, 0,
         "\0\0\0\x10"
         "ftypmp42\0\0\0\0"sv);
    g_assert_false(unit.from().has_value());
    give(unit, 16,
         "\0\0\0\x08"
         "free\0\0\0\0mdat"sv);
    g_assert_true(unit.from() == std::uint64_t{16});
    give(unit, 32, "bytes"sv);
    g_assert_true(unit.from() == std::uint64_t{16});
    give(unit, 16,
         "\0\0\0\x01"
         "mdat\0\0\0\0\0\0\0\x15"sv); // as one of more than 4 GiB
    g_assert_false(unit.from().has_value());
    give(unit, 37,
         "\0\0\0\x08"
         "free"sv); // or the next one
    g_assert_true(unit.from() == std::uint64_t{37});
    give(unit, 45,
         "\0\0\0\x08"
         "moof"sv);
    g_assert_false(unit.from().has_value());
    give(unit, 53, "\0\0\0\0mdat"sv);
    g_assert_true(unit.from() == std::uint64_t{53});
}

void cluster_is_open_until_it_has_its_size()
{
    using namespace std::string_view_literals;
    OpenUnit unit(4);
    give(unit, 0, "\x1a\x45\xdf\xa3\x80"sv);
    give(unit, 5, "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"sv);
    g_assert_false(unit.from().has_value());
    give(unit, 17, "\x1f\x43"sv); // perhaps
    g_assert_true(unit.from() == std::uint64_t{17});
    give(unit, 19, "\xb6\x75\xff\xa3\x82..\xa3\x81."sv);
    g_assert_true(unit.from() == std::uint64_t{17});
    give(unit, 21, "\x87"sv);
    g_assert_false(unit.from().has_value());
    give(unit, 29, "\x1f\x43\xb6\x75\x80"sv); // a placeholder
    g_assert_true(unit.from() == std::uint64_t{29});
    give(unit, 34, "\x1c\x53\xbb\x6b\x80"sv);
    g_assert_false(unit.from().has_value());
}

// Nothing is held for ever because of what cannot be understood.
void whatever_comes_is_survived()
{
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::mt19937 random(seed);
        OpenUnit unit(random() % 40);
        std::string bytes = seed % 2 == 0 ? std::string("\x1a\x45\xdf\xa3\x80\0\0\0", 8)
                                          : std::string("\0\0\0\x08"
                                                        "ftyp",
                                                        8);
        for (int i = 0; i < 200; ++i)
            bytes += random() % 3 == 0 ? static_cast<char>(random())
                                       : "\x1f\x43\xb6\x75\xff\x01mdat\0free\x08"[random() % 17];
        std::uint64_t end = 0;
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 20, bytes.size() - at);
            const std::uint64_t position = random() % 5 == 0 ? random() % (end + 1) : end;
            give(unit, position, std::string_view(bytes).substr(at, size));
            end = std::max<std::uint64_t>(end, position + size);
            at += size;
            g_assert_true(!unit.from() || *unit.from() <= end);
        }
    }
    OpenUnit unit(0);
    give(unit, 0, "OggS....");
    g_assert_false(unit.from().has_value());
    OpenUnit gap(0);
    give(gap, 0, std::string_view("\x1f\x43", 2));
    give(gap, 10, "..........");
    g_assert_false(gap.from().has_value());
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    gst_init(nullptr, nullptr);
    for (const MuxerRow &row : kMuxers)
        add_row_test(std::string("/open-unit/") + row.name, row, what_is_rewritten_was_open);
    add_test("/open-unit/long-mdat", long_mdat_is_closed_by_its_size);
    add_test("/open-unit/cluster", cluster_is_open_until_it_has_its_size);
    add_test("/open-unit/garbage", whatever_comes_is_survived);
    return g_test_run();
}
