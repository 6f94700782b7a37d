// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the disk refused: when it may be asked again, and what to tell the user. A trouble is worth
// one warning, and another one only after it is clearly over. Knows no files; not thread-safe.
#pragma once

#include "replay/file_ops.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace gsttus {

class DiskTrouble {
public:
    explicit DiskTrouble(FileOps &clock) : clock_(clock) {}

    // The disk may be asked: there was no trouble, or a second has passed since.
    bool may_try();

    void retry_now() { refuses_ = false; } // something has changed: the disk may work again

    // `used`: bytes of ours on the disk, as in freed().
    void report(Error error, std::uint64_t used);

    // What was reported last and is not told yet turned out to be no trouble.
    void take_back();

    // It is one, but nobody has to know yet.
    void keep_quiet();

    void wrote() { may_be_over_ = true; } // some bytes

    void freed(std::uint64_t used); // so many are left

    std::optional<Error> take_warning() { return std::exchange(warning_, std::nullopt); }

    const Error &last_error() const { return last_error_; }

private:
    FileOps &clock_; // outlives this by contract
    bool refuses_ = false;
    TimePoint retry_at_{};
    bool warned_ = false;
    bool may_be_over_ = false; // bytes were written, or deleting files can heal it
    std::uint64_t used_at_warning_ = 0;
    std::optional<Error> warning_;
    Error last_error_;
};

} // namespace gsttus
