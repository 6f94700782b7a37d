// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk that does some things with spill files only when it is healed, and an upload on it.
#pragma once

#include "base/mutex.h"
#include "live_upload_fixture.h"
#include "replay/file_ops.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <glib/gstdio.h>

namespace gsttus::test {

class HangingDisk final : public FileOps {
public:
    enum Call { kWrite = 1, kRemove = 2, kOpenToRead = 4, kRead = 8 };

    int open_at(int dir, const char *name, int flags, mode_t mode) override
    {
        if ((flags & (O_ACCMODE | O_CREAT | O_DIRECTORY)) == O_RDONLY && strstr(name, ".spill"))
            wait_while_it_hangs(kOpenToRead);
        return FileOps::open_at(dir, name, flags, mode);
    }

    ssize_t read_at(int fd, void *data, std::size_t length, off_t offset) override
    {
        wait_while_it_hangs(kRead);
        if (failing_reads_ > 0 && failing_reads_-- > 0) {
            errno = EIO;
            return -1;
        }
        return FileOps::read_at(fd, data, length, offset);
    }

    int sync_data(int fd) override
    {
        ++syncs_;
        return FileOps::sync_data(fd);
    }

    int syncs() const { return syncs_; }

    void fail_write(int number) { fails_at_ = number; } // the first is 1

    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override
    {
        {
            MutexLock lock(mutex_);
            ++writes_;
            changed_.notify_all();
        }
        if (fails_at_ > 0 && --fails_at_ == 0) {
            errno = EIO;
            return -1;
        }
        wait_while_it_hangs(kWrite);
        return FileOps::write_at(fd, data, length, offset);
    }

    void fail_reads(int times) { failing_reads_ = times; }

    int failing_reads() const { return failing_reads_; }

    int writes()
    {
        MutexLock lock(mutex_);
        return writes_;
    }

    void wait_for_write()
    {
        MutexLock lock(mutex_);
        while (writes_ == 0)
            changed_.wait(lock);
    }

    int remove_at(int dir, const char *name, int flags) override
    {
        wait_while_it_hangs(kRemove);
        return FileOps::remove_at(dir, name, flags);
    }

    void hang(int calls = kWrite | kRemove)
    {
        MutexLock lock(mutex_);
        hangs_ = calls;
        changed_.notify_all();
    }

    void wait_until_it_hangs()
    {
        MutexLock lock(mutex_);
        while (!hung_)
            changed_.wait(lock);
    }

    void heal() { hang(0); }

private:
    void wait_while_it_hangs(Call call)
    {
        MutexLock lock(mutex_);
        while (hangs_ & call) {
            hung_ = true;
            changed_.notify_all();
            changed_.wait(lock);
        }
    }

    Mutex mutex_;
    Condition changed_;
    int hangs_ GUARDED_BY(mutex_) = kWrite | kRemove;
    bool hung_ GUARDED_BY(mutex_) = false;
    int writes_ GUARDED_BY(mutex_) = 0;
    std::atomic<int> syncs_{0};
    std::atomic<int> fails_at_{0};
    std::atomic<int> failing_reads_{0};
};

// Stays: nobody waits for a disk thread whose disk hangs.
inline HangingDisk &new_disk()
{
    static std::vector<std::unique_ptr<HangingDisk>> disks;
    return *disks.emplace_back(std::make_unique<HangingDisk>());
}

struct Hung {
    explicit Hung(UploadConfig config = quick_config(), StandinOptions options = {})
        : recording(std::move(options), prepared(config, folder.get()))
    {
        recording.begin(
            prepared(std::move(config), folder.get()), recording.server->files_url(),
            std::make_unique<ReplayStore>(prepared(quick_config(), folder.get()).replay, disk));
    }

    static UploadConfig prepared(UploadConfig config, const char *folder)
    {
        config.replay.spool_mode = SpoolMode::kOverflow;
        config.replay.spool_dir = folder;
        config.replay.max_memory = 1 << 20;
        config.replay.rollback_margin = 0;
        return config;
    }

    HangingDisk &disk = new_disk();
    GCharOwn folder{g_dir_make_tmp("live-upload-XXXXXX", nullptr)};
    Recording recording;
};

} // namespace gsttus::test
