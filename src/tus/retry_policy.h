// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How long to wait before the next attempt. Pure: same seed, same answers.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <cstdint>

namespace gsttus {

enum class Trouble {
    kUnreachable, // never reached the server: at least one attempt every 2 s
    kBroken,      // reached it, no answer (reset, stall, time-out)
    kBusy,        // 5xx, 429, 408: the server wants peace, up to 15 s
    kLocked,      // 423, 409 as a lock: somebody still holds the upload
    kStale,       // a dead kept-alive connection: at once
};
inline constexpr std::size_t kTroubles = 5;

class RetryPolicy {
public:
    explicit RetryPolicy(std::uint64_t seed) : random_(seed ? seed : 1) {}

    // `attempt` counts from 1. `retry_after` is the server's wish: honoured, at most 5 minutes.
    Duration delay(Trouble trouble, std::uint64_t attempt, Duration retry_after);

private:
    double unit(); // [0, 1)
    std::uint64_t random_;
};

} // namespace gsttus
