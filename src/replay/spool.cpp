// Writing spill files and the journal; every failure ends in fail(), which says when to try again.
#include "replay/spool.h"

#include "base/log.h"
#include "base/text.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kReserve = std::uint64_t{256} << 20; // left to others on the disk
constexpr std::uint64_t kCheckEvery = std::uint64_t{4} << 20;
constexpr Duration kRetryAfter = seconds(1);

} // namespace

Spool::Spool(std::string spool_dir, std::uint64_t max_size, FileOps &ops,
             std::function<JournalState()> state)
    : spool_dir_(std::move(spool_dir)), max_size_(max_size), ops_(ops), state_(std::move(state)),
      journal_(ops)
{
}

void Spool::adopt(std::unique_ptr<SpoolFolder> folder, std::uint32_t next_file, std::uint64_t used)
{
    folder_ = std::move(folder);
    next_file_ = next_file;
    used_ = used;
    journaling_ = true;
}

std::optional<Spool::Written> Spool::write(std::uint64_t position, std::span<const std::byte> data,
                                           Bound bound)
{
    std::uint64_t allowed = 0;
    if (data.empty() || !prepare(bound, allowed))
        return std::nullopt;
    const auto file = out_;
    data = data.first(static_cast<std::size_t>(
        std::min({std::uint64_t{data.size()}, kFileSize - file->size, allowed})));
    const auto outcome = write_fully(ops_, file->writer->get(), data, file->size);
    data = data.first(outcome.written);
    const Written written{.file = file,
                          .file_offset = file->size,
                          .length = static_cast<std::uint32_t>(data.size()),
                          .crc = crc_of(0, data)};
    if (const int error = journal_written(position, written); error != 0) {
        // Bytes without a record would be lost in a crash: they do not count as written.
        fail(error, "cannot be written to");
        return std::nullopt;
    }
    file->size += data.size();
    used_ += data.size();
    until_check_ -= std::min(until_check_, std::uint64_t{data.size()});
    may_be_over_ = may_be_over_ || !data.empty();
    if (outcome.error != 0)
        fail(outcome.error, "cannot be written to");
    if (data.empty())
        return std::nullopt;
    return written;
}

// Sees to everything that a write needs: folder, journal, room, and a file that is not full.
bool Spool::prepare(Bound bound, std::uint64_t &allowed)
{
    if (!usable() || !make_folder() || (journaling_ && !ensure_journal()))
        return false;
    const bool needs_file = !out_ || out_->size >= kFileSize;
    if (needs_file)
        until_check_ = 0;
    allowed = room(bound);
    if (allowed == 0) {
        fail(ENOSPC, "has no room");
        return false;
    }
    return !needs_file || new_file();
}

int Spool::journal_written(std::uint64_t position, const Written &written)
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
        if (ops_.remove_at(folder_->dir(), spill_name(file->number).c_str(), 0) != 0 &&
            errno != ENOENT)
            log(LogLevel::kWarning, "replay",
                cat("a spill file in ", folder_->path(), " could not be deleted"));
    }
    // A new trouble is worth a new warning once the one before is clearly over.
    if (warned_ && may_be_over_ && used_ <= used_at_warning_ / 2)
        warned_ = false;
}

FdRef Spool::reader(SpillFile &file) const
{
    if (file.writer)
        return file.writer;
    FdRef fd = file.last_reader.lock();
    if (!fd) {
        fd = open_file(ops_, folder_->dir(), spill_name(file.number).c_str(), O_RDONLY);
        file.last_reader = fd;
    }
    return fd;
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
    fail(error, "cannot be written to");
    return false;
}

void Spool::note(const std::string &name, const std::string &value)
{
    if (!journaling_ || !folder_)
        return; // the snapshot of the first journal brings it
    // One that was read by a recovery is not changed, but replaced.
    if (!journal_.is_open() || journal_stale_) {
        journal_stale_ = true;
        if (usable())
            ensure_journal();
        return;
    }
    if (const int error = journal_.note(name, value); error != 0) {
        journal_stale_ = true;
        fail(error, "cannot be written to");
    }
}

void Spool::acked(std::uint64_t position)
{
    if (!journaling_ || !folder_)
        return;
    if (!journal_.is_open() || journal_stale_ || journal_.is_long()) {
        journal_stale_ = journal_stale_ || !journal_.is_open();
        if (usable())
            ensure_journal();
        return;
    }
    if (const int error = journal_.acked(position); error != 0) {
        journal_stale_ = true;
        fail(error, "cannot be written to");
    }
}

void Spool::remove()
{
    seal();
    journal_.close();
    unsynced_.clear();
    used_ = 0;
    if (!folder_)
        return;
    if (const auto removed = folder_->remove(); !removed)
        log(LogLevel::kWarning, "replay", removed.error().message);
    folder_.reset();
}

bool Spool::usable()
{
    if (!healthy_ && ops_.now() >= retry_at_)
        healthy_ = true;
    return healthy_;
}

bool Spool::make_folder()
{
    if (folder_)
        return true;
    auto folder = SpoolFolder::create(spool_dir_, ops_);
    if (!folder) {
        fail(folder.error());
        return false;
    }
    folder_ = std::move(*folder);
    remove_leftovers(spool_dir_, ops_);
    return true;
}

bool Spool::new_file()
{
    seal();
    auto file = std::make_shared<SpillFile>();
    file->number = next_file_++;
    file->writer = open_file(ops_, folder_->dir(), spill_name(file->number).c_str(),
                             O_RDWR | O_CREAT | O_EXCL, 0600);
    if (!file->writer) {
        fail(errno, "cannot be written to");
        return false;
    }
    out_ = std::move(file);
    return true;
}

void Spool::seal()
{
    if (!out_)
        return;
    const auto file = std::exchange(out_, nullptr);
    file->last_reader = file->writer;
    file->writer.reset();
    if (file->size == 0 && folder_)
        (void)ops_.remove_at(folder_->dir(), spill_name(file->number).c_str(), 0);
}

std::uint64_t Spool::room(Bound bound)
{
    if (bound == Bound::kNone)
        return std::numeric_limits<std::uint64_t>::max();
    if (max_size_ > 0)
        return max_size_ > used_ ? max_size_ - used_ : 0;
    if (until_check_ == 0) {
        const auto free = ops_.free_space(folder_->dir());
        // A disk that does not say how much is free says so when it is full.
        const std::uint64_t left = free ? *free - std::min(*free, kReserve) : kCheckEvery;
        until_check_ = std::min(left, kCheckEvery);
    }
    return until_check_;
}

void Spool::fail(int error, const char *what)
{
    const std::string where = folder_ ? folder_->path() : spool_dir_;
    fail(disk_error(error, cat("The spool folder ", where, ' ', what, '.')));
}

// A file on a failing disk ends at what was really written; the next attempt begins a new one.
void Spool::fail(Error error)
{
    const bool full = error.kind == ErrorKind::kNoSpace; // then it can go on later
    if (out_ && (!full || out_->size == 0))
        seal();
    healthy_ = false;
    retry_at_ = ops_.now() + kRetryAfter;
    last_error_ = error;
    if (warned_)
        return;
    warned_ = true;
    may_be_over_ = error.kind == ErrorKind::kNoSpace && used_ > 0;
    used_at_warning_ = used_;
    error.message += " Until it can, only memory holds what the server does not have yet; when "
                     "that is full, the pipeline waits.";
    if (error.kind == ErrorKind::kNoSpace)
        error.message += " Free space on the disk or raise max-spool-size.";
    warning_ = std::move(error);
}

} // namespace gsttus
