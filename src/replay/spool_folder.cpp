// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Folders of uploads on disk. Knows names and locks, not what the files mean.
#include "replay/spool_folder.h"

#include "base/text.h"
#include "replay/head_file.h"
#include "replay/journal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <ctime>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr std::string_view kIdPrefix = "upload-";
constexpr std::string_view kSpillSuffix = ".spill";
constexpr const char *kLockName = "lock";
constexpr int kNameAttempts = 16;

std::string hexadecimal(std::uint32_t number)
{
    std::array<char, 9> text{};
    (void)std::snprintf(text.data(), text.size(), "%08x", number);
    return text.data();
}

// upload-TIME-PID-RANDOM: sorted by age, and not shared by two sinks of one or more processes.
std::string new_id()
{
    static std::uint32_t counter = 0; // only for where there is no randomness
    std::uint32_t random = 0;
    if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = static_cast<std::uint32_t>(Clock::now().time_since_epoch().count()) +
                 __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    std::array<char, 32> time{};
    if (!::gmtime_r(&now, &parts) ||
        std::strftime(time.data(), time.size(), "%Y%m%dT%H%M%SZ", &parts) == 0)
        time = {"0"};
    return cat(kIdPrefix, time.data(), '-', ::getpid(), '-', hexadecimal(random));
}

// A folder that was made is one that a power cut leaves. What cannot be opened or knows no syncing
// is left to the system.
int sync_name_of(const std::string &path, FileOps &ops)
{
    const std::size_t slash = path.rfind('/');
    const std::string in = slash == std::string::npos ? "." : path.substr(0, slash + 1) + ".";
    const FdRef dir = open_file(ops, AT_FDCWD, in.c_str(), O_RDONLY | O_DIRECTORY);
    if (!dir || ops.sync_all(dir->get()) == 0 || errno == EINVAL)
        return 0;
    const int error = errno;
    (void)ops.remove_at(AT_FDCWD, path.c_str(), AT_REMOVEDIR); // or nobody would try that again
    return error;
}

// mkdir -p; existing folders are left as they are.
int make_parents(const std::string &path, FileOps &ops)
{
    for (std::size_t slash = 0; slash != std::string::npos;) {
        slash = path.find('/', slash + 1);
        const std::string part = path.substr(0, slash);
        if (ops.make_dir_at(AT_FDCWD, part.c_str(), 0700) == 0) {
            if (const int error = sync_name_of(part, ops); error != 0)
                return error;
            continue;
        }
        if (errno == EEXIST)
            continue;
        // A parent that refuses us may exist all the same (automounts, read-only parents).
        const int error = errno;

        struct stat info {};

        if (::stat(part.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
            return error;
    }
    return 0;
}

FdRef open_dir(FileOps &ops, int at, const std::string &name, bool follow)
{
    // The spool folder itself may be reached through a link: that was the user's choice.
    const std::string path = follow ? name + "/." : name;
    return open_file(ops, at, path.c_str(), O_RDONLY | O_DIRECTORY);
}

bool is_ours(int fd)
{
    struct stat info {};

    return ::fstat(fd, &info) == 0 && info.st_uid == ::geteuid();
}

// Everybody can make a folder or a link of that name, as below /tmp or /var/tmp.
bool is_anybodys_name(const std::string &path)
{
    const std::size_t slash = path.rfind('/', path.find_last_not_of('/'));
    const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);

    struct stat info {};

    constexpr mode_t kEverybodys = S_ISVTX | S_IWOTH;
    return ::stat(above.c_str(), &info) == 0 && (info.st_mode & kEverybodys) == kEverybodys;
}

// Null and errno: EWOULDBLOCK: somebody else has it; ESTALE: it was deleted meanwhile.
FdRef take_lock(FileOps &ops, int dir, int extra_flags)
{
    // To be written, or NFS gives no lock.
    FdRef lock = open_file(ops, dir, kLockName, O_RDWR | O_NONBLOCK | extra_flags, 0600);
    if (!lock)
        return nullptr;
    if (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0)
        return nullptr;

    struct stat info {};

    if (::fstat(lock->get(), &info) != 0 || info.st_nlink == 0 || !S_ISREG(info.st_mode)) {
        errno = ESTALE;
        return nullptr;
    }
    return lock;
}

bool is_our_file(std::string_view name)
{
    return name == kLockName || name == kJournalName || name == kOldJournalName ||
           name == kNewJournalName || name == kHeadName || name == kNewHeadName ||
           spill_number(name).has_value();
}

// It holds also when the program changes its working directory.
std::string path_in(const std::string &spool_dir, const std::string &id)
{
    std::string path = cat(spool_dir, spool_dir.ends_with('/') ? "" : "/", id);
    std::array<char, PATH_MAX> here{};
    if (path.starts_with('/') || !::getcwd(here.data(), here.size()))
        return path;
    return cat(here.data(), '/', path);
}

Error dir_error(int error, const std::string &spool_dir)
{
    return disk_error(error, cat("The spool folder ", spool_dir, " cannot be used."));
}

} // namespace

bool is_upload_id(std::string_view name)
{
    if (name.size() > 80 || !name.starts_with(kIdPrefix) || name.size() == kIdPrefix.size())
        return false;
    name.remove_prefix(kIdPrefix.size());
    return name.find_first_not_of("0123456789abcdefTZ-") == std::string_view::npos;
}

std::string spill_name(std::uint32_t number)
{
    return cat(hexadecimal(number), kSpillSuffix);
}

std::optional<std::uint32_t> spill_number(std::string_view name)
{
    if (name.size() != 8 + kSpillSuffix.size() || !name.ends_with(kSpillSuffix))
        return std::nullopt;
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + 8, number, 16);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + 8 || spill_name(number) != name)
        return std::nullopt;
    return number;
}

std::vector<std::string> names_in(int dir)
{
    std::vector<std::string> names;
    // A descriptor of its own: closedir() closes it, and it has its own position.
    const int own = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = own < 0 ? nullptr : ::fdopendir(own);
    if (!stream) {
        if (own >= 0)
            ::close(own);
        return names;
    }
    while (const dirent *entry = ::readdir(stream)) { // NOLINT(concurrency-mt-unsafe): own stream
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..")
            names.emplace_back(name);
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

bool is_a_trap(const std::string &spool_dir)
{
    const std::string name = spool_dir.substr(0, spool_dir.find_last_not_of('/') + 1);

    struct stat named {};

    struct stat reached {};

    return is_anybodys_name(name) && ::lstat(name.c_str(), &named) == 0 &&
           (named.st_uid != ::geteuid() ||
            (::stat(name.c_str(), &reached) == 0 && reached.st_uid != ::geteuid()));
}

Result<std::unique_ptr<SpoolFolder>> SpoolFolder::create(const std::string &spool_dir, FileOps &ops)
{
    if (spool_dir.empty())
        return Error{.kind = ErrorKind::kSettings,
                     .message = "There is no spool folder: set spool-dir."};
    if (const int error = make_parents(spool_dir, ops); error != 0)
        return dir_error(error, spool_dir);
    FdRef parent = open_dir(ops, AT_FDCWD, spool_dir, true);
    if (!parent)
        return dir_error(errno, spool_dir);
    if (is_a_trap(spool_dir) || (is_anybodys_name(spool_dir) && !is_ours(parent->get())))
        return Error{.kind = ErrorKind::kDisk,
                     .message = cat("The spool folder ", spool_dir,
                                    " belongs to somebody else, or is somebody else's link.")};
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        auto folder = try_create(spool_dir, parent, ops);
        if (folder)
            return folder;
        // The name is taken, or somebody who clears up took the new folder for a leftover.
        if (errno != EEXIST && errno != EWOULDBLOCK && errno != ESTALE && errno != ENOENT)
            return dir_error(errno, spool_dir);
    }
    return dir_error(EEXIST, spool_dir);
}

// Null and errno: no folder was left behind.
std::unique_ptr<SpoolFolder> SpoolFolder::try_create(const std::string &spool_dir,
                                                     const FdRef &parent, FileOps &ops)
{
    std::string id = new_id();
    if (ops.make_dir_at(parent->get(), id.c_str(), 0700) != 0)
        return nullptr;
    FdRef dir = open_dir(ops, parent->get(), id, false);
    FdRef lock = dir ? take_lock(ops, dir->get(), O_CREAT) : nullptr;
    if (!lock) {
        const int error = errno;
        if (dir)
            (void)ops.remove_at(dir->get(), kLockName, 0);
        (void)ops.remove_at(parent->get(), id.c_str(), AT_REMOVEDIR);
        errno = error;
        return nullptr;
    }
    std::string path = path_in(spool_dir, id);
    return std::unique_ptr<SpoolFolder>(new SpoolFolder(ops, std::move(path), std::move(id), parent,
                                                        std::move(dir), std::move(lock)));
}

Result<std::unique_ptr<SpoolFolder>> SpoolFolder::open(const std::string &spool_dir,
                                                       const std::string &id, FileOps &ops)
{
    std::string path = path_in(spool_dir, id);
    const Error not_ours{.kind = ErrorKind::kNotFound,
                         .message = cat("There is no spooled upload ", path, '.')};
    if (!is_upload_id(id))
        return not_ours;
    FdRef parent = open_dir(ops, AT_FDCWD, spool_dir, true);
    FdRef dir = parent ? open_dir(ops, parent->get(), id, false) : nullptr;
    if (!dir) {
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
            return not_ours;
        Error error = disk_error(errno, cat("The spooled upload ", path, " cannot be opened."));
        error.retryable = false;
        return error;
    }
    if (!is_ours(dir->get()))
        return not_ours;
    FdRef lock = take_lock(ops, dir->get(), 0);
    if (!lock) {
        if (errno == EWOULDBLOCK)
            return Error{.kind = ErrorKind::kDisk,
                         .message = cat("The spooled upload ", path,
                                        " is in use by a program that is still running."),
                         .retryable = true};
        if (errno == ENOENT || errno == ESTALE || errno == ELOOP)
            return not_ours;
        Error error = disk_error(errno, cat("The spooled upload ", path, " cannot be locked."));
        error.retryable = false;
        return error;
    }
    return std::unique_ptr<SpoolFolder>(new SpoolFolder(ops, std::move(path), id, std::move(parent),
                                                        std::move(dir), std::move(lock)));
}

void SpoolFolder::rest(std::vector<FdRef> &open)
{
    for (FdRef *fd : {&parent_, &dir_}) {
        if (*fd)
            open.push_back(std::exchange(*fd, nullptr));
    }
}

bool SpoolFolder::open_again()
{
    if (!parent_)
        parent_ = open_dir(ops_, AT_FDCWD, path_.substr(0, path_.rfind('/')), true);
    if (!dir_ && parent_)
        dir_ = open_dir(ops_, parent_->get(), id_, false);
    return dir_ != nullptr;
}

Result<void> SpoolFolder::remove()
{
    if (!open_again()) {
        if (errno == ENOENT)
            return {};
        return disk_error(errno, cat("The folder ", path_, " could not be deleted."));
    }
    int failure = 0;
    const auto remove_file = [&](const std::string &name) {
        struct stat info {};

        if (::fstatat(dir(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            failure = errno == ENOENT ? failure : errno;
            return;
        }
        if (!S_ISREG(info.st_mode))
            return;
        if (ops_.remove_at(dir(), name.c_str(), 0) != 0 && errno != ENOENT)
            failure = errno;
    };
    // The journal goes first: without it what is left of an interrupted removal is a leftover.
    for (const char *name : {kOldJournalName, kJournalName})
        remove_file(name);
    // A journal that is still there must not outlive its bytes.
    for (const auto &name : failure == 0 ? names_in(dir()) : std::vector<std::string>()) {
        if (is_our_file(name) && name != kLockName)
            remove_file(name);
    }
    if (failure == 0)
        remove_file(kLockName);
    if (failure == 0 && ops_.remove_at(parent_->get(), id_.c_str(), AT_REMOVEDIR) != 0 &&
        errno != ENOENT)
        failure = errno;
    if (failure == 0)
        return {};
    return disk_error(failure, cat("The folder ", path_, " could not be deleted completely."));
}

} // namespace gsttus
