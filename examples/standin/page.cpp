// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the Page that listens, lets in, serves the files and switches faults.

#include "page.h"

#include "base/text.h"

#include <array>

#include <json-glib/json-glib.h>

// Made by glib-compile-resources out of page/, which is C.
extern "C" GResource *standin_page_get_resource();

namespace gsttus::standin {

namespace {

constexpr std::string_view kPrefix = "/gst-tus/standin/";
constexpr goffset kLargestOrder = 4096;

constexpr const char *kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors ";

struct StaticFile {
    std::string_view path;
    std::string_view name;
    std::string_view type;
};

constexpr std::array<StaticFile, 8> kFiles = {{
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/player", "player.html", "text/html; charset=utf-8"},
    {"/page.css", "page.css", "text/css; charset=utf-8"},
    {"/page.js", "page.js", "text/javascript; charset=utf-8"},
    {"/watch.js", "watch.js", "text/javascript; charset=utf-8"},
    {"/player.js", "player.js", "text/javascript; charset=utf-8"},
    {"/media.js", "media.js", "text/javascript; charset=utf-8"},
    {"/alone.js", "alone.js", "text/javascript; charset=utf-8"},
}};

const char *header(SoupServerMessage *message, const char *name)
{
    const char *value =
        soup_message_headers_get_one(soup_server_message_get_request_headers(message), name);
    return value ? value : "";
}

void set_header(SoupServerMessage *message, const char *name, const std::string &value)
{
    soup_message_headers_replace(soup_server_message_get_response_headers(message), name,
                                 value.c_str());
}

void answer(SoupServerMessage *message, guint status, const std::string &text,
            const std::string &type = "text/plain; charset=utf-8")
{
    soup_server_message_set_status(message, status, nullptr);
    soup_server_message_set_response(message, type.c_str(), SOUP_MEMORY_COPY, text.data(),
                                     text.size());
}

// A name could have been made to lead here by another site (DNS rebinding); an address cannot.
bool is_own_host(const std::string &host)
{
    if (host.starts_with('['))
        return true;
    const std::string name = host.substr(0, host.find(':'));
    return name == "localhost" || g_hostname_is_ip_address(name.c_str());
}

// Whether the page itself has sent this, and nobody has made a browser send it.
bool is_same_origin(SoupServerMessage *message)
{
    const std::string origin = header(message, "Origin");
    const std::string site = header(message, "Sec-Fetch-Site");
    return origin == cat("http://", header(message, "Host")) &&
           (site.empty() || site == "same-origin");
}

std::string random_token()
{
    std::array<char, 33> text{};
    for (std::size_t i = 0; i + 1 < text.size(); i += 8)
        g_snprintf(&text[i], 9, "%08x", g_random_int());
    return text.data();
}

struct Order {
    std::string name;
    bool on = false;
};

// {"name": "slow", "on": true}
std::optional<Order> read_order(std::string_view body)
{
    const auto parser = GRef<JsonParser>::adopt(json_parser_new());
    if (!g_utf8_validate_len(body.data(), body.size(), nullptr) ||
        !json_parser_load_from_data(parser.get(), body.data(), static_cast<gssize>(body.size()),
                                    nullptr))
        return std::nullopt;
    JsonNode *root = json_parser_get_root(parser.get());
    JsonObject *object =
        root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : nullptr;
    JsonNode *name = object ? json_object_get_member(object, "name") : nullptr;
    JsonNode *on = object ? json_object_get_member(object, "on") : nullptr;
    if (!name || !on || !JSON_NODE_HOLDS_VALUE(name) || !JSON_NODE_HOLDS_VALUE(on) ||
        json_node_get_value_type(name) != G_TYPE_STRING ||
        json_node_get_value_type(on) != G_TYPE_BOOLEAN)
        return std::nullopt;
    return Order{json_node_get_string(name), json_node_get_boolean(on) != FALSE};
}

} // namespace

Page::Page(EventLoop &loop, Recorder &recorder, const RequestLog &log, PageHooks hooks)
    : loop_(loop), recorder_(recorder), log_(log), hooks_(std::move(hooks)), token_(random_token())
{
}

Page::~Page()
{
    loop_.cancel(timer_);
    if (soup_)
        soup_server_disconnect(soup_.get());
}

Result<void> Page::listen(const std::string &text)
{
    auto address = parse_listen_address(text);
    if (!address)
        return address.error();
    soup_ = GRef<SoupServer>::adopt(soup_server_new("server-header", "gcore-standin", nullptr));
    soup_server_add_early_handler(
        soup_.get(), nullptr,
        [](SoupServer *, SoupServerMessage *message, const char *, GHashTable *, gpointer self) {
            static_cast<Page *>(self)->may_enter(message);
        },
        this, nullptr);
    soup_server_add_handler(
        soup_.get(), nullptr,
        [](SoupServer *, SoupServerMessage *message, const char *path, GHashTable *,
           gpointer self) { static_cast<Page *>(self)->on_request(message, path); },
        this, nullptr);
    GError *error = nullptr;
    if (!soup_server_listen(soup_.get(), address->get(), static_cast<SoupServerListenOptions>(0),
                            &error)) {
        const GErrorOwn owned(error);
        return Error{.kind = ErrorKind::kNetwork,
                     .message = cat("the page can not listen on ", text, ": ", owned->message)};
    }
    GSList *listeners = soup_server_get_listeners(soup_.get());
    const auto bound = GRef<GSocketAddress>::adopt(
        g_socket_get_local_address(static_cast<GSocket *>(listeners->data), nullptr));
    g_slist_free(listeners);
    url_ = cat("http://", authority_of(bound.get()), "/");
    return {};
}

std::string Page::player_url(std::uint64_t video_id) const
{
    return cat(url_, "player?recording=v", video_id);
}

std::string Page::media_url(std::uint64_t video_id) const
{
    return cat(url_, "media/v", video_id);
}

// Before the body is read. What is answered here goes no further.
bool Page::may_enter(SoupServerMessage *message) const
{
    set_header(message, "X-Content-Type-Options", "nosniff");
    set_header(message, "Referrer-Policy", "no-referrer");
    set_header(message, "Cross-Origin-Resource-Policy", "same-origin");
    set_header(message, "Cache-Control", "no-store");
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const std::string method = soup_server_message_get_method(message);
    const std::string path = g_uri_get_path(soup_server_message_get_uri(message));
    const auto refuse = [&](guint status, const char *why) {
        soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
        answer(message, status, why);
        return false;
    };
    if (!is_own_host(header(message, "Host")))
        return refuse(403, "This page is for this machine only.\n");
    if (method == "GET" || method == "HEAD")
        return path != "/faults" || refuse(405, "POST is needed.\n");
    if (method != "POST" || path != "/faults")
        return refuse(405, "GET and HEAD only.\n");
    if (!is_same_origin(message) || token_ != header(message, "X-Standin-Token"))
        return refuse(403, "Faults are switched from the page itself only.\n");
    if (soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CONTENT_LENGTH ||
        soup_message_headers_get_content_length(headers) > kLargestOrder)
        return refuse(413, "That is too much.\n");
    return true;
}

void Page::on_request(SoupServerMessage *message, const char *decoded)
{
    const std::string path = decoded;
    constexpr std::string_view kMedia = "/media/";
    g_signal_connect(message, "finished", G_CALLBACK(+[](SoupServerMessage *from, gpointer self) {
                         static_cast<Page *>(self)->on_finished(from);
                     }),
                     this);
    if (path == "/faults")
        switch_fault(message);
    else if (path == "/events")
        watch(message);
    else if (path.starts_with(kMedia))
        show_media(message, path.substr(kMedia.size()));
    else
        show_file(message, path);
}

void Page::on_finished(SoupServerMessage *message)
{
    watchers_.erase(message);
    readers_.erase(message);
}

void Page::show_file(SoupServerMessage *message, const std::string &path)
{
    for (const StaticFile &file : kFiles) {
        if (file.path != path)
            continue;
        const GBytesOwn bytes(g_resource_lookup_data(standin_page_get_resource(),
                                                     cat(kPrefix, file.name).c_str(),
                                                     G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr));
        gsize size = 0;
        const auto *data = static_cast<const char *>(g_bytes_get_data(bytes.get(), &size));
        std::string text(data, size);
        constexpr std::string_view kToken = "@TOKEN@";
        if (const std::size_t at = text.find(kToken); at != std::string::npos)
            text.replace(at, kToken.size(), token_);
        // a video's player is made to be shown within other pages; what switches faults is not
        set_header(message, "Content-Security-Policy",
                   cat(kPolicy, path == "/player" ? "*" : "'none'"));
        answer(message, 200, text, std::string(file.type));
        return;
    }
    answer(message, 404, "Not Found\n");
}

void Page::switch_fault(SoupServerMessage *message)
{
    const GBytesOwn body(soup_message_body_flatten(soup_server_message_get_request_body(message)));
    gsize size = 0;
    const auto *data = static_cast<const char *>(g_bytes_get_data(body.get(), &size));
    const auto order = read_order({data, size});
    if (!order) {
        answer(message, 400, "{\"name\": …, \"on\": true or false} is needed.\n");
        return;
    }
    if (auto done = hooks_.switch_fault(order->name, order->on); !done)
        answer(message, 409, cat(done.error().message, "\n"));
    else
        soup_server_message_set_status(message, 204, nullptr);
    tell_all();
}

} // namespace gsttus::standin
