// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Folder, journal, room, file, bytes: in this order, each only where it is missing. The journal
// comes early: a full disk then costs no file.
#include "replay/spool_write.h"

#include "base/text.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kReserve = std::uint64_t{256} << 20; // left to others on the disk
// With one check value: so much is read back at a time.
constexpr std::uint64_t kMostRun = std::uint64_t{1} << 18;
constexpr std::uint64_t kCheckEvery = std::uint64_t{4} << 20;
constexpr std::uint64_t kDiskBlock = 4096; // of most file systems; of others it is larger
constexpr std::uint64_t kLongestRecord = 64;

Error spool_error(int error, const std::string &where, const char *what)
{
    return disk_error(error, cat("The spool folder ", where, ' ', what, '.'));
}

} // namespace

Error no_room(const std::string &where)
{
    return spool_error(ENOSPC, where, "has no room");
}

Error not_writable(int error, const std::string &where)
{
    return spool_error(error, where, "cannot be written to");
}

void SpoolWrite::run(std::span<const std::byte> data)
{
    if ((!dir_ && !(path_.empty() ? make_folder() : wake_folder())) ||
        (telling_.journal && !write_journal()) || data.empty() || (!allowed_ && !ask_for_room()) ||
        (!file_ && !open_spill_file()))
        return;
    data = data.first(static_cast<std::size_t>(
        std::min({std::uint64_t{data.size()}, kMostRun, file_size_ - offset_, *allowed_})));
    outcome_ = write_fully(ops_, fd_->get(), data, offset_);
    if (outcome_.written == 0)
        return;
    int error = add_record(data);
    for (std::uint64_t block = kDiskBlock;
         (error == ENOSPC || error == EDQUOT) && make_room_for_record(block); block *= 4)
        error = add_record(data);
    // Bytes without a record would be lost in a crash: they do not count as written.
    if (error != 0)
        error_ = not_writable(error, path_);
}

// Of what was written of `data`, if there is a journal.
int SpoolWrite::add_record(std::span<const std::byte> data)
{
    const auto length = static_cast<std::uint32_t>(outcome_.written);
    crc_ = crc_of(0, data.first(length));
    return telling_.journal ? telling_.journal->add(DataRecord{.position = position_,
                                                               .file_offset = offset_,
                                                               .file = file_->number,
                                                               .length = length,
                                                               .crc = crc_})
                            : 0;
}

// The bytes have taken the last of it: their end gives way, of a disk with such blocks. FALSE: all
// of them had to.
bool SpoolWrite::make_room_for_record(std::uint64_t block)
{
    const std::uint64_t end = offset_ + outcome_.written;
    const std::uint64_t cut =
        std::max(offset_, (end - std::min(end, kLongestRecord)) / block * block);
    outcome_.written = static_cast<std::size_t>(cut - offset_);
    outcome_.error = ENOSPC; // also where they found room
    return ops_.truncate(fd_->get(), static_cast<off_t>(cut)) == 0 && outcome_.written > 0;
}

// After a rest.
bool SpoolWrite::wake_folder()
{
    dir_ = open_file(ops_, AT_FDCWD, path_.c_str(), O_RDONLY | O_DIRECTORY);
    if (!dir_)
        error_ = not_writable(errno, path_);
    return dir_ != nullptr;
}

// FALSE: error_ says why.
bool SpoolWrite::write_journal()
{
    if (const int error = telling_.needs_snapshot ? 0 : telling_.journal->wake(dir_->get());
        error != 0) {
        telling_.failed = true;
        error_ = not_writable(error, path_);
        return false;
    }
    if (telling_.snapshot && !begin_journal())
        return false;
    auto &facts = telling_.facts;
    std::size_t told = 0;
    int error = 0;
    while (told < facts.size() && (error = telling_.journal->add(facts[told])) == 0)
        telling_.noted = !facts[told++].is_position() || telling_.noted;
    facts.erase(facts.begin(), facts.begin() + static_cast<std::ptrdiff_t>(told));
    if (error == 0)
        return true;
    error_ = not_writable(error, path_);
    telling_.failed = error_->kind != ErrorKind::kNoSpace;
    return false;
}

bool SpoolWrite::begin_journal()
{
    // A run of synced bytes and others would be bad as a whole after a power cut.
    for (const FdRef &fd : telling_.first) {
        if (fd)
            (void)ops_.sync_data(fd->get());
    }
    const int error = telling_.journal->rewrite(dir_->get(), *telling_.snapshot);
    if (error == 0) {
        telling_.begun = true;
        telling_.facts.clear(); // the snapshot has them
        return true;
    }
    if (!telling_.needs_snapshot) { // the long one still serves
        telling_.journal->rewrite_failed();
        return true;
    }
    error_ = not_writable(error, path_);
    return false;
}

bool SpoolWrite::make_folder()
{
    auto folder = SpoolFolder::create(spool_dir_, ops_);
    if (!folder) {
        error_ = folder.error();
        return false;
    }
    made_folder_ = std::move(*folder);
    dir_ = made_folder_->dir_fd();
    path_ = made_folder_->path();
    remove_leftovers(spool_dir_, ops_);
    return true;
}

bool SpoolWrite::ask_for_room()
{
    const auto free = ops_.free_space(dir_->get());
    // A disk that does not say how much is free says so when it is full.
    const std::uint64_t left = free ? *free - std::min(*free, kReserve + beside_) : kCheckEvery;
    found_room_ = allowed_ = std::min(left, kCheckEvery);
    if (*allowed_ == 0)
        error_ = no_room(path_);
    return *allowed_ > 0;
}

bool SpoolWrite::open_spill_file()
{
    auto file = std::make_shared<SpillFile>();
    file->number = number_;
    file->dir = dir_;
    file->folder = path_;
    file->fd =
        open_file(ops_, dir_->get(), spill_name(number_).c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!file->fd) {
        error_ = not_writable(errno, path_);
        return false;
    }
    fd_ = file->fd;
    file_ = std::move(file);
    made_file_ = true;
    return true;
}

} // namespace gsttus
