// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What OPTIONS and refusals teach of a server.
#include "tus/server.h"

#include <algorithm>

namespace gsttus {

namespace {

bool contains(const std::vector<std::string> &list, std::string_view what)
{
    return std::find(list.begin(), list.end(), what) != list.end();
}

} // namespace

bool Server::learn(const Answer &options, const std::string &checksum)
{
    asked_ = asked_ || options.speaks_tus || (options.status > 0 && options.status < 500);
    if (!options.speaks_tus)
        return true;
    announced_ = !options.extensions.empty();
    extensions_ = options.extensions;
    max_size_ = options.max_size;
    if (!options.versions.empty() && !contains(options.versions, "1.0.0"))
        return false;
    if (!checksum.empty() && offers("checksum") && contains(options.checksums, checksum))
        checksum_ = checksum;
    return true;
}

bool Server::offers(std::string_view extension) const
{
    return contains(extensions_, extension);
}

std::uint64_t Server::request_limit(std::uint64_t chunk_size, std::uint64_t align) const
{
    const std::uint64_t limit = shrunk() ? std::min(chunk_size, shrunk_to_) : chunk_size;
    return std::max(limit - limit % align, align);
}

bool Server::take_expect(bool has_body)
{
    expecting_ = expect_next_ && has_body;
    expect_next_ = false;
    return expecting_;
}

void Server::patch_unanswered(const NoAnswer &failure)
{
    if (expecting_ && failure.reached_server && failure.error.kind == ErrorKind::kTimeout)
        refuses_expect_ = true; // it may know nothing of it and wait for the body
    expect_next_ = failure.reached_server && !failure.reused_connection &&
                   failure.error.kind == ErrorKind::kNetwork && !refuses_expect_;
}

} // namespace gsttus
