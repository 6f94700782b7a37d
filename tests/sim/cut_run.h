// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One recording into a replay store on a CutDisk, with a disk thread's chores, until the power
// goes; and whether a recovery finds what it should.
#pragma once

#include "cut_disk.h"

#include <cstdint>
#include <string>
#include <vector>

namespace gsttus::sim {

struct CutOutcome {
    std::string violation; // empty: all is as promised
    bool found = false;    // a recovery found bytes
    bool promised = false; // some had been synced, and the server did not have them
    bool again = false;    // and the recovery was cut off too
};

// The same seed does the same. `folder`: for its files; emptied.
CutOutcome run_cut(std::uint64_t seed, CutMutation mutation, const std::string &folder,
                   std::vector<std::string> *trace = nullptr);

} // namespace gsttus::sim
