// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The bytes of a recording for a player: which of them a request asks for (Range), what kind they
// are, and reading them across the files of its parts. Knows neither sockets nor uploads.
#pragma once

#include "recordings.h"

#include <optional>
#include <string>
#include <string_view>

namespace gsttus::standin {

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t size = 0;
};

enum class RangeAnswer { kWhole, kPart, kOutside };

// What a Range header asks for of `total` bytes. One range only: to others the whole is an answer,
// too (RFC 9110, 14.2).
RangeAnswer read_range(const std::string *header, std::uint64_t total, ByteRange &range);

// "video/mp4" and so on, from the first bytes; what is no media is "application/octet-stream".
std::string media_type(std::string_view start);

// Reads from the files in order, each opened when its bytes are due. What is gone or shorter by now
// ends it early.
class MediaReader {
public:
    MediaReader(std::vector<Piece> pieces, ByteRange range)
        : pieces_(std::move(pieces)), range_(range)
    {
    }

    ~MediaReader();
    MediaReader(const MediaReader &) = delete;
    MediaReader &operator=(const MediaReader &) = delete;

    std::uint64_t left() const { return range_.size; }

    std::string next(std::size_t most); // empty: the end, or nothing can be read

    void go_to(ByteRange range) { range_ = range; }

private:
    void close();

    std::vector<Piece> pieces_;
    ByteRange range_; // what is still to be read
    const Piece *open_ = nullptr;
    int fd_ = -1;
};

} // namespace gsttus::standin
