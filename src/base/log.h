// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Log lines leave the library through one function, which the plugin points at GStreamer's
// debug log. Whoever calls log() has passed foreign text through redact.h first.
#pragma once

#include <string_view>

namespace gsttus {

enum class LogLevel { kError, kWarning, kInfo, kDebug, kTrace };

// Where in the sources a line comes from; string literals. The compiler fills it in at the call.
struct LogPlace {
    const char *file = __builtin_FILE();
    const char *function = __builtin_FUNCTION();
    int line = __builtin_LINE();
};

// `area` is a string literal such as "machine", "http", "replay", "gcore".
using LogSink = void (*)(LogLevel level, const char *area, std::string_view text,
                         const LogPlace &place);

void set_log_sink(LogSink sink); // any thread; nullptr: nobody listens
void log(LogLevel level, const char *area, std::string_view text, const LogPlace &place = {});

} // namespace gsttus
