// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GLib writes what it prints in the characters of the locale, which in "C" are ASCII.
#include "glib/locale.h"

#include <clocale>
#include <string_view>

namespace gsttus {

void use_locale()
{
    std::setlocale(LC_ALL, "");
    const char *name = std::setlocale(LC_CTYPE, nullptr);
    if (!name || (std::string_view(name) != "C" && std::string_view(name) != "POSIX"))
        return;
    for (const char *with_all_characters : {"C.UTF-8", "C.utf8"}) {
        if (std::setlocale(LC_CTYPE, with_all_characters))
            return;
    }
}

} // namespace gsttus
