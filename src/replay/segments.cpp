// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The order of the segments, and what memory they take. Every change keeps both right.
#include "replay/segments.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gsttus {

namespace {

constexpr std::size_t kLargestBlock = std::size_t{256} << 10;
constexpr std::size_t kSmallestBlock = std::size_t{4} << 10;
// So much is used when the window is 0 and there is no disk: something must hold the bytes.
constexpr std::uint64_t kLeastMemory = std::uint64_t{64} << 10;

// Small windows have small blocks, so that they do not empty and fill as a whole.
std::size_t block_size_for(std::uint64_t window)
{
    const auto part = std::clamp<std::uint64_t>(window / 16, kSmallestBlock, kLargestBlock);
    return static_cast<std::size_t>(std::min(part, window));
}

bool has_room(const Segment &segment)
{
    return segment.block && segment.offset + segment.length() < segment.block->capacity;
}

} // namespace

Segments::Segments(std::uint64_t window, std::shared_ptr<MemoryBudget> budget, std::uint64_t least)
    : window_(window > 0 ? window : kLeastMemory), block_size_(block_size_for(window_)),
      budget_(std::move(budget)), least_(std::max<std::uint64_t>(least, 2 * block_size_))
{
}

std::size_t Segments::index_of(std::uint64_t at) const
{
    const auto after =
        std::upper_bound(held_.begin(), held_.end(), at,
                         [](std::uint64_t p, const Segment &s) { return p < s.begin; });
    return static_cast<std::size_t>(after - held_.begin()) - 1;
}

std::size_t Segments::first_from(std::uint64_t position) const
{
    const auto first =
        std::upper_bound(held_.begin(), held_.end(), position,
                         [](std::uint64_t p, const Segment &s) { return p < s.end; });
    return static_cast<std::size_t>(first - held_.begin());
}

std::size_t Segments::oldest_memory_before(std::uint64_t position) const
{
    std::size_t index = first_from(position);
    while (index > 0 && held_[index - 1].block)
        --index;
    return index;
}

std::uint64_t Segments::memory_before(std::uint64_t position) const
{
    std::uint64_t sum = 0;
    for (std::size_t i = first_from(position); i > 0 && held_[i - 1].block; --i)
        sum += held_[i - 1].block->capacity;
    return sum;
}

std::size_t Segments::append_to_memory(std::span<const std::byte> data, TimePoint now)
{
    if (held_.empty() || !has_room(held_.back())) {
        auto block = make_block();
        if (!block)
            return 0;
        held_.push_back({.begin = end_, .end = end_, .block = std::move(block)});
        memory_used_ += block_size_;
        ++blocks_;
    }
    Segment &segment = held_.back();
    segment.note_arrival(now);
    const std::size_t used = segment.offset + static_cast<std::size_t>(segment.length());
    const std::size_t n = std::min(data.size(), segment.block->capacity - used);
    std::memcpy(segment.block->bytes.get() + used, data.data(), n);
    segment.end += n;
    end_ += n;
    return n;
}

bool Segments::rewrite_in_memory(std::uint64_t position, std::span<const std::byte> data)
{
    const std::uint64_t end = position + data.size();
    const std::size_t first = index_of(position);
    std::size_t last = first;
    while (held_[last].block && held_[last].end < end)
        ++last;
    if (!held_[last].block)
        return false;
    for (std::size_t i = first; i <= last; ++i) {
        const Segment &segment = held_[i];
        const std::uint64_t from = std::max(position, segment.begin);
        const std::uint64_t to = std::min(end, segment.end);
        std::memcpy(segment.block->bytes.get() + segment.offset + (from - segment.begin),
                    data.data() + (from - position), static_cast<std::size_t>(to - from));
    }
    return true;
}

// nullptr: there is no room.
std::shared_ptr<MemoryBlock> Segments::make_block()
{
    if (memory_used_ + block_size_ > window_)
        return nullptr;
    if (budget_ && !budget_->take(block_size_, memory_used_ + block_size_ <= least_))
        return nullptr;
    auto block = allocate_block(block_size_, budget_);
    no_memory_ = !block;
    return block;
}

void Segments::widen(std::uint64_t bytes)
{
    const std::uint64_t more = (bytes / block_size_ + 2) * block_size_;
    window_ = std::max(window_, memory_used_) + more;
    least_ = std::max(least_, memory_used_ + more);
}

void Segments::append(const SpilledRun &written)
{
    if (!held_.empty() && continues(held_.back(), end_, written))
        extend(held_.back(), written);
    else
        held_.push_back(segment_of(end_, written));
    end_ += written.length;
}

bool Segments::move_to_disk(std::size_t index, const SpilledRun &written)
{
    const auto at = held_.begin() + static_cast<std::ptrdiff_t>(index);
    const std::uint64_t begin = at->begin;
    const bool joins = index > 0 && continues(held_[index - 1], begin, written);
    const bool whole = written.length == at->length();
    if (whole) {
        release_memory(*at);
    } else {
        at->begin += written.length;
        at->offset += written.length;
        if (at->block)
            at->forget_arrivals_before(at->begin);
        for (std::uint64_t rest = written.length; rest > 0 && !at->checks.empty();) {
            rest -= std::min<std::uint64_t>(rest, at->checks.front().length);
            at->checks.erase(at->checks.begin());
        }
    }
    if (joins)
        extend(held_[index - 1], written);
    if (joins && whole)
        held_.erase(at);
    else if (whole)
        *at = segment_of(begin, written);
    else if (!joins)
        held_.insert(at, segment_of(begin, written));
    return !joins;
}

bool Segments::move_to_memory(std::size_t index, std::span<const std::byte> data, TimePoint now)
{
    auto block = allocate_block(std::max(kLargestBlock, data.size())); // one that others can use
    if (!block)
        return false;
    std::memcpy(block->bytes.get(), data.data(), data.size());
    const auto at = held_.begin() + static_cast<std::ptrdiff_t>(index);
    const std::uint64_t end = at->end, begin = end - data.size();
    memory_used_ += block->capacity;
    ++blocks_;
    Segment moved{
        .begin = begin, .end = end, .block = std::move(block), .arrivals = {{begin, now}}};
    if (at->checks.size() == 1) {
        *at = std::move(moved);
        return true;
    }
    at->end = begin;
    at->checks.pop_back();
    held_.insert(at + 1, std::move(moved));
    return true;
}

void Segments::forget_arrivals_before(std::uint64_t position)
{
    if (const std::size_t index = first_from(position); index < held_.size())
        held_[index].forget_arrivals_before(position);
}

Segment Segments::take_front()
{
    Segment taken = std::move(held_.front());
    held_.pop_front();
    release_memory(taken);
    return taken;
}

Segment Segments::take_back()
{
    Segment taken = std::move(held_.back());
    held_.pop_back();
    release_memory(taken);
    end_ = taken.begin;
    return taken;
}

void Segments::drop_last_run()
{
    Segment &last = held_.back();
    last.end -= last.checks.back().length;
    last.checks.pop_back();
    end_ = last.end;
}

void Segments::free_blocks()
{
    for (Segment &segment : held_) {
        release_memory(segment);
        freed_.add(std::exchange(segment.block, nullptr));
    }
}

void Segments::clear()
{
    held_.clear();
    memory_used_ = 0;
    blocks_ = 0;
}

void Segments::release_memory(const Segment &segment)
{
    if (!segment.block)
        return;
    memory_used_ -= segment.block->capacity;
    --blocks_;
}

} // namespace gsttus
