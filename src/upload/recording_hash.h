// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The SHA-256 of a recording, computed while it comes in, so that users can compare it with what
// they download. One thread adds; any thread asks.
#pragma once

#include "base/mutex.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace gsttus {

class RecordingHash {
public:
    RecordingHash();
    ~RecordingHash();
    RecordingHash(const RecordingHash &) = delete;
    RecordingHash &operator=(const RecordingHash &) = delete;

    void add(std::span<const std::byte> data);

    // Bytes that were added are others now: there is none from now on.
    void spoil();

    // Of the first `bytes` bytes, 64 hexadecimal digits; empty: more or less of them are in. The
    // last may just be being added: `wait` for them.
    std::string of(std::uint64_t bytes, bool wait = false) const;

private:
    struct State;

    mutable Mutex mutex_;
    mutable Condition added_;
    const std::unique_ptr<State> state_ PT_GUARDED_BY(mutex_);
};

} // namespace gsttus
