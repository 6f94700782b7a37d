// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows elements and boxes by their sizes, and nothing inside them. What a unit is:
//
//   Matroska, WebM  a top-level element (its ID has four bytes) of unknown size: its size, and
//   those
//                   of unknown size in it (of Tags, at the end), are written when they are over.
//                   Not the Segment, which is all of the file.
//   MP4             an mdat of size 0, and the empty box before it that makes room for a long size.
#include "open_unit.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace gsttus {

namespace {

constexpr std::uint64_t kEbml = 0x1a45dfa3, kSegment = 0x18538067, kCluster = 0x1f43b675;
constexpr std::size_t kBoxHead = 8, kLongBoxHead = 16;

std::uint64_t big_endian(std::span<const std::byte> bytes)
{
    std::uint64_t value = 0;
    for (const std::byte byte : bytes)
        value = value << 8 | static_cast<std::uint64_t>(byte);
    return value;
}

bool is_type(std::span<const std::byte> box, std::string_view type)
{
    return std::memcmp(box.data() + 4, type.data(), type.size()) == 0;
}

// Bytes of an EBML number that begins with this one: 1 to 8, or 9.
std::size_t width_of(std::byte first)
{
    return static_cast<std::size_t>(std::countl_zero(static_cast<unsigned char>(first))) + 1;
}

} // namespace

std::optional<std::uint64_t> OpenUnit::from() const
{
    if (unit_)
        return unit_;
    const bool begun = have_ > 0 && next_ + head_.size() > header_;
    return begun ? std::optional(next_) : std::nullopt;
}

void OpenUnit::wrote(std::uint64_t position, std::span<const std::byte> data)
{
    if (format_ == Format::kOther || data.empty())
        return;
    if (position > end_) { // what is between, nobody has seen
        give_up();
        return;
    }
    if (position < end_) {
        const auto over = std::min<std::uint64_t>(end_ - position, data.size());
        rewritten(position, data.first(static_cast<std::size_t>(over)));
        data = data.subspan(static_cast<std::size_t>(over));
    }
    while (!data.empty() && format_ != Format::kOther) {
        if (endless_ || next_ > end_) { // inside
            const std::uint64_t rest = endless_ ? data.size() : next_ - end_;
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(rest, data.size()));
            end_ += size;
            data = data.subspan(size);
            continue;
        }
        head_[have_++] = data.front(); // the head of an element is short
        data = data.subspan(1);
        ++end_;
        look();
    }
}

void OpenUnit::give_up()
{
    format_ = Format::kOther;
    unit_.reset();
    have_ = 0;
}

// The head has a byte more. `next_` is where it begins, until it is whole.
void OpenUnit::look()
{
    const auto head = std::span<const std::byte>(head_);
    if (format_ == Format::kUnknown && have_ == 4 && big_endian(head.first(4)) == kEbml)
        format_ = Format::kMatroska;
    else if (format_ == Format::kUnknown && have_ == kBoxHead)
        format_ = is_type(head, "ftyp") ? Format::kMp4 : Format::kOther;
    if (format_ == Format::kMatroska)
        look_at_element();
    else if (format_ == Format::kMp4)
        look_at_box();
    else if (format_ == Format::kOther)
        give_up();
}

void OpenUnit::look_at_element()
{
    const std::size_t id_width = width_of(head_[0]);
    if (id_width > 4)
        return give_up();
    if (have_ <= id_width)
        return;
    const std::size_t size_width = width_of(head_[id_width]);
    if (size_width > 8)
        return give_up();
    const std::size_t whole = id_width + size_width;
    if (have_ < whole)
        return;
    const auto head = std::span<const std::byte>(head_).first(whole);
    const std::uint64_t id = big_endian(head.first(id_width));
    const std::uint64_t most = (std::uint64_t{1} << (7 * size_width)) - 1;
    const std::uint64_t size = big_endian(head.subspan(id_width)) & most;
    const bool open = size == most || (id == kCluster && size == 0);
    if (id_width == 4) {
        unit_.reset();
        if (open && id != kSegment)
            begin_unit(next_ + id_width, next_ + whole, id == kCluster);
    }
    begin_next(next_ + whole + (open ? 0 : size));
}

void OpenUnit::look_at_box()
{
    const auto head = std::span<const std::byte>(head_);
    if (have_ < kBoxHead)
        return;
    const std::uint64_t size = big_endian(head.first(4));
    const bool long_size = size == 1;
    const bool room = size == kBoxHead && is_type(head, "free");
    if ((long_size || room) && have_ < kLongBoxHead)
        return;
    if (long_size) {
        const std::uint64_t whole = big_endian(head.subspan(kBoxHead, 8));
        return whole < kLongBoxHead ? give_up() : begin_next(next_ + whole);
    }
    if (size == 0) {
        if (!is_type(head, "mdat"))
            return give_up();
        endless_ = true;
        begin_unit(next_, next_ + kBoxHead, true);
        have_ = 0;
    } else if (size < kBoxHead) {
        give_up();
    } else if (!room) {
        begin_next(next_ + size);
    } else if (big_endian(head.subspan(kBoxHead, 4)) == 0 && is_type(head.subspan(8), "mdat")) {
        endless_ = true;
        begin_unit(next_, next_ + kLongBoxHead, true);
        have_ = 0;
    } else { // an empty box, and the head of another
        std::copy(head.begin() + kBoxHead, head.end(), head_.begin());
        next_ += kBoxHead;
        have_ = kLongBoxHead - kBoxHead;
        look_at_box();
    }
}

void OpenUnit::begin_next(std::uint64_t position)
{
    if (position < end_) // more than there can be
        return give_up();
    next_ = position;
    have_ = 0;
}

// It begins at next_. What lies in the header can be rewritten at any time: a unit of which `only`
// the size will be is of no interest there.
void OpenUnit::begin_unit(std::uint64_t size_begin, std::uint64_t size_end, bool only)
{
    size_begin_ = size_begin;
    size_end_ = size_end;
    size_ = {};
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(size_begin - next_),
                size_end - size_begin, size_.begin());
    if (size_end > header_ || !only)
        unit_ = next_;
}

// The last that is rewritten of a unit is its size, from front to back.
void OpenUnit::rewritten(std::uint64_t position, std::span<const std::byte> data)
{
    const std::uint64_t from = std::max(position, size_begin_);
    const std::uint64_t to = std::min(position + data.size(), size_end_);
    if (from >= to)
        return;
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(from - position), to - from,
                size_.begin() + static_cast<std::ptrdiff_t>(from - size_begin_));
    if (to < size_end_)
        return;
    if (format_ == Format::kMatroska)
        unit_.reset();
    else if (endless_)
        mdat_ends();
}

void OpenUnit::mdat_ends()
{
    const auto head = std::span<const std::byte>(size_);
    const bool is_long = size_end_ - size_begin_ == kLongBoxHead;
    const std::uint64_t room = is_long && is_type(head, "free") ? kBoxHead : 0;
    const std::uint64_t size = is_long && big_endian(head.first(4)) == 1
                                   ? big_endian(head.subspan(kBoxHead, 8))
                                   : big_endian(head.subspan(room, 4));
    if (size == 0)
        return;
    endless_ = false;
    unit_.reset();
    begin_next(size_begin_ + room + size);
}

} // namespace gsttus
