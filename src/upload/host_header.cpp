// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether an address is at a named host, and reached safely.
#include "upload/host_header.h"

#include "glib/loopback.h"
#include "glib/ptr.h"

namespace gsttus {

namespace {

constexpr auto kFlags = GUriFlags(G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD);

GUriOwn parse(const std::string &url)
{
    return GUriOwn(g_uri_parse(url.c_str(), kFlags, nullptr));
}

bool has_scheme(GUri *uri, const char *scheme)
{
    return g_ascii_strcasecmp(g_uri_get_scheme(uri), scheme) == 0;
}

int port_of(GUri *uri)
{
    const int port = g_uri_get_port(uri);
    if (port > 0)
        return port;
    return has_scheme(uri, "https") ? 443 : 80;
}

} // namespace

bool is_named_host(const std::string &url, const std::string &host)
{
    const GUriOwn uri = parse(url);
    if (!uri || !g_uri_get_host(uri.get()))
        return false;
    // with the scheme of the address, whose usual port it has where none is named
    const GUriOwn named = parse(std::string(g_uri_get_scheme(uri.get())) + "://" + host);
    return named && g_uri_get_host(named.get()) &&
           g_ascii_strcasecmp(g_uri_get_host(uri.get()), g_uri_get_host(named.get())) == 0 &&
           port_of(uri.get()) == port_of(named.get());
}

bool is_open_to_others(const std::string &url)
{
    const GUriOwn uri = parse(url);
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    return host && has_scheme(uri.get(), "http") && !is_loopback_host(host);
}

bool may_see(const std::string &url, const HostHeader &header)
{
    const GUriOwn uri = parse(url);
    if (!uri || !(has_scheme(uri.get(), "https") || has_scheme(uri.get(), "http")))
        return false;
    return !is_open_to_others(url) && is_named_host(url, header.host);
}

} // namespace gsttus
