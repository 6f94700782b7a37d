// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line and the environment of gst-tus-recover, as values. Texts name options, never
// what a secret one was given.
#pragma once

#include "recover/finisher.h"
#include "recover/teller.h"

#include <optional>
#include <string>
#include <vector>

namespace gsttus {

inline constexpr int kAllFinished = 0;
inline constexpr int kSomeNot = 1;
inline constexpr int kUsage = 2;

struct Task {
    bool list = false, watch = false;
    std::string remove; // the id, or the folder, of one upload; empty: none
    std::vector<std::string> folders;
    RecoverOptions options; // with send_again as remove
    TellerOptions teller;
};

// An exit status: there is nothing to do any more.
std::optional<int> parse_arguments(int argc, char **argv, Task &task);

// Bits/s of "2500000", "2.5M", "800k", "1G"; "0": no limit. nullopt: it is none of these.
std::optional<std::uint64_t> parse_rate(std::string_view text);

} // namespace gsttus
