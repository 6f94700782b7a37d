// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the Server that listens, goes away and comes back.

#include "base/log.h"
#include "base/text.h"
#include "server.h"
#include "tus/protocol.h"

#include <sys/socket.h>

namespace gsttus::standin {

Result<GRef<GSocketAddress>> parse_listen_address(const std::string &text)
{
    const std::size_t colon = text.rfind(':');
    std::string host = text.substr(0, colon);
    const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
    const std::uint64_t port = tus::parse_size(digits).value_or(UINT64_MAX);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (host == "localhost")
        host = "127.0.0.1";
    GSocketAddress *address =
        port <= 65535 && !host.empty()
            ? g_inet_socket_address_new_from_string(host.c_str(), static_cast<guint>(port))
            : nullptr;
    if (!address)
        return Error{.kind = ErrorKind::kSettings,
                     .message = cat("\"", text,
                                    "\" is no HOST:PORT to listen on, such as "
                                    "127.0.0.1:8080")};
    return GRef<GSocketAddress>::adopt(address);
}

std::string authority_of(GSocketAddress *address)
{
    auto *inet = G_INET_SOCKET_ADDRESS(address);
    GInetAddress *ip = g_inet_socket_address_get_address(inet);
    const GCharOwn text(g_inet_address_to_string(ip));
    std::string host = text.get();
    if (g_inet_address_get_is_any(ip))
        host = "127.0.0.1";
    else if (g_inet_address_get_family(ip) == G_SOCKET_FAMILY_IPV6)
        host = cat("[", host, "]");
    return cat(host, ":", g_inet_socket_address_get_port(inet));
}

Server::Server(const StandinOptions &options, Habits habits, EventLoop &loop, Recorder &recorder,
               Examiner &examiner)
    : options_(options), loop_(loop), recorder_(recorder), examiner_(examiner), late_(loop),
      habits_(std::move(habits))
{
}

Server::~Server()
{
    page_.reset();
    if (soup_)
        go_away(false);
    loop_.cancel_all();
}

Result<void> Server::start()
{
    auto address = parse_listen_address(options_.listen);
    if (!address)
        return address.error();
    address_ = std::move(*address);
    api_ = std::make_unique<GcoreApi>(
        ApiRules{.api_key = options_.api_key,
                 .answer_array = options_.array_answers,
                 .token_lifetime = options_.token_lifetime,
                 .other_servers = options_.other_servers,
                 .announce_self = options_.announce_self},
        [this](const Video &video) { video_changed(video); },
        [this](std::uint64_t id) {
            recorder_.update([id](Snapshot &all) { all.videos[id].deleted = true; });
        });
    TusRules rules{.dir = options_.dir,
                   .extensions = options_.extensions,
                   .max_size = options_.max_size,
                   .refusal = options_.refusal,
                   .interrupt_writer = !options_.lock_conflict_423,
                   .expires_after = options_.expires_after,
                   .habits = habits_.tus()};
    if (rules.dir.empty()) // what is not stored can not be put together
        std::erase_if(rules.extensions, [](const std::string &extension) {
            return extension.starts_with("concatenation");
        });
    tus_ = std::make_unique<TusServer>(std::move(rules), tus_hooks());

    soup_ = GRef<SoupServer>::adopt(soup_server_new("server-header", "gcore-standin", nullptr));
    if (!options_.tls_cert.empty()) {
        GError *error = nullptr;
        const auto certificate = GRef<GTlsCertificate>::adopt(g_tls_certificate_new_from_files(
            options_.tls_cert.c_str(), options_.tls_key.c_str(), &error));
        if (const GErrorOwn owned(error); owned)
            return Error{.kind = ErrorKind::kSettings,
                         .message = cat("certificate or key can not be used: ", owned->message)};
        soup_server_set_tls_certificate(soup_.get(), certificate.get());
    }
    soup_server_add_early_handler(
        soup_.get(), nullptr,
        [](SoupServer *, SoupServerMessage *message, const char *, GHashTable *, gpointer self) {
            static_cast<Server *>(self)->on_headers(message);
        },
        this, nullptr);
    soup_server_add_handler(
        soup_.get(), nullptr,
        [](SoupServer *, SoupServerMessage *message, const char *, GHashTable *, gpointer self) {
            static_cast<Server *>(self)->on_body(message);
        },
        this, nullptr);
    if (auto listening = come_back(); !listening)
        return listening;
    return open_page();
}

std::string Server::url() const
{
    return (options_.tls_cert.empty() ? "http://" : "https://") + authority_;
}

Result<void> Server::come_back()
{
    GSList *listeners = soup_server_get_listeners(soup_.get());
    const bool listening = listeners != nullptr;
    g_slist_free(listeners);
    if (listening)
        return {};
    GError *error = nullptr;
    const auto options = options_.tls_cert.empty() ? static_cast<SoupServerListenOptions>(0)
                                                   : SOUP_SERVER_LISTEN_HTTPS;
    if (!soup_server_listen(soup_.get(), address_.get(), options, &error)) {
        const GErrorOwn owned(error);
        return Error{.kind = ErrorKind::kNetwork,
                     .message = cat("can not listen on ", options_.listen, ": ", owned->message)};
    }
    listeners = soup_server_get_listeners(soup_.get());
    address_ = GRef<GSocketAddress>::adopt(
        g_socket_get_local_address(static_cast<GSocket *>(listeners->data), nullptr));
    g_slist_free(listeners);
    authority_ = authority_of(address_.get());
    recorder_.update([](Snapshot &all) { all.away = false; });
    note_trouble("away", false);
    return {};
}

void Server::go_away(bool reset)
{
    std::vector<ExchangeRef> running;
    for (const auto &[message, exchange] : active_)
        running.push_back(exchange);
    for (const ExchangeRef &exchange : running)
        cut(*exchange);
    late_.close_all();
    if (reset)
        for (const GRef<GSocket> &socket : sockets_)
            make_close_a_reset(socket.get());
    sockets_.clear();
    soup_server_disconnect(soup_.get());
    recorder_.update([](Snapshot &all) { all.away = true; });
    note_trouble("away", true);
}

void Server::add_fault(Fault fault)
{
    if (fault.request)
        plan_.add(std::move(*fault.request));
    if (fault.connection)
        begin_connection_fault(*fault.connection);
}

void Server::begin_connection_fault(const ConnectionFault &fault)
{
    if (fault.bytes_per_second)
        connection_.bytes_per_second = fault.bytes_per_second;
    if (fault.close_idle)
        connection_.close_idle = fault.close_idle;
    if (fault.away) {
        const bool reset = fault.away->reset;
        windows_.push_back(loop_.after(fault.away->from, [this, reset] { go_away(reset); }));
        windows_.push_back(loop_.after(fault.away->to, [this] {
            if (auto back = come_back(); !back)
                log(LogLevel::kError, "standin", back.error().message);
        }));
    }
}

void Server::clear_faults()
{
    plan_.clear();
    switched_.clear();
    rate_before_.reset();
    connection_ = {};
    for (EventLoop::TimerId &timer : windows_)
        loop_.cancel(timer);
    windows_.clear();
}

void Server::see_connection(SoupServerMessage *message)
{
    GSocket *socket = soup_server_message_get_socket(message);
    if (!socket || g_object_get_data(G_OBJECT(socket), "gcore-standin-seen"))
        return;
    g_object_set_data(G_OBJECT(socket), "gcore-standin-seen", this);
    std::erase_if(sockets_, [](const GRef<GSocket> &one) { return g_socket_is_closed(one.get()); });
    sockets_.push_back(GRef<GSocket>::retain(socket));
    if (connection_.bytes_per_second) // else the kernel takes the whole body at once
        g_socket_set_option(socket, SOL_SOCKET, SO_RCVBUF, 16384, nullptr);
    recorder_.update([](Snapshot &all) { ++all.connections; });
}

} // namespace gsttus::standin
