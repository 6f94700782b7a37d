// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Passing over informational answers without parsing them.
#include "http/early_answer.h"

#include <algorithm>

namespace gsttus {

bool begins_final_answer(std::string_view received)
{
    constexpr std::string_view kInterim = "HTTP/1.1 1"; // the digit after the dot may be any
    constexpr std::size_t kMinorVersion = 7;
    while (!received.empty()) {
        const std::size_t known = std::min(received.size(), kInterim.size());
        for (std::size_t i = 0; i < known; ++i)
            if (received[i] != kInterim[i] && i != kMinorVersion)
                return true;
        const std::size_t end = received.find("\r\n\r\n");
        if (end == std::string_view::npos)
            return false;
        received.remove_prefix(end + 4);
    }
    return false;
}

} // namespace gsttus
