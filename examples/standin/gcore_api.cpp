// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gcore_api.h"

#include "base/text.h"
#include "tus/protocol.h"

#include <algorithm>
#include <array>

namespace gsttus::standin {

namespace {

constexpr std::uint64_t kClientId = 100;
constexpr std::string_view kVideos = "/streaming/videos";
constexpr guint kLargestBatch = 500;

using BuilderOwn = GRef<JsonBuilder>;

constexpr std::array<const char *, 6> kIntegerFields = {
    "priority",     "quality_set_id",     "client_user_id",
    "directory_id", "clip_start_seconds", "clip_duration_seconds"};

std::string to_text(JsonBuilder *json)
{
    const auto generator = GRef<JsonGenerator>::adopt(json_generator_new());
    JsonNode *root = json_builder_get_root(json);
    json_generator_set_root(generator.get(), root);
    const GCharOwn text(json_generator_to_data(generator.get(), nullptr));
    json_node_unref(root);
    return text.get();
}

Reply json_reply(int status, std::string text)
{
    return Reply{.status = status, .body = std::move(text), .content_type = "application/json"};
}

void add(JsonBuilder *json, const char *name, std::string_view value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, std::string(value).c_str());
}

void add(JsonBuilder *json, const char *name, std::uint64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, static_cast<gint64>(value));
}

void add_flag(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

// Numbers that are not known yet, and texts that are not there, are null.
void add_or_null(JsonBuilder *json, const char *name, std::uint64_t value)
{
    json_builder_set_member_name(json, name);
    if (value)
        json_builder_add_int_value(json, static_cast<gint64>(value));
    else
        json_builder_add_null_value(json);
}

void add_or_null(JsonBuilder *json, const char *name, const std::string &value)
{
    json_builder_set_member_name(json, name);
    if (value.empty())
        json_builder_add_null_value(json);
    else
        json_builder_add_string_value(json, value.c_str());
}

// {"errors": {"name": ["can't be blank"]}}
Reply field_error(const char *field, const char *text)
{
    const auto json = BuilderOwn::adopt(json_builder_new());
    json_builder_begin_object(json.get());
    json_builder_set_member_name(json.get(), "errors");
    json_builder_begin_object(json.get());
    json_builder_set_member_name(json.get(), field);
    json_builder_begin_array(json.get());
    json_builder_add_string_value(json.get(), text);
    json_builder_end_array(json.get());
    json_builder_end_object(json.get());
    json_builder_end_object(json.get());
    return json_reply(422, to_text(json.get()));
}

std::shared_ptr<JsonObject> own(JsonObject *object)
{
    return {json_object_ref(object), [](JsonObject *o) { json_object_unref(o); }};
}

// The fields of a video, wrapped as {"video": {...}} or flat; nothing: no JSON object.
std::shared_ptr<JsonObject> parse_fields(std::string_view body)
{
    const auto parser = GRef<JsonParser>::adopt(json_parser_new());
    if (!g_utf8_validate_len(body.data(), body.size(), nullptr) ||
        !json_parser_load_from_data(parser.get(), body.data(), static_cast<gssize>(body.size()),
                                    nullptr))
        return nullptr;
    JsonNode *root = json_parser_get_root(parser.get());
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return nullptr;
    JsonObject *object = json_node_get_object(root);
    JsonNode *wrapped = json_object_get_member(object, "video");
    if (wrapped && JSON_NODE_HOLDS_OBJECT(wrapped))
        object = json_node_get_object(wrapped);
    return own(object);
}

std::string text_member(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    const char *text =
        node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
            ? json_node_get_string(node)
            : nullptr;
    return text ? text : "";
}

bool is_blank(const std::string &text)
{
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

std::optional<Reply> check_fields(JsonObject *fields)
{
    for (const char *name : kIntegerFields) {
        JsonNode *node = json_object_get_member(fields, name);
        if (node && !JSON_NODE_HOLDS_NULL(node) &&
            (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64))
            return field_error(name, "is not a number");
    }
    JsonNode *priority = json_object_get_member(fields, "priority");
    if (priority && JSON_NODE_HOLDS_VALUE(priority) && std::abs(json_node_get_int(priority)) > 10)
        return field_error("priority", "must be from -10 to 10");
    return std::nullopt;
}

std::string make_slug()
{
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    std::string slug;
    for (int i = 0; i < 16; ++i)
        slug.push_back(kLetters[static_cast<std::size_t>(
            g_random_int_range(0, static_cast<gint32>(kLetters.size())))]);
    return slug;
}

// 0: none was set.
std::int64_t user_of(JsonObject *fields)
{
    JsonNode *node = json_object_get_member(fields, "client_user_id");
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_int(node) : 0;
}

// What a list with ?fields=id,name leaves of its videos.
void keep_fields(JsonNode *videos, const std::vector<std::string> &wanted)
{
    JsonArray *array = json_node_get_array(videos);
    for (guint i = 0; i < json_array_get_length(array); ++i) {
        JsonObject *video = json_array_get_object_element(array, i);
        GList *names = json_object_get_members(video); // the texts go with their members
        std::vector<std::string> unwanted;
        for (const GList *item = names; item; item = item->next)
            if (std::find(wanted.begin(), wanted.end(), static_cast<const char *>(item->data)) ==
                wanted.end())
                unwanted.emplace_back(static_cast<const char *>(item->data));
        g_list_free(names);
        for (const std::string &name : unwanted)
            json_object_remove_member(video, name.c_str());
    }
}

std::map<std::string, std::string> parse_query(const std::string &query)
{
    std::map<std::string, std::string> values;
    GHashTable *table = g_uri_parse_params(query.c_str(), -1, "&", G_URI_PARAMS_NONE, nullptr);
    if (!table)
        return values;
    GHashTableIter iter;
    gpointer key = nullptr;
    gpointer value = nullptr;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &key, &value))
        values[static_cast<char *>(key)] = static_cast<char *>(value);
    g_hash_table_unref(table);
    return values;
}

// The filters of a list: status, id (several with commas between), client_user_id, and search,
// which is an id, a slug, or a part of a name.
bool is_wanted(const Video &video, std::map<std::string, std::string> &query)
{
    const auto is = [&](const char *name, const std::string &value) {
        return query[name].empty() || query[name] == value;
    };
    const std::string id = std::to_string(video.id);
    const std::vector<std::string> ids = tus::parse_list(query["id"]);
    const std::string &text = query["search"];
    return is("status", video.status) &&
           is("client_user_id", std::to_string(user_of(video.fields.get()))) &&
           (ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end()) &&
           (text == id || text == video.slug || video.name.find(text) != std::string::npos);
}

// A list of videos, of which only these fields are asked for (id,name; empty: all).
Reply list_reply(JsonBuilder *videos, std::string_view fields)
{
    const std::vector<std::string> wanted = tus::parse_list(fields);
    if (wanted.empty())
        return json_reply(200, to_text(videos));
    JsonNode *root = json_builder_get_root(videos);
    keep_fields(root, wanted);
    const GCharOwn text(json_to_string(root, FALSE));
    json_node_unref(root);
    return json_reply(200, text.get());
}

// Whether this is one of Gcore's SDKs, for Python or Go, which read an array only.
bool is_sdk(const Request &request)
{
    return request.header("x-stainless-lang") != nullptr;
}

} // namespace

Reply api_error(int status, std::string_view text)
{
    const auto json = BuilderOwn::adopt(json_builder_new());
    json_builder_begin_object(json.get());
    add(json.get(), "status", static_cast<std::uint64_t>(status));
    add(json.get(), "error", text);
    json_builder_end_object(json.get());
    return json_reply(status, to_text(json.get()));
}

GcoreApi::GcoreApi(ApiRules rules, std::function<void(const Video &)> changed,
                   std::function<void(std::uint64_t)> removed)
    : rules_(std::move(rules)), changed_(std::move(changed)), removed_(std::move(removed))
{
}

Video *GcoreApi::find(std::uint64_t id)
{
    const auto found = videos_.find(id);
    return found == videos_.end() ? nullptr : &found->second;
}

std::uint64_t GcoreApi::video_of_link(std::string_view path) const
{
    const std::string start = cat("/videos/", kClientId, "_");
    if (!path.starts_with(start))
        return 0;
    path.remove_prefix(start.size());
    const std::string_view slug = path.substr(0, path.find('/'));
    for (const auto &[id, video] : videos_)
        if (video.slug == slug)
            return id;
    return 0;
}

// "Authorization: APIKey 1234$0d16599c"; the scheme in any case.
std::optional<Reply> GcoreApi::check_key(const Request &request) const
{
    const std::string *header = request.header("authorization");
    if (!header || header->empty())
        return api_error(401, "Authentication credentials were not provided.");
    const std::size_t space = header->find(' ');
    const std::string scheme = header->substr(0, space);
    std::string key = space == std::string::npos ? "" : header->substr(space + 1);
    key.erase(0, key.find_first_not_of(' '));
    if (g_ascii_strcasecmp(scheme.c_str(), "Bearer") == 0)
        return api_error(401, "Given token not valid for any token type");
    if (g_ascii_strcasecmp(scheme.c_str(), "APIKey") != 0 || key.empty())
        return api_error(401, "Authentication credentials were not provided.");
    if (rules_.api_key.empty() || key == rules_.api_key)
        return std::nullopt;
    // Gcore names the number of the key, which is what stands before '$' or '_'
    std::string number =
        key.substr(0, std::min<std::size_t>(key.find_first_not_of("0123456789"), 8));
    return api_error(401, cat("Bad permanent token: ", number.empty() ? "0" : number));
}

Reply GcoreApi::handle(const Request &request, std::string_view body)
{
    if (auto refused = check_key(request))
        return std::move(*refused);
    std::string_view path = request.path;
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    if (!path.starts_with(kVideos))
        return api_error(404, "Not Found");
    path.remove_prefix(kVideos.size());
    if (path.empty()) {
        if (request.method == "POST")
            return create(request, body);
        return request.method == "GET" ? list(request) : api_error(405, "Method Not Allowed");
    }
    if (path == "/names" && request.method == "GET")
        return names(request);
    if (path == "/batch" && request.method == "POST")
        return create_batch(request, body);
    const bool parameters = path.ends_with("/upload");
    if (parameters)
        path.remove_suffix(std::string_view("/upload").size());
    const auto id = path.starts_with('/') ? tus::parse_size(path.substr(1)) : std::nullopt;
    Video *video = id ? find(*id) : nullptr;
    if (!video)
        return api_error(404, "Not Found");
    if (request.method == "GET")
        return parameters ? upload_parameters(request, *video)
                          : video_reply(request, *video, false);
    if (request.method == "PATCH" && !parameters)
        return change(request, *video, body);
    if (request.method == "DELETE" && !parameters) {
        videos_.erase(*id);
        removed_(*id);
        return Reply{.status = 204};
    }
    return api_error(405, "Method Not Allowed");
}

std::optional<Reply> GcoreApi::make(std::shared_ptr<JsonObject> fields, Video *&made)
{
    const std::string name = text_member(fields.get(), "name");
    if (is_blank(name))
        return field_error("name", "can't be blank");
    if (auto refused = check_fields(fields.get()))
        return std::move(*refused);
    Video video;
    video.id = next_id_++;
    video.name = name;
    video.slug = make_slug();
    video.created_us = g_get_real_time();
    video.fields = std::move(fields);
    made = &videos_[video.id];
    *made = std::move(video);
    changed_(*made);
    return std::nullopt;
}

// Gcore's page about uploads shows the video itself as the answer, its reference an array of one.
Reply GcoreApi::create(const Request &request, std::string_view body)
{
    auto fields = parse_fields(body);
    if (!fields)
        return api_error(400, "Bad Request: the body is no JSON object");
    Video *made = nullptr;
    if (auto refused = make(std::move(fields), made))
        return std::move(*refused);
    return video_reply(request, *made, rules_.answer_array || is_sdk(request));
}

// {"videos": [...]}; those before a wrong one are made.
Reply GcoreApi::create_batch(const Request &request, std::string_view body)
{
    const auto fields = parse_fields(body);
    JsonNode *list = fields ? json_object_get_member(fields.get(), "videos") : nullptr;
    if (!list || !JSON_NODE_HOLDS_ARRAY(list))
        return api_error(400, "Bad Request: videos is no array");
    JsonArray *videos = json_node_get_array(list);
    if (json_array_get_length(videos) > kLargestBatch)
        return api_error(400, "Bad Request: too many videos");
    const auto json = BuilderOwn::adopt(json_builder_new());
    json_builder_begin_array(json.get());
    for (guint i = 0; i < json_array_get_length(videos); ++i) {
        JsonNode *one = json_array_get_element(videos, i);
        if (!JSON_NODE_HOLDS_OBJECT(one))
            return api_error(400, "Bad Request: a video is no object");
        Video *made = nullptr;
        if (auto refused = make(own(json_node_get_object(one)), made))
            return std::move(*refused);
        add_video(json.get(), request, *made);
    }
    json_builder_end_array(json.get());
    return list_reply(json.get(), parse_query(request.query)["fields"]);
}

// ?ids=7,17: their ids and names.
Reply GcoreApi::names(const Request &request) const
{
    const std::vector<std::string> ids = tus::parse_list(parse_query(request.query)["ids"]);
    const auto json = BuilderOwn::adopt(json_builder_new());
    json_builder_begin_array(json.get());
    for (const std::string &id : ids) {
        const auto found = videos_.find(tus::parse_size(id).value_or(0));
        if (found == videos_.end())
            continue;
        json_builder_begin_object(json.get());
        add(json.get(), "id", found->first);
        add(json.get(), "name", found->second.name);
        json_builder_end_object(json.get());
    }
    json_builder_end_array(json.get());
    return json_reply(200, to_text(json.get()));
}

Reply GcoreApi::change(const Request &request, Video &video, std::string_view body)
{
    const auto fields = parse_fields(body);
    if (!fields)
        return api_error(400, "Bad Request: the body is no JSON object");
    if (json_object_has_member(fields.get(), "name") && is_blank(text_member(fields.get(), "name")))
        return field_error("name", "can't be blank");
    if (auto refused = check_fields(fields.get()))
        return std::move(*refused);
    json_object_foreach_member(
        fields.get(),
        [](JsonObject *, const char *name, JsonNode *node, gpointer target) {
            json_object_set_member(static_cast<JsonObject *>(target), name, json_node_copy(node));
        },
        video.fields.get());
    video.name = text_member(video.fields.get(), "name");
    changed_(video);
    return video_reply(request, video, false);
}

Reply GcoreApi::list(const Request &request) const
{
    auto query = parse_query(request.query);
    const std::uint64_t page =
        std::max<std::uint64_t>(tus::parse_size(query["page"]).value_or(1), 1);
    const std::uint64_t per_page =
        std::clamp<std::uint64_t>(tus::parse_size(query["per_page"]).value_or(25), 1, 1000);
    const std::uint64_t first = (std::min<std::uint64_t>(page, 1 << 20) - 1) * per_page;
    const auto json = BuilderOwn::adopt(json_builder_new());
    json_builder_begin_array(json.get());
    std::uint64_t at = 0;
    for (auto video = videos_.rbegin(); video != videos_.rend(); ++video) {
        if (!is_wanted(video->second, query))
            continue;
        if (at >= first && at < first + per_page)
            add_video(json.get(), request, video->second);
        ++at;
    }
    json_builder_end_array(json.get());
    return list_reply(json.get(), query["fields"]);
}

Reply GcoreApi::upload_parameters(const Request &request, const Video &video) const
{
    const auto json = BuilderOwn::adopt(json_builder_new());
    json_builder_begin_object(json.get());
    json_builder_set_member_name(json.get(), "servers");
    json_builder_begin_array(json.get());
    std::vector<UploadServer> servers = rules_.other_servers;
    if (rules_.announce_self)
        servers.push_back({.hostname = request.host, .ssl = request.https});
    std::uint64_t id = 560;
    for (const UploadServer &server : servers) {
        json_builder_begin_object(json.get());
        add(json.get(), "id", ++id);
        add(json.get(), "role", server.role);
        add(json.get(), "hostname", server.hostname);
        add_flag(json.get(), "active", server.active);
        add_flag(json.get(), "ssl", server.ssl);
        json_builder_end_object(json.get());
    }
    json_builder_end_array(json.get());
    add(json.get(), "token", signer_.issue({video.id, kClientId}, rules_.token_lifetime));
    json_builder_set_member_name(json.get(), "video");
    add_video(json.get(), request, video);
    json_builder_end_object(json.get());
    return json_reply(200, to_text(json.get()));
}

void GcoreApi::add_video(JsonBuilder *json, const Request &request, const Video &video) const
{
    const bool playable = video.playable();
    const Streams *streams = playable ? video.media.streams.get() : nullptr;
    const std::string base = cat(request.origin(), "/videos/", kClientId, "_", video.slug);
    json_builder_begin_object(json);
    // what the client has set comes first: it can not replace what the server says
    add_or_null(json, "description", "");
    g_autoptr(GList) names = json_object_get_members(video.fields.get());
    for (const GList *item = names; item; item = item->next) {
        const char *name = static_cast<const char *>(item->data);
        json_builder_set_member_name(json, name);
        json_builder_add_value(json,
                               json_node_copy(json_object_get_member(video.fields.get(), name)));
    }
    add(json, "id", video.id);
    add(json, "client_id", kClientId);
    add(json, "slug", video.slug);
    add(json, "status", video.status);
    add_or_null(json, "error", video.error);
    add_or_null(json, "duration", video.media.duration_ms);
    add_or_null(json, "origin_size", video.size);
    add_or_null(json, "origin_filename", video.origin_filename);
    add_or_null(json, "origin_video_duration", video.media.duration_ms);
    add_or_null(json, "origin_width", video.media.width);
    add_or_null(json, "origin_height", video.media.height);
    add_or_null(json, "origin_audio_channels", video.media.audio_channels);
    add_or_null(json, "hls_url", streams ? base + "/master.m3u8" : "");
    add_or_null(json, "dash_url", streams && streams->dash() ? base + "/dash.mpd" : "");
    add_or_null(json, "iframe_url", cat(request.origin(), "/videos/", kClientId, "_", video.slug));
    g_autoptr(GDateTime) created = g_date_time_new_from_unix_utc(video.created_us / G_USEC_PER_SEC);
    const GCharOwn time(g_date_time_format(created, "%Y-%m-%dT%H:%M:%S.000Z"));
    add(json, "created_at", time.get());
    add(json, "views", std::uint64_t{0});
    json_builder_set_member_name(json, "converted_videos");
    json_builder_begin_array(json);
    if (playable) {
        json_builder_begin_object(json);
        add(json, "id", video.id + 1000000);
        add(json, "name", cat("vod", video.id, "_", video.media.height));
        add(json, "width", video.media.width);
        add(json, "height", video.media.height);
        add(json, "size", video.size);
        add(json, "progress", std::uint64_t{100});
        add(json, "status", "complete");
        add_or_null(json, "error", "");
        add(json, "mp4_url", cat(base, "/", video.media.height, ".mp4"));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

Reply GcoreApi::video_reply(const Request &request, const Video &video, bool in_array) const
{
    const auto json = BuilderOwn::adopt(json_builder_new());
    if (in_array)
        json_builder_begin_array(json.get());
    add_video(json.get(), request, video);
    if (in_array)
        json_builder_end_array(json.get());
    return json_reply(200, to_text(json.get()));
}

// As documented, every refusal is a 500, and the text says why.
std::optional<Reply> GcoreApi::check_upload(const UploadInfo &info) const
{
    const auto refuse = [](const std::string &text) {
        return Reply{.status = 500, .body = text + "\n"};
    };
    const std::string token = metadata_value(info, "token");
    if (token.empty())
        return refuse("Error: token invalid (null)");
    const auto claims = signer_.check(token);
    if (!claims || !videos_.contains(claims->video_id))
        return refuse(cat("Error: token invalid (", token, ")"));
    const std::string video = metadata_value(info, "video_id");
    if (video != std::to_string(claims->video_id))
        return refuse(cat("Error: token video (", claims->video_id, ") does not match this video (",
                          video, ")"));
    const std::string client = metadata_value(info, "client_id");
    if (client != std::to_string(claims->client_id))
        return refuse(cat("Error: token client (", claims->client_id,
                          ") does not match this client (", client, ")"));
    return std::nullopt;
}

} // namespace gsttus::standin
