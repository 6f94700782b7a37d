// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From words to a pipeline, and whether an element is there.
#pragma once

#include "base/result.h"
#include "glib/ptr.h"
#include "record/words.h"

#include <gst/gst.h>

namespace gsttus {

bool is_installed(const char *element);

// Error: GStreamer's words for it.
Result<GRef<GstElement>> make_pipeline(const Words &words);

} // namespace gsttus
