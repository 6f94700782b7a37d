// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a replay store holds of the stream: segments in order and without gaps, and the memory that
// they take. A value; knows no disk: who gives up a segment of a file tells the Spool.
#pragma once

#include "replay/segment.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>

namespace gsttus {

class Segments {
public:
    // At most so many bytes of memory; with 0 a few all the same. `budget` (none: no other bound)
    // is shared with others; `least` bytes are there beyond it, and two blocks in any case: one to
    // fill and one on its way.
    explicit Segments(std::uint64_t window, std::shared_ptr<MemoryBudget> budget = nullptr,
                      std::uint64_t least = 0);

    std::uint64_t begin() const { return held_.empty() ? end_ : held_.front().begin; }

    std::uint64_t end() const { return end_; } // also where the next byte goes

    bool empty() const { return held_.empty(); }

    std::size_t size() const { return held_.size(); }

    const Segment &operator[](std::size_t index) const { return held_[index]; }

    const Segment &front() const { return held_.front(); }

    const Segment &back() const { return held_.back(); }

    // The one that holds `at` (begin() <= at < end()).
    std::size_t index_of(std::uint64_t at) const;
    // The first with bytes from `position` on; size(): there is none.
    std::size_t first_from(std::uint64_t position) const;

    // The first block of the run of blocks that ends where `position` begins to count; if there is
    // none, first_from(position).
    std::size_t oldest_memory_before(std::uint64_t position) const;

    std::uint64_t memory_used() const { return memory_used_; } // by blocks

    std::uint64_t memory_before(std::uint64_t position) const; // of that run

    bool has_memory() const { return blocks_ > 0; }

    // A quarter of the window stays free for what comes in, where there is another place.
    bool is_tight() const
    {
        return memory_used_ + window_ / 4 > window_ ||
               (budget_ && budget_->pressure() == MemoryBudget::Pressure::kAll);
    }

    // Little is left of what all stores may take together.
    bool shares_too_much() const
    {
        return budget_ && budget_->pressure() != MemoryBudget::Pressure::kNone;
    }

    bool is_out_of_memory() const { return no_memory_; } // the system gave none

    // So many bytes more may be taken, whatever the bounds are.
    void widen(std::uint64_t bytes);

    // Returns how much found room.
    std::size_t append_to_memory(std::span<const std::byte> data, TimePoint now);
    void append(const SpilledRun &written);

    // FALSE: some of it is not in memory, and nothing has changed.
    bool rewrite_in_memory(std::uint64_t position, std::span<const std::byte> data);

    // The segment at `index`, or its beginning (of one of a file: its first checked runs), is
    // elsewhere on the disk now. FALSE: as a part of the segment before it, else as one of its own.
    bool move_to_disk(std::size_t index, const SpilledRun &written);

    // The last checked run of the one at `index`, which is of a file, has these bytes: it is of
    // memory now, whatever the bounds are. FALSE: the system has none, and nothing has changed.
    bool move_to_memory(std::size_t index, std::span<const std::byte> data, TimePoint now);

    void forget_arrivals_before(std::uint64_t position);

    // Gives up the oldest, or the newest: the next byte then goes where that began.
    Segment take_front();
    Segment take_back();
    // Gives up the last checked run of the newest, which is of a file and has more of them.
    void drop_last_run();

    void clear();       // end() stays
    void free_blocks(); // into take_freed(); nothing of them can be read any more

    // Into take_freed(), if it is a block that nobody else has.
    void leave(std::shared_ptr<MemoryBlock> block) { freed_.add(std::move(block)); }

    FreedBlocks take_freed() { return std::exchange(freed_, {}); }

    // For every one of a file that is held.
    template <typename Do>
    void for_each_file(Do act)
    {
        for (Segment &segment : held_) {
            if (segment.file)
                act(*segment.file);
        }
    }

    // Nothing is held: the next byte goes there.
    void restart_at(std::uint64_t position) { end_ = position; }

private:
    std::shared_ptr<MemoryBlock> make_block();
    void release_memory(const Segment &segment);

    std::uint64_t window_;
    std::size_t block_size_;
    std::shared_ptr<MemoryBudget> budget_;
    std::uint64_t least_;
    std::deque<Segment> held_;
    std::uint64_t end_ = 0; // where the last of them ends
    std::uint64_t memory_used_ = 0;
    std::size_t blocks_ = 0;
    bool no_memory_ = false;
    FreedBlocks freed_;
};

} // namespace gsttus
