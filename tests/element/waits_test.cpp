// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Pause, stop and flush while the streaming thread waits: in render for room, at EOS for the
// server.
#include "element_support.h"

#include <cstring>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Often, so that a pause comes before the play before it has been noticed.
void pause_and_play_often(Pipeline &pipeline)
{
    for (int i = 0; i < 200; ++i) {
        pipeline.set(GST_STATE_PAUSED);
        pipeline.set(GST_STATE_PLAYING);
    }
}

// --- a full store --------------------------------------------------------------------------------

const char *const kSmall = " spool-mode=never max-memory=65537 rollback-margin=0 chunk-size=16384 "
                           "flush-interval=10 ";

void pause_while_render_waits_for_room()
{
    const auto server = start_standin();
    const NoiseFile file(500000);
    server->go_away();
    Pipeline pipeline(file.source() + "blocksize=10007 ! tussink name=sink" + kSmall +
                      "endpoint=" + server->files_url());
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    pipeline.wait_for_bytes(60000);
    pause_and_play_often(pipeline); // returns: render has let go
    g_assert_true(server->come_back().ok());
    pipeline.run();
    g_assert_cmpuint(pipeline.bytes(), ==, 500000);
    assert_same_bytes(*server, pipeline);
}

void null_while_render_waits_for_room()
{
    const SilentServer server;
    const NoiseFile file(500000);
    Pipeline pipeline(file.source() + "! tussink name=sink stop-timeout=300" + kSmall +
                      "endpoint=" + server.url());
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    pipeline.wait_for_bytes(60000);
    const TimePoint before = Clock::now();
    g_assert_cmpint(pipeline.request(GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
    g_assert_cmpfloat(to_seconds(Clock::now() - before), <, // a bound, not a measurement
                      to_seconds(patience(seconds(5))));
}

void flush_while_render_waits_for_room()
{
    const SilentServer server;
    Pipeline pipeline("fakesrc sizetype=fixed sizemax=10000 filltype=pattern format=time ! "
                      "tussink name=sink stop-timeout=100" +
                      std::string(kSmall) + "endpoint=" + server.url());
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    pipeline.wait_for_bytes(60000);
    GstPad *pad = gst_element_get_static_pad(pipeline.sink(), "sink");
    g_assert_true(gst_pad_send_event(pad, gst_event_new_flush_start())); // returns
    g_assert_true(gst_pad_send_event(pad, gst_event_new_flush_stop(FALSE)));
    gst_object_unref(pad);
}

// What a flush drops is gone, and what comes then goes behind what was taken, as ever: in a header
// that may be rewritten, too.
void flush_in_the_middle_of_a_buffer_is_no_going_back()
{
    for (const char *header : {"", "seekable-header=1000 max-memory=70000 "}) {
        const SilentServer server;
        Pipeline pipeline("appsrc name=src format=time ! tussink name=sink stop-timeout=100" +
                          std::string(kSmall) + header + "endpoint=" + server.url());
        g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
        const auto pad = GRef<GstPad>::adopt(gst_element_get_static_pad(pipeline.sink(), "sink"));
        GstElement *src = gst_bin_get_by_name(GST_BIN(pipeline.get()), "src");
        GstFlowReturn flow = GST_FLOW_OK;
        GstBuffer *buffer = gst_buffer_new_allocate(nullptr, 500000, nullptr);
        g_signal_emit_by_name(src, "push-buffer", buffer, &flow);
        gst_buffer_unref(buffer);
        gst_object_unref(src);
        pipeline.wait_for_bytes(60000);
        g_usleep(100000); // it waits for room
        g_assert_true(gst_pad_send_event(pad.get(), gst_event_new_flush_start()));
        g_assert_true(gst_pad_send_event(pad.get(), gst_event_new_flush_stop(FALSE)));
        std::thread push([&pad] {
            GstSegment segment;
            gst_segment_init(&segment, GST_FORMAT_TIME);
            gst_pad_send_event(pad.get(), gst_event_new_segment(&segment));
            (void)gst_pad_chain(pad.get(), gst_buffer_new_allocate(nullptr, 10, nullptr));
        });
        g_usleep(300000); // time for an ERROR
        for (const Message &message : pipeline.drain_bus())
            if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ERROR)
                g_error("%s", error_text(message).c_str());
        g_assert_cmpint(pipeline.request(GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
        push.join();
    }
}

// --- a source that can wait ----------------------------------------------------------------------

// What was held back as a file alone has company now that is lost when it has to wait: a live
// source, or a branch to somebody else.
void company_that_comes_later_is_not_held_up(const char *join)
{
    constexpr std::uint64_t kFile = 6 << 20, kMemory = 1 << 20;
    const auto server = start_standin();
    g_assert_true(server->add_fault("on PATCH any: stall 60 s").ok());
    const NoiseFile file(kFile);
    Pipeline pipeline(file.source() +
                      "! output-selector name=branch ! funnel name=funnel ! "
                      "tussink name=sink stop-timeout=100 on-stop=terminate "
                      "rollback-margin=0 max-memory=" +
                      std::to_string(kMemory) + " endpoint=" + server->files_url());
    g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
    pipeline.wait_for_bytes(kMemory / 2);
    g_usleep(500000); // time to take more, which it must not
    g_assert_cmpuint(stat(pipeline.sink(), "bytes-rendered"), <, kMemory);
    GstElement *company = gst_parse_bin_from_description(join, TRUE, nullptr);
    g_assert_nonnull(company);
    g_assert_true(gst_bin_add(GST_BIN(pipeline.get()), company));
    GstElement *at =
        gst_bin_get_by_name(GST_BIN(pipeline.get()), company->numsrcpads > 0 ? "funnel" : "branch");
    g_assert_true(company->numsrcpads > 0 ? gst_element_link(company, at)
                                          : gst_element_link(at, company));
    gst_object_unref(at);
    g_assert_true(gst_element_sync_state_with_parent(company));
    pipeline.wait_for_bytes(kFile);
}

// --- the drain -----------------------------------------------------------------------------------

struct Draining {
    Draining()
        : server(start_standin()), file(400000),
          pipeline(file.source() +
                   "! tussink name=sink location=a/long.bin stop-timeout=300 flush-interval=10 "
                   "progress-interval=50 endpoint=" +
                   server->files_url())
    {
        server->go_away();
        g_assert_cmpint(pipeline.request(GST_STATE_PLAYING), !=, GST_STATE_CHANGE_FAILURE);
        wait_for_progress(GST_PROGRESS_TYPE_START);
    }

    void wait_for_progress(GstProgressType wanted)
    {
        for (;;) {
            const Message message = pipeline.wait_for(GST_MESSAGE_PROGRESS | GST_MESSAGE_EOS);
            g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), ==, GST_MESSAGE_PROGRESS);
            GstProgressType type{};
            char *code = nullptr;
            gst_message_parse_progress(message.get(), &type, &code, nullptr);
            g_assert_cmpstr(code, ==, "upload");
            g_free(code);
            check_percent(message, type);
            if (type == wanted)
                return;
            g_assert_cmpint(type, ==, GST_PROGRESS_TYPE_CONTINUE);
        }
    }

    // The number that the text has, for who shows a bar.
    static void check_percent(const Message &message, GstProgressType type)
    {
        const GstStructure *fields = gst_message_get_structure(message.get());
        int percent = -7;
        g_assert_true(gst_structure_get_int(fields, "percent", &percent));
        g_assert_cmpstr(gst_structure_get_string(fields, "location"), ==, "long.bin");
        if (type == GST_PROGRESS_TYPE_COMPLETE)
            g_assert_cmpint(percent, ==, 100);
        else if (type == GST_PROGRESS_TYPE_CONTINUE)
            g_assert_cmpint(percent, ==, std::atoi(gst_structure_get_string(fields, "text")));
        else
            g_assert_true(percent >= 0 && percent <= 100);
    }

    void pause_and_play()
    {
        pause_and_play_often(pipeline);
        g_assert_true(server->come_back().ok());
        wait_for_progress(GST_PROGRESS_TYPE_COMPLETE);
        const Message eos = pipeline.wait_for(GST_MESSAGE_EOS);
        assert_same_bytes(*server, pipeline);
    }

    void completed_while_paused_ends_when_playing()
    {
        pipeline.set(GST_STATE_PAUSED);
        g_assert_true(server->come_back().ok());
        const Message complete = pipeline.wait_for_named("tus-upload-complete");
        assert_same_bytes(*server, pipeline);
        pipeline.set(GST_STATE_PLAYING);
        const Message eos = pipeline.wait_for(GST_MESSAGE_EOS);
    }

    void null() { g_assert_cmpint(pipeline.request(GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS); }

    // The bus is flushed on the way to NULL; on the way to READY one can read it.
    void ready_says_what_is_missing()
    {
        g_assert_cmpint(pipeline.request(GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
        bool canceled = false;
        bool warned = false;
        for (const Message &message : pipeline.drain_bus()) {
            g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), !=, GST_MESSAGE_EOS);
            g_assert_cmpint(GST_MESSAGE_TYPE(message.get()), !=, GST_MESSAGE_ERROR);
            GstProgressType type{};
            if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_PROGRESS) {
                gst_message_parse_progress(message.get(), &type, nullptr, nullptr);
                canceled = canceled || type == GST_PROGRESS_TYPE_CANCELED;
            }
            if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_WARNING)
                warned = warned || std::strstr(error_text(message).c_str(), "missing") != nullptr;
        }
        g_assert_true(canceled);
        g_assert_true(warned);
    }

    void flush()
    {
        GstPad *pad = gst_element_get_static_pad(pipeline.sink(), "sink");
        g_assert_true(gst_pad_send_event(pad, gst_event_new_flush_start()));
        g_assert_true(gst_pad_send_event(pad, gst_event_new_flush_stop(FALSE)));
        wait_for_progress(GST_PROGRESS_TYPE_CANCELED);
        // the end can be told again
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        g_assert_true(gst_pad_send_event(pad, gst_event_new_segment(&segment)));
        std::thread end([pad] { gst_pad_send_event(pad, gst_event_new_eos()); });
        wait_for_progress(GST_PROGRESS_TYPE_START);
        g_assert_true(server->come_back().ok());
        wait_for_progress(GST_PROGRESS_TYPE_COMPLETE);
        end.join();
        const Message eos = pipeline.wait_for(GST_MESSAGE_EOS);
        gst_object_unref(pad);
        assert_same_bytes(*server, pipeline);
    }

    std::unique_ptr<standin::Standin> server;
    NoiseFile file;
    Pipeline pipeline;
};

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/states/full/pause", pause_while_render_waits_for_room);
    add_test("/states/full/null", null_while_render_waits_for_room);
    add_test("/states/full/flush", flush_while_render_waits_for_room);
    add_test("/states/full/flush-in-a-buffer", flush_in_the_middle_of_a_buffer_is_no_going_back);
    add_test("/states/company/live",
             [] { company_that_comes_later_is_not_held_up("fakesrc is-live=true num-buffers=0"); });
    add_test("/states/company/branch",
             [] { company_that_comes_later_is_not_held_up("queue ! fakesink async=false"); });
    add_test<Draining, &Draining::pause_and_play>("/states/drain/pause");
    add_test<Draining, &Draining::completed_while_paused_ends_when_playing>(
        "/states/drain/complete-while-paused");
    add_test<Draining, &Draining::null>("/states/drain/null");
    add_test<Draining, &Draining::ready_says_what_is_missing>("/states/drain/ready");
    add_test<Draining, &Draining::flush>("/states/drain/flush");
    return g_test_run();
}
