// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipeline of a recording, of what is installed. Values in, values out.
#pragma once

#include "base/result.h"
#include "record/task.h"
#include "record/words.h"

#include <functional>
#include <string>
#include <string_view>

namespace gsttus {

// Where picture and sound come from: what devices, portals and cameras were asked for before.
struct Inputs {
    Words picture; // a source of raw pictures; empty: there is none
    Words sound;   // a source of raw sound; empty: there is none
    // Of a camera in the network, what its source, named "camera", gives:
    std::string picture_codec; // "h264", "h265", another: is encoded again
    bool has_picture = false, has_sound = false;
};

using IsInstalled = std::function<bool(const char *element)>;

// Of the recordings of --every: what is before a number, and behind it (the ending, the container's
// if the name has none).
struct PieceName {
    std::string begin, end;

    std::string with(std::string_view number) const;
};

PieceName name_of_pieces(std::string_view name, std::string_view container);

// Error: what is missing, and the package that has it.
Result<Words> pipeline_of(const RecordTask &task, const Inputs &inputs, const IsInstalled &has);

} // namespace gsttus
