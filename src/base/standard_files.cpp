// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// open() takes the lowest number that is free, so they are filled in order.
#include "base/standard_files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace gsttus {

void hold_standard_files()
{
    for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (fcntl(file, F_GETFD) == -1 && errno == EBADF)
            (void)open("/dev/null", O_WRONLY); // not close-on-exec: a command has it, too
    }
}

bool is_output_written(const char *program)
{
    const bool was_well = std::ferror(stdout) == 0; // since then errno was another's
    const bool is_well = std::fflush(stdout) == 0;
    if (was_well && is_well)
        return true;
    std::fprintf(stderr, "%s: standard output could not be written%s%s\n", program,
                 is_well ? "" : ": ", is_well ? "" : std::strerror(errno));
    return false;
}

} // namespace gsttus
