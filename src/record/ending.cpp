// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Sinks are asked for "stats", which every GstBaseSink has: what a file takes counts as well.
#include "record/ending.h"

#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

namespace gsttus {

namespace {

constexpr std::chrono::seconds kSecond{1};

using GstEventOwn = std::unique_ptr<GstEvent, GDelete<&gst_event_unref>>;

std::uint64_t number(const GstStructure *stats, const char *name)
{
    guint64 value = 0;
    gst_structure_get_uint64(stats, name, &value);
    return value;
}

// Not one that waits for bytes, or has ended.
bool has_to_do_with_server(const GstStructure *stats)
{
    constexpr std::array<std::string_view, 6> kWithout = {"idle",   "spooling", "ready",
                                                          "paused", "finished", "failed"};
    const char *state = gst_structure_get_string(stats, "state");
    return state && std::find(kWithout.begin(), kWithout.end(), state) == kWithout.end();
}

void look_at(GstElement *element, Sight &sight)
{
    const GParamSpec *property = g_object_class_find_property(G_OBJECT_GET_CLASS(element), "stats");
    if (!GST_OBJECT_FLAG_IS_SET(element, GST_ELEMENT_FLAG_SINK) || !property ||
        property->value_type != GST_TYPE_STRUCTURE)
        return;
    GstStructure *stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    if (!stats)
        return;
    sight.moved += 1 + number(stats, "rendered") + number(stats, "bytes-rendered") +
                   number(stats, "bytes-acked");
    sight.waits_for_server = sight.waits_for_server || has_to_do_with_server(stats);
    gst_structure_free(stats);
}

// EOS goes to each of them and not to the pipeline, which would keep its state to itself meanwhile:
// a source that waits for its sink, which waits for PLAYING, would wait for good.
std::vector<GRef<GstElement>> sources_of(GstElement *pipeline)
{
    std::vector<GRef<GstElement>> sources;
    GstIterator *all = gst_bin_iterate_sources(GST_BIN(pipeline));
    const auto one = +[](const GValue *value, gpointer data) {
        static_cast<std::vector<GRef<GstElement>> *>(data)->push_back(
            GRef<GstElement>::retain(GST_ELEMENT(g_value_get_object(value))));
    };
    while (gst_iterator_foreach(all, one, &sources) == GST_ITERATOR_RESYNC) {
        sources.clear();
        gst_iterator_resync(all);
    }
    gst_iterator_free(all);
    return sources;
}

// EOS has gone out of all that is linked of it.
bool has_ended(GstElement *source)
{
    struct Pads {
        bool some = false, all = true;
    } pads;

    const auto one = +[](GstElement * /*element*/, GstPad *pad, gpointer data) -> gboolean {
        if (!gst_pad_is_linked(pad))
            return TRUE;
        const GstEventOwn eos(gst_pad_get_sticky_event(pad, GST_EVENT_EOS, 0));
        auto *seen = static_cast<Pads *>(data);
        seen->some = true;
        seen->all = seen->all && eos;
        return TRUE;
    };
    gst_element_foreach_src_pad(source, one, &pads);
    return pads.some && pads.all;
}

} // namespace

template <int Ending::*kCount>
void Ending::await(GstPad *pad)
{
    {
        const MutexLock lock(mutex_);
        ++(this->*kCount);
    }
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer<kCount>, this, nullptr);
}

template <int Ending::*kCount>
GstPadProbeReturn Ending::on_buffer(GstPad * /*pad*/, GstPadProbeInfo * /*info*/, gpointer data)
{
    auto *self = static_cast<Ending *>(data);
    const MutexLock lock(self->mutex_);
    --(self->*kCount);
    self->changed_.notify_all();
    return GST_PAD_PROBE_REMOVE;
}

void Ending::wait_for_streams(GstElement *muxer)
{
    const auto one = +[](GstElement * /*muxer*/, GstPad *pad, gpointer data) -> gboolean {
        static_cast<Ending *>(data)->await<&Ending::unseen_>(pad);
        return TRUE;
    };
    gst_element_foreach_sink_pad(muxer, one, this);
}

void Ending::wait_for_picture(GstElement *splitter)
{
    const auto pictures = GRef<GstPad>::adopt(gst_element_get_static_pad(splitter, "video"));
    if (!pictures ||
        splitter->numsinkpads < 2) // what the pad of the sound is called, muxers differ
        return;
    await<&Ending::awaited_>(pictures.get());
}

// It waits for the sources, which may stand still as the copy or a full disk does; a second Ctrl-C
// is to come through meanwhile.
void Ending::begin(GstElement *pipeline)
{
    begun_ = true;
    thread_ = std::thread([this, pipeline] { send_eos(pipeline); });
}

void Ending::wait_while(const int &some, std::chrono::seconds most, MutexLock &lock)
{
    const auto until = std::chrono::steady_clock::now() + most;
    while (some > 0 && !is_over_ && std::chrono::steady_clock::now() < until)
        changed_.wait_until(lock, until);
}

// One thread for each source: one that is blocked may wait for the end of another, for which a
// muxer holds back what it has of the first.
void Ending::send_eos(GstElement *pipeline)
{
    const std::vector<GRef<GstElement>> sources = sources_of(pipeline);
    {
        MutexLock lock(mutex_);
        // what stands still for that is stopped before
        wait_while(unseen_, kPatience + 5 * kSecond, lock);
        eos_ = Sight::Eos::kHeld;
        wait_while(awaited_, kPatience, lock);
        if (is_over_)
            return;
        eos_ = Sight::Eos::kOnItsWay;
        untaken_ = sources.size();
    }
    std::vector<std::thread> threads;
    for (const GRef<GstElement> &source : sources)
        threads.emplace_back([this, &source] { end_source(source.get()); });
    for (std::thread &thread : threads)
        thread.join();
}

// Again each second: rtspsrc says TRUE and forgets it while it connects.
void Ending::end_source(GstElement *source)
{
    bool is_first = true, is_deaf = false;
    while (true) {
        const bool taken = gst_element_send_event(source, gst_event_new_eos());
        MutexLock lock(mutex_);
        if (is_first && --untaken_ == 0)
            eos_ = Sight::Eos::kTaken;
        is_first = false;
        wait_while(1, kSecond, lock);
        const bool goes_on = !is_over_ && !has_ended(source);
        const bool was_deaf = is_deaf;
        is_deaf = goes_on && taken;
        deaf_ += int(is_deaf) - int(was_deaf);
        if (!goes_on)
            return;
    }
}

void Ending::see_progress(GstMessage *message)
{
    GstProgressType type = GST_PROGRESS_TYPE_CONTINUE;
    char *code = nullptr;
    gst_message_parse_progress(message, &type, &code, nullptr);
    const GCharOwn owned(code);
    if (std::string_view(code) != "upload" || type == GST_PROGRESS_TYPE_CONTINUE)
        return;
    draining_ += type == GST_PROGRESS_TYPE_START ? 1 : -1;
}

Sight Ending::look(GstElement *pipeline)
{
    Sight sight;
    GstIterator *sinks = gst_bin_iterate_recurse(GST_BIN(pipeline));
    const auto one = +[](const GValue *value, gpointer data) {
        look_at(GST_ELEMENT(g_value_get_object(value)), *static_cast<Sight *>(data));
    };
    while (gst_iterator_foreach(sinks, one, &sight) == GST_ITERATOR_RESYNC) {
        sight = {};
        gst_iterator_resync(sinks);
    }
    gst_iterator_free(sinks);
    const MutexLock lock(mutex_);
    sight.eos = eos_;
    return sight;
}

// Seconds in which it could run: who was stopped (SIGSTOP) has not stood still.
bool Ending::stands_still(GstElement *pipeline)
{
    const Sight now = look(pipeline);
    const bool may_move = draining_ > 0 || now.waits_for_server || now.eos == Sight::Eos::kHeld;
    const bool moves = now != last_;
    still_ = may_move || moves ? std::chrono::seconds::zero() : still_ + kSecond;
    last_ = now;
    const MutexLock lock(mutex_);
    if (deaf_ == 0)
        unheard_ = std::chrono::seconds::zero();
    else if (moves)
        unheard_ += kSecond;
    return still_ >= kPatience || unheard_ >= kPatience;
}

std::chrono::seconds Ending::patience() const
{
    return std::max(kPatience - still_, 3 * kSecond);
}

void Ending::cease()
{
    const MutexLock lock(mutex_);
    is_over_ = true;
    changed_.notify_all();
}

void Ending::join()
{
    cease();
    if (thread_.joinable())
        thread_.join();
}

} // namespace gsttus
