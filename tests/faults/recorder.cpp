// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs one pipeline to its end and prints a line of JSON for whatever the campaign measures: bus
// messages, memory, how long each render took, how late the live source was. Times are
// CLOCK_MONOTONIC seconds. Must not know which faults there are.

#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <unistd.h>

using namespace gsttus;

namespace {

constexpr unsigned kSampleMilliseconds = 250;

double now()
{
    return static_cast<double>(g_get_monotonic_time()) / 1e6;
}

// A number of kilobytes from /proc/self/status.
gint64 from_status(const std::string &name)
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind(name + ":", 0) == 0)
            return std::stoll(line.substr(name.size() + 1));
    return 0;
}

// An object of JSON, one member after the other; printed and gone with finish().
class Line {
public:
    explicit Line(const char *kind) : builder_(GRef<JsonBuilder>::adopt(json_builder_new()))
    {
        json_builder_begin_object(builder_.get());
        text("kind", kind);
        number("t", now());
    }

    void text(const char *name, const char *value)
    {
        json_builder_set_member_name(builder_.get(), name);
        json_builder_add_string_value(builder_.get(), value ? value : "");
    }

    void number(const char *name, double value)
    {
        json_builder_set_member_name(builder_.get(), name);
        json_builder_add_double_value(builder_.get(), value);
    }

    void integer(const char *name, gint64 value)
    {
        json_builder_set_member_name(builder_.get(), name);
        json_builder_add_int_value(builder_.get(), value);
    }

    void structure(const GstStructure *fields)
    {
        gst_structure_foreach(
            fields,
            [](GQuark name, const GValue *value, gpointer data) -> gboolean {
                static_cast<Line *>(data)->value(g_quark_to_string(name), value);
                return TRUE;
            },
            this);
    }

    void finish()
    {
        json_builder_end_object(builder_.get());
        JsonNode *root = json_builder_get_root(builder_.get());
        char *printed = json_to_string(root, FALSE);
        std::printf("%s\n", printed);
        std::fflush(stdout);
        g_free(printed);
        json_node_unref(root);
    }

private:
    void value(const char *name, const GValue *value)
    {
        if (G_VALUE_HOLDS_STRING(value)) {
            text(name, g_value_get_string(value));
            return;
        }
        GValue wide = G_VALUE_INIT;
        g_value_init(&wide, G_TYPE_INT64);
        if (g_value_transform(value, &wide))
            integer(name, g_value_get_int64(&wide));
        g_value_unset(&wide);
    }

    GRef<JsonBuilder> builder_;
};

// A sink with statistics, and the time that its chain function takes.
struct Sink {
    GstElement *element = nullptr; // owned by the pipeline
    GstPadChainFunction chain = nullptr;
    GstPadChainListFunction chain_list = nullptr;
    gint64 renders = 0, slow = 0, longest = 0, longest_own = 0, first = 0;
    double longest_at = 0;

    // `queued`: of these, how long the thread could have run, but others had the processors.
    void took(gint64 microseconds, gint64 queued)
    {
        if (renders++ == 0) { // waits until the pipeline plays
            first = microseconds;
            return;
        }
        slow += microseconds >= 5000 ? 1 : 0;
        longest_own = std::max(longest_own, microseconds - queued);
        if (microseconds > longest) {
            longest = microseconds;
            longest_at = now();
        }
    }
};

// Buffers of the live source that came later than their time stamp.
struct Source {
    GstElement *element = nullptr; // owned by the pipeline
    double frame = 0;
    gint64 frames = 0, late = 0;
    double latest = 0;
};

struct Recorder {
    GstElement *pipeline = nullptr;
    GMainLoop *loop = nullptr;
    std::vector<std::unique_ptr<Sink>> sinks;
    Source source;
    bool failed = false;
};

// Microseconds that this thread has waited for a processor (proc(5), /proc/PID/schedstat).
gint64 time_queued()
{
    static thread_local const int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    std::array<char, 80> text{};
    if (file < 0 || pread(file, text.data(), text.size() - 1, 0) <= 0)
        return 0;
    const char *space = std::strchr(text.data(), ' ');
    return space ? g_ascii_strtoll(space, nullptr, 10) / 1000 : 0;
}

// How late the machine wakes a thread that does nothing else: what no sink can be blamed for.
class Canary {
public:
    Canary() : thread_([this] { run(); }) {}

    ~Canary()
    {
        running_ = false;
        thread_.join();
    }

    Canary(const Canary &) = delete;
    Canary &operator=(const Canary &) = delete;

    double latest() const { return static_cast<double>(latest_) / 1e6; }

private:
    static constexpr gint64 kNap = 5000;

    void run()
    {
        while (running_) {
            const gint64 start = g_get_monotonic_time();
            g_usleep(kNap);
            latest_ = std::max<gint64>(latest_, g_get_monotonic_time() - start - kNap);
        }
    }

    std::atomic<bool> running_ = true;
    std::atomic<gint64> latest_ = 0;
    std::thread thread_; // last: it uses the others
};

GQuark sink_quark()
{
    return g_quark_from_static_string("faults-recorder-sink");
}

Sink *sink_of(GstPad *pad)
{
    return static_cast<Sink *>(g_object_get_qdata(G_OBJECT(pad), sink_quark()));
}

GstFlowReturn timed_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    Sink *sink = sink_of(pad);
    const gint64 queued = time_queued(), start = g_get_monotonic_time();
    const GstFlowReturn flow = sink->chain(pad, parent, buffer);
    const gint64 end = g_get_monotonic_time();
    sink->took(end - start, time_queued() - queued);
    return flow;
}

GstFlowReturn timed_chain_list(GstPad *pad, GstObject *parent, GstBufferList *list)
{
    Sink *sink = sink_of(pad);
    const gint64 queued = time_queued(), start = g_get_monotonic_time();
    const GstFlowReturn flow = sink->chain_list(pad, parent, list);
    const gint64 end = g_get_monotonic_time();
    sink->took(end - start, time_queued() - queued);
    return flow;
}

GstPadProbeReturn on_frame(GstPad *, GstPadProbeInfo *info, gpointer data)
{
    auto *source = static_cast<Source *>(data);
    const GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    const GstClockTime running = gst_element_get_current_running_time(source->element);
    if (!GST_CLOCK_TIME_IS_VALID(pts) || !GST_CLOCK_TIME_IS_VALID(running))
        return GST_PAD_PROBE_OK;
    const double late = static_cast<double>(GST_CLOCK_DIFF(pts, running)) / GST_SECOND;
    source->frame = static_cast<double>(GST_BUFFER_DURATION(GST_PAD_PROBE_INFO_BUFFER(info))) /
                    static_cast<double>(GST_SECOND);
    ++source->frames;
    source->late += late > source->frame ? 1 : 0;
    source->latest = std::max(source->latest, late);
    return GST_PAD_PROBE_OK;
}

void watch(Recorder &recorder)
{
    GstIterator *all = gst_bin_iterate_elements(GST_BIN(recorder.pipeline));
    const auto visit = +[](const GValue *item, gpointer data) {
        auto &into = *static_cast<Recorder *>(data);
        auto *element = GST_ELEMENT(g_value_get_object(item));
        if (!GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK) ||
            std::strstr(GST_OBJECT_NAME(element), "upload") == nullptr)
            return;
        auto sink = std::make_unique<Sink>();
        sink->element = element;
        const auto pad = GRef<GstPad>::adopt(gst_element_get_static_pad(element, "sink"));
        g_object_set_qdata(G_OBJECT(pad.get()), sink_quark(), sink.get());
        sink->chain = GST_PAD_CHAINFUNC(pad.get());
        sink->chain_list = GST_PAD_CHAINLISTFUNC(pad.get());
        gst_pad_set_chain_function(pad.get(), timed_chain);
        gst_pad_set_chain_list_function(pad.get(), timed_chain_list);
        into.sinks.push_back(std::move(sink));
    };
    gst_iterator_foreach(all, visit, &recorder);
    gst_iterator_free(all);
    GstElement *source = gst_bin_get_by_name(GST_BIN(recorder.pipeline), "source");
    if (!source)
        return;
    recorder.source.element = source;
    const auto pad = GRef<GstPad>::adopt(gst_element_get_static_pad(source, "src"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, on_frame, &recorder.source, nullptr);
    gst_object_unref(source);
}

void say_trouble(GstMessage *message)
{
    GError *error = nullptr;
    char *debug = nullptr;
    const bool fatal = GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
    if (fatal)
        gst_message_parse_error(message, &error, &debug);
    else
        gst_message_parse_warning(message, &error, &debug);
    Line line(fatal ? "error" : "warning");
    line.text("from", GST_MESSAGE_SRC_NAME(message));
    line.text("text", error->message);
    line.finish();
    g_error_free(error);
    g_free(debug);
}

gboolean on_message(GstBus *, GstMessage *message, gpointer data)
{
    auto *recorder = static_cast<Recorder *>(data);
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ELEMENT: {
        const GstStructure *structure = gst_message_get_structure(message);
        if (gst_structure_has_name(structure, "tus-upload-progress"))
            break;
        Line line("message");
        line.text("name", gst_structure_get_name(structure));
        line.text("from", GST_MESSAGE_SRC_NAME(message));
        line.structure(structure);
        line.finish();
        break;
    }
    case GST_MESSAGE_WARNING:
        say_trouble(message);
        break;
    case GST_MESSAGE_ERROR:
        say_trouble(message);
        recorder->failed = true;
        g_main_loop_quit(recorder->loop);
        break;
    case GST_MESSAGE_EOS:
        Line("eos").finish();
        g_main_loop_quit(recorder->loop);
        break;
    default:
        break;
    }
    return G_SOURCE_CONTINUE;
}

gboolean on_sample(gpointer data)
{
    const auto *recorder = static_cast<const Recorder *>(data);
    gint64 in_memory = 0, on_disk = 0;
    for (const auto &sink : recorder->sinks) {
        GstStructure *stats = nullptr;
        g_object_get(sink->element, "stats", &stats, nullptr);
        guint64 memory = 0, disk = 0;
        gst_structure_get_uint64(stats, "bytes-in-memory", &memory);
        gst_structure_get_uint64(stats, "bytes-on-disk", &disk);
        in_memory += static_cast<gint64>(memory);
        on_disk += static_cast<gint64>(disk);
        gst_structure_free(stats);
    }
    Line line("sample");
    line.integer("rss-kb", from_status("VmRSS"));
    line.integer("bytes-in-memory", in_memory);
    line.integer("bytes-on-disk", on_disk);
    line.finish();
    return G_SOURCE_CONTINUE;
}

void say_results(const Recorder &recorder, const Canary &canary)
{
    for (const auto &sink : recorder.sinks) {
        GstStructure *stats = nullptr;
        g_object_get(sink->element, "stats", &stats, nullptr);
        Line line("sink");
        line.text("from", GST_OBJECT_NAME(sink->element));
        line.integer("renders", sink->renders);
        line.integer("renders-of-5-ms", sink->slow);
        line.number("longest-render", static_cast<double>(sink->longest) / 1e6);
        line.number("longest-render-own", static_cast<double>(sink->longest_own) / 1e6);
        line.number("first-render", static_cast<double>(sink->first) / 1e6);
        line.number("longest-render-at", sink->longest_at);
        line.structure(stats);
        line.finish();
        gst_structure_free(stats);
    }
    Line line("end");
    line.integer("max-rss-kb", from_status("VmHWM"));
    line.integer("frames", recorder.source.frames);
    line.integer("frames-late", recorder.source.late);
    line.number("latest-frame", recorder.source.latest);
    line.number("latest-idle-thread", canary.latest());
    line.finish();
}

} // namespace

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    if (argc != 2) {
        g_printerr("usage: faults-recorder PIPELINE (sinks to watch: name=upload..., the live "
                   "source: name=source)\n");
        return 2;
    }
    GError *error = nullptr;
    Recorder recorder;
    recorder.pipeline = gst_parse_launch(argv[1], &error);
    if (error) {
        g_printerr("%s\n", error->message);
        g_error_free(error);
        if (recorder.pipeline)
            gst_object_unref(recorder.pipeline);
        return 2;
    }
    recorder.loop = g_main_loop_new(nullptr, FALSE);
    watch(recorder);
    GstBus *bus = gst_element_get_bus(recorder.pipeline);
    gst_bus_add_watch(bus, on_message, &recorder);
    g_timeout_add(kSampleMilliseconds, on_sample, &recorder);
    gst_element_set_state(recorder.pipeline, GST_STATE_PLAYING);
    Line("started").finish();
    const Canary canary;
    g_main_loop_run(recorder.loop);
    say_results(recorder, canary);
    gst_element_set_state(recorder.pipeline, GST_STATE_NULL);
    gst_bus_remove_watch(bus);
    gst_object_unref(bus);
    gst_object_unref(recorder.pipeline);
    g_main_loop_unref(recorder.loop);
    return recorder.failed ? 1 : 0;
}
