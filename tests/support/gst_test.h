// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GStreamer in a test program: as gst_init(), and ready to be asked what outlives it; what this
// machine lacks is skipped aloud.
#pragma once

#include <cstdlib>
#include <string>

#include <gst/gst.h>

namespace gsttus::test {

inline void init_gst()
{
    gst_init(nullptr, nullptr);
    if (g_getenv("GST_TRACERS"))
        std::atexit(gst_deinit); // which is when the leaks tracer looks
}

// All of them are there ("x264enc mp4mux"); else the test is skipped, and says for want of which.
inline bool have_elements(const std::string &names)
{
    char **list = g_strsplit(names.c_str(), " ", -1);
    std::string missing;
    for (char **name = list; *name && missing.empty(); ++name) {
        GstElementFactory *factory = gst_element_factory_find(*name);
        if (factory)
            gst_object_unref(factory);
        else
            missing = *name;
    }
    g_strfreev(list);
    if (!missing.empty())
        g_test_skip(("no " + missing).c_str());
    return missing.empty();
}

} // namespace gsttus::test
