// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A file of spilled bytes, and a run of bytes that was written to one: what the segments and the
// spool tell each other.
#pragma once

#include "replay/file_ops.h"

#include <cstdint>
#include <memory>

namespace gsttus {

// One of the files that a process holds open although nothing is added to them any more: so many
// there may be, descriptors are few.
class OpenSlot {
public:
    OpenSlot() = default;
    ~OpenSlot();
    OpenSlot(const OpenSlot &) = delete;
    OpenSlot &operator=(const OpenSlot &) = delete;

    bool take(); // FALSE: there are enough of them

private:
    bool taken_ = false;
};

// Whoever drops the last reference but one tells Spool::release_file().
struct SpillFile {
    std::uint32_t number = 0;
    std::uint64_t size = 0; // bytes that count; more may be there after an error
    // Open while bytes are added, and then as long as there are not too many of them: whoever
    // deletes the file does not take its bytes away. Null: it is opened to be read.
    FdRef fd;
    FdRef dir;          // where it is; null: in `folder`
    std::string folder; // path
    bool gone = false;  // somebody has deleted it, or its journal: its bytes have to move
    bool lost = false;  // besides, and they can not be read
    TimePoint again{};  // not before that
    int failures = 0;   // to read it
    OpenSlot slot;

    void could_not_be_read(TimePoint now)
    {
        again = now + seconds(1);
        lost = ++failures >= 10;
    }
};

FdRef open_spill(FileOps &ops, const SpillFile &file, int flags); // null and errno

struct SpilledRun {
    std::shared_ptr<SpillFile> file; // null: there was nothing to write, and all is well
    std::uint64_t file_offset = 0;
    std::uint32_t length = 0;
    std::uint32_t crc = 0;
};

} // namespace gsttus
