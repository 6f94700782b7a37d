// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks go from what is plainly wrong to what only this disk knows.
#include "upload/spool_check.h"

#include "base/mutex.h"
#include "base/text.h"
#include "glib/ptr.h"
#include "replay/spool_folder.h"
#include "upload/spool_places.h"

#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr std::uint64_t kReserve = std::uint64_t{256} << 20; // as the spool: left to others

Error unusable(const std::string &dir, const std::string &why,
               ErrorKind kind = ErrorKind::kSettings)
{
    return {.kind = kind,
            .message = cat("The folder for recordings, ", dir, ", ", why,
                           kind == ErrorKind::kNoSpace
                               ? ". Free space there, or choose another one with the property "
                                 "spool-dir."
                               : ". Choose another one with the property spool-dir.")};
}

Error unusable(const std::string &dir, const char *what, int error)
{
    const bool full = error == ENOSPC || error == EDQUOT;
    return unusable(dir, cat(what, " (", g_strerror(error), ')'),
                    full ? ErrorKind::kNoSpace : ErrorKind::kSettings);
}

std::string without_slash(const std::string &dir)
{
    return dir.substr(0, dir.find_last_not_of('/') + 1);
}

// A name that nobody else has; gone again at once.
Result<void> try_to_write(const std::string &dir)
{
    if (access(dir.c_str(), W_OK | X_OK) != 0)
        return unusable(dir, "cannot be written to", errno);
    std::string name = dir + "/.try-XXXXXX";
    const int file = g_mkstemp_full(name.data(), O_RDWR | O_CLOEXEC, 0600);
    if (file < 0)
        return unusable(dir, "cannot be written to", errno);
    close(file);
    (void)unlink(name.c_str());
    return {};
}

using Then = std::function<void(Result<void>)>;

// The folders that are being looked at: one that hangs costs one thread, however often it is asked
// for.
struct Looks {
    Mutex mutex;
    std::map<std::string, std::vector<Then>> askers GUARDED_BY(mutex);
};

Looks &looks()
{
    static auto *const all = new Looks; // a thread may outlive everything
    return *all;
}

void answer(const std::string &dir, const Result<void> &result)
{
    std::vector<Then> askers;
    {
        const MutexLock lock(looks().mutex);
        askers = std::move(looks().askers.extract(dir).mapped());
    }
    for (const Then &then : askers)
        then(result);
}

} // namespace

Result<void> check_spool_dir(const std::string &dir)
{
    return check_spool_dir(dir, shared_spool_dir());
}

Result<void> check_spool_dir(const std::string &dir, const std::string &shared)
{
    struct stat info {};

    if (stat(dir.c_str(), &info) != 0) {
        if (g_mkdir_with_parents(dir.c_str(), 0700) != 0)
            return unusable(dir, "cannot be made", errno);
    } else if (!S_ISDIR(info.st_mode)) {
        return unusable(dir, "is a file");
    }
    if ((without_slash(dir) == shared && !is_own_folder(dir)) || is_a_trap(dir))
        return unusable(dir, "belongs to somebody else, is a link, or is open to others");
    if (auto writable = try_to_write(dir); !writable)
        return writable;

    struct statvfs space {};

    if (statvfs(dir.c_str(), &space) == 0 && space.f_blocks > 0 &&
        std::uint64_t{space.f_bavail} * space.f_frsize <= kReserve)
        return unusable(dir, "has no room", ErrorKind::kNoSpace);
    return {};
}

void look_at_spool_dir(std::string dir, std::function<void(Result<void>)> then)
{
    {
        const MutexLock lock(looks().mutex);
        std::vector<Then> &askers = looks().askers[dir];
        askers.push_back(std::move(then));
        if (askers.size() > 1)
            return;
    }
    auto name = std::make_unique<std::string>(std::move(dir));
    GThread *thread = g_thread_try_new(
        "tus-look",
        [](gpointer data) -> gpointer {
            const std::unique_ptr<std::string> mine(static_cast<std::string *>(data));
            answer(*mine, check_spool_dir(*mine));
            return nullptr;
        },
        name.get(), nullptr);
    if (!thread) {
        answer(*name, {}); // who writes there will see
        return;
    }
    (void)name.release(); // the thread's
    g_thread_unref(thread);
}

Result<void> check_spool_dir_within(const std::string &dir, Duration longest)
{
    struct Answer {
        Mutex mutex;
        Condition there;
        std::optional<Result<void>> result GUARDED_BY(mutex);
    };

    const auto answer = std::make_shared<Answer>();
    look_at_spool_dir(dir, [answer](Result<void> result) {
        const MutexLock lock(answer->mutex);
        answer->result = std::move(result);
        answer->there.notify_all();
    });
    const TimePoint deadline = Clock::now() + longest;
    MutexLock lock(answer->mutex);
    while (!answer->result && Clock::now() < deadline)
        answer->there.wait_until(lock, deadline);
    if (answer->result)
        return std::move(*answer->result);
    return unusable(
        dir, cat("has not answered for ", std::chrono::ceil<seconds>(longest).count(), " s"));
}

} // namespace gsttus
