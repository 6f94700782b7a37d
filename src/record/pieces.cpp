// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The name is what pipeline_of() writes: one "%05d", and "%%" for each percent sign.
#include "record/pieces.h"

#include "glib/ptr.h"

#include <string>
#include <string_view>

namespace gsttus {

namespace {

struct Count {
    std::string pattern;
    guint first = 0;
};

char *name_of_piece(GstElement * /*splitter*/, guint fragment, gpointer data)
{
    constexpr std::string_view kNumber = "%05d";
    const auto *count = static_cast<const Count *>(data);
    const std::string_view pattern = count->pattern;
    std::string name;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern.substr(i, kNumber.size()) == kNumber) {
            const GCharOwn number(g_strdup_printf("%05u", count->first + fragment));
            name += number.get();
            i += kNumber.size() - 1;
        } else {
            name += pattern[i];
            i += pattern.substr(i, 2) == "%%" ? 1 : 0;
        }
    }
    return g_strdup(name.c_str());
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
