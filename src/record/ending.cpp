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

} // namespace

void Ending::wait_for_picture(GstElement *splitter)
{
    const auto pictures = GRef<GstPad>::adopt(gst_element_get_static_pad(splitter, "video"));
    if (!pictures ||
        splitter->numsinkpads < 2) // what the pad of the sound is called, muxers differ
        return;
    {
        const MutexLock lock(mutex_);
        is_awaited_ = true;
    }
    gst_pad_add_probe(pictures.get(), GST_PAD_PROBE_TYPE_BUFFER, on_picture, this, nullptr);
}

GstPadProbeReturn Ending::on_picture(GstPad * /*pad*/, GstPadProbeInfo * /*info*/, gpointer data)
{
    auto *self = static_cast<Ending *>(data);
    const MutexLock lock(self->mutex_);
    self->is_awaited_ = false;
    self->changed_.notify_all();
    return GST_PAD_PROBE_REMOVE;
}

// It waits for the sources, which may stand still as the copy or a full disk does; a second Ctrl-C
// is to come through meanwhile.
void Ending::begin(GstElement *pipeline)
{
    begun_ = true;
    thread_ = std::thread([this, pipeline] { send_eos(pipeline); });
}

void Ending::send_eos(GstElement *pipeline)
{
    {
        MutexLock lock(mutex_);
        const auto until = std::chrono::steady_clock::now() + kPatience;
        while (is_awaited_ && !is_over_ && std::chrono::steady_clock::now() < until)
            changed_.wait_until(lock, until);
        if (is_over_)
            return;
        eos_ = Sight::Eos::kOnItsWay;
    }
    const GstEventOwn eos(gst_event_new_eos());
    for (const GRef<GstElement> &source : sources_of(pipeline))
        gst_element_send_event(source.get(), gst_event_ref(eos.get()));
    const MutexLock lock(mutex_);
    eos_ = Sight::Eos::kTaken;
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
    still_ = may_move || now != last_ ? std::chrono::seconds::zero() : still_ + kSecond;
    last_ = now;
    return still_ >= kPatience;
}

std::chrono::seconds Ending::patience() const
{
    return std::max(kPatience - still_, kSecond);
}

void Ending::join()
{
    {
        const MutexLock lock(mutex_);
        is_over_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable())
        thread_.join();
}

} // namespace gsttus
