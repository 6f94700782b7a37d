// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a stream tells about itself: its MIME type, and whether an MP4 keeps its index for the end.
// Must not know elements or uploads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <gst/gst.h>

namespace gsttus {

// "video/mp4" for "video/quicktime,variant=iso", … Empty: nothing worth telling a server.
// Of several alternatives the first counts: muxers list video before audio.
std::string mime_from_caps(const GstCaps *caps);

// The first parameter that has another value in `now`: "width 1280, then 640". Empty: none has.
// What only one of them has is no change, nor are headers of the codec.
std::string changed_parameter(const GstCaps *before, const GstCaps *now);

// Whether a stream of these caps is packets whose borders only a container keeps, so that nobody
// can read it back from a file: Opus, or H.264 with its lengths, for example.
bool needs_a_container(const GstCaps *caps);

// Watches the first boxes of the stream go by. No allocation, no copy.
class Mp4Check {
public:
    // TRUE once: media data came before any "moov", so that nothing is playable until the end.
    bool index_is_missing(std::span<const std::byte> data);

private:
    bool take_header(); // FALSE: there is nothing more to learn

    std::array<unsigned char, 16> header_{};
    std::size_t header_size_ = 0; // bytes of it that have been seen
    std::uint64_t skip_ = 0;      // bytes until the next box
    bool started_ = false;        // "ftyp" was there
    bool missing_ = false;
    bool done_ = false;
};

} // namespace gsttus
