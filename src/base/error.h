// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What went wrong, as a value: one type from the socket to the GStreamer message.
// Must not know GLib, GStreamer, HTTP libraries, or who will read it.
// A text in an Error never carries a secret; see redact.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gsttus {

enum class ErrorKind {
    kSettings,      // the user's values are wrong or contradict each other
    kNotAuthorized, // key, token or credentials refused
    kNotFound,      // wrong URL, unknown video, no such upload at creation
    kNetwork,       // no answer: refused, reset, unreachable, no name
    kTimeout,       // no answer in time, or a bound (outage, drain, stop) has passed
    kTls,           // certificate or handshake refused
    kClock,         // a certificate is not valid yet, or not any more, by this machine's clock
    kProtocol,      // the other side answered something that the protocol does not allow
    kServer,        // the other side refused (4xx) or failed (5xx)
    kUploadLost,    // the upload is gone at the server and can not be made again
    kTooLarge,      // more than the server takes
    kNoSpace,       // disk full, or max-spool-size reached
    kDisk,          // a disk that fails in another way
    kCancelled,     // we were told to stop
    kInternal,      // a mistake in this program
};

struct Error {
    ErrorKind kind = ErrorKind::kInternal;
    std::string message{};  // one sentence for users: what stopped, where, what to do
    std::string detail{};   // for debugging: what the other side said
    int http_status = 0;    // 0: no HTTP answer was involved
    bool retryable = false; // the same thing may work later
    std::optional<std::uint64_t> offset{}; // server offset, in bytes, where it stopped
};

const char *to_string(ErrorKind kind);

} // namespace gsttus
