// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Who feeds a pad: finds the muxer in front of it, through bins and whatever only passes bytes on,
// and looks at it from outside. Any thread. Holds what it found, so use it and let it go.
#pragma once

#include "glib/ptr.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gst/gst.h>

namespace gsttus {

struct Upstream {
    GRef<GstElement> element; // empty: nobody was found
    GRef<GstPad> source;      // its pad that leads here
    std::string name;         // of the object
    std::string factory;
    bool is_muxer = false; // or an encoder that writes a file of its own

    // "mux (mp4mux)", as texts call it.
    std::string shown() const;
};

// The muxer upstream of `pad`; what is no muxer is told as such: a source, an encoder, nothing.
Upstream find_muxer(GstPad *pad);

// Whether it is told that it may go back in the file, by whoever answers it.
bool may_go_back(const Upstream &upstream);

// Its pads on the side of the streams.
std::vector<GRef<GstPad>> sink_pads(const Upstream &upstream);

// Whether whatever feeds `pad` can be held up without losing anything: nothing of it is live, every
// source can be read again from where it is, and nothing of it goes elsewhere as well.
bool can_wait(GstPad *pad);

// A number, a boolean (0 or 1) or an enum; nullopt: it has no such property.
std::optional<std::int64_t> number_of(const Upstream &upstream, const char *property);

bool lists(std::string_view names, std::string_view name); // blank separated

} // namespace gsttus
