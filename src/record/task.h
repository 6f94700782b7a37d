// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What gst-tus-record was asked for, as values.
#pragma once

#include <cstdint>
#include <string>

namespace gsttus {

enum class SourceKind { kTest, kScreen, kCamera, kMicrophone, kRtsp, kFile, kStdin };

struct RecordTask {
    SourceKind source = SourceKind::kTest;
    std::string location;       // of a file, or of a camera in the network, without its login
    std::string user, password; // of that camera; secret
    std::string device;         // its name, as --list shows it; empty: the first one
    std::string to;             // a tus server's endpoint; empty: Gcore
    std::string name;           // of the recording; never empty
    std::string copy;           // a file; empty: none
    std::string audio;          // "none", a device's name; empty: what goes with the source
    std::string container = "mp4";
    std::string wait_status = "none"; // as gcoresink's property
    std::uint64_t every_seconds = 0;  // a new recording each time; 0: one
    std::uint64_t first_piece = 0;    // number of the first of them
    std::uint64_t seconds = 0;        // its length; 0: until it ends or is ended
    std::uint64_t bitrate = 4'000'000;
    bool dry_run = false;
    bool list = false;
};

// Bytes that go up as they are: nothing is encoded, no container is written.
inline bool is_sent_as_it_is(SourceKind kind)
{
    return kind == SourceKind::kFile || kind == SourceKind::kStdin;
}

} // namespace gsttus
