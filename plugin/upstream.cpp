// Walks from a pad against the stream, and asks elements what anybody may ask them.
#include "upstream.h"

#include "base/text.h"

namespace gsttus {

namespace {

using PadRef = GRef<GstPad>;

// The source pad of a real element that feeds `pad`, through the walls of bins.
PadRef feeding_pad(GstPad *pad)
{
    PadRef peer = PadRef::adopt(gst_pad_get_peer(pad));
    while (peer && GST_IS_PROXY_PAD(peer.get())) {
        if (GST_IS_GHOST_PAD(peer.get())) { // a bin upstream: look inside
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

// A tee's other branches would wait as well, and a leaky queue would lose what has to.
bool lets_wait(GstElement *element)
{
    GstElementFactory *maker = gst_element_get_factory(element);
    if (!maker || lists("tee appsrc fdsrc", GST_OBJECT_NAME(maker)))
        return false;
    Upstream upstream;
    upstream.element = GRef<GstElement>::retain(element);
    return number_of(upstream, "leaky").value_or(0) == 0;
}

std::vector<PadRef> sink_pads_of(GstElement *element)
{
    std::vector<PadRef> pads;
    GST_OBJECT_LOCK(element);
    for (GList *item = element->sinkpads; item; item = item->next)
        pads.push_back(PadRef::retain(GST_PAD(item->data)));
    GST_OBJECT_UNLOCK(element);
    return pads;
}

bool sources_can_wait(GstPad *pad, int &left)
{
    const PadRef source = feeding_pad(pad);
    const auto element = source ? GRef<GstElement>::adopt(gst_pad_get_parent_element(source.get()))
                                : GRef<GstElement>();
    if (!element || --left < 0 || !lets_wait(element.get()))
        return false;
    const std::vector<PadRef> pads = sink_pads_of(element.get());
    if (pads.empty())
        return can_be_read_again(source.get());
    for (const PadRef &further : pads) {
        if (!sources_can_wait(further.get(), left))
            return false;
    }
    return true;
}

} // namespace

bool can_wait(GstPad *pad)
{
    int left = kMostElements;
    return !is_live(pad) && sources_can_wait(pad, left);
}

std::string Upstream::shown() const
{
    return factory.empty() ? name : cat(name, " (", factory, ")");
}

Upstream find_muxer(GstPad *pad)
{
    PadRef at = PadRef::retain(pad);
    for (int hops = 0; at && hops < 16; ++hops) { // a bound, should a pipeline be strange
        PadRef source = feeding_pad(at.get());
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
    std::vector<GRef<GstPad>> pads;
    if (!upstream.element)
        return pads;
    GST_OBJECT_LOCK(upstream.element.get());
    for (GList *item = upstream.element->sinkpads; item; item = item->next)
        pads.push_back(PadRef::retain(GST_PAD(item->data)));
    GST_OBJECT_UNLOCK(upstream.element.get());
    return pads;
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
