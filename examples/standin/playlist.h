// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// HLS and DASH for a recording as it was uploaded, where its file can be played so: a playlist and
// a manifest whose segments are byte ranges of the file. Nothing is remuxed or transcoded.
#pragma once

#include "fragments.h"

#include <memory>

namespace gsttus::standin {

// What players are to be told of a file.
struct Streams {
    std::uint64_t size = 0; // of the file
    double seconds = 0;
    std::optional<Fragments> mp4{}; // nothing: an MPEG transport stream

    // Its tracks are apart, as DASH wants them.
    bool dash() const { return mp4 && !mp4->mixed; }
};

// nullptr: the file cannot be played over HLS as it is. How long a transport stream lasts must be
// known.
std::shared_ptr<const Streams> find_streams(const ReadAt &read, std::uint64_t size,
                                            std::uint64_t duration_ms);

// `media` is the address of the file, without an ending.
std::string hls_playlist(const Streams &streams, const std::string &media);

// Only where dash() is true. What header_of_track() makes is at `headers` + ID + ".mp4".
std::string dash_manifest(const Streams &streams, const std::string &media,
                          const std::string &headers);

} // namespace gsttus::standin
