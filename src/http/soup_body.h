// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A request's body on its way into the socket: no faster than the socket takes it, and no further
// once the server has answered. Runs in libsoup's reads, on the thread that sends: libsoup copies
// 8 KiB at a time, so all but the end goes from where it lies into the connection's stream.
// One of the soup_* files; knows nothing of headers and failures.
#pragma once

#include "glib/ptr.h"
#include "http/body_stream.h"
#include "http/soup_connection.h"
#include "http/transport.h"

#include <optional>
#include <span>

namespace gsttus {

class SoupBody final : private BodyPull {
public:
    // All must outlive the body.
    SoupBody(const HttpRequest &request, SoupConnection &connection, Alarm &alarm);
    ~SoupBody() override;
    SoupBody(const SoupBody &) = delete;
    SoupBody &operator=(const SoupBody &) = delete;

    GInputStream *stream() const { return stream_.get(); } // nullptr: there is no body

    bool is_sent() const
    {
        return request_.open_body ? ended_ && shown_.empty() : sent_ == request_.body_length;
    }

    bool is_underway() const { return !is_sent() && pulled_ > 0; }

    // What the source of the body failed with.
    const std::optional<Error> &error() const { return error_; }

private:
    gssize pull(std::span<std::byte> out, GCancellable *cancel, GError **error) override;
    gssize fill(std::span<std::byte> out, GCancellable *cancel, GError **error);
    bool wait_for_room(GCancellable *cancel, GError **error);
    bool wait_for(const SoupLink &used, GCancellable *cancel, GError **error);
    bool sit_out(const SoupLink &used, GIOCondition wanted, GCancellable *cancel, GError **error);
    bool take_answer(const SoupLink &used, GIOCondition now);
    bool last_look(const SoupLink &used, GError **error);
    bool is_answer(const SoupLink &link);
    void look_for_answer();
    bool look_for_more(GCancellable *cancel, GError **error);
    bool look(GError **error);
    bool await_more(GCancellable *cancel, GError **error);
    bool write_out(const SoupLink &used, std::size_t end, GCancellable *cancel, GError **error);
    void took(std::size_t size);

    const HttpRequest &request_;
    SoupConnection &connection_;
    Alarm &alarm_;
    GRef<GInputStream> stream_;
    std::span<const std::byte> shown_; // the source's; what of it is not sent yet
    std::size_t room_ = 0;             // bytes that the socket takes for certain
    std::uint64_t pulled_ = 0, sent_ = 0;
    std::optional<Error> error_;
    bool ended_ = false;        // an open body is over
    bool nothing_yet_ = false;  // … or waits
    bool early_answer_ = false; // came before the body was sent
    bool watch_answers_ = true; // waiting bytes may be an answer
};

} // namespace gsttus
