// Spilling ahead, one block at a time. When to is ReplayStore's matter.
#include "replay/block_spill.h"

#include <utility>

namespace gsttus {

std::optional<std::size_t> BlockSpill::next(const Segments &segments, std::uint64_t acked)
{
    for (std::size_t i = segments.first_from(acked); i + 1 < segments.size(); ++i) {
        if (segments[i].block)
            return i;
    }
    return std::nullopt; // the last one is still being filled
}

BlockSpill::BlockSpill(const Segment &segment, std::unique_ptr<SpoolWrite> write)
    : block_(segment.block), begin_(segment.begin), data_(segment.bytes()), write_(std::move(write))
{
}

std::unique_ptr<BlockSpill> BlockSpill::begin(const Segments &segments, std::size_t index,
                                              Spool &spool)
{
    auto write = spool.begin(Spool::Bound::kConfigured);
    if (!write)
        return nullptr;
    return std::unique_ptr<BlockSpill>(new BlockSpill(segments[index], std::move(write)));
}

Result<void> BlockSpill::run()
{
    write_->run(data_);
    return {}; // end() knows
}

bool BlockSpill::end(std::unique_ptr<BlockSpill> spill, Segments &segments, Spool &spool)
{
    const auto written = spool.end(spill->begin_, std::move(spill->write_));
    if (!written)
        return false;
    if (spill->begin_ >= segments.begin() && spill->begin_ < segments.end()) {
        const std::size_t index = segments.index_of(spill->begin_);
        if (segments[index].block == spill->block_) {
            segments.move_to_disk(index, *written);
            return true;
        }
    }
    spool.release_file(written->file, written->length); // the server has it by now
    return true;
}

} // namespace gsttus
