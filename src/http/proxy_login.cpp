// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The login comes with the address that the connection was made to, so it can not reach another.
#include "http/proxy_login.h"

#include "base/text.h"

namespace gsttus {

namespace {

constexpr const char *kHeader = "Proxy-Authorization";

GProxyAddress *proxy_address(SoupMessage *message)
{
    GSocketAddress *address = soup_message_get_remote_address(message);
    return address && G_IS_PROXY_ADDRESS(address) ? G_PROXY_ADDRESS(address) : nullptr;
}

bool is_tunnel(SoupMessage *message)
{
    return g_strcmp0(soup_message_get_method(message), "CONNECT") == 0;
}

struct Login {
    std::string user, password;

    bool empty() const { return user.empty() && password.empty(); }

    std::string basic() const
    {
        const std::string text = cat(user, ':', password);
        const GCharOwn encoded(
            g_base64_encode(reinterpret_cast<const guchar *>(text.data()), text.size()));
        return encoded.get();
    }
};

Login login_of(SoupMessage *message)
{
    GProxyAddress *proxy = proxy_address(message);
    const char *user = proxy ? g_proxy_address_get_username(proxy) : nullptr;
    const char *password = proxy ? g_proxy_address_get_password(proxy) : nullptr;
    return {user ? user : "", password ? password : ""};
}

void on_starting(SoupMessage *message, gpointer)
{
    SoupMessageHeaders *headers = soup_message_get_request_headers(message);
    soup_message_headers_remove(headers, kHeader);
    if (!is_tunnel(message) && !is_read_by_proxy(message))
        return;
    if (const Login login = login_of(message); !login.empty())
        soup_message_headers_replace(headers, kHeader, cat("Basic ", login.basic()).c_str());
}

} // namespace

void send_proxy_login(SoupSession *session)
{
    // also emitted for the CONNECT messages that libsoup makes itself
    g_signal_connect(session, "request-queued",
                     G_CALLBACK(+[](SoupSession *, SoupMessage *message, gpointer) {
                         g_signal_connect(message, "starting", G_CALLBACK(on_starting), nullptr);
                     }),
                     nullptr);
}

bool is_read_by_proxy(SoupMessage *message)
{
    GProxyAddress *proxy = proxy_address(message);
    return proxy && g_strcmp0(g_proxy_address_get_protocol(proxy), "http") == 0 &&
           g_strcmp0(g_uri_get_scheme(soup_message_get_uri(message)), "http") == 0;
}

void hide_login(SoupMessage *message, HttpResponse &response)
{
    const Login login = login_of(message);
    if (response.status < 400 || login.empty() || !is_read_by_proxy(message))
        return;
    Redactor redact;
    redact.add(login.basic());
    redact.add(login.password);
    response.body = redact(response.body, response.body.size() + 1);
    for (Header &header : response.headers)
        header.second = redact(header.second, header.second.size() + 1);
}

} // namespace gsttus
