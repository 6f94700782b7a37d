// One visit at a time. When there is one is ReplayStore's matter.
#include "replay/block_spill.h"

#include "replay/placement.h"

#include <utility>

namespace gsttus {

BlockSpill::BlockSpill(FileOps &ops, std::optional<Segment> part, std::unique_ptr<SpoolWrite> write)
    : ops_(ops), begun_(ops.now()), part_(std::move(part)), write_(std::move(write))
{
}

std::unique_ptr<BlockSpill> BlockSpill::begin(const Segments &segments,
                                              std::optional<std::size_t> index, Spool &spool)
{
    auto write = index ? spool.begin(segments[*index].begin, Spool::Bound::kConfigured)
                       : spool.begin_facts();
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
    const std::optional<Segment> &part = spill->part_;
    const auto written = spool.end(std::move(spill->write_));
    if (spill->unreadable_) // whoever sends it finds out, too
        part->file->gone = false;
    if (!written || !written->file)
        return written.has_value() || spill->unreadable_;
    if (part->begin >= segments.begin() && part->begin < segments.end()) {
        const std::size_t index = segments.index_of(part->begin);
        const Segment &there = segments[index];
        if (part->block ? there.block == part->block : there.file == part->file) {
            move_written(segments, spool, index, *written, spill->begun_);
            return true;
        }
    }
    spool.release_file(written->file, written->length); // the server has it by now
    return true;
}

} // namespace gsttus
