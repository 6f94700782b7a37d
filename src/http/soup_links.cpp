// Options of sockets, and the table of those that stand.
#include "http/soup_links.h"

#include <algorithm>

#include <gio/gnetworking.h>
#include <netinet/tcp.h>

namespace gsttus {

namespace {

constexpr gint kMostUnsent = 128 << 10; // in the socket

GSocket *socket_of(GIOStream *stream)
{
    return G_IS_SOCKET_CONNECTION(stream)
               ? g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream))
               : nullptr;
}

} // namespace

guint to_seconds_up(Duration span)
{
    return static_cast<guint>(std::max<long long>(1, std::chrono::ceil<seconds>(span).count()));
}

void bound_socket(GSocket *socket, Duration timeout)
{
    g_socket_set_timeout(socket, to_seconds_up(timeout));
#ifdef TCP_USER_TIMEOUT
    // bytes that nobody acknowledges: the kernel would go on for a quarter of an hour
    const auto span = std::chrono::ceil<milliseconds>(timeout).count();
    g_socket_set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
                        static_cast<gint>(std::min<long long>(span, G_MAXINT)), nullptr);
#endif
#ifdef TCP_NOTSENT_LOWAT
    // a body is pulled as fast as it is sent: without this megabytes of it wait in the kernel, and
    // on a slow link nobody sees them move
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kMostUnsent, nullptr);
#endif
}

SoupLink *SoupLinks::find(guint64 id)
{
    const auto found = links_.find(id);
    return found != links_.end() && found->second.socket ? &found->second : nullptr;
}

SoupLink &SoupLinks::note(guint64 id, GIOStream *stream)
{
    SoupLink &link = links_[id];
    if (GSocket *socket = socket_of(stream))
        link.socket = GRef<GSocket>::retain(socket);
    link.tls = link.tls || G_IS_TLS_CONNECTION(stream);
    return link;
}

void SoupLinks::before_request(Duration timeout, const AddressWatch &watch)
{
    for (auto link = links_.begin(); link != links_.end();) {
        GSocket *socket = link->second.socket.get();
        if (!socket || g_socket_is_closed(socket)) {
            link = links_.erase(link);
        } else if (watch.is_lost(socket)) {
            g_socket_shutdown(socket, TRUE, TRUE, nullptr); // libsoup sees that
            link = links_.erase(link);
        } else {
            bound_socket(socket, timeout);
            ++link;
        }
    }
}

} // namespace gsttus
