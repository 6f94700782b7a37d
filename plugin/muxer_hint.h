// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What muxers do that an upload can not follow, how it is seen before bytes are lost, and what to
// do about it: one table. Any thread.
#pragma once

#include "upstream.h"

#include <optional>
#include <string>

#include <gst/gst.h>

namespace gsttus {

// Why this muxer will go back to bytes that are uploaded by then, with what to do instead: a text
// for the user. nullopt: nothing says that it will.
std::optional<std::string> why_it_goes_back(const Upstream &muxer);

// The same of one that refuses to work where it can not go back, and says so itself, but not what
// would help; asked before it does.
std::optional<std::string> why_it_refuses(const Upstream &muxer);

// Why it sends nothing before the end of the recording, by its settings; nullopt: it should send.
std::optional<std::string> why_it_keeps_all(const Upstream &muxer);

// What to do where a muxer did go back: never empty. `told_by_us`: the sink itself has told it that
// it may, but not so far.
std::string cure_of(const Upstream &muxer, bool told_by_us);

// What to do where an MP4 has its index at the end: never empty, a sentence without its stop.
std::string index_cure_of(const Upstream &muxer);

} // namespace gsttus
