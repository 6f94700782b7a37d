// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A small application around gcoresink (or tussink): records a live test picture with sound,
// shows how much has arrived at the server, and ends the recording cleanly at Ctrl-C.
// Also the sample for building the sinks into a program: it knows GStreamer and the messages that
// the sinks post, nothing of gst-tus itself.

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <glib-unix.h>
#include <gst/gst.h>
#include <unistd.h>

namespace {

struct Options {
    int seconds = 0;
    int bitrate = 4000;
    char *container = nullptr;
    char *copy = nullptr;
    char *report = nullptr;
};

struct Recorder {
    GMainLoop *loop = nullptr;
    GstElement *pipeline = nullptr;
    std::FILE *report = nullptr;
    bool ending = false;
    bool failed = false;
    bool complete = false;
    std::string stall;      // why the server is away: a WARNING says the same
    bool line_open = false; // a progress line without its end is on the terminal
};

// A number of a message, whatever its integer type.
std::uint64_t number(const GstStructure *fields, const char *name)
{
    const GValue *value = gst_structure_get_value(fields, name);
    GValue wide = G_VALUE_INIT;
    g_value_init(&wide, G_TYPE_UINT64);
    if (!value || !g_value_transform(value, &wide))
        return 0;
    return g_value_get_uint64(&wide);
}

const char *text(const GstStructure *fields, const char *name)
{
    const char *value = gst_structure_get_string(fields, name);
    return value ? value : "";
}

double seconds_of(std::uint64_t nanoseconds)
{
    return static_cast<double>(nanoseconds) / GST_SECOND;
}

double megabytes(std::uint64_t bytes)
{
    return static_cast<double>(bytes) / 1e6;
}

void end_line(Recorder &recorder)
{
    if (recorder.line_open)
        std::printf("\n");
    recorder.line_open = false;
}

void report(Recorder &recorder, const char *name, const std::string &value)
{
    if (recorder.report)
        std::fprintf(recorder.report, "%s=%s\n", name, value.c_str());
}

void show_progress(Recorder &recorder, const GstStructure *fields)
{
    gint64 position = 0;
    gst_element_query_position(recorder.pipeline, GST_FORMAT_TIME, &position);
    const auto whole = static_cast<int>(position / GST_SECOND);
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    std::printf("%s%s %02d:%02d  recorded %.1f MB  at the server %.1f MB  waiting %.1f MB  "
                "%.1f Mbit/s%s",
                terminal ? "\r" : "", recorder.ending ? "finishing" : "recording", whole / 60,
                whole % 60, megabytes(number(fields, "bytes-rendered")),
                megabytes(number(fields, "bytes-acked")),
                megabytes(number(fields, "bytes-pending")),
                static_cast<double>(number(fields, "upload-rate")) / 1e6, terminal ? "  " : "\n");
    recorder.line_open = terminal;
    std::fflush(stdout);
}

void show_complete(Recorder &recorder, const GstStructure *fields)
{
    end_line(recorder);
    recorder.complete = true;
    const double drain = seconds_of(number(fields, "drain-time"));
    std::printf("Upload complete: %" PRIu64 " bytes, %.2f s after the end of the recording.\n",
                number(fields, "bytes"), drain);
    report(recorder, "bytes", std::to_string(number(fields, "bytes")));
    g_autofree char *rounded = g_strdup_printf("%.3f", drain);
    report(recorder, "drain-seconds", rounded);
    report(recorder, "upload-url", text(fields, "upload-url"));
}

// What the sinks tell while they work; docs/tussink.md lists the fields.
void on_element_message(Recorder &recorder, const GstStructure *fields)
{
    if (gst_structure_has_name(fields, "tus-upload-progress")) {
        show_progress(recorder, fields);
    } else if (gst_structure_has_name(fields, "tus-upload-complete")) {
        show_complete(recorder, fields);
    } else if (gst_structure_has_name(fields, "gcore-video-created")) {
        end_line(recorder);
        std::printf("Video %" PRIu64 " \"%s\"\n", number(fields, "video-id"), text(fields, "name"));
        report(recorder, "video-id", std::to_string(number(fields, "video-id")));
    } else if (gst_structure_has_name(fields, "tus-upload-stalled")) {
        end_line(recorder);
        recorder.stall = text(fields, "reason");
        if (number(fields, "attempt") <= 1)
            std::printf("The server is away (%s). The recording goes on.\n",
                        text(fields, "reason"));
        else
            std::printf("Still away; next try in %.1f s.\n",
                        seconds_of(number(fields, "retry-in")));
    } else if (gst_structure_has_name(fields, "tus-upload-resumed")) {
        end_line(recorder);
        std::printf("The server is back after %.1f s; nothing was lost.\n",
                    seconds_of(number(fields, "outage-time")));
        g_autofree char *rounded =
            g_strdup_printf("%.1f", seconds_of(number(fields, "outage-time")));
        report(recorder, "outage-seconds", rounded);
    } else if (gst_structure_has_name(fields, "tus-upload-kept")) {
        end_line(recorder);
        gboolean whole = TRUE;
        gst_structure_get_boolean(fields, "whole", &whole);
        std::printf("%.1f MB are not at the server, and are %skept on disk. To finish: %s\n",
                    megabytes(number(fields, "bytes-missing")), whole ? "" : "not all ",
                    text(fields, "command"));
        report(recorder, "kept", text(fields, "path"));
    } else if (gst_structure_has_name(fields, "gcore-video-status")) {
        end_line(recorder);
        const char *error = text(fields, "error");
        const bool empty = g_str_equal(text(fields, "status"), "empty");
        std::printf("Video status: %s%s%s%s\n", text(fields, "status"), *error ? ": " : "", error,
                    empty ? " (what has come has not been looked at yet)" : "");
        report(recorder, "status", text(fields, "status"));
    }
}

// The warning of an outage. Its first letter may be another; one that says more is another one.
bool says(const char *message, const std::string &reason)
{
    return !reason.empty() && *message && g_str_has_prefix(message + 1, reason.c_str() + 1) &&
           g_str_has_suffix(message, "The recording goes on and the upload is tried again until it "
                                     "works.");
}

void on_error(Recorder &recorder, GstMessage *message, bool fatal)
{
    g_autoptr(GError) error = nullptr;
    g_autofree char *detail = nullptr;
    if (fatal)
        gst_message_parse_error(message, &error, &detail);
    else
        gst_message_parse_warning(message, &error, &detail);
    if (!fatal && says(error->message, recorder.stall))
        return; // has been said
    end_line(recorder);
    std::fprintf(stderr, "%s: %s\n", fatal ? "Error" : "Warning", error->message);
    if (fatal && detail)
        std::fprintf(stderr, "%s\n", detail);
    if (fatal) {
        recorder.failed = true;
        g_main_loop_quit(recorder.loop);
    }
}

gboolean on_message(GstBus *bus, GstMessage *message, gpointer data);

// On the way to NULL the bus is emptied, unread. What the sinks have left on disk they say on the
// way to READY: stop there first, and read it.
void stop(Recorder &recorder, GstBus *bus)
{
    gst_element_set_state(recorder.pipeline, GST_STATE_READY);
    while (GstMessage *message = gst_bus_pop(bus)) {
        on_message(bus, message, &recorder);
        gst_message_unref(message);
    }
    gst_element_set_state(recorder.pipeline, GST_STATE_NULL);
}

gboolean on_message(GstBus * /*bus*/, GstMessage *message, gpointer data)
{
    auto &recorder = *static_cast<Recorder *>(data);
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
        on_error(recorder, message, true);
        break;
    case GST_MESSAGE_WARNING:
        on_error(recorder, message, false);
        break;
    case GST_MESSAGE_ELEMENT:
        on_element_message(recorder, gst_message_get_structure(message));
        break;
    case GST_MESSAGE_EOS: // the server has every byte
        g_main_loop_quit(recorder.loop);
        break;
    default:
        break;
    }
    return G_SOURCE_CONTINUE;
}

// Ends the recording, not the upload: EOS goes through the encoders and the muxer to the sink.
void end_recording(Recorder &recorder)
{
    if (recorder.ending)
        return;
    recorder.ending = true;
    gst_element_send_event(recorder.pipeline, gst_event_new_eos());
}

gboolean on_time_over(gpointer data)
{
    end_recording(*static_cast<Recorder *>(data));
    return G_SOURCE_REMOVE;
}

gboolean on_interrupt(gpointer data)
{
    auto &recorder = *static_cast<Recorder *>(data);
    if (recorder.ending) { // the second time: stop waiting for the server
        recorder.failed = true;
        g_main_loop_quit(recorder.loop);
    }
    end_recording(recorder);
    return G_SOURCE_CONTINUE;
}

bool installed(const char *element)
{
    GstElementFactory *factory = gst_element_factory_find(element);
    if (!factory)
        return false;
    gst_object_unref(factory);
    return true;
}

// Containers that can be written without going back: what is sent cannot be changed any more.
const char *muxer(const char *container)
{
    if (g_str_equal(container, "mp4"))
        return "mp4mux fragment-duration=1000";
    if (g_str_equal(container, "mkv"))
        return "matroskamux";
    return g_str_equal(container, "ts") ? "mpegtsmux latency=2000000000" : nullptr;
}

std::string description(const Options &options, const char *sink)
{
    const char *audio = installed("avenc_aac")  ? "avenc_aac ! aacparse"
                        : installed("voaacenc") ? "voaacenc ! aacparse"
                                                : "opusenc";
    const bool clock = installed("timeoverlay");
    std::string text =
        std::string("videotestsrc is-live=true ! video/x-raw,format=I420,width=1280,height=720,"
                    "framerate=30/1 ! ") +
        (clock ? "timeoverlay font-desc=\"Sans 36\" ! " : "") +
        "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=" +
        std::to_string(options.bitrate) +
        " ! h264parse ! queue ! mux. "
        "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000,channels=2 ! "
        "audioconvert ! " +
        audio + " ! queue ! mux. " + muxer(options.container) + " name=mux ! ";
    if (!options.copy)
        return text + sink;
    // The upload first: the muxer's question whether it may go back is answered by the first
    // branch.
    g_autofree char *path = g_strescape(options.copy, nullptr);
    return text + "tee name=t t. ! queue ! " + sink + " t. ! queue ! filesink location=\"" + path +
           "\"";
}

bool record(Recorder &recorder, const Options &options, const char *sink)
{
    g_autoptr(GError) error = nullptr;
    recorder.pipeline = gst_parse_launch(description(options, sink).c_str(), &error);
    if (!recorder.pipeline || error) {
        std::fprintf(stderr, "Error: %s\n", error ? error->message : "no pipeline");
        return false;
    }
    g_autoptr(GstBus) bus = gst_element_get_bus(recorder.pipeline);
    const guint watch = gst_bus_add_watch(bus, on_message, &recorder);
    const guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, &recorder);
    const guint terminate = g_unix_signal_add(SIGTERM, on_interrupt, &recorder);
    if (options.seconds > 0)
        g_timeout_add_seconds(static_cast<guint>(options.seconds), on_time_over, &recorder);

    // A failed state change posts its reason on the bus, too.
    gst_element_set_state(recorder.pipeline, GST_STATE_PLAYING);
    g_main_loop_run(recorder.loop);
    end_line(recorder);

    g_source_remove(watch);
    stop(recorder, bus);
    g_source_remove(interrupt);
    g_source_remove(terminate);
    return !recorder.failed && recorder.complete;
}

bool parse(int *argc, char ***argv, Options &options)
{
    const GOptionEntry entries[] = {
        {"seconds", 's', 0, G_OPTION_ARG_INT, &options.seconds,
         "How long to record; without: until Ctrl-C", "N"},
        {"container", 'c', 0, G_OPTION_ARG_STRING, &options.container, "mp4 (default), mkv or ts",
         "NAME"},
        {"bitrate", 'b', 0, G_OPTION_ARG_INT, &options.bitrate, "Of the picture", "KBIT"},
        {"copy", 0, 0, G_OPTION_ARG_FILENAME, &options.copy,
         "Keep what is uploaded in a local file, too", "FILE"},
        {"report", 0, 0, G_OPTION_ARG_FILENAME, &options.report,
         "Write the results as NAME=VALUE lines", "FILE"},
        {},
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("[SINK]  (default: gcoresink; \"gcoresink video-name=x\" …)");
    g_option_context_add_main_entries(context, entries, nullptr);
    g_option_context_add_group(context, gst_init_get_option_group());
    g_autoptr(GError) error = nullptr;
    if (!g_option_context_parse(context, argc, argv, &error)) {
        std::fprintf(stderr, "%s\n", error->message);
        return false;
    }
    if (!options.container)
        options.container = g_strdup("mp4");
    if (!muxer(options.container)) {
        std::fprintf(stderr, "--container is mp4, mkv or ts, not %s\n", options.container);
        return false;
    }
    return true;
}

} // namespace

int main(int argc, char **argv)
{
    Options options;
    if (!parse(&argc, &argv, options))
        return 2;
    Recorder recorder;
    recorder.loop = g_main_loop_new(nullptr, FALSE);
    if (options.report && !(recorder.report = std::fopen(options.report, "w"))) {
        std::fprintf(stderr, "cannot write %s: %s\n", options.report, g_strerror(errno));
        return 2;
    }
    const bool good = record(recorder, options, argc > 1 ? argv[1] : "gcoresink");
    if (recorder.report)
        std::fclose(recorder.report);
    if (recorder.pipeline)
        gst_object_unref(recorder.pipeline);
    g_main_loop_unref(recorder.loop);
    g_free(options.container);
    g_free(options.copy);
    g_free(options.report);
    return good ? 0 : 1;
}
