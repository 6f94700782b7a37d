// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls behind the seam, and the loops around them. Knows nothing of spools.
#include "replay/file_ops.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef GSTTUS_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

namespace gsttus {

int FileOps::open_at(int dir, const char *name, int flags, mode_t mode)
{
    return ::openat(dir, name, flags, mode);
}

int FileOps::make_dir_at(int dir, const char *name, mode_t mode)
{
    return ::mkdirat(dir, name, mode);
}

int FileOps::remove_at(int dir, const char *name, int flags)
{
    return ::unlinkat(dir, name, flags);
}

int FileOps::rename_at(int dir, const char *from, const char *to)
{
    return ::renameat(dir, from, dir, to);
}

ssize_t FileOps::write_at(int fd, const void *data, std::size_t length, off_t offset)
{
    return ::pwrite(fd, data, length, offset);
}

ssize_t FileOps::read_at(int fd, void *data, std::size_t length, off_t offset)
{
    return ::pread(fd, data, length, offset);
}

int FileOps::truncate(int fd, off_t length)
{
    return ::ftruncate(fd, length);
}

int FileOps::sync_data(int fd)
{
    return ::fdatasync(fd);
}

int FileOps::sync_all(int fd)
{
    return ::fsync(fd);
}

std::optional<std::uint64_t> FileOps::free_space(int dir)
{
    struct statvfs info {};

    if (::fstatvfs(dir, &info) != 0)
        return std::nullopt;
    return std::uint64_t{info.f_bavail} * info.f_frsize;
}

TimePoint FileOps::now()
{
    return Clock::now();
}

FileOps &real_file_ops()
{
    // Never destroyed: a Piece may outlive everything else at exit.
    static auto *const kOps = new FileOps;
    return *kOps;
}

Fd::~Fd()
{
    if (fd_ >= 0)
        ::close(fd_);
}

FdRef open_file(FileOps &ops, int dir, const char *name, int flags, mode_t mode)
{
    int fd = -1;
    do
        fd = ops.open_at(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? nullptr : std::make_shared<const Fd>(fd);
}

WriteOutcome write_fully(FileOps &ops, int fd, std::span<const std::byte> data,
                         std::uint64_t offset)
{
    WriteOutcome out;
    while (out.written < data.size()) {
        const auto rest = data.subspan(out.written);
        const ssize_t n =
            ops.write_at(fd, rest.data(), rest.size(), static_cast<off_t>(offset + out.written));
        if (n > 0) {
            out.written += static_cast<std::size_t>(n);
        } else if (n == 0 || errno != EINTR) {
            out.error = n == 0 ? EIO : errno;
            break;
        }
    }
    return out;
}

Error disk_error(int error, std::string message)
{
    const bool full = error == ENOSPC || error == EDQUOT;
    return {.kind = full ? ErrorKind::kNoSpace : ErrorKind::kDisk,
            .message = std::move(message),
            .detail = std::generic_category().message(error),
            .retryable = true};
}

std::uint32_t crc_of(std::uint32_t before, std::span<const std::byte> data)
{
#ifdef GSTTUS_LIBDEFLATE
    return libdeflate_crc32(before, data.data(), data.size());
#else
    return static_cast<std::uint32_t>(
        crc32_z(before, reinterpret_cast<const Bytef *>(data.data()), data.size()));
#endif
}

} // namespace gsttus
