// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What stands between a pipeline and its server: a proxy that wants a login, a server that wants a
// certificate, one that wants its cookie back.
#include "base/text.h"
#include "element_support.h"
#include "glib/ptr.h"
#include "login_proxy.h"
#include "test_certificate.h"

#include <cstring>

#include <glib/gstdio.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Nobody has such a host: without the proxy there is no way to it.
constexpr const char *kPlain = "http://upload.example/files/";
constexpr const char *kSecure = "https://upload.example/files/";

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

std::string write_file(const char *name, const std::string &text)
{
    const GCharOwn path(g_build_filename(g_get_user_cache_dir(), name, nullptr));
    g_mkdir_with_parents(g_get_user_cache_dir(), 0700);
    g_assert_true(g_file_set_contents(path.get(), text.c_str(), -1, nullptr));
    return path.get();
}

// A launch line's sink; what has to be escaped there is set as a property.
std::string to(const std::string &endpoint, const std::string &settings = {})
{
    return cat("! tussink name=sink flush-interval=10 endpoint=", endpoint, " ", settings);
}

void set(Pipeline &pipeline, const char *property, const std::string &value)
{
    g_object_set(pipeline.sink(), property, value.c_str(), nullptr);
}

// An ERROR that says so at once: not after an outage.
std::string error_at_once(Pipeline &pipeline)
{
    const Message message = assert_fails(pipeline);
    g_assert_cmpint(pipeline.count("tus-upload-stalled"), ==, 0);
    return error_text(message);
}

// --- a proxy that wants a login ------------------------------------------------------------------

// A stand-in that nobody reaches but through the proxy, with TLS or without.
struct Behind {
    explicit Behind(bool tls)
    {
        standin::StandinOptions options;
        if (tls)
            options.tls_cert = options.tls_key = write_file("server.pem", kServerPem);
        server = start_standin(std::move(options));
        const GUriOwn url(g_uri_parse(server->url().c_str(), G_URI_FLAGS_NONE, nullptr));
        proxy.emplace(static_cast<std::uint16_t>(g_uri_get_port(url.get())), true);
        launch = file.source() + to(tls ? kSecure : kPlain, "ssl-strict=false");
    }

    const NoiseFile file{300000};
    std::unique_ptr<standin::Standin> server;
    std::optional<LoginProxy> proxy;
    std::string launch;
};

struct LoginRow {
    const char *name;
    const char *in_address, *id, *pw; // nullptr: not set
};

const LoginRow kGood[] = {
    {"in-the-address", kProxyLogin, nullptr, nullptr},
    {"in-properties", nullptr, kProxyUser, kProxyPassword},
    {"properties-come-first", "other:login", kProxyUser, kProxyPassword},
};

const LoginRow kBad[] = {
    {"none", nullptr, nullptr, nullptr},
    {"wrong-in-the-address", "joe:markerpassword", nullptr, nullptr},
    {"wrong-in-properties", kProxyLogin, kProxyUser, "markerpassword"},
};

void use(Pipeline &pipeline, const LoginProxy &proxy, const LoginRow &row)
{
    set(pipeline, "proxy", proxy.address(row.in_address ? row.in_address : ""));
    if (row.id)
        set(pipeline, "proxy-id", row.id);
    if (row.pw)
        set(pipeline, "proxy-pw", row.pw);
}

void a_login_leads_to_the_server(const LoginRow &row)
{
    for (const bool tls : {false, true}) {
        Behind behind(tls);
        Pipeline pipeline(behind.launch);
        use(pipeline, *behind.proxy, row);
        pipeline.run();
        assert_same_bytes(*behind.server, pipeline);
    }
}

void a_login_of_the_environment_leads_to_the_server()
{
    for (const bool tls : {false, true}) {
        Behind behind(tls);
        g_setenv("http_proxy", behind.proxy->address(kProxyLogin).c_str(), TRUE);
        Pipeline pipeline(behind.launch);
        pipeline.run();
        g_unsetenv("http_proxy");
        assert_same_bytes(*behind.server, pipeline);
    }
}

void a_refused_login_is_an_error_at_once(const LoginRow &row)
{
    for (const bool tls : {false, true}) {
        Behind behind(tls);
        Pipeline pipeline(behind.launch);
        use(pipeline, *behind.proxy, row);
        const std::string text = error_at_once(pipeline);
        for (const char *word : {"proxy-id", "proxy-pw", "127.0.0.1"})
            g_assert_true(contains(text, word));
        g_assert_false(contains(text, "markerpassword"));
        g_assert_cmpuint(behind.proxy->notes().size(), ==, 1);
        g_assert_cmpuint(behind.server->snapshot().requests_total, ==, 0);
    }
}

void the_environments_proxy_is_not_asked_for_this_machine()
{
    const auto server = start_standin();
    const LoginProxy proxy;
    std::string by_name = server->files_url();
    by_name.replace(by_name.find("127.0.0.1"), std::strlen("127.0.0.1"), "localhost");
    const NoiseFile file(100000);
    for (const char *variable : {"http_proxy", "all_proxy"}) {
        for (const std::string &endpoint : {server->files_url(), by_name}) {
            g_setenv(variable, proxy.address().c_str(), TRUE);
            Pipeline pipeline(file.source() + to(endpoint));
            pipeline.run();
            g_unsetenv(variable);
        }
    }
    g_assert_cmpuint(server->snapshot().uploads.size(), ==, 4);
    g_assert_cmpuint(proxy.connections(), ==, 0);
}

// --- a server that wants a certificate -----------------------------------------------------------

// In front of a stand-in; its Locations have only a path, as it does not know of TLS.
struct Guarded {
    Guarded()
    {
        g_assert_true(server->add_fault("on POST any: location path-absolute").ok());
        const GUriOwn url(g_uri_parse(server->url().c_str(), G_URI_FLAGS_NONE, nullptr));
        const auto port = static_cast<std::uint16_t>(g_uri_get_port(url.get()));
        guard.emplace(
            std::vector<RawServer::Script>{[port](RawConnection &peer) { peer.tunnel(port); }},
            RawServer::Options{.tls = true, .want_client_certificate = true});
    }

    std::string launch(const std::string &settings) const
    {
        return file.source() + to(guard->url("/files/"), settings) + " ssl-ca-file=" + authority;
    }

    const NoiseFile file{300000};
    const std::string authority = write_file("authority.pem", kAuthorityPem);
    const std::unique_ptr<standin::Standin> server = start_standin();
    std::optional<RawServer> guard;
};

void a_certificate_opens_the_door()
{
    const std::string both = write_file("both.pem", kClientPem);
    const std::string alone = write_file("alone.pem", part_of(kClientPem, false));
    const std::string key = write_file("key.pem", part_of(kClientPem, true));
    for (const std::string &settings :
         {"ssl-cert-file=" + both, "ssl-cert-file=" + alone + " ssl-key-file=" + key}) {
        Guarded guarded;
        Pipeline pipeline(guarded.launch(settings));
        pipeline.run();
        assert_same_bytes(*guarded.server, pipeline);
    }
}

void without_a_certificate_the_error_says_what_is_missing()
{
    Guarded guarded;
    Pipeline pipeline(guarded.launch(""));
    const std::string text = error_at_once(pipeline);
    g_assert_true(contains(text, "client certificate"));
    g_assert_true(contains(text, "ssl-cert-file"));
}

struct FileRow {
    const char *name;
    const char *cert, *key; // what the files hold; nullptr: not set, "": there is none
    const char *property, *word;
};

// The certificate and its key, and a key that is another's, as they are written to the files.
constexpr const char *kCert = "cert", *kKey = "key", *kOther = "other", *kGarbage = "garbage";

const FileRow kFiles[] = {
    {"no-certificate-file", "", nullptr, "ssl-cert-file", "read"},
    {"no-key-file", kCert, "", "ssl-key-file", "read"},
    {"garbage", kGarbage, nullptr, "ssl-cert-file", "PEM"},
    {"without-a-key", kCert, nullptr, "ssl-cert-file", "key"},
    {"a-key-that-is-none", kCert, kGarbage, "ssl-key-file", "key"},
    {"a-key-of-another", kCert, kOther, "ssl-key-file", "does not belong"},
    {"only-a-key", nullptr, kKey, "ssl-key-file", "ssl-cert-file"},
};

std::string file_with(const char *what)
{
    if (std::strcmp(what, "") == 0)
        return "/no/such/file.pem";
    const std::string text = what == kCert    ? part_of(kClientPem, false)
                             : what == kKey   ? part_of(kClientPem, true)
                             : what == kOther ? part_of(kYoungPem, true)
                                              : std::string("markergarbage");
    return write_file(cat(what, ".pem").c_str(), text);
}

void a_wrong_file_is_an_error_at_the_start(const FileRow &row)
{
    const auto server = start_standin();
    Pipeline pipeline(endless_source() + "tussink name=sink endpoint=" + server->files_url());
    if (row.cert)
        set(pipeline, "ssl-cert-file", file_with(row.cert));
    if (row.key)
        set(pipeline, "ssl-key-file", file_with(row.key));
    const std::string text = error_at_once(pipeline);
    g_assert_true(contains(text, row.property));
    g_assert_true(contains(text, row.word));
    g_assert_false(contains(text, "markergarbage"));
    g_assert_cmpuint(server->snapshot().requests_total, ==, 0);
}

// --- a server that wants its cookie back ---------------------------------------------------------

void the_cookie_comes_back()
{
    const auto server = start_standin({.habits = {"cookie"}});
    g_assert_true(server->add_fault("on PATCH 2: cut after 1000 bytes").ok()); // and after HEAD
    const NoiseFile file(500000);
    Pipeline pipeline(file.source() + to(server->files_url(), "chunk-size=100000"));
    pipeline.run();
    assert_same_bytes(*server, pipeline);
    g_assert_cmpuint(server->snapshot().uploads.size(), ==, 1);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    for (const LoginRow &row : kGood)
        add_row_test(cat("/doors/proxy/login/", row.name), row, a_login_leads_to_the_server);
    add_test("/doors/proxy/login/environment", a_login_of_the_environment_leads_to_the_server);
    for (const LoginRow &row : kBad)
        add_row_test(cat("/doors/proxy/refused/", row.name), row,
                     a_refused_login_is_an_error_at_once);
    add_test("/doors/proxy/this-machine", the_environments_proxy_is_not_asked_for_this_machine);
    add_test("/doors/certificate", a_certificate_opens_the_door);
    add_test("/doors/certificate/none", without_a_certificate_the_error_says_what_is_missing);
    for (const FileRow &row : kFiles)
        add_row_test(cat("/doors/certificate/wrong/", row.name), row,
                     a_wrong_file_is_an_error_at_the_start);
    add_test("/doors/cookie", the_cookie_comes_back);
    return g_test_run();
}
