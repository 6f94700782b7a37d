// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The marks are few however long an outage is: those in the middle give way.
#include "upload/arrivals.h"

namespace gsttus {

namespace {
constexpr std::size_t kMostMarks = 64;
} // namespace

void Arrivals::add(std::uint64_t position, TimePoint now, Duration resolution)
{
    if (!marks_.empty() && now - marks_.back().second < resolution)
        return;
    if (marks_.size() >= kMostMarks) // the oldest matters, and the newest
        marks_.erase(marks_.begin() + 1);
    marks_.emplace_back(position, now);
}

std::optional<TimePoint> Arrivals::pending_since(std::uint64_t produced)
{
    const std::uint64_t position = taken_ + 1;
    while (marks_.size() > 1 && marks_[1].first <= position)
        marks_.pop_front();
    if (produced <= position || marks_.empty())
        return std::nullopt;
    return marks_.front().second;
}

} // namespace gsttus
