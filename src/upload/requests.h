// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From the machine's actions to HTTP requests, and from HTTP answers to the machine's events:
// header names, base64, URL resolution, dates. No socket, no state.
#pragma once

#include "base/redact.h"
#include "http/dates.h"
#include "http/transport.h"
#include "tus/events.h"
#include "upload/host_header.h"
#include "upload/target.h"

#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

// Who we are for the tus server. Credentials go to the origins (scheme, host, port) of `homes`
// only: not across redirects, not to wherever a Location points.
struct Identity {
    std::vector<std::string> homes; // the endpoints, or the given upload-url
    std::string authorization;      // empty: none
    Headers extra_headers;
    std::vector<HostHeader> host_headers; // each to its host; of a name the first
};

bool same_origin(const std::string &a, const std::string &b);

struct Location {
    std::string url; // absolute; empty: not a usable http(s) URL
    bool other_host = false;
    std::string refused; // redacted; not empty: it leads from https to http, and is not followed
};

// Resolves a Location header against the request's URL (Creation: POST; RFC 3986, 5.2). An https
// server that says http for itself, at the usual port or its own (behind a TLS proxy), is taken at
// https. Anything else that leaves https is refused.
Location resolve_location(const std::string &request_url, const std::string &location);

// "key base64,key base64" (Creation: Upload-Metadata).
std::string encode_metadata(const Metadata &metadata);

HttpRequest make_options(const Options &action, const Identity &identity);
HttpRequest make_create(const Create &action, const Identity &identity, const Metadata &metadata);
HttpRequest make_patch(const Patch &action, const Identity &identity, const std::string &checksum);
HttpRequest make_head(const Head &action, const Identity &identity);
std::uint64_t header_size(const HttpRequest &request); // bytes, about; rather too many
HttpRequest make_delete(const std::string &url, const Identity &identity);

// Reads what the machine needs from an answer. `wall_now` is seconds since 1970, for dates
// where the answer has no `Date` of its own.
Answer parse_answer(const HttpResponse &response, const std::string &request_url, TimePoint now,
                    std::int64_t wall_now, const Redactor &redact);

} // namespace gsttus
