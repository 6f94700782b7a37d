// Syncing and deleting spill files without the owner's mutex. Takes what it needs from the Spool
// when it is made and does not look at it again.
#include "replay/disk_work.h"

#include "base/text.h"
#include "replay/spool.h"

#include <cerrno>
#include <set>
#include <utility>

#include <fcntl.h>

namespace gsttus {

namespace {

class SpoolSync final : public DiskWork {
public:
    SpoolSync(FileOps &ops, FdRef dir, FdRef journal, std::set<std::uint32_t> files,
              std::string path)
        : ops_(ops), dir_(std::move(dir)), journal_(std::move(journal)), files_(std::move(files)),
          path_(std::move(path))
    {
    }

    Result<void> run() override
    {
        for (const auto number : files_) {
            // Synced through a descriptor of its own; the store may have closed its one.
            const FdRef file = open_file(ops_, dir_->get(), spill_name(number).c_str(), O_RDONLY);
            if (!file && errno == ENOENT)
                continue; // acknowledged and deleted by now
            if (!file || ops_.sync_data(file->get()) != 0)
                return failure(errno);
        }
        // The journal last: it speaks of files.
        if (ops_.sync_all(dir_->get()) != 0 || ops_.sync_data(journal_->get()) != 0)
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
    FdRef dir_, journal_;
    std::set<std::uint32_t> files_;
    std::string path_;
};

class SpoolCleanUp final : public DiskWork {
public:
    SpoolCleanUp(FileOps &ops, FdRef dir, Spool::Needless needless, std::string path)
        : ops_(ops), dir_(std::move(dir)), needless_(std::move(needless)), path_(std::move(path))
    {
    }

    Result<void> run() override
    {
        needless_.open.clear();
        for (const auto number : needless_.files)
            delete_spill_file(ops_, dir_->get(), number, path_);
        return {};
    }

private:
    FileOps &ops_; // outlives this by contract
    FdRef dir_;
    Spool::Needless needless_;
    std::string path_;
};

} // namespace

std::unique_ptr<DiskWork> spool_sync(Spool &spool)
{
    if (!spool.has_journal())
        return nullptr;
    return std::make_unique<SpoolSync>(spool.ops(), spool.dir_fd(), spool.journal().fd(),
                                       spool.take_unsynced(), spool.path());
}

std::unique_ptr<DiskWork> spool_clean_up(Spool &spool)
{
    auto needless = spool.take_needless();
    if (needless.empty())
        return nullptr;
    return std::make_unique<SpoolCleanUp>(spool.ops(), spool.dir_fd(), std::move(needless),
                                          spool.path());
}

} // namespace gsttus
