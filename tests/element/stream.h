// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A sink that is fed buffer by buffer, on the test's own thread.
#pragma once

#include "element_support.h"

#include <algorithm>

#include <gst/check/gstharness.h>

namespace gsttus::test {

inline std::string sha256_of(const std::string &bytes)
{
    char *text = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(bytes.data()), bytes.size());
    std::string sum = text;
    g_free(text);
    return sum;
}

inline GstMemory *memory_of(std::string_view bytes)
{
    GstMemory *memory = gst_allocator_alloc(nullptr, bytes.size(), nullptr);
    GstMapInfo map;
    g_assert_true(gst_memory_map(memory, &map, GST_MAP_WRITE));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char *>(map.data));
    gst_memory_unmap(memory, &map);
    return memory;
}

inline GstBuffer *buffer_of(std::string_view bytes)
{
    GstBuffer *buffer = gst_buffer_new();
    gst_buffer_append_memory(buffer, memory_of(bytes));
    return buffer;
}

// A playing tussink whose pad the test pushes into, on the test's thread.
struct Stream {
    explicit Stream(const char *format = "bytes", const char *settings = "")
        : server(start_standin())
    {
        const std::string launch = std::string("tussink name=sink location=test.bin endpoint=") +
                                   server->files_url() + " flush-interval=10 " + settings;
        element = gst_parse_launch(launch.c_str(), nullptr);
        gst_object_ref_sink(element);
        bus = gst_bus_new();
        gst_element_set_bus(element, bus);
        harness = gst_harness_new_with_element(element, "sink", nullptr);
        gst_harness_set_src_caps_str(harness, "application/x-test");
        gst_harness_play(harness);
        segment(0, g_str_equal(format, "bytes") ? GST_FORMAT_BYTES : GST_FORMAT_TIME);
    }

    ~Stream()
    {
        gst_harness_teardown(harness);
        gst_element_set_bus(element, nullptr);
        gst_object_unref(bus);
        gst_object_unref(element);
    }

    gboolean segment(std::uint64_t start, GstFormat format = GST_FORMAT_BYTES)
    {
        GstSegment values;
        gst_segment_init(&values, format);
        values.start = start;
        return gst_harness_push_event(harness, gst_event_new_segment(&values));
    }

    GstFlowReturn push(std::string_view bytes)
    {
        sent.append(bytes);
        return gst_harness_push(harness, buffer_of(bytes));
    }

    bool end() { return gst_harness_push_event(harness, gst_event_new_eos()) != FALSE; }

    Message pop(GstMessageType type)
    {
        return Message(gst_bus_timed_pop_filtered(bus, clock_time(patience(seconds(20))), type));
    }

    bool has(GstMessageType type)
    {
        const Message message(gst_bus_pop_filtered(bus, type));
        return message != nullptr;
    }

    // EOS succeeds, its message comes, and the server has what was sent.
    void finish_and_compare()
    {
        g_assert_true(end());
        g_assert_nonnull(pop(GST_MESSAGE_EOS).get());
        const auto snapshot = server->snapshot();
        const auto *upload = snapshot.only_finished();
        g_assert_nonnull(upload);
        g_assert_cmpuint(upload->offset, ==, sent.size());
        ASSERT_STR(upload->sha256, sha256_of(sent));
    }

    std::unique_ptr<standin::Standin> server;
    GstElement *element;
    GstBus *bus;
    GstHarness *harness;
    std::string sent;
};

} // namespace gsttus::test
