// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings that real muxers wrote are played back from the links in the stand-in's answers: each
// sample comes, once. What the stand-in cannot play so has no link.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"

#include <cstring>

#include <libsoup/soup.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kPicture = "videotestsrc num-buffers=150 ! video/x-raw,width=160,height=120,"
                                 "framerate=30/1 ! x264enc speed-preset=ultrafast key-int-max=30 "
                                 "! h264parse ! queue ! mux. ";
constexpr const char *kSound = "audiotestsrc num-buffers=220 ! audio/x-raw,rate=44100,channels=1 "
                               "! avenc_aac ! aacparse ! queue ! mux. ";
constexpr const char *kKey = "1234$secretmarker";

struct Links {
    std::string hls;
    std::string dash;
    std::string player;
};

// What the last answer about the video said.
Links links_of(const Pipeline &pipeline)
{
    Links links;
    for (const Message &message : pipeline.seen) {
        const GstStructure *fields = gst_message_get_structure(message.get());
        if (message_name(message) != "gcore-video-status")
            continue;
        const auto text = [&](const char *name) {
            const char *value = gst_structure_get_string(fields, name);
            return std::string(value ? value : "");
        };
        links = {text("hls-url"), text("dash-url"), text("iframe-url")};
        if (text("status") != "viewable" && text("status") != "ready")
            g_assert_true(links.hls.empty() && links.dash.empty());
    }
    return links;
}

std::unique_ptr<standin::Standin> start_with_page()
{
    return start_standin({.page = "127.0.0.1:0", .api_key = kKey, .status_step = milliseconds(20)});
}

std::string recorder(const standin::Standin &server, const std::string &mux,
                     const std::string &settings = "")
{
    return cat(kPicture, kSound, mux,
               " name=mux ! gcoresink name=sink flush-interval=10 api-key=", kKey,
               " api-url=", server.url(), " location=show wait-status=ready ", settings);
}

// The samples of one stream, all of them.
std::string samples(const std::string &source, const std::string &demux, const std::string &caps)
{
    Pipeline pipeline(cat(source, " ! ", demux, " ! ", caps, " ! fakesink name=sink"));
    pipeline.run();
    g_assert_cmpuint(pipeline.bytes(), >, 0);
    return pipeline.sha256();
}

std::string stored(standin::Standin &server)
{
    return cat("filesrc location=", server.snapshot().only_finished()->path);
}

std::string over_hls(const std::string &url)
{
    return cat("souphttpsrc location=", url, " ! hlsdemux");
}

struct Answer {
    unsigned status = 0;
    std::string body{};
};

Answer get(const std::string &url)
{
    const auto session = GRef<SoupSession>::adopt(soup_session_new());
    const auto message = GRef<SoupMessage>::adopt(soup_message_new("GET", url.c_str()));
    soup_message_headers_append(soup_message_get_request_headers(message.get()), "Authorization",
                                cat("APIKey ", kKey).c_str());
    const GBytesOwn body(
        soup_session_send_and_read(session.get(), message.get(), nullptr, nullptr));
    gsize size = 0;
    const void *data = body ? g_bytes_get_data(body.get(), &size) : nullptr;
    return {soup_message_get_status(message.get()), {static_cast<const char *>(data), size}};
}

// As the API says it, in milliseconds.
std::uint64_t duration(const standin::Standin &server)
{
    constexpr std::string_view kBefore = "\"duration\":";
    const std::string all = get(cat(server.url(), "/streaming/videos")).body;
    const std::size_t at = all.find(kBefore);
    g_assert_cmpuint(at, !=, std::string::npos);
    return g_ascii_strtoull(all.c_str() + at + kBefore.size(), nullptr, 10);
}

struct PlayedRow {
    const char *name, *mux, *demux;
    bool dash;
};

const PlayedRow kPlayed[] = {
    {"mp4", "mp4mux fragment-duration=500", "qtdemux", true},
    {"mp4-long-fragments", "mp4mux fragment-duration=3000", "qtdemux", true},
    {"ts", "mpegtsmux alignment=7", "tsdemux", false},
};

void is_played_whole(const PlayedRow &row)
{
    if (!have_elements("x264enc avenc_aac mp4mux mpegtsmux souphttpsrc hlsdemux qtdemux tsdemux"))
        return;
    const auto server = start_with_page();
    Pipeline pipeline(recorder(*server, row.mux));
    pipeline.run();
    const Links links = links_of(pipeline);
    g_assert_true(links.hls.ends_with("/master.m3u8"));
    g_assert_true(links.dash.ends_with("/dash.mpd") == row.dash);
    // five seconds: the header of a fragmented MP4 only knows the first fragment
    g_assert_cmpuint(duration(*server), >=, 4950);
    g_assert_cmpuint(duration(*server), <, 5300);
    for (const char *caps : {"video/x-h264", "audio/mpeg"})
        ASSERT_STR(samples(over_hls(links.hls), row.demux, caps),
                   samples(stored(*server), row.demux, caps));
}

void has_no_link(const PlayedRow &row)
{
    if (!have_elements(cat("x264enc avenc_aac ", row.demux)))
        return;
    const auto server = start_with_page();
    Pipeline pipeline(recorder(*server, row.mux));
    pipeline.run();
    const Links links = links_of(pipeline);
    ASSERT_STR(links.hls, "");
    ASSERT_STR(links.dash, "");
    // who asks all the same is told why
    for (const char *name : {"/master.m3u8", "/dash.mpd", "/header-1.mp4"}) {
        const Answer answer = get(links.player + name);
        g_assert_cmpuint(answer.status, ==, 404);
        g_assert_nonnull(std::strstr(answer.body.c_str(), "can be played so as they are"));
    }
}

const PlayedRow kNotPlayed[] = {
    {"mp4-plain", "mp4mux", "mp4mux", false},
    {"matroska", "matroskamux", "matroskamux", false},
};

// The bytes of a link are those of the page: without it there are none.
void without_the_page_there_are_no_links()
{
    if (!have_elements("x264enc avenc_aac mp4mux"))
        return;
    const auto server = start_standin({.api_key = kKey, .status_step = milliseconds(20)});
    Pipeline pipeline(recorder(*server, "mp4mux fragment-duration=500"));
    pipeline.run();
    ASSERT_STR(links_of(pipeline).hls, "");
}

// A second recording into the same video takes the place of the first.
void newest_recording_is_played()
{
    if (!have_elements("x264enc avenc_aac mp4mux mpegtsmux souphttpsrc hlsdemux tsdemux"))
        return;
    const auto server = start_with_page();
    Pipeline first(recorder(*server, "mp4mux fragment-duration=500"));
    first.run();
    guint64 id = 0;
    g_object_get(first.sink(), "video-id", &id, nullptr);
    Pipeline second(recorder(*server, "mpegtsmux", cat("video-id=", id)));
    second.run();
    const std::string link = links_of(first).hls;
    // it is looked into after its end
    const auto deadline = Clock::now() + patience(seconds(20));
    while (get(link).body.find(".ts\n") == std::string::npos) {
        g_assert_true(Clock::now() < deadline);
        g_usleep(20000);
    }
    g_assert_cmpuint(get(links_of(first).dash).status, ==, 404);
    const auto snapshot = server->snapshot();
    std::string path;
    for (const auto &[name, upload] : snapshot.uploads)
        if (upload.number == 2)
            path = upload.path;
    ASSERT_STR(samples(over_hls(link), "tsdemux", "video/x-h264"),
               samples(cat("filesrc location=", path), "tsdemux", "video/x-h264"));
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const PlayedRow &row : kPlayed)
        add_row_test(cat("/gcore-played/hls/", row.name), row, is_played_whole);
    for (const PlayedRow &row : kNotPlayed)
        add_row_test(cat("/gcore-played/none/", row.name), row, has_no_link);
    add_test("/gcore-played/none/page", without_the_page_there_are_no_links);
    add_test("/gcore-played/newest", newest_recording_is_played);
    return g_test_run();
}
