// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the TusServer that makes uploads, also out of other uploads (concatenation).

#include "base/text.h"
#include "tus/protocol.h"
#include "tus_server.h"

#include <algorithm>

namespace gsttus::standin {

namespace {

bool has_body(const Request &request)
{
    if (request.header("transfer-encoding"))
        return true;
    const std::string *length = request.header("content-length");
    return length && tus::parse_size(*length).value_or(0) > 0;
}

// Of an upload below /upload/, which may_create() has accepted. A newline behind the number is
// forgiven: Gcore's own shell example sends one.
std::uint64_t video_of(const UploadInfo &info)
{
    const auto number = info.metadata.find("video_id");
    if (!info.url_path.starts_with("/upload/") || number == info.metadata.end())
        return 0;
    return tus::parse_size(number->second.substr(0, number->second.find('\n'))).value_or(0);
}

} // namespace

std::optional<std::string> decode_base64(std::string_view text)
{
    const bool clean = std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return g_ascii_isalnum(static_cast<gchar>(c)) || c == '+' || c == '/' || c == '=';
    });
    if (!clean || text.size() % 4 != 0)
        return std::nullopt;
    gsize size = 0;
    const std::unique_ptr<guchar, GDelete<&g_free>> data(
        g_base64_decode(std::string(text).c_str(), &size));
    return std::string(reinterpret_cast<const char *>(data.get()), size);
}

std::optional<std::map<std::string, std::string>> parse_metadata(std::string_view text)
{
    std::map<std::string, std::string> pairs;
    for (const std::string &item : tus::parse_list(text)) {
        const std::size_t space = item.find(' ');
        const std::string key = item.substr(0, space);
        const auto value = decode_base64(
            space == std::string::npos ? "" : std::string_view(item).substr(space + 1));
        if (!tus::is_metadata_key(key) || !value || !pairs.emplace(key, *value).second)
            return std::nullopt;
    }
    return pairs;
}

std::string TusServer::new_id()
{
    const GCharOwn uuid(g_uuid_string_random());
    std::string id = uuid.get();
    std::erase(id, '-');
    return id;
}

// Everything about the new upload but its length; or why there will be none.
std::optional<Reply> TusServer::describe(const Request &request, UploadInfo &info)
{
    info.id = new_id();
    info.url_path = cat(request.path, request.path.ends_with('/') ? "" : "/", info.id);
    if (const std::string *metadata = request.header("upload-metadata")) {
        auto pairs = parse_metadata(*metadata);
        if (!pairs)
            return tus_error(400, "ERR_INVALID_METADATA: Upload-Metadata");
        info.raw_metadata = *metadata;
        info.metadata = std::move(*pairs);
    }
    if (rules_.expires_after > Duration::zero() && can("expiration"))
        info.expires_us =
            g_get_real_time() +
            std::chrono::duration_cast<std::chrono::microseconds>(rules_.expires_after).count();
    if (const std::string *concat = request.header("upload-concat")) {
        if (!can("concatenation"))
            return tus_error(501, "ERR_NOT_IMPLEMENTED: Upload-Concat");
        if (*concat != "partial" && !concat->starts_with("final;"))
            return tus_error(400, "ERR_INVALID_CONCAT: Upload-Concat");
        info.raw_concat = *concat;
        info.part = *concat == "partial" ? Part::kPartial : Part::kFinal;
    }
    return std::nullopt;
}

// Exactly one of the two headers; nothing in `length`: deferred.
std::optional<Reply> TusServer::read_length(const Request &request,
                                            std::optional<std::uint64_t> &length) const
{
    const std::string *text = request.header("upload-length");
    const std::string *deferred = request.header("upload-defer-length");
    if (!text == !deferred || (deferred && *deferred != "1"))
        return tus_error(400, "ERR_INVALID_UPLOAD_LENGTH: exactly one of Upload-Length and "
                              "Upload-Defer-Length: 1 is needed");
    if (deferred)
        return can("creation-defer-length") || rules_.habits.length_zero
                   ? std::nullopt
                   : std::optional(
                         tus_error(rules_.refusal, "ERR_NOT_IMPLEMENTED: Upload-Defer-Length"));
    length = tus::parse_size(*text);
    if (!length)
        return tus_error(400, "ERR_INVALID_UPLOAD_LENGTH: Upload-Length");
    if (rules_.max_size && *length > rules_.max_size)
        return tus_error(413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded");
    return std::nullopt;
}

TusServer::Begin TusServer::create(const Request &request, const void *writer)
{
    if (!can("creation"))
        return {.reply = tus_error(405, "Method Not Allowed")};
    UploadInfo info;
    if (auto refused = describe(request, info))
        return {.reply = std::move(refused)};
    if (info.part == Part::kFinal)
        return create_final(request, std::move(info));
    std::optional<std::uint64_t> length;
    if (auto refused = read_length(request, length))
        return {.reply = std::move(refused)};
    if (auto refused = hooks_.may_create(info))
        return {.reply = std::move(refused)};

    info.video_id = video_of(info);
    auto upload = std::make_shared<Upload>(std::move(info), rules_.dir);
    upload->length = length;
    upload->announced.insert(0);
    uploads_[upload->info.id] = upload;
    hooks_.changed(*upload);
    const std::string *type = request.header("content-type");
    if (can("creation-with-upload") && type && *type == tus::kPatchContentType &&
        has_body(request)) {
        Begin result{.sink = open_sink(request, upload, writer)};
        result.sink->creating = true;
        result.reply = read_checksum(request, *result.sink);
        if (result.reply)
            upload->writer = nullptr;
        return result;
    }
    if (auto failure = complete_if_full(*upload))
        return {.reply = std::move(failure)};
    return {.reply = created(request, *upload, false)};
}

TusServer::Begin TusServer::create_final(const Request &request, UploadInfo info)
{
    if (request.header("upload-length") || request.header("upload-defer-length"))
        return {.reply = tus_error(400, "ERR_INVALID_CONCAT: a final upload has no length")};
    std::string list = info.raw_concat.substr(info.raw_concat.find(';') + 1);
    std::replace(list.begin(), list.end(), ' ', ',');
    std::uint64_t total = 0;
    bool all_finished = true;
    for (const std::string &url : tus::parse_list(list)) {
        const auto part = find(url);
        if (!part || part->info.part != Part::kPartial)
            return {.reply = tus_error(400, cat("ERR_INVALID_CONCAT: no partial upload ", url))};
        all_finished = all_finished && part->finished();
        total += part->length.value_or(part->offset());
        info.parts.push_back(part->info.id);
    }
    if (info.parts.empty())
        return {.reply = tus_error(400, "ERR_INVALID_CONCAT: no partial uploads named")};
    if (!all_finished && !can("concatenation-unfinished"))
        return {.reply = tus_error(400, "ERR_UPLOAD_NOT_FINISHED: one of the partial uploads is "
                                        "not finished")};
    if (rules_.max_size && total > rules_.max_size)
        return {.reply = tus_error(413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded")};
    if (auto refused = hooks_.may_create(info))
        return {.reply = std::move(refused)};
    info.video_id = video_of(info);
    auto upload = std::make_shared<Upload>(std::move(info), rules_.dir);
    uploads_[upload->info.id] = upload;
    hooks_.changed(*upload);
    if (auto failure = assemble_finals())
        return {.reply = std::move(failure)};
    return {.reply = created(request, *upload, false)};
}

Reply TusServer::created(const Request &request, Upload &upload, bool with_offset) const
{
    Reply reply{.status = 201};
    reply.set("Location", request.origin() + upload.info.url_path);
    if (with_offset)
        reply.set("Upload-Offset", std::to_string(upload.offset()));
    add_expiry(reply, upload);
    return reply;
}

// Final uploads whose parts have all arrived by now.
std::optional<Reply> TusServer::assemble_finals()
{
    for (const auto &[id, upload] : uploads_) {
        if (upload->info.part != Part::kFinal || upload->finished())
            continue;
        std::vector<std::shared_ptr<Upload>> parts;
        for (const std::string &part : upload->info.parts)
            if (const auto one = find(part); one && one->finished())
                parts.push_back(one);
        if (parts.size() != upload->info.parts.size())
            continue;
        auto done = upload->open_for_writing();
        for (const auto &part : parts)
            if (done)
                done = upload->append(*part);
        if (done && rules_.habits.join_short && upload->offset() > 0)
            done = upload->truncate(upload->offset() - 1, nullptr);
        upload->length = upload->offset();
        if (done)
            done = upload->finish();
        if (!done)
            return tus_disk_failure(done.error());
        hooks_.changed(*upload);
        hooks_.finished(*upload);
    }
    return std::nullopt;
}

} // namespace gsttus::standin
