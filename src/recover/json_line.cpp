// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Written with json-glib, which wants valid UTF-8: printable() sees to that.
#include "recover/json_line.h"

#include "glib/printable.h"
#include "glib/ptr.h"

#include <algorithm>
#include <limits>

#include <json-glib/json-glib.h>

namespace gsttus {

struct JsonLine::Builder {
    std::unique_ptr<JsonObject, GDelete<&json_object_unref>> object{json_object_new()};
};

JsonLine::JsonLine(std::string_view event) : builder_(std::make_unique<Builder>())
{
    add("event", event);
}

JsonLine::~JsonLine() = default;

JsonLine &JsonLine::add(const char *name, std::string_view text)
{
    if (!text.empty())
        json_object_set_string_member(builder_->object.get(), name, printable(text).c_str());
    return *this;
}

JsonLine &JsonLine::add(const char *name, std::uint64_t number)
{
    constexpr std::uint64_t kMost = std::numeric_limits<gint64>::max();
    json_object_set_int_member(builder_->object.get(), name,
                               static_cast<gint64>(std::min(number, kMost)));
    return *this;
}

std::string JsonLine::text() const
{
    const std::unique_ptr<JsonNode, GDelete<&json_node_unref>> root(
        json_node_new(JSON_NODE_OBJECT));
    json_node_set_object(root.get(), builder_->object.get());
    const GCharOwn text(json_to_string(root.get(), FALSE));
    return std::string(text.get()) + '\n';
}

} // namespace gsttus
