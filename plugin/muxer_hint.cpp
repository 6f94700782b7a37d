// Finds the muxer upstream, and knows which of its properties cures what.
#include "muxer_hint.h"

#include "glib/ptr.h"

namespace gsttus {

namespace {

using PadRef = GRef<GstPad>;

struct Hint {
    std::string_view factories; // blank separated
    const char *text;
};

constexpr const char *kFragmented =
    "set fragment-duration=1000 on it, leave fragment-mode at dash-or-mss, set none of its "
    "reserved-* properties, and behind a tee link this branch before that of a file";

constexpr Hint kHints[] = {
    {"mp4mux qtmux 3gppmux mj2mux ismlmux", kFragmented},
    {"isofmp4mux cmafmux dashmp4mux", "set header-update-mode=none on it"},
    {"isomp4mux", "use isofmp4mux, or mp4mux fragment-duration=1000"},
    {"avimux", "AVI can not be streamed: use matroskamux, mpegtsmux, or mp4mux "
               "fragment-duration=1000"},
    {"wavenc", "WAV has its length at the start: use flacenc, or matroskamux or oggmux for the "
               "sound"},
    {"matroskamux webmmux flvmux", "set streamable=true on it"},
};

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

bool passes_bytes_on(std::string_view factory)
{
    return lists("queue queue2 identity capsfilter tee valve progressreport typefind "
                 "output-selector input-selector clocksync",
                 factory);
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

std::string muxer_hint(std::string_view factory)
{
    for (const Hint &hint : kHints) {
        if (lists(hint.factories, factory))
            return hint.text;
    }
    return "set it to write a streamable file, or use matroskamux, mpegtsmux, or mp4mux "
           "fragment-duration=1000";
}

Upstream find_muxer(GstPad *pad)
{
    PadRef at = PadRef::retain(pad);
    for (int hops = 0; at && hops < 16; ++hops) { // a bound, should a pipeline be strange
        const PadRef source = feeding_pad(at.get());
        if (!source)
            break;
        const auto element = GRef<GstElement>::adopt(gst_pad_get_parent_element(source.get()));
        if (!element)
            break;
        GstElementFactory *factory = gst_element_get_factory(element.get());
        const char *factory_name = factory ? GST_OBJECT_NAME(factory) : "";
        const GCharOwn name{gst_object_get_name(GST_OBJECT(element.get()))};
        at = passes_bytes_on(factory_name) ? only_sink_pad(element.get()) : PadRef();
        if (!at)
            return {name.get(), factory_name};
    }
    return {};
}

} // namespace gsttus
