// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The names of the kinds of errors, as messages and logs show them.
#include "base/error.h"

namespace gsttus {

const char *to_string(ErrorKind kind)
{
    switch (kind) {
    case ErrorKind::kSettings:
        return "settings";
    case ErrorKind::kNotAuthorized:
        return "not-authorized";
    case ErrorKind::kNotFound:
        return "not-found";
    case ErrorKind::kNetwork:
        return "network";
    case ErrorKind::kTimeout:
        return "timeout";
    case ErrorKind::kTls:
        return "tls";
    case ErrorKind::kClock:
        return "clock";
    case ErrorKind::kProtocol:
        return "protocol";
    case ErrorKind::kServer:
        return "server";
    case ErrorKind::kUploadLost:
        return "upload-lost";
    case ErrorKind::kTooLarge:
        return "too-large";
    case ErrorKind::kNoSpace:
        return "no-space";
    case ErrorKind::kDisk:
        return "disk";
    case ErrorKind::kCancelled:
        return "cancelled";
    case ErrorKind::kInternal:
        return "internal";
    }
    return "unknown";
}

} // namespace gsttus
