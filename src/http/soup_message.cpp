// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks what libsoup would trip over, then fills the message.
#include "http/soup_message.h"

#include "base/redact.h"
#include "base/text.h"
#include "http/soup_failure.h"

#include <algorithm>
#include <array>

namespace gsttus {

namespace {

bool same_name(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && g_ascii_strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// How a message is framed is decided here, never by a caller's header.
bool is_framing_header(std::string_view name)
{
    static constexpr std::array<std::string_view, 7> kNames{
        "Content-Length", "Content-Type", "Transfer-Encoding", "Expect", "Connection",
        "Host",           "Upgrade"};
    return std::any_of(kNames.begin(), kNames.end(),
                       [name](std::string_view known) { return same_name(name, known); });
}

// What libsoup calls a programming error (and would abort on in a debug build).
bool is_sendable(const Header &header)
{
    const auto is_bad_name = [](unsigned char c) { return c <= ' ' || c >= 0x7f || c == ':'; };
    const auto is_bad_value = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    return !header.first.empty() &&
           std::none_of(header.first.begin(), header.first.end(), is_bad_name) &&
           std::none_of(header.second.begin(), header.second.end(), is_bad_value);
}

Error request_error(std::string message)
{
    Error error;
    error.kind = ErrorKind::kSettings;
    error.message = std::move(message);
    return error;
}

void add_headers(SoupMessage *message, const HttpRequest &request, GInputStream *body)
{
    SoupMessageHeaders *headers = soup_message_get_request_headers(message);
    for (const auto &[name, value] : request.headers)
        if (!is_framing_header(name))
            soup_message_headers_append(headers, name.c_str(), value.c_str());
    if (!request.content_type.empty())
        soup_message_headers_replace(headers, "Content-Type", request.content_type.c_str());
    if (body) {
        // -1: chunked
        const gssize length = request.open_body ? -1 : static_cast<gssize>(request.body_length);
        soup_message_set_request_body(message, nullptr, body, length);
        if (request.expect_continue)
            soup_message_headers_set_expectations(headers, SOUP_EXPECTATION_CONTINUE);
    } else if (request.body || request.method == "POST" || request.method == "PATCH" ||
               request.method == "PUT") {
        soup_message_headers_set_content_length(headers, 0);
    }
}

} // namespace

Result<GRef<SoupMessage>> make_soup_message(const HttpRequest &request, GInputStream *body)
{
    const GUriOwn uri(g_uri_parse(request.url.c_str(), GUriFlags(SOUP_HTTP_URI_FLAGS), nullptr));
    const char *scheme = uri ? g_uri_get_scheme(uri.get()) : nullptr;
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || !*host || (g_strcmp0(scheme, "http") != 0 && g_strcmp0(scheme, "https") != 0))
        return request_error(cat("\"", redact_url(request.url), "\" is not an http(s) address"));
    for (const Header &header : request.headers)
        if (!is_sendable(header))
            return request_error(cat("a header of the request to ", origin_of(request.url),
                                     " has characters that can not be sent"));
    auto message =
        GRef<SoupMessage>::adopt(soup_message_new_from_uri(request.method.c_str(), uri.get()));
    // IDEMPOTENT is libsoup's word for "may use a kept-alive connection": without it every POST
    // and PATCH would open a connection of its own. A repetition is stopped at "restarted".
    soup_message_add_flags(message.get(),
                           SoupMessageFlags(SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT));
    if (request.new_connection)
        soup_message_add_flags(message.get(), SOUP_MESSAGE_NEW_CONNECTION);
    add_headers(message.get(), request, body);
    return message;
}

} // namespace gsttus
