// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an HTTP answer means for the upload: one table for every request and status.
// Pure. The machine acts on the verdict; it looks at no status number itself.
#pragma once

#include "tus/events.h"
#include "tus/retry_policy.h"

namespace gsttus {

enum class RequestKind { kOptions, kCreate, kPatch, kHead };

enum class Verdict {
    kSuccess,     // 2xx
    kRedirect,    // 307, 308: the same request goes to Location
    kRenew,       // 401, 403: credentials
    kMetadata,    // the token in the metadata was refused: get a new one, once
    kGone,        // 404, 410: no such upload (a creation: wrong endpoint)
    kNoDefer,     // the server can not create an upload of unknown length
    kNoMethod,    // 405, 501 on PATCH: try X-HTTP-Method-Override
    kBusy,        // 5xx, 429, 408, 425: later
    kConflict,    // 409 on PATCH: our idea of the offset is wrong, or somebody holds the upload
    kLocked,      // 423 and its relatives: somebody holds the upload, wait
    kInterrupted, // the server stopped this request itself; what it took is kept
    kLengthKnown, // it knows the length already: ask, go on without Upload-Length
    kShrink,      // 413: smaller requests
    kTooLarge,    // more than the server takes at all
    kNoExpect,    // 417
    kChecksum,    // 460: the bytes arrived damaged
    kDoubtful,    // may be a passing fault of something between: once more, then fatal
    kFatal,       // will not get better
};

Verdict classify(RequestKind request, const Answer &answer);

// A PATCH whose body stayed open is not liked for that, or came too slowly; whoever says it, the
// server or a proxy.
bool is_about_open_body(const Answer &answer);

// The kind of pause that a busy server needs.
Trouble trouble_of(const Answer &answer);

// The error that a user reads when the verdict ends the upload. `where` is a redacted URL.
Error describe(RequestKind request, const Answer &answer, const std::string &where);

} // namespace gsttus
