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
    bool ssl_strict = true;          // FALSE: certificates are not checked
    GRef<GTlsDatabase> tls_database; // none: the system's
    GRef<GTlsInteraction> tls_interaction;                        // none: nobody is asked
    AddressWatch::Test is_lost_address = gsttus::is_lost_address; // replaced by tests
};

// Fails (kSettings) when ssl_ca_file can not be read or the proxy is not a URI.
Result<std::unique_ptr<Transport>> make_soup_transport(const HttpConfig &config);

} // namespace gsttus
