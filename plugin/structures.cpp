// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Fields of a GstStructure to pairs of texts or values, checked one by one.
#include "structures.h"

#include "base/text.h"
#include "glib/ptr.h"
#include "tus/protocol.h"

#include <functional>
#include <limits>
#include <optional>

namespace gsttus {

namespace {

Error bad_field(const char *property, const char *field, std::string_view why)
{
    return {.kind = ErrorKind::kSettings,
            .message = cat("Field \"", field, "\" of property ", property, " ", why, ".")};
}

std::optional<std::string> text_of(const GValue *value)
{
    if (G_VALUE_HOLDS_STRING(value)) {
        const char *text = g_value_get_string(value);
        return text ? std::optional<std::string>(text) : std::nullopt;
    }
    if (G_VALUE_HOLDS_BOOLEAN(value))
        return g_value_get_boolean(value) ? "true" : "false";
    if (G_VALUE_HOLDS_DOUBLE(value) || G_VALUE_HOLDS_FLOAT(value)) {
        const double number = G_VALUE_HOLDS_DOUBLE(value) ? g_value_get_double(value)
                                                          : double{g_value_get_float(value)};
        char buffer[G_ASCII_DTOSTR_BUF_SIZE]; // the C locale, whatever the user's is
        return g_ascii_dtostr(buffer, sizeof buffer, number);
    }
    if (const GCharOwn text{gst_value_serialize(value)})
        return text.get();
    return std::nullopt;
}

using FieldFunction = std::function<Result<void>(const char *name, const GValue *value)>;

Result<void> for_each_field(const StructureRef &structure, const FieldFunction &function)
{
    if (!structure)
        return {};
    const int count = gst_structure_n_fields(structure.get());
    for (int i = 0; i < count; ++i) {
        const char *name = gst_structure_nth_field_name(structure.get(), static_cast<unsigned>(i));
        auto result = function(name, gst_structure_get_value(structure.get(), name));
        if (!result)
            return result;
    }
    return {};
}

Result<void> add_header(const char *property, const char *name, const GValue *value, Headers &out)
{
    const auto text = text_of(value);
    if (!text)
        return bad_field(property, name, "has a type that can not become text");
    if (!tus::is_header_value(*text))
        return bad_field(property, name, "has a value with control characters");
    out.emplace_back(name, *text);
    return {};
}

Result<void> add_headers(const char *property, const char *name, const GValue *value, Headers &out)
{
    if (!tus::is_header_name(name))
        return bad_field(property, name, "is not a valid HTTP header name");
    if (tus::is_reserved_header(name)) {
        return bad_field(property, name,
                         "is a header that the tus protocol itself uses; it can not be set");
    }
    const bool is_array = GST_VALUE_HOLDS_ARRAY(value);
    if (!is_array && !GST_VALUE_HOLDS_LIST(value))
        return add_header(property, name, value, out);
    const unsigned size =
        is_array ? gst_value_array_get_size(value) : gst_value_list_get_size(value);
    for (unsigned i = 0; i < size; ++i) {
        const GValue *item =
            is_array ? gst_value_array_get_value(value, i) : gst_value_list_get_value(value, i);
        auto added = add_header(property, name, item, out);
        if (!added)
            return added;
    }
    return {};
}

std::optional<std::variant<std::string, std::int64_t, bool, double>> typed(const GValue *value)
{
    if (G_VALUE_HOLDS_STRING(value) && g_value_get_string(value))
        return std::string(g_value_get_string(value));
    if (G_VALUE_HOLDS_BOOLEAN(value))
        return g_value_get_boolean(value) != FALSE;
    if (G_VALUE_HOLDS_DOUBLE(value))
        return g_value_get_double(value);
    if (G_VALUE_HOLDS_FLOAT(value))
        return double{g_value_get_float(value)};
    if (G_VALUE_HOLDS_UINT64(value)) {
        const std::uint64_t number = g_value_get_uint64(value);
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (G_VALUE_HOLDS_INT(value) || G_VALUE_HOLDS_UINT(value) || G_VALUE_HOLDS_INT64(value) ||
        G_VALUE_HOLDS_LONG(value)) {
        GValue wide = G_VALUE_INIT;
        g_value_init(&wide, G_TYPE_INT64);
        if (g_value_transform(value, &wide))
            return std::int64_t{g_value_get_int64(&wide)};
    }
    return std::nullopt;
}

} // namespace

StructureRef copy_structure(const GstStructure *structure)
{
    if (!structure)
        return nullptr;
    return {gst_structure_copy(structure), gst_structure_free};
}

Result<Headers> to_headers(const char *property, const StructureRef &structure)
{
    Headers headers;
    auto done = for_each_field(structure, [&](const char *name, const GValue *value) {
        return add_headers(property, name, value, headers);
    });
    if (!done)
        return done.error();
    return headers;
}

Result<Metadata> to_metadata(const char *property, const StructureRef &structure)
{
    Metadata metadata;
    auto done =
        for_each_field(structure, [&](const char *name, const GValue *value) -> Result<void> {
            if (!tus::is_metadata_key(name))
                return bad_field(property, name, "is not a valid tus metadata key");
            const auto text = text_of(value);
            if (!text)
                return bad_field(property, name, "has a type that can not become text");
            metadata.emplace_back(name, *text);
            return {};
        });
    if (!done)
        return done.error();
    return metadata;
}

Result<std::vector<VideoOption>> to_video_options(const char *property,
                                                  const StructureRef &structure)
{
    std::vector<VideoOption> options;
    auto done =
        for_each_field(structure, [&](const char *name, const GValue *value) -> Result<void> {
            const std::string_view view(name);
            if (view == "name" || view == "description")
                return bad_field(property, name, cat("has a property of its own, video-", view));
            auto option = typed(value);
            if (!option) {
                return bad_field(property, name,
                                 "must be a string, an integer, a boolean or a number");
            }
            options.push_back({name, std::move(*option)});
            return {};
        });
    if (!done)
        return done.error();
    return options;
}

GstStructure *masked_structure(const GstStructure &structure,
                               bool (*is_public)(std::string_view field))
{
    GstStructure *masked = gst_structure_new_empty(gst_structure_get_name(&structure));
    const int count = gst_structure_n_fields(&structure);
    for (int i = 0; i < count; ++i) {
        const char *name = gst_structure_nth_field_name(&structure, static_cast<unsigned>(i));
        if (is_public(name))
            gst_structure_set_value(masked, name, gst_structure_get_value(&structure, name));
        else
            gst_structure_set(masked, name, G_TYPE_STRING, "***", nullptr);
    }
    return masked;
}

} // namespace gsttus
