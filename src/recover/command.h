// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a command of the user's when an upload has ended. Blocks until it has ended; knows nothing
// of uploads.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gio/gio.h>

namespace gsttus {

using Variables = std::vector<std::pair<std::string, std::string>>;

// By the shell, with `variables` in its environment besides ours (nothing of them in its command
// line, where everybody could see it), nothing to read, and what it prints on stderr. After
// `patience`, or when `cancel` is cancelled, it and what it has started are ended. Returns why it
// did not do its work; nullopt: it did.
std::optional<std::string> run_command(const std::string &command, const Variables &variables,
                                       Duration patience, GCancellable *cancel);

} // namespace gsttus
