// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The folder of one upload: its name, its lock, and which files in it are ours.
// Nothing here follows a symbolic link inside the spool folder, or removes a file it did not name.
#pragma once

#include "base/result.h"
#include "replay/file_ops.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

bool is_upload_id(std::string_view name); // "upload-…" as create() makes them
std::string spill_name(std::uint32_t number);
std::optional<std::uint32_t> spill_number(std::string_view name);
std::vector<std::string> names_in(int dir); // without "." and ".."; unreadable: empty

// Below a folder where everybody can make names, as /tmp, somebody else has made this one, or a
// link that leads there: what is ours is not put there.
bool is_a_trap(const std::string &spool_dir);

// A folder that this process has locked. The lock ends with the object, or with the process.
class SpoolFolder {
public:
    // Makes `spool_dir` with its parents where they are missing, and a new folder in it.
    static Result<std::unique_ptr<SpoolFolder>> create(const std::string &spool_dir, FileOps &ops);
    // Locks an existing one. Error.retryable: another process (or store) is using it.
    static Result<std::unique_ptr<SpoolFolder>> open(const std::string &spool_dir,
                                                     const std::string &id, FileOps &ops);

    int dir() const { return dir_ ? dir_->get() : -1; }

    const FdRef &dir_fd() const { return dir_; }

    const FdRef &parent_fd() const { return parent_; } // null: it rests

    const std::string &path() const { return path_; } // absolute

    // Closes all but the lock, by giving it away; the folder goes on by its path.
    void rest(std::vector<FdRef> &open);

    void wake(FdRef dir) { dir_ = std::move(dir); }

    // Deletes our files and the folder. Foreign files stay, and with them the folder: an Error.
    Result<void> remove();

private:
    static std::unique_ptr<SpoolFolder> try_create(const std::string &spool_dir,
                                                   const FdRef &parent, FileOps &ops);

    SpoolFolder(FileOps &ops, std::string path, std::string id, FdRef parent, FdRef dir, FdRef lock)
        : ops_(ops), path_(std::move(path)), id_(std::move(id)), parent_(std::move(parent)),
          dir_(std::move(dir)), lock_(std::move(lock))
    {
    }

    FileOps &ops_;
    std::string path_, id_;
    bool open_again();

    FdRef parent_, dir_, lock_; // the first two may rest
};

} // namespace gsttus
