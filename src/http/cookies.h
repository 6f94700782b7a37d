// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Cookies of the servers that an upload talks to: kept in memory as long as the transport lives
// (load balancers find the node by them), sent to nobody else. Used on the thread that sends.
#pragma once

#include "glib/ptr.h"
#include "http/transport.h"

#include <libsoup/soup.h>

namespace gsttus {

class Cookies {
public:
    Cookies();

    // One header "Cookie" with the caller's own pairs and, behind them, what the server of
    // request.url set; of a name that is in both the caller's value counts. Returns its value.
    std::string add_to(HttpRequest &request) const;

    // What an answer to a request to `url` sets. Rules of browsers: not for another host, not for
    // a public suffix, nothing "secure" over plain http. What would make the requests to a server
    // too long for it is left out.
    void take(const std::string &url, const HttpResponse &response);

private:
    std::string pairs_for(GUri *uri, const std::string &own) const;

    GRef<SoupCookieJar> jar_;
};

} // namespace gsttus
