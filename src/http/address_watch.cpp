// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking the kernel whether an address is still this machine's, and ending the request if not.
#include "http/address_watch.h"

#include <cerrno>

#include <gio/gnetworking.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gsttus {

namespace {

// An address of this machine can be bound, at any port.
bool is_ours(GSocketAddress *address)
{
    union {
        sockaddr any;
        sockaddr_in ip4;
        sockaddr_in6 ip6;
        sockaddr_storage storage;
    } native{};

    if (!g_socket_address_to_native(address, &native, sizeof native, nullptr))
        return true;
    if (native.any.sa_family == AF_INET)
        native.ip4.sin_port = 0;
    else
        native.ip6.sin6_port = 0;
    const int probe = ::socket(native.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return true;
    const auto size = static_cast<socklen_t>(g_socket_address_get_native_size(address));
    const bool lost = ::bind(probe, &native.any, size) != 0 && errno == EADDRNOTAVAIL;
    ::close(probe);
    return !lost;
}

} // namespace

bool is_lost_address(GSocketAddress *address)
{
    return G_IS_INET_SOCKET_ADDRESS(address) && !is_ours(address);
}

GRef<GSocketAddress> own_address(GSocket *socket)
{
    return GRef<GSocketAddress>::adopt(g_socket_get_local_address(socket, nullptr));
}

bool AddressWatch::is_lost(GSocket *socket) const
{
    const GRef<GSocketAddress> address = own_address(socket);
    return address && test_(address.get());
}

void AddressWatch::begin(GSocket *socket, GCancellable *cancel)
{
    MutexLock lock(mutex_);
    address_ = own_address(socket);
    cancel_ = GRef<GCancellable>::retain(cancel);
    ended_it_ = false;
}

void AddressWatch::end()
{
    MutexLock lock(mutex_);
    address_ = {};
    cancel_ = {};
}

void AddressWatch::check()
{
    GRef<GCancellable> cancel;
    {
        MutexLock lock(mutex_);
        if (!address_ || !test_(address_.get()))
            return;
        ended_it_ = true;
        cancel = cancel_;
    }
    g_cancellable_cancel(cancel.get()); // runs its handlers
}

bool AddressWatch::ended_it() const
{
    MutexLock lock(mutex_);
    return ended_it_;
}

} // namespace gsttus
