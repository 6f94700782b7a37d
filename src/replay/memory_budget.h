// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the blocks of memory of all stores of a process take together, and how much that may be.
// Any thread, no lock; a block gives back what it took when it is destroyed, also one that outlives
// its store. Knows no upload.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace gsttus {

class MemoryBudget {
public:
    // Whose bytes have to go to disk although their store has room.
    enum class Pressure {
        kNone,
        kEnded, // more than three quarters are used: of uploads whose source has ended
        kAll    // more than seven eighths
    };

    void set_bound(std::uint64_t bytes) { bound_ = bytes; }

    std::uint64_t used() const { return used_; }

    // FALSE: there is no room. `needed`: without it a store could not go on: beyond the bound.
    bool take(std::uint64_t bytes, bool needed)
    {
        const std::uint64_t before = used_.fetch_add(bytes);
        const std::uint64_t bound = bound_;
        if (needed || (before <= bound && bytes <= bound - before))
            return true;
        give_back(bytes);
        return false;
    }

    void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes); }

    Pressure pressure() const
    {
        const std::uint64_t used = used_, eighth = bound_ / 8;
        if (used > 7 * eighth)
            return Pressure::kAll;
        return used > 6 * eighth ? Pressure::kEnded : Pressure::kNone;
    }

private:
    std::atomic<std::uint64_t> used_{0};
    std::atomic<std::uint64_t> bound_{std::numeric_limits<std::uint64_t>::max()};
};

} // namespace gsttus
