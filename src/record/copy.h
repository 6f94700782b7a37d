// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the file that --copy names can be written, asked before anything is recorded.
#pragma once

#include "base/result.h"
#include "record/task.h"

namespace gsttus {

// Without --copy there is nothing to ask. Leaves what is there as it is.
Result<void> check_copy(const RecordTask &task);

} // namespace gsttus
