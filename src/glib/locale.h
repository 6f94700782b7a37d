// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The locale of a program that talks to people.
#pragma once

namespace gsttus {

// As setlocale(LC_ALL, ""). A machine without a locale has terminals and logs that take UTF-8
// nevertheless: then characters are, all else stays plain, and no "…" becomes a question mark.
// Before other threads are there.
void use_locale();

} // namespace gsttus
