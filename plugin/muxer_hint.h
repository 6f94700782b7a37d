// What to tell a user whose muxer goes back in the file, which no tus server can do.
#pragma once

#include <string>
#include <string_view>

#include <gst/gst.h>

namespace gsttus {

// The sentence for a muxer, by the name of its factory; a general one for others.
std::string muxer_hint(std::string_view factory);

struct Upstream {
    std::string element; // name of the object; empty: not found
    std::string factory;
};

// The first element upstream of `pad` that does more than pass bytes on.
Upstream find_muxer(GstPad *pad);

} // namespace gsttus
