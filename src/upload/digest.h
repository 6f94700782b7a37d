// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// MD5, SHA-1, SHA-256 and SHA-512 of bytes that come one after the other. One thread at a time.
// Knows nothing of what the bytes are.
#pragma once

#include "glib/ptr.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <glib.h>

namespace gsttus {

class Digest {
public:
    explicit Digest(GChecksumType type);
    ~Digest();
    Digest(const Digest &) = delete;
    Digest &operator=(const Digest &) = delete;

    void add(std::span<const std::byte> data);

    // Of what was added so far; more may be added. Empty: the library has failed.
    std::vector<std::uint8_t> value() const;

private:
    struct Quick; // GnuTLS

    std::unique_ptr<Quick> quick_; // null: there is none for this, and slow_ does it
    std::unique_ptr<GChecksum, GDelete<&g_checksum_free>> slow_;
};

} // namespace gsttus
