// Folder, room, file, bytes: in this order, each only where it is missing.
#include "replay/spool_write.h"

#include "base/text.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kReserve = std::uint64_t{256} << 20; // left to others on the disk
constexpr std::uint64_t kCheckEvery = std::uint64_t{4} << 20;

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
    if ((!dir_ && !make_folder()) || (!allowed_ && !ask_for_room()) ||
        (!file_ && !open_spill_file()))
        return;
    data = data.first(static_cast<std::size_t>(
        std::min({std::uint64_t{data.size()}, file_size_ - offset_, *allowed_})));
    outcome_ = write_fully(ops_, fd_->get(), data, offset_);
    crc_ = crc_of(0, data.first(outcome_.written));
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
    const std::uint64_t left = free ? *free - std::min(*free, kReserve) : kCheckEvery;
    found_room_ = allowed_ = std::min(left, kCheckEvery);
    if (*allowed_ == 0)
        error_ = no_room(path_);
    return *allowed_ > 0;
}

bool SpoolWrite::open_spill_file()
{
    auto file = std::make_shared<SpillFile>();
    file->number = number_;
    file->writer =
        open_file(ops_, dir_->get(), spill_name(number_).c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!file->writer) {
        error_ = not_writable(errno, path_);
        return false;
    }
    fd_ = file->writer;
    file_ = std::move(file);
    made_file_ = true;
    return true;
}

} // namespace gsttus
