// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of docs/muxers.md, tried with real encoders: what is said to arrive does, and can be
// read back by ffprobe and GstDiscoverer; what can not be uploaded is told, in time and in words
// that help.
#include "base/mutex.h"
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "standin/examiner.h"

#include <cstring>
#include <set>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kVideo = "videotestsrc is-live=true ! "
                               "video/x-raw,width=160,height=120,framerate=30/1 ! ";
constexpr const char *kH264 = "videotestsrc is-live=true ! "
                              "video/x-raw,width=160,height=120,framerate=30/1 ! x264enc "
                              "tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
                              "h264parse ! ";
constexpr const char *kSound =
    "audiotestsrc is-live=true wave=white-noise ! audio/x-raw,channels=1,rate=48000 ! "
    "audioconvert ! ";
constexpr const char *kBoth =
    "audiotestsrc is-live=true ! avenc_aac ! aacparse ! queue ! mux. "
    "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1 ! x264enc "
    "tune=zerolatency speed-preset=ultrafast key-int-max=15 ! h264parse ! queue ! ";

enum class Verdict { kLive, kIndexAtEnd, kOnlyAtEnd, kNeedsHeader, kRefused, kNoFile };

const char *word_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::kLive:
        return "live";
    case Verdict::kIndexAtEnd:
        return "index at the end";
    case Verdict::kOnlyAtEnd:
        return "only at the end";
    case Verdict::kNeedsHeader:
        return "needs seekable-header";
    case Verdict::kRefused:
        return "refused";
    case Verdict::kNoFile:
        return "no file";
    }
    return "";
}

struct Row {
    const char *test, *documented, *needs; // in the docs; factories, blank separated
    const char *source, *launch;
    Verdict verdict;
    const char *text; // what the user reads; nullptr: nothing is said
};

const Row kRows[] = {
    {"mp4-fragmented", "mp4mux fragment-duration=1000", "x264enc mp4mux", kH264,
     "mp4mux name=mux fragment-duration=500", Verdict::kLive, nullptr},
    {"mp4-force-chunks", "mp4mux force-chunks=true", "x264enc mp4mux", kH264,
     "mp4mux name=mux force-chunks=true", Verdict::kIndexAtEnd,
     "Set fragment-duration=1000 on mux"},
    {"mp4-two-tracks", "mp4mux, two tracks or more", "x264enc mp4mux avenc_aac", kBoth,
     "mp4mux name=mux", Verdict::kIndexAtEnd, "Set fragment-duration=1000 on mux"},
    {"mp4-one-track", "mp4mux, one track", "x264enc mp4mux", kH264, "mp4mux name=mux",
     Verdict::kOnlyAtEnd, "force-chunks=true"},
    {"mp4-faststart", "mp4mux faststart=true", "x264enc mp4mux", kH264,
     "mp4mux name=mux faststart=true", Verdict::kOnlyAtEnd, "faststart=true"},
    {"mp4-then-finalise", "mp4mux fragment-mode=first-moov-then-finalise", "x264enc mp4mux", kH264,
     "mp4mux name=mux fragment-duration=500 fragment-mode=first-moov-then-finalise",
     Verdict::kNeedsHeader, "dash-or-mss"},
    {"mp4-reserved", "mp4mux reserved-max-duration=…", "x264enc mp4mux", kH264,
     "mp4mux name=mux reserved-max-duration=10000000000", Verdict::kNeedsHeader, "reserved-"},
    {"mov-fragmented", "qtmux fragment-duration=1000", "x264enc qtmux", kH264,
     "qtmux name=mux fragment-duration=500", Verdict::kLive, nullptr},
    {"mov-two-tracks", "qtmux, two tracks or more", "x264enc qtmux avenc_aac", kBoth,
     "qtmux name=mux", Verdict::kIndexAtEnd, "Set fragment-duration=1000 on mux"},
    {"mov-one-track", "qtmux, one track", "x264enc qtmux", kH264, "qtmux name=mux",
     Verdict::kOnlyAtEnd, "force-chunks=true"},
    {"mov-prefill", "qtmux reserved-prefill=true", "qtmux", kSound,
     "audio/x-raw,format=S16LE ! qtmux name=mux reserved-prefill=true "
     "reserved-max-duration=10000000000",
     Verdict::kNeedsHeader, "reserved-"},
    {"isofmp4", "isofmp4mux", "x264enc isofmp4mux", kH264,
     "isofmp4mux name=mux fragment-duration=500000000", Verdict::kLive, nullptr},
    {"isofmp4-update", "isofmp4mux header-update-mode=update", "x264enc isofmp4mux", kH264,
     "isofmp4mux name=mux fragment-duration=500000000 header-update-mode=update", Verdict::kRefused,
     "header-update-mode=none"},
    {"cmaf", "cmafmux", "x264enc cmafmux", kH264, "cmafmux name=mux fragment-duration=500000000",
     Verdict::kLive, nullptr},
    {"matroska", "matroskamux", "x264enc matroskamux", kH264, "matroskamux name=mux",
     Verdict::kLive, nullptr},
    {"webm", "webmmux", "vp8enc webmmux", kVideo, "vp8enc deadline=1 ! webmmux name=mux",
     Verdict::kLive, nullptr},
    {"flv", "flvmux", "x264enc flvmux", kH264, "flvmux name=mux", Verdict::kLive, nullptr},
    {"ts", "mpegtsmux", "x264enc mpegtsmux", kH264, "mpegtsmux name=mux", Verdict::kLive, nullptr},
    {"ps", "mpegpsmux", "x264enc mpegpsmux", kH264, "mpegpsmux name=mux", Verdict::kLive, nullptr},
    {"ogg", "oggmux", "vorbisenc oggmux", kSound, "vorbisenc ! oggmux name=mux", Verdict::kLive,
     nullptr},
    {"ogg-opus", "oggmux, Opus", "opusenc oggmux", kSound, "opusenc ! oggmux name=mux",
     Verdict::kLive, nullptr},
    {"avi", "avimux", "x264enc avimux", kH264, "avimux name=mux", Verdict::kNeedsHeader,
     "seekable-header="},
    {"wav", "wavenc", "wavenc", kSound, "wavenc name=mux", Verdict::kNeedsHeader, "flacenc"},
    {"aiff", "aiffmux", "aiffmux", kSound, "aiffmux name=mux", Verdict::kNeedsHeader, "flacenc"},
    {"au", "avmux_au", "avmux_au", kSound, "avmux_au name=mux", Verdict::kNeedsHeader, "flacenc"},
    {"flac", "flacenc", "flacenc", kSound, "flacenc name=mux", Verdict::kLive, nullptr},
    {"mp3", "lamemp3enc", "lamemp3enc", kSound, "lamemp3enc", Verdict::kLive, nullptr},
    {"adts", "AAC as ADTS", "avenc_aac aacparse", kSound,
     "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts", Verdict::kLive, nullptr},
    {"h264", "H.264 as byte stream", "x264enc h264parse", kH264,
     "video/x-h264,stream-format=byte-stream", Verdict::kLive, nullptr},
    {"mjpeg", "JPEG pictures", "jpegenc", kVideo, "jpegenc", Verdict::kLive, nullptr},
    {"multipart", "multipartmux", "jpegenc multipartmux", kVideo, "jpegenc ! multipartmux name=mux",
     Verdict::kLive, nullptr},
    {"opus", "opusenc without a muxer", "opusenc", kSound, "opusenc", Verdict::kNoFile, "oggmux"},
};

// --- the stored file -----------------------------------------------------------------------------

// Reads all of it.
void ffprobe_accepts(const std::string &path)
{
    const GCharOwn program(g_find_program_in_path("ffprobe"));
    if (!program) {
        g_test_message("no ffprobe");
        return;
    }
    const char *arguments[] = {program.get(),   "-v",
                               "error",         "-count_frames",
                               "-show_entries", "stream=codec_type,nb_read_frames",
                               "-of",           "csv=p=0",
                               path.c_str(),    nullptr};
    char *out = nullptr;
    char *errors = nullptr;
    int status = 0;
    g_assert_true(g_spawn_sync(nullptr, const_cast<char **>(arguments), nullptr, G_SPAWN_DEFAULT,
                               nullptr, nullptr, &out, &errors, &status, nullptr));
    const GCharOwn told(out);
    const GCharOwn complaints(errors);
    g_test_message("ffprobe: %s%s", out, errors);
    g_assert_true(g_spawn_check_wait_status(status, nullptr));
    const char *comma = std::strchr(out, ',');
    g_assert_nonnull(comma);
    g_assert_cmpint(std::atoi(comma + 1), >=, 2);
}

void discoverer_accepts(const std::string &path)
{
    Mutex mutex;
    Condition changed;
    std::optional<standin::MediaInfo> info;
    standin::Examiner examiner;
    examiner.examine(path, [&](const standin::MediaInfo &media) {
        const MutexLock lock(mutex);
        info = media;
        changed.notify_all();
    });
    MutexLock lock(mutex);
    while (!info)
        changed.wait(lock);
    g_assert_true(info->valid);
}

std::vector<std::string> texts_of(const Pipeline &pipeline, GstMessageType type)
{
    std::vector<std::string> texts;
    for (const Message &message : pipeline.seen) {
        if (GST_MESSAGE_TYPE(message.get()) == type &&
            GST_MESSAGE_SRC(message.get()) == GST_OBJECT(pipeline.sink()))
            texts.push_back(error_text(message));
    }
    return texts;
}

std::string launch_of(const Row &row, const standin::Standin &server)
{
    return cat(row.source, row.launch, " ! tussink name=sink location=", row.test,
               " flush-interval=10 endpoint=", server.files_url());
}

// EOS at the sources, and what is stored.
void end_and_read_back(Pipeline &pipeline, standin::Standin &server)
{
    gst_element_send_event(pipeline.get(), gst_event_new_eos());
    const Message end = pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE(end.get()) == GST_MESSAGE_ERROR)
        g_error("%s", error_text(end).c_str());
    assert_same_bytes(server, pipeline);
    const std::string path = server.snapshot().only_finished()->path;
    ffprobe_accepts(path);
    discoverer_accepts(path);
}

void has_text(const std::string &text, const Row &row)
{
    g_test_message("%s", text.c_str());
    g_assert_nonnull(std::strstr(text.c_str(), row.text));
}

// Bytes come while it records.
void arrives(const Row &row)
{
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(launch_of(row, *server));
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    pipeline.wait_for_bytes(16000); // more than any header
    end_and_read_back(pipeline, *server);
    const auto warnings = texts_of(pipeline, GST_MESSAGE_WARNING);
    g_assert_cmpuint(warnings.size(), ==, row.text ? 1 : 0);
    if (row.text)
        has_text(warnings.front(), row);
}

// It is told while it still records, without a byte of the recording.
void arrives_at_the_end(const Row &row)
{
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(launch_of(row, *server));
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    const Message warning = pipeline.wait_for(GST_MESSAGE_WARNING, patience(seconds(40)));
    has_text(error_text(warning), row);
    g_assert_nonnull(std::strstr(error_text(warning).c_str(), "mux ("));
    g_assert_cmpuint(stat(pipeline.sink(), "bytes-rendered"), <, 100);
    end_and_read_back(pipeline, *server);
    g_assert_cmpuint(texts_of(pipeline, GST_MESSAGE_WARNING).size(), ==, 0); // once is enough
}

// ERROR before a byte is taken, and nothing of it stays at the server.
void is_told_at_once(const Row &row)
{
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(launch_of(row, *server));
    const Message error = pipeline.run_to_error();
    g_assert_true(GST_MESSAGE_SRC(error.get()) == GST_OBJECT(pipeline.sink()));
    g_assert_true(is_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK));
    const std::string text = error_text(error);
    has_text(text, row);
    g_assert_nonnull(std::strstr(text.c_str(), "mux ("));
    if (row.verdict == Verdict::kNeedsHeader)
        g_assert_nonnull(std::strstr(text.c_str(), "seekable-header="));
    g_assert_cmpstr(gst_structure_get_string(error_details(error), "location"), ==, row.test);
    g_assert_cmpuint(stat(pipeline.sink(), "bytes-rendered"), ==, 0);
    pipeline.set(GST_STATE_READY);
    for (const auto &[id, upload] : server->snapshot().uploads)
        g_assert_true(upload.removed);
}

void stays_unreadable(const Row &row)
{
    const auto server = start_standin({.examine = false});
    Pipeline pipeline(launch_of(row, *server));
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    has_text(error_text(pipeline.wait_for(GST_MESSAGE_WARNING)), row);
}

void row_is_true(const Row &row)
{
    if (!have_elements(row.needs))
        return;
    switch (row.verdict) {
    case Verdict::kLive:
    case Verdict::kIndexAtEnd:
        return arrives(row);
    case Verdict::kOnlyAtEnd:
        return arrives_at_the_end(row);
    case Verdict::kNeedsHeader:
    case Verdict::kRefused:
        return is_told_at_once(row);
    case Verdict::kNoFile:
        return stays_unreadable(row);
    }
}

// --- the docs ------------------------------------------------------------------------------------

// "| `avimux` | needs seekable-header | … |" of docs/muxers.md as "avimux: needs seekable-header".
std::set<std::string> documented_rows()
{
    const GCharOwn path(g_build_filename(g_getenv("GSTTUS_DOCS"), "muxers.md", nullptr));
    char *content = nullptr;
    g_assert_true(g_file_get_contents(path.get(), &content, nullptr, nullptr));
    const GCharOwn owned(content);
    char **lines = g_strsplit(content, "\n", -1);
    std::set<std::string> rows;
    bool in_table = false;
    for (char **line = lines; *line; ++line) {
        if (g_str_has_prefix(*line, "| muxer |"))
            in_table = true;
        else if (!g_str_has_prefix(*line, "|"))
            in_table = false;
        if (!in_table || g_str_has_prefix(*line, "| muxer |") || g_str_has_prefix(*line, "|-"))
            continue;
        char **cells = g_strsplit(*line, "|", -1);
        std::string name = g_strstrip(cells[1]);
        std::string verdict = g_strstrip(cells[2]);
        std::erase(name, '`');
        std::erase(verdict, '`');
        rows.insert(cat(name, ": ", verdict));
        g_strfreev(cells);
    }
    g_strfreev(lines);
    return rows;
}

void docs_have_these_rows()
{
    std::set<std::string> tested;
    for (const Row &row : kRows)
        tested.insert(cat(row.documented, ": ", word_of(row.verdict)));
    const std::set<std::string> documented = documented_rows();
    for (const std::string &row : tested) {
        g_test_message("tested: %s", row.c_str());
        g_assert_true(documented.contains(row));
    }
    for (const std::string &row : documented) {
        g_test_message("documented: %s", row.c_str());
        g_assert_true(tested.contains(row));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const Row &row : kRows)
        add_row_test(std::string("/advice/muxer/") + row.test, row, row_is_true);
    add_test("/advice/docs", docs_have_these_rows);
    return g_test_run();
}
