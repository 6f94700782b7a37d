// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a reader would see of a web page that came in place of an answer. Text in, text out.
#pragma once

#include <string>
#include <string_view>

namespace gsttus {

// Whether it begins as HTML or XML does.
bool looks_like_page(std::string_view text);

// Its title and its text in one line, without scripts, styles, comments and tags; what both say is
// said once. As long as what is shown of the page: whoever shows it redacts it, then cuts it.
std::string page_text(std::string_view page);

} // namespace gsttus
