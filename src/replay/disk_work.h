// Work on the disk that needs no mutex, and may be slow: made with the owner's mutex, run without
// it. It has its own references, so the store may change or go away meanwhile. Knows no threads.
#pragma once

#include "base/result.h"

#include <memory>

namespace gsttus {

class Spool;

class DiskWork {
public:
    virtual ~DiskWork() = default;
    virtual Result<void> run() = 0;
};

// Brings what is written so far onto the disk itself; nullptr: there is no journal.
std::unique_ptr<DiskWork> spool_sync(Spool &spool);

// Deletes what Spool::release_file() left; nullptr: there is nothing.
std::unique_ptr<DiskWork> spool_clean_up(Spool &spool);

} // namespace gsttus
