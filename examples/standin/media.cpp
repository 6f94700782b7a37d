// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media.h"

#include "tus/protocol.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace gsttus::standin {

RangeAnswer read_range(const std::string *header, std::uint64_t total, ByteRange &range)
{
    constexpr std::string_view kUnit = "bytes=";
    range = {0, total};
    if (!header || !header->starts_with(kUnit) || header->find(',') != std::string::npos)
        return RangeAnswer::kWhole;
    const std::string text = header->substr(kUnit.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string::npos)
        return RangeAnswer::kWhole;
    const auto first = tus::parse_size(text.substr(0, dash));
    const auto last = tus::parse_size(text.substr(dash + 1));
    if (dash == 0 && last) { // the last bytes
        range.size = std::min(*last, total);
        range.first = total - range.size;
        return range.size > 0 ? RangeAnswer::kPart : RangeAnswer::kOutside;
    }
    if (!first || (!last && dash + 1 < text.size()) || (last && *last < *first))
        return RangeAnswer::kWhole;
    if (*first >= total)
        return RangeAnswer::kOutside;
    range = {*first, std::min(last.value_or(total - 1), total - 1) - *first + 1};
    return RangeAnswer::kPart;
}

std::string media_type(std::string_view start)
{
    const auto at = [&](std::size_t place, std::string_view bytes) {
        return start.size() >= place && start.substr(place).starts_with(bytes);
    };
    if (at(4, "ftyp"))
        return "video/mp4";
    if (at(0, "\x1a\x45\xdf\xa3"))
        return start.substr(0, 64).find("webm") == std::string_view::npos ? "video/x-matroska"
                                                                          : "video/webm";
    if (at(0, "OggS"))
        return "video/ogg";
    if (at(0, "RIFF") && at(8, "WAVE"))
        return "audio/wav";
    if (at(0, "RIFF") && at(8, "AVI "))
        return "video/x-msvideo";
    if (at(0, "fLaC"))
        return "audio/flac";
    if (at(0, "FLV\x01"))
        return "video/x-flv";
    if ((at(0, "\x47") && at(188, "\x47")) || (at(4, "\x47") && at(196, "\x47")))
        return "video/mp2t";
    return "application/octet-stream";
}

MediaReader::~MediaReader()
{
    close();
}

void MediaReader::close()
{
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = -1;
    open_ = nullptr;
}

std::string MediaReader::next(std::size_t most)
{
    std::uint64_t begin = 0; // of the piece
    for (const Piece &piece : pieces_) {
        const std::uint64_t within = range_.first - begin;
        if (within >= piece.size) {
            begin += piece.size;
            continue;
        }
        if (open_ != &piece) {
            close();
            fd_ = open(piece.path.c_str(), O_RDONLY | O_CLOEXEC);
            open_ = &piece;
        }
        std::string bytes(std::min({std::uint64_t{most}, range_.size, piece.size - within}), '\0');
        ssize_t n = 0;
        do
            n = pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(within));
        while (n < 0 && errno == EINTR);
        bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        range_.first += bytes.size();
        range_.size -= bytes.size();
        return bytes;
    }
    return {};
}

} // namespace gsttus::standin
