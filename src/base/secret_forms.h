// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The ways in which a server may write a secret that it says back: in base64 or hexadecimal digits,
// with percent signs, as a JSON string or HTML text. Values in, values out; knows no secret.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

// One escaped character at the start of a text: "%2B", "\/", "\u00e9", "&amp;".
struct Escaped {
    std::array<char, 4> bytes{}; // what it stands for, UTF-8
    std::size_t size = 0;        // of that; 0: nothing is escaped here
    std::size_t length = 0;      // of the escape itself

    std::string_view meaning() const { return {bytes.data(), size}; }
};

Escaped read_escape(std::string_view text);

// What was escaped with percent signs more than once: "%252B".
Escaped read_nested_escape(std::string_view text);

// Everything that is escaped with percent signs, and "+" for a blank.
std::string percent_decoded(std::string_view text);

// In small letters.
std::string to_hex(std::string_view bytes);

// With padding or without, both alphabets; nullopt: it is none.
std::optional<std::string> from_base64(std::string_view text);

// What is the same in every base64 text that `secret` is a part of, wherever it begins in there.
// In both alphabets. Nothing for less than eight bytes, of which too little is left.
std::vector<std::string> base64_forms(std::string_view secret);

} // namespace gsttus
