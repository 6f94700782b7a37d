// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which proxy a connection goes through: the one that is set, the environment's, the system's; and
// with which login. Loopback never goes through any, nor does an address with the name of a link
// ("fe80::1%eth0"). Knows no libsoup.
#pragma once

#include "base/result.h"
#include "glib/ptr.h"

#include <string>

namespace gsttus {

struct ProxySettings {
    std::string uri;      // empty: the environment's, else the system's
    std::string user;     // of any proxy; empty: what the proxy's URI says
    std::string password; // secret
};

// What to ask for every connection, from any thread. Its answers carry the login, which goes to the
// proxy alone: by whoever opens the connection (GIO for SOCKS and https proxies, else see
// proxy_login.h).
//
// Of the environment: http_proxy, https_proxy, all_proxy, no_proxy, or the same in capitals; for
// https without a proxy of its own the one of http, as libproxy does.
//
// Fails (kSettings), naming what is wrong, when an address can not be used.
Result<GRef<GProxyResolver>> make_proxy_resolver(const ProxySettings &settings);

// The proxy that the latest answer named first, without its login; empty: none. For texts; asks
// nobody. `resolver`: from make_proxy_resolver().
std::string latest_proxy(GProxyResolver *resolver);

// The same with its login, which is secret: for whoever hides it.
std::string latest_proxy_login(GProxyResolver *resolver);

} // namespace gsttus
