// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tus_server.h"

#include "base/text.h"
#include "tus/protocol.h"

#include <algorithm>
#include <array>

namespace gsttus::standin {

namespace {

constexpr std::array<std::string_view, 2> kCollections = {"/upload/", "/files/"};
constexpr std::string_view kAlgorithms = "md5,sha1,sha256,sha512";

std::string without_slash(std::string_view path)
{
    return std::string(path.substr(0, path.size() - (path.ends_with('/') ? 1 : 0)));
}

bool is_collection(std::string_view path)
{
    return std::any_of(kCollections.begin(), kCollections.end(), [&](std::string_view one) {
        return without_slash(path) == without_slash(one);
    });
}

std::string last_segment(std::string_view path)
{
    path = path.substr(0, path.find_first_of("?#"));
    return std::string(path.substr(path.rfind('/') + 1));
}

// RFC 9110, always in English.
std::string http_date(std::int64_t unix_us)
{
    constexpr std::array<const char *, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(unix_us / G_USEC_PER_SEC);
    constexpr std::array<const char *, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const GCharOwn day(g_date_time_format(time, "%d"));
    const GCharOwn clock(g_date_time_format(time, "%Y %H:%M:%S GMT"));
    return cat(kDays[static_cast<std::size_t>(g_date_time_get_day_of_week(time) - 1)], ", ",
               day.get(), " ", kMonths[static_cast<std::size_t>(g_date_time_get_month(time) - 1)],
               " ", clock.get());
}

std::optional<GChecksumType> algorithm(std::string_view name)
{
    if (name == "md5")
        return G_CHECKSUM_MD5;
    if (name == "sha1")
        return G_CHECKSUM_SHA1;
    if (name == "sha256")
        return G_CHECKSUM_SHA256;
    if (name == "sha512")
        return G_CHECKSUM_SHA512;
    return std::nullopt;
}

std::string digest(GChecksum *checksum)
{
    std::array<guint8, 64> bytes{};
    gsize size = bytes.size();
    g_checksum_get_digest(checksum, bytes.data(), &size);
    return {reinterpret_cast<const char *>(bytes.data()), size};
}

bool same_letters(const std::string &a, const std::string &b)
{
    return a.size() == b.size() && g_ascii_strncasecmp(a.c_str(), b.c_str(), a.size()) == 0;
}

// Besides base64 of the digest, as tus has it, what shells make of the output of sha1sum: its
// letters as they are, or base64 of them (tusc.sh).
bool vouches(const std::string &given, GChecksum *checksum)
{
    std::string decoded = decode_base64(given).value_or("");
    if (decoded == digest(checksum))
        return true;
    if (decoded.ends_with('\n'))
        decoded.pop_back();
    const std::string letters = g_checksum_get_string(checksum);
    return same_letters(given, letters) || same_letters(decoded, letters);
}

} // namespace

Reply tus_disk_failure(const Error &error)
{
    return tus_error(500, cat("ERR_INTERNAL_SERVER_ERROR: ", error.message));
}

Reply tus_error(int status, std::string text)
{
    text += "\n";
    return Reply{.status = status, .body = std::move(text)};
}

TusServer::TusServer(TusRules rules, Hooks hooks)
    : rules_(std::move(rules)), hooks_(std::move(hooks))
{
}

bool TusServer::serves(const std::string &path)
{
    return std::any_of(kCollections.begin(), kCollections.end(), [&](std::string_view one) {
        return path.starts_with(one) || path == without_slash(one);
    });
}

bool TusServer::can(std::string_view extension) const
{
    return std::find(rules_.extensions.begin(), rules_.extensions.end(), extension) !=
           rules_.extensions.end();
}

void TusServer::add_expiry(Reply &reply, const Upload &upload) const
{
    if (upload.info.expires_us && !upload.finished())
        reply.set("Upload-Expires", http_date(upload.info.expires_us));
}

TusServer::Begin TusServer::begin(const Request &request, const void *writer)
{
    Begin result;
    const bool collection = is_collection(request.path);
    const std::string *version = request.header("tus-resumable");
    if (request.method == "OPTIONS") {
        result.reply = options(request);
    } else if (!version || *version != tus::kVersion) {
        result.reply = tus_error(412, "ERR_UNSUPPORTED_VERSION: Tus-Resumable: 1.0.0 is needed");
        result.reply->set("Tus-Version", std::string(tus::kVersion));
    } else if (request.method == "POST" && collection) {
        result = create(request, writer);
    } else if (request.method == "HEAD" && !collection) {
        result.reply = head(request);
    } else if (request.method == "PATCH" && !collection) {
        result = patch(request, writer);
    } else if (request.method == "DELETE" && !collection) {
        result.reply = terminate(request);
    } else {
        result.reply = tus_error(405, "Method Not Allowed");
        result.reply->set("Allow", collection ? "OPTIONS, POST" : "OPTIONS, HEAD, PATCH, DELETE");
    }
    if (result.reply)
        result.reply->set("Tus-Resumable", std::string(tus::kVersion));
    return result;
}

Reply TusServer::options(const Request &request) const
{
    Reply reply{.status = rules_.habits.options_status};
    if (rules_.habits.extensions_need_version && !request.header("tus-resumable"))
        return reply;
    reply.set("Tus-Version", std::string(tus::kVersion));
    std::string list;
    for (const std::string &extension : rules_.extensions)
        list += (list.empty() ? "" : ",") + extension;
    if (!list.empty())
        reply.set("Tus-Extension", list);
    if (rules_.max_size)
        reply.set("Tus-Max-Size", std::to_string(rules_.max_size));
    if (can("checksum"))
        reply.set("Tus-Checksum-Algorithm", std::string(kAlgorithms));
    return reply;
}

std::shared_ptr<Upload> TusServer::find(const std::string &path) const
{
    const auto found = uploads_.find(last_segment(path));
    return found == uploads_.end() ? nullptr : found->second;
}

// The upload that the request names, unlocked; or why it can not be had.
std::optional<Reply> TusServer::lookup(const Request &request, std::shared_ptr<Upload> &upload)
{
    upload = find(request.path);
    if (upload && upload->info.url_path != request.path)
        upload = nullptr;
    if (!upload) {
        const auto gone = gone_.find(last_segment(request.path));
        return tus_error(gone == gone_.end() ? 404 : gone->second,
                         "ERR_UPLOAD_NOT_FOUND: upload not found");
    }
    if (rules_.habits.lost_after && upload->finished() && upload->info.part != Part::kPartial)
        return tus_error(rules_.habits.lost_after, "ERR_UPLOAD_NOT_FOUND: upload not found");
    if (upload->writer) {
        if (!rules_.interrupt_writer)
            return tus_error(423, "ERR_UPLOAD_LOCKED: file currently locked");
        hooks_.interrupt(upload->writer);
    }
    if (!upload->finished() &&
        (upload->expired ||
         (upload->info.expires_us && upload->info.expires_us <= g_get_real_time()))) {
        gone_[upload->info.id] = 410;
        uploads_.erase(upload->info.id);
        hooks_.removed(*upload);
        return tus_error(410, "ERR_UPLOAD_EXPIRED: the upload has expired");
    }
    return std::nullopt;
}

Reply TusServer::head(const Request &request)
{
    std::shared_ptr<Upload> upload;
    if (auto refused = lookup(request, upload)) {
        refused->set("Cache-Control", "no-store");
        return std::move(*refused);
    }
    const auto &about = upload->info.metadata;
    if (rules_.habits.needs_filetype &&
        (!about.contains("filename") || !about.contains("filetype")))
        return tus_error(400, "filename and filetype are needed in the metadata");
    Reply reply;
    reply.set("Cache-Control", "no-store");
    if (upload->info.part != Part::kFinal || upload->finished())
        reply.set("Upload-Offset", std::to_string(upload->offset()));
    tell_length(*upload, reply);
    if (!upload->info.raw_metadata.empty())
        reply.set("Upload-Metadata", upload->info.raw_metadata);
    if (!upload->info.raw_concat.empty())
        reply.set("Upload-Concat", upload->info.raw_concat);
    add_expiry(reply, *upload);
    return reply;
}

void TusServer::tell_length(const Upload &upload, Reply &reply) const
{
    if (upload.length)
        reply.set("Upload-Length", std::to_string(*upload.length));
    else if (upload.info.part == Part::kFinal || rules_.habits.length_untold)
        return;
    else if (rules_.habits.length_zero)
        reply.set("Upload-Length", "0");
    else
        reply.set("Upload-Defer-Length", "1");
}

Reply TusServer::terminate(const Request &request)
{
    if (!can("termination"))
        return tus_error(405, "Method Not Allowed");
    std::shared_ptr<Upload> upload;
    if (auto refused = lookup(request, upload))
        return std::move(*refused);
    forget(request.path);
    return Reply{.status = 204};
}

void TusServer::forget(const std::string &path)
{
    const auto upload = find(path);
    if (!upload)
        return;
    if (upload->writer)
        hooks_.interrupt(upload->writer);
    gone_[upload->info.id] = 404;
    uploads_.erase(upload->info.id);
    hooks_.removed(*upload);
}

Result<void> TusServer::rollback(Upload &upload, std::uint64_t bytes)
{
    if (upload.finished())
        return {};
    if (upload.writer)
        hooks_.interrupt(upload.writer);
    const std::uint64_t offset = upload.offset() - std::min(upload.offset(), bytes);
    auto done = offset == upload.offset() ? Result<void>() : upload.truncate(offset, nullptr);
    hooks_.changed(upload);
    return done;
}

// Upload-Length in a PATCH: allowed once, while the length is not known.
std::optional<Reply> TusServer::declare_length(const Request &request, Upload &upload) const
{
    const std::string *text = request.header("upload-length");
    const TusHabits &habits = rules_.habits;
    if (!text || habits.forget_length || habits.length_zero)
        return std::nullopt;
    const auto length = tus::parse_size(*text);
    if (habits.refuses_empty_deferred && length == upload.offset())
        return tus_error(400, "File is frozen");
    if (upload.length || !length || *length < upload.offset())
        return tus_error(400, "ERR_INVALID_UPLOAD_LENGTH: missing or invalid Upload-Length header");
    if (rules_.max_size && *length > rules_.max_size)
        return tus_error(413, "ERR_MAX_SIZE_EXCEEDED: maximum size exceeded");
    upload.length = length;
    hooks_.changed(upload);
    return std::nullopt;
}

TusServer::Begin TusServer::patch(const Request &request, const void *writer)
{
    std::shared_ptr<Upload> upload;
    if (auto refused = lookup(request, upload))
        return {.reply = std::move(refused)};
    const std::string *type = request.header("content-type");
    if (!type || *type != tus::kPatchContentType)
        return {.reply = tus_error(415, "ERR_INVALID_CONTENT_TYPE: missing or invalid Content-Type "
                                        "header")};
    if (upload->info.part == Part::kFinal)
        return {.reply = tus_error(403, "ERR_MODIFY_FINAL: modifying a final upload is not "
                                        "allowed")};
    const std::string *offset_text = request.header("upload-offset");
    const auto offset = offset_text ? tus::parse_size(*offset_text) : std::nullopt;
    if (!offset)
        return {.reply = tus_error(400, "ERR_INVALID_OFFSET: missing or invalid Upload-Offset "
                                        "header")};
    if (*offset != upload->offset())
        return {.reply = tus_error(409, "ERR_MISMATCHED_OFFSET: mismatched offset")};
    if (auto refused = declare_length(request, *upload))
        return {.reply = std::move(refused)};
    const std::string *size_text = request.header("content-length");
    const std::uint64_t size = size_text ? tus::parse_size(*size_text).value_or(0) : 0;
    if (upload->length && size > *upload->length - upload->offset())
        return {.reply = tus_error(413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded")};
    Begin result{.sink = open_sink(request, upload, writer)};
    result.reply = read_checksum(request, *result.sink);
    if (result.reply)
        upload->writer = nullptr;
    return result;
}

std::unique_ptr<BodySink> TusServer::open_sink(const Request &request,
                                               std::shared_ptr<Upload> upload,
                                               const void *writer) const
{
    auto sink = std::make_unique<BodySink>();
    sink->start = upload->offset();
    const std::uint64_t bound =
        upload->length ? *upload->length : (rules_.max_size ? rules_.max_size : UINT64_MAX);
    sink->most = bound - std::min(bound, upload->offset());
    sink->request = request;
    sink->upload = std::move(upload);
    sink->upload->writer = writer;
    if (!sink->upload->finished())
        if (auto opened = sink->upload->open_for_writing(); !opened)
            sink->failed = opened.error();
    return sink;
}

std::optional<Reply> TusServer::read_checksum(const Request &request, BodySink &sink) const
{
    const std::string *text = request.header("upload-checksum");
    if (!text || !can("checksum"))
        return std::nullopt;
    const std::size_t space = text->find(' ');
    const auto type = algorithm(text->substr(0, space));
    std::string given = space == std::string::npos ? "" : text->substr(space + 1);
    if (!type || given.empty() || !decode_base64(given))
        return tus_error(400, "ERR_CHECKSUM: missing or unsupported checksum algorithm");
    sink.checksum.reset(g_checksum_new(*type));
    sink.checksum_given = std::move(given);
    sink.hash_before = sink.upload->hash_so_far();
    return std::nullopt;
}

void TusServer::write(BodySink &sink, std::string_view bytes)
{
    if (rules_.habits.holds_bodies)
        sink.held += bytes;
    else
        take(sink, bytes);
}

void TusServer::take(BodySink &sink, std::string_view bytes)
{
    const std::uint64_t written = sink.upload->offset() - sink.start;
    const std::uint64_t room = sink.most - std::min(sink.most, written);
    if (bytes.size() > room) {
        sink.over_length = true;
        bytes = bytes.substr(0, room);
    }
    if (sink.failed || bytes.empty())
        return;
    if (sink.checksum)
        g_checksum_update(sink.checksum.get(), reinterpret_cast<const guchar *>(bytes.data()),
                          static_cast<gssize>(bytes.size()));
    if (auto stored = sink.upload->write(bytes); !stored)
        sink.failed = stored.error();
    hooks_.changed(*sink.upload);
}

Reply TusServer::progress(Upload &upload) const
{
    Reply reply{.status = 204};
    reply.set("Upload-Offset", std::to_string(upload.offset()));
    add_expiry(reply, upload);
    return reply;
}

Reply TusServer::end(BodySink &sink)
{
    const bool finished_before = sink.upload->finished();
    take(sink, sink.held);
    Reply reply = judge(sink);
    if (rules_.habits.finish == FinishHabit::kLostAnswer && !finished_before &&
        sink.upload->finished())
        return Reply{.status = 504,
                     .body = "<html><body><h1>504 Gateway Time-out</h1></body></html>\n",
                     .content_type = "text/html"};
    reply.set("Tus-Resumable", std::string(tus::kVersion));
    return reply;
}

Reply TusServer::judge(BodySink &sink)
{
    Upload &upload = *sink.upload;
    upload.writer = nullptr;
    upload.close();
    if (sink.failed)
        return tus_disk_failure(*sink.failed);
    if (sink.checksum && !vouches(sink.checksum_given, sink.checksum.get())) {
        if (auto undone = upload.truncate(sink.start, std::move(sink.hash_before)); !undone)
            return tus_disk_failure(undone.error());
        hooks_.changed(upload);
        return tus_error(460, "ERR_CHECKSUM_MISMATCH: checksum mismatch");
    }
    if (auto failure = complete_if_full(upload))
        return std::move(*failure);
    if (sink.over_length && sink.over_is_error)
        return tus_error(413, "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded");
    return sink.creating ? created(sink.request, upload, true) : progress(upload);
}

Reply TusServer::short_reply(BodySink &sink)
{
    abandon(sink);
    Reply reply = progress(*sink.upload);
    reply.set("Tus-Resumable", std::string(tus::kVersion));
    return reply;
}

void TusServer::abandon(BodySink &sink)
{
    Upload &upload = *sink.upload;
    upload.writer = nullptr;
    upload.close();
    // what a checksum does not vouch for is not kept
    if (sink.checksum && upload.offset() != sink.start)
        if (auto undone = upload.truncate(sink.start, std::move(sink.hash_before)); !undone)
            sink.failed = undone.error();
    hooks_.changed(upload);
    if (auto failure = complete_if_full(upload))
        sink.failed = Error{.kind = ErrorKind::kDisk, .message = failure->body};
}

// An error reply when the finished file could not be put in place.
std::optional<Reply> TusServer::complete_if_full(Upload &upload)
{
    if (upload.finished() || !upload.length || upload.offset() != *upload.length)
        return std::nullopt;
    if (auto refused = odd_finish(upload))
        return refused;
    if (auto done = upload.finish(); !done)
        return tus_disk_failure(done.error());
    hooks_.changed(upload);
    if (upload.info.part == Part::kPartial)
        return assemble_finals();
    hooks_.finished(upload);
    return std::nullopt;
}

// All bytes are here, and yet this request does not finish the upload: what is answered to it.
std::optional<Reply> TusServer::odd_finish(Upload &upload) const
{
    const FinishHabit habit = rules_.habits.finish;
    if (upload.offset() == 0 || habit == FinishHabit::kNone || habit == FinishHabit::kLostAnswer)
        return std::nullopt;
    const bool asked_before = std::exchange(upload.finish_refused, true);
    if (asked_before && habit == FinishHabit::kWhenAsked)
        return std::nullopt;
    if (asked_before && habit == FinishHabit::kSilent)
        return progress(upload);
    return tus_error(500, "ERR_INTERNAL_SERVER_ERROR: the upload could not be put together");
}

} // namespace gsttus::standin
