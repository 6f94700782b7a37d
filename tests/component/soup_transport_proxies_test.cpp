// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Proxies: which one is asked for what, with which login, and what its refusals are.
#include "login_proxy.h"
#include "soup_transport_fixture.h"

#include <map>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kPlain = "http://upload.example/files";
constexpr const char *kSecure = "https://upload.example/files";

void shows_no_login(const Error &error)
{
    for (const std::string &text : {error.message, error.detail})
        for (const std::string &secret :
             {std::string("ker:"), std::string("mar%2F"),
              basic(cat(kProxyUser, ':', kProxyPassword)).substr(0, 12)})
            g_assert_false(contains(text, secret));
}

// The ways to say it: in the address, in properties, and properties beside an address with another.
std::vector<HttpConfig> logins(const LoginProxy &proxy)
{
    const HttpConfig base{.ssl_strict = false};
    HttpConfig in_address = base;
    in_address.proxy = proxy.address(kProxyLogin);
    HttpConfig beside = base;
    beside.proxy_id = kProxyUser;
    beside.proxy_pw = kProxyPassword;
    beside.proxy = proxy.address();
    HttpConfig instead = beside;
    instead.proxy = proxy.address("other:login");
    return {in_address, beside, instead};
}

void login_goes_to_the_proxy_and_not_to_the_server()
{
    Server server({.tls = true});
    LoginProxy proxy(server.port());
    Fixture f;
    std::size_t requests = 0;
    for (const HttpConfig &config : logins(proxy)) {
        f.use(config);
        for (int n = 0; n < 2; ++n) { // the second on a kept-alive connection
            answered(f.get(kSecure));
            answered(f.get(kPlain));
        }
        requests += 2;
        g_assert_cmpuint(server.notes().size(), ==, requests);
    }
    for (const std::string &request : server.notes())
        g_assert_false(contains(request, "Proxy-Auth"));
    for (const std::string &request : proxy.notes())
        g_assert_true(contains(request, proxy_login_line()));
}

void body_goes_through_with_the_login()
{
    Server server({.tls = true});
    LoginProxy proxy(server.port());
    Fixture f;
    f.use(logins(proxy).front());
    for (const char *url : {kSecure, kPlain}) {
        PatternBody body(300000);
        answered(f.patch(url, body, 300000));
    }
    PatternBody body(300000);
    g_assert_true(server.notes().front().ends_with(body.all()));
    g_assert_true(proxy.notes().back().ends_with(body.all()));
    f.request.body = nullptr;
}

void missing_and_wrong_logins_are_told()
{
    LoginProxy proxy;
    Fixture f;
    for (const char *login : {"", "joe@corp:wrong", "joe", ":wrong"}) {
        for (const char *url : {kSecure, kPlain}) {
            const std::string escaped = g_strcmp0(login, "joe@corp:wrong") == 0
                                            ? std::string("joe%40corp:wrong")
                                            : std::string(login);
            f.use({.proxy = proxy.address(escaped)});
            const HttpOutcome outcome = f.get(url);
            const HttpFailure &failure =
                failed(outcome, ErrorKind::kNotAuthorized, Reach::kNotConnected);
            g_assert_cmpint(failure.error.http_status, ==, 407);
            g_assert_false(failure.error.retryable);
            g_assert_true(contains(failure.error.message, "proxy-id"));
            g_assert_true(contains(failure.error.message, "proxy-pw"));
            g_assert_true(contains(failure.error.message, proxy.address()));
            g_assert_false(contains(failure.error.message, "wrong"));
        }
    }
}

// tinyproxy's answer to a login that is wrong.
void tunnel_refused_with_401_is_a_login_refused()
{
    RawServer proxy({[](RawConnection &peer) {
        peer.read_request();
        peer.answer("401 Unauthorized", "", "no");
    }});
    Fixture f;
    f.use({.proxy = proxy.url(), .proxy_id = kProxyUser, .proxy_pw = kProxyPassword});
    const HttpOutcome outcome = f.get(kSecure);
    const HttpFailure &failure = failed(outcome, ErrorKind::kNotAuthorized, Reach::kNotConnected);
    g_assert_true(contains(failure.error.message, "proxy-pw"));
    shows_no_login(failure.error);
}

void refused_body_is_no_answer_of_the_server()
{
    RawServer proxy({[](RawConnection &peer) {
        peer.read_head();
        peer.answer("407 Proxy Authentication Required");
        peer.wait_close();
    }});
    Fixture f;
    f.use({.proxy = proxy.url()});
    PatternBody body(kHuge);
    failed(f.patch(kPlain, body, kHuge), ErrorKind::kNotAuthorized, Reach::kNotConnected);
}

// A server's own 407 is its answer, with or without a tunnel to it.
void server_that_answers_407_is_no_proxy()
{
    for (const bool tls : {false, true}) {
        RawServer server({[](RawConnection &peer) {
                             peer.read_request();
                             peer.answer("407 Proxy Authentication Required");
                         }},
                         {.tls = tls});
        LoginProxy proxy(server.port());
        Fixture f;
        f.use(logins(proxy).front());
        g_assert_cmpint(answered(f.get(tls ? std::string(kSecure) : server.url())).status, ==, 407);
    }
}

void proxy_that_quotes_the_login_is_masked()
{
    RawServer proxy({[](RawConnection &peer) {
        const std::string request = peer.read_request();
        peer.answer("502 Bad Gateway", cat("X-Quote: ", kProxyPassword, "\r\n"),
                    cat(request, '\n', kProxyPassword));
    }});
    Fixture f;
    f.use({.proxy = proxy.url(), .proxy_id = kProxyUser, .proxy_pw = kProxyPassword});
    const HttpOutcome outcome = f.get(kPlain);
    const HttpResponse &response = answered(outcome);
    g_assert_cmpint(response.status, ==, 502);
    g_assert_true(contains(response.body, "GET http://upload.example/files"));
    for (const std::string &text : {response.body, *response.header("X-Quote")}) {
        g_assert_false(contains(text, kProxyPassword));
        g_assert_false(contains(text, basic(cat(kProxyUser, ':', kProxyPassword))));
    }
}

// A caller's header of that name would take the login to the server.
void login_among_the_headers_stays_here()
{
    Server server;
    Fixture f;
    f.request.headers = {{"Proxy-Authorization", "Basic marker"}};
    answered(f.get(server.url()));
    g_assert_false(contains(server.notes().front(), "marker"));
}

// --- which proxy ---------------------------------------------------------------------------------

void proxy_gets_the_whole_address()
{
    Server proxy;
    Fixture f;
    f.use({.proxy = cat("127.0.0.1:", proxy.port())});
    answered(f.get(kPlain));
    g_assert_true(contains(proxy.notes().front(), "GET http://upload.example/files HTTP/1.1\r\n"));
    answered(f.get("http://[2001:db8::1]:81/files"));
    g_assert_true(contains(proxy.notes().back(), "GET http://[2001:db8::1]:81/files HTTP/1.1\r\n"));
    answered(f.get("http://bücher.example/files"));
    g_assert_true(contains(proxy.notes().back(), "GET http://xn--bcher-kva.example/files HTTP"));
}

void tunnel_leads_to_an_ipv6_address()
{
    Server server({.tls = true});
    LoginProxy proxy(server.port());
    Fixture f;
    HttpConfig config = logins(proxy).front();
    f.use(config);
    answered(f.get("https://[2001:db8::1]:444/files"));
    g_assert_true(proxy.notes().front().starts_with("CONNECT [2001:db8::1]:444 HTTP/1.1\r\n"));
    g_assert_true(contains(server.notes().front(), "Host: [2001:db8::1]:444\r\n"));
    config.ssl_strict = true; // the certificate is not for that address
    f.use(config);
    failed(f.get("https://[2001:db8::1]:444/files"), ErrorKind::kTls, Reach::kNotConnected);
    g_assert_cmpuint(server.notes().size(), ==, 1);
}

void what_is_here_never_goes_through_a_proxy()
{
    Server server;
    Server proxy;
    for (const bool by_environment : {true, false}) {
        g_setenv("http_proxy", proxy.url().c_str(), TRUE);
        g_setenv("all_proxy", proxy.url().c_str(), TRUE);
        Fixture f;
        f.use({.proxy = by_environment ? std::string() : proxy.url()});
        for (const char *host :
             {"127.0.0.1", "localhost", "LOCALHOST", "x.localhost", "[::ffff:127.0.0.1]"})
            answered(f.get(cat("http://", host, ":", server.port(), "/")));
        // nobody is there, but the proxy is not asked either
        g_assert_nonnull(f.get("http://127.1.2.3:1/").failure());
        for (const char *url :
             {"http://[::1]:1/", "http://[fe80::1%25lo]:1/", "https://[fe80::1%25lo]:1/"})
            g_assert_nonnull(f.get(url).failure());
        answered(f.get(kPlain));
        g_unsetenv("http_proxy");
        g_unsetenv("all_proxy");
    }
    g_assert_cmpuint(server.notes().size(), ==, 10);
    g_assert_cmpuint(proxy.notes().size(), ==, 2);
}

struct Row {
    const char *name;
    std::map<std::string, const char *> environment; // "A" and "B" are two proxies
    const char *url;
    const char *expected; // which proxy; "": none
};

const Row kRows[] = {
    {"http", {{"http_proxy", "A"}}, kPlain, "A"},
    {"capitals", {{"HTTP_PROXY", "A"}}, kPlain, "A"},
    {"small-ones-first", {{"HTTP_PROXY", "B"}, {"http_proxy", "A"}}, kPlain, "A"},
    {"https", {{"https_proxy", "A"}, {"http_proxy", "B"}}, kSecure, "A"},
    {"https-capitals", {{"HTTPS_PROXY", "A"}, {"http_proxy", "B"}}, kSecure, "A"},
    {"https-only", {{"https_proxy", "A"}}, kPlain, ""},
    {"all", {{"all_proxy", "A"}}, kPlain, "A"},
    {"all-for-https", {{"ALL_PROXY", "A"}, {"http_proxy", "B"}}, kSecure, "A"},
    {"http-for-https", {{"http_proxy", "A"}}, kSecure, "A"},
    {"except", {{"http_proxy", "A"}, {"no_proxy", "x, upload.example"}}, kPlain, ""},
    {"except-below", {{"http_proxy", "A"}, {"NO_PROXY", ".example"}}, kPlain, ""},
    {"except-others", {{"http_proxy", "A"}, {"no_proxy", "load.example"}}, kPlain, "A"},
    {"except-all", {{"http_proxy", "A"}, {"no_proxy", "*"}}, kPlain, ""},
    {"except-net", {{"http_proxy", "A"}, {"no_proxy", "192.0.2.0/24"}}, "http://192.0.2.7:1/", ""},
    {"except-garbage", {{"http_proxy", "A"}, {"no_proxy", "[,:x,a:,[::1],,[1"}}, kPlain, "A"},
    {"except-ipv6",
     {{"http_proxy", "A"}, {"no_proxy", "[2001:db8::1]"}},
     "http://[2001:db8::1]:1/",
     ""},
};

// None of the hosts exists: without a proxy there is no answer.
void environment_is_obeyed(const Row &row)
{
    LoginProxy a;
    LoginProxy b;
    for (const auto &[name, which] : row.environment) {
        const std::string_view text = which;
        g_setenv(name.c_str(),
                 text == "A"   ? a.address(kProxyLogin).c_str()
                 : text == "B" ? b.address(kProxyLogin).c_str()
                               : which,
                 TRUE);
    }
    Fixture f;
    f.request.timeout = seconds(2);
    f.request.connect_timeout = seconds(2);
    f.use({});
    (void)f.get(row.url);
    for (const auto &[name, which] : row.environment)
        g_unsetenv(name.c_str());
    const std::string_view expected = row.expected;
    g_assert_cmpuint(a.notes().empty(), ==, expected != "A");
    g_assert_cmpuint(b.notes().empty(), ==, expected != "B");
    for (const std::string &request : a.notes())
        g_assert_true(contains(request, proxy_login_line()));
}

void properties_add_the_login_to_the_environments_proxy()
{
    LoginProxy proxy;
    g_setenv("http_proxy", proxy.address().c_str(), TRUE);
    Fixture f;
    f.use({.proxy_id = kProxyUser, .proxy_pw = kProxyPassword});
    answered(f.get(kPlain));
    g_unsetenv("http_proxy");
}

// RFC 1928 and 1929: version 5, a login, an address by name.
void socks_proxy_gets_the_login()
{
    RawServer *self = nullptr;
    Server server;
    const std::uint16_t port = server.port();
    RawServer proxy({[&self, port](RawConnection &peer) {
        const std::string offers = peer.read_bytes(2);
        peer.read_bytes(static_cast<unsigned char>(offers[1]));
        peer.write(std::string_view("\x05\x02", 2));
        const std::string version = peer.read_bytes(2);
        const std::string user = peer.read_bytes(static_cast<unsigned char>(version[1]));
        const std::string length = peer.read_bytes(1);
        const std::string password = peer.read_bytes(static_cast<unsigned char>(length[0]));
        self->note(cat(user, '|', password));
        const bool known = user == kProxyUser && password == kProxyPassword;
        peer.write(known ? std::string_view("\x01\x00", 2) : std::string_view("\x01\x01", 2));
        if (!known)
            return;
        const std::string request = peer.read_bytes(5);
        peer.read_bytes(static_cast<unsigned char>(request[4]) + 2U);
        peer.write(std::string_view("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01", 10));
        peer.tunnel(port);
    }});
    self = &proxy;
    Fixture f;
    for (const char *scheme : {"socks5", "socks5h"}) {
        f.use({.proxy = cat(scheme, "://", kProxyLogin, "@127.0.0.1:", proxy.port())});
        answered(f.get(kPlain));
        g_assert_true(server.notes().back().starts_with("GET /files HTTP/1.1\r\n"));
        g_assert_false(contains(server.notes().back(), "Proxy-"));
    }
    f.use({.proxy = cat("socks5://127.0.0.1:", proxy.port()), .proxy_id = "x", .proxy_pw = "y"});
    const HttpOutcome outcome = f.get(kPlain);
    const HttpFailure &failure = failed(outcome, ErrorKind::kNotAuthorized, Reach::kNotConnected);
    g_assert_true(contains(failure.error.message, "proxy-id"));
}

// --- what is told --------------------------------------------------------------------------------

void bad_proxy_does_not_show_its_password()
{
    for (const char *address :
         {"http://joe:marker/1@proxy:8080", "ftp://joe:marker@proxy", "http://",
          "http://joe:marker@", "http://joe:marker@proxy:99999", "joe:marker@proxy:port"}) {
        for (const bool by_environment : {false, true}) {
            if (by_environment)
                g_setenv("https_proxy", address, TRUE);
            const auto made = make_soup_transport(
                HttpConfig{.proxy = by_environment ? std::string() : std::string(address)});
            g_unsetenv("https_proxy");
            g_assert_false(made.ok());
            g_test_message("%s", made.error().message.c_str());
            g_assert_cmpint(int(made.error().kind), ==, int(ErrorKind::kSettings));
            g_assert_true(contains(made.error().message, by_environment ? "https_proxy" : "proxy"));
            g_assert_false(contains(made.error().message, "marker"));
            g_assert_false(contains(made.error().detail, "marker"));
        }
    }
}

void refusal_of_a_proxy_is_no_answer_of_the_server()
{
    RawServer proxy({[](RawConnection &peer) {
        peer.read_request();
        peer.answer("403 Forbidden", "", "no");
    }});
    Fixture f;
    f.use({.proxy = proxy.url()});
    const HttpOutcome outcome = f.get(kSecure);
    const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kNotConnected);
    g_assert_true(contains(failure.error.message, "proxy"));
}

void proxy_that_is_not_there_is_named()
{
    const std::string address = cat("http://127.0.0.1:", refused_port());
    Fixture f;
    f.use({.proxy = address, .proxy_id = kProxyUser, .proxy_pw = kProxyPassword});
    for (const char *url : {kSecure, kPlain}) {
        const HttpOutcome outcome = f.get(url);
        const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kNotConnected);
        g_assert_true(contains(failure.error.message, address));
        shows_no_login(failure.error);
    }
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    for (const char *name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY",
                             "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
        g_unsetenv(name);
    add_test("/transport/proxy/login", login_goes_to_the_proxy_and_not_to_the_server);
    add_test("/transport/proxy/login/body", body_goes_through_with_the_login);
    add_test("/transport/proxy/login/refused", missing_and_wrong_logins_are_told);
    add_test("/transport/proxy/login/refused-401", tunnel_refused_with_401_is_a_login_refused);
    add_test("/transport/proxy/login/refused-body", refused_body_is_no_answer_of_the_server);
    add_test("/transport/proxy/login/407-of-a-server", server_that_answers_407_is_no_proxy);
    add_test("/transport/proxy/login/quoted", proxy_that_quotes_the_login_is_masked);
    add_test("/transport/proxy/login/among-headers", login_among_the_headers_stays_here);
    add_test("/transport/proxy/login/socks", socks_proxy_gets_the_login);
    add_test("/transport/proxy/plain", proxy_gets_the_whole_address);
    add_test("/transport/proxy/ipv6", tunnel_leads_to_an_ipv6_address);
    add_test("/transport/proxy/loopback", what_is_here_never_goes_through_a_proxy);
    for (const Row &row : kRows)
        add_row_test(cat("/transport/proxy/environment/", row.name), row, environment_is_obeyed);
    add_test("/transport/proxy/environment/login",
             properties_add_the_login_to_the_environments_proxy);
    add_test("/transport/proxy/bad", bad_proxy_does_not_show_its_password);
    add_test("/transport/proxy/refusal", refusal_of_a_proxy_is_no_answer_of_the_server);
    add_test("/transport/proxy/not-there", proxy_that_is_not_there_is_named);
    return g_test_run();
}
