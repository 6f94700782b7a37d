// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A run of bytes that can be read without the owner's mutex, also while the store changes; by one
// thread. Bytes that the store gives up meanwhile may be an Error.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace gsttus {

class Piece {
public:
    virtual ~Piece() = default;
    virtual std::uint64_t begin() const = 0; // stream position of its first byte
    virtual std::uint64_t end() const = 0;   // one past its last
    // What lies together from stream position `at` on (begin() <= at < end()): at least a byte, at
    // most `most`. What is behind that is not looked at: it may just be changed. Valid until the
    // next call, or until this is gone.
    virtual Result<std::span<const std::byte>> view(std::uint64_t at, std::size_t most) const = 0;
    // The same, copied; returns how many bytes.
    Result<std::size_t> read(std::uint64_t at, std::span<std::byte> out) const;
};

} // namespace gsttus
