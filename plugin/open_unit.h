// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Says which part of the newest bytes a muxer may still go back to: the cluster of Matroska and
// WebM, the mdat of an MP4 fragment, whose sizes are written when they end. Looks only at what is
// written, in order, whatever the buffers are cut to; a value, knows no upload. Streaming thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace gsttus {

class OpenUnit {
public:
    // `header`: bytes before this file position can be rewritten at any time. A unit whose size
    // lies there is of no interest (an mdat as long as the file).
    explicit OpenUnit(std::uint64_t header) : header_(header) {}

    // To be called before these bytes go on to the upload: at the end of what was written so far,
    // or over it.
    void wrote(std::uint64_t position, std::span<const std::byte> data);

    // The file position from which on bytes may be rewritten; nullopt: the muxer will not go back
    // behind the header. Of an element that has come in part, its beginning. It may lie in the
    // header.
    std::optional<std::uint64_t> from() const;

    // Bytes were lost: what comes now is no unit of anything.
    void give_up();

private:
    enum class Format { kUnknown, kMatroska, kMp4, kOther };

    void look();
    void look_at_element();
    void look_at_box();
    void begin_next(std::uint64_t position);
    void begin_unit(std::uint64_t size_begin, std::uint64_t size_end, bool only);
    void rewritten(std::uint64_t position, std::span<const std::byte> data);
    void mdat_ends();

    const std::uint64_t header_;
    Format format_ = Format::kUnknown;
    std::uint64_t end_ = 0;            // of what was written
    std::uint64_t next_ = 0;           // where the next element or box begins
    bool endless_ = false;             // nobody knows: it is the size that will be written
    std::array<std::byte, 16> head_{}; // the beginning of that one, as far as it is there
    std::size_t have_ = 0;
    // The unit under way: where it begins, and its size and what goes with that ends.
    std::optional<std::uint64_t> unit_;
    std::uint64_t size_begin_ = 0, size_end_ = 0;
    std::array<std::byte, 16> size_{};
};

} // namespace gsttus
