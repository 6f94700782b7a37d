// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The error table of the protocol. Sources: tus 1.0.0 sections named below; the ERR_ texts are
// those of tusd, the others of @tus/server, tusdotnet and rustus.
#include "tus/answer_rules.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

namespace gsttus {

namespace {

bool contains(const std::string &text, std::string_view part)
{
    return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) ==
                      std::tolower(static_cast<unsigned char>(b));
           }) != text.end();
}

bool contains_any(const std::string &text, std::initializer_list<std::string_view> parts)
{
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return contains(text, part); });
}

// Means the same whatever was asked.
std::optional<Verdict> classify_common(const Answer &answer)
{
    switch (answer.status) {
    case 307:
    case 308:
        return answer.location.empty() && answer.refused_location.empty() ? Verdict::kFatal
                                                                          : Verdict::kRedirect;
    case 401:
        return Verdict::kRenew;
    case 408: // slow network or proxy
    case 425:
    case 429:
        return Verdict::kBusy;
    case 423: // not in the tus text, but every server that locks and answers at once
        return Verdict::kLocked;
    case 412: // Core Protocol: Tus-Version not supported
    case 505:
        return Verdict::kFatal;
    default:
        break;
    }
    if (answer.status >= 200 && answer.status < 300)
        return Verdict::kSuccess;
    if (answer.status >= 300 && answer.status < 400)
        return Verdict::kFatal;
    return std::nullopt;
}

Verdict classify_options(const Answer &answer)
{
    if (answer.status >= 500 && answer.status != 501)
        return Verdict::kBusy;
    return Verdict::kFatal; // cannot be asked: the machine goes on without knowing
}

Verdict classify_create(const Answer &answer)
{
    // Creation: Upload-Defer-Length that the server does not understand
    const bool about_length = contains_any(answer.text, {"length", "defer"});
    switch (answer.status) {
    case 403:
        return Verdict::kRenew;
    case 404:
    case 410:
        return Verdict::kGone;
    case 409:
        return Verdict::kLocked;
    case 413:
        return Verdict::kTooLarge;
    case 417:
        return Verdict::kNoExpect;
    case 501:
        return Verdict::kNoDefer;
    case 400:
    case 411:
    case 422:
        return about_length ? Verdict::kNoDefer : Verdict::kFatal;
    default:
        return answer.status >= 500 ? Verdict::kBusy : Verdict::kFatal;
    }
}

Verdict classify_patch_400(const Answer &answer)
{
    if (contains(answer.text, "ERR_UPLOAD_STOPPED"))
        return Verdict::kFatal;
    if (contains_any(answer.text,
                     {"ERR_UPLOAD_INTERRUPTED", "ERR_UNEXPECTED_EOF", "lock acquired"}))
        return Verdict::kInterrupted;
    if (contains_any(answer.text,
                     {"ERR_INVALID_UPLOAD_LENGTH", "once set", "already known", "already complete",
                      "frozen", "Upload-Length or Upload-Defer-Length"}))
        return Verdict::kLengthKnown;
    if (contains(answer.text, "checksum"))
        return Verdict::kChecksum;
    return Verdict::kDoubtful;
}

Verdict classify_patch(const Answer &answer)
{
    switch (answer.status) {
    case 400:
        return classify_patch_400(answer);
    case 403: // concatenation: PATCH to a final upload; @tus/server: a header was lost on the way
        return contains_any(answer.text, {"final", "header", "concatenat", "invalid offset"})
                   ? Verdict::kDoubtful
                   : Verdict::kRenew;
    case 404:
    case 410:
        return Verdict::kGone;
    case 405:
    case 501:
        return Verdict::kNoMethod;
    case 409: // Core Protocol, PATCH: offsets differ, nothing was modified
        return Verdict::kConflict;
    case 413:
        return contains_any(answer.text, {"ERR_MAX_SIZE_EXCEEDED", "ERR_UPLOAD_SIZE_EXCEEDED",
                                          "maximum size exceeded", "upload's size exceeded"})
                   ? Verdict::kTooLarge
                   : Verdict::kShrink;
    case 417:
        return contains(answer.text, "checksum") ? Verdict::kChecksum : Verdict::kNoExpect;
    case 460: // Checksum: mismatch, the chunk was discarded
        return Verdict::kChecksum;
    default:
        return answer.status >= 500 ? Verdict::kBusy : Verdict::kDoubtful;
    }
}

Verdict classify_head(const Answer &answer)
{
    switch (answer.status) {
    case 403: // Core Protocol, HEAD: 404, 410 or 403 for an upload that is not there
        return Verdict::kRenew;
    case 404:
    case 410:
        return Verdict::kGone;
    case 409:
        return Verdict::kLocked;
    case 405:
    case 501:
        return Verdict::kFatal;
    default:
        return answer.status >= 500 ? Verdict::kBusy : Verdict::kDoubtful;
    }
}

const char *words_for(RequestKind request)
{
    switch (request) {
    case RequestKind::kOptions:
        return "asking what the server can do";
    case RequestKind::kCreate:
        return "creating the upload";
    case RequestKind::kPatch:
        return "sending data";
    case RequestKind::kHead:
        return "asking for the offset";
    }
    return "talking to the server";
}

constexpr std::size_t kMostWords = 200; // of a server, in a sentence

struct Advice {
    int status;
    ErrorKind kind;
    const char *text;
};

constexpr std::array kAdvice = {
    Advice{301, ErrorKind::kProtocol, "The address has moved: set the new one as endpoint."},
    Advice{302, ErrorKind::kProtocol, "The address has moved: set the new one as endpoint."},
    Advice{303, ErrorKind::kProtocol, "The address has moved: set the new one as endpoint."},
    Advice{400, ErrorKind::kServer,
           "The server does not accept the request: check endpoint and metadata."},
    Advice{401, ErrorKind::kNotAuthorized, "The credentials were refused: check them."},
    Advice{403, ErrorKind::kNotAuthorized, "Access was refused: check the credentials."},
    Advice{404, ErrorKind::kNotFound, "Nothing is there: check the address."},
    Advice{405, ErrorKind::kServer, "The address does not take uploads: check the endpoint."},
    Advice{410, ErrorKind::kNotFound, "It is gone: the upload has expired or was removed."},
    Advice{412, ErrorKind::kProtocol, "It refused a header of the request."},
    Advice{413, ErrorKind::kTooLarge, "It is more than the server takes."},
    Advice{415, ErrorKind::kProtocol, "A proxy may have removed the Content-Type header."},
    Advice{431, ErrorKind::kTooLarge, "The request's headers are more than it takes."},
    Advice{501, ErrorKind::kServer, "The server does not offer what the upload needs."},
};

// 412 is for a version that is not supported (Core Protocol), and for any header that a server does
// not like (tus-node-server, fastapi-tusd): only the server's own words tell which.
std::string precondition(const Answer &answer)
{
    const std::vector<std::string> &versions = answer.versions;
    if (!versions.empty() && std::find(versions.begin(), versions.end(), "1.0.0") == versions.end())
        return cat(" The server speaks tus ", versions.front(), ", not 1.0.0.");
    const std::string &text = answer.text;
    if (text.empty() || text.find('<') != std::string::npos) // nothing, or a page
        return {};
    std::size_t size = std::min(text.size(), kMostWords);
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
        --size; // not in the middle of a character
    return cat(" It says: ", text.substr(0, size));
}

} // namespace

Verdict classify(RequestKind request, const Answer &answer)
{
    if (answer.refused_metadata)
        return Verdict::kMetadata;
    if (const std::optional<Verdict> common = classify_common(answer))
        return *common;
    switch (request) {
    case RequestKind::kOptions:
        return classify_options(answer);
    case RequestKind::kCreate:
        return classify_create(answer);
    case RequestKind::kPatch:
        return classify_patch(answer);
    case RequestKind::kHead:
        return classify_head(answer);
    }
    return Verdict::kFatal;
}

bool is_about_open_body(const Answer &answer)
{
    const Verdict verdict = classify(RequestKind::kPatch, answer);
    if (verdict == Verdict::kInterrupted || verdict == Verdict::kLengthKnown)
        return false;
    switch (answer.status) {
    case 400:
    case 408:
    case 411:
    case 413:
    case 415:
    case 417:
    case 422:
    case 501:
    case 505:
        return true;
    default:
        return false;
    }
}

Trouble trouble_of(const Answer &answer)
{
    // tusd says 500 when nobody let go of the upload in time
    if (answer.text.find("LOCK") != std::string::npos ||
        answer.text.find("acquire lock") != std::string::npos)
        return Trouble::kLocked;
    return Trouble::kBusy;
}

Error describe(RequestKind request, const Answer &answer, const std::string &where)
{
    Error error;
    error.http_status = answer.status;
    error.kind = ErrorKind::kServer;
    error.message = cat("The server answered HTTP ", answer.status, " when ", words_for(request),
                        " (", where, ").");
    const auto *advice = std::find_if(kAdvice.begin(), kAdvice.end(),
                                      [&](const Advice &a) { return a.status == answer.status; });
    if (advice != kAdvice.end()) {
        error.kind = advice->kind;
        error.message += cat(' ', advice->text);
    }
    if (answer.status == 412)
        error.message += precondition(answer);
    if (answer.refused_metadata) {
        error.kind = ErrorKind::kNotAuthorized;
        error.message += " The upload token was refused.";
    }
    const Verdict verdict = classify(request, answer);
    error.retryable = verdict == Verdict::kBusy || verdict == Verdict::kLocked;
    error.detail = answer.text;
    return error;
}

} // namespace gsttus
