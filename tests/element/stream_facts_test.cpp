// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a stream tells about itself: its MIME type, where an MP4 has its index; and a muxer's cure.
#include "gst_test.h"
#include "stream_facts.h"
#include "test.h"

#include <algorithm>
#include <cstring>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

struct MimeRow {
    const char *caps, *mime;
};

const MimeRow kMimes[] = {
    {"video/quicktime,variant=(string)iso", "video/mp4"},
    {"video/quicktime,variant=(string)iso-fragmented", "video/mp4"},
    {"video/quicktime,variant=(string)apple", "video/quicktime"},
    {"video/quicktime", "video/quicktime"},
    {"video/quicktime,variant=(string)3gpp", "video/3gpp"},
    {"video/mpegts,systemstream=(boolean)true,packetsize=(int)188", "video/mp2t"},
    {"video/x-matroska", "video/x-matroska"},
    {"video/x-matroska;audio/x-matroska", "video/x-matroska"},
    {"audio/x-matroska", "audio/x-matroska"},
    {"video/webm", "video/webm"},
    {"audio/webm", "audio/webm"},
    {"application/ogg", "application/ogg"},
    {"audio/ogg", "audio/ogg"},
    {"video/x-flv", "video/x-flv"},
    {"video/x-msvideo", "video/x-msvideo"},
    {"audio/x-wav", "audio/wav"},
    {"audio/x-flac", "audio/flac"},
    {"audio/x-m4a", "audio/mp4"},
    {"audio/mpeg,mpegversion=(int)1,layer=(int)3", "audio/mpeg"},
    {"audio/mpeg,mpegversion=(int)4,stream-format=(string)adts", "audio/aac"},
    {"video/mpeg,systemstream=(boolean)true", "video/mpeg"},
    {"ANY", ""},
    {"EMPTY", ""},
    {"application/octet-stream", ""},
    {"video/x-raw,format=(string)I420", ""},
};

void caps_have_their_mime(const MimeRow &row)
{
    GstCaps *caps = gst_caps_from_string(row.caps);
    ASSERT_STR(mime_from_caps(caps), row.mime);
    gst_caps_unref(caps);
}

void add_box(std::string &out, const char *type, unsigned payload)
{
    const unsigned size = 8 + payload;
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(size >> shift & 0xff));
    out.append(type, 4);
    out.append(payload, 'x');
}

// The warning is due in exactly one piece, however the stream is cut into pieces.
int warnings(const std::string &stream, std::size_t piece)
{
    Mp4Check check;
    int count = 0;
    for (std::size_t at = 0; at < stream.size(); at += piece)
        count += check.index_is_missing(
            std::as_bytes(std::span(stream).subspan(at, std::min(piece, stream.size() - at))));
    return count;
}

void index_at_the_end_is_noticed_once()
{
    std::string at_end;
    add_box(at_end, "ftyp", 16);
    add_box(at_end, "free", 5);
    add_box(at_end, "mdat", 100);
    add_box(at_end, "mdat", 100);
    add_box(at_end, "moov", 50);
    std::string first;
    add_box(first, "ftyp", 16);
    add_box(first, "moov", 50);
    add_box(first, "moof", 8);
    add_box(first, "mdat", 100);
    std::string large;
    add_box(large, "ftyp", 16);
    large += std::string("\0\0\0\1mdat\0\0\0\0\0\0\1\0", 16) + std::string(240, 'x');
    const std::string endless = std::string("\0\0\0\x10"
                                            "ftypisom\0\0\0\0\0\0\0\0mdatxxxx",
                                            28);
    const std::string other(500, 'G');
    for (std::size_t piece : {1, 3, 7, 8, 64, 1000}) {
        g_assert_cmpint(warnings(at_end, piece), ==, 1);
        g_assert_cmpint(warnings(first, piece), ==, 0);
        g_assert_cmpint(warnings(large, piece), ==, 1);
        g_assert_cmpint(warnings(endless, piece), ==, 1);
        g_assert_cmpint(warnings(other, piece), ==, 0);
    }
    Mp4Check empty;
    g_assert_false(empty.index_is_missing({}));
}

// --- parameters ----------------------------------------------------------------------------------

struct ChangeRow {
    const char *name, *before, *now, *what;
};

const ChangeRow kChanges[] = {
    {"same", "video/x-h264,width=640", "video/x-h264,width=640", ""},
    {"width", "video/x-h264,width=640,height=360", "video/x-h264,width=1280,height=360",
     "width 640, then 1280"},
    {"codec", "video/x-h264,width=640", "video/x-h265,width=640",
     "video/x-h264, then video/x-h265"},
    {"rate", "audio/mpeg,rate=48000", "audio/mpeg,rate=44100", "rate 48000, then 44100"},
    {"channels", "audio/mpeg,channels=2", "audio/mpeg,channels=1", "channels 2, then 1"},
    {"framerate", "video/x-h264,framerate=30/1", "video/x-h264,framerate=25/1",
     "framerate 30/1, then 25/1"},
    {"framerate-unknown", "video/x-h264,framerate=30/1", "video/x-h264,framerate=0/1", ""},
    {"learned", "video/x-h264", "video/x-h264,width=640,profile=main", ""},
    {"codec-data", "video/x-h264,codec_data=(buffer)0101,level=3",
     "video/x-h264,codec_data=(buffer)0102,level=4", ""},
    {"streamheader", "video/quicktime,variant=iso",
     "video/quicktime,variant=iso,streamheader=<(buffer)0102>", ""},
    {"range", "video/x-raw,width=[1,9]", "video/x-raw,width=3", ""},
};

void change_of_a_parameter_is_seen(const ChangeRow &row)
{
    GstCaps *before = gst_caps_from_string(row.before);
    GstCaps *now = gst_caps_from_string(row.now);
    ASSERT_STR(changed_parameter(before, now), row.what);
    ASSERT_STR(changed_parameter(nullptr, now), "");
    ASSERT_STR(changed_parameter(before, nullptr), "");
    gst_caps_unref(before);
    gst_caps_unref(now);
}

struct PacketRow {
    const char *caps;
    bool needs_a_container;
};

const PacketRow kPackets[] = {
    {"audio/x-opus", true},
    {"video/x-vp8", true},
    {"video/x-h264,stream-format=avc", true},
    {"video/x-h264,stream-format=byte-stream", false},
    {"video/x-h265,stream-format=hvc1", true},
    {"video/x-h264", false}, // not known
    {"audio/mpeg,mpegversion=4,stream-format=raw", true},
    {"audio/mpeg,mpegversion=4,stream-format=adts", false},
    {"audio/mpeg,mpegversion=1,layer=3", false},
    {"audio/x-flac", false},
    {"image/jpeg", false},
    {"video/mpegts", false},
    {"ANY", false},
};

void packets_need_a_container(const PacketRow &row)
{
    GstCaps *caps = gst_caps_from_string(row.caps);
    g_assert_true(needs_a_container(caps) == row.needs_a_container);
    g_assert_false(needs_a_container(nullptr));
    gst_caps_unref(caps);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    test::init_gst();
    for (const MimeRow &row : kMimes)
        add_row_test("/stream-facts/mime/" + std::to_string(&row - kMimes), row,
                     caps_have_their_mime);
    add_test("/stream-facts/mp4/index-at-end", index_at_the_end_is_noticed_once);
    for (const ChangeRow &row : kChanges)
        add_row_test(std::string("/stream-facts/change/") + row.name, row,
                     change_of_a_parameter_is_seen);
    for (const PacketRow &row : kPackets)
        add_row_test(std::string("/stream-facts/packets/") + row.caps, row,
                     packets_need_a_container);
    return g_test_run();
}
