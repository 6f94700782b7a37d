// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Words and grammar of tus 1.0.0 (https://tus.io/protocols/resumable-upload). Strict, 64-bit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus::tus {

inline constexpr std::string_view kVersion = "1.0.0";
inline constexpr std::string_view kPatchContentType = "application/offset+octet-stream";

// Digits only, no sign, no blanks inside, at most 2^63-1 (Core Protocol: Upload-Offset and
// Upload-Length are non-negative integers). Blanks around are allowed (RFC 9110).
std::optional<std::uint64_t> parse_size(std::string_view text);

// Comma separated list, blanks trimmed, empty items dropped (Tus-Extension, Tus-Version, …).
std::vector<std::string> parse_list(std::string_view text);

// A metadata key: not empty, ASCII, without space and comma (Creation: Upload-Metadata).
bool is_metadata_key(std::string_view key);

// Metadata that is there to be shown: names and types ("filename", "filetype", "title", …). What a
// server makes of any other is not known: its value may be a secret.
bool is_public_metadata(std::string_view key);

// The key says so itself: "token", "api_key", "Password", …
bool names_secret(std::string_view key);

// A header name (RFC 9110 token) / a header value without control characters.
bool is_header_name(std::string_view name);
bool is_header_value(std::string_view value);

// Headers that the protocol owns: users can not set them.
bool is_reserved_header(std::string_view name);

} // namespace gsttus::tus
