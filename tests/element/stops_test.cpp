// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Sinks that are stopped together: by one state change of what is around them, and by no other.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"

#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr seconds kStopTimeout{2};

std::string sink(int number, const std::string &endpoint, const char *settings = "")
{
    return cat("tussink name=sink", number == 0 ? "" : std::to_string(number),
               " flush-interval=20 stop-timeout=", milliseconds(kStopTimeout).count(),
               " spool-mode=never endpoint=", endpoint, " ", settings);
}

std::string branch(int number, const std::string &endpoint, const char *settings = "")
{
    return cat(endless_source(), sink(number, endpoint, settings), " ");
}

GstElement *child(Pipeline &pipeline, const char *name)
{
    GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline.get()), name);
    g_assert_nonnull(element);
    gst_object_unref(element); // the pipeline has it
    return element;
}

void wait_for_bytes(GstElement *element, std::uint64_t count)
{
    const TimePoint deadline = Clock::now() + patience(seconds(20));
    while (stat(element, "bytes-rendered") < count) {
        g_assert_true(Clock::now() < deadline);
        g_usleep(1000);
    }
}

// Far from the sum of what each may take, and not a measurement.
struct Bound {
    explicit Bound(int sinks) : longest(kStopTimeout * sinks / 2) {}

    ~Bound() { g_assert_cmpfloat(to_seconds(Clock::now() - began), <, to_seconds(longest)); }

    const Duration longest;
    const TimePoint began = Clock::now();
};

// --- together ------------------------------------------------------------------------------------

void silent_sinks_share_one_stop_timeout()
{
    const SilentServer server;
    for (const GstState state : {GST_STATE_READY, GST_STATE_NULL}) {
        std::string launch;
        for (int i = 0; i < 8; ++i)
            launch += branch(i, server.url());
        Pipeline pipeline(launch);
        pipeline.set(GST_STATE_PLAYING);
        wait_for_bytes(child(pipeline, "sink"), 8000);
        wait_for_bytes(child(pipeline, "sink7"), 8000);
        const Bound bound(8);
        pipeline.set(state);
    }
}

// Fragments that wait for their server are children of splitmuxsink.
void waiting_fragments_share_one_stop_timeout()
{
    const SilentServer server;
    Pipeline pipeline(cat("videotestsrc is-live=true ! "
                          "video/x-raw,width=64,height=48,framerate=30/1 ! jpegenc ! "
                          "splitmuxsink name=sink muxer-factory=matroskamux sink-factory=tussink "
                          "async-finalize=true max-size-time=300000000 "
                          "sink-properties=\"properties,"
                          "stop-timeout=(uint)",
                          milliseconds(kStopTimeout).count(), ",endpoint=(string)\"", server.url(),
                          "\"\""));
    pipeline.request(GST_STATE_PLAYING);
    for (int i = 0; i < 9; ++i)
        pipeline.wait_for_named("splitmuxsink-fragment-opened");
    const Bound bound(8);
    pipeline.set(GST_STATE_READY);
}

void a_bin_that_goes_down_takes_its_own_with_it()
{
    const SilentServer server;
    const auto working = start_standin();
    std::string launch = "( name=inner ";
    for (int i = 1; i <= 6; ++i)
        launch += branch(i, server.url());
    Pipeline pipeline(launch + ") " + branch(0, working->files_url()));
    pipeline.set(GST_STATE_PLAYING);
    wait_for_bytes(child(pipeline, "sink6"), 8000);
    GstElement *inner = child(pipeline, "inner");
    gst_element_set_locked_state(inner, TRUE);
    {
        const Bound bound(6);
        g_assert_cmpint(gst_element_set_state(inner, GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
    }
    // the one beside it goes on
    pipeline.wait_for_bytes(stat(pipeline.sink(), "bytes-rendered") + 50000);
    pipeline.set(GST_STATE_READY);
    g_assert_cmpuint(working->snapshot().only_finished()->offset, ==,
                     stat(pipeline.sink(), "bytes-rendered"));
}

void those_that_are_told_finish_as_they_would_alone()
{
    const SilentServer silent;
    const auto server = start_standin();
    Pipeline pipeline(branch(0, server->files_url()) + branch(1, silent.url()) +
                      branch(2, server->files_url()) + "appsrc name=src ! " +
                      sink(3, server->files_url(), "async=false"));
    pipeline.request(GST_STATE_PLAYING);
    wait_for_bytes(child(pipeline, "sink"), 50000);
    wait_for_bytes(child(pipeline, "sink1"), 50000);
    wait_for_bytes(child(pipeline, "sink2"), 50000);
    pipeline.request(GST_STATE_READY);
    std::uint64_t finished = 0, removed = 0;
    const auto snapshot = server->snapshot();
    for (const auto &[id, upload] : snapshot.uploads) {
        removed += upload.removed; // the one without a byte
        if (!upload.finished)
            continue;
        ++finished;
        g_assert_true(upload.offset == stat(child(pipeline, "sink"), "bytes-rendered") ||
                      upload.offset == stat(child(pipeline, "sink2"), "bytes-rendered"));
    }
    g_assert_cmpuint(finished, ==, 2);
    g_assert_cmpuint(finished + removed, ==, snapshot.uploads.size());
    for (const Message &message : pipeline.drain_bus())
        g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), !=, GST_MESSAGE_ERROR);
}

void the_next_recording_is_a_new_one()
{
    const auto server = start_standin();
    Pipeline pipeline(branch(0, server->files_url()) + branch(1, server->files_url()));
    for (int i = 0; i < 3; ++i) {
        pipeline.set(GST_STATE_PLAYING);
        wait_for_bytes(child(pipeline, "sink"), 8000);
        wait_for_bytes(child(pipeline, "sink1"), 8000);
        pipeline.set(GST_STATE_READY);
    }
    const auto snapshot = server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 6);
    for (const auto &[id, upload] : snapshot.uploads)
        g_assert_true(upload.finished);
}

// --- not together --------------------------------------------------------------------------------

// While one stops, in vain, the other goes on, and ends complete.
void expect_that_it_goes_on(Pipeline &pipeline, standin::Standin &server)
{
    const std::uint64_t before = stat(pipeline.sink(), "bytes-rendered");
    pipeline.wait_for_bytes(before + 50000);
    gst_element_set_locked_state(pipeline.sink(), FALSE);
    gst_element_set_state(pipeline.sink(), GST_STATE_READY);
    g_assert_cmpuint(server.snapshot().only_finished()->offset, ==,
                     stat(pipeline.sink(), "bytes-rendered"));
    for (const Message &message : pipeline.drain_bus())
        g_assert_true(GST_MESSAGE_TYPE(message.get()) != GST_MESSAGE_ERROR ||
                      GST_MESSAGE_SRC(message.get()) != GST_OBJECT(pipeline.sink()));
}

void a_sink_that_is_removed_goes_alone()
{
    const SilentServer silent;
    const auto server = start_standin();
    Pipeline pipeline(branch(0, server->files_url()) + branch(1, silent.url()));
    pipeline.set(GST_STATE_PLAYING);
    GstElement *removed = child(pipeline, "sink1");
    wait_for_bytes(removed, 8000);
    gst_object_ref(removed);
    gst_element_set_locked_state(removed, TRUE);
    g_assert_cmpint(gst_element_set_state(removed, GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
    g_assert_true(gst_bin_remove(GST_BIN(pipeline.get()), removed));
    gst_object_unref(removed);
    expect_that_it_goes_on(pipeline, *server);
}

void a_sink_with_a_locked_state_is_not_told()
{
    const SilentServer silent;
    const auto server = start_standin();
    Pipeline pipeline("( name=inner " + branch(0, server->files_url()) + ") " +
                      branch(1, silent.url()));
    pipeline.set(GST_STATE_PLAYING);
    pipeline.wait_for_bytes(8000);
    wait_for_bytes(child(pipeline, "sink1"), 8000);
    gst_element_set_locked_state(child(pipeline, "inner"), TRUE);
    pipeline.request(GST_STATE_READY);
    expect_that_it_goes_on(pipeline, *server);
    gst_element_set_locked_state(child(pipeline, "inner"), FALSE);
}

void another_pipeline_is_not_told()
{
    const SilentServer silent;
    const auto server = start_standin();
    Pipeline other(branch(0, server->files_url()));
    Pipeline pipeline(branch(0, silent.url()) + branch(1, silent.url()));
    other.set(GST_STATE_PLAYING);
    pipeline.set(GST_STATE_PLAYING);
    other.wait_for_bytes(8000);
    wait_for_bytes(child(pipeline, "sink1"), 8000);
    pipeline.set(GST_STATE_NULL);
    expect_that_it_goes_on(other, *server);
}

// An application that gives each element its state; the pipeline around them has never moved.
void one_of_a_pipeline_that_does_not_move_goes_alone()
{
    const SilentServer silent;
    const auto server = start_standin();
    Pipeline pipeline(branch(0, server->files_url()) + branch(1, silent.url()));
    pipeline.request(GST_STATE_READY);
    GstIterator *all = gst_bin_iterate_sorted(GST_BIN(pipeline.get()));
    gst_iterator_foreach(
        all,
        [](const GValue *value, gpointer) {
            gst_element_set_state(GST_ELEMENT(g_value_get_object(value)), GST_STATE_PLAYING);
        },
        nullptr);
    gst_iterator_free(all);
    wait_for_bytes(child(pipeline, "sink1"), 8000);
    gst_element_set_state(child(pipeline, "sink1"), GST_STATE_NULL);
    expect_that_it_goes_on(pipeline, *server);
}

void two_threads_stop_two_pipelines()
{
    const SilentServer silent;
    const auto stop = [&silent] {
        Pipeline pipeline(branch(0, silent.url()) + branch(1, silent.url()) +
                          branch(2, silent.url()) + branch(3, silent.url()));
        for (unsigned i = 0; i < 3; ++i) {
            for (const char *name : {"sink", "sink1", "sink2", "sink3"})
                g_object_set(child(pipeline, name), "stop-timeout", i * 50, nullptr);
            pipeline.set(GST_STATE_PLAYING);
            wait_for_bytes(child(pipeline, "sink3"), 8000);
            const Bound bound(4);
            pipeline.set(GST_STATE_READY);
        }
    };
    std::thread other(stop);
    stop();
    other.join();
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/stops/together/silent-server", silent_sinks_share_one_stop_timeout);
    add_test("/stops/together/fragments", waiting_fragments_share_one_stop_timeout);
    add_test("/stops/together/bin", a_bin_that_goes_down_takes_its_own_with_it);
    add_test("/stops/together/finish", those_that_are_told_finish_as_they_would_alone);
    add_test("/stops/together/again", the_next_recording_is_a_new_one);
    add_test("/stops/alone/removed", a_sink_that_is_removed_goes_alone);
    add_test("/stops/alone/locked", a_sink_with_a_locked_state_is_not_told);
    add_test("/stops/alone/other-pipeline", another_pipeline_is_not_told);
    add_test("/stops/alone/still-pipeline", one_of_a_pipeline_that_does_not_move_goes_alone);
    add_test("/stops/two-threads", two_threads_stop_two_pipelines);
    return g_test_run();
}
