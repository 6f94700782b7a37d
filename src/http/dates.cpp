// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading HTTP dates (with libsoup, which knows the old forms, too) and waits; what is too far away
// is cut.
#include "http/dates.h"

#include "glib/ptr.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <libsoup/soup.h>

namespace gsttus {

namespace {

constexpr std::int64_t kMostSeconds = 366LL * 24 * 3600;

std::optional<std::int64_t> parse_seconds(std::string_view text)
{
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::invalid_argument || end != text.data() + text.size())
        return std::nullopt;
    if (error == std::errc::result_out_of_range || value > std::uint64_t{kMostSeconds})
        return kMostSeconds;
    return static_cast<std::int64_t>(value);
}

} // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text)
{
    const GDateTimeOwn when(soup_date_time_new_from_http_string(std::string(text).c_str()));
    if (!when)
        return std::nullopt;
    return g_date_time_to_unix(when.get());
}

std::int64_t time_of(const std::string *date, std::int64_t wall_now)
{
    return date ? parse_http_date(*date).value_or(wall_now) : wall_now;
}

Duration parse_retry_after(std::string_view text, std::int64_t wall_now)
{
    std::optional<std::int64_t> delta = parse_seconds(text);
    if (!delta)
        if (const auto date = parse_http_date(text))
            delta = *date - wall_now;
    return seconds(std::clamp<std::int64_t>(delta.value_or(0), 0, kMostSeconds));
}

} // namespace gsttus
