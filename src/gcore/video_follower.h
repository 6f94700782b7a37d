// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// After the upload: asks the API for a video until it is where the settings wait for, and tells
// what becomes of it. Blocks on the upload thread. Knows nothing of how the video was made.
#pragma once

#include "gcore/api_client.h"
#include "gcore/gcore_target.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace gsttus {

class VideoFollower {
public:
    // What of the settings it needs is copied.
    explicit VideoFollower(const GcoreConfig &config);

    // Fails when the video can not be used (kServer), is not there in time (kTimeout), when the
    // API refuses for good, or when the context is cancelled. With wait-status=none only the last
    // is a failure, and the video is asked for only when the context wants a proof: that is its
    // status leaving "empty", waited for for 30 s; what stands against it is a warning.
    Result<Proof> follow(TargetContext &context, ApiClient &api, std::uint64_t video_id);

private:
    // The video is where it is waited for, or an error.
    Result<void> wait(TargetContext &context, ApiClient &api, std::uint64_t video_id,
                      Duration patience);
    Result<bool> judge(TargetContext &context, const GcoreVideo &video, std::uint64_t video_id);
    bool is_there(std::string_view status) const;
    Error too_late(std::uint64_t video_id, Duration patience, const Error &trouble) const;

    const WaitStatus wanted_;
    const Duration timeout_, interval_;
    std::string status_, status_error_; // as last told
    std::string warned_;                // text of the last warning
};

} // namespace gsttus
