// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks of URLs and host names before anything is sent to them. Asks no resolver.
#include "gcore/api_address.h"

#include "base/redact.h"
#include "base/text.h"
#include "glib/loopback.h"
#include "glib/ptr.h"

#include <algorithm>
#include <charconv>

namespace gsttus {

namespace {

constexpr std::size_t kLongestName = 253;

bool is_printable(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_port(std::string_view text)
{
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

bool is_name(std::string_view text)
{
    if (text.empty() || text.size() > kLongestName)
        return false;
    const bool letters = std::all_of(text.begin(), text.end(), [](char c) {
        return g_ascii_isalnum(c) || c == '-' || c == '.';
    });
    return letters && g_ascii_isalnum(text.front()) && text.find("..") == std::string_view::npos;
}

bool is_ipv6(std::string_view text)
{
    // A C function reads up to the first NUL only: what follows it would pass unseen.
    constexpr std::string_view kDigits = "0123456789abcdefABCDEF:.";
    if (text.find_first_not_of(kDigits) != std::string_view::npos)
        return false;
    const auto address =
        GRef<GInetAddress>::adopt(g_inet_address_new_from_string(std::string(text).c_str()));
    return address && g_inet_address_get_family(address.get()) == G_SOCKET_FAMILY_IPV6;
}

Error refused(std::string_view text, std::string_view reason)
{
    Error error;
    error.kind = ErrorKind::kSettings;
    error.message = cat("api-url \"", redact_url(text), "\" ", reason);
    return error;
}

} // namespace

Result<ApiAddress> parse_api_address(std::string_view text)
{
    const std::string url(text);
    const GUriOwn uri(is_printable(text)
                          ? g_uri_parse(url.c_str(),
                                        GUriFlags(G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD),
                                        nullptr)
                          : nullptr);
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || !*host)
        return refused(text, "is not an address like https://api.gcore.com");
    if (g_uri_get_userinfo(uri.get()) || g_uri_get_query(uri.get()) ||
        g_uri_get_fragment(uri.get()))
        return refused(text, "must not have a user, a query or a fragment");
    ApiAddress address;
    address.url = url;
    while (address.url.ends_with('/'))
        address.url.pop_back();
    const char *scheme = g_uri_get_scheme(uri.get());
    if (g_ascii_strcasecmp(scheme, "https") == 0)
        return address;
    if (g_ascii_strcasecmp(scheme, "http") != 0)
        return refused(text, "must begin with https://");
    if (!is_loopback_host(host))
        return refused(text, "would show the API key to the network: use https (plain http is "
                             "for this machine only, such as http://127.0.0.1:8080)");
    address.loopback_http = true;
    return address;
}

bool is_upload_hostname(std::string_view text)
{
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1)))
            return false;
        const std::string_view rest = text.substr(end + 1);
        return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
        return is_name(text);
    return is_name(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

} // namespace gsttus
