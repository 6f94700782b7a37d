// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict readers of what stands in tus headers; anything else is "not there".
#include "tus/protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace gsttus::tus {

namespace {

std::string_view trim(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_no_case(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

constexpr std::array<std::string_view, 24> kReserved = {
    "Tus-Resumable",
    "Tus-Version",
    "Tus-Extension",
    "Tus-Max-Size",
    "Upload-Offset",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Defer-Length",
    "Upload-Checksum",
    "Upload-Concat",
    "Upload-Expires",
    "X-HTTP-Method-Override",
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "Transfer-Encoding",
    "Host",
    "Connection",
    "Expect",
    "Upgrade",
    "Trailer",
    "TE",
    "Keep-Alive",
    "Tus-Checksum-Algorithm",
};

constexpr std::array<std::string_view, 14> kPublicMetadata = {
    "filename",     "name",         "title",     "type",        "filetype",
    "mimetype",     "mime_type",    "mime-type", "contenttype", "content_type",
    "content-type", "relativepath", "video_id",  "client_id",
};

// As a part of the key, and as all of it.
constexpr std::array<std::string_view, 13> kSecretParts = {
    "token",  "secret",  "password", "passwd",    "passphrase", "authorization", "authentication",
    "apikey", "api_key", "api-key",  "signature", "credential", "jwt",
};
constexpr std::array<std::string_view, 12> kSecretKeys = {
    "auth",    "key",       "pass",       "pwd",    "pw",        "sig",
    "session", "sessionid", "session_id", "cookie", "accesskey", "access_key",
};

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    text = trim(text);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() ||
        value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return std::nullopt;
    return value;
}

std::vector<std::string> parse_list(std::string_view text)
{
    std::vector<std::string> items;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        if (const std::string_view item = trim(text.substr(0, comma)); !item.empty())
            items.emplace_back(item);
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return items;
}

bool is_metadata_key(std::string_view key)
{
    return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
        return c > 0x20 && c < 0x7f && c != ',';
    });
}

bool is_public_metadata(std::string_view key)
{
    return std::any_of(kPublicMetadata.begin(), kPublicMetadata.end(),
                       [&](std::string_view known) { return same_no_case(key, known); });
}

bool names_secret(std::string_view key)
{
    std::string small(key);
    std::transform(small.begin(), small.end(), small.begin(), lower);
    return std::any_of(kSecretParts.begin(), kSecretParts.end(),
                       [&](std::string_view part) { return small.find(part) != small.npos; }) ||
           std::find(kSecretKeys.begin(), kSecretKeys.end(), small) != kSecretKeys.end();
}

bool is_header_name(std::string_view name)
{
    constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
               kSymbols.find(c) != std::string_view::npos;
    });
}

bool is_header_value(std::string_view value)
{
    return std::all_of(value.begin(), value.end(),
                       [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

bool is_reserved_header(std::string_view name)
{
    return std::any_of(kReserved.begin(), kReserved.end(),
                       [&](std::string_view reserved) { return same_no_case(name, reserved); });
}

} // namespace gsttus::tus
