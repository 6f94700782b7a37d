// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A run of the stream that lies in one place: a block of memory or a part of a spill file; and the
// Pieces that read them. Part of the replay store; nobody else uses it.
#pragma once

#include "base/clock.h"
#include "replay/block_memory.h"
#include "replay/journal.h"
#include "replay/memory_budget.h"
#include "replay/piece.h"
#include "replay/spill_file.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace gsttus {

struct MemoryBlock {
    MemoryBlock() = default;
    ~MemoryBlock();
    MemoryBlock(const MemoryBlock &) = delete;
    MemoryBlock &operator=(const MemoryBlock &) = delete;

    BlockBytes bytes;
    std::size_t capacity = 0;
    std::shared_ptr<MemoryBudget> budget; // that it was taken from; none: nobody counts
};

// Null when the system has no memory. What it takes of the budget (which may be null), the caller
// has taken: it is given back in both cases.
std::shared_ptr<MemoryBlock> allocate_block(std::size_t capacity,
                                            std::shared_ptr<MemoryBudget> budget = nullptr);

// Blocks that nobody needs any more. To give memory back to the system takes longer than a writer
// should wait for the owner's mutex: it is done where this goes, without that. What they took of
// the budget is given back at once.
class FreedBlocks {
public:
    void add(std::shared_ptr<MemoryBlock> block);

    bool empty() const { return blocks_.empty(); }

private:
    std::vector<std::shared_ptr<MemoryBlock>> blocks_;
};

struct Check {
    std::uint32_t length = 0, crc = 0;
};

struct Segment {
    std::uint64_t begin = 0, end = 0;     // stream positions
    std::shared_ptr<MemoryBlock> block{}; // one of the two
    std::shared_ptr<SpillFile> file{};
    std::uint64_t offset = 0;    // of begin, in the block or file
    std::vector<Check> checks{}; // of a file: in order, together as long as the segment
    // Of a block: from which position on its bytes came when, coarsely.
    std::vector<std::pair<std::uint64_t, TimePoint>> arrivals{};

    std::uint64_t length() const { return end - begin; }

    void note_arrival(TimePoint now); // of what goes to its end next
    // Of the oldest byte from there on, which is in the block.
    TimePoint arrival_from(std::uint64_t position) const;
    void forget_arrivals_before(std::uint64_t position); // what is asked for is behind it

    // On the disk, and to be found there by a recovery.
    bool is_safe() const { return file && !file->gone; }

    std::span<const std::byte> bytes() const // of a block
    {
        return {block->bytes.get() + offset, static_cast<std::size_t>(length())};
    }
};

// Adds what was written to the end of a segment of the same file.
void extend(Segment &segment, const SpilledRun &written);
Segment segment_of(std::uint64_t position, const SpilledRun &written);
Segment last_run(const Segment &segment); // that has a check value of its own, of one of a file
bool continues(const Segment &segment, std::uint64_t position, const SpilledRun &written);
void append_records(const Segment &segment, std::vector<DataRecord> &out);

// The bytes of a file are read in runs of one check value each, and only given out if they have it.
std::shared_ptr<const Piece> make_piece(const Segment &segment, FileOps &ops);

} // namespace gsttus
