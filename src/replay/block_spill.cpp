// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One visit at a time. When there is one is ReplayStore's matter.
#include "replay/block_spill.h"

#include "replay/placement.h"

#include <utility>

namespace gsttus {

BlockSpill::BlockSpill(FileOps &ops, std::optional<Segment> part, std::unique_ptr<SpoolWrite> write)
    : ops_(ops), part_(std::move(part)), write_(std::move(write))
{
}

std::unique_ptr<BlockSpill> BlockSpill::begin(const Segments &segments,
                                              std::optional<std::size_t> index, Spool &spool)
{
    // what only moves takes no more room than it gives back
    const auto bound =
        index && segments[*index].file ? Spool::Bound::kNone : Spool::Bound::kConfigured;
    auto write = index ? spool.begin(segments[*index].begin, bound) : spool.begin_facts();
    if (!write)
        return nullptr;
    return std::unique_ptr<BlockSpill>(new BlockSpill(
        spool.ops(), index ? std::optional(segments[*index]) : std::nullopt, std::move(write)));
}

Result<void> BlockSpill::run()
{
    std::span<const std::byte> data;
    if (part_) {
        const auto bytes = movable(*part_, ops_, buffer_);
        unreadable_ = !bytes;
        data = bytes ? *bytes : data;
    }
    write_->run(data);
    return {}; // end() knows
}

bool BlockSpill::end(std::unique_ptr<BlockSpill> spill, Segments &segments, Spool &spool)
{
    std::optional<Segment> &part = spill->part_;
    const auto written = spool.end(std::move(spill->write_));
    if (spill->unreadable_)
        part->file->could_not_be_read(spill->ops_.now());
    if (!written || !written->file)
        return written.has_value() || spill->unreadable_;
    const bool held = part->begin >= segments.begin() && part->begin < segments.end();
    const std::size_t index = held ? segments.index_of(part->begin) : 0;
    const bool is_it = held && (part->block ? segments[index].block == part->block
                                            : segments[index].file == part->file);
    // of a run that did not move as a whole there is no check value
    const bool whole = !part->file || written->length == part->checks.front().length;
    part->file.reset(); // the segments have the last word on it
    if (is_it && whole)
        move_written(segments, spool, index, *written);
    else // the server has it by now
        spool.release_file(written->file, written->length);
    return true;
}

} // namespace gsttus
