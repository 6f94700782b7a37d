// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where bytes go and leave: changes that concern the segments and the spool together. Between two
// of them Spool::used() is the length of all segments in files, and no file is there that no
// segment speaks of. Decides nothing.
#pragma once

#include "replay/segments.h"
#include "replay/spool.h"

#include <cstddef>
#include <span>
#include <vector>

namespace gsttus {

// Returns how much the disk took.
std::size_t append_to_disk(Segments &segments, Spool &spool, std::span<const std::byte> data);

struct Moved {
    bool whole = false; // FALSE: the disk did not take the rest; it is in memory, behind the parts
    std::size_t parts = 0; // segments that it became: none if it only continues the one before it,
                           // two at the end of a file
};

// Bytes of a segment that are to move: of a block all, of a file that is gone the first checked
// run, which is read into `buffer`.
Result<std::span<const std::byte>> movable(const Segment &segment, FileOps &ops,
                                           std::vector<std::byte> &buffer);

// What was written of the segment at `index` takes its place. FALSE: see Segments::move_to_disk().
bool move_written(Segments &segments, Spool &spool, std::size_t index, const SpilledRun &written);

// Writes the segment at `index`, which is not safe, to disk.
Moved move_to_disk(Segments &segments, Spool &spool, std::size_t index, Spool::Bound bound);

// Returns its block, if it has one.
std::shared_ptr<MemoryBlock> free_front(Segments &segments, Spool &spool);
void free_back(Segments &segments, Spool &spool);

} // namespace gsttus
