// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which folders a run of gst-tus-recover is about: those that are named, or all usual ones. Looks
// at folders, opens and makes none.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace gsttus {

struct Place {
    std::string spool_dir;
    std::string only; // one upload's id; empty: all that is in it
};

enum class MayBeAbsent { kNo, kYes };

// A spool folder, or the folder of one upload: each once, whatever it is called. Error: one of them
// is neither, or is not there, unless it may be; kNotAuthorized: another user keeps it to himself.
Result<std::vector<Place>> named_places(const std::vector<std::string> &paths, MayBeAbsent absent);

// The usual ones that are there. `refused` gets what is in the place of one and is not ours: a
// folder in /var/tmp is anybody's to make.
std::vector<Place> usual_places(std::vector<std::string> &refused);

} // namespace gsttus
