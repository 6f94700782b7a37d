// GStreamer in a test program: as gst_init(), and ready to be asked what outlives it.
#pragma once

#include <cstdlib>

#include <gst/gst.h>

namespace gsttus::test {

inline void init_gst()
{
    gst_init(nullptr, nullptr);
    if (g_getenv("GST_TRACERS"))
        std::atexit(gst_deinit); // which is when the leaks tracer looks
}

} // namespace gsttus::test
