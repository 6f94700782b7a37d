// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// When which byte arrived, coarsely: enough to say how long the oldest byte that no request has
// taken yet has waited. A plain value; the owner guards it.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace gsttus {

class Arrivals {
public:
    // Bytes from stream position `position` on arrive. One mark per `resolution` is enough.
    void add(std::uint64_t position, TimePoint now, Duration resolution);

    // Requests have taken the bytes before `position`; less than last time: some come again.
    void set_taken(std::uint64_t position) { taken_ = position; }

    // Arrival of the oldest byte of `produced` that waits; nullopt: none does. The newest byte is
    // held back until the end, and does not count.
    std::optional<TimePoint> pending_since(std::uint64_t produced);

private:
    std::deque<std::pair<std::uint64_t, TimePoint>> marks_; // positions and times grow
    std::uint64_t taken_ = 0;
};

} // namespace gsttus
