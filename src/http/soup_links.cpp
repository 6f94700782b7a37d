// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
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

// What is as `before` is not touched; nullptr: a new socket. A system that refuses goes on as it
// does.
void apply(const Line &line, const Line *before, GSocket *socket)
{
#ifdef SO_MAX_PACING_RATE
    if (!before || line.most_per_second != before->most_per_second) {
        // Smooth, instead of a window in one burst that a short queue on the way loses. The kernel
        // paces by what it knows of the line as soon as a rate is set; the largest number means
        // that none is.
        constexpr std::uint32_t kMostRate = G_MAXUINT32 - 1;
        const std::uint32_t rate = line.most_per_second == 0
                                       ? kMostRate
                                       : static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                             line.most_per_second, kMostRate));
        (void)setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_MAX_PACING_RATE, &rate,
                         sizeof rate);
    }
#endif
    if (line.dscp == (before ? before->dscp : -1))
        return;
    const gint field = std::max(line.dscp, 0) << 2; // the upper six bits
    g_socket_set_option(socket, IPPROTO_IP, IP_TOS, field, nullptr);
#ifdef IPV6_TCLASS
    if (g_socket_get_family(socket) == G_SOCKET_FAMILY_IPV6)
        g_socket_set_option(socket, IPPROTO_IPV6, IPV6_TCLASS, field, nullptr);
#endif
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
    GSocket *socket = socket_of(stream);
    if (socket && socket != link.socket.get()) {
        link.socket = GRef<GSocket>::retain(socket);
        apply(line_, nullptr, socket);
    }
    link.tls = link.tls || G_IS_TLS_CONNECTION(stream);
    return link;
}

void SoupLinks::set_line(const Line &line)
{
    if (line == line_)
        return;
    for (auto &[id, link] : links_)
        if (link.socket && !g_socket_is_closed(link.socket.get()))
            apply(line, &line_, link.socket.get());
    line_ = line;
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
