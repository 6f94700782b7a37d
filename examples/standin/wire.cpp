// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wire.h"

#include "base/text.h"
#include "tus/protocol.h"

#include <algorithm>
#include <array>

#include <sys/socket.h>

namespace gsttus::standin {

namespace {

constexpr seconds kPatience{3};

std::string raw_reply(const Reply &reply)
{
    std::string text = cat("HTTP/1.1 ", reply.status, " ", reason_phrase(reply.status), "\r\n");
    for (const auto &[name, value] : reply.headers)
        text += cat(name, ": ", value, "\r\n");
    if (reply.status != 204)
        text += cat("Content-Type: ", reply.content_type, "\r\nContent-Length: ", reply.body.size(),
                    "\r\n");
    text += cat("Connection: close\r\n\r\n", reply.body);
    return text;
}

bool write_text(GIOStream *stream, const std::string &text)
{
    return g_output_stream_write_all(g_io_stream_get_output_stream(stream), text.data(),
                                     text.size(), nullptr, nullptr, nullptr);
}

std::string_view key_of(std::string_view pair)
{
    return pair.substr(0, pair.find(' '));
}

// tusc.sh sends the user's header and its own: a key of the first is not read in the second.
void add_metadata(std::string &kept, const char *second)
{
    const std::vector<std::string> first = tus::parse_list(kept);
    for (const std::string &pair : tus::parse_list(second))
        if (std::none_of(first.begin(), first.end(),
                         [&](const std::string &known) { return key_of(known) == key_of(pair); }))
            kept += cat(",", pair);
}

} // namespace

const char *reason_phrase(int status)
{
    // what libsoup does not know
    if (status == 429)
        return "Too Many Requests";
    if (status == 460)
        return "Checksum Mismatch";
    return soup_status_get_phrase(static_cast<guint>(status));
}

Request read_request(SoupServerMessage *message, const std::string &own_host)
{
    Request request;
    request.method = soup_server_message_get_method(message);
    GUri *uri = soup_server_message_get_uri(message);
    request.path = g_uri_get_path(uri);
    if (request.path.starts_with("/moved/")) // where "redirect" sends clients
        request.path.erase(0, std::string_view("/moved").size());
    if (const char *query = g_uri_get_query(uri))
        request.query = query;
    request.https = g_str_equal(g_uri_get_scheme(uri), "https");
    soup_message_headers_foreach(
        soup_server_message_get_request_headers(message),
        [](const char *name, const char *value, gpointer data) {
            const GCharOwn lower(g_ascii_strdown(name, -1));
            std::string &kept = (*static_cast<decltype(Request::headers) *>(data))[lower.get()];
            if (kept.empty())
                kept = value;
            else if (g_str_equal(lower.get(), "upload-metadata"))
                add_metadata(kept, value);
            else
                kept += cat(", ", value);
        },
        &request.headers);
    const std::string *host = request.header("host");
    request.host = host ? *host : own_host;
    if (const std::string *meant = request.header("x-http-method-override");
        meant && request.method == "POST")
        request.method = *meant;
    return request;
}

void set_reply(SoupServerMessage *message, const Reply &reply)
{
    SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
    for (const auto &[name, value] : reply.headers)
        soup_message_headers_replace(headers, name.c_str(), value.c_str());
    if (!reply.body.empty())
        soup_server_message_set_response(message, reply.content_type.c_str(), SOUP_MEMORY_COPY,
                                         reply.body.data(), reply.body.size());
    soup_server_message_set_status(message, static_cast<guint>(reply.status),
                                   reason_phrase(reply.status));
}

void keep_alive_after_204(SoupServerMessage *message)
{
    if (soup_server_message_get_status(message) == 204)
        soup_message_headers_set_encoding(soup_server_message_get_response_headers(message),
                                          SOUP_ENCODING_NONE);
}

void make_close_a_reset(GSocket *socket)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (!g_socket_is_closed(socket))
        setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool broke_off_in_body(SoupServerMessage *message)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    GSocket *socket = soup_server_message_get_socket(message);
    if (soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CHUNKED || !socket)
        return false;
    char next = 0;
    return recv(g_socket_get_fd(socket), &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void reset_connection(SoupServerMessage *message)
{
    const auto keep = GRef<SoupServerMessage>::retain(message);
    const auto socket = GRef<GSocket>::retain(soup_server_message_get_socket(message));
    const auto stream = GRef<GIOStream>::adopt(soup_server_message_steal_connection(message));
    if (!socket)
        return;
    make_close_a_reset(socket.get());
    // the socket below TLS: a TLS close would say goodbye first
    g_socket_close(socket.get(), nullptr);
    if (stream)
        g_io_stream_close(stream.get(), nullptr, nullptr);
}

LateReaders::~LateReaders()
{
    close_all();
}

LateReaders::Connection *LateReaders::take(SoupServerMessage *message)
{
    const auto keep = GRef<SoupServerMessage>::retain(message);
    Connection late;
    late.owner = this;
    late.socket = GRef<GSocket>::retain(soup_server_message_get_socket(message));
    late.stream = GRef<GIOStream>::adopt(soup_server_message_steal_connection(message));
    if (!late.socket || !late.stream)
        return nullptr;
    GSocket *socket = late.socket.get();
    // an answer is small and nothing was sent before it: this does not wait
    g_socket_set_timeout(socket, 2);
    late.readable = g_socket_create_source(socket, G_IO_IN, nullptr);
    Connection &kept = connections_[socket] = std::move(late);
    g_source_set_callback(kept.readable, G_SOURCE_FUNC(&LateReaders::on_readable), &kept, nullptr);
    g_source_attach(kept.readable, loop_.context());
    return &kept;
}

void LateReaders::answer_now(SoupServerMessage *message, const Reply &reply)
{
    Connection *late = take(message);
    if (!late)
        return;
    write_text(late->stream.get(), raw_reply(reply));
    GSocket *socket = late->socket.get();
    g_socket_shutdown(socket, FALSE, TRUE, nullptr);
    late->timer = loop_.after(kPatience, [this, socket] { close(socket); });
}

void LateReaders::drip(SoupServerMessage *message, const Drip &drip)
{
    Connection *late = take(message);
    if (!late)
        return;
    late->pause = drip.pause;
    late->piece = "a";
    if (drip.interim)
        late->piece = cat("HTTP/1.1 ", drip.interim, " ", reason_phrase(drip.interim), "\r\n\r\n");
    else
        write_text(late->stream.get(), "HTTP/1.1 204 No Content\r\nX: ");
    next_piece(late->socket.get());
}

void LateReaders::next_piece(GSocket *socket)
{
    const auto found = connections_.find(socket);
    if (found == connections_.end())
        return;
    Connection &late = found->second;
    late.timer = 0;
    if (!write_text(late.stream.get(), late.piece)) {
        close(socket);
        return;
    }
    late.timer = loop_.after(late.pause, [this, socket] { next_piece(socket); });
}

gboolean LateReaders::on_readable(GSocket *socket, GIOCondition, gpointer data)
{
    auto *late = static_cast<Connection *>(data);
    std::array<char, 65536> waste{};
    const gssize n =
        g_socket_receive_with_blocking(socket, waste.data(), waste.size(), FALSE, nullptr, nullptr);
    if (n > 0)
        return G_SOURCE_CONTINUE;
    late->owner->close(socket);
    return G_SOURCE_REMOVE;
}

void LateReaders::close(GSocket *socket)
{
    const auto found = connections_.find(socket);
    if (found == connections_.end())
        return;
    Connection late = std::move(found->second);
    connections_.erase(found);
    loop_.cancel(late.timer);
    g_source_destroy(late.readable);
    g_source_unref(late.readable);
    g_socket_close(late.socket.get(), nullptr);
    g_io_stream_close(late.stream.get(), nullptr, nullptr);
}

void LateReaders::close_all()
{
    while (!connections_.empty())
        close(connections_.begin()->first);
}

} // namespace gsttus::standin
