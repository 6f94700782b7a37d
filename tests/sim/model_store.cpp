// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model_store.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <unistd.h>

namespace gsttus::sim {

namespace {

std::byte byte_at(std::uint64_t position)
{
    return static_cast<std::byte>((position * 0x9e3779b97f4a7c15ULL) >> 56);
}

// One for the process, in memory where that is possible.
const std::string &scratch_folder()
{
    struct Folder {
        Folder()
        {
            const bool shared = ::access("/dev/shm", W_OK | X_OK) == 0;
            path = std::string(shared ? "/dev/shm" : "/tmp") + "/gst-tus-sim-XXXXXX";
            if (!::mkdtemp(path.data()))
                std::abort();
        }

        ~Folder()
        {
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
        }

        Folder(const Folder &) = delete;
        Folder &operator=(const Folder &) = delete;

        std::string path;
    };

    static const Folder folder;
    return folder.path;
}

} // namespace

ssize_t ModelStore::Disk::write_at(int fd, const void *data, std::size_t length, off_t offset)
{
    if (!full)
        return FileOps::write_at(fd, data, length, offset);
    errno = ENOSPC;
    return -1;
}

void ModelStore::make_real(const Schedule &schedule)
{
    ReplayConfig config;
    config.max_memory = capacity_;
    config.rollback_margin = margin_;
    config.spool_mode = SpoolMode::kNever;
    if (schedule.real_disk) {
        config.spool_mode = SpoolMode::kOverflow;
        config.spool_dir = scratch_folder();
        config.max_spool_size = capacity_ / 2;
        config.max_memory -= config.max_spool_size;
    }
    real_ = std::make_unique<ReplayStore>(config, disk_);
    if (schedule.real_disk)
        real_->spill_by_thread();
}

void ModelStore::end_spill()
{
    if (!spill_)
        return;
    (void)spill_->run();
    real_->end_spill(std::move(spill_));
}

void ModelStore::step_of_spilling()
{
    if (!real_ || random_.chance(40))
        return;
    if (spill_)
        end_spill();
    else
        spill_ = real_->begin_spill();
}

std::uint64_t ModelStore::append_bytes(std::uint64_t size)
{
    std::vector<std::byte> bytes(size);
    const std::uint64_t at = real_->end();
    for (std::uint64_t n = 0; n < size; ++n)
        bytes[n] = byte_at(at + n);
    return real_->append(bytes);
}

bool ModelStore::readable(std::uint64_t from, std::uint64_t to) const
{
    if (from < begin() || to > end() || from > to)
        return false;
    if (!real_)
        return true;
    std::array<std::byte, 512> buffer{};
    while (from < to) {
        const std::shared_ptr<const gsttus::Piece> piece = real_->piece(from);
        if (!piece || from < piece->begin() || from >= piece->end())
            return false;
        const std::size_t want = std::min<std::uint64_t>(buffer.size(), to - from);
        const Result<std::size_t> got = piece->read(from, std::span(buffer).first(want));
        if (!got || *got == 0 || *got > want)
            return false;
        for (std::size_t n = 0; n < *got; ++n)
            if (buffer[n] != byte_at(from + n))
                return false;
        from += *got;
    }
    return true;
}

} // namespace gsttus::sim
