// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes on their way to a file, and what the journal has to be told: one visit to the disk. begin()
// and end() need the owner's mutex, run() does not: meanwhile the bytes may be sent and given up.
#pragma once

#include "replay/disk_work.h"
#include "replay/segments.h"
#include "replay/spool.h"
#include "replay/spool_write.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gsttus {

class BlockSpill final : public DiskWork {
public:
    // Of the segment at `index`, which is not safe; without one, of facts only. nullptr: the disk
    // refuses for now. The spool is busy() until end().
    static std::unique_ptr<BlockSpill> begin(const Segments &segments,
                                             std::optional<std::size_t> index, Spool &spool);
    // FALSE: the disk refused.
    static bool end(std::unique_ptr<BlockSpill> spill, Segments &segments, Spool &spool);

    Result<void> run() override;

    // That it writes, if it is one.
    std::shared_ptr<MemoryBlock> block() const { return part_ ? part_->block : nullptr; }

private:
    BlockSpill(FileOps &ops, std::optional<Segment> part, std::unique_ptr<SpoolWrite> write);

    FileOps &ops_;                  // outlives this by contract
    std::optional<Segment> part_;   // as it was at begin()
    std::vector<std::byte> buffer_; // of what is in a file
    bool unreadable_ = false;
    std::unique_ptr<SpoolWrite> write_;
};

} // namespace gsttus
