// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What gst-tus-record makes of words: times, rates, sources, and pipelines of what is installed.
#include "base/text.h"
#include "glib/ptr.h"
#include "record/arguments.h"
#include "record/devices.h"
#include "record/pipeline.h"
#include "test.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include <gst/gst.h>

using namespace gsttus;
using gsttus::test::add_test;

namespace {

struct TimeRow {
    const char *text;
    std::uint64_t seconds; // 0: refused
};

constexpr TimeRow kTimes[] = {
    {"90", 90},    {"90s", 90},  {"30m", 1800},      {"1h", 3600}, {"1h30m", 5400},
    {"1d", 86400}, {"1m30", 90}, {"365d", 31536000}, {"", 0},      {"0", 0},
    {"0s", 0},     {"s", 0},     {"-1", 0},          {"1x", 0},    {"1m1h", 0},
    {"1s1s", 0},   {"366d", 0},  {"1.5h", 0},        {" 1h", 0},   {"99999999999999999999", 0},
    {"1h ", 0},
};

void times_are_read()
{
    for (const TimeRow &row : kTimes) {
        g_test_message("\"%s\"", row.text);
        g_assert_cmpuint(parse_time(row.text).value_or(0), ==, row.seconds);
    }
}

constexpr TimeRow kRates[] = {
    {"4M", 4000000},
    {"800k", 800000},
    {"800K", 800000},
    {"2500000", 2500000},
    {"1G", 1000000000},
    {"10k", 10000},
    {"9999", 0},
    {"1001M", 0},
    {"", 0},
    {"M", 0},
    {"4MM", 0},
    {"-4M", 0},
    {"4x", 0},
    {"2G", 0},
    {"0", 0},
};

void rates_are_read()
{
    for (const TimeRow &row : kRates) {
        g_test_message("\"%s\"", row.text);
        g_assert_cmpuint(parse_bitrate(row.text).value_or(0), ==, row.seconds);
    }
}

// nullopt: it is a task.
std::optional<int> parse(std::vector<std::string> words, RecordTask &task)
{
    words.insert(words.begin(), "gst-tus-record");
    std::vector<char *> argv;
    for (std::string &word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse_record_arguments(static_cast<int>(words.size()), argv.data(), task);
}

void wrong_words_are_refused()
{
    g_setenv("GCORE_API_KEY", "1$x", TRUE);
    const std::vector<std::vector<std::string>> wrong = {
        {},
        {"test", "more"},
        {"camera", "one", "two"},
        {"no-such-file"},
        {"/"},
        {"https://example.com/a.mp4"},
        {"test", "--every", "never"},
        {"test", "--duration", "-1"},
        {"test", "--bitrate", "much"},
        {"test", "--container", "avi"},
        {"test", "--wait", "long"},
        {"test", "--to", "example.com"},
        {"test", "--to", "http:///files/"},
        {"test", "--to", "http://ex%ZZ/"},
        {"test", "--to", "https://example.com/", "--wait", "ready"},
        {"microphone", "--audio", "none"},
        {"microphone", "--audio", "other"},
        {"/dev/null", "--every", "1h"},
        {"-", "--container", "mkv"},
        {"test", "--no-such-option"},
    };
    for (const auto &words : wrong) {
        RecordTask task;
        const auto status = parse(words, task);
        g_assert_true(status.has_value());
        g_assert_cmpint(*status, ==, kWrongUsage);
    }
}

void words_become_a_task()
{
    g_setenv("GCORE_API_KEY", "1$x", TRUE);
    RecordTask task;
    g_assert_false(parse({"test", "--every", "1h", "--name", "a b", "--bitrate", "2M"}, task));
    g_assert_cmpuint(task.every_seconds, ==, 3600);
    ASSERT_STR(task.name, "a b");
    g_assert_cmpuint(task.bitrate, ==, 2000000);
    task = {};
    g_assert_false(parse({"camera", "Front Door"}, task));
    ASSERT_STR(task.device, "Front Door");
    g_assert_true(task.name.starts_with("camera 2") && task.name.ends_with(".mp4"));
    task = {};
    g_assert_false(parse({"rtsp://me:p%40ss%3A@cam:8554/live@1", "--container", "mkv"}, task));
    ASSERT_STR(task.location, "rtsp://cam:8554/live@1");
    ASSERT_STR(task.user, "me");
    ASSERT_STR(task.password, "p@ss:");
    task = {};
    g_assert_false(parse({"rtsp://cam/live@1"}, task));
    ASSERT_STR(task.location, "rtsp://cam/live@1");
    ASSERT_STR(task.user, "");
    g_unsetenv("GCORE_API_KEY");
    task = {};
    g_assert_cmpint(parse({"test"}, task).value_or(-1), ==, kWrongUsage); // where to?
    task = {};
    // bytes that are no UTF-8 belong to an address as others do
    for (const char *to : {"https://tus.example.org/files/", "http://127.0.0.1:9/%FCber/",
                           "https://tus.example.org/files/?sig=%FF%FE"}) {
        task = {};
        g_assert_false(parse({"test", "--to", to}, task));
        ASSERT_STR(task.to, to);
    }
    task = {};
    g_assert_false(parse({"test", "--dry-run"}, task));
}

struct Installed {
    std::set<std::string> names;

    bool operator()(const char *name) const { return names.contains(name); }
};

const Installed kAll = {{"gcoresink", "tussink", "mp4mux", "matroskamux", "webmmux", "mpegtsmux",
                         "x264enc", "openh264enc", "vp8enc", "avenc_aac", "voaacenc", "opusenc",
                         "h264parse", "h265parse"}};

Installed without(std::vector<std::string> names)
{
    Installed out = kAll;
    for (const std::string &name : names)
        out.names.erase(name);
    return out;
}

Inputs picture_and_sound()
{
    Inputs inputs;
    inputs.picture.add("PICTURE");
    inputs.sound.add("SOUND");
    return inputs;
}

std::string line(const RecordTask &task, const Inputs &inputs, const Installed &installed = kAll)
{
    const Result<Words> words = pipeline_of(task, inputs, installed);
    return words ? words->command() : cat("error: ", words.error().message);
}

void assert_has(const std::string &text, std::string_view part)
{
    if (text.find(part) == std::string::npos)
        g_error("%s is not in: %s", std::string(part).c_str(), text.c_str());
}

void what_is_installed_is_taken()
{
    RecordTask task;
    task.name = "a.mp4";
    const Inputs both = picture_and_sound();
    assert_has(line(task, both), "x264enc");
    assert_has(line(task, both), "bitrate=4000 !");
    assert_has(line(task, both), "mp4mux name=mux fragment-duration=1000 ! gcoresink");
    assert_has(line(task, both, without({"x264enc"})), "openh264enc");
    assert_has(line(task, both, without({"avenc_aac"})), "voaacenc");
    assert_has(line(task, both, without({"avenc_aac", "voaacenc"})), "opusenc");
    assert_has(line(task, both, without({"x264enc", "openh264enc"})), "install gstreamer1.0-plug");
    assert_has(line(task, both, without({"h264parse"})),
               "no h264parse here: install gstreamer1.0-");
    assert_has(line(task, both, without({"avenc_aac", "voaacenc", "opusenc"})), "--audio none");
    assert_has(line(task, both, without({"gcoresink"})), "GST_PLUGIN_PATH");
    assert_has(line(task, both, without({"mp4mux"})), "install gstreamer1.0-plugins-good");
    task.container = "webm";
    assert_has(line(task, both, without({"h264parse"})), "vp8enc");
    assert_has(line(task, both), "target-bitrate=4000000");
    assert_has(line(task, both), "opusenc");
    assert_has(line(task, both, without({"vp8enc"})), "install gstreamer1.0-plugins-good");
}

void camera_in_the_network_is_not_encoded_again()
{
    RecordTask task;
    task.source = SourceKind::kRtsp;
    task.location = "rtsp://cam/1";
    task.name = "a.mp4";
    Inputs inputs;
    inputs.has_picture = inputs.has_sound = true;
    for (const char *codec : {"h264", "h265"}) {
        inputs.picture_codec = codec;
        const std::string text = line(task, inputs);
        assert_has(text, cat("rtp", codec, "depay ! ", codec, "parse"));
        g_assert_true(text.find("x264enc") == std::string::npos);
    }
    inputs.picture_codec = "image/jpeg";
    assert_has(line(task, inputs), "decodebin ! videoconvert");
    task.container = "webm"; // which takes no H.264
    inputs.picture_codec = "h264";
    assert_has(line(task, inputs), "vp8enc");
    inputs.has_sound = false;
    g_assert_true(line(task, inputs).find("media=audio") == std::string::npos);
}

void pieces_have_names_of_their_own()
{
    RecordTask task;
    task.every_seconds = 60;
    task.to = "https://tus.example.org/files/?a=b,c";
    task.name = "100 %.mp4";
    task.copy = "/tmp/x.y/copy";
    const std::string text = line(task, picture_and_sound());
    assert_has(text, "location=\"100 %%-%05d.mp4\"");
    assert_has(text, "location=/tmp/x.y/copy-%05d.mp4");
    assert_has(text, "max-size-time=60000000000");
    assert_has(text, "sink-factory=tussink");
    assert_has(text, "sink-factory=filesink");
    assert_has(text, "endpoint=(string)");
    g_assert_true(text.find("start-index") == std::string::npos);
    task.first_piece = 42;
    assert_has(line(task, picture_and_sound()), "start-index=42");
    task.name = "door.50%d";
    assert_has(line(task, picture_and_sound()), "location=door-%05d.50%%d");
}

// Whatever a value holds, GStreamer reads it back, and so does a shell.
void values_survive_quoting()
{
    for (const char *value : {"a", "a b", "a\"b", "a\\b", "a ! b", "a'b", "$HOME", "ä…", "a,b;c",
                              "(string)x", "a=b", " ", "%05d", "\"", "\\", "\"a", "\"a b\"", ""}) {
        Words words;
        words.add("filesrc").set("location", value);
        g_assert_cmpuint(words.list().size(), ==, 2);
        char **shell = nullptr;
        int count = 0;
        g_assert_true(g_shell_parse_argv(words.command().c_str(), &count, &shell, nullptr));
        g_assert_cmpint(count, ==, 4);
        ASSERT_STR(shell[3], words.list()[1]);
        const char *argv[] = {shell[2], shell[3], nullptr};
        GstElement *element = gst_parse_launchv(argv, nullptr);
        g_assert_nonnull(element);
        char *read = nullptr;
        g_object_get(element, "location", &read, nullptr);
        ASSERT_STR(read, value);
        g_free(read);
        gst_object_unref(element);
        g_strfreev(shell);
    }
}

void device_is_found_by_name()
{
    const std::vector<Device> devices = {
        {"Monitor of Speaker", false, true, {}},
        {"Built-in", false, false, {}},
        {"Cam One", true, false, {}},
        {"Cam Two", true, false, {}},
    };
    ASSERT_STR(find_device(devices, true, "")->name, "Cam One");
    ASSERT_STR(find_device(devices, false, "")->name, "Built-in"); // not what is played
    ASSERT_STR(find_device(devices, true, "Cam Two")->name, "Cam Two");
    ASSERT_STR(find_device(devices, true, "Two")->name, "Cam Two");
    ASSERT_STR(find_device(devices, false, "Monitor")->name, "Monitor of Speaker");
    g_assert_null(find_device(devices, true, "Cam")); // two have that
    g_assert_null(find_device(devices, true, "Built-in"));
    g_assert_null(find_device({}, true, ""));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    gst_init(nullptr, nullptr);
    add_test("/record/times", times_are_read);
    add_test("/record/rates", rates_are_read);
    add_test("/record/wrong-words", wrong_words_are_refused);
    add_test("/record/task", words_become_a_task);
    add_test("/record/installed", what_is_installed_is_taken);
    add_test("/record/camera-in-the-network", camera_in_the_network_is_not_encoded_again);
    add_test("/record/pieces", pieces_have_names_of_their_own);
    add_test("/record/quoting", values_survive_quoting);
    add_test("/record/devices", device_is_found_by_name);
    return g_test_run();
}
