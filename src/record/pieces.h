// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The numbers of --every, counted here while it records.
#pragma once

#include <gst/gst.h>

namespace gsttus {

// From the start-index that a splitmuxsink has; before it starts. With that property of its own and
// async-finalize, that of GStreamer 1.26 and newer has a first sink too many, and never ends.
void count_pieces(GstElement *splitter);

} // namespace gsttus
