// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One request and its answer over a SoupSession, blocking: leads what soup_message,
// soup_connection, soup_body and soup_answer do, and says what came of it. One of the soup_* files.
// Knows nothing of tus, Gcore or retries.
#pragma once

#include "glib/ptr.h"
#include "http/address_watch.h"
#include "http/soup_body.h"
#include "http/soup_connection.h"
#include "http/soup_failure.h"
#include "http/soup_links.h"
#include "http/transport.h"

#include <libsoup/soup.h>

namespace gsttus {

class SoupExchange {
public:
    // All references must outlive the exchange, which is used once.
    SoupExchange(SoupSession *session, SoupLinks &links, AddressWatch &watch, Alarm &alarm,
                 const HttpRequest &request, bool check_certificates, GCancellable *cancel);
    ~SoupExchange();
    SoupExchange(const SoupExchange &) = delete;
    SoupExchange &operator=(const SoupExchange &) = delete;

    HttpOutcome run();

private:
    void connect_signals();
    HttpOutcome send();
    HttpOutcome receive(GInputStream *answer);
    HttpOutcome refused_by_proxy(GInputStream *answer);
    HttpOutcome failed(const GError *error);
    HttpOutcome broken_off(const GError *error, HttpResponse head);
    FailureScene scene();

    void on_starting();
    void on_interim_answer();
    void on_headers();
    void on_restarted();
    void on_finished();

    SoupSession *session_; // owned by the transport
    AddressWatch &watch_;
    Alarm &alarm_;
    const HttpRequest &request_;
    GCancellable *caller_; // may be nullptr; the caller's
    const GRef<GCancellable> cancel_;
    SoupConnection connection_;
    SoupBody body_;
    GRef<SoupMessage> message_;
    unsigned interim_answers_ = 0;
    bool headers_came_ = false; // of the final answer
    bool delivered_ = false;    // libsoup handed the answer over
    bool would_repeat_ = false; // libsoup was about to send a second time
    bool flooded_ = false;      // interim answers without end
};

} // namespace gsttus
