// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a sink answers upstream and the application, and what goes to the server with the bytes.
#include "base/text.h"
#include "stream.h"
#include "upstream.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

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

// --- whether the source can wait -----------------------------------------------------------------

// An element like another, but for what `init` says of its class.
void register_like(const char *factory, const char *name, const char *type_name,
                   GClassInitFunc init)
{
    GstElement *like = gst_element_factory_make(factory, nullptr);
    GTypeQuery parent;
    g_type_query(G_OBJECT_TYPE(like), &parent);
    gst_object_unref(like);
    const GType type = g_type_register_static_simple(
        parent.type, type_name, static_cast<guint>(parent.class_size), init,
        static_cast<guint>(parent.instance_size), nullptr, GTypeFlags(0));
    g_assert_true(gst_element_register(nullptr, name, GST_RANK_NONE, type));
}

// "broadcast": an element of the kind that follows a stream which does not wait.
void register_broadcast()
{
    register_like("identity", "broadcast", "TestBroadcast", [](gpointer klass, gpointer) {
        gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Broadcast",
                                              "Codec/Demuxer/Adaptive", "A stream", "tests");
    });
}

// "appslike": an application's source that is made of appsrc, as others' are.
void register_appslike()
{
    register_like("appsrc", "appslike", "TestAppsLike", nullptr);
}

gboolean answer_for_another(GstPad *, GstObject *, GstQuery *query)
{
    GstFormat format = GST_FORMAT_UNDEFINED;
    if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
        gst_query_set_latency(query, FALSE, 0, GST_CLOCK_TIME_NONE);
    } else if (GST_QUERY_TYPE(query) == GST_QUERY_SEEKING) {
        gst_query_parse_seeking(query, &format, nullptr, nullptr, nullptr);
        gst_query_set_seeking(query, format, TRUE, 0, -1);
    } else {
        return FALSE;
    }
    return TRUE;
}

// "relay": as ipcpipelinesrc it answers for what it does not show.
void register_relay()
{
    const auto init_class = [](gpointer klass, gpointer) {
        gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Relay", "Source",
                                              "Passes on", "tests");
    };
    const auto init = [](GTypeInstance *self, gpointer) {
        GstPad *pad = gst_pad_new("src", GST_PAD_SRC);
        gst_pad_set_query_function(pad, answer_for_another);
        gst_element_add_pad(GST_ELEMENT(self), pad);
    };
    const GType type =
        g_type_register_static_simple(GST_TYPE_ELEMENT, "TestRelay", sizeof(GstElementClass),
                                      init_class, sizeof(GstElement), init, GTypeFlags(0));
    g_assert_true(gst_element_register(nullptr, "relay", GST_RANK_NONE, type));
}

struct SourceRow {
    const char *name, *launch, *needs;
    bool can_wait;
};

const SourceRow kSources[] = {
    {"file", "filesrc location=%s ! fakesink name=sink", "", true},
    {"file-queue", "filesrc location=%s ! queue ! fakesink name=sink", "", true},
    {"file-in-a-bin", "( filesrc location=%s ! queue ) ! fakesink name=sink", "", true},
    {"leaky", "filesrc location=%s ! queue leaky=downstream ! fakesink name=sink", "", false},
    {"tee", "filesrc location=%s ! tee name=t t. ! fakesink name=sink t. ! fakesink", "", false},
    {"two-branches",
     "filesrc location=%s ! output-selector name=o o. ! fakesink name=sink o. ! queue ! fakesink",
     "", false},
    {"two-branches-in-bins",
     "( filesrc location=%s ! output-selector name=o o. ! queue ) ! fakesink name=sink "
     "o. ! ( queue ! fakesink )",
     "", false},
    {"branches-that-meet",
     "filesrc location=%s ! output-selector name=o o. ! queue ! f. o. ! queue ! f. funnel name=f "
     "! fakesink name=sink",
     "", true},
    {"branch-that-nobody-takes",
     "filesrc location=%s ! output-selector name=o o. ! fakesink name=sink o. ! queue", "", true},
    {"broadcast", "filesrc location=%s ! broadcast ! fakesink name=sink", "", false},
    {"pipe", "fdsrc fd=0 ! fakesink name=sink", "", false},
    {"application", "appsrc ! fakesink name=sink", "", false},
    {"application-that-seeks", "appslike stream-type=seekable ! fakesink name=sink", "", false},
    {"another-pipeline",
     "filesrc location=%s ! proxysink name=from proxysrc name=to ! fakesink name=sink",
     "proxysink proxysrc", false},
    {"another-pipeline-live", "intervideosrc ! fakesink name=sink", "intervideosrc", false},
    {"another-process", "relay ! fakesink name=sink", "", false},
    {"live", "videotestsrc is-live=true ! fakesink name=sink", "videotestsrc", false},
    {"pictures", "videotestsrc ! fakesink name=sink", "videotestsrc", true},
    {"muxed", "videotestsrc ! x264enc ! mp4mux ! fakesink name=sink", "x264enc mp4mux", true},
    {"muxed-one-live",
     "videotestsrc ! x264enc ! mux. audiotestsrc is-live=true ! avenc_aac ! mux. mp4mux name=mux ! "
     "fakesink name=sink",
     "x264enc mp4mux avenc_aac", false},
    {"nothing", "fakesink name=sink", "", false},
};

// What a line for gst-launch can not say.
void join_by_proxy(GstElement *pipeline)
{
    if (!GST_IS_BIN(pipeline))
        return;
    GstElement *from = gst_bin_get_by_name(GST_BIN(pipeline), "from");
    GstElement *to = gst_bin_get_by_name(GST_BIN(pipeline), "to");
    if (from && to)
        g_object_set(to, "proxysink", from, nullptr);
    gst_clear_object(&from);
    gst_clear_object(&to);
}

void source_is_asked_whether_it_can_wait(const SourceRow &row)
{
    if (!have_elements(row.needs))
        return;
    std::string launch = row.launch;
    if (const std::size_t at = launch.find("%s"); at != std::string::npos)
        launch.replace(at, 2,
                       gsttus::cat('"', g_getenv("GSTTUS_DOCS"), "/muxers.md\"")); // any file
    GstElement *pipeline = gst_parse_launch(launch.c_str(), nullptr);
    g_assert_nonnull(pipeline);
    join_by_proxy(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    gst_element_get_state(pipeline, nullptr, nullptr, GST_SECOND);
    GstElement *sink = GST_IS_BIN(pipeline) ? gst_bin_get_by_name(GST_BIN(pipeline), "sink")
                                            : GST_ELEMENT(gst_object_ref(pipeline));
    GstPad *pad = gst_element_get_static_pad(sink, "sink");
    g_assert_cmpint(can_wait(pad), ==, row.can_wait);
    gst_object_unref(pad);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
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

// No muxer made it just now: nobody can change it. What muxers are told is in advice_test.cpp.
void index_at_the_end_of_a_file_is_no_news()
{
    Stream stream;
    std::string mp4("\0\0\0\x10"
                    "ftypisom\0\0\0\0\0\0\0\x0cmdatabcd\0\0\0\x08moov",
                    36);
    g_assert_cmpint(stream.push(mp4), ==, GST_FLOW_OK);
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
    add_test("/stream/query/seeking", seeking_is_answered_and_refused);
    add_test("/stream/query/position", position_is_the_bytes_taken);
    add_test("/stream/query/formats-and-uri", formats_and_uri_are_answered);
    add_test("/stream/query/caps", pad_template_takes_anything);
    add_test("/stream/metadata", name_type_and_metadata_go_with_it);
    add_test("/stream/caps-event", the_type_of_the_caps_event_counts);
    add_test("/stream/mp4-index-at-end", index_at_the_end_of_a_file_is_no_news);
    register_broadcast();
    register_appslike();
    register_relay();
    for (const SourceRow &row : kSources)
        add_row_test(std::string("/queries/can-wait/") + row.name, row,
                     source_is_asked_whether_it_can_wait);
    return g_test_run();
}
