// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// An address in each copy of the library is another one.
#include "glib/type_name.h"

#include <cstdint>

namespace gsttus {

std::string own_type_name(const char *name)
{
    static const char here = 0;
    return name + std::to_string(reinterpret_cast<std::uintptr_t>(&here));
}

} // namespace gsttus
