// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GstTusSink: a GstBaseSink that streams what arrives to a tus server. Derivable: a subclass says
// where an upload goes (make_target) and is told what the target has to tell.
// Thin: properties, states, render, EOS. No HTTP word, no offset arithmetic, no retry.
#pragma once

#include "settings.h"
#include "upload/target.h"

#include <memory>
#include <optional>
#include <string>

#include <gst/base/gstbasesink.h>

G_BEGIN_DECLS

#define GST_TYPE_TUS_SINK (gst_tus_sink_get_type())
G_DECLARE_DERIVABLE_TYPE(GstTusSink, gst_tus_sink, GST, TUS_SINK, GstBaseSink)

struct _GstTusSinkClass {
    GstBaseSinkClass parent_class;

    // Checks the settings and makes the target of a recording. Application thread, no network.
    gsttus::Result<std::unique_ptr<gsttus::Target>> (*make_target)(
        GstTusSink *self, const gsttus::Settings &settings);
    // The video that the recording goes into; 0: none, or not known. Any thread, no lock held.
    std::uint64_t (*current_video)(GstTusSink *self);
    // The largest recording that the service takes, in bytes; 0: any.
    std::uint64_t most_bytes;
    // A recording begins: forget the last one's. Application thread.
    void (*recording_begins)(GstTusSink *self);
    // Everything that the upload tells, before it is on the bus. Upload thread, no lock held.
    void (*noticed)(GstTusSink *self, const gsttus::Notice &notice);
};

GST_ELEMENT_REGISTER_DECLARE(tussink)

G_END_DECLS

namespace gsttus {

// Whether READY-only settings are in use, that is, above READY.
bool sink_is_running(GstTusSink *self);
// Tells the user that a property can not be changed now.
void warn_running(GstTusSink *self, const char *property);

// --- for the observer of a recording, on the upload thread ---
// What the property upload-url named needs no continuation, or is not there any more.
void sink_forgets_upload_url(GstTusSink *self);
std::optional<std::string> sink_refresh_authorization(GstTusSink *self);

} // namespace gsttus
