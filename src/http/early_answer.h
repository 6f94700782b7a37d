// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether bytes that came back while a request body is still being sent begin a final answer.
// Bytes in, answer out: no socket here.
#pragma once

#include <string_view>

namespace gsttus {

// `received` is what waits at the socket, unread. Complete informational answers (1xx) are passed
// over, one that is not complete is waited for. What is no HTTP counts as an answer: whoever
// parses it will say so.
bool begins_final_answer(std::string_view received);

} // namespace gsttus
