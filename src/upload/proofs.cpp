// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading trusts nothing: what is no regular file of ours, too long or no line that we would write
// is not there. Writing replaces the file as a whole; who makes the new one is alone with it.
#include "upload/proofs.h"

#include "base/log.h"
#include "base/text.h"
#include "glib/ptr.h"
#include "replay/spool_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr const char *kName = "proofs";
constexpr const char *kNewName = "proofs.new";
constexpr std::string_view kNotesLength = "notes-length "; // what was shown, then by whom
constexpr std::size_t kLongestLine = 2048;
constexpr std::size_t kLargestFile = std::size_t{16} << 10; // the newest lines are last
constexpr int kAttempts = 20;
constexpr gulong kPause = 10000;       // microseconds
constexpr std::time_t kForgotten = 10; // seconds: who made it is not writing any more

class File {
public:
    File(const std::string &path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600))
    {
    }

    ~File()
    {
        if (fd_ >= 0)
            ::close(fd_);
    }

    File(const File &) = delete;
    File &operator=(const File &) = delete;

    bool is_open() const { return fd_ >= 0; }

    // What others may have put there proves nothing.
    bool is_ours() const
    {
        struct stat info {};

        return ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
               (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    }

    std::string read() const // its beginning
    {
        std::string text;
        std::array<char, 4096> part{};
        while (text.size() < kLargestFile) {
            const ssize_t n = ::read(fd_, part.data(), part.size());
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                break;
            text.append(part.data(), static_cast<std::size_t>(n));
        }
        return text;
    }

    bool write(std::string_view text) const
    {
        while (!text.empty()) {
            const ssize_t n = ::write(fd_, text.data(), text.size());
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return false;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

private:
    int fd_;
};

// Empty: not an address that can stand in a line.
std::string without_secrets(const std::string &service)
{
    const GUriOwn uri(g_uri_parse(service.c_str(), G_URI_FLAGS_ENCODED, nullptr));
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || !*host)
        return {};
    const GUriOwn plain(g_uri_build(G_URI_FLAGS_ENCODED, g_uri_get_scheme(uri.get()), nullptr, host,
                                    g_uri_get_port(uri.get()), g_uri_get_path(uri.get()), nullptr,
                                    nullptr));
    const GCharOwn text(g_uri_to_string(plain.get()));
    const bool printable =
        std::all_of(text.get(), text.get() + std::string_view(text.get()).size(),
                    [](char c) { return g_ascii_isgraph(c) || (c & 0x80) != 0; });
    return printable ? text.get() : std::string();
}

bool is_line(std::string_view line)
{
    return line.size() <= kLongestLine && line.starts_with(kNotesLength) &&
           std::none_of(line.begin(), line.end(), [](char c) { return g_ascii_iscntrl(c); });
}

bool is_forgotten(const std::string &path)
{
    struct stat info {};

    const std::time_t now = std::time(nullptr);
    return ::lstat(path.c_str(), &info) == 0 &&
           (info.st_mtime < now - kForgotten || info.st_mtime > now + kForgotten);
}

} // namespace

Proofs::Proofs(std::string spool_dir, const std::string &service) : folder_(std::move(spool_dir))
{
    const std::string who = folder_.empty() ? std::string() : without_secrets(service);
    if (!who.empty())
        line_ = cat(kNotesLength, who);
    if (line_.size() > kLongestLine)
        line_.clear();
}

bool Proofs::has() const
{
    if (line_.empty())
        return false;
    const std::vector<std::string> lines = read();
    return std::find(lines.begin(), lines.end(), line_) != lines.end();
}

void Proofs::set(bool proved) const
{
    if (line_.empty() || has() == proved)
        return;
    if (g_mkdir_with_parents(folder_.c_str(), 0700) == 0) {
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            if (replace(proved))
                return;
            if (errno != EEXIST)
                break;
            g_usleep(kPause);
        }
    }
    log(LogLevel::kInfo, "upload",
        cat("what the server has shown could not be noted in ", folder_, ": ", g_strerror(errno)));
}

std::vector<std::string> Proofs::read() const
{
    std::vector<std::string> lines;
    const File file(cat(folder_, '/', kName), O_RDONLY);
    if (!file.is_open() || !file.is_ours())
        return lines;
    const std::string text = file.read();
    for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string::npos;
         from = end + 1) {
        const std::string_view line = std::string_view(text).substr(from, end - from);
        if (is_line(line))
            lines.emplace_back(line);
    }
    return lines;
}

// FALSE and errno; EEXIST: another one is at it.
bool Proofs::replace(bool proved) const
{
    if (is_a_trap(folder_)) {
        errno = EPERM;
        return false;
    }
    const std::string name = cat(folder_, '/', kName), fresh = cat(folder_, '/', kNewName);
    const File file(fresh, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open()) {
        if (errno != EEXIST || !is_forgotten(fresh))
            return false;
        (void)::unlink(fresh.c_str());
        errno = EEXIST;
        return false;
    }
    std::vector<std::string> lines = read();
    std::erase(lines, line_);
    if (proved)
        lines.push_back(line_);
    std::string text;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (text.size() + line->size() < kLargestFile) // the oldest are forgotten
            text.insert(0, cat(*line, '\n'));
    }
    if (file.write(text) && ::rename(fresh.c_str(), name.c_str()) == 0)
        return true;
    const int error = errno;
    (void)::unlink(fresh.c_str());
    errno = error == EEXIST ? EIO : error;
    return false;
}

} // namespace gsttus
