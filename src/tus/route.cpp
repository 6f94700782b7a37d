// Endpoints in turn, and the way to the upload and back from a detour.
#include "tus/route.h"

#include "base/redact.h"

#include <algorithm>

namespace gsttus {

void Route::resolved(const Resolved &destination)
{
    resolved_once_ = true;
    endpoints_ = destination.endpoints;
    endpoint_ = std::min(endpoint_, endpoints_.size() - 1);
    follow_other_hosts_ = destination.follow_other_hosts;
}

void Route::goes_to(const std::string &upload_url)
{
    url_ = upload_url;
    endpoints_ = {url_};
    resolved_once_ = true;
}

bool Route::try_next_endpoint()
{
    endpoint_ = (endpoint_ + 1) % endpoints_.size();
    return endpoint_ != 0;
}

void Route::forget_upload()
{
    url_.clear();
    detour_.clear();
    resolved_once_ = true;
}

std::string Route::take_upload()
{
    detour_.clear();
    return std::exchange(url_, {});
}

std::string Route::text() const
{
    if (has_upload())
        return redact_url(request_url());
    return endpoints_.empty() ? std::string("no endpoint") : redact_url(endpoint());
}

} // namespace gsttus
