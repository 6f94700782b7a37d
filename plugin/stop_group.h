// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which recordings are stopped together. A bin takes its children down one after the other; here
// the first that goes down tells the others of it, so that they end at the same time, and have one
// stop-timeout in common. Any thread; blocks for nothing but GStreamer's object locks.
#pragma once

#include "recording.h"

#include <memory>
#include <vector>

namespace gsttus {

// `recording` runs: it can be told of a stop as long as it exists.
void join_stop_group(const std::shared_ptr<Recording> &recording);

using StoppedOthers = std::vector<std::weak_ptr<Recording>>;

// `sink` begins to go from PAUSED to READY: tells the recordings of those that are on the same way,
// because a bin around them all is. Never one outside of it, nor one with a locked state. Returns
// whom it told: empty for a sink that goes alone, or was told itself.
StoppedOthers tell_of_stop(GstElement *sink, Recording &own);

} // namespace gsttus
