// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A token bucket: what was not used is saved for a short while, and pieces are not too small.
#include "upload/pace.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr double kSaved = 0.1;   // seconds of the rate
constexpr double kPiece = 0.05;  // the same
constexpr double kPacket = 1400; // bytes; what is less costs more headers than it carries
constexpr double kLongest = 0.5; // seconds between two pieces, where that is a byte at least

} // namespace

std::size_t Pace::take(std::size_t wanted, std::uint64_t rate, TimePoint now)
{
    if (rate == 0) {
        saved_ = 0;
        since_ = now;
        return wanted;
    }
    const auto speed = static_cast<double>(rate);
    const double least = std::clamp(speed * kLongest, 1.0, std::max(kPacket, speed * kPiece));
    const double piece = std::min(least, static_cast<double>(wanted));
    saved_ = std::min(saved_ + to_seconds(now - since_) * speed, std::max(least, speed * kSaved));
    since_ = now;
    if (saved_ < piece) {
        const auto wait = std::chrono::duration<double>((piece - saved_) / speed);
        next_ = now + std::chrono::ceil<milliseconds>(wait);
        return 0;
    }
    const auto taken = std::min(wanted, static_cast<std::size_t>(saved_));
    saved_ -= static_cast<double>(taken);
    return taken;
}

} // namespace gsttus
