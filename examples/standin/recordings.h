// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What people call a recording, out of the uploads that the records hold: one upload, all parts of
// one (concatenation), or whatever came for a Gcore video. Values in, values out.
#pragma once

#include "snapshot.h"

#include <optional>
#include <string>
#include <vector>

namespace gsttus::standin {

// A file whose first `size` bytes are the next ones of a recording.
struct Piece {
    std::string path;
    std::uint64_t size = 0;
};

struct Recording {
    std::string key;  // stays the same while it grows: "v7" is Gcore's video 7
    std::string name; // as the client wrote it: never to be taken for HTML
    std::uint64_t video_id = 0;
    std::string status{}; // of the video
    std::string error{};
    std::uint64_t bytes = 0;
    std::optional<std::uint64_t> length{}; // once it was declared
    std::size_t parts = 0;                 // that hold its bytes; 0: it is one upload
    bool finished = false;
    bool removed = false;
    bool stored = true; // its bytes are here, not only counted
    std::int64_t created_us = 0;
    std::int64_t finished_us = 0;
    std::uint64_t number = 0; // of its newest upload; 0: none yet
    std::string sha256{};
    std::vector<Piece> pieces{}; // in order
};

// The newest first; what was removed before its first byte is left out.
std::vector<Recording> recordings_of(const Snapshot &snapshot);

} // namespace gsttus::standin
