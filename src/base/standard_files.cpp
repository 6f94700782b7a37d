// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// open() takes the lowest number that is free, so they are filled in order.
#include "base/standard_files.h"

#include <cerrno>
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

} // namespace gsttus
