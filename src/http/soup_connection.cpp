// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What libsoup tells of a connection while it is made.
#include "http/soup_connection.h"

#include <array>

namespace gsttus {

namespace {

// An address is no server name (RFC 6066), and servers that hold to that refuse an IPv6 one. GIO
// tells it all the same. The empty name takes the name away, and what the certificate must be made
// for is the address as ever.
void leave_out_address_as_name(GTlsClientConnection *tls)
{
    GSocketConnectable *identity = g_tls_client_connection_get_server_identity(tls);
    if (!identity || !G_IS_NETWORK_ADDRESS(identity))
        return;
    GNetworkAddress *known = G_NETWORK_ADDRESS(identity);
    const guint16 port = g_network_address_get_port(known);
    const auto address = GRef<GSocketAddress>::adopt(
        g_inet_socket_address_new_from_string(g_network_address_get_hostname(known), port));
    if (!address)
        return;
    const auto none = GRef<GSocketConnectable>::adopt(g_network_address_new(".", port));
    g_tls_client_connection_set_server_identity(tls, none.get());
    g_tls_client_connection_set_server_identity(tls, G_SOCKET_CONNECTABLE(address.get()));
}

} // namespace

SoupConnection::SoupConnection(SoupLinks &links, Alarm &alarm, const HttpRequest &request,
                               bool check_certificates)
    : links_(links), alarm_(alarm), request_(request), check_certificates_(check_certificates),
      deadline_(Clock::now() + request.connect_timeout)
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
    g_signal_connect(message, "accept-certificate",
                     G_CALLBACK(+[](SoupMessage *, GTlsCertificate *certificate,
                                    GTlsCertificateFlags errors, Self *self) -> gboolean {
                         return self->on_certificate(certificate, errors);
                     }),
                     this);
}

void SoupConnection::on_network_event(GSocketClientEvent event, GIOStream *stream)
{
    opened_ = true;
    if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION(stream)) {
        // HTTP/2 uploads of libsoup 3.2 are not reliable
        static constexpr std::array<const char *, 2> kProtocols{"http/1.1", nullptr};
        g_tls_connection_set_advertised_protocols(G_TLS_CONNECTION(stream), kProtocols.data());
        if (G_IS_TLS_CLIENT_CONNECTION(stream))
            leave_out_address_as_name(G_TLS_CLIENT_CONNECTION(stream));
    }
    SoupLink &link = links_.note(soup_message_get_connection_id(message_.get()), stream);
    // through a tunnel there are two, and what carries messages is the last
    link.output = {};
    if (event == G_SOCKET_CLIENT_COMPLETE && G_IS_TLS_CONNECTION(stream) == int{link.tls})
        link.output = GRef<GOutputStream>::retain(g_io_stream_get_output_stream(stream));
    if (event != G_SOCKET_CLIENT_COMPLETE) {
        bound_step(event, link);
        return;
    }
    stands_ = true;
    alarm_.put_off(request_.timeout);
    if (link.socket)
        bound_socket(link.socket.get(), request_.timeout);
}

// The alarm bounds all of it together. An address that is silent gets half of what is left, so that
// there is time for the next one.
void SoupConnection::bound_step(GSocketClientEvent event, SoupLink &link) const
{
    const Duration left = deadline_ - Clock::now();
    const bool is_address = event == G_SOCKET_CLIENT_CONNECTING;
    if (link.socket && !g_socket_is_closed(link.socket.get()))
        g_socket_set_timeout(link.socket.get(), to_seconds_up(is_address ? left / 2 : left));
}

bool SoupConnection::on_certificate(GTlsCertificate *certificate, GTlsCertificateFlags errors)
{
    certificate_ = GRef<GTlsCertificate>::retain(certificate);
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
