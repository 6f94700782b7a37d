// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From the files of an upload back to its bytes. The journal says what lies where; only bytes
// whose check value is right, and that follow each other without a gap, are given out.
#include "replay/recovery.h"

#include "base/text.h"
#include "replay/head_file.h"
#include "replay/intact_run.h"
#include "replay/journal.h"
#include "replay/spool_folder.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kMostJournal = std::uint64_t{256} << 20;
constexpr std::size_t kReadLength = std::size_t{1} << 20;

std::optional<std::uint64_t> file_size(int dir, const std::string &name)
{
    struct stat info {};

    if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
        return std::nullopt;
    return static_cast<std::uint64_t>(info.st_size);
}

// A disk that fails says nothing about what is there.
bool is_absent(int dir, const char *name)
{
    struct stat info {};

    return ::fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

std::string path_of(const std::string &spool_dir, const std::string &id)
{
    return cat(spool_dir, spool_dir.ends_with('/') ? "" : "/", id);
}

std::optional<uid_t> other_owner(const std::string &folder)
{
    struct stat info {};

    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid == ::geteuid())
        return std::nullopt;
    return info.st_uid;
}

// FALSE: not all of it could be read.
bool read_fully(FileOps &ops, int fd, std::span<std::byte> out, std::uint64_t offset)
{
    while (!out.empty()) {
        const ssize_t n = ops.read_at(fd, out.data(), out.size(), static_cast<off_t>(offset));
        if (n > 0) {
            out = out.subspan(static_cast<std::size_t>(n));
            offset += static_cast<std::uint64_t>(n);
        } else if (n == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

ParsedJournal read_journal_file(FileOps &ops, int dir, const char *name)
{
    ParsedJournal none;
    none.cut = "there is no journal";
    const auto size = file_size(dir, name);
    const FdRef fd = size ? open_file(ops, dir, name, O_RDONLY | O_NONBLOCK) : nullptr;
    if (!fd)
        return none;
    none.cut = "the journal cannot be read";
    if (*size > kMostJournal)
        return none;
    std::vector<std::byte> bytes(static_cast<std::size_t>(*size));
    return read_fully(ops, fd->get(), bytes, 0) ? parse_journal(bytes) : none;
}

// The one before serves where a power cut came before the new one was on the disk. Not where
// another version of this program has gone on since: what it wrote is newer.
ParsedJournal read_journal(FileOps &ops, int dir)
{
    auto journal = read_journal_file(ops, dir, kJournalName);
    if (journal.complete || journal.other_version)
        return journal;
    auto old = read_journal_file(ops, dir, kOldJournalName);
    if (!old.complete)
        return journal;
    old.cut = cat("the newest journal is not usable: ", journal.cut);
    return old;
}

// Reads spill files for checking; keeps the last one open, since records come in its order.
class Checker {
public:
    Checker(FileOps &ops, int dir) : ops_(ops), dir_(dir) {}

    // Not only damaged, or something else than a file.
    bool is_gone(const DataRecord &record)
    {
        look_at(record.file);
        return gone_;
    }

    bool has_length(const DataRecord &record)
    {
        look_at(record.file);
        return size_ >= record.file_offset + record.length;
    }

    bool is_intact(const DataRecord &record)
    {
        if (!has_length(record))
            return false;
        if (!fd_ || opened_ != record.file) {
            opened_ = record.file;
            fd_ = open_file(ops_, dir_, spill_name(record.file).c_str(), O_RDONLY | O_NONBLOCK);
        }
        if (!fd_)
            return false;
        if (buffer_.size() < record.length)
            buffer_.resize(std::min<std::size_t>(record.length, kReadLength));
        std::uint32_t crc = 0;
        for (std::uint64_t done = 0; done < record.length;) {
            const auto part = std::span(buffer_).first(static_cast<std::size_t>(
                std::min<std::uint64_t>(buffer_.size(), record.length - done)));
            if (!read_fully(ops_, fd_->get(), part, record.file_offset + done))
                return false;
            crc = crc_of(crc, part);
            done += part.size();
        }
        return crc == record.crc;
    }

private:
    void look_at(std::uint32_t file)
    {
        if (file == seen_ && any_seen_)
            return;
        seen_ = file;
        any_seen_ = true;
        size_ = file_size(dir_, spill_name(file)).value_or(0);
        gone_ = size_ == 0 && is_absent(dir_, spill_name(file).c_str());
    }

    FileOps &ops_;
    int dir_;
    std::vector<std::byte> buffer_;
    FdRef fd_;
    std::uint32_t opened_ = 0, seen_ = 0;
    std::uint64_t size_ = 0;
    bool any_seen_ = false, gone_ = false;
};

void add_records(const std::vector<DataRecord> &records, const SpoolFolder &folder,
                 Segments &segments)
{
    std::map<std::uint32_t, std::shared_ptr<SpillFile>> files;
    for (const auto &record : records) {
        auto &file = files[record.file];
        if (!file)
            file = std::make_shared<SpillFile>();
        file->number = record.file;
        file->dir = folder.dir_fd();
        file->folder = folder.path();
        file->size = std::max(file->size, record.file_offset + record.length);
        segments.append({.file = file,
                         .file_offset = record.file_offset,
                         .length = record.length,
                         .crc = record.crc});
    }
}

Error unreadable(const std::string &folder, const std::string &why)
{
    return {.kind = ErrorKind::kDisk,
            .message = cat("The spooled upload ", folder, " cannot be recovered: ", why, '.')};
}

std::uint32_t next_spill_number(int dir)
{
    std::uint32_t next = 1;
    for (const auto &name : names_in(dir)) {
        if (const auto number = spill_number(name))
            next = std::max(next, *number + 1);
    }
    return next;
}

bool is_leftover(SpoolFolder &folder)
{
    return is_absent(folder.dir(), kJournalName) && is_absent(folder.dir(), kOldJournalName);
}

void describe(SpoolFolder &folder, FileOps &ops, SpooledUpload &out)
{
    for (const auto &name : names_in(folder.dir())) {
        if (spill_number(name))
            out.disk_bytes += file_size(folder.dir(), name).value_or(0);
    }
    out.disk_bytes += file_size(folder.dir(), kHeadName).value_or(0);
    auto journal = read_journal(ops, folder.dir());
    if (!journal.complete) {
        out.trouble = unreadable(out.folder, journal.cut).message;
        out.leftover = is_leftover(folder);
        return;
    }
    Checker checker(ops, folder.dir());
    const IntactRun run = select_run(
        journal, [&](const DataRecord &record) { return checker.has_length(record); },
        [&](const DataRecord &record) { return checker.is_gone(record); });
    out.acked = run.acked;
    out.begin = run.begin();
    out.end = run.end();
    out.notes = std::move(journal.state.notes);
}

// A lock goes last of all files. Where a journal outlives it, somebody else has removed it, perhaps
// from a program that is at work still.
bool has_lost_its_lock(const std::string &folder)
{
    const FdRef dir =
        open_file(real_file_ops(), AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return dir && (file_size(dir->get(), kJournalName) || file_size(dir->get(), kOldJournalName));
}

} // namespace

Result<RecoveredUpload> open_upload(const std::string &spool_dir, const std::string &id,
                                    FileOps &ops)
{
    auto folder = SpoolFolder::open(spool_dir, id, ops);
    if (!folder)
        return folder.error();
    const int dir = (*folder)->dir();
    auto journal = read_journal(ops, dir);
    if (!journal.complete)
        return unreadable((*folder)->path(), journal.cut);
    Checker checker(ops, dir);
    IntactRun run = select_run(
        journal, [&](const DataRecord &record) { return checker.is_intact(record); },
        [&](const DataRecord &record) { return checker.is_gone(record); });

    std::vector<std::byte> head = read_head(ops, dir);
    ReplayConfig config;
    config.spool_mode = SpoolMode::kAlways;
    config.spool_dir = spool_dir;
    Segments segments(config.max_memory);
    segments.restart_at(run.begin());
    add_records(run.records, **folder, segments);
    FoundUpload found{.folder = std::move(*folder),
                      .segments = std::move(segments),
                      .acked = run.acked,
                      .notes = std::move(journal.state.notes),
                      .changed = std::move(journal.state.changed),
                      .next_file = next_spill_number(dir)};
    return RecoveredUpload{
        .store = std::make_unique<ReplayStore>(std::move(config), std::move(found), ops),
        .cut = std::move(run.cut),
        .head = std::move(head)};
}

Result<RecoveredUpload> open_upload(const std::string &spool_dir, const std::string &id)
{
    return open_upload(spool_dir, id, real_file_ops());
}

Result<std::vector<std::string>> upload_ids(const std::string &spool_dir)
{
    const FdRef parent =
        open_file(real_file_ops(), AT_FDCWD, (spool_dir + "/.").c_str(), O_RDONLY | O_DIRECTORY);
    if (!parent && errno != ENOENT)
        return disk_error(errno, cat("The spool folder ", spool_dir, " cannot be read."));
    std::vector<std::string> ids = parent ? names_in(parent->get()) : std::vector<std::string>();
    std::erase_if(ids, [](const std::string &name) { return !is_upload_id(name); });
    return ids;
}

std::optional<SpooledUpload> look_at_upload(const std::string &spool_dir, const std::string &id)
{
    SpooledUpload upload;
    upload.id = id;
    upload.folder = path_of(spool_dir, id);
    upload.owner = is_upload_id(id) ? other_owner(upload.folder) : std::nullopt;
    if (upload.owner)
        return upload;
    FileOps &ops = real_file_ops();
    auto folder = SpoolFolder::open(spool_dir, id, ops);
    if (folder)
        describe(**folder, ops, upload);
    else if (folder.error().retryable)
        upload.in_use = true;
    else if (folder.error().kind == ErrorKind::kNotFound && !has_lost_its_lock(upload.folder))
        return std::nullopt;
    else if (folder.error().kind == ErrorKind::kNotFound)
        upload.trouble = cat("The spooled upload ", upload.folder,
                             " has lost its lock file. If no program is using it, make the file \"",
                             "lock\" there anew, empty.");
    else
        upload.trouble = folder.error().message;
    return upload;
}

Result<std::vector<SpooledUpload>> list_uploads(const std::string &spool_dir)
{
    const Result<std::vector<std::string>> ids = upload_ids(spool_dir);
    if (!ids)
        return ids.error();
    std::vector<SpooledUpload> uploads;
    for (const std::string &id : *ids) {
        if (std::optional<SpooledUpload> upload = look_at_upload(spool_dir, id))
            uploads.push_back(std::move(*upload));
    }
    return uploads;
}

Result<void> delete_upload(const std::string &spool_dir, const std::string &id)
{
    if (is_upload_id(id) && other_owner(path_of(spool_dir, id)))
        return Error{.kind = ErrorKind::kNotAuthorized,
                     .message = cat("The spooled upload ", path_of(spool_dir, id),
                                    " belongs to another user.")};
    auto folder = SpoolFolder::open(spool_dir, id, real_file_ops());
    if (!folder)
        return folder.error();
    return (*folder)->remove();
}

Result<void> delete_leftover(const std::string &spool_dir, const std::string &id)
{
    auto folder = SpoolFolder::open(spool_dir, id, real_file_ops());
    if (!folder) {
        if (folder.error().kind == ErrorKind::kNotFound)
            return {};
        return folder.error();
    }
    if (!is_leftover(**folder))
        return Error{.kind = ErrorKind::kDisk,
                     .message = cat("The folder ", (*folder)->path(), " has a journal now.")};
    return (*folder)->remove();
}

std::size_t remove_leftovers(const std::string &spool_dir)
{
    return remove_leftovers(spool_dir, real_file_ops());
}

std::size_t remove_leftovers(const std::string &spool_dir, FileOps &ops)
{
    const FdRef parent =
        open_file(ops, AT_FDCWD, (spool_dir + "/.").c_str(), O_RDONLY | O_DIRECTORY);
    if (!parent)
        return 0;
    std::size_t removed = 0;
    for (const auto &id : names_in(parent->get())) {
        if (!is_upload_id(id))
            continue;
        auto folder = SpoolFolder::open(spool_dir, id, ops);
        if (folder) {
            removed += is_leftover(**folder) && (*folder)->remove() ? 1 : 0;
        } else if (folder.error().kind == ErrorKind::kNotFound) {
            // Made and never locked: it goes if it is an empty folder.
            removed += ops.remove_at(parent->get(), id.c_str(), AT_REMOVEDIR) == 0 ? 1 : 0;
        }
    }
    return removed;
}

} // namespace gsttus
