// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs one pipeline that is to be killed, and logs in a file what its muxer wrote where and when,
// before the sink got it, and when the sink had taken it: a muxer that goes back makes many files
// of one. The tee is "t", its first branch the sink, its second the fakesink "taken". What the
// sink says of a completed upload is printed. Must not know what is judged.
//
//   record   u8 kind ('w' comes, 't' taken, 'e' end of the stream)  u64 position  f64 time
//            u32 length  bytes
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <gst/gst.h>
#include <unistd.h>

namespace {

struct Log {
    int file = -1;
    guint64 position = 0; // of the next buffer; the streaming thread's

    void add(char kind, const void *bytes, std::size_t length)
    {
        const double now = static_cast<double>(g_get_monotonic_time()) / 1e6;
        const auto size = static_cast<guint32>(length);
        std::string record(1, kind);
        record.append(reinterpret_cast<const char *>(&position), sizeof position);
        record.append(reinterpret_cast<const char *>(&now), sizeof now);
        record.append(reinterpret_cast<const char *>(&size), sizeof size);
        record.append(static_cast<const char *>(bytes), length);
        if (write(file, record.data(), record.size()) != static_cast<ssize_t>(record.size()))
            g_error("the log can not be written");
    }

    void add(GstBuffer *buffer)
    {
        GstMapInfo map = GST_MAP_INFO_INIT;
        if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
            g_error("a buffer can not be read");
        add('w', map.data, map.size);
        position += map.size;
        gst_buffer_unmap(buffer, &map);
    }

    void see(GstEvent *event)
    {
        const GstSegment *segment = nullptr;
        if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT) {
            gst_event_parse_segment(event, &segment);
            if (segment->format == GST_FORMAT_BYTES)
                position = segment->start;
        } else if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
            add('e', nullptr, 0);
        }
    }
};

GstPadProbeReturn on_coming(GstPad *, GstPadProbeInfo *info, gpointer data)
{
    auto *log = static_cast<Log *>(data);
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0) {
        log->see(GST_PAD_PROBE_INFO_EVENT(info));
        return GST_PAD_PROBE_OK;
    }
    if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
        log->add(GST_PAD_PROBE_INFO_BUFFER(info));
        return GST_PAD_PROBE_OK;
    }
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    for (guint i = 0; i < gst_buffer_list_length(list); ++i)
        log->add(gst_buffer_list_get(list, i));
    return GST_PAD_PROBE_OK;
}

GstPadProbeReturn on_taken(GstPad *, GstPadProbeInfo *, gpointer data)
{
    static_cast<Log *>(data)->add('t', nullptr, 0);
    return GST_PAD_PROBE_OK;
}

void watch(GstElement *pipeline, const char *name, GstPadProbeType types,
           GstPadProbeCallback callback, Log *log)
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), name);
    GstPad *pad = element ? gst_element_get_static_pad(element, "sink") : nullptr;
    if (!pad)
        g_error("no element %s", name);
    gst_pad_add_probe(pad, types, callback, log, nullptr);
    gst_object_unref(pad);
    gst_object_unref(element);
}

bool is_the_last(GstMessage *message) // and says what it says
{
    GError *error = nullptr;
    const GstStructure *fields = nullptr;
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ELEMENT:
        fields = gst_message_get_structure(message);
        if (gst_structure_has_name(fields, "tus-upload-complete"))
            std::printf("complete %s\n", gst_structure_get_string(fields, "upload-url"));
        break;
    case GST_MESSAGE_WARNING:
        gst_message_parse_warning(message, &error, nullptr);
        std::printf("warning %s\n", error->message);
        break;
    case GST_MESSAGE_ERROR:
        gst_message_parse_error(message, &error, nullptr);
        std::printf("error %s\n", error->message);
        break;
    default:
        break;
    }
    g_clear_error(&error);
    std::fflush(stdout);
    return (GST_MESSAGE_TYPE(message) & (GST_MESSAGE_EOS | GST_MESSAGE_ERROR)) != 0;
}

} // namespace

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    if (argc != 3) {
        g_printerr("usage: faults-writes-recorder PIPELINE LOG\n");
        return 2;
    }
    Log log;
    log.file = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    GError *error = nullptr;
    GstElement *pipeline = gst_parse_launch(argv[1], &error);
    if (error || log.file < 0)
        g_error("%s", error ? error->message : "no log");
    const auto data =
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST);
    const auto all = static_cast<GstPadProbeType>(data | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
    watch(pipeline, "t", all, on_coming, &log);
    watch(pipeline, "taken", data, on_taken, &log);
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    for (bool over = false; !over;) {
        GstMessage *message = gst_bus_timed_pop(bus, GST_CLOCK_TIME_NONE);
        over = is_the_last(message);
        gst_message_unref(message);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    return 0;
}
