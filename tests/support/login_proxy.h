// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A proxy that wants a login, and the login: what a URI, a header or a text would stumble over.
#pragma once

#include "base/text.h"
#include "raw_server.h"

namespace gsttus::test {

inline constexpr const char *kProxyUser = "joe@corp ü";
inline constexpr const char *kProxyPassword = "mar/ker:%41@?#\"";
inline constexpr const char *kProxyLogin = "joe%40corp%20%C3%BC:mar%2Fker%3A%2541%40%3F%23%22";

inline std::string basic(const std::string &login)
{
    const GCharOwn text(
        g_base64_encode(reinterpret_cast<const guchar *>(login.data()), login.size()));
    return text.get();
}

inline std::string proxy_login_line()
{
    return cat("Proxy-Authorization: Basic ", basic(cat(kProxyUser, ':', kProxyPassword)), "\r\n");
}

// Notes what it reads, and lets in whoever has the login: a tunnel leads to `server`, and so does
// every other request with `forwards`; else that is answered 204.
struct LoginProxy : RawServer {
    explicit LoginProxy(std::uint16_t server = 0, bool forwards = false)
        : RawServer(
              {[this, server, forwards](RawConnection &peer) { serve(peer, server, forwards); }})
    {
    }

    std::string address(std::string_view login = {}) const
    {
        return cat("http://", login, login.empty() ? "" : "@", "127.0.0.1:", port());
    }

private:
    void serve(RawConnection &peer, std::uint16_t server, bool forwards)
    {
        for (std::string request = peer.read_request(); !request.empty();
             request = peer.read_request()) {
            note(request);
            if (request.find(proxy_login_line()) == std::string::npos) {
                peer.answer("407 Proxy Authentication Required",
                            "Proxy-Authenticate: Basic realm=\"door\"\r\n", request);
            } else if (request.starts_with("CONNECT")) {
                peer.write("HTTP/1.1 200 OK\r\n\r\n");
                return peer.tunnel(server);
            } else if (forwards) {
                return peer.tunnel(server, request); // and what comes on this connection after it
            } else {
                peer.write("HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
    }
};

} // namespace gsttus::test
