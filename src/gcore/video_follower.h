// After the upload: asks the API for a video until it is where the settings wait for, and tells
// what becomes of it. Blocks on the upload thread. Knows nothing of how the video was made.
#pragma once

#include "gcore/api_client.h"
#include "gcore/gcore_target.h"

#include <cstdint>
#include <string>

namespace gsttus {

class VideoFollower {
public:
    // What of the settings it needs is copied.
    explicit VideoFollower(const GcoreConfig &config);

    // Fails when the video can not be used (kServer), is not there in time (kTimeout), when the
    // API refuses for good, or when the context is cancelled. Nothing to wait for: at once.
    Result<void> follow(TargetContext &context, ApiClient &api, std::uint64_t video_id);

private:
    Result<bool> judge(TargetContext &context, const GcoreVideo &video, std::uint64_t video_id);
    Error too_late(std::uint64_t video_id, const Error &trouble) const;

    const WaitStatus wanted_;
    const Duration timeout_, interval_;
    std::string status_, status_error_; // as last told
    std::string warned_;                // text of the last warning
};

} // namespace gsttus
