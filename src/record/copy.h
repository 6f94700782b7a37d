// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the file that --copy names can be written, asked before anything is recorded; and where
// the numbers of --every begin.
#pragma once

#include "base/result.h"
#include "record/task.h"

#include <cstdint>

namespace gsttus {

// Without --copy there is nothing to ask. Leaves what is there as it is.
Result<void> check_copy(const RecordTask &task);

// With --every: behind those that an earlier run has left. A service that is started again must not
// write over them.
std::uint64_t first_free_piece(const RecordTask &task);

} // namespace gsttus
