// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A limit of bytes per second for who asks before he sends. A value; time comes from outside, so
// that it has no thread and no clock.
#pragma once

#include "base/clock.h"

#include <cstddef>
#include <cstdint>

namespace gsttus {

class Pace {
public:
    // How many of `wanted` bytes (at least 1) may go now; 0: none before next(). `rate`: bytes a
    // second, 0: no limit; it may be another one with each call.
    std::size_t take(std::size_t wanted, std::uint64_t rate, TimePoint now);

    TimePoint next() const { return next_; }

private:
    double saved_ = 0; // bytes that may go
    TimePoint since_{};
    TimePoint next_{};
};

} // namespace gsttus
