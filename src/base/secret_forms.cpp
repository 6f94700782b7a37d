// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders and decoders of a few lines each: GLib is not for base/.
#include "base/secret_forms.h"

#include <algorithm>
#include <cstdint>

namespace gsttus {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kShortestEncoded = 8;

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::uint32_t> hex_number(std::string_view text, std::size_t digits)
{
    if (text.size() < digits)
        return std::nullopt;
    std::uint32_t number = 0;
    for (const char c : text.substr(0, digits)) {
        const int value = hex_value(c);
        if (value < 0)
            return std::nullopt;
        number = number * 16 + static_cast<std::uint32_t>(value);
    }
    return number;
}

Escaped of_byte(char byte, std::size_t length)
{
    return {{byte}, 1, length};
}

Escaped of_character(std::uint32_t code, std::size_t length)
{
    Escaped out;
    out.length = length;
    const auto put = [&](std::uint32_t byte) { out.bytes[out.size++] = static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | ((code >> 18) & 7));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
    return out;
}

// "\"", "\/", "\u0041", and a pair of surrogates; JSON within JSON has more backslashes. "\x41" is
// how servers' logs write it.
Escaped read_backslash(std::string_view text)
{
    const std::size_t at = text.find_first_not_of('\\');
    if (at == std::string_view::npos)
        return of_byte('\\', text.size());
    if (const auto byte = text[at] == 'x' ? hex_number(text.substr(at + 1), 2) : std::nullopt)
        return of_byte(static_cast<char>(*byte), at + 3);
    const auto code = text[at] == 'u' ? hex_number(text.substr(at + 1), 4) : std::nullopt;
    if (!code)
        return of_byte(text[at], at + 1);
    const std::string_view rest = text.substr(at + 5);
    if (*code >= 0xd800 && *code < 0xdc00 && rest.starts_with("\\u")) {
        const auto low = hex_number(rest.substr(2), 4);
        if (low && *low >= 0xdc00 && *low < 0xe000)
            return of_character(0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00), at + 11);
    }
    return of_character(*code, at + 5);
}

// "&amp;", "&#39;", "&#x2F;"
Escaped read_entity(std::string_view text)
{
    struct Named {
        std::string_view text;
        char byte;
    };

    static constexpr std::array<Named, 5> kNamed{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    for (const Named &named : kNamed) {
        if (text.starts_with(named.text))
            return of_byte(named.byte, named.text.size());
    }
    const std::size_t end = text.substr(0, 10).find(';');
    if (!text.starts_with("&#") || end == std::string_view::npos || end < 3)
        return {};
    std::uint32_t code = 0;
    const bool hex = text[2] == 'x' || text[2] == 'X';
    for (const char c : text.substr(hex ? 3 : 2, end - (hex ? 3 : 2))) {
        const int value = hex_value(c);
        if (value < 0 || (!hex && value > 9))
            return {};
        code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(value);
    }
    return of_character(code, end + 1);
}

// `whole`: nothing follows.
std::string to_base64(std::string_view bytes, bool whole = false)
{
    std::string out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char byte : bytes) {
        held = (held << 8) | static_cast<unsigned char>(byte);
        for (bits += 8; bits >= 6; bits -= 6)
            out += kBase64[(held >> (bits - 6)) & 0x3f];
    }
    if (!whole || bits == 0)
        return out; // what is left over depends on what follows
    out += kBase64[(held << (6 - bits)) & 0x3f];
    return out.append((4 - out.size() % 4) % 4, '=');
}

std::string url_alphabet(std::string text)
{
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

} // namespace

Escaped read_escape(std::string_view text)
{
    if (text.size() < 2)
        return {};
    if (text[0] == '\\')
        return read_backslash(text);
    if (text[0] == '&')
        return read_entity(text);
    if (text[0] != '%')
        return {};
    const auto code = hex_number(text.substr(1), 2);
    return code ? of_byte(static_cast<char>(*code), 3) : Escaped{};
}

Escaped read_nested_escape(std::string_view text)
{
    std::size_t digits = 1;
    while (text.starts_with('%') && text.substr(digits).starts_with("25"))
        digits += 2;
    const auto code = digits > 1 ? hex_number(text.substr(digits), 2) : std::nullopt;
    return code ? of_byte(static_cast<char>(*code), digits + 2) : Escaped{};
}

std::string percent_decoded(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        const Escaped escaped = text[0] == '%' ? read_escape(text) : Escaped{};
        if (escaped.size > 0)
            out += escaped.meaning();
        else
            out += text[0] == '+' ? ' ' : text[0];
        text.remove_prefix(std::max<std::size_t>(escaped.length, 1));
    }
    return out;
}

std::string to_hex(std::string_view bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
        out += kDigits[static_cast<unsigned char>(byte) >> 4];
        out += kDigits[static_cast<unsigned char>(byte) & 15];
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text)
{
    std::string out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : text.substr(0, text.find_last_not_of('=') + 1)) {
        const std::size_t value = kBase64.find(c == '-' ? '+' : c == '_' ? '/' : c);
        if (value == std::string_view::npos)
            return std::nullopt;
        held = (held << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((held >> bits) & 0xff);
        }
    }
    return out;
}

std::vector<std::string> base64_forms(std::string_view secret)
{
    std::vector<std::string> forms;
    if (secret.size() >= kShortestEncoded) {
        forms.push_back(to_base64(secret, true));
        forms.push_back(url_alphabet(forms.back()));
    }
    for (std::size_t before = 0; before < 3 && secret.size() >= kShortestEncoded; ++before) {
        // the characters that also tell of what stands before are not the secret's
        const std::string all = to_base64(std::string(before, '\0').append(secret));
        std::string form = all.substr(before == 0 ? 0 : before + 1);
        std::string other = url_alphabet(form);
        if (other != form)
            forms.push_back(std::move(other));
        forms.push_back(std::move(form));
    }
    return forms;
}

} // namespace gsttus
