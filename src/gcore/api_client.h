// Calls of the Gcore Streaming API, and what their refusals mean for people.
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
};

template <typename T>
using ApiResult = std::variant<T, ApiFailure>;

struct Nothing {};

class ApiClient {
public:
    // The key goes to the address' origin only, and nowhere after a redirect.
    ApiClient(ApiAddress address, std::string key);

    const ApiAddress &address() const { return address_; }

    ApiResult<GcoreVideo> create(TargetContext &context, const NewVideo &video);
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
    ApiFailure refusal(TargetContext &context, const Call &call, const HttpResponse &response);
    ApiFailure unusable(TargetContext &context, const Call &call, Error error);

    ApiAddress address_;
    std::string key_; // secret
};

} // namespace gsttus
