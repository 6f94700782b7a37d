// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that does exactly what its script says, byte by byte: answers, cuts, stalls, lies.
// Knows no HTTP beyond "headers end at an empty line". Scripts run on the server's own threads.
#pragma once

#include "base/mutex.h"
#include "glib/ptr.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gio/gio.h>

namespace gsttus::test {

// One accepted connection, given to a script. Calls that wait end when the server goes.
class RawConnection {
public:
    RawConnection(GIOStream *stream, GSocket *socket, GCancellable *stop);
    // Up to and including the empty line; what is left of it when the peer closes before.
    std::string read_head();
    std::string read_bytes(std::size_t count); // shorter when the peer closes before
    // read_head() and as many bytes of body as its Content-Length says (none with Expect).
    std::string read_request();
    void write(std::string_view bytes);
    // "HTTP/1.1 STATUS\r\n" + headers (each ending in \r\n) + Content-Length + body
    void answer(std::string_view status, std::string_view headers = {}, std::string_view body = {});
    // To 127.0.0.1:port, both ways, until one of them ends; `first` goes there before.
    void tunnel(std::uint16_t port, std::string_view first = {});
    void write_below(std::string_view bytes); // into the socket, past TLS
    void reset();                             // RST instead of FIN
    void drip(std::string_view piece);        // again and again, slowly, until the peer is gone
    void wait_close();                        // until the peer closes; throws away what comes
    void hold();                              // until the server goes: the silent peer
    std::string client_certificate() const;   // in PEM
    std::string protocol() const;             // agreed on with TLS (ALPN), out of h2 and http/1.1

private:
    GIOStream *stream_; // the server's
    GSocket *socket_;
    GCancellable *stop_;
    std::string ahead_; // read beyond what was asked for
};

class RawServer {
public:
    using Script = std::function<void(RawConnection &)>;

    struct Options {
        bool tls = false;
        bool want_client_certificate = false;
        const char *address = "127.0.0.1"; // of this machine
        std::uint16_t port = 0;            // 0: a free one
        const char *certificate = nullptr; // PEM, with the key; nullptr: see test_certificate.h
    };

    // The first connection gets the first script, …, further ones the last. The connection is
    // closed when its script returns. Without options it listens on a free port of 127.0.0.1.
    explicit RawServer(std::vector<Script> scripts) : RawServer(std::move(scripts), Options{}) {}

    RawServer(std::vector<Script> scripts, Options options);
    ~RawServer();
    RawServer(const RawServer &) = delete;
    RawServer &operator=(const RawServer &) = delete;

    std::uint16_t port() const { return port_; }

    std::string url(std::string_view path = "/") const; // http(s)://ADDRESS:PORT/…
    unsigned connections() const;                       // accepted so far
    // What scripts want to tell the test, in order.
    void note(std::string text);
    std::vector<std::string> notes() const;
    void wait_notes(std::size_t count) const; // until there are so many

private:
    void serve();
    void talk(GRef<GSocketConnection> connection, std::size_t index);

    const std::vector<Script> scripts_;
    const Options options_;
    std::uint16_t port_ = 0;
    GRef<GSocketListener> listener_;
    GRef<GCancellable> stop_;
    mutable Mutex mutex_;
    mutable Condition changed_;
    unsigned connections_ GUARDED_BY(mutex_) = 0;
    std::vector<std::string> notes_ GUARDED_BY(mutex_);
    std::vector<std::thread> talks_; // of serve() and, after it, the destructor
    std::thread thread_;
};

// A port that takes no connection: its queue is full, so that connecting waits.
class FullPort {
public:
    FullPort();
    ~FullPort();
    FullPort(const FullPort &) = delete;
    FullPort &operator=(const FullPort &) = delete;

    std::string url() const;

    std::uint16_t port() const { return port_; }

private:
    std::vector<int> sockets_;
    std::uint16_t port_ = 0;
};

// A port that refuses: nobody listens there.
std::uint16_t refused_port();

} // namespace gsttus::test
