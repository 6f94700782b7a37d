// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Syncing and deleting spill files without the owner's mutex. Takes what it needs from the Spool
// when it is made and does not look at it again.
#include "replay/disk_work.h"

#include "base/log.h"
#include "base/text.h"
#include "replay/spool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace gsttus {

namespace {

// A file system that knows no syncing says EINVAL.
bool is_synced(int result)
{
    return result == 0 || errno == EINVAL;
}

class SpoolSync final : public DiskWork {
public:
    SpoolSync(FileOps &ops, Spool::Unsynced what, std::string path)
        : ops_(ops), what_(std::move(what)), path_(std::move(path))
    {
    }

    Result<void> run() override
    {
        for (const Spool::Unsynced::File &file : what_.files) {
            const FdRef fd = file.fd ? file.fd
                                     : open_file(ops_, file.dir->get(),
                                                 spill_name(file.number).c_str(), O_RDONLY);
            if (!fd && errno == ENOENT)
                continue; // acknowledged and deleted by now
            if (!fd || !is_synced(ops_.sync_data(fd->get())))
                return failure(errno);
        }
        // The journal last: it speaks of files.
        if ((what_.parent && !is_synced(ops_.sync_all(what_.parent->get()))) ||
            !is_synced(ops_.sync_all(what_.dir->get())) ||
            !is_synced(ops_.sync_data(what_.journal->get())))
            return failure(errno);
        return {};
    }

private:
    Error failure(int error) const
    {
        return disk_error(error, cat("The spooled bytes in ", path_,
                                     " could not be brought onto the disk; a power cut may lose "
                                     "them."));
    }

    FileOps &ops_; // outlives this by contract
    Spool::Unsynced what_;
    std::string path_;
};

class SpoolCleanUp final : public DiskWork {
public:
    SpoolCleanUp(FileOps &ops, Spool::Needless needless) : ops_(ops), needless_(std::move(needless))
    {
    }

    // First: after a power cut it must say that these files may be gone.
    void sync_journal(FdRef dir, FdRef journal)
    {
        dir_ = std::move(dir);
        journal_ = std::move(journal);
    }

    Result<void> run() override
    {
        needless_.open.clear();
        // Where that fails, room is worth more: most files go in their order, and are understood.
        if (journal_ && (ops_.sync_all(dir_->get()) != 0 || ops_.sync_data(journal_->get()) != 0))
            log(LogLevel::kInfo, "replay", "the journal could not be synced");
        for (const Spool::Needless::File &file : needless_.files) {
            const std::string name = spill_name(file.number);
            const int dir = file.dir ? file.dir->get() : AT_FDCWD;
            const std::string path = file.dir ? name : cat(file.folder, '/', name);
            if (ops_.remove_at(dir, path.c_str(), 0) != 0 && errno != ENOENT)
                log(LogLevel::kWarning, "replay",
                    cat("a spill file in ", file.folder, " could not be deleted"));
        }
        for (const auto &folder : needless_.folders) {
            if (const auto removed = folder->remove(); !removed)
                log(LogLevel::kWarning, "replay", removed.error().message);
        }
        return {};
    }

private:
    FileOps &ops_; // outlives this by contract
    Spool::Needless needless_;
    FdRef dir_, journal_; // null: it need not be synced
};

bool is_deleted(const FdRef &fd)
{
    struct stat info {};

    return fd && ::fstat(fd->get(), &info) == 0 && info.st_nlink == 0;
}

} // namespace

Result<void> SpoolLook::run()
{
    deleted_ = is_deleted(dir_) || is_deleted(journal_) ||
               std::any_of(files_.begin(), files_.end(), is_deleted);
    // What is left of it must not be taken for another upload.
    for (const char *name : {kOldJournalName, kJournalName}) {
        if (deleted_)
            (void)ops_.remove_at(dir_->get(), name, 0);
    }
    files_.clear(); // closed here, where it may take time
    dir_.reset();
    journal_.reset();
    return {};
}

std::unique_ptr<DiskWork> spool_sync(Spool &spool)
{
    if (!spool.has_journal() || !spool.has_unsynced())
        return nullptr;
    return std::make_unique<SpoolSync>(spool.ops(), spool.take_unsynced(), spool.path());
}

std::unique_ptr<DiskWork> spool_clean_up(Spool &spool)
{
    auto needless = spool.take_needless();
    if (needless.empty())
        return nullptr;
    const bool syncs = !needless.files.empty() && spool.has_journal() && !spool.busy() &&
                       spool.journal_fd() && spool.dir_fd();
    auto work = std::make_unique<SpoolCleanUp>(spool.ops(), std::move(needless));
    if (syncs)
        work->sync_journal(spool.dir_fd(), spool.journal_fd());
    return work;
}

} // namespace gsttus
