// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an upload tells the application besides trouble: facts as values. Another one is a struct
// here and a row of Notice; how it looks on the bus: plugin/bus.cpp.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "upload/target.h"

#include <cstdint>
#include <string>
#include <variant>

namespace gsttus {

struct UploadProgress {
    std::uint64_t bytes_rendered = 0, bytes_acked = 0, upload_rate = 0;
    bool draining = false; // EOS has been given
};

struct UploadCreated {
    std::string upload_url, endpoint, length_mode;
};

struct UploadStalled {
    Error reason; // http_status in it
    std::uint64_t attempt = 0;
    Duration retry_in{};
    std::uint64_t bytes_pending = 0;
    bool first = false; // of all uploads of this process in this outage: deserves a WARNING
};

struct UploadResumed {
    std::uint64_t offset = 0;
    Duration outage_time{};
    std::uint64_t bytes_resent = 0;
};

struct UploadComplete {
    std::string upload_url;
    std::uint64_t bytes = 0;
    Duration elapsed{};    // since start
    Duration drain_time{}; // finish() to confirmed
    std::string sha256{};  // of the recording; empty: not known
};

// What is left on disk after a stop or an error.
struct UploadKept {
    std::string path;                // the folder
    std::uint64_t bytes_missing = 0; // at the server
    std::string command;             // finishes it
    bool is_whole = true;            // FALSE: the disk did not take all of them
    std::string elsewhere{};         // sends it to another address; empty: this one is right
};

// The upload is no longer at the server.
struct UploadRemoved {
    std::string upload_url;
};

// What finishes the upload in `folder`, for a shell; `again`: sends a whole recording once more.
std::string recover_command(const std::string &folder, bool again = false);

using Notice =
    std::variant<UploadCreated, UploadProgress, UploadStalled, UploadResumed, UploadComplete,
                 UploadKept, UploadRemoved, VideoCreated, VideoDeleted, VideoStatus>;

} // namespace gsttus
