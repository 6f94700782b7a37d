// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that a property names: certificates, keys. Any thread; blocks for as long as the disk
// does.
#pragma once

#include "base/result.h"

#include <string>

#include <glib.h>

namespace gsttus {

// kSettings: `property` names `path`, which is of no use. `cause` may be nullptr.
Error bad_file(const char *property, const std::string &path, std::string_view why,
               const GError *cause);

// Its content. What is no file of a sensible size is refused: a pipe or a device may have no end.
Result<std::string> read_setting_file(const char *property, const std::string &path);

} // namespace gsttus
