// Words for "no answer": a GError of libsoup, GIO or TLS becomes an HttpFailure.
// One of the soup_* files, which alone know libsoup.
#pragma once

#include "http/transport.h"

#include <string>

#include <gio/gio.h>

namespace gsttus {

// What was going on when a request failed.
struct FailureScene {
    std::string origin;                        // "https://host:port", without secrets
    bool connected = false;                    // the request's connection stood (with TLS)
    bool reused_connection = false;            // it was a kept-alive one
    bool answer_began = false;                 // headers of an answer have come
    bool sending = false;                      // the body was not sent to its end
    GTlsCertificateFlags certificate_errors{}; // why the certificate was refused
    Duration timeout{};
    Duration connect_timeout{};
};

HttpFailure failure_from(const GError &error, const FailureScene &scene);
HttpFailure timed_out(const FailureScene &scene, std::string detail);
HttpFailure cancelled(const FailureScene &scene);

} // namespace gsttus
