// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A GInputStream that pulls from a C++ object: what libsoup reads a request body from.
// Knows neither HTTP nor libsoup.
#pragma once

#include "glib/ptr.h"

#include <cstddef>
#include <span>

namespace gsttus {

class BodyPull {
public:
    virtual ~BodyPull() = default;
    // As GInputStream's read: bytes written to `out`, 0 at the end, -1 with `error` set.
    virtual gssize pull(std::span<std::byte> out, GCancellable *cancel, GError **error) = 0;
};

// `pull` stays the caller's; it must outlive the stream's use, or be detached before it goes.
GRef<GInputStream> make_body_stream(BodyPull &pull);
void detach_body_stream(GInputStream *stream); // from now on it reads as ended

} // namespace gsttus
