// What arrives at the pad, byte for byte at the server: buffers of all shapes, segments, flushes,
// queries, tags, and what must not come any more.
#include "element_support.h"

#include <algorithm>
#include <cstring>

#include <gst/check/gstharness.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

std::string sha256_of(const std::string &bytes)
{
    char *text = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(bytes.data()), bytes.size());
    std::string sum = text;
    g_free(text);
    return sum;
}

GstMemory *memory_of(std::string_view bytes)
{
    GstMemory *memory = gst_allocator_alloc(nullptr, bytes.size(), nullptr);
    GstMapInfo map;
    g_assert_true(gst_memory_map(memory, &map, GST_MAP_WRITE));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char *>(map.data));
    gst_memory_unmap(memory, &map);
    return memory;
}

GstBuffer *buffer_of(std::string_view bytes)
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

// --- queries -------------------------------------------------------------------------------------

void seeking_is_answered_and_refused()
{
    Stream stream;
    for (GstFormat format : {GST_FORMAT_BYTES, GST_FORMAT_TIME, GST_FORMAT_DEFAULT}) {
        GstQuery *query = gst_query_new_seeking(format);
        g_assert_true(gst_pad_peer_query(stream.harness->srcpad, query));
        gboolean seekable = TRUE;
        GstFormat answered = GST_FORMAT_UNDEFINED;
        gst_query_parse_seeking(query, &answered, &seekable, nullptr, nullptr);
        g_assert_false(seekable);
        g_assert_cmpint(answered, ==, format);
        gst_query_unref(query);
    }
}

void position_is_the_bytes_taken()
{
    Stream stream;
    g_assert_cmpint(stream.push("12345"), ==, GST_FLOW_OK);
    gint64 position = 0;
    g_assert_true(gst_pad_peer_query_position(stream.harness->srcpad, GST_FORMAT_BYTES, &position));
    g_assert_cmpint(position, ==, 5);
    g_assert_true(gst_element_query_position(stream.element, GST_FORMAT_BYTES, &position));
    g_assert_cmpint(position, ==, 5);
}

void formats_and_uri_are_answered()
{
    Stream stream;
    GstQuery *query = gst_query_new_formats();
    g_assert_true(gst_pad_peer_query(stream.harness->srcpad, query));
    gst_query_unref(query);
    query = gst_query_new_uri();
    g_assert_true(gst_pad_peer_query(stream.harness->srcpad, query));
    char *uri = nullptr;
    gst_query_parse_uri(query, &uri);
    ASSERT_STR(uri, "tus+" + stream.server->files_url());
    g_free(uri);
    gst_query_unref(query);
}

// --- what goes with it ---------------------------------------------------------------------------

std::string metadata(const standin::Snapshot &snapshot, const char *key)
{
    const auto *upload = snapshot.only_finished();
    const auto found = upload->metadata.find(key);
    return found == upload->metadata.end() ? "(none)" : found->second;
}

void name_type_and_metadata_go_with_it()
{
    const auto server = start_standin();
    Pipeline pipeline("fakesrc num-buffers=3 sizetype=fixed filltype=pattern ! "
                      "video/quicktime,variant=iso ! tussink name=sink location=\"a b.mp4\" "
                      "metadata=\"m,project=demo,filename=other\" endpoint=" +
                      server->files_url());
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    const auto snapshot = server->snapshot();
    ASSERT_STR(metadata(snapshot, "filename"), "a b.mp4");
    ASSERT_STR(metadata(snapshot, "filetype"), "video/mp4");
    ASSERT_STR(metadata(snapshot, "project"), "demo");
}

void the_type_of_the_caps_event_counts()
{
    Stream stream; // its caps come after the start
    gst_harness_set_src_caps_str(stream.harness, "video/x-matroska");
    g_assert_cmpint(stream.push("x"), ==, GST_FLOW_OK);
    stream.finish_and_compare();
    // the upload may have been created with the first caps already; it is one of the two
    const std::string type = metadata(stream.server->snapshot(), "filetype");
    g_assert_true(type == "video/x-matroska" || type == "application/x-test");
}

void index_at_the_end_warns_once()
{
    Stream stream;
    std::string mp4("\0\0\0\x10"
                    "ftypisom\0\0\0\0\0\0\0\x0cmdatabcd\0\0\0\x08moov",
                    36);
    g_assert_cmpint(stream.push(mp4), ==, GST_FLOW_OK);
    g_assert_true(stream.has(GST_MESSAGE_WARNING));
    g_assert_false(stream.has(GST_MESSAGE_WARNING));
    stream.finish_and_compare();
}

void pad_template_takes_anything()
{
    Stream stream;
    GstCaps *caps = gst_pad_peer_query_caps(stream.harness->srcpad, nullptr);
    g_assert_true(gst_caps_is_any(caps));
    gst_caps_unref(caps);
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
    add_test("/stream/query/seeking", seeking_is_answered_and_refused);
    add_test("/stream/query/position", position_is_the_bytes_taken);
    add_test("/stream/query/formats-and-uri", formats_and_uri_are_answered);
    add_test("/stream/query/caps", pad_template_takes_anything);
    add_test("/stream/metadata", name_type_and_metadata_go_with_it);
    add_test("/stream/caps-event", the_type_of_the_caps_event_counts);
    add_test("/stream/mp4-index-at-end", index_at_the_end_warns_once);
    return g_test_run();
}
