// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How each thing that is told looks on the bus: one function a message, one row a kind of error.
#include "bus.h"

#include "base/redact.h"
#include "base/text.h"
#include "debug.h"
#include "glib/ptr.h"

#include <algorithm>
#include <chrono>

namespace gsttus {

namespace {

GstClockTime nanoseconds(Duration span)
{
    const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(span).count();
    return static_cast<GstClockTime>(std::max<std::int64_t>(count, 0));
}

void post_element(GstElement *element, const About &about, GstStructure *structure)
{
    gst_structure_set(structure, "location", G_TYPE_STRING, about.location.c_str(), nullptr);
    gst_element_post_message(element, gst_message_new_element(GST_OBJECT(element), structure));
}

// GST_ELEMENT_ERROR_WITH_DETAILS, for a domain and code that are known at run time only, and for a
// message that is watched.
Taken post_trouble(GstElement *element, GstMessageType type, const GstCode &code,
                   const std::string &text, const std::string &debug, GstStructure *details)
{
    GST_WARNING_OBJECT(element, "%s: %s (%s)", gst_message_type_get_name(type), text.c_str(),
                       debug.c_str());
    GstObject *source = GST_OBJECT(element);
    const GCharOwn path(gst_object_get_path_string(source));
    const std::string where = cat(path.get(), ":\n", debug);
    GError *error = g_error_new_literal(code.domain, code.code, text.c_str());
    GstMessage *message =
        type == GST_MESSAGE_ERROR
            ? gst_message_new_error_with_details(source, error, where.c_str(), details)
            : gst_message_new_warning_with_details(source, error, where.c_str(), details);
    g_error_free(error);
    return post_watched(element, message);
}

std::string debug_text(const Error &error)
{
    std::string text = cat("kind ", to_string(error.kind));
    if (error.http_status != 0)
        text += cat(", HTTP status ", error.http_status);
    if (error.offset)
        text += cat(", at byte ", *error.offset);
    if (!error.detail.empty())
        text += cat(": ", error.detail);
    return text;
}

// A property (ssl-ca-file, or proxy "…"), a variable, an address: it is written as it is.
bool begins_with_a_name(std::string_view text)
{
    std::string_view first = text.substr(0, text.find(' '));
    const bool has_a_value = text.substr(first.size()).starts_with(" \"");
    if (!first.empty() && std::string_view(",.:;!?").find(first.back()) != std::string_view::npos)
        first.remove_suffix(1);
    const bool is_word = std::all_of(first.begin(), first.end(),
                                     [](char c) { return g_ascii_isalpha(c) || c == '\''; });
    return has_a_value || !is_word;
}

// Begins with a capital, if with a word, and ends with a full stop, whoever wrote it.
std::string as_sentence(std::string text)
{
    if (text.empty())
        return text;
    if (!begins_with_a_name(text))
        text.front() = g_ascii_toupper(text.front());
    if (std::string_view(".!?").find(text.back()) == std::string_view::npos)
        text += '.';
    return text;
}

} // namespace

GstCode gst_code(ErrorKind kind)
{
    const GQuark resource = GST_RESOURCE_ERROR;
    switch (kind) {
    case ErrorKind::kSettings:
        return {resource, GST_RESOURCE_ERROR_SETTINGS};
    case ErrorKind::kNotAuthorized:
        return {resource, GST_RESOURCE_ERROR_NOT_AUTHORIZED};
    case ErrorKind::kNotFound:
        return {resource, GST_RESOURCE_ERROR_NOT_FOUND};
    case ErrorKind::kNetwork:
    case ErrorKind::kTls:
    case ErrorKind::kClock:
        return {resource, GST_RESOURCE_ERROR_OPEN_WRITE};
    case ErrorKind::kTooLarge:
    case ErrorKind::kNoSpace:
        return {resource, GST_RESOURCE_ERROR_NO_SPACE_LEFT};
    case ErrorKind::kTimeout:
    case ErrorKind::kProtocol:
    case ErrorKind::kServer:
    case ErrorKind::kUploadLost:
    case ErrorKind::kDisk:
        return {resource, GST_RESOURCE_ERROR_WRITE};
    case ErrorKind::kCancelled:
        return {resource, GST_RESOURCE_ERROR_FAILED};
    case ErrorKind::kInternal:
        break;
    }
    return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED};
}

GstStructure *error_details(const Error &error, const Whereabouts &whereabouts)
{
    GstStructure *details = gst_structure_new("details", "retryable", G_TYPE_BOOLEAN,
                                              static_cast<gboolean>(error.retryable), nullptr);
    if (error.http_status > 0) {
        gst_structure_set(details, "http-status-code", G_TYPE_UINT,
                          static_cast<unsigned>(error.http_status), nullptr);
    }
    if (error.offset)
        gst_structure_set(details, "upload-offset", G_TYPE_UINT64, *error.offset, nullptr);
    if (!whereabouts.upload_url.empty()) {
        gst_structure_set(details, "upload-url", G_TYPE_STRING,
                          redact_url(whereabouts.upload_url).c_str(), nullptr);
    }
    if (!whereabouts.spool_path.empty()) {
        gst_structure_set(details, "spool-path", G_TYPE_STRING, whereabouts.spool_path.c_str(),
                          nullptr);
    }
    if (!whereabouts.about.location.empty()) {
        gst_structure_set(details, "location", G_TYPE_STRING, whereabouts.about.location.c_str(),
                          nullptr);
    }
    if (whereabouts.about.video_id != 0) {
        gst_structure_set(details, "video-id", G_TYPE_UINT64, whereabouts.about.video_id, nullptr);
    }
    return details;
}

std::string user_text(const Error &error, const Whereabouts &whereabouts)
{
    std::string text = error.message.empty()
                           ? cat("The upload failed (", to_string(error.kind), ")")
                           : error.message;
    text = as_sentence(std::move(text));
    // the library may have said so already
    if (!whereabouts.spool_path.empty() && text.find("gst-tus-recover") == std::string::npos)
        text += cat(" What was recorded is kept; finish the upload with: ",
                    recover_command(whereabouts.spool_path));
    return text;
}

Taken post_error(GstElement *element, const Error &error, const Whereabouts &whereabouts)
{
    return post_trouble(element, GST_MESSAGE_ERROR, gst_code(error.kind),
                        user_text(error, whereabouts), debug_text(error),
                        error_details(error, whereabouts));
}

Taken post_warning(GstElement *element, const Error &error, const Whereabouts &whereabouts)
{
    return post_trouble(element, GST_MESSAGE_WARNING, gst_code(error.kind),
                        user_text(error, whereabouts), debug_text(error),
                        error_details(error, whereabouts));
}

void post_stream_error(GstElement *element, const std::string &text, const std::string &debug,
                       std::uint64_t position, const About &about)
{
    Error error;
    error.offset = position;
    post_trouble(element, GST_MESSAGE_ERROR, {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK}, text,
                 debug, error_details(error, {.about = about}));
}

// --- element messages: one function for each kind of notice --------------------------------------

namespace {

void post_notice(GstElement *element, const About &about, const UploadCreated &created)
{
    post_element(element, about,
                 gst_structure_new("tus-upload-created", "upload-url", G_TYPE_STRING,
                                   redact_url(created.upload_url).c_str(), "endpoint",
                                   G_TYPE_STRING, redact_url(created.endpoint).c_str(),
                                   "length-mode", G_TYPE_STRING, created.length_mode.c_str(),
                                   nullptr));
}

void post_notice(GstElement *element, const About &about, const UploadProgress &progress)
{
    const std::uint64_t pending =
        progress.bytes_rendered - std::min(progress.bytes_acked, progress.bytes_rendered);
    post_element(element, about,
                 gst_structure_new("tus-upload-progress", "bytes-rendered", G_TYPE_UINT64,
                                   progress.bytes_rendered, "bytes-acked", G_TYPE_UINT64,
                                   progress.bytes_acked, "bytes-pending", G_TYPE_UINT64, pending,
                                   "upload-rate", G_TYPE_UINT64, progress.upload_rate, nullptr));
}

void post_notice(GstElement *element, const About &about, const UploadStalled &stalled)
{
    post_element(element, about,
                 gst_structure_new("tus-upload-stalled", "reason", G_TYPE_STRING,
                                   stalled.reason.message.c_str(), "http-status", G_TYPE_UINT,
                                   static_cast<unsigned>(std::max(stalled.reason.http_status, 0)),
                                   "attempt", G_TYPE_UINT64, stalled.attempt, "retry-in",
                                   G_TYPE_UINT64, nanoseconds(stalled.retry_in), "bytes-pending",
                                   G_TYPE_UINT64, stalled.bytes_pending, nullptr));
    if (!stalled.first)
        return;
    Error warning = stalled.reason;
    warning.retryable = true;
    warning.message = as_sentence(std::move(warning.message));
    warning.message += " The recording goes on and the upload is tried again until it works.";
    post_warning(element, warning, {.about = about});
}

void post_notice(GstElement *element, const About &about, const UploadResumed &resumed)
{
    post_element(element, about,
                 gst_structure_new("tus-upload-resumed", "offset", G_TYPE_UINT64, resumed.offset,
                                   "outage-time", G_TYPE_UINT64, nanoseconds(resumed.outage_time),
                                   "bytes-resent", G_TYPE_UINT64, resumed.bytes_resent, nullptr));
}

void post_notice(GstElement *element, const About &about, const UploadComplete &complete)
{
    GstStructure *fields =
        gst_structure_new("tus-upload-complete", "upload-url", G_TYPE_STRING,
                          redact_url(complete.upload_url).c_str(), "bytes", G_TYPE_UINT64,
                          complete.bytes, "elapsed", G_TYPE_UINT64, nanoseconds(complete.elapsed),
                          "drain-time", G_TYPE_UINT64, nanoseconds(complete.drain_time), "sha256",
                          G_TYPE_STRING, complete.sha256.c_str(), nullptr);
    if (about.video_id != 0)
        gst_structure_set(fields, "video-id", G_TYPE_UINT64, about.video_id, nullptr);
    post_element(element, about, fields);
}

void post_notice(GstElement *element, const About &about, const UploadKept &kept)
{
    post_element(element, about,
                 gst_structure_new("tus-upload-kept", "path", G_TYPE_STRING, kept.path.c_str(),
                                   "bytes-missing", G_TYPE_UINT64, kept.bytes_missing, "command",
                                   G_TYPE_STRING, kept.command.c_str(), "command-elsewhere",
                                   G_TYPE_STRING, kept.elsewhere.c_str(), "whole", G_TYPE_BOOLEAN,
                                   kept.is_whole, nullptr));
}

void post_notice(GstElement *element, const About &about, const UploadRemoved &removed)
{
    post_element(element, about,
                 gst_structure_new("tus-upload-removed", "upload-url", G_TYPE_STRING,
                                   redact_url(removed.upload_url).c_str(), nullptr));
}

void post_notice(GstElement *element, const About &about, const VideoDeleted &video)
{
    post_element(element, about,
                 gst_structure_new("gcore-video-deleted", "video-id", G_TYPE_UINT64, video.id,
                                   "name", G_TYPE_STRING, video.name.c_str(), nullptr));
}

void post_notice(GstElement *element, const About &about, const VideoCreated &video)
{
    post_element(element, about,
                 gst_structure_new("gcore-video-created", "video-id", G_TYPE_UINT64, video.id,
                                   "name", G_TYPE_STRING, video.name.c_str(), "slug", G_TYPE_STRING,
                                   video.slug.c_str(), "client-id", G_TYPE_UINT64, video.client_id,
                                   nullptr));
}

void post_notice(GstElement *element, const About &about, const VideoStatus &video)
{
    post_element(element, about,
                 gst_structure_new("gcore-video-status", "video-id", G_TYPE_UINT64, video.id,
                                   "status", G_TYPE_STRING, video.status.c_str(), "error",
                                   G_TYPE_STRING, video.error.c_str(), "hls-url", G_TYPE_STRING,
                                   video.hls_url.c_str(), "dash-url", G_TYPE_STRING,
                                   video.dash_url.c_str(), "iframe-url", G_TYPE_STRING,
                                   video.iframe_url.c_str(), nullptr));
}

} // namespace

void post(GstElement *element, const Notice &notice, const About &about)
{
    std::visit([&](const auto &kind) { post_notice(element, about, kind); }, notice);
}

void post_drain(GstElement *element, GstProgressType type, const std::string &text, int percent,
                const About &about)
{
    GstMessage *message =
        gst_message_new_progress(GST_OBJECT(element), type, "upload", text.c_str());
    gst_structure_set(gst_message_writable_structure(message), "percent", G_TYPE_INT, percent,
                      "location", G_TYPE_STRING, about.location.c_str(), nullptr);
    gst_element_post_message(element, message);
}

int drain_percent(std::uint64_t bytes_acked, std::uint64_t bytes_rendered)
{
    if (bytes_acked >= bytes_rendered)
        return 100;
    return static_cast<int>(100.0 * static_cast<double>(bytes_acked) /
                            static_cast<double>(bytes_rendered));
}

std::string drain_text(const UploadProgress &progress)
{
    const std::uint64_t tenths = progress.upload_rate / 100'000; // of a Mbit/s
    return cat(drain_percent(progress.bytes_acked, progress.bytes_rendered), " %, ", tenths / 10,
               '.', tenths % 10, " Mbit/s");
}

} // namespace gsttus
