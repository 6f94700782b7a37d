// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The Gcore target: creates the video (or uses one), gets the TUS parameters, follows the video.
// Knows the API through api_client.h and the transport seam only; knows nothing of tus requests.
#pragma once

#include "upload/target.h"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace gsttus {

// A field of "Create video" that is passed through with its type.
struct VideoOption {
    std::string name;
    std::variant<std::string, std::int64_t, bool, double> value;
};

enum class WaitStatus { kNone, kPending, kViewable, kReady };

struct GcoreConfig {
    std::string api_key;                           // secret
    std::string api_url = "https://api.gcore.com"; // no trailing slash needed
    std::string endpoint;                          // overrides the one from the API; may be empty
    std::uint64_t video_id = 0;                    // 0: create one
    std::string video_name;                        // empty: location, else title, else start time
    std::string location;                          // metadata "filename"; empty: the video's name
    std::string description;
    std::vector<VideoOption> video_options;
    Metadata metadata; // further pairs from the user; filename, token, ids of ours win
    WaitStatus wait_status = WaitStatus::kNone;
    Duration status_timeout = seconds(600);
    Duration status_interval = seconds(2); // pace of polling
    bool delete_empty_video = true;
};

// The key as it is sent: without blanks, or the name of its scheme. kSettings: there is none, or it
// can be none.
Result<std::string> clean_key(const std::string &text);

// kSettings: no key, api_url not a URL, http to a host that is not loopback, …
Result<std::unique_ptr<Target>> make_gcore_target(GcoreConfig config);

} // namespace gsttus
