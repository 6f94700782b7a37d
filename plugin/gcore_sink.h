// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GstGcoreSink: a GstTusSink whose target is Gcore Video Streaming. Adds the properties of the
// video and nothing else.
#pragma once

#include "tus_sink.h"

G_BEGIN_DECLS

#define GST_TYPE_GCORE_SINK (gst_gcore_sink_get_type())
G_DECLARE_FINAL_TYPE(GstGcoreSink, gst_gcore_sink, GST, GCORE_SINK, GstTusSink)

GST_ELEMENT_REGISTER_DECLARE(gcoresink)

G_END_DECLS
