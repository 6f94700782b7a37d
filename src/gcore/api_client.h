// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls of the Gcore Streaming API, and what their refusals mean for people. Once the API has
// answered, an answer that is not JSON is not its own: that delays, and decides nothing.
// Knows HTTP through the transport seam; knows nothing of tus, and of JSON only api_json.h.
#pragma once

#include "gcore/api_address.h"
#include "gcore/api_json.h"
#include "upload/target.h"

#include <string>

namespace gsttus {

// A failure of a call. `maybe_done`: the server may have done what was asked, nobody knows.
struct ApiFailure {
    TargetError failure;
    bool maybe_done = false;
    bool own_answer = false; // JSON: the API itself says so, and nothing in front of it
};

template <typename T>
using ApiResult = std::variant<T, ApiFailure>;

struct Nothing {};

struct VideoList {
    std::vector<ListedVideo> videos;
    std::int64_t now_s = 0; // the server's wall clock, else ours
};

class ApiClient {
public:
    // The key goes to the address' origin only, and nowhere after a redirect.
    ApiClient(ApiAddress address, std::string key);

    const ApiAddress &address() const { return address_; }

    ApiResult<GcoreVideo> create(TargetContext &context, const NewVideo &video);
    // Videos whose name has this text in it, the newest first as far as the API sorts them.
    ApiResult<VideoList> search(TargetContext &context, const std::string &name);
    ApiResult<UploadParameters> upload_parameters(TargetContext &context, std::uint64_t id);
    ApiResult<GcoreVideo> get(TargetContext &context, std::uint64_t id);
    ApiResult<Nothing> rename(TargetContext &context, std::uint64_t id, const std::string &name);
    // A video that does not exist any more counts as removed.
    ApiResult<Nothing> remove(TargetContext &context, std::uint64_t id);

private:
    struct Call {
        const char *method;
        std::string path;
        std::string body;    // JSON; empty: none
        std::string purpose; // "create the video": what could not be done
        std::uint64_t video = 0;
    };

    ApiResult<HttpResponse> send(TargetContext &context, const Call &call);
    ApiFailure stranger(TargetContext &context, const Call &call, const HttpResponse &response);
    ApiFailure refusal(TargetContext &context, const Call &call, const HttpResponse &response);
    ApiFailure unusable(TargetContext &context, const Call &call, Error error);

    ApiAddress address_;
    std::string key_;       // secret
    bool answered_ = false; // the API itself has done something: address and key are right
};

} // namespace gsttus
