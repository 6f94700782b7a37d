// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// State changes: cycles, servers that do not answer, and what a stop leaves at the server.
#include "element_support.h"

#include <atomic>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// A live stream without end: 20 buffers of 4 kB a second would do, here as fast as one drinks.
std::string endless(const std::string &endpoint, const char *settings = "")
{
    return "fakesrc is-live=true sizetype=fixed sizemax=4096 filltype=pattern-span "
           "datarate=4000000 format=time ! tussink name=sink flush-interval=20 stop-timeout=" +
           std::to_string(patience(milliseconds(3000)).count()) + " " + settings +
           " endpoint=" + endpoint;
}

// --- cycles --------------------------------------------------------------------------------------

void null_to_playing_ten_times()
{
    const auto server = start_standin();
    Pipeline pipeline(endless(server->files_url()));
    for (std::uint64_t i = 1; i <= 10; ++i) {
        pipeline.set(GST_STATE_PLAYING);
        pipeline.wait_for_bytes(20000);
        pipeline.set(GST_STATE_NULL);
        const auto snapshot = server->snapshot(); // a recording of its own each time, finished
        std::uint64_t finished = 0;
        for (const auto &[id, upload] : snapshot.uploads)
            finished += upload.finished;
        g_assert_cmpuint(finished, ==, i);
    }
    g_assert_cmpuint(server->snapshot().unannounced_offsets, ==, 0);
}

void ready_to_playing_ten_times()
{
    const auto server = start_standin();
    Pipeline pipeline(endless(server->files_url()));
    std::uint64_t bytes = 0;
    for (int i = 0; i < 10; ++i) {
        pipeline.set(GST_STATE_PLAYING);
        pipeline.wait_for_bytes(20000);
        pipeline.set(GST_STATE_READY);
        bytes += stat(pipeline.sink(), "bytes-rendered"); // those of the last one stay readable
    }
    std::uint64_t stored = 0;
    const auto snapshot = server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 10);
    for (const auto &[id, upload] : snapshot.uploads) {
        g_assert_true(upload.finished);
        stored += upload.offset;
    }
    g_assert_cmpuint(stored, ==, bytes);
}

void pause_and_play_ten_times()
{
    const auto server = start_standin();
    const NoiseFile file(3000000);
    Pipeline pipeline(file.source() +
                      "blocksize=4096 ! identity name=pace sleep-time=500 ! "
                      "tussink name=sink flush-interval=20 endpoint=" +
                      server->files_url());
    for (int i = 1; i <= 10; ++i) {
        pipeline.set(GST_STATE_PLAYING);
        pipeline.wait_for_bytes(static_cast<std::uint64_t>(i) * 50000);
        pipeline.set(GST_STATE_PAUSED);
    }
    pipeline.run();
    g_assert_cmpuint(pipeline.bytes(), ==, 3000000);
    assert_same_bytes(*server, pipeline);
}

void start_and_stop_without_a_byte_leaves_nothing()
{
    const auto server = start_standin();
    Pipeline pipeline("appsrc name=src ! tussink name=sink endpoint=" + server->files_url());
    for (int i = 0; i < 10; ++i) {
        g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
        g_assert_cmpint(pipeline.request(GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
    }
    for (const auto &[id, upload] : server->snapshot().uploads)
        g_assert_true(upload.removed);
}

// --- silent servers ------------------------------------------------------------------------------

void stop_is_bounded_against_a_silent_server()
{
    const SilentServer server;
    for (const char *policy : {"finish", "keep", "terminate"}) {
        Pipeline pipeline(
            endless(server.url(), (std::string("stop-timeout=200 on-stop=") + policy).c_str()));
        g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
        pipeline.wait_for_bytes(10000);
        const TimePoint before = Clock::now();
        g_assert_cmpint(pipeline.request(GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
        g_assert_cmpfloat(to_seconds(Clock::now() - before), <, // a bound
                          to_seconds(patience(seconds(5))));
    }
}

void state_changes_up_do_not_wait_for_the_network()
{
    const SilentServer server;
    Pipeline pipeline(endless(server.url(), "stop-timeout=0"));
    g_assert_cmpint(pipeline.request(GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
    pipeline.set(GST_STATE_PLAYING);
    pipeline.wait_for_bytes(10000); // render does not wait either
}

// --- stop policies -------------------------------------------------------------------------------

void stop_finishes_what_is_there()
{
    const auto server = start_standin();
    Pipeline pipeline(endless(server->files_url()));
    pipeline.set(GST_STATE_PLAYING);
    pipeline.wait_for_bytes(50000);
    pipeline.set(GST_STATE_READY);
    const auto snapshot = server->snapshot();
    g_assert_nonnull(snapshot.only_finished()); // a buffer that waited for PLAYING is not in it
    for (const Message &message : pipeline.drain_bus()) // those tell about EOS
        g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), !=, GST_MESSAGE_PROGRESS);
    g_assert_cmpuint(snapshot.only_finished()->offset, ==, stat(pipeline.sink(), "bytes-rendered"));
    // and the next recording is a new one
    pipeline.set(GST_STATE_PLAYING);
    pipeline.wait_for_bytes(50000);
    pipeline.set(GST_STATE_READY);
    g_assert_cmpuint(server->snapshot().uploads.size(), ==, 2);
}

void stop_keeps_and_the_url_continues()
{
    const auto server = start_standin();
    Pipeline first(endless(server->files_url(), "on-stop=keep spool-mode=never"));
    first.set(GST_STATE_PLAYING);
    g_assert_true(server->wait_for(
        [](const standin::Snapshot &now) {
            return !now.uploads.empty() && now.uploads.begin()->second.offset > 0;
        },
        patience(seconds(20))));
    first.set(GST_STATE_READY);
    char *url = nullptr;
    g_object_get(first.sink(), "upload-url", &url, nullptr);
    g_assert_nonnull(url);
    const NoiseFile file(100000);
    Pipeline second(file.source() + "! tussink name=sink endpoint=" + server->files_url() +
                    " upload-url=" + url);
    second.run();
    second.set(GST_STATE_READY);
    const auto snapshot = server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 1);
    const auto *upload = snapshot.only_finished();
    g_assert_nonnull(upload);
    char *stored = nullptr;
    gsize size = 0;
    g_assert_true(g_file_get_contents(upload->path.c_str(), &stored, &size, nullptr));
    g_assert_cmpuint(size, >, 100000);
    g_assert_true(std::string_view(stored + size - 100000, 100000) == noise(100000));
    g_free(stored);
    g_free(url);
    // complete: the next recording is a new upload
    second.set(GST_STATE_PAUSED);
    second.run();
    second.set(GST_STATE_READY);
    g_assert_cmpuint(server->snapshot().uploads.size(), ==, 2);
}

void stop_terminates()
{
    const auto server = start_standin();
    Pipeline pipeline(endless(server->files_url(), "on-stop=terminate"));
    pipeline.set(GST_STATE_PLAYING);
    pipeline.wait_for_bytes(50000);
    const Message created = pipeline.wait_for_named("tus-upload-created");
    int told = 0;
    g_signal_connect(pipeline.sink(), "notify::upload-url",
                     G_CALLBACK(+[](GObject *, GParamSpec *, int *count) { ++*count; }), &told);
    pipeline.set(GST_STATE_READY);
    g_assert_true(server->snapshot().uploads.begin()->second.removed);
    char *url = nullptr;
    g_object_get(pipeline.sink(), "upload-url", &url, nullptr);
    g_assert_null(url); // it is gone
    g_assert_cmpint(told, ==, 1);
    const Message removed = pipeline.wait_for_named("tus-upload-removed");
    GstStructure *stats = nullptr;
    g_object_get(pipeline.sink(), "stats", &stats, nullptr);
    g_assert_cmpstr(gst_structure_get_string(stats, "upload-url"), ==, "");
    gst_structure_free(stats);
}

// An upload that was given, too: the next recording must not go on with it.
void stop_terminates_what_was_given()
{
    const auto server = start_standin();
    Pipeline first(endless(server->files_url(), "on-stop=keep spool-mode=never"));
    first.set(GST_STATE_PLAYING);
    const Message created = first.wait_for_named("tus-upload-created");
    first.wait_for_bytes(50000);
    first.set(GST_STATE_READY);
    char *url = nullptr;
    g_object_get(first.sink(), "upload-url", &url, nullptr);
    Pipeline second(endless(server->files_url(), "on-stop=terminate"));
    g_object_set(second.sink(), "upload-url", url, nullptr);
    g_free(url);
    const std::uint64_t before = server->snapshot().uploads.begin()->second.offset;
    second.set(GST_STATE_PLAYING);
    g_assert_true(server->wait_for(
        [before](const standin::Snapshot &now) {
            return now.uploads.begin()->second.offset > before;
        },
        patience(seconds(20))));
    second.set(GST_STATE_READY);
    g_assert_true(server->snapshot().uploads.begin()->second.removed);
    g_object_get(second.sink(), "upload-url", &url, nullptr);
    g_assert_null(url);
}

// Applications do this: the pipeline is stopped from the message's handler, on our thread.
void stop_from_the_upload_thread()
{
    const auto server = start_standin();
    Pipeline pipeline(endless(server->files_url()));

    struct State {
        GstElement *pipeline;
        std::thread::id thread;
        std::atomic<bool> done{false};
    } state{pipeline.sink(), {}, {}};

    GstBus *bus = gst_element_get_bus(pipeline.get());
    gst_bus_set_sync_handler(
        bus,
        [](GstBus *, GstMessage *message, gpointer data) {
            auto *self = static_cast<State *>(data);
            if (gst_message_has_name(message, "tus-upload-created")) {
                gst_element_set_locked_state(self->pipeline, TRUE);
                gst_element_set_state(self->pipeline, GST_STATE_NULL);
                self->done = true;
            }
            return GST_BUS_PASS;
        },
        &state, nullptr);
    pipeline.request(GST_STATE_PLAYING);
    const TimePoint deadline = Clock::now() + patience(seconds(20));
    while (!state.done) {
        g_assert_true(Clock::now() < deadline);
        g_usleep(1000);
    }
    pipeline.request(GST_STATE_NULL);
    gst_bus_set_sync_handler(bus, nullptr, nullptr, nullptr);
    gst_object_unref(bus);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/states/cycle/null-playing", null_to_playing_ten_times);
    add_test("/states/cycle/ready-playing", ready_to_playing_ten_times);
    add_test("/states/cycle/pause-play", pause_and_play_ten_times);
    add_test("/states/cycle/without-a-byte", start_and_stop_without_a_byte_leaves_nothing);
    add_test("/states/silent-server/stop", stop_is_bounded_against_a_silent_server);
    add_test("/states/silent-server/start", state_changes_up_do_not_wait_for_the_network);
    add_test("/states/on-stop/finish", stop_finishes_what_is_there);
    add_test("/states/on-stop/keep", stop_keeps_and_the_url_continues);
    add_test("/states/on-stop/terminate", stop_terminates);
    add_test("/states/on-stop/terminate-given", stop_terminates_what_was_given);
    add_test("/states/stop-from-upload-thread", stop_from_the_upload_thread);
    return g_test_run();
}
