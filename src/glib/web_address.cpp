// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoded as it is: what is behind a "%" need not be UTF-8.
#include "glib/web_address.h"

#include "glib/loopback.h"
#include "glib/ptr.h"

#include <algorithm>
#include <string_view>

namespace gsttus {

WebAddress parse_web_address(const std::string &url)
{
    const bool clean = std::none_of(url.begin(), url.end(),
                                    [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
    const GUriOwn uri(clean ? g_uri_parse(url.c_str(), G_URI_FLAGS_ENCODED, nullptr) : nullptr);
    if (!uri)
        return {.fault = "is not a URL; it should look like https://host/path/"};
    const std::string_view scheme(g_uri_get_scheme(uri.get()));
    if (scheme != "http" && scheme != "https")
        return {.fault = "must begin with https:// or http://"};
    const char *host = g_uri_get_host(uri.get());
    if (!host || !*host)
        return {.fault = "names no host"};
    return {.https = scheme == "https",
            .loopback = is_loopback_host(host),
            .has_login = g_uri_get_userinfo(uri.get()) != nullptr};
}

} // namespace gsttus
