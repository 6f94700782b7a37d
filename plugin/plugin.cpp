// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * plugin-tus:
 *
 * Live uploads over tus 1.0.0: tussink to any server, gcoresink to Gcore Video Streaming.
 */
// Registration only.
#include "debug.h"
#include "gcore_sink.h"
#include "gsttus_version.h"
#include "tus_sink.h"

#define PACKAGE "gst-tus"

static gboolean plugin_init(GstPlugin *plugin)
{
    gsttus::init_debug();
    const gboolean tus = GST_ELEMENT_REGISTER(tussink, plugin);
    const gboolean gcore = GST_ELEMENT_REGISTER(gcoresink, plugin);
    return tus && gcore;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, tus,
                  "Live uploads over tus 1.0.0, also to Gcore Video Streaming", plugin_init,
                  GSTTUS_VERSION, "LGPL", "gst-tus", "https://tus.io")
