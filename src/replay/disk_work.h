// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Work on the disk that needs no mutex, and may be slow: made with the owner's mutex, run without
// it. It has its own references, so the store may change or go away meanwhile. Knows no threads.
#pragma once

#include "base/result.h"
#include "replay/file_ops.h"

#include <memory>
#include <utility>
#include <vector>

namespace gsttus {

class Spool;

class DiskWork {
public:
    virtual ~DiskWork() = default;
    virtual Result<void> run() = 0;
};

// Looks whether somebody has deleted the folder, its journal or a file that is open (a cleaner of
// caches); then the journal that may be left goes too.
class SpoolLook final : public DiskWork {
public:
    SpoolLook(FileOps &ops, FdRef dir, FdRef journal, std::vector<FdRef> files)
        : ops_(ops), dir_(std::move(dir)), journal_(std::move(journal)), files_(std::move(files))
    {
    }

    Result<void> run() override;

    bool found_deleted() const { return deleted_; }

private:
    FileOps &ops_; // outlives this by contract
    FdRef dir_, journal_;
    std::vector<FdRef> files_;
    bool deleted_ = false;
};

// Brings what is written so far onto the disk itself; nullptr: there is nothing to.
std::unique_ptr<DiskWork> spool_sync(Spool &spool);

// Deletes what Spool::release_file() left; nullptr: there is nothing.
std::unique_ptr<DiskWork> spool_clean_up(Spool &spool);

} // namespace gsttus
