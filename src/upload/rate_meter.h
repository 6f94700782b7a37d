// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Upload rate over the last seconds, from acknowledged positions.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <utility>

namespace gsttus {

class RateMeter {
public:
    void add(std::uint64_t position, TimePoint now)
    {
        if (!samples_.empty() && position < samples_.back().first)
            samples_.clear(); // the server went back
        samples_.emplace_back(position, now);
        while (samples_.size() > 2 && now - samples_.front().second > kWindow)
            samples_.pop_front();
    }

    std::uint64_t bits_per_second(TimePoint now) const
    {
        if (samples_.size() < 2 || now - samples_.back().second > kWindow)
            return 0;
        const double span = to_seconds(now - samples_.front().second);
        const auto bytes = samples_.back().first - samples_.front().first;
        return span > 0 ? static_cast<std::uint64_t>(static_cast<double>(bytes) * 8 / span) : 0;
    }

private:
    static constexpr seconds kWindow{5};
    std::deque<std::pair<std::uint64_t, TimePoint>> samples_;
};

} // namespace gsttus
