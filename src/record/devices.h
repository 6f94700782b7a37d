// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The cameras and microphones that GStreamer's device monitor knows.
#pragma once

#include "record/words.h"

#include <string>
#include <vector>

namespace gsttus {

struct Device {
    std::string name;        // as the device monitor has it
    bool is_camera = false;  // else it gives sound
    bool is_monitor = false; // what this machine plays
    Words source;            // the element that records it
};

// Asks the machine anew: may take a second.
std::vector<Device> list_devices();

// By its whole name, or a part of it that only one has; an empty name: the first that is no
// monitor. nullptr: none, or more than one.
const Device *find_device(const std::vector<Device> &devices, bool camera, const std::string &name);

} // namespace gsttus
