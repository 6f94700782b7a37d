// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Writing spill files and the journal; every failure ends in fail(), which says when to try again.
#include "replay/spool.h"

#include "base/log.h"
#include "base/text.h"
#include "replay/disk_work.h"
#include "replay/spool_write.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 20;
constexpr std::uint64_t kSmallestFile = std::uint64_t{256} << 10;

constexpr int kMostOpen = 128; // of the 1024 descriptors that most processes have
std::atomic<int> open_files{0};

} // namespace

OpenSlot::~OpenSlot()
{
    if (taken_)
        --open_files;
}

bool OpenSlot::take()
{
    if (!taken_ && ++open_files > kMostOpen)
        --open_files;
    else
        taken_ = true;
    return taken_;
}

FdRef open_spill(FileOps &ops, const SpillFile &file, int flags)
{
    if (file.dir)
        return open_file(ops, file.dir->get(), spill_name(file.number).c_str(), flags);
    return open_file(ops, AT_FDCWD, cat(file.folder, '/', spill_name(file.number)).c_str(), flags);
}

std::uint64_t Spool::file_size(std::uint64_t max_size)
{
    return max_size == 0 ? kLargestFile : std::clamp(max_size / 8, kSmallestFile, kLargestFile);
}

Spool::Spool(Room room, FileOps &ops, std::function<JournalState()> state)
    : room_(std::move(room)), file_size_(file_size(room_.max_size)), ops_(ops),
      state_(std::move(state)), journal_(ops), trouble_(ops)
{
}

void Spool::adopt(std::unique_ptr<SpoolFolder> folder, std::uint32_t next_file, std::uint64_t used)
{
    folder_ = std::move(folder);
    next_file_ = next_file;
    used_ = used;
    journal_is_.used = journal_is_.adopted = true;
}

// --- one visit to the disk -----------------------------------------------------------------------

std::unique_ptr<SpoolWrite> Spool::begin(Bound bound, bool with_bytes)
{
    if (busy_ || !trouble_.may_try())
        return nullptr;
    const bool needs_file = with_bytes && (!out_ || is_full(*out_));
    if (needs_file)
        until_check_ = 0;
    std::unique_ptr<SpoolWrite> write(
        new SpoolWrite(ops_, room_.spool_dir, file_size_, room_.beside));
    if (bound == Bound::kNone)
        write->allowed_ = std::numeric_limits<std::uint64_t>::max();
    else if (room_.max_size > 0)
        write->allowed_ = room_.max_size - std::min(room_.max_size, used_ + room_.beside);
    else if (until_check_ > 0)
        write->allowed_ = until_check_;
    if (with_bytes && write->allowed_ == 0) {
        fail(no_room(where()));
        return nullptr;
    }
    if (folder_) {
        write->dir_ = folder_->dir_fd();
        write->path_ = folder_->path();
    }
    if (needs_file) {
        write->number_ = next_file_++;
    } else if (with_bytes) {
        write->file_ = out_;
        write->fd_ = out_->fd;
        write->offset_ = out_->size;
    }
    if (journal_is_.used)
        prepare_telling(*write);
    busy_ = true;
    return write;
}

std::unique_ptr<SpoolWrite> Spool::begin(std::uint64_t position, Bound bound)
{
    auto write = begin(bound, true);
    if (write)
        write->position_ = position;
    return write;
}

std::unique_ptr<SpoolWrite> Spool::begin_facts()
{
    return begin(Bound::kNone, false);
}

// What the journal has to be told now.
void Spool::prepare_telling(SpoolWrite &write)
{
    auto &telling = write.telling_;
    telling.journal = &journal_;
    telling.needs_snapshot = !journal_is_.there || journal_is_.stale;
    if (telling.needs_snapshot || journal_.is_long()) {
        telling.snapshot = state_();
        for (const auto &[number, file] : unsynced_)
            telling.first.push_back(file.fd);
    }
    journal_is_.told_of_change = owes_change();
    telling.facts = std::exchange(facts_, {});
    journal_is_.stale = false; // what is told from here on waits for the next visit
}

std::optional<SpilledRun> Spool::end(std::unique_ptr<SpoolWrite> write)
{
    busy_ = false;
    const auto written = take_over(*write);
    if (!written && write->file_)
        release_file(write->file_, 0); // what else was in it may be gone meanwhile
    return written;
}

void Spool::take_over_telling(SpoolWrite &write)
{
    auto &telling = write.telling_;
    journal_is_.there = journal_is_.there || telling.begun;
    journal_is_.told_of_change = false;
    // What did not get into it is told again; a disk that fails gets a new one.
    facts_.insert(facts_.begin(), std::make_move_iterator(telling.facts.begin()),
                  std::make_move_iterator(telling.facts.end()));
    journal_is_.stale =
        journal_is_.stale || telling.failed || (telling.needs_snapshot && !telling.begun);
    journal_is_.unsynced = journal_is_.unsynced || telling.begun || telling.noted;
}

std::optional<SpilledRun> Spool::take_over(SpoolWrite &write)
{
    if (write.made_folder_)
        folder_ = std::move(write.made_folder_);
    else if (folder_ && !folder_->dir_fd())
        folder_->wake(write.dir_);
    if (write.found_room_)
        until_check_ = *write.found_room_;
    if (write.made_file_) {
        seal();
        out_ = write.file_;
    }
    take_over_telling(write);
    if (write.error_) {
        const bool facts_only = !write.file_ && write.number_ == 0;
        fail(std::move(*write.error_));
        const bool needed = journal_is_.needed && !journal_is_.there;
        if (facts_only && !needed) // no byte waits for it: who needs the disk, tells
            trouble_.keep_quiet();
        return std::nullopt;
    }
    const std::size_t length = write.outcome_.written;
    if (length > 0) {
        write.file_->size += length;
        used_ += length;
        until_check_ -= std::min(until_check_, std::uint64_t{length});
        trouble_.wrote();
        if (write.telling_.journal)
            unsynced_[write.file_->number] = {write.fd_, write.dir_, write.file_->number};
    }
    if (write.outcome_.error != 0)
        fail(not_writable(write.outcome_.error, where()));
    if (length == 0 && write.file_)
        return std::nullopt;
    return SpilledRun{.file = write.file_,
                      .file_offset = write.offset_,
                      .length = static_cast<std::uint32_t>(length),
                      .crc = write.crc_};
}

std::optional<SpilledRun> Spool::write(std::uint64_t position, std::span<const std::byte> data,
                                       Bound bound)
{
    auto write = data.empty() ? nullptr : begin(position, bound);
    if (!write)
        return std::nullopt;
    write->run(data);
    auto written = end(std::move(write));
    needless_.open.clear();
    return written;
}

// --- files ---------------------------------------------------------------------------------------

void Spool::release_file(const std::shared_ptr<SpillFile> &file, std::uint64_t bytes)
{
    used_ -= std::min(used_, bytes);
    // The caller's reference and possibly out_ are left.
    const bool is_out = file == out_;
    if (file.use_count() <= (is_out ? 2 : 1)) {
        if (is_out)
            seal();
        needless_.open.push_back(std::exchange(file->fd, nullptr));
        needless_.files.push_back({file->dir, file->folder, file->number});
    }
    trouble_.freed(used_);
}

void Spool::cut_file(const std::shared_ptr<SpillFile> &file, std::uint64_t offset)
{
    if (file == out_)
        seal();
    const FdRef fd = open_spill(ops_, *file, O_RDWR);
    if (!fd || ops_.truncate(fd->get(), static_cast<off_t>(offset)) != 0)
        log(LogLevel::kWarning, "replay",
            cat("a spill file in ", file->folder, " could not be cut"));
    file->size = offset;
}

Spool::Needless Spool::take_needless()
{
    Needless out = std::exchange(needless_, {});
    if (deferred_ && wants_visit())
        needless_.files = std::exchange(out.files, {});
    for (const auto &file : out.files) { // until now a journal that is synced needs them
        unsynced_.erase(file.number);
        syncing_.erase(file.number);
    }
    return out;
}

void Spool::delete_needless()
{
    if (const auto work = spool_clean_up(*this))
        (void)work->run();
}

// Its file stays open for readers, where there are not too many.
void Spool::seal()
{
    if (!out_)
        return;
    const auto file = std::exchange(out_, nullptr);
    if (!file->slot.take())
        needless_.open.push_back(std::exchange(file->fd, nullptr));
}

void Spool::leave_folder()
{
    if (!folder_)
        return;
    seal();
    journal_.close();
    journal_is_.there = journal_is_.adopted = false;
    journal_is_.stale = true;
    facts_.clear();
    unsynced_.clear();
    syncing_.clear();
    left_.push_back(std::move(folder_));
    until_check_ = 0;
}

void Spool::forget_left()
{
    for (auto &folder : std::exchange(left_, {}))
        needless_.folders.push_back(std::move(folder));
}

void Spool::rest_file(SpillFile &file)
{
    if (file.dir)
        needless_.open.push_back(std::exchange(file.dir, nullptr));
}

void Spool::rest()
{
    seal();
    if (const FdRef journal = journal_.rest())
        needless_.open.push_back(journal);
    if (folder_)
        folder_->rest(needless_.open);
}

// --- the journal ---------------------------------------------------------------------------------

void Spool::want_journal(bool needed)
{
    journal_is_.needed = journal_is_.needed || needed;
    if (!journal_is_.there && !busy_) // else it is being made
        journal_is_.stale = true;
}

bool Spool::wants_visit(bool urgent)
{
    const bool told = urgent ? std::any_of(facts_.begin(), facts_.end(),
                                           [](const Fact &fact) { return !fact.is_position(); })
                             : !facts_.empty();
    return journal_is_.used && !busy_ && (journal_is_.stale || told) && trouble_.may_try();
}

bool Spool::ensure_journal()
{
    want_journal();
    auto visit = begin_facts();
    if (!visit)
        return false;
    visit->run({});
    return end(std::move(visit)).has_value();
}

bool Spool::renew_journal()
{
    journal_is_.stale = true;
    return ensure_journal();
}

void Spool::note(const std::string &name, const std::string &value)
{
    tell({.name = name, .value = value});
}

void Spool::changed(std::uint64_t position, std::string bytes)
{
    tell({.name = {}, .value = {}, .position = position, .changed = std::move(bytes)});
}

bool Spool::owes_change() const
{
    return journal_is_.used && (journal_is_.stale || journal_is_.told_of_change ||
                                std::any_of(facts_.begin(), facts_.end(), [](const Fact &fact) {
                                    return !fact.changed.empty();
                                }));
}

bool Spool::acked(std::uint64_t position)
{
    if (!journal_is_.used || !(folder_ || busy_))
        return true;
    tell({.name = {}, .value = {}, .position = position});
    return deferred_ || !is_stale();
}

void Spool::tell(Fact fact)
{
    // the snapshot of the first journal brings it; one that was read by a recovery is not changed,
    // but replaced
    if (!journal_is_.used || !(folder_ || busy_))
        return;
    if (!journal_is_.there && !busy_)
        journal_is_.stale = true;
    else if (fact.is_position() && !facts_.empty() && facts_.back().is_position())
        facts_.back() = std::move(fact); // the last one counts
    else
        facts_.push_back(std::move(fact));
    if (!deferred_ && wants_visit())
        ensure_journal();
}

Spool::Unsynced Spool::take_unsynced()
{
    Unsynced out{.files = {},
                 .dir = folder_->dir_fd(),
                 .parent = journal_is_.unsynced ? folder_->parent_fd() : nullptr,
                 .journal = journal_.fd()};
    syncing_ = std::exchange(unsynced_, {});
    for (const auto &[number, file] : syncing_)
        out.files.push_back(file);
    journal_is_.unsynced = false;
    return out;
}

void Spool::synced(bool all)
{
    if (!all) {
        unsynced_.merge(syncing_);
        journal_is_.unsynced = journal_is_.there;
    }
    syncing_.clear();
}

// --- the end -------------------------------------------------------------------------------------

void Spool::remove()
{
    seal();
    journal_.close();
    journal_is_.there = journal_is_.stale = journal_is_.unsynced = false;
    facts_.clear();
    unsynced_.clear();
    syncing_.clear();
    used_ = 0;
    forget_left();
    needless_.files.clear(); // with their folders
    delete_needless();
    if (!folder_)
        return;
    if (const auto removed = folder_->remove(); !removed)
        log(LogLevel::kWarning, "replay", removed.error().message);
    folder_.reset();
}

void Spool::move_to(std::string spool_dir)
{
    remove();
    room_.spool_dir = std::move(spool_dir);
    trouble_.retry_now();
}

std::string Spool::where() const
{
    return folder_ ? folder_->path() : room_.spool_dir;
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
