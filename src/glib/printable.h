// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A text that somebody else chose (a stream's title, a server, a journal) as one line that a
// terminal and a log can show. Values in, values out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gsttus {

// Line ends and other white space become blanks; what else controls a terminal or is not to be
// seen (escape sequences, direction marks, zero width), and what is not UTF-8, becomes "?". Cut
// after `most` characters.
std::string printable(std::string_view text, std::size_t most = 8000);

// For names, which are short.
inline constexpr std::size_t kMostOfName = 200;

} // namespace gsttus
