// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is common to all transports: bodies that are copied, and finding a header in an answer.
#include "http/transport.h"

#include <algorithm>

namespace gsttus {

Result<std::span<const std::byte>> BodySource::view(std::uint64_t offset, std::size_t most)
{
    if (buffer_.size() < most)
        buffer_.resize(most);
    const Result<std::size_t> got = read(offset, std::span(buffer_).first(most));
    if (!got)
        return got.error();
    return std::span<const std::byte>(buffer_).first(std::min(*got, most));
}

const std::string *HttpResponse::header(std::string_view name) const
{
    for (const Header &header : headers) {
        if (header.first.size() == name.size() &&
            g_ascii_strncasecmp(header.first.data(), name.data(), name.size()) == 0)
            return &header.second;
    }
    return nullptr;
}

} // namespace gsttus
