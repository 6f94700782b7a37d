// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of gcoresink as plain data, their checks, and the gcore:// URIs.
#pragma once

#include "gcore/gcore_target.h"
#include "settings.h"

#include <string>

namespace gsttus {

struct GcoreSettings {
    std::string api_key; // secret
    std::string api_url;
    std::uint64_t video_id = 0;
    std::string video_name;
    std::string video_description;
    StructureRef video_options;
    WaitStatus wait_status = WaitStatus::kNone;
    Duration status_timeout = seconds(600);
    bool delete_empty_video = true;
};

// Where the API is: the property, else $GCORE_BASE_URL, else Gcore's.
std::string effective_api_url(const GcoreSettings &gcore);

// Falls back on $GCORE_API_KEY and $GCORE_BASE_URL.
Result<GcoreConfig> make_gcore_config(const GcoreSettings &gcore, const Settings &settings);

// gcore://VIDEO_ID, gcore://new, gcore://new?name=…&description=… (percent-encoded).
Result<GcoreSettings> with_gcore_uri(GcoreSettings settings, const std::string &uri);
std::string gcore_uri(const GcoreSettings &settings);

} // namespace gsttus
