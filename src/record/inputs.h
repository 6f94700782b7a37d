// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks devices, the desktop and cameras in the network what there is to record. May take seconds.
#pragma once

#include "record/pipeline.h"
#include "record/screen_portal.h"

namespace gsttus {

// What is said on the way (no microphone here) goes to stderr. `portal` holds the desktop's
// permission, and is to live as long as the recording.
Result<Inputs> ask_inputs(const RecordTask &task, const IsInstalled &has, ScreenPortal &portal);

} // namespace gsttus
