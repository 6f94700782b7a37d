// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Secrets that are easily found again, all that a pipeline shows of itself, and the search for them
// in there. Used by the programs that look for secrets in what others see.
#pragma once

#include "pipeline.h"

#include <string>
#include <string_view>
#include <vector>

namespace gsttus::test {

// Part of every secret that is looked for.
inline constexpr const char *kMarker = "hushmarker";

// A pair of metadata whose key does not say that it is a secret: a journal may hold it, because a
// new upload may need it.
inline constexpr const char *kProject = "project-hushmarker-4c5d";
// A secret that a server may put into an upload's address: a journal has to hold that.
inline constexpr const char *kAddress = "address-hushmarker-1a2b";

std::string base64(std::string_view text);

// Properties, stats and dot dump, on stderr.
void show_pipeline(Pipeline &pipeline);
// What is on the bus and in `seen`, on stderr: structures, and the texts of errors.
void show_messages(Pipeline &pipeline);
// gst-tus-recover (its path comes in GST_TUS_RECOVER) with these arguments, interrupted when it
// waits for long; its output on stderr.
void show_recovery(const std::vector<std::string> &arguments);

// Calls `run` in a process of its own, with all logs at level 9 and a folder for what it writes.
// Then there is no secret in the log, the output and the files in that folder: in any case, in
// base64, in hexadecimal digits or with percent signs, nor a token of the stand-in. A journal may
// hold kProject and kAddress. `shown` is what has to be in stderr: that which may be seen.
void assert_shows_no_secret(void (*run)(const std::string &folder),
                            const std::vector<const char *> &shown);

} // namespace gsttus::test
