// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of gst-tus-record, as values. Texts name options, never a secret.
#pragma once

#include "base/error.h"
#include "record/task.h"

#include <optional>
#include <string_view>

namespace gsttus {

inline constexpr int kComplete = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kKeptOnDisk = 3;

// An exit status: there is nothing to do any more.
std::optional<int> parse_record_arguments(int argc, char **argv, RecordTask &task);

// Seconds of "90", "90s", "30m", "1h", "1h30m"; nullopt: none of these, or 0, or over a year.
std::optional<std::uint64_t> parse_time(std::string_view text);

// Bits/s of "4000k", "4M", "2500000", from 10 kbit/s to 1 Gbit/s.
std::optional<std::uint64_t> parse_bitrate(std::string_view text);

} // namespace gsttus
