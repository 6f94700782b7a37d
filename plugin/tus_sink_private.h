// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the files of GstTusSink share. Not for subclasses.
#pragma once

#include "base/mutex.h"
#include "recording.h"
#include "tus_sink.h"

#include <memory>
#include <vector>

// Lock order: PREROLL_LOCK, then this mutex, then the upload's own. No callback, signal, message
// or state change while it is held.
struct GstTusSinkImpl {
    gsttus::Mutex mutex;
    gsttus::Settings settings GUARDED_BY(mutex);
    std::shared_ptr<gsttus::Recording> recording GUARDED_BY(mutex); // above READY
    gsttus::UploadStats last GUARDED_BY(mutex);                     // of the recording that ended
    // of the recordings since READY, those of which something may not have been heard
    std::vector<std::shared_ptr<gsttus::LastWords>> last_words GUARDED_BY(mutex);
};

namespace gsttus {

GstTusSinkImpl &impl_of(gpointer object);
std::shared_ptr<Recording> recording_of(gpointer object); // nullptr: not above READY
UploadStats stats_of(gpointer object);                    // of this or the last recording
void say_last_words(gpointer object);                     // nobody reads the bus any more

// The action signal get-upload-url: g_free() it; nullptr: there is none. In
// tus_sink_properties.cpp.
char *whole_upload_url(GstTusSink *self);

// What the property upload-url shows.
std::string shown_upload_url(GstTusSink *self); // in tus_sink_properties.cpp

// Each from class_init: the vfuncs of one file.
void install_property_functions(GstTusSinkClass *klass); // tus_sink_properties.cpp
void install_state_functions(GstTusSinkClass *klass);    // tus_sink_states.cpp
void install_stream_functions(GstTusSinkClass *klass);   // tus_sink_stream.cpp
void init_uri_handler(gpointer iface, gpointer data);    // tus_sink_properties.cpp

} // namespace gsttus
