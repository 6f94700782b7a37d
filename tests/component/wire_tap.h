// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Stands between the upload and the stand-in and writes down what goes over the wire: passes a
// request on when all of it is there, and the answer back. Where the server ends the connection
// without an answer, so does the tap, with a reset. Knows HTTP/1.1 framing, nothing of tus.
#pragma once

#include "base/mutex.h"
#include "base/text.h"
#include "raw_server.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gio/gio.h>

namespace gsttus::test {

struct WireRequest {
    unsigned connection = 0; // 1: the first
    std::string head;        // as it came, with the empty line
    std::string body;
    std::string answer; // its head; empty: there was none
};

// A header's value in a message's head; empty: it is not there. `name` in lower case.
inline std::string header_of(const std::string &head, std::string_view name)
{
    for (std::size_t at = head.find("\r\n"); at != std::string::npos && at + 2 < head.size();) {
        const std::size_t end = head.find("\r\n", at + 2);
        const std::string line = head.substr(at + 2, end - at - 2);
        const std::size_t colon = line.find(": ");
        if (colon == name.size() && g_ascii_strncasecmp(line.c_str(), name.data(), colon) == 0)
            return line.substr(colon + 2);
        at = end;
    }
    return {};
}

class WireTap {
public:
    explicit WireTap(std::uint16_t server_port)
        : server_port_(server_port), stop_(GRef<GCancellable>::adopt(g_cancellable_new())),
          listener_(std::vector<RawServer::Script>{[this](RawConnection &client) { pass(client); }})
    {
    }

    ~WireTap() { g_cancellable_cancel(stop_.get()); }

    WireTap(const WireTap &) = delete;
    WireTap &operator=(const WireTap &) = delete;

    std::uint16_t port() const { return listener_.port(); }

    std::string url(std::string_view path) const { return listener_.url(path); }

    // An answer is here before the client has it.
    std::vector<WireRequest> requests() const
    {
        MutexLock lock(mutex_);
        return requests_;
    }

private:
    void pass(RawConnection &client)
    {
        unsigned number = 0;
        {
            MutexLock lock(mutex_);
            number = ++connections_;
        }
        const auto connector = GRef<GSocketClient>::adopt(g_socket_client_new());
        g_socket_client_set_enable_proxy(connector.get(), FALSE);
        const auto connection = GRef<GSocketConnection>::adopt(g_socket_client_connect_to_host(
            connector.get(), "127.0.0.1", server_port_, stop_.get(), nullptr));
        if (!connection)
            return client.reset();
        RawConnection server(G_IO_STREAM(connection.get()),
                             g_socket_connection_get_socket(connection.get()), stop_.get());
        while (pass_one(client, server, number)) {
            // the next request
        }
        g_io_stream_close(G_IO_STREAM(connection.get()), nullptr, nullptr);
    }

    // false: the connection has ended
    bool pass_one(RawConnection &client, RawConnection &server, unsigned connection)
    {
        WireRequest request;
        request.connection = connection;
        request.head = client.read_head();
        if (!request.head.ends_with("\r\n\r\n"))
            return false;
        const std::size_t size = size_of(request.head);
        std::string ahead = request.head;
        if (header_of(request.head, "expect").empty())
            ahead += request.body = client.read_bytes(size);
        server.write(ahead);
        request.answer = server.read_head();
        while (request.answer.starts_with("HTTP/1.1 1")) { // it wants the body
            client.write(request.answer);
            server.write(request.body = client.read_bytes(size));
            request.answer = server.read_head();
        }
        const std::string answer = request.answer;
        const bool no_body = request.head.starts_with("HEAD ");
        {
            MutexLock lock(mutex_);
            requests_.push_back(std::move(request));
        }
        if (answer.empty()) {
            client.reset();
            return false;
        }
        client.write(answer + (no_body ? std::string() : server.read_bytes(size_of(answer))));
        return g_ascii_strcasecmp(header_of(answer, "connection").c_str(), "close") != 0;
    }

    static std::size_t size_of(const std::string &head)
    {
        return g_ascii_strtoull(header_of(head, "content-length").c_str(), nullptr, 10);
    }

    const std::uint16_t server_port_;
    const GRef<GCancellable> stop_;
    mutable Mutex mutex_;
    unsigned connections_ GUARDED_BY(mutex_) = 0;
    std::vector<WireRequest> requests_ GUARDED_BY(mutex_);
    RawServer listener_; // last: its threads use the rest
};

} // namespace gsttus::test
