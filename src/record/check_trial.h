// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording of a second, made to see what becomes of it: a real pipeline, real encoders.
#pragma once

#include "record/words.h"

#include <cstdint>
#include <string>
#include <vector>

namespace gsttus {

struct Trial {
    bool complete = false;
    std::string error;                 // why it is not
    std::vector<std::string> warnings; // in order
    std::string length_mode, upload_url;
    std::uint64_t bytes = 0;
    std::uint64_t drain_ns = 0;        // from the end of the recording until it was complete
    std::vector<std::string> statuses; // of the video, in order
};

// Blocks until it has ended, at most about `seconds`; from the first call on SIGINT and SIGTERM end
// that and nothing else, so that what was made for the trial is removed. `authorization`: the
// header's value for the element "upload"; secret, may be empty.
Trial run_trial(const Words &words, const std::string &authorization, unsigned seconds);

} // namespace gsttus
