// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Dates and waits in HTTP headers. Text in, numbers out.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gsttus {

// "Tue, 14 Nov 2023 22:13:50 GMT": seconds since 1970 (RFC 9110, 5.6.7).
std::optional<std::int64_t> parse_http_date(std::string_view text);

// When an answer was sent by the clock of its sender, as its header `date` (nullptr: none) says;
// else, or when that is no date, `wall_now`. Dates in an answer are on that clock.
std::int64_t time_of(const std::string *date, std::int64_t wall_now);

// Retry-After: seconds or a date; zero when absent, malformed or past, never more than a year.
Duration parse_retry_after(std::string_view text, std::int64_t wall_now);

} // namespace gsttus
