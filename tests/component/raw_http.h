// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A client that sends exactly what a test writes, and shows exactly what comes back, also when
// the connection breaks. Blocking, bounded by a timeout. Knows nothing of tus.
#pragma once

#include "base/text.h"
#include "glib/ptr.h"
#include "patience.h"

#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <gio/gio.h>

namespace gsttus::test {

struct RawAnswer {
    int status = 0;                               // 0: the connection ended without an answer
    std::map<std::string, std::string> headers{}; // names in lower case
    std::string body{};

    std::string header(const std::string &name) const
    {
        const auto found = headers.find(name);
        return found == headers.end() ? "(none)" : found->second;
    }
};

class RawConnection {
public:
    explicit RawConnection(std::string_view url, unsigned timeout_s = 20)
    {
        const auto client = GRef<GSocketClient>::adopt(g_socket_client_new());
        g_socket_client_set_timeout(
            client.get(), static_cast<guint>(patience(std::chrono::seconds(timeout_s)).count()));
        // a proxy is looked up in the desktop's settings, which a test does not have
        g_socket_client_set_enable_proxy(client.get(), FALSE);
        std::string host(url.substr(url.find("://") + 3));
        host.resize(std::min(host.find('/'), host.size()));
        host_ = host;
        GError *error = nullptr;
        connection_ = GRef<GSocketConnection>::adopt(
            g_socket_client_connect_to_host(client.get(), host.c_str(), 80, nullptr, &error));
        const GErrorOwn owned(error);
    }

    bool connected() const { return static_cast<bool>(connection_); }

    const std::string &host() const { return host_; }

    // False: the peer does not take it any more.
    bool send(std::string_view bytes)
    {
        return connected() && g_output_stream_write_all(
                                  g_io_stream_get_output_stream(G_IO_STREAM(connection_.get())),
                                  bytes.data(), bytes.size(), nullptr, nullptr, nullptr);
    }

    RawAnswer read(bool without_body = false)
    {
        RawAnswer answer;
        while (buffer_.find("\r\n\r\n") == std::string::npos)
            if (!more())
                return answer;
        const std::size_t end = buffer_.find("\r\n\r\n");
        parse(buffer_.substr(0, end + 2), answer);
        buffer_.erase(0, end + 4);
        if (answer.status == 100)
            return answer;
        const std::string length = answer.header("content-length");
        const std::size_t size = without_body || length == "(none)" ? 0 : std::stoul(length);
        while (buffer_.size() < size)
            if (!more())
                break;
        answer.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return answer;
    }

    // Adds what comes next, of a body without an end; false: nothing does.
    bool read_more(std::string &text)
    {
        const bool came = !buffer_.empty() || more();
        text += std::exchange(buffer_, {});
        return came;
    }

    // The peer has closed (or reset) the connection, and nothing more came.
    bool ended() { return buffer_.empty() && !more(); }

    bool was_reset() const { return reset_; }

private:
    bool more()
    {
        if (!connected())
            return false;
        char block[16384];
        GError *error = nullptr;
        const gssize n =
            g_input_stream_read(g_io_stream_get_input_stream(G_IO_STREAM(connection_.get())), block,
                                sizeof block, nullptr, &error);
        const GErrorOwn owned(error);
        reset_ = reset_ ||
                 (owned && g_error_matches(owned.get(), G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED));
        if (n <= 0)
            return false;
        buffer_.append(block, static_cast<std::size_t>(n));
        return true;
    }

    static void parse(const std::string &head, RawAnswer &answer)
    {
        std::size_t line = head.find("\r\n");
        answer.status = std::atoi(head.c_str() + std::string_view("HTTP/1.1 ").size());
        while (line + 2 < head.size()) {
            const std::size_t next = head.find("\r\n", line + 2);
            const std::string text = head.substr(line + 2, next - line - 2);
            const std::size_t colon = text.find(": ");
            const GCharOwn name(g_ascii_strdown(text.c_str(), static_cast<gssize>(colon)));
            answer.headers[name.get()] = text.substr(colon + 2);
            line = next;
        }
    }

    std::string host_;
    GRef<GSocketConnection> connection_{};
    std::string buffer_{};
    bool reset_ = false;
};

// "PATCH /files/x HTTP/1.1" with Host and, unless `headers` has its own, Content-Length.
inline std::string raw_request(const std::string &host, std::string_view method,
                               std::string_view path, std::string_view headers,
                               std::string_view body = "")
{
    std::string text = cat(method, " ", path, " HTTP/1.1\r\nHost: ", host, "\r\n", headers);
    if (headers.find("Content-Length:") == std::string_view::npos &&
        headers.find("Transfer-Encoding:") == std::string_view::npos && !body.empty())
        text += cat("Content-Length: ", body.size(), "\r\n");
    return cat(text, "\r\n", body);
}

// One request on a connection of its own.
inline RawAnswer ask(std::string_view url, std::string_view method, std::string_view path,
                     std::string_view headers, std::string_view body = "")
{
    RawConnection connection(url);
    connection.send(raw_request(connection.host(), method, path, headers, body));
    return connection.read(method == "HEAD");
}

} // namespace gsttus::test
