// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for the bytes of a block, by pages from the system and back to it. On the heap blocks
// would be in the way of all else: glibc serves them from the arenas of the threads once the first
// is given back, and what is free there between two others stays. Any thread. Knows no stream.
#pragma once

#include <cstddef>
#include <memory>

namespace gsttus {

struct UnmapBlock {
    std::size_t size = 0; // bytes
    void operator()(std::byte *bytes) const;
};

using BlockBytes = std::unique_ptr<std::byte[], UnmapBlock>;

// All zero. Null when the system has none.
BlockBytes map_block(std::size_t size);

} // namespace gsttus
