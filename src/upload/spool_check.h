// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a folder can hold what a recording puts on disk, as far as that can be seen beforehand.
// It is made where it is missing. Looks at a disk, which may take its time or hang: the functions
// say on which thread. Knows no upload.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <functional>
#include <string>

namespace gsttus {

// The error names the folder and the property. This user's folder below /var/tmp, where everybody
// can make one, must be his and no link. On the caller's thread.
Result<void> check_spool_dir(const std::string &dir);
Result<void> check_spool_dir(const std::string &dir, const std::string &shared); // which that is

// The same on a thread of its own (one a folder), which may outlive everything: `then` must own
// what it needs.
void look_at_spool_dir(std::string dir, std::function<void(Result<void>)> then);

// The same, and waits for the answer; none so far is an error, too.
Result<void> check_spool_dir_within(const std::string &dir, Duration longest);

} // namespace gsttus
