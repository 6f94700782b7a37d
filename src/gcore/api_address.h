// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Addresses of the Gcore API and of its upload servers: what is taken, what is refused.
// Values in, values out.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace gsttus {

struct ApiAddress {
    std::string url;            // without a slash at its end
    bool loopback_http = false; // plain http on this machine: the stand-in
};

// https, or http to this machine (glib/loopback.h); no userinfo, query, fragment.
Result<ApiAddress> parse_api_address(std::string_view text);

// A host name or address with an optional port, as a server list has it: letters, digits, dots,
// dashes, or an IPv6 address in brackets. Anything else could lead a token somewhere else.
bool is_upload_hostname(std::string_view text);

} // namespace gsttus
