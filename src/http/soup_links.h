// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The sockets under libsoup's connections: what is known of each from one request to the next, and
// for how long nothing may move on it. One of the soup_* files; used on the upload thread only.
// Knows neither messages nor bodies.
#pragma once

#include "glib/ptr.h"
#include "http/address_watch.h"
#include "http/transport.h"

#include <map>

#include <gio/gio.h>

namespace gsttus {

struct SoupLink {
    GRef<GSocket> socket;
    GRef<GOutputStream> output; // of what carries messages; null: not known
    bool tls = false;
    bool has_answered = false; // carried a whole answer before
};

// The connections of one session, by libsoup's connection id.
class SoupLinks {
public:
    // nullptr: not known, or without a socket yet. Valid until before_request().
    SoupLink *find(guint64 id);
    // What a step of connecting goes over. The link may still be without a socket.
    SoupLink &note(guint64 id, GIOStream *stream);
    // For the sockets that are noted and those to come.
    void set_line(const Line &line);
    // Forgets what is closed, cuts what has lost its address, bounds the others by `timeout`.
    void before_request(Duration timeout, const AddressWatch &watch);

    void clear() { links_.clear(); }

private:
    std::map<guint64, SoupLink> links_;
    Line line_;
};

// Nothing moves on the socket for so long: it fails.
void bound_socket(GSocket *socket, Duration timeout);
// GIO counts its time-outs in seconds, and 0 means none.
guint to_seconds_up(Duration span);

} // namespace gsttus
