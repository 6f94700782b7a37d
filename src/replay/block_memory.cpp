// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Two system calls. In a file of their own: a test has others in their place.
#include "replay/block_memory.h"

#include <sys/mman.h>

namespace gsttus {

void UnmapBlock::operator()(std::byte *bytes) const
{
    (void)::munmap(bytes, size);
}

BlockBytes map_block(std::size_t size)
{
    void *const bytes =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return {};
    return {static_cast<std::byte *>(bytes), UnmapBlock{size}};
}

} // namespace gsttus
