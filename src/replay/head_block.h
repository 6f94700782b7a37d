// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The head of a recording: its first bytes, which may change until it ends. In memory, and in a
// file of the upload's folder as it last was, for a recovery (head_file.h). The owner guards it
// with a mutex; only HeadSave::run() needs none. At the end it goes into the store, behind the
// rest. docs/decisions/0010
#pragma once

#include "base/clock.h"
#include "replay/disk_work.h"
#include "replay/head_file.h"
#include "replay/segment.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gsttus {

// A visit to the disk with what has changed: made and ended with the mutex, run without it.
class HeadSave final : public DiskWork {
public:
    Result<void> run() override;

private:
    friend class HeadBlock;

    explicit HeadSave(FileOps &ops) : ops_(ops) {}

    int write();

    FileOps &ops_;       // outlives this by contract
    FdRef dir_;          // of the folder
    std::string folder_; // its path
    FdRef file_;         // null: a new one takes the place of what is there
    std::string bytes_;
    std::uint64_t offset_ = 0;
    std::uint32_t chain_ = 0; // behind these bytes
    bool sync_ = false;
    bool done_ = false;
};

class HeadBlock {
public:
    HeadBlock() = default; // there is none
    // At most so many bytes. They count as taken of the budget (none: nobody counts) at once.
    HeadBlock(std::uint64_t limit, std::shared_ptr<MemoryBudget> budget);

    bool is_there() const { return limit_ > 0; }

    bool has_memory() const { return block_ != nullptr; } // FALSE: the system had none, or let_go()

    std::uint64_t limit() const { return limit_; }

    std::uint64_t size() const { return size_; }

    // The next byte of the stream belongs to it.
    bool takes_more() const { return block_ && size_ < limit_ && !placed_; }

    std::size_t append(std::span<const std::byte> data, TimePoint now); // how much of it
    // position + data.size() <= size()
    void rewrite(std::uint64_t position, std::span<const std::byte> data, TimePoint now);

    std::span<const std::byte> bytes() const;

    // Keeps bytes() where they are.
    std::shared_ptr<const MemoryBlock> block() const { return block_; }

    std::uint64_t in_memory() const { return block_ ? limit_ : 0; }

    // All of it is in the store as well: it does not change any more.
    void place() { placed_ = true; }

    bool is_placed() const { return placed_; }

    void let_go() { block_.reset(); }

    // --- on the disk ---

    // Since when something is in memory only that is not on the disk; nullopt: nothing.
    std::optional<TimePoint> changed_since() const;

    bool is_unsynced() const { return unsynced_; }

    // Nothing in memory would be lost with the power, if this is the folder.
    bool is_safe(const std::string &folder) const
    {
        return !changed_since() && !unsynced_ && !is_left(folder);
    }

    std::uint64_t on_disk() const { return file_ ? file_size_ : 0; }

    // What the file of such a head takes at most, also while one takes another's place.
    static std::uint64_t most_on_disk(std::uint64_t limit);

    // Its file is in a folder that was given up.
    bool is_left(const std::string &folder) const { return file_ && folder != folder_; }

    // The last save failed: another one only after a while.
    bool refuses(TimePoint now) const { return now < again_; }

    TimePoint next_attempt() const { return again_; }

    // `sync`: also onto the disk itself.
    std::unique_ptr<HeadSave> begin_save(FileOps &ops, FdRef dir, const std::string &folder,
                                         bool sync);
    // An error the first time that it fails.
    std::optional<Error> end_save(std::unique_ptr<HeadSave> save, const Result<void> &result,
                                  TimePoint now);

    const FdRef &file() const { return file_; } // null: there is none

private:
    void changed(std::uint64_t position, std::uint64_t length, TimePoint now);

    struct Run {
        std::uint64_t begin = 0, end = 0;
    };

    std::uint64_t limit_ = 0, size_ = 0;
    std::shared_ptr<MemoryBlock> block_;
    bool placed_ = false;

    std::vector<Run> changes_; // since the last save; may overlap
    std::optional<TimePoint> since_, saving_since_;
    FdRef file_;
    std::string folder_; // where it is
    std::uint64_t file_size_ = 0;
    std::uint32_t chain_ = 0;
    bool unsynced_ = false;
    bool failed_ = false; // and told
    TimePoint again_{};
};

} // namespace gsttus
