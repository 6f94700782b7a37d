// A file of spilled bytes, and a run of bytes that was written to one: what the segments and the
// spool tell each other.
#pragma once

#include "replay/file_ops.h"

#include <cstdint>
#include <memory>

namespace gsttus {

// Whoever drops the last reference but one tells Spool::release_file().
struct SpillFile {
    std::uint32_t number = 0;
    std::uint64_t size = 0; // bytes that count; more may be there after an error
    FdRef writer;           // open while bytes are added
};

struct SpilledRun {
    std::shared_ptr<SpillFile> file;
    std::uint64_t file_offset = 0;
    std::uint32_t length = 0;
    std::uint32_t crc = 0;
};

} // namespace gsttus
