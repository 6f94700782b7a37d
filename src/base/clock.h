// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Time inside the project: a monotonic point and a span. Milliseconds appear only at C borders.
#pragma once

#include <chrono>

namespace gsttus {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

using std::chrono::milliseconds;
using std::chrono::seconds;

inline double to_seconds(Duration span)
{
    return std::chrono::duration<double>(span).count();
}

} // namespace gsttus
