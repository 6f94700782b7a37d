// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How EOS gets into a recording whose sources do with it what real ones have done.
#include "glib/ptr.h"
#include "record/ending.h"
#include "test.h"

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include <gst/gst.h>

using namespace gsttus;
using gsttus::test::add_test;

namespace {

// A live source that does with EOS what the test says; the rest is that of the bin.
struct Odd {
    GstBin bin;
    std::function<bool(GstElement *)> *take;
};

struct OddClass {
    GstBinClass parent;
};

G_DEFINE_TYPE(Odd, odd, GST_TYPE_BIN)

gboolean odd_send_event(GstElement *element, GstEvent *event)
{
    const bool taken = (*reinterpret_cast<Odd *>(element)->take)(element);
    gst_event_unref(event);
    return taken;
}

void odd_class_init(OddClass *klass)
{
    GST_ELEMENT_CLASS(klass)->send_event = odd_send_event;
}

void odd_init(Odd * /*self*/) {}

// For each source what it does: its "fakesrc" is called "own".
struct Bench {
    explicit Bench(std::vector<std::function<bool(GstElement *)>> sources)
        : takes(std::move(sources)), pipeline(GRef<GstElement>::adopt(
                                         GST_ELEMENT(g_object_ref_sink(gst_pipeline_new(nullptr)))))
    {
        for (auto &take : takes) {
            auto *source = GST_ELEMENT(g_object_new(odd_get_type(), nullptr));
            reinterpret_cast<Odd *>(source)->take = &take;
            GstElement *own = gst_element_factory_make("fakesrc", "own");
            gst_util_set_object_arg(G_OBJECT(own), "is-live", "true");
            gst_util_set_object_arg(G_OBJECT(own), "do-timestamp", "true");
            gst_util_set_object_arg(G_OBJECT(own), "sizetype", "fixed");
            g_object_set(own, "sizemax", 10, "datarate", 1000, nullptr);
            GstElement *sink = gst_element_factory_make("fakesink", nullptr);
            gst_bin_add(GST_BIN(source), own);
            const auto pad = GRef<GstPad>::adopt(gst_element_get_static_pad(own, "src"));
            gst_element_add_pad(source, gst_ghost_pad_new("src", pad.get()));
            gst_bin_add_many(GST_BIN(pipeline.get()), source, sink, nullptr);
            gst_element_link(source, sink);
        }
        gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
        gst_element_get_state(pipeline.get(), nullptr, nullptr, 10 * GST_SECOND);
    }

    ~Bench()
    {
        gst_element_set_state(pipeline.get(), GST_STATE_READY);
        ending.join();
        gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    }

    bool ends() const
    {
        const auto bus = GRef<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
        GstMessage *message =
            gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GST_MESSAGE_EOS);
        if (!message)
            return false;
        gst_message_unref(message);
        return true;
    }

    std::vector<std::function<bool(GstElement *)>> takes;
    const GRef<GstElement> pipeline;
    Ending ending;
};

bool end_own(GstElement *source)
{
    const auto own = GRef<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(source), "own"));
    return gst_element_send_event(own.get(), gst_event_new_eos());
}

void eos_is_sent_again()
{
    std::atomic<int> times = 0;
    Bench bench({[&](GstElement *source) { return ++times < 3 || end_own(source); }});
    bench.ending.begin(bench.pipeline.get());
    g_assert_true(bench.ends());
    g_assert_cmpint(times, ==, 3);
}

void source_that_never_ends()
{
    Bench bench({[](GstElement *) { return true; }});
    bench.ending.begin(bench.pipeline.get());
    int seconds = 0;
    while (!bench.ending.stands_still(bench.pipeline.get()) && ++seconds < 30)
        g_usleep(G_USEC_PER_SEC);
    g_assert_cmpint(seconds, >=, kPatience.count());
    g_assert_cmpint(seconds, <, 30);
}

// The second frees the first.
void sources_do_not_wait_for_each_other()
{
    std::atomic<int> inside = 0;
    const auto take = [&](GstElement *source) {
        ++inside;
        for (int step = 0; inside < 2 && step < 3000; ++step)
            g_usleep(10'000);
        return inside >= 2 && end_own(source);
    };
    Bench bench({take, take});
    bench.ending.begin(bench.pipeline.get());
    g_assert_true(bench.ends());
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    gst_init(nullptr, nullptr);
    add_test("/ending/sent-again", eos_is_sent_again);
    add_test("/ending/never-ends", source_that_never_ends);
    add_test("/ending/at-a-time", sources_do_not_wait_for_each_other);
    return g_test_run();
}
