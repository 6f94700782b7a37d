// Where requests go: the endpoints and the one in use, the upload's own URL, and where redirects
// lead for a while. Knows which host may see what. A value.
//
// * upload_url() is where the upload was created, whatever redirects say; requests go to
//   request_url(). Leaving a detour never loses the way back.
// * Where the metadata is secret, a creation does not follow to another host (may_follow()).
#pragma once

#include "tus/events.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace gsttus {

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

    void endpoint_moved(const std::string &url) { endpoints_[endpoint_] = url; }

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

    void created(const std::string &url) { url_ = url; }

    void forget_upload();
    std::string take_upload(); // its URL

    // --- detours ---------------------------------------------------------------------------------

    const std::string &request_url() const { return detour_.empty() ? url_ : detour_; }

    bool on_detour() const { return !detour_.empty(); }

    void detour(const std::string &url) { detour_ = url; }

    void leave_detour() { detour_.clear(); }

    std::string text() const; // redacted, for texts

private:
    std::vector<std::string> endpoints_;
    std::size_t endpoint_ = 0;
    bool follow_other_hosts_ = true;
    bool resolved_once_ = false;
    std::string url_;
    std::string detour_; // left when HEAD does not find the upload there
};

} // namespace gsttus
