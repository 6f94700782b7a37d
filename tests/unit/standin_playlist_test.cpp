// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The stand-in's playlists: which byte ranges of which files they tell, and that no file, whatever
// is in it, is read but for its headers.
#include "base/text.h"
#include "standin/playlist.h"
#include "test.h"

using namespace gsttus;
using namespace gsttus::standin;

namespace {

std::string big_endian(std::uint64_t value, int bytes = 4)
{
    std::string text;
    for (int i = bytes - 1; i >= 0; --i)
        text.push_back(static_cast<char>(value >> (8 * i)));
    return text;
}

std::string box(std::string_view type, const std::string &content)
{
    return cat(big_endian(content.size() + 8), type, content);
}

std::string zeros(std::size_t count)
{
    return std::string(count, '\0');
}

std::string full_box(std::string_view type, std::uint32_t flags, const std::string &content)
{
    return box(type, big_endian(flags) + content);
}

std::string trak(std::uint32_t id, std::string_view handler, std::uint32_t timescale)
{
    const std::string mdhd = full_box("mdhd", 0, zeros(8) + big_endian(timescale) + zeros(8));
    const std::string hdlr = full_box("hdlr", 0, cat(zeros(4), handler, zeros(13)));
    return box("trak", full_box("tkhd", 0, zeros(8) + big_endian(id) + zeros(68)) +
                           box("mdia", mdhd + hdlr));
}

std::string trex(std::uint32_t id, std::uint32_t duration = 0, std::uint32_t flags = 0)
{
    return full_box("trex", 0,
                    big_endian(id) + big_endian(1) + big_endian(duration) + zeros(4) +
                        big_endian(flags));
}

std::string ftyp()
{
    return box("ftyp", "iso5" + zeros(4));
}

// Track 1: a picture, 1000 units a second; track 2: sound, 100.
std::string header(const std::string &first = trex(1), const std::string &second = trex(2))
{
    return ftyp() + box("moov", full_box("mvhd", 0, zeros(96)) + trak(1, "vide", 1000) +
                                    trak(2, "soun", 100) + box("mvex", first + second));
}

std::string tfhd(std::uint32_t id)
{
    return full_box("tfhd", 0, big_endian(id));
}

std::string tfdt(std::uint32_t start)
{
    return full_box("tfdt", 0, big_endian(start));
}

// As GStreamer's muxers write it: each sample with duration and flags.
std::string traf(std::uint32_t id, std::uint32_t start, std::uint32_t duration, bool sync = true)
{
    const auto sample = [&](bool first) {
        return big_endian(duration / 2) + big_endian(first ? 0 : 0x10000);
    };
    return box("traf", tfhd(id) + tfdt(start) +
                           full_box("trun", 0x501,
                                    big_endian(2) + zeros(4) + sample(sync) + sample(false)));
}

std::string fragment(const std::string &trafs, std::size_t samples = 92)
{
    return box("moof", full_box("mfhd", 0, zeros(4)) + trafs) + box("mdat", zeros(samples));
}

ReadAt reader(const std::string &file, std::uint64_t *bytes = nullptr)
{
    return [&file, bytes](std::uint64_t at, std::size_t size) {
        const std::string part =
            at < file.size() ? file.substr(static_cast<std::size_t>(at), size) : "";
        if (bytes)
            *bytes += part.size();
        return part;
    };
}

std::shared_ptr<const Streams> look(const std::string &file, std::uint64_t duration_ms = 0)
{
    return find_streams(reader(file), file.size(), duration_ms);
}

std::string hls(const std::string &file)
{
    const auto streams = look(file);
    g_assert_true(streams);
    return hls_playlist(*streams, "http://h/v1");
}

std::string part(std::string_view seconds, std::size_t first, std::size_t end)
{
    return cat("#EXTINF:", seconds, ",\n#EXT-X-BYTERANGE:", end - first, "@", first,
               "\nhttp://h/v1.mp4\n");
}

std::string playlist_of(std::size_t header_size, int longest, const std::string &parts)
{
    return cat("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:", longest,
               "\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
               "#EXT-X-MAP:URI=\"http://h/v1.mp4\",BYTERANGE=\"",
               header_size, "@0\"\n", parts, "#EXT-X-ENDLIST\n");
}

// A recording of three seconds, sound before the picture of the same time; `ends` of its fragments.
std::string recording(std::vector<std::size_t> &ends)
{
    std::string file = header();
    for (std::uint32_t second = 0; second < 3; ++second)
        for (const std::string &one :
             {traf(2, 5 + second * 100, 100), traf(1, second * 1000, 1000)}) {
            file += fragment(one);
            ends.push_back(file.size());
        }
    return file;
}

void segments_begin_with_a_picture_and_the_sound_of_its_time()
{
    std::vector<std::size_t> ends;
    const std::string file = recording(ends);
    const std::size_t head = header().size();
    const std::string wanted =
        playlist_of(head, 2, part("2.000000", head, ends[3]) + part("1.000000", ends[3], ends[5]));
    ASSERT_STR(hls(file), wanted);
    // an index at the end is no segment, and what is not whole is not told
    ASSERT_STR(hls(file + box("mfra", zeros(50))), wanted);
    const std::string torn = fragment(traf(1, 3000, 1000));
    for (std::size_t size = 0; size < torn.size(); ++size)
        ASSERT_STR(hls(file + torn.substr(0, size)), wanted);
    g_assert_cmpfloat_with_epsilon(look(file)->seconds, 3, 1e-9);
}

void a_segment_begins_where_decoding_can()
{
    const std::size_t head = header().size();
    std::string file = header();
    std::vector<std::size_t> ends;
    for (std::uint32_t i = 0; i < 6; ++i) {
        file += fragment(traf(1, i * 1000, 1000, i % 5 == 0));
        ends.push_back(file.size());
    }
    ASSERT_STR(
        hls(file),
        playlist_of(head, 5, part("5.000000", head, ends[4]) + part("1.000000", ends[4], ends[5])));
    // sound alone can be decoded anywhere
    file = header() + fragment(traf(2, 0, 250)) + fragment(traf(2, 250, 50));
    ASSERT_STR(hls(file),
               playlist_of(head, 3,
                           part("2.500000", head, head + (file.size() - head) / 2) +
                               part("0.500000", head + (file.size() - head) / 2, file.size())));
}

// Whether it stands in the sample, the run, the fragment or the header.
void durations_are_where_the_standard_has_them()
{
    const std::string count = big_endian(4);
    const std::string in_trex = header(trex(1, 250), trex(2));
    const std::string in_tfhd =
        full_box("tfhd", 0x2A, big_endian(1) + big_endian(1) + big_endian(250) + big_endian(0));
    const std::string plain = full_box("trun", 0, count);
    const std::string wide = full_box("tfdt", 0x1000000, big_endian(0, 8));
    const std::string large = cat(big_endian(1), "mdat", big_endian(116, 8), zeros(100));
    for (const std::string &file :
         {in_trex + fragment(box("traf", tfhd(1) + plain)),
          in_trex + box("moof", box("traf", tfhd(1) + wide + plain)) + large,
          header() + fragment(box("traf", in_tfhd + plain)),
          header() +
              fragment(box("traf", tfhd(1) + full_box("trun", 0x104,
                                                      big_endian(2) + zeros(4) + big_endian(400) +
                                                          big_endian(600))))}) {
        const auto streams = look(file);
        g_assert_true(streams && streams->dash());
        g_assert_cmpfloat_with_epsilon(streams->seconds, 1, 1e-9);
        g_assert_true(streams->mp4->all.front().sync);
    }
    // flags of the first sample come before those of all
    const std::string late = full_box("trun", 0x4, count + big_endian(0x10000));
    g_assert_false(look(in_trex + fragment(box("traf", tfhd(1) + late)))->mp4->all.front().sync);
    g_assert_false(look(header(trex(1, 250, 0x10000), "") + fragment(box("traf", tfhd(1) + plain)))
                       ->mp4->all.front()
                       .sync);
}

void dash_tells_each_track_apart()
{
    std::vector<std::size_t> ends;
    const std::string file = recording(ends);
    const auto streams = look(file);
    g_assert_true(streams && streams->dash());
    const std::string mpd = dash_manifest(*streams, "http://h/v1", "http://a&b/header-");
    const auto has = [&](const std::string &text) {
        if (mpd.find(text) == std::string::npos)
            g_error("\"%s\" is not in %s", text.c_str(), mpd.c_str());
    };
    const auto range = [](std::size_t first, std::size_t end) {
        return cat("<SegmentURL mediaRange=\"", first, "-", end - 1, "\"/>\n");
    };
    has("type=\"static\"");
    has("mediaPresentationDuration=\"PT3.000000S\"");
    has("sourceURL=\"http://a&amp;b/header-1.mp4\"");
    has("<BaseURL>http://h/v1.mp4</BaseURL>");
    has(range(ends[0], ends[1]) + range(ends[2], ends[3]) + range(ends[4], ends[5]));
    has(range(header().size(), ends[0]) + range(ends[1], ends[2]) + range(ends[3], ends[4]));
    has("<S t=\"5\" d=\"100\"/>\n<S t=\"105\" d=\"100\"/>\n<S t=\"205\" d=\"100\"/>");
    // both count from the same time
    has("timescale=\"1000\" presentationTimeOffset=\"0\"");
    has("timescale=\"100\" presentationTimeOffset=\"0\"");
}

// Players open a segment at a time: what lies together is one, as long as HLS's are.
void dash_joins_what_lies_together()
{
    std::string file = header();
    std::vector<std::size_t> ends;
    for (std::uint32_t i = 0; i < 6; ++i) {
        file += fragment(traf(1, i * 500, 500, i == 0 || i == 2 || i == 5));
        ends.push_back(file.size());
    }
    const std::string mpd = dash_manifest(*look(file), "http://h/v1", "");
    const auto has = [&](const std::string &text) {
        g_assert_cmpuint(mpd.find(text), !=, std::string::npos);
    };
    has("<SegmentTimeline>\n<S t=\"0\" d=\"2500\"/>\n<S t=\"2500\" "
        "d=\"500\"/>\n</SegmentTimeline>");
    has(cat("</SegmentTimeline>\n<SegmentURL mediaRange=\"", header().size(), "-", ends[4] - 1,
            "\"/>\n<SegmentURL mediaRange=\"", ends[4], "-", ends[5] - 1, "\"/>\n</SegmentList>"));
}

void header_of_a_track_has_no_other()
{
    const std::string whole = header();
    const auto count = [](const std::string &text, std::string_view what) {
        int found = 0;
        for (std::size_t at = text.find(what); at != std::string::npos;
             at = text.find(what, at + 1))
            ++found;
        return found;
    };
    for (const std::uint64_t id : {1, 2}) {
        const std::string one = header_of_track(whole, id);
        g_assert_cmpuint(one.size(), ==, whole.size());
        g_assert_cmpint(count(one, "trak"), ==, 1);
        g_assert_cmpint(count(one, "trex"), ==, 1);
        g_assert_cmpint(count(one, "free"), ==, 2);
        g_assert_cmpint(count(one.substr(one.find("trak"), 300), id == 1 ? "vide" : "soun"), ==, 1);
        const std::string file = one + fragment(traf(static_cast<std::uint32_t>(id), 0, 100));
        g_assert_true(look(file));
        g_assert_cmpuint(look(file)->mp4->tracks.size(), ==, 1);
    }
}

// HLS takes several tracks in one fragment, DASH does not.
void tracks_in_one_fragment_are_not_for_dash()
{
    const std::string file = header() + fragment(traf(2, 0, 100) + traf(1, 0, 1000)) +
                             fragment(traf(2, 100, 150) + traf(1, 1000, 1500));
    const auto streams = look(file);
    g_assert_true(streams);
    g_assert_false(streams->dash());
    const std::size_t head = header().size();
    ASSERT_STR(hls(file), playlist_of(head, 3, part("2.500000", head, file.size())));
}

std::string transport_stream(std::size_t packet, std::size_t at)
{
    std::string file(packet * 5, '\0');
    for (std::size_t i = at; i < file.size(); i += packet)
        file[i] = '\x47';
    return file;
}

void transport_stream_is_one_segment()
{
    const auto streams = look(transport_stream(188, 0), 2500);
    g_assert_true(streams);
    g_assert_false(streams->dash());
    ASSERT_STR(hls_playlist(*streams, "http://h/v1"),
               "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:0\n"
               "#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:2.500000,\n#EXT-X-BYTERANGE:940@0\n"
               "http://h/v1.ts\n#EXT-X-ENDLIST\n");
    g_assert_false(look(transport_stream(188, 0))); // nobody knows how long it is
    g_assert_false(look(transport_stream(192, 4), 2500));
}

void what_cannot_be_played_so_is_not_told()
{
    const std::string good = fragment(traf(1, 0, 1000));
    const std::string absolute = full_box("tfhd", 0x1, big_endian(1) + zeros(8));
    const std::string endless = full_box("trun", 0x100, big_endian(0xffffffff) + zeros(40));
    const std::string plain = ftyp() + box("moov", trak(1, "vide", 1000));
    g_assert_true(look(header() + good));
    for (const std::string &file :
         {std::string(),
          std::string("x"),
          ftyp(),
          header(),
          plain,
          plain + box("mdat", "x"),
          plain + good,
          ftyp() + good,
          ftyp() + good + header(),
          good,
          header() + box("mdat", "x") + good, // samples of the header
          header() + good + box("moov", ""),  // written anew at the end
          header() + fragment(box("traf", absolute)),
          header() + fragment(traf(3, 0, 1000)),
          header() + fragment(""),
          header() + fragment(traf(1, 0, 0)),
          header() + fragment(box("traf", tfhd(1) + endless)),
          header() + fragment(traf(1, 0, 1000) + box("free", zeros(1 << 20))),
          ftyp() + box("free", zeros(2 << 20)) + header().substr(ftyp().size()) + good,
          "\x1a\x45\xdf\xa3" + zeros(300),
          zeros(300),
          cat("RIFF", zeros(4), "WAVE", zeros(300))})
        g_assert_false(look(file, 1000));
}

// A recording of gigabytes, of which only headers are there to be read.
void samples_are_not_read()
{
    constexpr std::uint64_t kSamples = std::uint64_t{3} << 30;
    const std::string moof = box("moof", traf(1, 0, 1000));
    const std::string start = header() + moof + cat(big_endian(1), "mdat", big_endian(kSamples, 8));
    const std::uint64_t mdat = header().size() + moof.size();
    std::uint64_t bytes = 0;
    const ReadAt read = [&](std::uint64_t at, std::size_t size) {
        const ReadAt front = reader(start, &bytes);
        const ReadAt back = reader(moof, &bytes);
        return at >= mdat + kSamples ? back(at - mdat - kSamples, size) : front(at, size);
    };
    const auto streams = find_streams(read, mdat + kSamples + moof.size(), 0);
    g_assert_true(streams);
    g_assert_cmpuint(streams->mp4->all.front().bytes.size, ==, moof.size() + kSamples);
    g_assert_cmpuint(bytes, <, 2 * start.size() + 1000);
}

// Whatever a client has uploaded: an answer or none, within bounds.
void no_file_is_too_odd()
{
    std::vector<std::size_t> ends;
    const std::string whole = recording(ends);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        look(whole.substr(0, at));
        for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
            std::string file = whole;
            file[at] = value;
            const auto streams = look(file);
            if (!streams)
                continue;
            g_assert_false(hls_playlist(*streams, "http://h/v1").empty());
            if (streams->dash())
                g_assert_false(dash_manifest(*streams, "http://h/v1", "h").empty());
            header_of_track(file.substr(0, streams->mp4->header), 1);
            for (const Fragment &one : streams->mp4->all)
                g_assert_cmpuint(one.bytes.first + one.bytes.size, <=, file.size());
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    using test::add_test;
    add_test("/standin-playlist/segments", segments_begin_with_a_picture_and_the_sound_of_its_time);
    add_test("/standin-playlist/segments/sync", a_segment_begins_where_decoding_can);
    add_test("/standin-playlist/durations", durations_are_where_the_standard_has_them);
    add_test("/standin-playlist/dash", dash_tells_each_track_apart);
    add_test("/standin-playlist/dash/joined", dash_joins_what_lies_together);
    add_test("/standin-playlist/dash/header", header_of_a_track_has_no_other);
    add_test("/standin-playlist/dash/mixed", tracks_in_one_fragment_are_not_for_dash);
    add_test("/standin-playlist/transport-stream", transport_stream_is_one_segment);
    add_test("/standin-playlist/none", what_cannot_be_played_so_is_not_told);
    add_test("/standin-playlist/bounded", samples_are_not_read);
    add_test("/standin-playlist/odd", no_file_is_too_odd);
    return g_test_run();
}
