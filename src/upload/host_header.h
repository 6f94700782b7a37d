// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A header with credentials that is for one host, whoever leads there. Values in, values out; asks
// no resolver.
#pragma once

#include "http/transport.h"

#include <string>

namespace gsttus {

struct HostHeader {
    std::string host; // a name or address as in a URL, with a port where it is not the usual one
    Header header;    // its value is secret
};

// Nobody else may see it, and nobody on the way: https, or http to this machine. "host" is its
// usual port (443; of plain http 80), "host:1080" that one only.
bool may_see(const std::string &url, const HostHeader &header);

// The host is the named one, however it is reached.
bool is_named_host(const std::string &url, const std::string &host);

// http to another machine: everybody on the way sees what is sent.
bool is_open_to_others(const std::string &url);

} // namespace gsttus
