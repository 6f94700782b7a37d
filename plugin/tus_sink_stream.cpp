// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What GstTusSink does with the stream: render, EOS, events and queries. Blocks only in Recording.
#include "glib/ptr.h"
#include "tus_sink_private.h"

namespace gsttus {

namespace {

gpointer parent_class = nullptr; // of GstTusSink, set once in its class_init

// Called on each pause, flush and stop, without PREROLL_LOCK: render and the drain let go.
gboolean unlock(GstBaseSink *sink) noexcept
{
    if (const auto recording = recording_of(sink))
        recording->unlock();
    return TRUE;
}

// Called by the same thread, when it has PREROLL_LOCK.
gboolean unlock_stop(GstBaseSink *sink) noexcept
{
    if (const auto recording = recording_of(sink))
        recording->unlock_stop(sink->flushing != FALSE);
    return TRUE;
}

GstFlowReturn render(GstBaseSink *sink, GstBuffer *buffer) noexcept
{
    const auto recording = recording_of(sink);
    return recording ? recording->render(sink, buffer) : GST_FLOW_FLUSHING;
}

GstFlowReturn render_list(GstBaseSink *sink, GstBufferList *list) noexcept
{
    const auto recording = recording_of(sink);
    if (!recording)
        return GST_FLOW_FLUSHING;
    GstFlowReturn flow = GST_FLOW_OK;
    const unsigned length = gst_buffer_list_length(list);
    for (unsigned i = 0; i < length && flow == GST_FLOW_OK; ++i)
        flow = recording->render(sink, gst_buffer_list_get(list, i));
    return flow;
}

void look_at(Recording &recording, GstBaseSink *sink, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
        GstCaps *caps = nullptr;
        gst_event_parse_caps(event, &caps);
        recording.take_caps(sink, caps);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_TAG) {
        GstTagList *tags = nullptr;
        gst_event_parse_tag(event, &tags);
        recording.take_tags(tags);
    } else if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) {
        recording.flushed();
    }
}

gboolean event(GstBaseSink *sink, GstEvent *event) noexcept
{
    if (const auto recording = recording_of(sink)) {
        look_at(*recording, sink, event);
        const GstSegment *segment = nullptr;
        if (GST_EVENT_TYPE(event) == GST_EVENT_SEGMENT)
            gst_event_parse_segment(event, &segment);
        if (segment && !recording->take_segment(sink, *segment)) {
            gst_event_unref(event);
            return FALSE;
        }
    }
    return GST_BASE_SINK_CLASS(parent_class)->event(sink, event);
}

// EOS waits here for the server, with PREROLL_LOCK held as in render. The base class posts EOS
// only if this returns OK.
GstFlowReturn wait_event(GstBaseSink *sink, GstEvent *event) noexcept
{
    const GstFlowReturn flow = GST_BASE_SINK_CLASS(parent_class)->wait_event(sink, event);
    if (flow != GST_FLOW_OK || GST_EVENT_TYPE(event) != GST_EVENT_EOS)
        return flow;
    const auto recording = recording_of(sink);
    return recording ? recording->drain(sink) : GST_FLOW_FLUSHING;
}

std::uint64_t position_of(gpointer object)
{
    if (const auto recording = recording_of(object))
        return recording->position();
    return stats_of(object).bytes_rendered;
}

bool answer_position(gpointer object, GstQuery *query)
{
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_query_parse_position(query, &format, nullptr);
    if (format != GST_FORMAT_BYTES && format != GST_FORMAT_DEFAULT)
        return false;
    gst_query_set_position(query, format, static_cast<gint64>(position_of(object)));
    return true;
}

// SEEKING always has an answer: some muxers take silence for a yes.
void answer_seeking(GstBaseSink *sink, GstQuery *query)
{
    GstFormat format = GST_FORMAT_UNDEFINED;
    gst_query_parse_seeking(query, &format, nullptr, nullptr, nullptr);
    const auto recording = recording_of(sink);
    const std::uint64_t header = recording ? recording->seekable_header() : 0;
    if (header > 0 && format == GST_FORMAT_BYTES)
        return gst_query_set_seeking(query, format, TRUE, 0, static_cast<gint64>(header));
    gst_query_set_seeking(query, format, FALSE, 0, -1);
    if (recording)
        recording->asked_to_go_back(sink);
}

// For upstream.
gboolean query(GstBaseSink *sink, GstQuery *query) noexcept
{
    switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_SEEKING:
        answer_seeking(sink, query);
        return TRUE;
    case GST_QUERY_FORMATS:
        gst_query_set_formats(query, 2, GST_FORMAT_DEFAULT, GST_FORMAT_BYTES);
        return TRUE;
    case GST_QUERY_URI: {
        const GCharOwn uri(gst_uri_handler_get_uri(GST_URI_HANDLER(sink)));
        gst_query_set_uri(query, uri.get());
        return TRUE;
    }
    case GST_QUERY_POSITION:
        if (answer_position(sink, query))
            return TRUE;
        break;
    default:
        break;
    }
    return GST_BASE_SINK_CLASS(parent_class)->query(sink, query);
}

// For applications: how many bytes were taken.
gboolean element_query(GstElement *element, GstQuery *query) noexcept
{
    if (GST_QUERY_TYPE(query) == GST_QUERY_POSITION && answer_position(element, query))
        return TRUE;
    return GST_ELEMENT_CLASS(parent_class)->query(element, query);
}

} // namespace

void install_stream_functions(GstTusSinkClass *klass)
{
    parent_class = g_type_class_peek_parent(klass);
    GST_ELEMENT_CLASS(klass)->query = GST_DEBUG_FUNCPTR(element_query);
    auto *sink_class = GST_BASE_SINK_CLASS(klass);
    sink_class->unlock = GST_DEBUG_FUNCPTR(unlock);
    sink_class->unlock_stop = GST_DEBUG_FUNCPTR(unlock_stop);
    sink_class->render = GST_DEBUG_FUNCPTR(render);
    sink_class->render_list = GST_DEBUG_FUNCPTR(render_list);
    sink_class->event = GST_DEBUG_FUNCPTR(event);
    sink_class->wait_event = GST_DEBUG_FUNCPTR(wait_event);
    sink_class->query = GST_DEBUG_FUNCPTR(query);
}

} // namespace gsttus
