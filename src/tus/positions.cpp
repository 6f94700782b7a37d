// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What requests and answers do to the positions; the invariants are in the header.
#include "tus/positions.h"

namespace gsttus {

void Positions::resume(std::optional<std::uint64_t> origin, std::uint64_t acked,
                       std::uint64_t reach)
{
    origin_ = origin;
    acked_ = acked;
    taken_ = sent_ = reach;
}

void Positions::begin_part()
{
    base_ = acked_;
    server_length_.reset();
}

void Positions::restart()
{
    server_length_.reset();
    acked_ = most_here_ = base_;
    hurry_ = true;
}

void Positions::send(std::uint64_t to, bool declares, bool finishes)
{
    if (acked_ < sent_)
        bytes_resent_ += std::min(to, sent_) - acked_;
    sent_ = std::max(sent_, to);
    take(to);
    patch_to_ = to;
    patch_declares_ = declares;
    patch_finishes_ = finishes;
    patch_completes_ = declares || server_length_ == offset_of(to);
    patch_empty_ = to == acked_;
    declared_ = declared_ || declares;
    hurry_ = false;
}

void Positions::carried(std::uint64_t size)
{
    const std::uint64_t to = acked_ + size;
    if (to > patch_to_ && patch_to_ < sent_)
        bytes_resent_ += std::min(to, sent_) - patch_to_;
    sent_ = std::max(sent_, to);
    take(to);
    patch_to_ = to;
}

Offset Positions::patch_says(std::uint64_t offset) const
{
    const std::uint64_t position = position_of(offset);
    if (offset < origin() || position < acked_)
        return Offset::kBack;
    if (position > patch_to_)
        return Offset::kBeyond;
    if (position == patch_to_)
        return Offset::kForward;
    return position == acked_ ? Offset::kSame : Offset::kShort;
}

bool Positions::is_crumb(std::uint64_t position) const
{
    constexpr std::uint64_t kPart = 64, kCrumb = 4 << 10;
    if (position <= acked_ || position >= patch_to_)
        return false;
    const std::uint64_t taken = position - acked_;
    return taken < kCrumb && taken < (patch_to_ - acked_) / kPart;
}

Offset Positions::head_says(std::uint64_t offset, std::uint64_t held_from) const
{
    if (offset < origin() || offset > sent_offset())
        return Offset::kBeyond;
    const std::uint64_t position = position_of(offset);
    if (position < held_from)
        return Offset::kTooFarBack;
    if (position < acked_)
        return Offset::kBack;
    return position == acked_ ? Offset::kSame : Offset::kForward;
}

Positions::Progress Positions::confirm(std::uint64_t position, bool by_patch)
{
    Progress progress;
    if (position > acked_ || (patch_declares_ && position == patch_to_)) {
        acked_ = position;
        progress.news = by_patch || position > most_here_;
        progress.record = position > most_acked_;
        most_here_ = std::max(most_here_, position);
        most_acked_ = std::max(most_acked_, position);
    }
    if (taken_ > acked_)
        hurry_ = true;
    return progress;
}

void Positions::relocate(std::uint64_t position)
{
    acked_ = std::min(acked_, position);
    hurry_ = true;
}

bool Positions::surplus_is_certain(std::uint64_t offset, bool length_known)
{
    const bool certain = length_known || surplus_seen_ == offset;
    if (!surplus_seen_)
        surplus_seen_ = offset;
    return certain;
}

void Positions::created()
{
    declared_ = length_unclear_ = false;
    server_length_ = created_length_;
    length_told_ = created_length_.has_value();
    hurry_ = hurry_ || sent_ > acked_;
}

void Positions::length_acknowledged(std::uint64_t length)
{
    length_told_ = length_told_ && server_length_ == length;
    server_length_ = length;
}

void Positions::length_told(std::optional<std::uint64_t> length, bool deferred)
{
    if (length)
        server_length_ = length;
    else if (deferred)
        server_length_ = created_length_;
    length_told_ = length_told_ || length.has_value();
    length_unclear_ = declared_ && !server_length_ && !deferred;
}

} // namespace gsttus
