// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The pattern is what pipeline_of() writes: one number, and "%%" for each percent sign.
#include "record/pieces.h"

#include "glib/ptr.h"

#include <string>

namespace gsttus {

namespace {

struct Count {
    std::string pattern;
    guint first = 0;
};

char *name_of_piece(GstElement * /*splitter*/, guint fragment, gpointer data)
{
    const auto *count = static_cast<const Count *>(data);
    return g_strdup_printf(count->pattern.c_str(), static_cast<int>(count->first + fragment));
}

} // namespace

void count_pieces(GstElement *splitter)
{
    int first = 0;
    char *pattern = nullptr;
    g_object_get(splitter, "start-index", &first, "location", &pattern, nullptr);
    const GCharOwn owned(pattern);
    if (first == 0 || !pattern)
        return;
    g_object_set(splitter, "start-index", 0, nullptr);
    g_signal_connect_data(
        splitter, "format-location", G_CALLBACK(name_of_piece),
        new Count{pattern, static_cast<guint>(first)},
        [](gpointer data, GClosure * /*closure*/) { delete static_cast<Count *>(data); },
        static_cast<GConnectFlags>(0));
}

} // namespace gsttus
