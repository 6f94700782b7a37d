// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How long a test waits before it says that something hangs. Where everything is slower, as under
// valgrind, tests/run.sh says in GST_TUS_TEST_SLOW how many times as long. Not for spans that a
// test expects to pass.
#pragma once

#include <algorithm>
#include <chrono>

#include <glib.h>

namespace gsttus::test {

template <typename Rep, typename Period>
std::chrono::duration<Rep, Period> patience(std::chrono::duration<Rep, Period> usual)
{
    const char *slow = g_getenv("GST_TUS_TEST_SLOW");
    return usual * static_cast<Rep>(
                       slow ? std::clamp<gint64>(g_ascii_strtoll(slow, nullptr, 10), 1, 100) : 1);
}

} // namespace gsttus::test
