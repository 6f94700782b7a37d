// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything this plugin puts on the bus: errors, warnings, progress and element messages.
// Any thread, but never with a lock held. Foreign texts come in redacted; addresses are cut here.
#pragma once

#include "base/error.h"
#include "last_words.h"
#include "upload/live_upload.h"

#include <string>

#include <gst/gst.h>

namespace gsttus {

struct GstCode {
    GQuark domain = 0;
    int code = 0;
};

GstCode gst_code(ErrorKind kind);

// Which recording a message is about.
struct About {
    std::string location;       // its name; empty: it has none
    std::uint64_t video_id = 0; // 0: none, or not known
};

// Where an upload stands, for the details of an error; empty: not known.
struct Whereabouts {
    std::string upload_url{};
    std::string spool_path{};
    About about{};
};

// Fields http-status-code, upload-offset, upload-url, retryable, spool-path, location, video-id,
// where they exist.
GstStructure *error_details(const Error &error, const Whereabouts &whereabouts);

// What the user reads: a sentence, and what finishes that which is kept.
std::string user_text(const Error &error, const Whereabouts &whereabouts = {});
Taken post_error(GstElement *element, const Error &error, const Whereabouts &whereabouts = {});
Taken post_warning(GstElement *element, const Error &error, const Whereabouts &whereabouts = {});

// The stream is none that can be uploaded: it goes back, or will. `position`: bytes taken.
void post_stream_error(GstElement *element, const std::string &text, const std::string &debug,
                       std::uint64_t position, const About &about);

// The element message of a notice, with the field location; an outage has a WARNING too.
void post(GstElement *element, const Notice &notice, const About &about);

// GST_MESSAGE_PROGRESS with code "upload": from EOS to confirmed. Besides its usual fields it has
// location; `percent`: of what was recorded, at the server.
void post_drain(GstElement *element, GstProgressType type, const std::string &text, int percent,
                const About &about);
int drain_percent(std::uint64_t bytes_acked, std::uint64_t bytes_rendered); // 0 to 100
std::string drain_text(const UploadProgress &progress);                     // "62 %, 8.1 Mbit/s"

} // namespace gsttus
