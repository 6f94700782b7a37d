// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the fragments of a fragmented MP4 file lie, and how long they last, from the headers of its
// boxes: samples are not read. Bytes in, values out; whatever a client has uploaded may be in them.
#pragma once

#include "media.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus::standin {

// So many bytes of a file from there on; fewer where it ends.
using ReadAt = std::function<std::string(std::uint64_t at, std::size_t size)>;

struct Track {
    std::uint32_t id = 0;
    std::string handler{};              // "vide", "soun" and so on
    std::uint32_t timescale = 1;        // units in a second
    std::uint32_t default_duration = 0; // of a sample
    std::uint32_t default_flags = 0;

    bool video() const { return handler == "vide"; }
};

struct Fragment {
    ByteRange bytes{};       // from where the one before ends to the end of its samples
    std::size_t track = 0;   // index; of several in one: the picture's, else the first
    std::uint64_t start = 0; // of its first sample, in units of the track
    std::uint64_t duration = 0;
    bool sync = false; // its first sample can be decoded without others
};

struct Fragments {
    std::uint64_t header = 0; // size of what a player must have before any fragment
    std::vector<Track> tracks{};
    std::vector<Fragment> all{}; // in the order of the file
    bool mixed = false;          // one fragment holds several tracks

    double seconds(const Fragment &fragment) const
    {
        return static_cast<double>(fragment.duration) / tracks[fragment.track].timescale;
    }

    double start(const Fragment &fragment) const
    {
        return static_cast<double>(fragment.start) / tracks[fragment.track].timescale;
    }
};

inline constexpr std::size_t kMostFragments = 1 << 17;
inline constexpr std::uint64_t kLargestHeader = 2 << 20;

// Nothing: it is no such file, or not one whose fragments mean the same without what is before
// them. A fragment that is not whole at the end is left out.
std::optional<Fragments> find_fragments(const ReadAt &read, std::uint64_t size);

// The header, made one of a file with this track only.
std::string header_of_track(std::string header, std::uint64_t track);

} // namespace gsttus::standin
