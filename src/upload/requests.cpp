// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Upload thread, but without any state: values in, values out (tests/unit/requests_test.cpp).
#include "upload/requests.h"

#include "base/page_text.h"
#include "base/text.h"
#include "glib/ptr.h"
#include "tus/protocol.h"

#include <algorithm>
#include <array>

#include <glib.h>

namespace gsttus {

namespace {

constexpr GUriFlags kUriFlags = static_cast<GUriFlags>(G_URI_FLAGS_ENCODED);
constexpr std::size_t kMostText = 4096; // of an error body: enough for a code and a sentence
constexpr std::size_t kMostServer = 80; // of a name
constexpr std::size_t kMostAnswer = 64 << 10;
constexpr std::uint64_t kTransportHeaders = 400; // Host, User-Agent, Connection, a cookie
constexpr std::int64_t kMostSeconds = 366LL * 24 * 3600;

GUriOwn parse_uri(const std::string &text)
{
    return GUriOwn(g_uri_parse(text.c_str(), kUriFlags, nullptr));
}

int port_of(GUri *uri)
{
    const int port = g_uri_get_port(uri);
    if (port > 0)
        return port;
    return g_strcmp0(g_uri_get_scheme(uri), "https") == 0 ? 443 : 80;
}

// GLib gives and takes hosts without escapes, but for the zone of a link-local address it does not
// read what it writes ("[fe80::1%eth0]"). RFC 6874: "%25".
std::string text_of(GUri *uri)
{
    const GCharOwn whole(g_uri_to_string_partial(uri, G_URI_HIDE_FRAGMENT));
    std::string text(whole.get());
    const std::string host = g_uri_get_host(uri);
    const std::size_t zone = host.find('%');
    if (zone == std::string::npos || host.find(':') == std::string::npos)
        return text;
    const GCharOwn escaped(g_uri_escape_string(host.c_str() + zone + 1, nullptr, FALSE));
    return text.replace(text.find(host), host.size(),
                        cat(host.substr(0, zone), "%25", escaped.get()));
}

// Only this machine knows its zones: a server leaves the zone out, or names its own.
bool is_same_link_local(GUri *a, GUri *b)
{
    if (!g_uri_get_host(a) || !g_uri_get_host(b))
        return false;
    const std::string_view host = g_uri_get_host(a), other = g_uri_get_host(b);
    const std::size_t zone = host.find('%');
    return zone != std::string_view::npos && host != other && host.find(':') < zone &&
           host.substr(0, zone) == other.substr(0, other.find('%'));
}

bool same_host(GUri *a, GUri *b)
{
    const char *host_a = g_uri_get_host(a);
    const char *host_b = g_uri_get_host(b);
    return host_a && host_b && g_ascii_strcasecmp(host_a, host_b) == 0;
}

bool is_same_origin(GUri *a, GUri *b)
{
    return same_host(a, b) && port_of(a) == port_of(b) &&
           g_strcmp0(g_uri_get_scheme(a), g_uri_get_scheme(b)) == 0;
}

GUriOwn with_host(GUri *uri, const char *host)
{
    return GUriOwn(g_uri_build(kUriFlags, g_uri_get_scheme(uri), nullptr, host, g_uri_get_port(uri),
                               g_uri_get_path(uri), g_uri_get_query(uri), nullptr));
}

// From http to https, and nothing else.
bool is_secured(GUri *from, GUri *to)
{
    return same_host(from, to) && port_of(from) == 80 && port_of(to) == 443 &&
           g_strcmp0(g_uri_get_scheme(to), "https") == 0;
}

bool has_header(const HttpRequest &request, const std::string &name)
{
    return std::any_of(request.headers.begin(), request.headers.end(), [&](const Header &header) {
        return g_ascii_strcasecmp(header.first.c_str(), name.c_str()) == 0;
    });
}

HttpRequest base_request(const char *method, const std::string &url, const Identity &identity)
{
    HttpRequest request;
    request.method = method;
    request.url = url;
    request.max_answer = kMostAnswer;
    request.with_cookies = true;
    const auto is_home = [&](const std::string &home) { return same_origin(url, home); };
    if (std::any_of(identity.homes.begin(), identity.homes.end(), is_home)) {
        request.headers = identity.extra_headers;
        if (!identity.authorization.empty())
            request.headers.emplace_back("Authorization", identity.authorization);
    }
    for (const HostHeader &one : identity.host_headers) {
        if (may_see(url, one) && !has_header(request, one.header.first))
            request.headers.push_back(one.header);
    }
    return request;
}

HttpRequest tus_request(const char *method, const std::string &url, const Identity &identity)
{
    HttpRequest request = base_request(method, url, identity);
    request.headers.emplace_back("Tus-Resumable", tus::kVersion);
    return request;
}

// The list of partial uploads has to fit into one header: paths suffice on the same host.
std::string path_of(const std::string &url, const std::string &endpoint)
{
    if (!same_origin(url, endpoint))
        return url;
    const std::size_t host = url.find("://") + 3;
    const std::size_t path = url.find('/', host);
    return path == std::string::npos ? url : url.substr(path);
}

// What it says to a reader.
std::string text_of_body(const std::string &body)
{
    if (!looks_like_page(body))
        return body;
    const std::string text = page_text(body);
    return text.empty() ? "a web page" : cat("a web page: ", text);
}

} // namespace

bool same_origin(const std::string &a, const std::string &b)
{
    const GUriOwn left = parse_uri(a);
    const GUriOwn right = parse_uri(b);
    return left && right && is_same_origin(left.get(), right.get());
}

Location resolve_location(const std::string &request_url, const std::string &location)
{
    const GUriOwn base = parse_uri(request_url);
    if (!base || location.empty()) // an empty one would be the request's own URL
        return {};
    GUriOwn uri(g_uri_parse_relative(base.get(), location.c_str(), kUriFlags, nullptr));
    if (!uri)
        return {};
    const std::string scheme = g_uri_get_scheme(uri.get());
    if ((scheme != "http" && scheme != "https") || !g_uri_get_host(uri.get()) ||
        *g_uri_get_host(uri.get()) == '\0')
        return {};
    const bool is_ours = is_same_link_local(base.get(), uri.get());
    if (is_ours)
        uri = with_host(uri.get(), g_uri_get_host(base.get()));
    const bool leaves_tls =
        scheme == "http" && g_strcmp0(g_uri_get_scheme(base.get()), "https") == 0;
    const bool upgrade = leaves_tls && same_host(base.get(), uri.get()) &&
                         (port_of(uri.get()) == 80 || port_of(uri.get()) == port_of(base.get()));
    if (leaves_tls && !upgrade) {
        return {{}, true, redact_url(text_of(uri.get()))};
    }
    if (upgrade) {
        const bool is_default = port_of(uri.get()) == 80;
        const int port = g_uri_get_port(is_default ? base.get() : uri.get());
        uri.reset(g_uri_build(kUriFlags, "https", nullptr, g_uri_get_host(uri.get()), port,
                              g_uri_get_path(uri.get()), g_uri_get_query(uri.get()), nullptr));
    }
    // An address that is complete is kept to the letter: ids may hold characters (+ ; =) that
    // must not be rewritten.
    const bool verbatim = !upgrade && !is_ours && g_uri_peek_scheme(location.c_str()) &&
                          location.find('#') == std::string::npos;
    return {verbatim ? location : text_of(uri.get()),
            !is_same_origin(base.get(), uri.get()) && !is_secured(base.get(), uri.get()),
            {}};
}

std::string encode_metadata(const Metadata &metadata)
{
    std::string out;
    for (const auto &[key, value] : metadata) {
        if (!tus::is_metadata_key(key))
            continue;
        if (!out.empty())
            out += ',';
        out += key;
        if (value.empty())
            continue;
        const GCharOwn text(
            g_base64_encode(reinterpret_cast<const guchar *>(value.data()), value.size()));
        out += cat(' ', text.get());
    }
    return out;
}

HttpRequest make_options(const Options &action, const Identity &identity)
{
    // Core Protocol, OPTIONS: the header should not be there, but there are servers that tell
    // nothing without it (aiohttp-tus, Flask-Tus-Cont, django-tus)
    return tus_request("OPTIONS", action.url, identity);
}

HttpRequest make_create(const Create &action, const Identity &identity, const Metadata &metadata)
{
    HttpRequest request = tus_request("POST", action.url, identity);
    if (!action.final_of.empty()) {
        std::string parts;
        for (const std::string &part : action.final_of)
            parts += cat(parts.empty() ? "" : " ", path_of(part, action.url));
        request.headers.emplace_back("Upload-Concat", cat("final;", parts));
    } else if (action.length) {
        request.headers.emplace_back("Upload-Length", std::to_string(*action.length));
    } else {
        request.headers.emplace_back("Upload-Defer-Length", "1");
    }
    if (action.partial)
        request.headers.emplace_back("Upload-Concat", "partial");
    if (const std::string encoded = encode_metadata(metadata); !encoded.empty())
        request.headers.emplace_back("Upload-Metadata", encoded);
    return request;
}

HttpRequest make_patch(const Patch &action, const Identity &identity, const std::string &checksum)
{
    HttpRequest request =
        tus_request(action.method_override ? "POST" : "PATCH", action.url, identity);
    if (action.method_override)
        request.headers.emplace_back("X-HTTP-Method-Override", "PATCH");
    request.headers.emplace_back("Upload-Offset", std::to_string(action.server_offset));
    if (action.declare_length)
        request.headers.emplace_back("Upload-Length", std::to_string(*action.declare_length));
    if (!checksum.empty())
        request.headers.emplace_back("Upload-Checksum", checksum);
    request.content_type = tus::kPatchContentType;
    request.body_length = action.to - action.from;
    request.open_body = action.open_to > 0;
    request.expect_continue = action.expect_continue;
    return request;
}

std::uint64_t header_size(const HttpRequest &request)
{
    std::uint64_t size = request.method.size() + request.url.size() + kTransportHeaders;
    for (const auto &[name, value] : request.headers)
        size += name.size() + value.size() + 4;
    return size;
}

HttpRequest make_head(const Head &action, const Identity &identity)
{
    return tus_request("HEAD", action.url, identity);
}

HttpRequest make_delete(const std::string &url, const Identity &identity)
{
    return tus_request("DELETE", url, identity);
}

Answer parse_answer(const HttpResponse &response, const std::string &request_url, TimePoint now,
                    std::int64_t wall_now, const Redactor &redact)
{
    Answer answer;
    answer.status = response.status;
    const auto size = [&](std::string_view name) -> std::optional<std::uint64_t> {
        const std::string *text = response.header(name);
        return text ? tus::parse_size(*text) : std::nullopt;
    };
    const auto list = [&](std::string_view name) {
        const std::string *text = response.header(name);
        return text ? tus::parse_list(*text) : std::vector<std::string>();
    };
    answer.upload_offset = size("Upload-Offset");
    answer.upload_length = size("Upload-Length");
    answer.max_size = size("Tus-Max-Size");
    answer.length_deferred = size("Upload-Defer-Length") == std::uint64_t{1};
    answer.extensions = list("Tus-Extension");
    answer.checksums = list("Tus-Checksum-Algorithm");
    answer.versions = list("Tus-Version");
    answer.resumable = response.header("Tus-Resumable") != nullptr;
    answer.speaks_tus = answer.resumable || !answer.extensions.empty() || !answer.versions.empty();
    if (const std::string *location = response.header("Location")) {
        const Location resolved = resolve_location(request_url, *location);
        answer.location = resolved.url;
        answer.location_other_host = resolved.other_host;
        answer.refused_location = resolved.refused;
    }
    const std::int64_t said_at = time_of(response.header("Date"), wall_now);
    if (const std::string *text = response.header("Upload-Expires")) {
        if (const auto date = parse_http_date(*text))
            answer.expires =
                now + seconds(std::clamp(*date - said_at, -kMostSeconds, kMostSeconds));
    }
    if (const std::string *text = response.header("Retry-After"))
        answer.retry_after = parse_retry_after(*text, said_at);
    if (const std::string *text = response.header("Server"))
        answer.server = redact(*text, kMostServer);
    // cut last: half a secret is not found
    answer.text = redact(text_of_body(response.body), kMostText);
    return answer;
}

} // namespace gsttus
