// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The one GStreamer debug category of the plugin, "tus". Nothing here may print anywhere else.
#pragma once

#include <gst/gst.h>

GST_DEBUG_CATEGORY_EXTERN(gst_tus_debug);
#define GST_CAT_DEFAULT gst_tus_debug

namespace gsttus {

// Makes the category and points the library's log lines at it. Idempotent, any thread.
void init_debug();

} // namespace gsttus
