// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// By name (RFC 6761) or by address; nothing else is believed, whatever it may resolve to.
#include "glib/loopback.h"

#include "glib/ptr.h"

#include <string>

namespace gsttus {

namespace {

constexpr std::string_view kMapped = "::ffff:";

bool is_below_localhost(std::string_view name)
{
    constexpr std::string_view kName = "localhost";
    if (name.size() < kName.size())
        return false;
    const std::string_view end = name.substr(name.size() - kName.size());
    const bool whole = name.size() == kName.size() || name[name.size() - kName.size() - 1] == '.';
    return whole && g_ascii_strncasecmp(end.data(), kName.data(), kName.size()) == 0;
}

} // namespace

bool is_loopback_host(std::string_view host)
{
    if (host.ends_with('.'))
        host.remove_suffix(1);
    if (is_below_localhost(host))
        return true;
    const auto address =
        GRef<GInetAddress>::adopt(g_inet_address_new_from_string(std::string(host).c_str()));
    if (!address)
        return false;
    if (g_inet_address_get_is_loopback(address.get()))
        return true;
    // written in whatever way, a mapped address has one text
    const GCharOwn text(g_inet_address_to_string(address.get()));
    const std::string_view known = text.get();
    return known.starts_with(kMapped) && is_loopback_host(known.substr(kMapped.size()));
}

} // namespace gsttus
