// A block of memory on its way to a file. begin() and end() need the owner's mutex, run() does not:
// meanwhile the block may be sent and given up.
#pragma once

#include "replay/disk_work.h"
#include "replay/segments.h"
#include "replay/spool.h"
#include "replay/spool_write.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace gsttus {

class BlockSpill final : public DiskWork {
public:
    // The oldest full block that the server does not have: what comes in goes on to memory, and
    // what is sent in good times lies there.
    static std::optional<std::size_t> next(const Segments &segments, std::uint64_t acked);

    // Of the memory segment at `index`; nullptr: the disk refuses for now. The spool is busy()
    // until end().
    static std::unique_ptr<BlockSpill> begin(const Segments &segments, std::size_t index,
                                             Spool &spool);
    // FALSE: the disk refused.
    static bool end(std::unique_ptr<BlockSpill> spill, Segments &segments, Spool &spool);

    Result<void> run() override;

private:
    BlockSpill(const Segment &segment, std::unique_ptr<SpoolWrite> write);

    std::shared_ptr<const MemoryBlock> block_;
    std::uint64_t begin_;
    std::span<const std::byte> data_; // in block_
    std::unique_ptr<SpoolWrite> write_;
};

} // namespace gsttus
