// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Cookies: kept for the server that set them, as long as the transport lives, and shown to nobody
// else.
#include "soup_transport_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Notes each request; the answers set what the test wants.
struct Setter : RawServer {
    explicit Setter(std::string headers) : RawServer({script(self, std::move(headers))}), self(this)
    {
    }

    static Script script(RawServer *&server, std::string headers)
    {
        return [&server, headers](RawConnection &peer) {
            for (std::string request = peer.read_request(); !request.empty();
                 request = peer.read_request()) {
                server->note(request);
                peer.write(cat("HTTP/1.1 503 Busy\r\n", headers, "Content-Length: 0\r\n\r\n"));
            }
        };
    }

    RawServer *self = nullptr;
};

// The value of the only header Cookie; empty: there is none.
std::string cookies_in(const std::string &request)
{
    const std::size_t at = request.find("\r\nCookie: ");
    if (at == std::string::npos)
        return {};
    g_assert_true(request.find("\r\nCookie: ", at + 1) == std::string::npos);
    const std::size_t from = at + 10;
    return request.substr(from, request.find("\r\n", from) - from);
}

struct Jar : Fixture {
    Jar() { request.with_cookies = true; }
};

void cookie_is_sent_again_whatever_the_answer_was()
{
    Setter server("Set-Cookie: node=a1; Path=/; HttpOnly; SameSite=Strict\r\n"
                  "Set-Cookie: two=2\r\n");
    Jar f;
    for (int n = 0; n < 3; ++n)
        answered(f.get(server.url("/files/1")));
    answered(f.get(server.url("/")));
    const std::vector<std::string> requests = server.notes();
    ASSERT_STR(cookies_in(requests[0]), "");
    ASSERT_STR(cookies_in(requests[1]), "two=2; node=a1");
    ASSERT_STR(cookies_in(requests[2]), "two=2; node=a1");
    ASSERT_STR(cookies_in(requests[3]), "node=a1"); // the other is for /files
}

void requests_without_cookies_neither_send_nor_keep_them()
{
    Setter server("Set-Cookie: node=a1; Path=/\r\n");
    Jar f;
    f.request.with_cookies = false;
    answered(f.get(server.url()));
    f.request.with_cookies = true;
    answered(f.get(server.url()));
    f.request.with_cookies = false;
    answered(f.get(server.url()));
    f.request.with_cookies = true;
    answered(f.get(server.url()));
    const std::vector<std::string> requests = server.notes();
    ASSERT_STR(cookies_in(requests[1]), "");
    ASSERT_STR(cookies_in(requests[2]), "");
    ASSERT_STR(cookies_in(requests[3]), "node=a1");
}

void users_own_cookie_comes_first()
{
    Setter server("Set-Cookie: node=a1; Path=/\r\nSet-Cookie: mine=theirs; Path=/\r\n");
    Jar f;
    f.request.headers = {{"cookie", "mine=1"}, {"Cookie", "x=2"}};
    answered(f.get(server.url()));
    answered(f.get(server.url()));
    ASSERT_STR(cookies_in(server.notes()[1]), "mine=1; x=2; node=a1");
}

void cookies_stay_with_their_host()
{
    // everything goes to one proxy, which plays all hosts
    Setter world("Set-Cookie: own=1; Path=/\r\n"
                 "Set-Cookie: wide=1; Path=/; Domain=up.example.com\r\n"
                 "Set-Cookie: public=1; Path=/; Domain=com\r\n"
                 "Set-Cookie: dotted=1; Path=/; Domain=.com\r\n"
                 "Set-Cookie: suffix=1; Path=/; Domain=co.uk\r\n"
                 "Set-Cookie: other=1; Path=/; Domain=other.net\r\n"
                 "Set-Cookie: safe=1; Path=/; Secure\r\n");
    Jar f;
    f.use({.proxy = world.url()});
    answered(f.get("http://up.example.com/"));
    const auto sent_to = [&](const char *url) {
        f.request.with_cookies = true;
        answered(f.get(url));
        return cookies_in(world.notes().back());
    };
    ASSERT_STR(sent_to("http://up.example.com/"), "wide=1; own=1");
    ASSERT_STR(sent_to("http://n1.up.example.com/"), "wide=1");
    Jar fresh;
    fresh.use({.proxy = world.url()});
    answered(fresh.get("http://up.example.com/"));
    for (const char *url : {"http://example.com/", "http://api.example.com/", "http://other.net/",
                            "http://xup.example.com/"}) {
        answered(fresh.get(url));
        const std::string sent = cookies_in(world.notes().back());
        g_test_message("%s: %s", url, sent.c_str());
        ASSERT_STR(sent, "");
    }
}

void cookies_do_not_make_requests_too_long()
{
    std::string headers;
    for (int n = 0; n < 100; ++n)
        headers += cat("Set-Cookie: c", n, '=', std::string(200, 'x'), "; Path=/\r\n");
    Setter server(headers);
    Jar f;
    for (int n = 0; n < 3; ++n)
        answered(f.get(server.url()));
    const std::string sent = cookies_in(server.notes().back());
    g_assert_cmpuint(sent.size(), <=, 4096);
    g_assert_true(contains(sent, "c0="));
}

void what_is_no_cookie_is_ignored()
{
    for (const char *value : {"", ";", "=", "=;=", "; Path=/", "a=1; Max-Age=0",
                              "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}) {
        Setter server(cat("Set-Cookie: ", value, "\r\n"));
        Jar f;
        for (int n = 0; n < 2; ++n)
            answered(f.get(server.url()));
        g_assert_false(contains(cookies_in(server.notes()[1]), "a=1"));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/transport/cookies/kept", cookie_is_sent_again_whatever_the_answer_was);
    add_test("/transport/cookies/off", requests_without_cookies_neither_send_nor_keep_them);
    add_test("/transport/cookies/own", users_own_cookie_comes_first);
    add_test("/transport/cookies/hosts", cookies_stay_with_their_host);
    add_test("/transport/cookies/bounded", cookies_do_not_make_requests_too_long);
    add_test("/transport/cookies/garbage", what_is_no_cookie_is_ignored);
    return g_test_run();
}
