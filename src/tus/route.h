// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where requests go: the endpoints and the one in use, the upload's own URL, and where redirects
// lead for a while. Knows which host may see what. A value.
//
// * upload_url() is where the upload was created, whatever redirects say; requests go to
//   request_url(). Leaving a detour never loses the way back.
// * Where the metadata is secret, a creation does not follow to another host (may_follow()).
#pragma once

#include "tus/events.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gsttus {

// Of an absolute URL: "https://host:1" and "/path". Textual: no escapes, no default ports.
std::string_view origin_part(std::string_view url);
std::string_view path_part(std::string_view url);

class Route {
public:
    // --- endpoints -------------------------------------------------------------------------------

    void resolved(const Resolved &destination);
    void goes_to(const std::string &upload_url); // given from outside: nothing is resolved first

    bool resolved_once() const { return resolved_once_; }

    const std::string &endpoint() const { return endpoints_[endpoint_]; }

    std::size_t endpoints() const { return endpoints_.size(); }

    // FALSE: all were tried, it begins again with the first.
    bool try_next_endpoint();

    // Of the header that lists partial uploads for the endpoint: URLs of its host as paths.
    std::uint64_t listed_size(const std::string &url) const;

    // Bytes of all headers of a creation, without that list.
    std::uint64_t header_size() const { return header_size_; }

    void endpoint_moved(const std::string &url)
    {
        if (endpoint_home_.empty())
            endpoint_home_ = endpoint();
        endpoints_[endpoint_] = url;
    }

    // To where it was before it moved: who sent us on was perhaps not the server. FALSE: it had
    // not.
    bool endpoint_returns()
    {
        if (endpoint_home_.empty())
            return false;
        endpoints_[endpoint_] = std::exchange(endpoint_home_, {});
        return true;
    }

    // With what a creation carries.
    bool may_follow(const Answer &redirect) const
    {
        return follow_other_hosts_ || !redirect.location_other_host;
    }

    // A token is in the metadata.
    bool metadata_is_secret() const { return !follow_other_hosts_; }

    // --- the upload (in concatenation: the partial one under way) --------------------------------

    bool has_upload() const { return !url_.empty(); }

    const std::string &upload_url() const { return url_; }

    // There was one, whether it is still there or not: the way here has been open.
    bool had_upload() const { return had_upload_; }

    void created(const std::string &url)
    {
        url_ = url;
        made_here_ = true;
        had_upload_ = true;
    }

    void forget_upload();
    std::string take_upload(); // its URL

    void found() { found_ = true; } // it answered at its URL, or one before it did

    // None ever did, and the upload is said to be on the endpoint's host, but not below its path:
    // what is in front of the server may change paths.
    bool may_be_misled() const;

    // --- detours ---------------------------------------------------------------------------------

    const std::string &request_url() const { return detour_.empty() ? url_ : detour_; }

    bool on_detour() const { return !detour_.empty(); }

    void detour(const std::string &url, bool other_host = false)
    {
        detour_ = url;
        elsewhere_ = other_host;
    }

    void leave_detour() { detour_.clear(); }

    bool is_elsewhere() const { return on_detour() && elsewhere_; } // on another host

    std::string text() const; // redacted, for texts

private:
    std::vector<std::string> endpoints_;
    std::size_t endpoint_ = 0;
    std::string endpoint_home_; // of the one in use, when it has moved
    bool follow_other_hosts_ = true;
    std::uint64_t header_size_ = 0;
    bool resolved_once_ = false;
    bool had_upload_ = false;
    std::string url_;
    bool made_here_ = false, found_ = false;
    std::string detour_; // left when HEAD does not find the upload there
    bool elsewhere_ = false;
};

} // namespace gsttus
