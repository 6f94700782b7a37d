// What libsoup tells of a connection while it is made.
#include "http/soup_connection.h"

#include <array>

namespace gsttus {

SoupConnection::SoupConnection(SoupLinks &links, const HttpRequest &request,
                               bool check_certificates, GCancellable *cancel)
    : links_(links), request_(request), check_certificates_(check_certificates),
      cancel_(GRef<GCancellable>::retain(cancel)), deadline_(Clock::now() + request.connect_timeout)
{
}

SoupConnection::~SoupConnection()
{
    if (message_)
        g_signal_handlers_disconnect_by_data(message_.get(), this);
}

void SoupConnection::follow(SoupMessage *message)
{
    using Self = SoupConnection;
    message_ = GRef<SoupMessage>::retain(message);
    g_signal_connect(message, "network-event",
                     G_CALLBACK(+[](SoupMessage *, GSocketClientEvent event, GIOStream *stream,
                                    Self *self) { self->on_network_event(event, stream); }),
                     this);
    g_signal_connect(
        message, "accept-certificate",
        G_CALLBACK(+[](SoupMessage *, GTlsCertificate *, GTlsCertificateFlags errors,
                       Self *self) -> gboolean { return self->on_certificate(errors); }),
        this);
}

void SoupConnection::on_network_event(GSocketClientEvent event, GIOStream *stream)
{
    opened_ = true;
    if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION(stream)) {
        // HTTP/2 uploads of libsoup 3.2 are not reliable
        static constexpr std::array<const char *, 2> kProtocols{"http/1.1", nullptr};
        g_tls_connection_set_advertised_protocols(G_TLS_CONNECTION(stream), kProtocols.data());
    }
    SoupLink &link = links_.note(soup_message_get_connection_id(message_.get()), stream);
    if (event != G_SOCKET_CLIENT_COMPLETE) {
        bound_step(link);
        return;
    }
    stands_ = true;
    if (link.socket)
        bound_socket(link.socket.get(), request_.timeout);
}

// Every step of connecting gets what is left of the time for all of them.
void SoupConnection::bound_step(SoupLink &link)
{
    const Duration left = deadline_ - Clock::now();
    if (left <= Duration::zero()) {
        too_late_ = true;
        g_cancellable_cancel(cancel_.get());
    } else if (link.socket && !g_socket_is_closed(link.socket.get())) {
        g_socket_set_timeout(link.socket.get(), to_seconds_up(left));
    }
}

bool SoupConnection::on_certificate(GTlsCertificateFlags errors)
{
    certificate_errors_ = errors;
    return !check_certificates_;
}

SoupLink *SoupConnection::link()
{
    return links_.find(soup_message_get_connection_id(message_.get()));
}

void SoupConnection::shut_down()
{
    if (SoupLink *used = link())
        g_socket_shutdown(used->socket.get(), TRUE, TRUE, nullptr);
}

} // namespace gsttus
