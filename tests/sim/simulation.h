// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs one schedule: machine, store, source and model server on a clock of their own.
#pragma once

#include "mutants.h"
#include "schedule.h"

#include <cstdint>
#include <string>
#include <vector>

namespace gsttus::sim {

struct Outcome {
    std::string violation; // empty: all invariants held
    bool finished = false; // FALSE: given up, rightly
    LengthMode mode = LengthMode::kAuto;
    std::uint64_t requests = 0, steps = 0, faults = 0, bytes = 0, most_held = 0;
};

// `trace`: receives a line per happening, or nullptr.
Outcome run(const Schedule &schedule, Mutation mutation = Mutation::kNone,
            std::vector<std::string> *trace = nullptr);

// The shortest schedule found that still fails.
Schedule shrink(const Schedule &schedule, Mutation mutation = Mutation::kNone);

} // namespace gsttus::sim
