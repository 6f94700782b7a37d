// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The connection of one request: opened for it, within the time for that, or a kept-alive one.
// Runs in libsoup's signals, on the thread that sends. One of the soup_* files; knows nothing of
// bodies and answers.
#pragma once

#include "http/alarm.h"
#include "http/soup_links.h"
#include "http/transport.h"

#include <libsoup/soup.h>

namespace gsttus {

class SoupConnection {
public:
    // The time for connecting begins here. `links`, `alarm` and `request` must outlive the
    // connection.
    SoupConnection(SoupLinks &links, Alarm &alarm, const HttpRequest &request,
                   bool check_certificates);
    ~SoupConnection();
    SoupConnection(const SoupConnection &) = delete;
    SoupConnection &operator=(const SoupConnection &) = delete;

    // Once, before the message is sent.
    void follow(SoupMessage *message);

    SoupLink *link(); // nullptr: no socket is known

    bool opened() const { return opened_; } // begun for this request

    bool stands() const { return stands_; } // … and made to its end, with TLS

    // Why which certificate was refused; nullptr: none was.
    GTlsCertificateFlags certificate_errors() const { return certificate_errors_; }

    GTlsCertificate *certificate() const { return certificate_.get(); }

    void shut_down(); // so that closing can not wait for a peer that is silent

private:
    void on_network_event(GSocketClientEvent event, GIOStream *stream);
    bool on_certificate(GTlsCertificate *certificate, GTlsCertificateFlags errors);
    void bound_step(GSocketClientEvent event, SoupLink &link) const;

    SoupLinks &links_;
    Alarm &alarm_;
    const HttpRequest &request_;
    const bool check_certificates_;
    const TimePoint deadline_; // of connecting
    GRef<SoupMessage> message_;
    GTlsCertificateFlags certificate_errors_{};
    GRef<GTlsCertificate> certificate_;
    bool opened_ = false;
    bool stands_ = false;
};

} // namespace gsttus
