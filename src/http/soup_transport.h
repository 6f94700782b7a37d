// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Transport on libsoup 3, blocking, HTTP/1.1. The only client code that knows libsoup.
// Make it, use it and destroy it on one thread.
#pragma once

#include "glib/ptr.h"
#include "http/address_watch.h"
#include "http/transport.h"

#include <memory>
#include <string>

namespace gsttus {

struct HttpConfig {
    std::string user_agent;
    std::string proxy;               // URI of a proxy; empty: the environment's, else the system's
    std::string proxy_id, proxy_pw;  // its login, secret; empty: what the proxy's URI says
    std::string ssl_ca_file;         // PEM; empty: see tls_database
    std::string ssl_cert_file;       // PEM, shown to servers that ask; tls_interaction comes first
    std::string ssl_key_file;        // its key, PEM; empty: in ssl_cert_file
    bool ssl_strict = true;          // FALSE: certificates are not checked
    GRef<GTlsDatabase> tls_database; // none: the system's
    GRef<GTlsInteraction> tls_interaction;                        // none: nobody is asked
    AddressWatch::Test is_lost_address = gsttus::is_lost_address; // replaced by tests
};

// Fails (kSettings) when a file can not be read or used, or the proxy is not a URI.
Result<std::unique_ptr<Transport>> make_soup_transport(const HttpConfig &config);

} // namespace gsttus
