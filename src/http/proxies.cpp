// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A GProxyResolver around the one that knows the proxies.
#include "http/proxies.h"

#include "base/mutex.h"
#include "base/redact.h"
#include "base/text.h"
#include "glib/loopback.h"
#include "glib/type_name.h"

#include <array>
#include <vector>

namespace gsttus {

namespace {

constexpr GUriFlags kUriFlags = GUriFlags(G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_SCHEME_NORMALIZE);
constexpr const char *kDirect = "direct://";

using GStrvOwn = std::unique_ptr<char *, GDelete<&g_strfreev>>;

GUriOwn parse(const std::string &uri)
{
    return GUriOwn(g_uri_parse(uri.c_str(), kUriFlags, nullptr));
}

// "proxy:3128" is meant as http; GIO knows socks5 only, whose proxies look up names themselves.
std::string with_scheme(const std::string &address)
{
    constexpr std::string_view kSocksWithNames = "socks5h://";
    if (address.find("://") == std::string::npos)
        return cat("http://", address);
    if (address.starts_with(kSocksWithNames))
        return cat("socks5://", address.substr(kSocksWithNames.size()));
    return address;
}

bool is_known_scheme(std::string_view scheme)
{
    return scheme == "http" || scheme == "https" || scheme == "socks" || scheme == "socks4" ||
           scheme == "socks4a" || scheme == "socks5";
}

int port_of(GUri *uri)
{
    if (const int port = g_uri_get_port(uri); port > 0)
        return port;
    const std::string_view scheme = g_uri_get_scheme(uri);
    return scheme == "http" ? 80 : scheme == "https" ? 443 : 1080;
}

// Scheme, login, host and port: nothing else of a proxy's address means anything.
Result<std::string> proxy_uri(std::string_view origin, const std::string &address)
{
    const std::string text = with_scheme(address);
    // the parser's words about it might show a part of the password
    const GUriOwn uri = parse(text);
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || !*host || !is_known_scheme(g_uri_get_scheme(uri.get()))) {
        return Error{.kind = ErrorKind::kSettings,
                     .message = cat(origin, " \"", redact_url(text),
                                    "\" is not an address like http://host:port")};
    }
    const GCharOwn clean(g_uri_join_with_user(
        G_URI_FLAGS_NONE, g_uri_get_scheme(uri.get()), g_uri_get_user(uri.get()),
        g_uri_get_password(uri.get()), nullptr, host, port_of(uri.get()), "", nullptr, nullptr));
    return std::string(clean.get());
}

// In place of the login that the address has.
std::string with_login(const std::string &address, const ProxySettings &settings)
{
    const GUriOwn uri =
        settings.user.empty() && settings.password.empty() ? nullptr : parse(address);
    if (!uri || !g_uri_get_host(uri.get()))
        return address;
    const char *user = settings.user.empty() ? g_uri_get_user(uri.get()) : settings.user.c_str();
    const GCharOwn whole(g_uri_join_with_user(
        G_URI_FLAGS_NONE, g_uri_get_scheme(uri.get()), user ? user : "", settings.password.c_str(),
        nullptr, g_uri_get_host(uri.get()), g_uri_get_port(uri.get()), "", nullptr, nullptr));
    return whole.get();
}

// --- the environment -----------------------------------------------------------------------------

std::string from_environment(const char *name)
{
    const GCharOwn capitals(g_ascii_strup(name, -1));
    for (const char *variable : {name, static_cast<const char *>(capitals.get())}) {
        const char *value = g_getenv(variable);
        if (value && *value)
            return value;
    }
    return {};
}

// A host as GIO takes it: it warns of brackets without a port, and of a port that is no number.
std::string ignorable(std::string_view host)
{
    if (host.starts_with('[') && host.ends_with(']'))
        return std::string(host.substr(1, host.size() - 2));
    const std::size_t colon = host.rfind(':');
    const bool has_port =
        colon != std::string_view::npos &&
        (host.find(':') == colon || (host.starts_with('[') && host[colon - 1] == ']'));
    if (host.starts_with('[') && !has_port)
        return {};
    const bool is_bad =
        has_port && (colon + 1 == host.size() ||
                     host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos);
    return is_bad ? std::string() : std::string(host);
}

// "a.example, .b.example,10.0.0.0/8 [::1]": blanks separate, too. "*": everything.
std::vector<std::string> no_proxy_hosts()
{
    std::vector<std::string> hosts;
    const GStrvOwn parts(g_strsplit_set(from_environment("no_proxy").c_str(), ", \t", -1));
    for (char **part = parts.get(); *part; ++part) {
        if (std::string host = ignorable(*part); !host.empty())
            hosts.push_back(std::move(host));
    }
    return hosts;
}

// nullptr: it names no proxy.
Result<GRef<GProxyResolver>> environment_resolver()
{
    std::array<std::string, 3> uris;
    constexpr std::array<const char *, 3> kNames{"http_proxy", "https_proxy", "all_proxy"};
    for (std::size_t i = 0; i < uris.size(); ++i) {
        const std::string value = from_environment(kNames[i]);
        if (value.empty())
            continue;
        Result<std::string> uri = proxy_uri(cat("the environment variable ", kNames[i]), value);
        if (!uri)
            return uri.error();
        uris[i] = *uri;
    }
    const auto &[http, https, all] = uris;
    if (http.empty() && https.empty() && all.empty())
        return GRef<GProxyResolver>();
    std::vector<std::string> hosts = no_proxy_hosts();
    std::vector<char *> ignored;
    for (std::string &host : hosts) {
        if (host == "*")
            return GRef<GProxyResolver>::adopt(g_simple_proxy_resolver_new(kDirect, nullptr));
        ignored.push_back(host.data());
    }
    ignored.push_back(nullptr);
    const std::string &other = !all.empty() ? all : http;
    auto resolver = GRef<GProxyResolver>::adopt(
        g_simple_proxy_resolver_new(other.empty() ? kDirect : other.c_str(), ignored.data()));
    auto *simple = G_SIMPLE_PROXY_RESOLVER(resolver.get());
    if (!http.empty())
        g_simple_proxy_resolver_set_uri_proxy(simple, "http", http.c_str());
    if (!https.empty())
        g_simple_proxy_resolver_set_uri_proxy(simple, "https", https.c_str());
    return resolver;
}

Result<GRef<GProxyResolver>> known_resolver(const ProxySettings &settings)
{
    if (!settings.uri.empty()) {
        Result<std::string> uri = proxy_uri("proxy", settings.uri);
        if (!uri)
            return uri.error();
        return GRef<GProxyResolver>::adopt(g_simple_proxy_resolver_new(uri->c_str(), nullptr));
    }
    Result<GRef<GProxyResolver>> environment = environment_resolver();
    if (!environment || *environment)
        return environment;
    return GRef<GProxyResolver>::retain(g_proxy_resolver_get_default());
}

// --- the object that GIO asks --------------------------------------------------------------------

struct Asked {
    Asked(GRef<GProxyResolver> resolver, ProxySettings login)
        : known(std::move(resolver)), settings(std::move(login))
    {
    }

    const GRef<GProxyResolver> known;
    const ProxySettings settings;
    Mutex mutex;
    std::string latest GUARDED_BY(mutex); // with its login
};

struct DoorResolver {
    GObject parent;
    Asked *asked; // ours
};

struct DoorResolverClass {
    GObjectClass parent;
};

Asked &asked_of(gpointer resolver)
{
    return *static_cast<DoorResolver *>(resolver)->asked;
}

char **only_direct()
{
    static constexpr std::array<const char *, 2> kOnly{kDirect, nullptr};
    return g_strdupv(const_cast<char **>(kOnly.data()));
}

// A link has its name on this machine only ("fe80::1%eth0"): nobody else could go there.
bool is_only_from_here(std::string_view host)
{
    return is_loopback_host(host) ||
           (host.find(':') != std::string_view::npos && host.find('%') != std::string_view::npos);
}

gchar **look_up(GProxyResolver *resolver, const gchar *uri, GCancellable *cancel, GError **error)
{
    Asked &asked = asked_of(resolver);
    const GUriOwn wanted(g_uri_parse(uri, G_URI_FLAGS_NONE, nullptr));
    const char *host = wanted ? g_uri_get_host(wanted.get()) : nullptr;
    char **found = host && is_only_from_here(host)
                       ? only_direct()
                       : g_proxy_resolver_lookup(asked.known.get(), uri, cancel, error);
    for (char **proxy = found; proxy && *proxy; ++proxy) {
        char *plain = std::exchange(*proxy, g_strdup(with_login(*proxy, asked.settings).c_str()));
        g_free(plain);
    }
    const bool is_direct = !found || !*found || g_strcmp0(*found, kDirect) == 0;
    const MutexLock lock(asked.mutex);
    asked.latest = is_direct ? "" : *found;
    return found;
}

void look_up_async(GProxyResolver *resolver, const gchar *uri, GCancellable *cancel,
                   GAsyncReadyCallback callback, gpointer user_data)
{
    const auto task = GRef<GTask>::adopt(g_task_new(resolver, cancel, callback, user_data));
    g_task_set_task_data(task.get(), g_strdup(uri), g_free);
    g_task_run_in_thread(task.get(), [](GTask *self, gpointer source, gpointer data,
                                        GCancellable *stop) {
        GError *error = nullptr;
        gchar **found =
            look_up(G_PROXY_RESOLVER(source), static_cast<const char *>(data), stop, &error);
        if (found)
            g_task_return_pointer(self, found,
                                  [](gpointer list) { g_strfreev(static_cast<gchar **>(list)); });
        else
            g_task_return_error(self, error);
    });
}

GType door_resolver_type()
{
    static const GType kType = [] {
        const GType type = g_type_register_static_simple(
            G_TYPE_OBJECT, own_type_name("GstTusProxyResolver").c_str(), sizeof(DoorResolverClass),
            [](gpointer klass, gpointer) {
                G_OBJECT_CLASS(klass)->finalize = [](GObject *object) {
                    delete reinterpret_cast<DoorResolver *>(object)->asked;
                    G_OBJECT_CLASS(g_type_class_peek(G_TYPE_OBJECT))->finalize(object);
                };
            },
            sizeof(DoorResolver), nullptr, GTypeFlags(0));
        static constexpr GInterfaceInfo kInterface{
            [](gpointer face, gpointer) {
                auto *calls = static_cast<GProxyResolverInterface *>(face);
                calls->is_supported = [](GProxyResolver *) -> gboolean { return TRUE; };
                calls->lookup = look_up;
                calls->lookup_async = look_up_async;
                calls->lookup_finish = [](GProxyResolver *, GAsyncResult *result, GError **error) {
                    return static_cast<gchar **>(g_task_propagate_pointer(G_TASK(result), error));
                };
            },
            nullptr, nullptr};
        g_type_add_interface_static(type, G_TYPE_PROXY_RESOLVER, &kInterface);
        return type;
    }();
    return kType;
}

} // namespace

Result<GRef<GProxyResolver>> make_proxy_resolver(const ProxySettings &settings)
{
    Result<GRef<GProxyResolver>> known = known_resolver(settings);
    if (!known)
        return known.error();
    gpointer made = g_object_new(door_resolver_type(), nullptr);
    static_cast<DoorResolver *>(made)->asked = new Asked(*known, settings);
    return GRef<GProxyResolver>::adopt(G_PROXY_RESOLVER(made));
}

std::string latest_proxy(GProxyResolver *resolver)
{
    Asked &asked = asked_of(resolver);
    const MutexLock lock(asked.mutex);
    return redact_url(asked.latest);
}

std::string latest_proxy_login(GProxyResolver *resolver)
{
    Asked &asked = asked_of(resolver);
    const MutexLock lock(asked.mutex);
    return asked.latest;
}

} // namespace gsttus
