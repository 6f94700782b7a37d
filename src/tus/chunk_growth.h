// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How large a PATCH may be while a backlog is sent. Between two requests the line is idle for a
// round trip; a larger request has less of that, and more that is sent again when it breaks. So it
// doubles as long as one takes only seconds, and goes back at once where anything is wrong. A
// value: the machine tells it what became of each request.
#pragma once

#include "base/clock.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace gsttus {

class ChunkGrowth {
public:
    // Most bytes of the next request while more than `usual` are waiting. As usual when the last
    // one did not carry all of its bytes, for whatever reason.
    std::uint64_t limit(std::uint64_t usual, std::uint64_t most) const
    {
        return under_way_ ? usual : std::max(usual, std::min({grown_, most, bearable_}));
    }

    // A request is on its way that could have had `limit` bytes.
    void sent(std::uint64_t limit, std::uint64_t usual, TimePoint now)
    {
        if (under_way_) {
            grown_ = 0;
            // once is an outage, twice something on the way that bears no more
            if (limit_ > usual && ++broken_ >= 2)
                bearable_ = limit_ / 2;
        }
        under_way_ = true;
        limit_ = limit;
        sent_at_ = now;
    }

    // All its `size` bytes are confirmed; `backlog`: more than the usual size is waiting.
    void carried(std::uint64_t size, std::uint64_t usual, bool backlog, TimePoint now)
    {
        if (!std::exchange(under_way_, false)) // it had no size of its own
            return;
        const Duration took = now - sent_at_;
        if (size > usual)
            broken_ = 0;
        if (!backlog)
            grown_ = 0;
        else if (size >= limit_ && took < kShort)
            grown_ = std::min(size, kMost) * 2;
        else if (took > kLong)
            grown_ /= 2;
    }

private:
    static constexpr Duration kShort = seconds(4), kLong = seconds(12);
    static constexpr std::uint64_t kMost = std::uint64_t{1} << 40;

    std::uint64_t grown_ = 0; // bytes; 0: not
    std::uint64_t limit_ = 0;
    std::uint64_t bearable_ = kMost;
    unsigned broken_ = 0; // requests of more than usual, since one went through
    bool under_way_ = false;
    TimePoint sent_at_{};
};

} // namespace gsttus
