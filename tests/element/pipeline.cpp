// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pipeline.h"

#include "test.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace gsttus::test {

GstClockTime clock_time(Duration span)
{
    const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(span).count();
    return static_cast<GstClockTime>(std::max<std::int64_t>(count, 0));
}

std::string error_text(const Message &message)
{
    GError *error = nullptr;
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
        gst_message_parse_error(message.get(), &error, nullptr);
    else
        gst_message_parse_warning(message.get(), &error, nullptr);
    std::string text = error->message;
    g_error_free(error);
    return text;
}

std::string message_name(const Message &message)
{
    const GstStructure *structure = gst_message_get_structure(message.get());
    return structure ? gst_structure_get_name(structure) : "";
}

bool is_error(const Message &message, GQuark domain, int code)
{
    GError *error = nullptr;
    gst_message_parse_error(message.get(), &error, nullptr);
    const bool same = g_error_matches(error, domain, code);
    g_error_free(error);
    return same;
}

const GstStructure *error_details(const Message &message)
{
    const GstStructure *details = nullptr;
    gst_message_parse_error_details(message.get(), &details);
    return details;
}

Pipeline::Pipeline(const std::string &launch) : checksum_(g_checksum_new(G_CHECKSUM_SHA256))
{
    g_mutex_init(&mutex_);
    GError *error = nullptr;
    pipeline_ = gst_parse_launch_full(launch.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!pipeline_)
        g_error("%s: %s", launch.c_str(), error->message);
    if (!GST_IS_PIPELINE(pipeline_)) { // a single element
        GstElement *element = pipeline_;
        pipeline_ = gst_pipeline_new(nullptr);
        gst_bin_add(GST_BIN(pipeline_), element);
    }
    sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
    g_assert_nonnull(sink_);
    bus_ = gst_element_get_bus(pipeline_);
    if (GstPad *pad = gst_element_get_static_pad(sink_, "sink")) {
        gst_pad_add_probe(pad,
                          static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                       GST_PAD_PROBE_TYPE_BUFFER_LIST),
                          probe, this, nullptr);
        gst_object_unref(pad);
    }
}

Pipeline::~Pipeline()
{
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    seen.clear();
    gst_object_unref(bus_);
    gst_object_unref(sink_);
    gst_object_unref(pipeline_);
    g_checksum_free(checksum_);
    g_mutex_clear(&mutex_);
}

GstPadProbeReturn Pipeline::probe(GstPad * /*pad*/, GstPadProbeInfo *info, gpointer data)
{
    auto *self = static_cast<Pipeline *>(data);
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
        self->take(GST_PAD_PROBE_INFO_BUFFER(info));
        return GST_PAD_PROBE_OK;
    }
    GstBufferList *list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    for (unsigned i = 0; i < gst_buffer_list_length(list); ++i)
        self->take(gst_buffer_list_get(list, i));
    return GST_PAD_PROBE_OK;
}

void Pipeline::take(GstBuffer *buffer)
{
    GstMapInfo map;
    g_assert_true(gst_buffer_map(buffer, &map, GST_MAP_READ));
    g_mutex_lock(&mutex_);
    g_checksum_update(checksum_, map.data, static_cast<gssize>(map.size));
    bytes_ += map.size;
    g_mutex_unlock(&mutex_);
    gst_buffer_unmap(buffer, &map);
}

std::string Pipeline::sha256() const
{
    g_mutex_lock(&mutex_);
    GChecksum *copy = g_checksum_copy(checksum_);
    g_mutex_unlock(&mutex_);
    std::string text = g_checksum_get_string(copy);
    g_checksum_free(copy);
    return text;
}

std::uint64_t Pipeline::bytes() const
{
    g_mutex_lock(&mutex_);
    const std::uint64_t count = bytes_;
    g_mutex_unlock(&mutex_);
    return count;
}

void Pipeline::set(GstState state)
{
    g_assert_cmpint(gst_element_set_state(pipeline_, state), !=, GST_STATE_CHANGE_FAILURE);
    g_assert_cmpint(
        gst_element_get_state(pipeline_, nullptr, nullptr, clock_time(patience(seconds(20)))), !=,
        GST_STATE_CHANGE_FAILURE);
    GstState now = GST_STATE_VOID_PENDING;
    gst_element_get_state(pipeline_, &now, nullptr, 0);
    g_assert_cmpint(now, ==, state);
}

Message Pipeline::wait_for(int types, Duration longest)
{
    const TimePoint deadline = Clock::now() + longest;
    for (;;) {
        Message message(gst_bus_timed_pop(bus_, clock_time(deadline - Clock::now())));
        if (!message)
            g_error("no %s within %g s",
                    gst_message_type_get_name(static_cast<GstMessageType>(types & -types)),
                    to_seconds(longest));
        // those of an extended type share bits with all others
        if (!GST_MESSAGE_TYPE_IS_EXTENDED(message.get()) &&
            (GST_MESSAGE_TYPE(message.get()) & types))
            return message;
        seen.push_back(std::move(message));
    }
}

Message Pipeline::wait_for_named(const char *name, Duration longest)
{
    for (;;) {
        Message message = wait_for(GST_MESSAGE_ELEMENT, longest);
        if (message_name(message) == name)
            return message;
        seen.push_back(std::move(message));
    }
}

void Pipeline::wait_for_bytes(std::uint64_t count, const char *field)
{
    const TimePoint deadline = Clock::now() + patience(seconds(20));
    while (stat(sink_, field) < count) {
        g_assert_true(Clock::now() < deadline);
        g_usleep(1000); // nothing tells: the condition is the position
    }
}

void Pipeline::run()
{
    g_assert_cmpint(request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    const Message message = wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, patience(seconds(60)));
    if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
        g_error("%s", error_text(message).c_str());
}

Message Pipeline::run_to_error()
{
    request(GST_STATE_PLAYING);
    Message message = wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, patience(seconds(60)));
    g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), ==, GST_MESSAGE_ERROR);
    return message;
}

std::vector<Message> Pipeline::drain_bus()
{
    std::vector<Message> messages;
    while (Message message{gst_bus_pop(bus_)})
        messages.push_back(std::move(message));
    return messages;
}

int Pipeline::count(const char *name) const
{
    int found = 0;
    for (const Message &message : seen)
        found += message_name(message) == name;
    return found;
}

std::uint64_t stat(GstElement *sink, const char *field)
{
    GstStructure *stats = nullptr;
    g_object_get(sink, "stats", &stats, nullptr);
    guint64 value = 0;
    g_assert_true(gst_structure_get_uint64(stats, field, &value));
    gst_structure_free(stats);
    return value;
}

} // namespace gsttus::test
