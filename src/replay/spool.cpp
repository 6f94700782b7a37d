// Writing spill files and the journal; every failure ends in fail(), which says when to try again.
#include "replay/spool.h"

#include "base/log.h"
#include "base/text.h"
#include "replay/spool_write.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20;
constexpr std::uint64_t kSmallestFile = std::uint64_t{256} << 10;

} // namespace

void delete_spill_file(FileOps &ops, int dir, std::uint32_t number, const std::string &path)
{
    if (ops.remove_at(dir, spill_name(number).c_str(), 0) != 0 && errno != ENOENT)
        log(LogLevel::kWarning, "replay", cat("a spill file in ", path, " could not be deleted"));
}

std::uint64_t Spool::file_size(std::uint64_t max_size)
{
    return max_size == 0 ? kLargestFile : std::clamp(max_size / 8, kSmallestFile, kLargestFile);
}

Spool::Spool(std::string spool_dir, std::uint64_t max_size, FileOps &ops,
             std::function<JournalState()> state)
    : spool_dir_(std::move(spool_dir)), max_size_(max_size), file_size_(file_size(max_size)),
      ops_(ops), state_(std::move(state)), journal_(ops), trouble_(ops)
{
}

void Spool::adopt(std::unique_ptr<SpoolFolder> folder, std::uint32_t next_file, std::uint64_t used)
{
    folder_ = std::move(folder);
    next_file_ = next_file;
    used_ = used;
    journaling_ = adopted_ = true;
}

// --- one write -----------------------------------------------------------------------------------

std::unique_ptr<SpoolWrite> Spool::begin(Bound bound)
{
    if (busy_ || !trouble_.may_try())
        return nullptr;
    const bool needs_file = !out_ || is_full(*out_);
    if (needs_file)
        until_check_ = 0;
    std::unique_ptr<SpoolWrite> write(new SpoolWrite(ops_, spool_dir_, file_size_));
    if (bound == Bound::kNone)
        write->allowed_ = std::numeric_limits<std::uint64_t>::max();
    else if (max_size_ > 0)
        write->allowed_ = max_size_ - std::min(max_size_, used_);
    else if (until_check_ > 0)
        write->allowed_ = until_check_;
    if (write->allowed_ == 0) {
        fail(no_room(where()));
        return nullptr;
    }
    if (folder_) {
        write->dir_ = folder_->dir_fd();
        write->path_ = folder_->path();
    }
    if (needs_file) {
        write->number_ = next_file_++;
    } else {
        write->file_ = out_;
        write->fd_ = out_->writer;
        write->offset_ = out_->size;
    }
    busy_ = true;
    return write;
}

std::optional<SpilledRun> Spool::end(std::uint64_t position, std::unique_ptr<SpoolWrite> write)
{
    busy_ = false;
    const auto written = take_over(position, *write);
    if (!written && write->file_)
        release_file(write->file_, 0); // what else was in it may be gone meanwhile
    return written;
}

std::optional<SpilledRun> Spool::take_over(std::uint64_t position, SpoolWrite &write)
{
    if (write.made_folder_)
        folder_ = std::move(write.made_folder_);
    if (write.found_room_)
        until_check_ = *write.found_room_;
    if (write.made_file_) {
        seal();
        out_ = write.file_;
    }
    if (write.error_) {
        fail(std::move(*write.error_));
        return std::nullopt;
    }
    const std::size_t length = write.outcome_.written;
    const SpilledRun written{.file = write.file_,
                             .file_offset = write.offset_,
                             .length = static_cast<std::uint32_t>(length),
                             .crc = write.crc_};
    if (const int error = journal_written(position, written); error != 0) {
        // Bytes without a record would be lost in a crash: they do not count as written.
        fail(not_writable(error, where()));
        return std::nullopt;
    }
    written.file->size += length;
    used_ += length;
    until_check_ -= std::min(until_check_, std::uint64_t{length});
    if (length > 0)
        trouble_.wrote();
    if (write.outcome_.error != 0)
        fail(not_writable(write.outcome_.error, where()));
    if (length == 0)
        return std::nullopt;
    return written;
}

std::optional<SpilledRun> Spool::write(std::uint64_t position, std::span<const std::byte> data,
                                       Bound bound)
{
    auto write = data.empty() ? nullptr : begin(bound);
    if (!write)
        return std::nullopt;
    // The journal comes first: a full disk then costs no file.
    if (journaling_ && !ensure_journal()) {
        busy_ = false;
        return std::nullopt;
    }
    if (folder_ && !write->dir_) { // made for the journal
        write->dir_ = folder_->dir_fd();
        write->path_ = folder_->path();
    }
    write->run(data);
    auto written = end(position, std::move(write));
    needless_.open.clear();
    return written;
}

// --- files and journal ---------------------------------------------------------------------------

int Spool::journal_written(std::uint64_t position, const SpilledRun &written)
{
    if (!journaling_ || written.length == 0)
        return 0;
    unsynced_.insert(written.file->number);
    return journal_.data({.position = position,
                          .file_offset = written.file_offset,
                          .file = written.file->number,
                          .length = written.length,
                          .crc = written.crc});
}

void Spool::release_file(const std::shared_ptr<SpillFile> &file, std::uint64_t bytes)
{
    used_ -= std::min(used_, bytes);
    // The caller's reference and possibly out_ are left.
    const bool is_out = file == out_;
    if (file.use_count() <= (is_out ? 2 : 1)) {
        if (is_out)
            seal();
        unsynced_.erase(file->number);
        needless_.files.push_back(file->number);
    }
    trouble_.freed(used_);
}

void Spool::cut_file(const std::shared_ptr<SpillFile> &file, std::uint64_t offset)
{
    if (file == out_)
        seal();
    const FdRef fd = open_file(ops_, folder_->dir(), spill_name(file->number).c_str(), O_RDWR);
    if (!fd || ops_.truncate(fd->get(), static_cast<off_t>(offset)) != 0)
        log(LogLevel::kWarning, "replay",
            cat("a spill file in ", folder_->path(), " could not be cut"));
    used_ -= std::min(used_, file->size - offset);
    file->size = offset;
}

void Spool::delete_needless()
{
    for (const std::uint32_t number : take_needless().files)
        delete_spill_file(ops_, folder_->dir(), number, folder_->path());
}

bool Spool::ensure_journal()
{
    if (!make_folder())
        return false;
    const bool needed = !journal_.is_open() || journal_stale_;
    if (!needed && !journal_.is_long())
        return true;
    const int error = journal_.rewrite(folder_->dir(), state_());
    if (error == 0) {
        journal_stale_ = false;
        return true;
    }
    if (!needed) { // the long one still serves
        journal_.rewrite_failed();
        return true;
    }
    fail(not_writable(error, where()));
    return false;
}

void Spool::note(const std::string &name, const std::string &value)
{
    if (!journaling_ || !folder_)
        return; // the snapshot of the first journal brings it
    // One that was read by a recovery is not changed, but replaced.
    if (!journal_.is_open() || journal_stale_) {
        journal_stale_ = true;
        if (trouble_.may_try())
            ensure_journal();
        return;
    }
    if (const int error = journal_.note(name, value); error != 0) {
        journal_stale_ = true;
        fail(not_writable(error, where()));
    }
}

bool Spool::acked(std::uint64_t position)
{
    if (!journaling_ || !folder_)
        return true;
    if (!journal_.is_open() || journal_stale_ || journal_.is_long()) {
        journal_stale_ = journal_stale_ || !journal_.is_open();
        const bool was_stale = journal_stale_;
        if (trouble_.may_try() && ensure_journal() && was_stale)
            return true;
        if (was_stale)
            return false;
    }
    const int error = journal_.acked(position);
    if (error != 0) {
        journal_stale_ = true;
        fail(not_writable(error, where()));
    }
    return error == 0;
}

void Spool::remove()
{
    seal();
    journal_.close();
    unsynced_.clear();
    needless_ = {};
    used_ = 0;
    if (!folder_)
        return;
    if (const auto removed = folder_->remove(); !removed)
        log(LogLevel::kWarning, "replay", removed.error().message);
    folder_.reset();
}

bool Spool::make_folder()
{
    if (folder_)
        return true;
    SpoolWrite write(ops_, spool_dir_, file_size_);
    if (!write.make_folder()) {
        fail(std::move(*write.error_));
        return false;
    }
    folder_ = std::move(write.made_folder_);
    return true;
}

void Spool::seal()
{
    if (!out_)
        return;
    needless_.open.push_back(std::exchange(std::exchange(out_, nullptr)->writer, nullptr));
}

std::string Spool::where() const
{
    return folder_ ? folder_->path() : spool_dir_;
}

// A file on a failing disk ends at what was really written; the next attempt begins a new one.
void Spool::fail(Error error)
{
    const bool full = error.kind == ErrorKind::kNoSpace; // then it can go on later
    if (out_ && (!full || out_->size == 0))
        seal();
    trouble_.report(std::move(error), used_);
}

} // namespace gsttus
