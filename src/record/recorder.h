// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs the pipeline of a recording until it has ended: signals, messages, the exit status.
#pragma once

#include "record/task.h"
#include "record/words.h"

namespace gsttus {

// Blocks; an exit status as in arguments.h. SIGINT and SIGTERM: the first ends the recording, the
// second the waiting for the server. SIGHUP ends the recording only.
int run_recording(const RecordTask &task, const Words &words);

} // namespace gsttus
