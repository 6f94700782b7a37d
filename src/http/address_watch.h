// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Notices that a client has lost the address that a connection goes from (it changed networks, a
// cable was pulled). The kernel does not tell: it would repeat what nobody can hear any more until
// the request's time is up.
#pragma once

#include "base/mutex.h"
#include "glib/ptr.h"

#include <functional>

#include <gio/gio.h>

namespace gsttus {

// Not one of this machine's addresses.
bool is_lost_address(GSocketAddress *address);
// Where a socket's packets come from; null: it is closed.
GRef<GSocketAddress> own_address(GSocket *socket);

// The request that is under way. Thread-safe.
class AddressWatch {
public:
    using Test = std::function<bool(GSocketAddress *)>;

    explicit AddressWatch(Test test) : test_(std::move(test)) {}

    bool is_lost(GSocket *socket) const;

    // From here to end(), check() cancels a request whose connection has lost its address.
    void begin(GSocket *socket, GCancellable *cancel);
    void end();
    void check();          // any thread
    bool ended_it() const; // check() cancelled the request that began last

private:
    const Test test_;
    mutable Mutex mutex_;
    GRef<GSocketAddress> address_ GUARDED_BY(mutex_);
    GRef<GCancellable> cancel_ GUARDED_BY(mutex_);
    bool ended_it_ GUARDED_BY(mutex_) = false;
};

} // namespace gsttus
