// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The system calls that the spool makes, as a seam: tests let the n-th of them fail.
// Thread-safe; must outlive every store, Piece and DiskWork that was given it.
#pragma once

#include "base/clock.h"
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <sys/types.h>

namespace gsttus {

// As the system calls of the same meaning: -1 and errno when they fail.
class FileOps {
public:
    FileOps() = default;
    virtual ~FileOps() = default;
    FileOps(const FileOps &) = delete;
    FileOps &operator=(const FileOps &) = delete;

    virtual int open_at(int dir, const char *name, int flags, mode_t mode);
    virtual int make_dir_at(int dir, const char *name, mode_t mode);
    virtual int remove_at(int dir, const char *name, int flags);
    virtual int rename_at(int dir, const char *from, const char *to);
    virtual ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset);
    virtual ssize_t read_at(int fd, void *data, std::size_t length, off_t offset);
    virtual int truncate(int fd, off_t length);
    virtual int sync_data(int fd);
    virtual int sync_all(int fd);
    virtual std::optional<std::uint64_t> free_space(int dir); // bytes an ordinary user may write
    virtual TimePoint now();
};

FileOps &real_file_ops();

class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}

    ~Fd();
    Fd(const Fd &) = delete;
    Fd &operator=(const Fd &) = delete;

    int get() const { return fd_; }

private:
    int fd_;
};

using FdRef = std::shared_ptr<const Fd>;

// Opens with O_CLOEXEC | O_NOFOLLOW, not interrupted; null and errno when it fails.
FdRef open_file(FileOps &ops, int dir, const char *name, int flags, mode_t mode = 0);

struct WriteOutcome {
    std::size_t written = 0;
    int error = 0; // errno; 0: everything was written
};

// Writes on after short and interrupted writes.
WriteOutcome write_fully(FileOps &ops, int fd, std::span<const std::byte> data,
                         std::uint64_t offset);

// kNoSpace for what deleting files would heal, else kDisk; detail says what the system said.
Error disk_error(int error, std::string message);

std::uint32_t crc_of(std::uint32_t before, std::span<const std::byte> data);

} // namespace gsttus
