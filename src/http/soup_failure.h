// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Words for "no answer": a GError of libsoup, GIO or TLS becomes an HttpFailure.
// One of the soup_* files, which alone know libsoup.
#pragma once

#include "http/transport.h"

#include <string>
#include <string_view>

#include <gio/gio.h>

namespace gsttus {

// What was going on when a request failed.
struct FailureScene {
    std::string origin;                        // see origin_of()
    std::string proxy;                         // that is asked to connect; empty: none
    bool connected = false;                    // the request's connection stood (with TLS)
    bool reused_connection = false;            // it was a kept-alive one
    bool answer_began = false;                 // headers of an answer have come
    bool sending = false;                      // the body was not sent to its end
    GTlsCertificateFlags certificate_errors{}; // why the certificate was refused
    GTlsCertificate *certificate = nullptr;    // that one; the connection's
    Duration timeout{};
    Duration connect_timeout{};
};

// Scheme, host and port of an address; nothing that is secret.
std::string origin_of(std::string_view url);

HttpFailure failure_from(const GError &error, const FailureScene &scene);
HttpFailure timed_out(const FailureScene &scene, std::string detail);
HttpFailure login_refused(const FailureScene &scene, std::string detail); // by the proxy
HttpFailure cancelled(const FailureScene &scene);

} // namespace gsttus
