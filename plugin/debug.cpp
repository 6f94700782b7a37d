// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The category, and the library's log lines on their way into it.
#include "debug.h"

#include "base/log.h"

GST_DEBUG_CATEGORY(gst_tus_debug);

namespace gsttus {

namespace {

GstDebugLevel gst_level(LogLevel level)
{
    switch (level) {
    case LogLevel::kError:
        return GST_LEVEL_ERROR;
    case LogLevel::kWarning:
        return GST_LEVEL_WARNING;
    case LogLevel::kInfo:
        return GST_LEVEL_INFO;
    case LogLevel::kDebug:
        return GST_LEVEL_DEBUG;
    case LogLevel::kTrace:
        return GST_LEVEL_TRACE;
    }
    return GST_LEVEL_DEBUG;
}

void log_to_gstreamer(LogLevel level, const char *area, std::string_view text,
                      const LogPlace &place)
{
    if (gst_level(level) > gst_debug_category_get_threshold(gst_tus_debug))
        return;
    gst_debug_log(gst_tus_debug, gst_level(level), place.file, place.function, place.line, nullptr,
                  "%s: %.*s", area, static_cast<int>(text.size()), text.data());
}

} // namespace

void init_debug()
{
    static const bool kDone = [] {
        GST_DEBUG_CATEGORY_INIT(gst_tus_debug, "tus", 0, "live uploads over tus");
        set_log_sink(log_to_gstreamer);
        return true;
    }();
    static_cast<void>(kDone);
}

} // namespace gsttus
