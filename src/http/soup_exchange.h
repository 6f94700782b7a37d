// One request and its answer over a SoupSession, blocking. One of the soup_* files.
// Knows nothing of tus, Gcore or retries.
#pragma once

#include "glib/ptr.h"
#include "http/address_watch.h"
#include "http/body_stream.h"
#include "http/soup_failure.h"
#include "http/transport.h"

#include <map>
#include <memory>
#include <optional>

#include <libsoup/soup.h>

namespace gsttus {

// What is remembered of a connection from one request to the next, by libsoup's connection id.
struct SoupLink {
    GRef<GSocket> socket;
    bool tls = false;
    bool has_answered = false; // carried a whole answer before
};

using SoupLinks = std::map<guint64, SoupLink>;

// Nothing moves on the socket for so long: it fails.
void bound_socket(GSocket *socket, Duration timeout);
// GIO counts its time-outs in seconds, and 0 means none.
guint to_seconds_up(Duration span);

class SoupExchange final : private BodyPull {
public:
    // All references must outlive the exchange, which is used once.
    SoupExchange(SoupSession *session, SoupLinks &links, AddressWatch &watch,
                 const HttpRequest &request, bool check_certificates, GCancellable *cancel);
    ~SoupExchange() override;
    SoupExchange(const SoupExchange &) = delete;
    SoupExchange &operator=(const SoupExchange &) = delete;

    HttpOutcome run();

private:
    std::optional<Error> prepare();
    void add_headers();
    void connect_signals();
    HttpOutcome receive(GInputStream *answer);
    bool read_answer(GInputStream *answer, std::string &body, GError **error);
    bool answer_is_whole(const HttpResponse &response) const;
    HttpOutcome failed(const GError *error);
    FailureScene scene();

    gssize pull(std::span<std::byte> out, GCancellable *cancel, GError **error) override;
    bool wait_for_room(GCancellable *cancel, GError **error);
    bool answer_is_here(const SoupLink &link);
    bool refill(GError **error);

    void on_network_event(GSocketClientEvent event, GIOStream *stream);
    void on_connected(SoupLink &link);
    void on_starting();
    void on_headers();
    void on_finished();
    SoupLink *link();
    void shut_down(); // so that closing can not wait for a peer that is silent

    bool body_sent() const { return sent_ == request_.body_length; }

    SoupSession *session_; // owned by the transport
    SoupLinks &links_;
    AddressWatch &watch_;
    const HttpRequest &request_;
    const bool check_certificates_;
    GCancellable *caller_; // may be nullptr; the caller's
    GRef<GCancellable> cancel_;
    GRef<SoupMessage> message_;
    GRef<GInputStream> stream_;
    std::string origin_;
    TimePoint connect_deadline_;

    std::unique_ptr<std::byte[]> buffer_; // bytes pulled from the source in larger pieces
    std::size_t buffered_ = 0, taken_ = 0;
    std::uint64_t pulled_ = 0, sent_ = 0;
    std::optional<Error> body_error_;

    GTlsCertificateFlags certificate_errors_{};
    unsigned interim_answers_ = 0;
    bool opened_ = false;       // this request opened a connection
    bool connected_ = false;    // … and it stands
    bool headers_came_ = false; // of the final answer
    bool delivered_ = false;    // libsoup handed the answer over
    bool early_answer_ = false; // came before the body was sent
    bool watch_answers_ = true; // waiting bytes may be an answer
    bool too_late_ = false;     // connect_deadline_ has passed
    bool would_repeat_ = false; // libsoup was about to send a second time
    bool flooded_ = false;      // interim answers without end
};

} // namespace gsttus
