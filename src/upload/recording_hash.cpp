// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The digest of what was added, under the mutex.
#include "upload/recording_hash.h"

#include "base/clock.h"
#include "upload/digest.h"

#include <string_view>
#include <vector>

namespace gsttus {

namespace {
constexpr seconds kAdding{5}; // a buffer takes no time like that
}

struct RecordingHash::State {
    Digest sha256{G_CHECKSUM_SHA256};
    std::uint64_t bytes = 0;
    bool spoiled = false;
};

RecordingHash::RecordingHash() : state_(std::make_unique<State>()) {}

RecordingHash::~RecordingHash() = default;

void RecordingHash::add(std::span<const std::byte> data)
{
    if (data.empty())
        return;
    MutexLock lock(mutex_);
    if (!state_->spoiled)
        state_->sha256.add(data);
    state_->bytes += data.size();
    added_.notify_all();
}

void RecordingHash::spoil()
{
    MutexLock lock(mutex_);
    state_->spoiled = true;
    added_.notify_all();
}

std::string RecordingHash::of(std::uint64_t bytes, bool wait) const
{
    const TimePoint until = Clock::now() + kAdding;
    MutexLock lock(mutex_);
    while (wait && !state_->spoiled && state_->bytes < bytes && Clock::now() < until)
        added_.wait_until(lock, until);
    if (state_->spoiled || state_->bytes != bytes)
        return {};
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : state_->sha256.value()) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

} // namespace gsttus
