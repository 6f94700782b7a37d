// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One function a text. Addresses that a server gave are redacted here.
#include "tus/failures.h"

#include "base/redact.h"
#include "base/text.h"
#include "tus/route.h"

#include <algorithm>

namespace gsttus::failures {

namespace {

Error make(ErrorKind kind, std::string message, std::optional<std::uint64_t> offset = std::nullopt)
{
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    error.offset = offset;
    return error;
}

Error with_status(Error error, int status)
{
    error.http_status = status;
    return error;
}

} // namespace

Error no_endpoint()
{
    return make(ErrorKind::kInternal, "No endpoint to upload to.");
}

Error other_version(const std::string &version, const std::string &where)
{
    return make(ErrorKind::kProtocol,
                cat("The server speaks tus ", version, ", not 1.0.0 (", where, ")."));
}

Error no_checksum(const std::string &algorithm)
{
    return make(ErrorKind::kServer, cat("The server does not offer the checksum ", algorithm,
                                        "; the upload goes on without."));
}

Error no_location(int status, const std::string &where)
{
    return make(ErrorKind::kProtocol,
                cat("The server accepted the upload but did not say where it is (HTTP ", status,
                    " without Location): is ", where, " a tus endpoint?"));
}

Error on_another_host(const std::string &location)
{
    return make(ErrorKind::kProtocol, cat("The upload is on another host: ", redact_url(location)));
}

Error leaves_tls(int status, const std::string &location)
{
    return with_status(
        make(ErrorKind::kProtocol,
             cat("The server leads from https to http (", location,
                 "), where everybody on the way could read the upload: not followed. If a proxy "
                 "speaks TLS for it, let the proxy send X-Forwarded-Proto and Host, and the server "
                 "heed them (tusd: -behind-proxy).")),
        status);
}

Error paths_differ(int status, const std::string &endpoint, const std::string &upload_url)
{
    const std::string base(path_part(endpoint));
    return with_status(
        make(ErrorKind::kNotFound,
             cat("The upload that was just created is not where the server said (HTTP ", status,
                 "): its path is ", redact_url(path_part(upload_url)), ", the endpoint's ",
                 redact_url(base),
                 ". Something in front of the server changes paths: set the "
                 "server's base path to ",
                 redact_url(base),
                 " (tusd: -base-path), or let the path "
                 "pass as it is.")),
        status);
}

Error length_needed(const std::string &what_to_do, const Error &reason)
{
    Error error =
        make(ErrorKind::kSettings, cat("The server does not support uploads of unknown length "
                                       "(creation-defer-length). ",
                                       what_to_do));
    error.http_status = reason.http_status;
    error.detail = reason.detail;
    return error;
}

Error joined_nowhere()
{
    return make(ErrorKind::kProtocol, "The server joined the partial uploads but did not say where "
                                      "the result is (no Location).");
}

Error redirects_lead_nowhere(const std::string &where, const Error *last_trouble)
{
    Error error =
        make(ErrorKind::kProtocol, cat("The server's redirects lead nowhere (", where, ")."));
    if (last_trouble)
        error.message += cat(" Last trouble: ", last_trouble->message);
    return error;
}

Error secret_redirect(const std::string &location)
{
    return make(ErrorKind::kProtocol,
                cat("The server redirects the upload to another host (", redact_url(location),
                    "), which must not get the upload token."));
}

Error another_upload(Error refusal)
{
    refusal.kind = ErrorKind::kProtocol;
    refusal.message +=
        " Something refuses PATCH, and the server made another upload of the POST with "
        "X-HTTP-Method-Override that stood in for it: let PATCH through.";
    return refusal;
}

Error no_head(Error refusal)
{
    refusal.message += " HEAD does not get through: the upload goes on without it, and a broken "
                       "request is repeated from the last byte that the server has confirmed. Let "
                       "HEAD through.";
    return refusal;
}

Error impossible_offset(const Answer &answer, const std::string &where)
{
    return with_status(
        make(ErrorKind::kProtocol, cat("The server acknowledges up to byte ", *answer.upload_offset,
                                       ", which can not be (", where, ").")),
        answer.status);
}

Error took_nothing(int status, const std::string &where)
{
    return with_status(make(ErrorKind::kServer,
                            cat("The server took none of the bytes it was sent (", where, ").")),
                       status);
}

Error took_a_crumb(std::uint64_t taken, std::uint64_t sent, const std::string &where)
{
    return make(ErrorKind::kServer,
                cat("The server took only ", taken, " of the ", sent,
                    " bytes of a request, and not for the first time (", where, ")."));
}

Error smaller_requests(Error refusal, std::uint64_t size)
{
    refusal.message = cat("The server or a proxy refused a request of ", size,
                          " bytes (HTTP 413): requests get smaller.");
    return refusal;
}

Error no_open_requests(int status, const std::string &where)
{
    const std::string why = status > 0
                                ? cat("it was answered with HTTP ", status)
                                : std::string("what it had sent was not there before it ended");
    Error error =
        make(ErrorKind::kServer,
             cat("The server, or a proxy before it, does not work with PATCH requests that "
                 "stay open (",
                 where, "): ", why,
                 ". From here on each has its length, as with request-mode=bounded."));
    error.http_status = status;
    return error;
}

Error expires(std::chrono::seconds left)
{
    return make(ErrorKind::kServer,
                cat("The server drops this upload in ", std::max<std::int64_t>(0, left.count()),
                    " s (Upload-Expires), finished or not. End the recording before, or raise the "
                    "server's expiration time."));
}

Error surplus(std::uint64_t offset, std::uint64_t sent_offset)
{
    return make(ErrorKind::kServer, cat("The server has ", offset - sent_offset,
                                        " bytes more of this upload than the disk: the recording "
                                        "ends with them, at byte ",
                                        offset, '.'));
}

Error somebody_else(std::uint64_t offset, std::uint64_t sent_offset, const std::string &where)
{
    if (offset < sent_offset)
        return make(ErrorKind::kUploadLost,
                    cat("The server went back to byte ", offset,
                        ", which is before this recording: only who has sent what was there (",
                        where, ") can send it again."),
                    offset);
    return make(ErrorKind::kUploadLost,
                cat("The server has ", offset, " bytes of this upload, but ", sent_offset,
                    " were sent: somebody else writes to it (", where, ")."),
                offset);
}

Error back_too_far(std::uint64_t offset, std::uint64_t held_offset)
{
    return make(ErrorKind::kUploadLost,
                cat("The server went back to byte ", offset,
                    ", but what it had confirmed is no longer held before byte ", held_offset,
                    ": raise rollback-margin for this server."),
                offset);
}

Error sent_again(std::uint64_t bytes)
{
    return make(ErrorKind::kServer, cat("The server lost ", bytes,
                                        " bytes that it had confirmed; they are sent again."));
}

Error not_ours(Error refusal, bool heard_of)
{
    refusal.message += cat(heard_of ? "" : " No byte was sent to it: check upload-url.",
                           " It is not made anew, since this recording did not begin it; without "
                           "upload-url a recording gets an upload of its own.");
    return refusal;
}

Error cut_off(std::uint64_t max_size)
{
    return make(
        ErrorKind::kTooLarge,
        cat("The server takes at most ", max_size,
            " bytes. The upload was finished with the bytes that fit; the rest is not there."),
        max_size);
}

Error cut_off_unfinished(Error reason, std::uint64_t max_size)
{
    reason.kind = ErrorKind::kTooLarge;
    reason.message =
        cat("The recording has more than the ", max_size,
            " bytes that the server takes, and what fits could not be finished. ", reason.message);
    return reason;
}

Error no_more_parts(std::uint64_t end)
{
    return make(ErrorKind::kNoSpace,
                cat("The list of partial uploads is as long as servers take it, and there is no "
                    "room here for the rest of the recording: what there was, ",
                    end,
                    " bytes, is joined at the server. Longer recordings need more room: "
                    "max-memory, spool-mode, max-spool-size."),
                end);
}

Error no_room_for_head(std::uint64_t max_size)
{
    return make(ErrorKind::kTooLarge,
                cat("The server takes at most ", max_size,
                    " bytes, and the recording has more. Its parts are not joined, since the first "
                    "bytes (seekable-header) could not be what they should be at its end."),
                max_size);
}

Error no_more_parts_with_head(std::uint64_t end)
{
    return make(ErrorKind::kNoSpace,
                cat("The list of partial uploads is as long as servers take it, and there is no "
                    "room here for the rest of the recording after ",
                    end,
                    " bytes. They are not joined, since the first bytes (seekable-header) could "
                    "not be what they should be at its end. Longer recordings need more room: "
                    "max-memory, spool-mode, max-spool-size."),
                end);
}

// --- its end -------------------------------------------------------------------------------------

Error length_not_noted(std::uint64_t acked, const std::string &where)
{
    return make(ErrorKind::kProtocol,
                cat("The server has ", acked,
                    " bytes, which is all, but it does not note the length that is declared at "
                    "the end: it does not know that the upload is complete (",
                    where, ")."),
                acked);
}

Error silent_about_length(std::uint64_t acked, const std::string &where)
{
    return make(ErrorKind::kProtocol,
                cat("The server has ", acked,
                    " bytes, but says neither that it knows the length of the upload nor that it "
                    "does not (",
                    where, ")."),
                acked);
}

Error other_length(std::uint64_t length, std::uint64_t total, const std::string &where)
{
    return make(ErrorKind::kProtocol,
                cat("The server takes the upload for one of ", length,
                    " bytes, which nobody told it; the recording has ", total, " (", where, ")."));
}

Error length_of_more(std::uint64_t length, std::uint64_t known, const std::string &where)
{
    return make(ErrorKind::kProtocol,
                cat("The server waits for ", length, " bytes, of which the last ", length - known,
                    " were lost with the program that recorded them (", where, ")."));
}

Error uploaded_anew(Error reason)
{
    reason.message += " All bytes are still here: the recording is uploaded anew, with its length.";
    return reason;
}

Error not_confirmed(Error refusal)
{
    refusal.message = cat("The server took all bytes, but HEAD, which would confirm that the "
                          "upload is complete, is not possible (HTTP ",
                          refusal.http_status, "): let HEAD through.");
    return refusal;
}

Error not_finished(Error refusal)
{
    refusal.message = cat("The server has all bytes but could not finish the upload. ",
                          refusal.message, " Asked again, it does not do better.");
    refusal.retryable = true;
    return refusal;
}

Error finished_after_all(Error refusal)
{
    refusal.message = cat("The server failed to finish the upload (HTTP ", refusal.http_status,
                          "); asked again, it says that it has. Look whether the file is there.");
    return refusal;
}

std::string moved_away(int status, const std::string &where)
{
    return cat("HTTP ", status, " for the complete upload (", where,
               "): the server has moved it away.");
}

Error no_concatenation(const std::string &where)
{
    return make(ErrorKind::kSettings, cat("The server does not offer concatenation (", where,
                                          "). Use length-mode=auto."));
}

Error no_seekable_header(const std::string &where)
{
    return make(ErrorKind::kSettings,
                cat("The server does not offer concatenation (", where,
                    "), which seekable-header needs while a recording is uploaded. Use "
                    "length-mode=spool (it is uploaded from disk when it ends), or no "
                    "seekable-header and a muxer that does not go back (mp4mux "
                    "fragment-duration=1000, matroskamux streamable=true, mpegtsmux)."));
}

Error joined_wrongly(const Answer &answer, std::uint64_t total, const std::string &where)
{
    const std::string has = answer.upload_length.value_or(total) != total
                                ? cat("a length of ", *answer.upload_length)
                                : cat(answer.upload_offset.value_or(0));
    return with_status(
        make(ErrorKind::kProtocol, cat("The joined upload has ", has, " bytes, the recording ",
                                       total, " (", where, ").")),
        answer.status);
}

Error not_joined_yet(std::uint64_t offset, std::uint64_t total, const std::string &where)
{
    return make(ErrorKind::kServer, cat("The server has joined ", offset, " of ", total,
                                        " bytes of the partial uploads (", where, ")."));
}

} // namespace gsttus::failures
