// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes of the stream that were changed after they had been written: they lie over what is in
// memory and files, which stays as it is, with its check values. A value; knows no disk.
#pragma once

#include "replay/piece.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace gsttus {

class Overlay {
public:
    // So many bytes a writer may put into it: a week with a new size every second.
    static constexpr std::uint64_t kMost = std::uint64_t{4} << 20;

    bool empty() const { return patches_.empty(); }

    std::uint64_t size() const { return size_; } // bytes in it

    // The newest counts. What touches becomes one patch.
    void put(std::uint64_t position, std::span<const std::byte> bytes);

    // Any byte of [begin, end) is in it.
    bool covers_some(std::uint64_t begin, std::uint64_t end) const;

    // `out` holds the bytes from stream position `at` on as they were written.
    void apply(std::uint64_t at, std::span<std::byte> out) const;

    // What is not in [begin, end) is of no use any more.
    void keep_only(std::uint64_t begin, std::uint64_t end);
    Overlay part(std::uint64_t begin, std::uint64_t end) const;

    using Patches = std::map<std::uint64_t, std::string>; // by position

    const Patches &patches() const { return patches_; }

private:
    std::pair<std::uint64_t, std::string> drop(Patches::const_iterator patch);

    Patches patches_; // none touches another
    std::uint64_t size_ = 0;
};

// The piece as it reads with what lies over it now.
std::shared_ptr<const Piece> patched(std::shared_ptr<const Piece> piece, const Overlay &overlay);

} // namespace gsttus
