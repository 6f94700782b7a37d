// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an UploadMachine is made with: values that stay the same for the whole recording.
#pragma once

#include "tus/events.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gsttus {

// An upload that another process began: what its journal says.
struct ResumePoint {
    std::string upload_url;              // empty: none was created yet
    std::optional<std::uint64_t> origin; // nullopt: nothing was sent yet, HEAD tells
    LengthMode mode = LengthMode::kAuto;
    std::vector<std::string> parts; // concatenation: finished partial uploads
    std::uint64_t released = 0;     // stream position up to which nothing has to be sent again
    bool joined = false;            // to upload_url
    bool given = false;             // somebody else made it (upload-url): it is not removed
};

struct MachineConfig {
    std::uint64_t chunk_size = std::uint64_t{8} << 20;      // most bytes in one PATCH
    std::uint64_t max_chunk_size = std::uint64_t{64} << 20; // the same, while a backlog is sent
    std::uint64_t min_chunk_size = 0;                       // not less before the end
    std::uint64_t chunk_align = 1;                          // every PATCH but the last
    LengthMode length_mode = LengthMode::kAuto;
    bool open_requests = false;          // see OpenRequests
    bool seekable_header = false;        // the first bytes come last: see Input::head
    bool can_spool = true;               // the store has a disk: length-mode spool is possible
    std::string upload_url;              // continue this upload; empty: create one
    std::optional<ResumePoint> recovery; // go on where it stopped
    std::string checksum;                // tus name of the algorithm ("sha1"); empty: none
    bool proved = false;           // this server has noted a length declared at the end before
    bool keep_until_proved = true; // what is acknowledged is kept until it has, see must_keep()
    bool keep_to_the_end = false;  // all of it is kept, whatever is acknowledged or proved
    std::uint64_t seed = 1;        // of the back-off jitter
};

} // namespace gsttus
