// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading what may be any bytes: every field is looked at before it is used. Writing: two objects.
#include "gcore/api_json.h"

#include "base/page_text.h"
#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <json-glib/json-glib.h>

namespace gsttus {

namespace {

// json-glib recurses: without a bound a few hundred kilobytes of '[' end the process.
constexpr int kDeepest = 64;
constexpr std::size_t kLongestErrorText = 500;
constexpr std::size_t kMostFieldErrors = 10;

using NodeOwn = std::unique_ptr<JsonNode, GDelete<&json_node_unref>>;

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool is_flat_enough(std::string_view text)
{
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kDeepest)
                return false;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return true;
}

// nullptr: not JSON.
NodeOwn parse(std::string_view text)
{
    text = trimmed(text);
    if (text.empty() || (text.front() != '{' && text.front() != '[') || !is_flat_enough(text) ||
        !g_utf8_validate_len(text.data(), text.size(), nullptr))
        return nullptr;
    const auto parser = GRef<JsonParser>::adopt(json_parser_new_immutable());
    if (!json_parser_load_from_data(parser.get(), text.data(), static_cast<gssize>(text.size()),
                                    nullptr))
        return nullptr;
    return NodeOwn(json_parser_steal_root(parser.get()));
}

JsonObject *as_object(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : nullptr;
}

JsonArray *as_array(JsonNode *node)
{
    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : nullptr;
}

JsonNode *member(JsonObject *object, const char *name)
{
    return object ? json_object_get_member(object, name) : nullptr;
}

bool holds(JsonNode *node, GType type)
{
    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

std::string as_text(JsonNode *node)
{
    const char *text = holds(node, G_TYPE_STRING) ? json_node_get_string(node) : nullptr;
    return text ? text : "";
}

// A positive whole number, also written as a text; 0: none. json-glib turns numbers that are too
// big into the biggest, which is no id either.
std::uint64_t as_id(JsonNode *node)
{
    if (holds(node, G_TYPE_INT64)) {
        const gint64 value = json_node_get_int(node);
        return value > 0 && value < G_MAXINT64 ? static_cast<std::uint64_t>(value) : 0;
    }
    const std::string text = as_text(node);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && value < std::uint64_t{G_MAXINT64} ? value : 0;
}

bool as_bool(JsonNode *node, bool otherwise)
{
    return holds(node, G_TYPE_BOOLEAN) ? json_node_get_boolean(node) != FALSE : otherwise;
}

Error unusable(std::string message, std::string_view text, bool retryable)
{
    Error error;
    error.kind = ErrorKind::kProtocol;
    error.message = std::move(message);
    // JSON that should have had a token may have it: only a web page is quoted
    if (trimmed(text).starts_with('<'))
        error.detail = error_text(text);
    error.retryable = retryable;
    return error;
}

Error not_json(std::string_view text)
{
    const std::string_view content = trimmed(text);
    if (content.empty())
        return unusable("the answer is empty", text, true);
    if (content.front() == '{' || content.front() == '[') {
        if (is_flat_enough(content))
            return unusable("the answer is cut off or damaged", text, true);
        return unusable("the answer is no answer of this API", text, false);
    }
    return unusable(content.front() == '<' ? "the answer is a web page" : "the answer is not JSON",
                    text, false);
}

JsonObject *unwrapped(JsonNode *node)
{
    if (JsonArray *array = as_array(node))
        node = json_array_get_length(array) > 0 ? json_array_get_element(array, 0) : nullptr;
    JsonObject *object = as_object(node);
    JsonNode *inner = member(object, "video");
    return as_object(inner) ? as_object(inner) : object;
}

GcoreVideo read_video(JsonObject *object)
{
    GcoreVideo video;
    video.id = as_id(member(object, "id"));
    video.client_id = as_id(member(object, "client_id"));
    video.name = as_text(member(object, "name"));
    video.slug = as_text(member(object, "slug"));
    video.status = as_text(member(object, "status"));
    video.error = as_text(member(object, "error"));
    video.hls_url = as_text(member(object, "hls_url"));
    video.dash_url = as_text(member(object, "dash_url"));
    video.iframe_url = as_text(member(object, "iframe_url"));
    return video;
}

// Writing -----------------------------------------------------------------------------------------

std::string to_text(JsonBuilder *builder)
{
    const auto generator = GRef<JsonGenerator>::adopt(json_generator_new());
    const NodeOwn root(json_builder_get_root(builder));
    json_generator_set_root(generator.get(), root.get());
    const GCharOwn text(json_generator_to_data(generator.get(), nullptr));
    return text.get();
}

void add_text(JsonBuilder *builder, const char *name, const std::string &value)
{
    const GCharOwn valid(g_utf8_make_valid(value.data(), static_cast<gssize>(value.size())));
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, valid.get());
}

void add_option(JsonBuilder *builder, const VideoOption &option)
{
    const char *name = option.name.c_str();
    if (const auto *text = std::get_if<std::string>(&option.value)) {
        add_text(builder, name, *text);
        return;
    }
    json_builder_set_member_name(builder, name);
    if (const auto *number = std::get_if<std::int64_t>(&option.value))
        json_builder_add_int_value(builder, *number);
    else if (const auto *flag = std::get_if<bool>(&option.value))
        json_builder_add_boolean_value(builder, *flag);
    else if (const auto *real = std::get_if<double>(&option.value))
        json_builder_add_double_value(builder, *real);
}

// Each name once (the last of its values), without what has a place of its own.
std::vector<const VideoOption *> options_to_send(const NewVideo &video)
{
    std::vector<const VideoOption *> chosen;
    for (const VideoOption &option : video.options) {
        const auto *real = std::get_if<double>(&option.value);
        if (option.name.empty() || option.name == "name" || (real && !std::isfinite(*real)) ||
            (option.name == "description" && !video.description.empty()) ||
            !g_utf8_validate(option.name.c_str(), -1, nullptr))
            continue;
        std::erase_if(chosen, [&](const VideoOption *other) { return other->name == option.name; });
        chosen.push_back(&option);
    }
    return chosen;
}

// Errors ------------------------------------------------------------------------------------------

void join(std::string &out, std::string_view text, std::string_view between)
{
    if (text.empty() || out.size() > kLongestErrorText)
        return;
    if (!out.empty())
        out += between;
    out += text;
}

// A text, the texts of an array, or the "message" of an object.
std::string texts_of(JsonNode *node)
{
    if (JsonArray *array = as_array(node)) {
        std::string out;
        const guint count = std::min<guint>(json_array_get_length(array), kMostFieldErrors);
        for (guint i = 0; i < count; ++i) {
            JsonNode *element = json_array_get_element(array, i);
            const std::string text = as_text(element);
            join(out, text.empty() ? as_text(member(as_object(element), "message")) : text, ", ");
        }
        return out;
    }
    return as_object(node) ? as_text(member(as_object(node), "message")) : as_text(node);
}

// {"errors": {"name": ["can't be blank"]}} -> "name can't be blank"
std::string field_errors(JsonObject *errors)
{
    std::string out;
    g_autoptr(GList) names = json_object_get_members(errors);
    std::size_t count = 0;
    for (const GList *item = names; item && count < kMostFieldErrors; item = item->next, ++count) {
        const char *name = static_cast<const char *>(item->data);
        const std::string texts = texts_of(json_object_get_member(errors, name));
        join(out, texts.empty() ? std::string(name) : cat(name, " ", texts), "; ");
    }
    return out;
}

std::string page_said(std::string_view page)
{
    const std::string text = page_text(page);
    return text.empty() ? "a web page" : cat("web page \"", text, "\"");
}

std::string error_members(JsonObject *object)
{
    JsonNode *errors = member(object, "errors");
    if (JsonObject *fields = as_object(errors))
        if (std::string text = field_errors(fields); !text.empty())
            return text;
    for (const char *name : {"errors", "error", "message", "detail", "exception_class"})
        if (std::string text = texts_of(member(object, name)); !text.empty())
            return text;
    return {};
}

} // namespace

std::string write_video(const NewVideo &video)
{
    const auto builder = GRef<JsonBuilder>::adopt(json_builder_new());
    json_builder_begin_object(builder.get());
    json_builder_set_member_name(builder.get(), "video");
    json_builder_begin_object(builder.get());
    for (const VideoOption *option : options_to_send(video))
        add_option(builder.get(), *option);
    add_text(builder.get(), "name", video.name);
    if (!video.description.empty())
        add_text(builder.get(), "description", video.description);
    json_builder_end_object(builder.get());
    json_builder_end_object(builder.get());
    return to_text(builder.get());
}

std::string write_name(const std::string &name)
{
    const auto builder = GRef<JsonBuilder>::adopt(json_builder_new());
    json_builder_begin_object(builder.get());
    add_text(builder.get(), "name", name);
    json_builder_end_object(builder.get());
    return to_text(builder.get());
}

Result<GcoreVideo> parse_video(std::string_view text)
{
    const NodeOwn root = parse(text);
    if (!root)
        return not_json(text);
    const GcoreVideo video = read_video(unwrapped(root.get()));
    if (video.id == 0)
        return unusable("the answer does not have the video's id", text, false);
    return video;
}

bool is_json(std::string_view text)
{
    return parse(text) != nullptr;
}

Result<std::vector<ListedVideo>> parse_videos(std::string_view text)
{
    const NodeOwn root = parse(text);
    if (!root)
        return not_json(text);
    JsonArray *array = as_array(root.get());
    if (!array)
        return unusable("the answer is no list of videos", text, false);
    std::vector<ListedVideo> videos;
    for (guint i = 0; i < json_array_get_length(array); ++i) {
        JsonObject *object = as_object(json_array_get_element(array, i));
        ListedVideo listed{.video = read_video(object)};
        if (listed.video.id == 0)
            continue;
        g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
        g_autoptr(GDateTime) created =
            g_date_time_new_from_iso8601(as_text(member(object, "created_at")).c_str(), utc);
        listed.created_s = created ? g_date_time_to_unix(created) : 0;
        listed.client_user_id = static_cast<std::int64_t>(as_id(member(object, "client_user_id")));
        videos.push_back(std::move(listed));
    }
    return videos;
}

Result<UploadParameters> parse_upload_parameters(std::string_view text)
{
    const NodeOwn root = parse(text);
    if (!root)
        return not_json(text);
    JsonObject *object = as_object(root.get());
    UploadParameters parameters;
    parameters.token = as_text(member(object, "token"));
    if (parameters.token.empty())
        return unusable("the answer has no token", text, false);
    if (JsonObject *video = as_object(member(object, "video")))
        parameters.video = read_video(video);
    JsonArray *servers = as_array(member(object, "servers"));
    const guint count = servers ? json_array_get_length(servers) : 0;
    for (guint i = 0; i < count; ++i) {
        JsonObject *listed = as_object(json_array_get_element(servers, i));
        if (!listed)
            continue;
        UploadServer server;
        server.hostname = as_text(member(listed, "hostname"));
        server.role = as_text(member(listed, "role"));
        server.active = as_bool(member(listed, "active"), true);
        server.ssl = as_bool(member(listed, "ssl"), true);
        parameters.servers.push_back(std::move(server));
    }
    if (parameters.servers.empty())
        return unusable("the answer names no upload server", {}, true);
    return parameters;
}

std::string error_text(std::string_view body)
{
    const std::string_view content = trimmed(body);
    std::string text;
    if (const NodeOwn root = parse(content)) {
        text = as_array(root.get()) ? texts_of(root.get()) : error_members(as_object(root.get()));
    } else if (content.starts_with('<')) {
        text = page_said(content);
    }
    if (text.empty())
        text = content; // whoever shows it looks for secrets first, then cuts
    const GCharOwn valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
    return valid.get();
}

} // namespace gsttus
