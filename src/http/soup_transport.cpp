// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The session and what lives as long: its context, its connections, the settings of TLS and proxy.
#include "http/soup_transport.h"

#include "base/log.h"
#include "base/text.h"
#include "http/client_certificate.h"
#include "http/cookies.h"
#include "http/proxies.h"
#include "http/proxy_login.h"
#include "http/setting_file.h"
#include "http/soup_exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace gsttus {

namespace {

// libsoup attaches its sources to the thread's default context. Ours is private: the
// application's main loop must not run them in another thread.
class ContextScope {
public:
    explicit ContextScope(GMainContext *context) : context_(context)
    {
        g_main_context_push_thread_default(context_);
    }

    ~ContextScope() { g_main_context_pop_thread_default(context_); }

    ContextScope(const ContextScope &) = delete;
    ContextScope &operator=(const ContextScope &) = delete;

private:
    GMainContext *context_;
};

// What every session of a transport gets.
struct Doors {
    GRef<GProxyResolver> proxies;
    GRef<GTlsDatabase> database; // none: the system's
    GRef<GTlsInteraction> interaction;
};

Result<GRef<GTlsInteraction>> make_interaction(const HttpConfig &config)
{
    if (config.tls_interaction)
        return config.tls_interaction;
    if (!config.ssl_cert_file.empty() || !config.ssl_key_file.empty())
        return make_certificate_interaction(config.ssl_cert_file, config.ssl_key_file);
    // libsoup's own interaction waits for a main loop on this very thread when a server asks for
    // a client certificate: for ever. A plain one says at once that there is none.
    return GRef<GTlsInteraction>::adopt(
        G_TLS_INTERACTION(g_object_new(G_TYPE_TLS_INTERACTION, nullptr)));
}

class SoupTransport final : public Transport {
public:
    SoupTransport(const HttpConfig &config, Doors doors)
        : config_(config), doors_(std::move(doors)), context_(g_main_context_new()),
          watch_(std::make_shared<AddressWatch>(config.is_lost_address))
    {
    }

    ~SoupTransport() override
    {
        const ContextScope scope(context_.get());
        end_session();
    }

    SoupTransport(const SoupTransport &) = delete;
    SoupTransport &operator=(const SoupTransport &) = delete;

    HttpOutcome send(const HttpRequest &request, GCancellable *cancel) override
    {
        const ContextScope scope(context_.get());
        while (g_main_context_iteration(context_.get(), FALSE)) {
            // connections that were idle for too long are closed here
        }
        if (!session_) {
            if (had_session_)
                read_certificate_anew();
            had_session_ = true;
            session_ = make_session();
        }
        bound_connections(request);
        cookies_sent_.clear();
        HttpOutcome outcome = request.with_cookies ? exchange_with_cookies(request, cancel)
                                                   : exchange(request, cancel);
        // A session keeps the addresses of a host: a new one asks for them again, and follows a
        // server that has moved.
        if (outcome.failure() && outcome.failure()->error.kind != ErrorKind::kCancelled)
            end_session();
        return outcome;
    }

    void set_line(const Line &line) override { links_.set_line(line); }

    void rest() override
    {
        const ContextScope scope(context_.get());
        end_session();
    }

    std::function<void()> network_listener() override
    {
        return [watch = watch_] { watch->check(); };
    }

    std::string proxy_login() const override { return latest_proxy_login(doors_.proxies.get()); }

    std::string cookies_sent() const override { return cookies_sent_; }

private:
    void read_certificate_anew();
    GRef<SoupSession> make_session() const;
    void end_session();
    HttpOutcome exchange(const HttpRequest &request, GCancellable *cancel);
    HttpOutcome exchange_with_cookies(const HttpRequest &request, GCancellable *cancel);
    void bound_connections(const HttpRequest &request);

    const HttpConfig config_;
    Doors doors_;
    GMainContextOwn context_;
    GRef<SoupSession> session_; // none: the next request makes one
    bool had_session_ = false;
    Cookies cookies_; // outlives a session
    std::string cookies_sent_;
    SoupLinks links_;
    const std::shared_ptr<AddressWatch> watch_;
    Alarm alarm_;
};

// A certificate that lives for a day is replaced while a recording runs. The one that was read last
// is used on while the files are just being written. (Of ssl-ca-file GIO looks after itself.)
void SoupTransport::read_certificate_anew()
{
    if (config_.tls_interaction || config_.ssl_cert_file.empty())
        return;
    const Result<GRef<GTlsInteraction>> made = make_interaction(config_);
    if (made)
        doors_.interaction = *made;
    else
        log(LogLevel::kWarning, "http", made.error().message);
}

GRef<SoupSession> SoupTransport::make_session() const
{
    GRef<SoupSession> session = GRef<SoupSession>::adopt(soup_session_new());
    // Everything that would answer, repeat or change something on its own goes.
    soup_session_remove_feature_by_type(session.get(), SOUP_TYPE_AUTH_MANAGER);
    soup_session_remove_feature_by_type(session.get(), SOUP_TYPE_CONTENT_DECODER);
    soup_session_set_user_agent(session.get(),
                                config_.user_agent.empty() ? nullptr : config_.user_agent.c_str());
    soup_session_set_proxy_resolver(session.get(), doors_.proxies.get());
    send_proxy_login(session.get());
    if (doors_.database)
        soup_session_set_tls_database(session.get(), doors_.database.get());
    soup_session_set_tls_interaction(session.get(), doors_.interaction.get());
    return session;
}

void SoupTransport::end_session()
{
    links_.clear();
    if (session_)
        soup_session_abort(session_.get());
    session_ = {};
}

HttpOutcome SoupTransport::exchange(const HttpRequest &request, GCancellable *cancel)
{
    return SoupExchange(session_.get(), links_, *watch_, alarm_, request, config_.ssl_strict,
                        cancel)
        .run();
}

HttpOutcome SoupTransport::exchange_with_cookies(const HttpRequest &request, GCancellable *cancel)
{
    HttpRequest with_cookies = request;
    cookies_sent_ = cookies_.add_to(with_cookies);
    HttpOutcome outcome = exchange(with_cookies, cancel);
    if (const HttpResponse *response = outcome.response())
        cookies_.take(request.url, *response);
    return outcome;
}

// The time-outs of this request: for connections that stand, and for one to come.
void SoupTransport::bound_connections(const HttpRequest &request)
{
    links_.before_request(request.timeout, *watch_);
    const guint connect = to_seconds_up(request.connect_timeout);
    if (soup_session_get_timeout(session_.get()) != connect)
        soup_session_set_timeout(session_.get(), connect);
}

Result<GRef<GTlsDatabase>> make_database(const std::string &path)
{
    constexpr const char *kProperty = "ssl-ca-file";
    if (const Result<std::string> content = read_setting_file(kProperty, path); !content)
        return content.error();
    const GCharOwn absolute(g_canonicalize_filename(path.c_str(), nullptr));
    GError *error = nullptr;
    GTlsDatabase *database = g_tls_file_database_new(absolute.get(), &error);
    const GErrorOwn owned_error(error);
    if (!database)
        return bad_file(kProperty, path, "it must hold certificates in PEM", error);
    return GRef<GTlsDatabase>::adopt(G_TLS_DATABASE(database));
}

Result<Doors> make_doors(const HttpConfig &config)
{
    const Result<GRef<GProxyResolver>> proxies =
        make_proxy_resolver({config.proxy, config.proxy_id, config.proxy_pw});
    if (!proxies)
        return proxies.error();
    GRef<GTlsDatabase> database = config.tls_database;
    if (!config.ssl_ca_file.empty()) {
        Result<GRef<GTlsDatabase>> made = make_database(config.ssl_ca_file);
        if (!made)
            return made.error();
        database = *made;
    }
    const Result<GRef<GTlsInteraction>> interaction = make_interaction(config);
    if (!interaction)
        return interaction.error();
    return Doors{*proxies, database, *interaction};
}

// Without some, GLib ends the process.
bool has_descriptors()
{
    std::array<int, 8> some{};
    for (int &fd : some)
        fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const bool all = std::all_of(some.begin(), some.end(), [](int fd) { return fd >= 0; });
    for (const int fd : some) {
        if (fd >= 0)
            ::close(fd);
    }
    return all;
}

} // namespace

Result<std::unique_ptr<Transport>> make_soup_transport(const HttpConfig &config)
{
    if (!has_descriptors())
        return Error{.kind = ErrorKind::kInternal,
                     .message = "This process has no file descriptors left for an upload: raise "
                                "the limit (ulimit -n, LimitNOFILE=).",
                     .retryable = true};
    Result<Doors> doors = make_doors(config);
    if (!doors)
        return doors.error();
    return std::unique_ptr<Transport>(std::make_unique<SoupTransport>(config, std::move(*doors)));
}

} // namespace gsttus
