// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The JSON of the Gcore Streaming API. The only code that knows json-glib.
// Everything read here comes from a network: any bytes are legal input.
#pragma once

#include "base/result.h"
#include "gcore/gcore_target.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

struct GcoreVideo {
    std::uint64_t id = 0;
    std::uint64_t client_id = 0; // 0: not told
    std::string name{}, slug{}, status{}, error{}, hls_url{}, dash_url{}, iframe_url{};
};

// A video of a list, as far as it matters for finding one.
struct ListedVideo {
    GcoreVideo video;
    std::int64_t created_s = 0;      // wall clock; 0: not told
    std::int64_t client_user_id = 0; // 0: none
};

struct UploadServer {
    std::string hostname{};
    std::string role{};
    bool active = true;
    bool ssl = true;
};

struct UploadParameters {
    std::vector<UploadServer> servers; // as listed, hostnames not yet checked
    std::string token;                 // secret
    GcoreVideo video;                  // id 0: not told
};

struct NewVideo {
    std::string name;
    std::string description;          // empty: not sent
    std::vector<VideoOption> options; // name and description of ours win
};

// {"video": {…}}
std::string write_video(const NewVideo &video);
// {"name": …}
std::string write_name(const std::string &name);

// An object, an array of one, or either within {"video": …}. Fails (kProtocol): `retryable` when
// the text is cut off JSON, not when it is something else (a web page) or lacks the id.
Result<GcoreVideo> parse_video(std::string_view text);
// The videos of a list; what is no video is left out. Fails as parse_video does.
Result<std::vector<ListedVideo>> parse_videos(std::string_view text);
// Whether this may come from the API at all: what stands in front of it answers with pages.
bool is_json(std::string_view text);
// Fails as parse_video does; also without a token or a server.
Result<UploadParameters> parse_upload_parameters(std::string_view text);

// The sentence in the body of an error: from any of the shapes that the API is documented to
// have, the title of a web page, or all of the text. Not redacted, not cut.
std::string error_text(std::string_view body);

} // namespace gsttus
