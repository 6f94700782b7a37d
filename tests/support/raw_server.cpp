// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "raw_server.h"

#include "base/text.h"
#include "test_certificate.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gsttus::test {

namespace {

// Takes an error that does not matter: glib-networking forgets those of TLS that nobody takes.
class Ignored {
public:
    Ignored() = default;

    ~Ignored() { g_clear_error(&error_); }

    Ignored(const Ignored &) = delete;
    Ignored &operator=(const Ignored &) = delete;

    operator GError **() { return &error_; }

private:
    GError *error_ = nullptr;
};

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

std::uint16_t bind_loopback(int socket)
{
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    g_assert_cmpint(bind(socket, reinterpret_cast<sockaddr *>(&address), size), ==, 0);
    g_assert_cmpint(getsockname(socket, reinterpret_cast<sockaddr *>(&address), &size), ==, 0);
    return ntohs(address.sin_port);
}

std::string lower(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return g_ascii_tolower(c); });
    return text;
}

} // namespace

RawConnection::RawConnection(GIOStream *stream, GSocket *socket, GCancellable *stop)
    : stream_(stream), socket_(socket), stop_(stop)
{
}

std::string RawConnection::read_head()
{
    std::string head = std::move(ahead_);
    ahead_.clear();
    std::array<char, 4096> piece{};
    std::size_t end = head.find("\r\n\r\n");
    while (end == std::string::npos) {
        const gssize got = g_input_stream_read(g_io_stream_get_input_stream(stream_), piece.data(),
                                               piece.size(), stop_, Ignored());
        if (got <= 0)
            return head;
        head.append(piece.data(), static_cast<std::size_t>(got));
        end = head.find("\r\n\r\n");
    }
    ahead_ = head.substr(end + 4);
    head.resize(end + 4);
    return head;
}

std::string RawConnection::read_bytes(std::size_t count)
{
    std::string bytes = ahead_.substr(0, count);
    ahead_.erase(0, bytes.size());
    std::array<char, 65536> piece{};
    while (bytes.size() < count) {
        const gssize got = g_input_stream_read(
            g_io_stream_get_input_stream(stream_), piece.data(),
            std::min<std::size_t>(piece.size(), count - bytes.size()), stop_, Ignored());
        if (got <= 0)
            break;
        bytes.append(piece.data(), static_cast<std::size_t>(got));
    }
    return bytes;
}

std::string RawConnection::read_request()
{
    std::string request = read_head();
    const std::string head = lower(request);
    constexpr std::string_view kLength = "content-length:";
    const std::size_t at = head.find(kLength);
    if (at != std::string::npos && head.find("expect:") == std::string::npos)
        request += read_bytes(std::strtoull(head.c_str() + at + kLength.size(), nullptr, 10));
    return request;
}

void RawConnection::write(std::string_view bytes)
{
    g_output_stream_write_all(g_io_stream_get_output_stream(stream_), bytes.data(), bytes.size(),
                              nullptr, stop_, Ignored());
}

void RawConnection::answer(std::string_view status, std::string_view headers, std::string_view body)
{
    write(cat("HTTP/1.1 ", status, "\r\n", headers, "Content-Length: ", body.size(), "\r\n\r\n",
              body));
}

void RawConnection::tunnel(std::uint16_t port, std::string_view first)
{
    const auto client = GRef<GSocketClient>::adopt(g_socket_client_new());
    g_socket_client_set_enable_proxy(client.get(), FALSE);
    const auto far = GRef<GSocketConnection>::adopt(
        g_socket_client_connect_to_host(client.get(), "127.0.0.1", port, stop_, Ignored()));
    const std::string ahead = cat(first, std::exchange(ahead_, {}));
    if (!far || !g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(far.get())),
                                           ahead.data(), ahead.size(), nullptr, stop_, Ignored()))
        return;
    const auto copy = [this](GIOStream *from, GSocket *from_socket, GIOStream *to,
                             GSocket *to_socket) {
        g_output_stream_splice(g_io_stream_get_output_stream(to),
                               g_io_stream_get_input_stream(from), G_OUTPUT_STREAM_SPLICE_NONE,
                               stop_, Ignored());
        g_socket_shutdown(from_socket, TRUE, TRUE, nullptr);
        g_socket_shutdown(to_socket, TRUE, TRUE, nullptr);
    };
    GSocket *far_socket = g_socket_connection_get_socket(far.get());
    std::thread back([&] { copy(G_IO_STREAM(far.get()), far_socket, stream_, socket_); });
    copy(stream_, socket_, G_IO_STREAM(far.get()), far_socket);
    back.join();
}

void RawConnection::write_below(std::string_view bytes)
{
    g_socket_send(socket_, bytes.data(), bytes.size(), stop_, Ignored());
}

void RawConnection::reset()
{
    const linger now{1, 0};
    setsockopt(g_socket_get_fd(socket_), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    g_socket_close(socket_, nullptr);
}

void RawConnection::drip(std::string_view piece)
{
    GPollFD poll{};
    if (!g_cancellable_make_pollfd(stop_, &poll))
        return;
    constexpr int kPause = 100; // ms
    while (g_poll(&poll, 1, kPause) == 0 &&
           g_output_stream_write_all(g_io_stream_get_output_stream(stream_), piece.data(),
                                     piece.size(), nullptr, stop_, Ignored())) {
        // on
    }
    g_cancellable_release_fd(stop_);
}

void RawConnection::wait_close()
{
    std::array<char, 65536> piece{};
    while (g_input_stream_read(g_io_stream_get_input_stream(stream_), piece.data(), piece.size(),
                               stop_, Ignored()) > 0) {
        // thrown away
    }
}

void RawConnection::hold()
{
    GPollFD poll{};
    if (g_cancellable_make_pollfd(stop_, &poll)) {
        g_poll(&poll, 1, -1);
        g_cancellable_release_fd(stop_);
    }
}

std::string RawConnection::client_certificate() const
{
    GTlsCertificate *given = g_tls_connection_get_peer_certificate(G_TLS_CONNECTION(stream_));
    char *pem = nullptr;
    if (given)
        g_object_get(given, "certificate-pem", &pem, nullptr);
    const GCharOwn owned(pem);
    return pem ? pem : "";
}

std::string RawConnection::protocol() const
{
    const char *name = G_IS_TLS_CONNECTION(stream_)
                           ? g_tls_connection_get_negotiated_protocol(G_TLS_CONNECTION(stream_))
                           : nullptr;
    return name ? name : "";
}

RawServer::RawServer(std::vector<Script> scripts, Options options)
    : scripts_(std::move(scripts)), options_(options),
      listener_(GRef<GSocketListener>::adopt(g_socket_listener_new())),
      stop_(GRef<GCancellable>::adopt(g_cancellable_new()))
{
    const auto any = GRef<GSocketAddress>::adopt(
        g_inet_socket_address_new_from_string(options.address, options.port));
    GSocketAddress *bound = nullptr;
    g_assert_true(g_socket_listener_add_address(listener_.get(), any.get(), G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, nullptr, &bound, nullptr));
    port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    g_object_unref(bound);
    thread_ = std::thread([this] { serve(); });
}

RawServer::~RawServer()
{
    g_cancellable_cancel(stop_.get());
    thread_.join();
    for (std::thread &talk : talks_)
        talk.join();
}

std::string RawServer::url(std::string_view path) const
{
    return cat(options_.tls ? "https" : "http", "://", options_.address, ":", port_, path);
}

unsigned RawServer::connections() const
{
    MutexLock lock(mutex_);
    return connections_;
}

void RawServer::note(std::string text)
{
    MutexLock lock(mutex_);
    notes_.push_back(std::move(text));
    changed_.notify_all();
}

std::vector<std::string> RawServer::notes() const
{
    MutexLock lock(mutex_);
    return notes_;
}

void RawServer::wait_notes(std::size_t count) const
{
    MutexLock lock(mutex_);
    while (notes_.size() < count)
        changed_.wait(lock);
}

void RawServer::serve()
{
    while (true) {
        GSocketConnection *accepted =
            g_socket_listener_accept(listener_.get(), nullptr, stop_.get(), nullptr);
        if (!accepted)
            return;
        std::size_t index = 0;
        {
            MutexLock lock(mutex_);
            index = connections_++;
        }
        talks_.emplace_back(
            [this, accepted, index] { talk(GRef<GSocketConnection>::adopt(accepted), index); });
    }
}

void RawServer::talk(GRef<GSocketConnection> connection, std::size_t index)
{
    GRef<GIOStream> stream = GRef<GIOStream>::retain(G_IO_STREAM(connection.get()));
    if (options_.tls) {
        const auto certificate = GRef<GTlsCertificate>::adopt(g_tls_certificate_new_from_pem(
            options_.certificate ? options_.certificate : kServerPem, -1, nullptr));
        stream = GRef<GIOStream>::adopt(
            g_tls_server_connection_new(stream.get(), certificate.get(), nullptr));
        if (options_.want_client_certificate) {
            g_object_set(stream.get(), "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED,
                         nullptr);
            g_signal_connect(stream.get(), "accept-certificate", G_CALLBACK(+[] { return TRUE; }),
                             nullptr);
        }
        static constexpr std::array<const char *, 3> kProtocols{"h2", "http/1.1", nullptr};
        g_tls_connection_set_advertised_protocols(G_TLS_CONNECTION(stream.get()),
                                                  kProtocols.data());
        g_tls_connection_set_require_close_notify(G_TLS_CONNECTION(stream.get()), FALSE);
        if (!g_tls_connection_handshake(G_TLS_CONNECTION(stream.get()), stop_.get(), Ignored()))
            return;
    }
    RawConnection talk(stream.get(), g_socket_connection_get_socket(connection.get()), stop_.get());
    scripts_[std::min(index, scripts_.size() - 1)](talk);
    g_io_stream_close(stream.get(), stop_.get(), Ignored());
    g_io_stream_close(G_IO_STREAM(connection.get()), nullptr, nullptr);
}

FullPort::FullPort()
{
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    port_ = bind_loopback(listener);
    g_assert_cmpint(listen(listener, 0), ==, 0);
    sockets_.push_back(listener);
    // The queue takes one or two; from then on a SYN is not answered.
    constexpr int kMoreThanTheQueue = 4;
    for (int i = 0; i < kMoreThanTheQueue; ++i) {
        const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const sockaddr_in address = loopback(port_);
        (void)!connect(client, reinterpret_cast<const sockaddr *>(&address), sizeof address);
        sockets_.push_back(client);
    }
}

FullPort::~FullPort()
{
    for (const int socket : sockets_)
        close(socket);
}

std::string FullPort::url() const
{
    return cat("http://127.0.0.1:", port_, "/");
}

std::uint16_t refused_port()
{
    const int unused = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const std::uint16_t port = bind_loopback(unused);
    close(unused);
    return port;
}

} // namespace gsttus::test
