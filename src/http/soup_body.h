// A request's body on its way into the socket: no faster than the socket takes it, and no further
// once the server has answered. Runs in libsoup's reads, on the thread that sends.
// One of the soup_* files; knows nothing of headers and failures.
#pragma once

#include "glib/ptr.h"
#include "http/body_stream.h"
#include "http/soup_connection.h"
#include "http/transport.h"

#include <memory>
#include <optional>

namespace gsttus {

class SoupBody final : private BodyPull {
public:
    // All must outlive the body.
    SoupBody(const HttpRequest &request, SoupConnection &connection, Alarm &alarm);
    ~SoupBody() override;
    SoupBody(const SoupBody &) = delete;
    SoupBody &operator=(const SoupBody &) = delete;

    GInputStream *stream() const { return stream_.get(); } // nullptr: there is no body

    bool is_sent() const { return sent_ == request_.body_length; }

    bool is_underway() const { return !is_sent() && pulled_ > 0; }

    // What the source of the body failed with.
    const std::optional<Error> &error() const { return error_; }

private:
    gssize pull(std::span<std::byte> out, GCancellable *cancel, GError **error) override;
    bool wait_for_room(GCancellable *cancel, GError **error);
    bool wait_for(const SoupLink &used, GCancellable *cancel, GError **error);
    bool is_answer(const SoupLink &link);
    bool refill(GError **error);

    const HttpRequest &request_;
    SoupConnection &connection_;
    Alarm &alarm_;
    GRef<GInputStream> stream_;
    std::unique_ptr<std::byte[]> buffer_; // bytes pulled from the source in larger pieces
    std::size_t buffered_ = 0, taken_ = 0;
    std::size_t room_ = 0; // bytes that the socket takes for certain
    std::uint64_t pulled_ = 0, sent_ = 0;
    std::optional<Error> error_;
    bool early_answer_ = false; // came before the body was sent
    bool watch_answers_ = true; // waiting bytes may be an answer
};

} // namespace gsttus
