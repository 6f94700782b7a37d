// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "playlist.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <glib.h>

namespace gsttus::standin {

namespace {

constexpr double kShortest = 2;  // seconds of a segment, but for the last
constexpr double kLongest = 1e9; // of what is believed
constexpr std::size_t kPacket = 188;

struct Segment {
    ByteRange bytes{};
    double seconds = 0;
};

std::string decimal(double value)
{
    std::array<char, G_ASCII_DTOSTR_BUF_SIZE> text{};
    return g_ascii_formatd(text.data(), static_cast<int>(text.size()), "%.6f", value);
}

// The track that says where a segment may begin: the picture, if there is one.
std::size_t leader_of(const Fragments &mp4)
{
    for (const Fragment &one : mp4.all)
        if (mp4.tracks[one.track].video())
            return one.track;
    return mp4.all.front().track;
}

// Muxers write the tracks of the same time one after the other: what of other tracks is just before
// a picture, and for the most part of its time, belongs to its segment.
std::size_t begin_with(const Fragments &mp4, std::size_t first, std::size_t at)
{
    const double start = mp4.start(mp4.all[at]);
    const auto belongs = [&](const Fragment &one) {
        return one.track != mp4.all[at].track && mp4.start(one) + mp4.seconds(one) / 2 > start;
    };
    while (at > first + 1 && belongs(mp4.all[at - 1]))
        --at;
    return at;
}

std::vector<Segment> segments_of(const Fragments &mp4)
{
    const std::size_t leader = leader_of(mp4);
    std::vector<Segment> segments;
    std::size_t first = 0;
    std::uint64_t duration = 0; // of the leader, in its units
    const auto seconds = [&] {
        return static_cast<double>(duration) / mp4.tracks[leader].timescale;
    };
    const auto close = [&](std::size_t end) {
        const std::uint64_t from = mp4.all[first].bytes.first;
        const ByteRange &last = mp4.all[end - 1].bytes;
        segments.push_back({{from, last.first + last.size - from}, seconds()});
        first = end;
        duration = 0;
    };
    for (std::size_t i = 0; i < mp4.all.size(); ++i) {
        const Fragment &one = mp4.all[i];
        if (one.track != leader)
            continue;
        if (one.sync && seconds() >= kShortest)
            close(begin_with(mp4, first, i));
        duration += one.duration;
    }
    close(mp4.all.size());
    return segments;
}

double seconds_of(const Fragments &mp4)
{
    std::vector<double> seconds(mp4.tracks.size());
    for (const Fragment &one : mp4.all)
        seconds[one.track] += mp4.seconds(one);
    return *std::max_element(seconds.begin(), seconds.end());
}

// Fragments of one track that follow each other, up to where another segment may begin.
std::vector<Fragment> joined(const Fragments &mp4, std::size_t track)
{
    std::vector<Fragment> all;
    for (const Fragment &one : mp4.all) {
        if (one.track != track)
            continue;
        const bool follows =
            !all.empty() && all.back().bytes.first + all.back().bytes.size == one.bytes.first;
        if (!follows || (one.sync && mp4.seconds(all.back()) >= kShortest)) {
            all.push_back(one);
            continue;
        }
        all.back().bytes.size += one.bytes.size;
        all.back().duration += one.duration;
    }
    return all;
}

// One track, in segments that hold nothing else. Times count from `origin`, in seconds.
std::string representation(const Fragments &mp4, std::size_t track, double origin,
                           const std::string &media, const std::string &header)
{
    const Track &what = mp4.tracks[track];
    std::string times;
    std::string ranges;
    std::uint64_t bytes = 0;
    double seconds = 0;
    for (const Fragment &one : joined(mp4, track)) {
        times += cat("<S t=\"", one.start, "\" d=\"", one.duration, "\"/>\n");
        ranges += cat("<SegmentURL mediaRange=\"", one.bytes.first, "-",
                      one.bytes.first + one.bytes.size - 1, "\"/>\n");
        bytes += one.bytes.size;
        seconds += mp4.seconds(one);
    }
    if (ranges.empty() || (!what.video() && what.handler != "soun"))
        return "";
    const std::string kind = what.video() ? "video" : "audio";
    const double bits = std::clamp(8 * static_cast<double>(bytes) / seconds, 1.0, 1e12);
    return cat("<AdaptationSet contentType=\"", kind, "\" mimeType=\"", kind, "/mp4\">\n",
               "<Representation id=\"", what.id, "\" bandwidth=\"",
               static_cast<std::uint64_t>(bits), "\">\n<BaseURL>", media, "</BaseURL>\n",
               "<SegmentList timescale=\"", what.timescale, "\" presentationTimeOffset=\"",
               static_cast<std::uint64_t>(std::min(std::round(origin * what.timescale), 9e18)),
               "\">\n", "<Initialization sourceURL=\"", header, "\"/>\n<SegmentTimeline>\n", times,
               "</SegmentTimeline>\n", ranges,
               "</SegmentList>\n</Representation>\n</AdaptationSet>\n");
}

} // namespace

std::shared_ptr<const Streams> find_streams(const ReadAt &read, std::uint64_t size,
                                            std::uint64_t duration_ms)
{
    const std::string start = read(0, kPacket + 1);
    const std::string type = media_type(start);
    const auto streams = std::make_shared<Streams>();
    streams->size = size;
    if (type == "video/mp4") {
        streams->mp4 = find_fragments(read, size);
        streams->seconds = streams->mp4 ? seconds_of(*streams->mp4) : 0;
    } else if (type == "video/mp2t" && start.front() == '\x47') {
        streams->seconds = static_cast<double>(duration_ms) / 1000;
    }
    return streams->seconds > 0 && streams->seconds < kLongest ? streams : nullptr;
}

// A transport stream is one segment: where its pictures are only reading all of it would tell.
std::string hls_playlist(const Streams &streams, const std::string &media)
{
    const std::string url = cat(media, streams.mp4 ? ".mp4" : ".ts");
    const std::vector<Segment> segments =
        streams.mp4 ? segments_of(*streams.mp4)
                    : std::vector<Segment>{{{0, streams.size}, streams.seconds}};
    std::string list;
    double longest = 1;
    for (const Segment &one : segments) {
        longest = std::max(longest, one.seconds);
        list += cat("#EXTINF:", decimal(one.seconds), ",\n#EXT-X-BYTERANGE:", one.bytes.size, "@",
                    one.bytes.first, "\n", url, "\n");
    }
    const std::string map = streams.mp4 ? cat("#EXT-X-MAP:URI=\"", url, "\",BYTERANGE=\"",
                                              streams.mp4->header, "@0\"\n")
                                        : "";
    return cat("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:",
               static_cast<std::uint64_t>(std::ceil(longest)),
               "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n", map, list,
               "#EXT-X-ENDLIST\n");
}

std::string dash_manifest(const Streams &streams, const std::string &media,
                          const std::string &headers)
{
    const Fragments &mp4 = *streams.mp4;
    double origin = mp4.start(mp4.all.front());
    for (const Fragment &one : mp4.all)
        origin = std::min(origin, mp4.start(one));
    const GCharOwn escaped(g_markup_escape_text(headers.c_str(), -1));
    std::string sets;
    for (std::size_t i = 0; i < mp4.tracks.size(); ++i)
        sets += representation(mp4, i, origin, cat(media, ".mp4"),
                               cat(escaped.get(), mp4.tracks[i].id, ".mp4"));
    return cat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
               "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" ",
               "profiles=\"urn:mpeg:dash:profile:full:2011\" minBufferTime=\"PT2S\" ",
               "mediaPresentationDuration=\"PT", decimal(streams.seconds), "S\">\n<Period>\n", sets,
               "</Period>\n</MPD>\n");
}

} // namespace gsttus::standin
