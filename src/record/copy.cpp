// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GStreamer opens it when the recording begins already: a pipe without a reader, or in pieces a
// folder that is not there, may then hold the pipeline for good, and standard input is empty before
// a byte of it was read.
#include "record/copy.h"

#include "base/text.h"
#include "glib/printable.h"
#include "record/pipeline.h"

#include <cerrno>

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

Error refused(const std::string &path, const char *why)
{
    return {.kind = ErrorKind::kDisk, .message = cat("--copy ", printable(path), ": ", why)};
}

bool is_standard_input(const struct stat &file)
{
    struct stat input {};

    return fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode) &&
           input.st_dev == file.st_dev && input.st_ino == file.st_ino;
}

// One that is there, or what it leads to.
Result<void> check_existing(const std::string &path, const RecordTask &task)
{
    struct stat file {};

    if (stat(path.c_str(), &file) != 0)
        return refused(path, g_strerror(errno));
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
    const std::string path =
        task.every_seconds > 0 ? name_of_piece(task.copy, task.container, "00000") : task.copy;
    constexpr mode_t kMode = 0600; // it is gone again at once
    const int made = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (made < 0)
        return errno == EEXIST ? check_existing(path, task) : refused(path, g_strerror(errno));
    close(made);
    unlink(path.c_str());
    return {};
}

} // namespace gsttus
