// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "snapshot.h"

#include "glib/ptr.h"

#include <json-glib/json-glib.h>

namespace gsttus::standin {

namespace {

void add(JsonBuilder *json, const char *name, std::uint64_t value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, static_cast<gint64>(value));
}

void add(JsonBuilder *json, const char *name, const std::string &value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, value.c_str());
}

void add_flag(JsonBuilder *json, const char *name, bool value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

void add_counts(JsonBuilder *json, const char *name,
                const std::map<std::string, std::uint64_t> &counts)
{
    json_builder_set_member_name(json, name);
    json_builder_begin_object(json);
    for (const auto &[key, value] : counts)
        add(json, key.c_str(), value);
    json_builder_end_object(json);
}

void add_upload(JsonBuilder *json, const UploadRecord &upload)
{
    json_builder_begin_object(json);
    add(json, "id", upload.id);
    add(json, "url_path", upload.url_path);
    const auto filename = upload.metadata.find("filename");
    add(json, "filename", filename == upload.metadata.end() ? "" : filename->second);
    add(json, "video_id", upload.video_id);
    add(json, "offset", upload.offset);
    json_builder_set_member_name(json, "length");
    if (upload.length)
        json_builder_add_int_value(json, static_cast<gint64>(*upload.length));
    else
        json_builder_add_null_value(json);
    add_flag(json, "finished", upload.finished);
    add_flag(json, "removed", upload.removed);
    add_flag(json, "partial", upload.partial);
    add_flag(json, "final", upload.final);
    add(json, "sha256", upload.sha256);
    add(json, "path", upload.path);
    json_builder_end_object(json);
}

void add_all(JsonBuilder *json, const Snapshot &snapshot)
{
    json_builder_begin_object(json);
    add(json, "connections", snapshot.connections);
    add(json, "requests", snapshot.requests_total);
    add(json, "bytes_received", snapshot.bytes_received);
    add(json, "interrupted_patches", snapshot.interrupted_patches);
    add(json, "unannounced_offsets", snapshot.unannounced_offsets);
    add_counts(json, "methods", snapshot.methods);
    add_counts(json, "faults_hit", snapshot.faults_hit);
    json_builder_set_member_name(json, "uploads");
    json_builder_begin_array(json);
    for (const auto &[id, upload] : snapshot.uploads)
        add_upload(json, upload);
    json_builder_end_array(json);
    json_builder_set_member_name(json, "videos");
    json_builder_begin_array(json);
    for (const auto &[id, video] : snapshot.videos) {
        json_builder_begin_object(json);
        add(json, "id", id);
        add(json, "name", video.name);
        add(json, "status", video.status);
        add(json, "error", video.error);
        add_flag(json, "deleted", video.deleted);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

const UploadRecord *find_upload(const Snapshot &snapshot, const std::string &name)
{
    const UploadRecord *newest = nullptr;
    for (const auto &[id, upload] : snapshot.uploads) {
        const bool meant =
            id == name || (upload.video_id && std::to_string(upload.video_id) == name);
        if (meant && !upload.partial && (!newest || upload.number > newest->number))
            newest = &upload;
    }
    return newest;
}

} // namespace

const UploadRecord *Snapshot::only_finished() const
{
    const UploadRecord *only = nullptr;
    for (const auto &[id, upload] : uploads) {
        if (!upload.finished || upload.partial)
            continue;
        if (only)
            return nullptr;
        only = &upload;
    }
    return only;
}

std::string to_json(const Snapshot &snapshot, const std::string &path)
{
    constexpr std::string_view kUploads = "/standin/uploads/";
    const auto builder = GRef<JsonBuilder>::adopt(json_builder_new());
    if (path == "/standin" || path == "/standin/")
        add_all(builder.get(), snapshot);
    else if (const UploadRecord *upload = path.starts_with(kUploads)
                                              ? find_upload(snapshot, path.substr(kUploads.size()))
                                              : nullptr)
        add_upload(builder.get(), *upload);
    else
        return {};
    const auto generator = GRef<JsonGenerator>::adopt(json_generator_new());
    json_generator_set_pretty(generator.get(), TRUE);
    JsonNode *root = json_builder_get_root(builder.get());
    json_generator_set_root(generator.get(), root);
    const GCharOwn text(json_generator_to_data(generator.get(), nullptr));
    json_node_unref(root);
    return std::string(text.get()) + "\n";
}

} // namespace gsttus::standin
