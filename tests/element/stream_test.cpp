// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What arrives at the pad, byte for byte at the server: buffers of all shapes, segments, flushes,
// and what must not come any more.
#include "stream.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// --- sizes and shapes ----------------------------------------------------------------------------

struct SizeRow {
    const char *name;
    std::size_t bytes;
};

const SizeRow kSizes[] = {
    {"nothing", 0},
    {"one-byte", 1},
    {"one-chunk", 65536},
    {"three-chunks", 196608},
    {"chunk-and-a-byte", 65537},
    {"odd", 1234567},
};

void size_arrives(const SizeRow &row)
{
    Stream stream("bytes", "chunk-size=65536");
    const std::string bytes = noise(row.bytes);
    for (std::size_t at = 0; at < bytes.size(); at += 9999)
        g_assert_cmpint(stream.push(std::string_view(bytes).substr(at, 9999)), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void buffers_of_many_memories_arrive()
{
    Stream stream;
    GstBuffer *buffer = gst_buffer_new();
    for (const char *part : {"one ", "two ", "", "three"}) {
        gst_buffer_append_memory(buffer, memory_of(part));
        stream.sent += part;
    }
    g_assert_cmpint(gst_harness_push(stream.harness, buffer), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void lists_arrive_in_order()
{
    Stream stream;
    GstBufferList *list = gst_buffer_list_new();
    for (const char *part : {"a", "bc", "", "def"}) {
        gst_buffer_list_add(list, buffer_of(part));
        stream.sent += part;
    }
    g_assert_cmpint(gst_pad_push_list(stream.harness->srcpad, list), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void empty_buffers_are_fine()
{
    Stream stream;
    g_assert_cmpint(gst_harness_push(stream.harness, gst_buffer_new()), ==, GST_FLOW_OK);
    g_assert_cmpint(stream.push("x"), ==, GST_FLOW_OK);
    g_assert_cmpint(gst_harness_push(stream.harness, gst_buffer_new()), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void buffers_are_not_kept()
{
    Stream stream;
    GstBuffer *buffer = buffer_of("kept?");
    gst_buffer_ref(buffer);
    g_assert_cmpint(gst_harness_push(stream.harness, buffer), ==, GST_FLOW_OK);
    g_assert_cmpint(GST_MINI_OBJECT_REFCOUNT_VALUE(buffer), ==, 1);
    gst_buffer_unref(buffer);
    stream.sent = "kept?";
    stream.finish_and_compare();
}

// --- segments, flush, end ------------------------------------------------------------------------

void going_back_is_an_error_and_nothing_follows()
{
    Stream stream;
    g_assert_cmpint(stream.push("12345678"), ==, GST_FLOW_OK);
    stream.segment(4); // a muxer does not look at what this returns
    const Message message = stream.pop(GST_MESSAGE_ERROR);
    g_assert_true(is_error(message, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK));
    g_test_message("%s", error_text(message).c_str());
    guint64 offset = 0;
    gst_structure_get_uint64(error_details(message), "upload-offset", &offset);
    g_assert_cmpuint(offset, ==, 8);
    g_assert_cmpint(stream.push("x"), ==, GST_FLOW_ERROR);
    stream.segment(2);
    g_assert_false(stream.has(GST_MESSAGE_ERROR)); // said once
    g_assert_false(stream.end());
    g_assert_false(stream.has(GST_MESSAGE_EOS));
}

void a_segment_where_we_are_is_fine()
{
    Stream stream;
    g_assert_cmpint(stream.push("12345678"), ==, GST_FLOW_OK);
    g_assert_true(stream.segment(8));
    g_assert_cmpint(stream.push("9"), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void time_segments_mean_nothing()
{
    Stream stream("time");
    g_assert_cmpint(stream.push("1234"), ==, GST_FLOW_OK);
    g_assert_true(stream.segment(77, GST_FORMAT_TIME));
    g_assert_cmpint(stream.push("5678"), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void a_flush_keeps_what_was_taken()
{
    Stream stream;
    g_assert_cmpint(stream.push("before "), ==, GST_FLOW_OK);
    g_assert_true(gst_harness_push_event(stream.harness, gst_event_new_flush_start()));
    g_assert_true(gst_harness_push_event(stream.harness, gst_event_new_flush_stop(TRUE)));
    g_assert_true(stream.segment(7));
    g_assert_cmpint(stream.push("after"), ==, GST_FLOW_OK);
    stream.finish_and_compare();
}

void data_after_the_end_is_an_error()
{
    Stream stream;
    g_assert_cmpint(stream.push("all"), ==, GST_FLOW_OK);
    stream.finish_and_compare();
    g_assert_true(gst_harness_push_event(stream.harness, gst_event_new_flush_start()));
    g_assert_true(gst_harness_push_event(stream.harness, gst_event_new_flush_stop(TRUE)));
    g_assert_true(stream.segment(3));
    g_assert_cmpint(stream.push("more"), ==, GST_FLOW_ERROR);
    const Message message = stream.pop(GST_MESSAGE_ERROR);
    g_assert_nonnull(std::strstr(error_text(message).c_str(), "after EOS"));
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const SizeRow &row : kSizes)
        add_row_test(std::string("/stream/size/") + row.name, row, size_arrives);
    add_test("/stream/buffers/many-memories", buffers_of_many_memories_arrive);
    add_test("/stream/buffers/list", lists_arrive_in_order);
    add_test("/stream/buffers/empty", empty_buffers_are_fine);
    add_test("/stream/buffers/not-kept", buffers_are_not_kept);
    add_test("/stream/segment/going-back", going_back_is_an_error_and_nothing_follows);
    add_test("/stream/segment/same-place", a_segment_where_we_are_is_fine);
    add_test("/stream/segment/time", time_segments_mean_nothing);
    add_test("/stream/flush", a_flush_keeps_what_was_taken);
    add_test("/stream/data-after-eos", data_after_the_end_is_an_error);
    return g_test_run();
}
