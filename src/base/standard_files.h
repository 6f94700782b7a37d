// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Descriptors 0 to 2 of a program, which not every caller opens.
#pragma once

namespace gsttus {

// To be called first in main(). What the caller has closed of standard input, output and error
// becomes /dev/null, to write to only: else the next file or socket would get its number, and with
// it every word that is printed; and what reads standard input would read that, not an error.
void hold_standard_files();

// To be called last, by who prints what a program reads. FALSE, and said on standard error: not all
// of it went where it was to go (a full disk).
bool is_output_written(const char *program);

} // namespace gsttus
