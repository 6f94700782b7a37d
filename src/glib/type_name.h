// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of GTypes, which are one namespace for the whole process.
#pragma once

#include <string>

namespace gsttus {

// `name` and what makes it this copy's own: the library is linked into the plugin, and may be
// linked a second time into the program that loads the plugin.
std::string own_type_name(const char *name);

} // namespace gsttus
