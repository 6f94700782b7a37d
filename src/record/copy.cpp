// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GStreamer opens it when the recording begins already: a pipe without a reader, or in pieces a
// folder that is not there, may then hold the pipeline for good, and standard input is empty before
// a byte of it was read.
#include "record/copy.h"

#include "base/text.h"
#include "glib/printable.h"
#include "record/pipeline.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr std::size_t kDigits = 5;                   // at least: see pipeline_of()
constexpr std::uint64_t kMostPieces = 2'000'000'000; // as splitmuxsink can count

Error refused(const std::string &path, const char *why)
{
    return {.kind = ErrorKind::kDisk, .message = cat("--copy ", printable(path), ": ", why)};
}

bool is_standard_input(const struct stat &file)
{
    struct stat input {};

    return fstat(STDIN_FILENO, &input) == 0 &&
           (S_ISREG(input.st_mode) || S_ISFIFO(input.st_mode)) && input.st_dev == file.st_dev &&
           input.st_ino == file.st_ino;
}

std::string path_of_piece(const RecordTask &task)
{
    const std::string number = std::to_string(task.first_piece);
    const std::size_t zeros = kDigits - std::min(kDigits, number.size());
    return name_of_pieces(task.copy, task.container).with(std::string(zeros, '0') + number);
}

// "00017" of "door-00017.mp4".
std::optional<std::uint64_t> number_of(std::string_view file, const PieceName &pieces)
{
    const std::size_t around = pieces.begin.size() + pieces.end.size();
    if (file.size() < around + kDigits || !file.starts_with(pieces.begin) ||
        !file.ends_with(pieces.end))
        return std::nullopt;
    const std::string_view digits = file.substr(pieces.begin.size(), file.size() - around);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
    if (error != std::errc() || end != digits.end() || number >= kMostPieces)
        return std::nullopt;
    return number;
}

// One that is there, or what it leads to.
Result<void> check_existing(const std::string &path, const RecordTask &task)
{
    struct stat file {};

    if (stat(path.c_str(), &file) != 0) {
        // a link to what is not there yet
        const int made =
            errno == ENOENT ? open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
        if (made < 0)
            return refused(path, g_strerror(errno));
        close(made);
        return {};
    }
    if (task.source == SourceKind::kStdin && is_standard_input(file))
        return refused(path, "that is standard input itself, which would be overwritten");
    const int opened = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (opened < 0)
        return refused(path, errno == ENXIO ? "nobody reads from it" : g_strerror(errno));
    // A pipe's reader would take it for the end: that stays open as long as the program runs.
    if (!S_ISFIFO(file.st_mode))
        close(opened);
    return {};
}

} // namespace

Result<void> check_copy(const RecordTask &task)
{
    if (task.copy.empty())
        return {};
    const std::string path = task.every_seconds > 0 ? path_of_piece(task) : task.copy;
    constexpr mode_t kMode = 0600; // it is gone again at once
    const int made = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (made < 0)
        return errno == EEXIST ? check_existing(path, task) : refused(path, g_strerror(errno));
    close(made);
    unlink(path.c_str());
    return {};
}

std::uint64_t first_free_piece(const RecordTask &task)
{
    std::uint64_t first = 0;
    if (task.copy.empty() || task.every_seconds == 0)
        return first;
    const std::filesystem::path copy(task.copy);
    const PieceName pieces = name_of_pieces(copy.filename().native(), task.container);
    const std::filesystem::path folder = copy.has_parent_path() ? copy.parent_path() : ".";
    std::error_code error; // a folder that cannot be read: check_copy() tells what it can
    std::filesystem::directory_iterator file(folder, error);
    for (const std::filesystem::directory_iterator end; !error && file != end;
         file.increment(error)) {
        if (const auto number = number_of(file->path().filename().native(), pieces))
            first = std::max(first, *number + 1);
    }
    return first;
}

} // namespace gsttus
