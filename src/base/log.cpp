// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Hands each line to whoever took the lines last. Any thread; keeps no text and filters nothing.
#include "base/log.h"

#include <atomic>

namespace gsttus {

namespace {
std::atomic<LogSink> current_sink{nullptr};
} // namespace

void set_log_sink(LogSink sink)
{
    current_sink.store(sink);
}

void log(LogLevel level, const char *area, std::string_view text, const LogPlace &place)
{
    if (LogSink sink = current_sink.load())
        sink(level, area, text, place);
}

} // namespace gsttus
