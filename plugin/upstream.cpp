// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Walks from a pad against the stream, and asks elements what anybody may ask them.
#include "upstream.h"

#include "base/text.h"

#include <algorithm>

#include <gst/base/gstbasesrc.h>

namespace gsttus {

namespace {

using PadRef = GRef<GstPad>;

// The pad of a real element at the other end of `pad`, through the walls of bins.
PadRef real_peer(GstPad *pad)
{
    PadRef peer = PadRef::adopt(gst_pad_get_peer(pad));
    while (peer && GST_IS_PROXY_PAD(peer.get())) {
        if (GST_IS_GHOST_PAD(peer.get())) { // a bin: look inside
            peer = PadRef::adopt(gst_ghost_pad_get_target(GST_GHOST_PAD(peer.get())));
            continue;
        }
        // the inner side of our own bin's pad: look outside
        const PadRef outer =
            PadRef::adopt(GST_PAD(gst_proxy_pad_get_internal(GST_PROXY_PAD(peer.get()))));
        peer = outer ? PadRef::adopt(gst_pad_get_peer(outer.get())) : PadRef();
    }
    return peer;
}

std::string_view klass_of(GstElement *element)
{
    const char *klass = gst_element_get_metadata(element, GST_ELEMENT_METADATA_KLASS);
    return klass ? klass : "";
}

bool has_word(std::string_view klass, std::string_view word)
{
    return klass.find(word) != std::string_view::npos;
}

// An encoder whose format has a header of its own, which it writes anew at the end if it may.
constexpr std::string_view kEncodersWithFiles = "flacenc wavpackenc";

bool is_muxer(std::string_view klass, std::string_view factory)
{
    return has_word(klass, "Muxer") || lists(kEncodersWithFiles, factory);
}

// Behind it bytes are no longer those that a muxer has made.
bool makes_bytes(std::string_view klass)
{
    for (const std::string_view word : {"Encoder", "Decoder", "Source", "Depayloader", "Demuxer"}) {
        if (has_word(klass, word))
            return true;
    }
    return false;
}

PadRef only_sink_pad(GstElement *element)
{
    GST_OBJECT_LOCK(element);
    PadRef pad;
    if (element->numsinkpads == 1)
        pad = PadRef::retain(GST_PAD(element->sinkpads->data));
    GST_OBJECT_UNLOCK(element);
    return pad;
}

} // namespace

bool lists(std::string_view names, std::string_view name)
{
    for (std::size_t at = names.find(name); at != std::string_view::npos;
         at = names.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || names[at - 1] == ' ') && (end == names.size() || names[end] == ' '))
            return true;
    }
    return false;
}

namespace {

constexpr int kMostElements = 200; // a bound, should a pipeline be strange

bool is_live(GstPad *pad)
{
    GstQuery *query = gst_query_new_latency();
    gboolean live = TRUE;
    if (gst_pad_peer_query(pad, query))
        gst_query_parse_latency(query, &live, nullptr, nullptr);
    gst_query_unref(query);
    return live != FALSE;
}

bool can_be_read_again(GstPad *source)
{
    for (const GstFormat format : {GST_FORMAT_BYTES, GST_FORMAT_TIME}) {
        GstQuery *query = gst_query_new_seeking(format);
        gboolean may = FALSE;
        if (gst_pad_query(source, query))
            gst_query_parse_seeking(query, nullptr, &may, nullptr, nullptr);
        gst_query_unref(query);
        if (may)
            return true;
    }
    return false;
}

// Whatever its factory is called: others make sources of their own from it.
bool is_kind_of(GstElement *element, const char *type_name)
{
    const GType type = g_type_from_name(type_name); // 0: nobody has made one
    return type != 0 && g_type_is_a(G_OBJECT_TYPE(element), type);
}

// What a leaky queue and an application do not hand over is lost, a live broadcast goes on, and to
// a tee branches come later.
bool lets_wait(GstElement *element)
{
    GstElementFactory *maker = gst_element_get_factory(element);
    if (!maker || lists("tee fdsrc", GST_OBJECT_NAME(maker)) || is_kind_of(element, "GstAppSrc") ||
        has_word(klass_of(element), "Adaptive"))
        return false;
    Upstream upstream;
    upstream.element = GRef<GstElement>::retain(element);
    return number_of(upstream, "leaky").value_or(0) == 0;
}

std::vector<PadRef> pads_of(GstElement *element, GList *GstElement::*which)
{
    std::vector<PadRef> pads;
    GST_OBJECT_LOCK(element);
    for (GList *item = element->*which; item; item = item->next)
        pads.push_back(PadRef::retain(GST_PAD(item->data)));
    GST_OBJECT_UNLOCK(element);
    return pads;
}

template <typename T>
bool has(const std::vector<GRef<T>> &all, const GRef<T> &one)
{
    return std::any_of(all.begin(), all.end(),
                       [&one](const GRef<T> &other) { return other.get() == one.get(); });
}

// All that feeds one pad.
class Feeders {
public:
    // Every source of it can wait, and every element on the way.
    bool can_wait(GstPad *pad)
    {
        const PadRef source = real_peer(pad);
        const ElementRef element = parent_of(source);
        if (!element || --left_ < 0 || !lets_wait(element.get()))
            return false;
        passed_.push_back(source);
        if (has(elements_, element))
            return true; // it feeds by two ways
        elements_.push_back(element);
        const std::vector<PadRef> pads = pads_of(element.get(), &GstElement::sinkpads);
        if (pads.empty()) // what only answers for another pipeline (ipcpipelinesrc) hides who waits
            return (GST_IS_BASE_SRC(element.get()) ||
                    !has_word(klass_of(element.get()), "Source")) &&
                   can_be_read_again(source.get());
        return std::all_of(pads.begin(), pads.end(),
                           [this](const PadRef &further) { return can_wait(further.get()); });
    }

    // Something of it goes elsewhere: who gets that would wait as well. After can_wait().
    bool feed_others()
    {
        return std::any_of(elements_.begin(), elements_.end(), [this](const ElementRef &element) {
            return leads_elsewhere(element.get());
        });
    }

private:
    using ElementRef = GRef<GstElement>;

    static ElementRef parent_of(const PadRef &pad)
    {
        return pad ? ElementRef::adopt(gst_pad_get_parent_element(pad.get())) : ElementRef();
    }

    bool leads_elsewhere(GstElement *element)
    {
        const std::vector<PadRef> pads = pads_of(element, &GstElement::srcpads);
        return std::any_of(pads.begin(), pads.end(), [this](const PadRef &source) {
            const PadRef taker = real_peer(source.get());
            if (!taker || has(passed_, source))
                return false;
            const ElementRef next = parent_of(taker);
            return !next || --left_ < 0 ||
                   pads_of(next.get(), &GstElement::srcpads).empty() || // it ends there
                   leads_elsewhere(next.get());
        });
    }

    int left_ = kMostElements;
    std::vector<PadRef> passed_; // source pads
    std::vector<ElementRef> elements_;
};

} // namespace

bool can_wait(GstPad *pad)
{
    Feeders feeders;
    return !is_live(pad) && feeders.can_wait(pad) && !feeders.feed_others();
}

std::string Upstream::shown() const
{
    return factory.empty() ? name : cat(name, " (", factory, ")");
}

Upstream find_muxer(GstPad *pad)
{
    PadRef at = PadRef::retain(pad);
    for (int hops = 0; at && hops < 16; ++hops) { // a bound, should a pipeline be strange
        PadRef source = real_peer(at.get());
        if (!source)
            break;
        auto element = GRef<GstElement>::adopt(gst_pad_get_parent_element(source.get()));
        if (!element)
            break;
        GstElementFactory *maker = gst_element_get_factory(element.get());
        const std::string factory = maker ? GST_OBJECT_NAME(maker) : "";
        const std::string_view klass = klass_of(element.get());
        const bool found = is_muxer(klass, factory);
        at = found || makes_bytes(klass) ? PadRef() : only_sink_pad(element.get());
        if (at)
            continue;
        const GCharOwn name{gst_object_get_name(GST_OBJECT(element.get()))};
        return {std::move(element), std::move(source), name.get(), factory, found};
    }
    return {};
}

bool may_go_back(const Upstream &upstream)
{
    if (!upstream.source)
        return false;
    GstQuery *query = gst_query_new_seeking(GST_FORMAT_BYTES);
    gboolean may = FALSE;
    if (gst_pad_peer_query(upstream.source.get(), query))
        gst_query_parse_seeking(query, nullptr, &may, nullptr, nullptr);
    gst_query_unref(query);
    return may != FALSE;
}

std::vector<GRef<GstPad>> sink_pads(const Upstream &upstream)
{
    return upstream.element ? pads_of(upstream.element.get(), &GstElement::sinkpads)
                            : std::vector<GRef<GstPad>>();
}

std::optional<std::int64_t> number_of(const Upstream &upstream, const char *property)
{
    if (!upstream.element)
        return std::nullopt;
    auto *object = G_OBJECT(upstream.element.get());
    const GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), property);
    if (!spec || !(spec->flags & G_PARAM_READABLE) ||
        !g_value_type_transformable(spec->value_type, G_TYPE_INT64))
        return std::nullopt;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_INT64);
    g_object_get_property(object, property, &value);
    return g_value_get_int64(&value);
}

} // namespace gsttus
