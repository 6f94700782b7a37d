// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The lengths of pauses: a ceiling that doubles for each kind of trouble, and jitter below it.
#include "tus/retry_policy.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr milliseconds kFirst{250};
constexpr milliseconds kMostUnreachable{2000};
constexpr milliseconds kMostLocked{3000};
constexpr milliseconds kMostBusy{15000};
constexpr seconds kMostRetryAfter{300};

milliseconds doubled(std::uint64_t attempt, milliseconds most)
{
    const std::uint64_t shift = std::min<std::uint64_t>(attempt > 0 ? attempt - 1 : 0, 10);
    return std::min(most, milliseconds(kFirst.count() << shift));
}

} // namespace

double RetryPolicy::unit()
{
    // splitmix64 (public domain algorithm by S. Vigna): small, seedable, good enough for jitter
    std::uint64_t z = (random_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

Duration RetryPolicy::delay(Trouble trouble, std::uint64_t attempt, Duration retry_after)
{
    if (trouble == Trouble::kStale)
        return Duration::zero();
    milliseconds most = kMostBusy;
    if (trouble == Trouble::kUnreachable || trouble == Trouble::kBroken)
        most = kMostUnreachable;
    else if (trouble == Trouble::kLocked)
        most = kMostLocked;
    const milliseconds ceiling = doubled(attempt, most);
    // between half and all of it: spread out, and never a burst
    const auto wait = std::chrono::duration_cast<Duration>(ceiling * (0.5 + 0.5 * unit()));
    return std::max(wait, std::min<Duration>(retry_after, kMostRetryAfter));
}

} // namespace gsttus
