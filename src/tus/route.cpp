// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Endpoints in turn, and the way to the upload and back from a detour.
#include "tus/route.h"

#include "base/redact.h"

#include <algorithm>

namespace gsttus {

namespace {

// Textual: no default ports. A login does not count.
bool is_same_origin(std::string_view a, std::string_view b)
{
    const auto scheme = [](std::string_view url) { return url.substr(0, url.find("://")); };
    const auto host = [](std::string_view url) {
        const std::string_view origin = origin_part(url);
        const std::size_t login = origin.rfind('@');
        return origin.substr(login == std::string_view::npos ? origin.find("//") + 2 : login + 1);
    };
    return !origin_part(a).empty() && !origin_part(b).empty() && scheme(a) == scheme(b) &&
           host(a) == host(b);
}

} // namespace

std::string_view origin_part(std::string_view url)
{
    const std::size_t host = url.find("://");
    return host == std::string_view::npos ? std::string_view()
                                          : url.substr(0, url.find_first_of("/?#", host + 3));
}

std::string_view path_part(std::string_view url)
{
    const std::string_view rest = url.substr(origin_part(url).size());
    return rest.substr(0, rest.find_first_of("?#"));
}

void Route::resolved(const Resolved &destination)
{
    resolved_once_ = true;
    endpoints_ = destination.endpoints;
    endpoint_home_.clear();
    endpoint_ = std::min(endpoint_, endpoints_.size() - 1);
    follow_other_hosts_ = destination.follow_other_hosts;
    header_size_ = destination.header_size;
}

void Route::goes_to(const std::string &upload_url)
{
    url_ = upload_url;
    had_upload_ = true;
    endpoints_ = {url_};
    resolved_once_ = true;
}

bool Route::try_next_endpoint()
{
    endpoint_returns();
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

std::uint64_t Route::listed_size(const std::string &url) const
{
    const bool as_path = is_same_origin(url, endpoint());
    return url.size() - (as_path ? origin_part(url).size() : 0) + 1;
}

bool Route::may_be_misled() const
{
    if (found_ || !made_here_ || !has_upload() || !is_same_origin(url_, endpoint()))
        return false;
    std::string below(path_part(endpoint()));
    if (!below.ends_with('/'))
        below += '/';
    return !path_part(url_).starts_with(below);
}

std::string Route::text() const
{
    if (has_upload())
        return redact_url(request_url());
    return endpoints_.empty() ? std::string("no endpoint") : redact_url(endpoint());
}

} // namespace gsttus
