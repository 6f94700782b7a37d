// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What must be in no text, and what of a target may be written to a disk. Upload thread, and
// whoever reads a journal.
#include "upload/target.h"

#include "base/text.h"
#include "tus/protocol.h"

#include <algorithm>

namespace gsttus {

void know_secrets_in(const HttpResponse &response, Redactor &redactor)
{
    for (const auto &[name, value] : response.headers) {
        if (g_ascii_strcasecmp(name.c_str(), "Set-Cookie") == 0)
            redactor.add_cookie(value);
        else if (g_ascii_strcasecmp(name.c_str(), "Location") == 0)
            redactor.add_url(value);
    }
}

std::string noted_url(std::string_view url)
{
    const std::string_view path = url.substr(0, url.find_first_of("?#"));
    const bool has_query = path.size() < url.size() && url[path.size()] == '?';
    std::string noted = cat(path, has_query ? "?" : "");
    const std::size_t scheme = noted.find("://");
    const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
    const std::size_t at = noted.rfind('@', std::min(noted.find('/', host), noted.size()));
    if (host > 0 && at != std::string::npos && at >= host)
        noted.erase(host, at + 1 - host);
    return noted;
}

bool lacks_query(std::string_view noted)
{
    return noted.ends_with('?');
}

void describe_metadata(const Metadata &metadata,
                       std::vector<std::pair<std::string, std::string>> &facts)
{
    for (const auto &[key, value] : metadata) {
        if (tus::names_secret(key))
            facts.emplace_back(cat(kWithheld, key), "");
        else
            facts.emplace_back(cat("metadata.", key), value);
    }
}

} // namespace gsttus
