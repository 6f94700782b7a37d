// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// By what Unicode says of a character: what it does not know yet is not shown either.
#include "glib/printable.h"

#include <glib.h>

namespace gsttus {

namespace {

// Letters without a shape, which Unicode does not count as format characters.
bool is_blank_letter(gunichar character)
{
    return character == 0x034f || (character >= 0x115f && character <= 0x1160) ||
           (character >= 0x17b4 && character <= 0x17b5) || character == 0x3164 ||
           character == 0xffa0;
}

bool is_shown(gunichar character)
{
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return false;
    default:
        return !is_blank_letter(character);
    }
}

bool is_white(gunichar character)
{
    return character == '\t' || character == '\n' || character == '\r' || character == 0x85 ||
           g_unichar_isspace(character) != FALSE;
}

} // namespace

std::string printable(std::string_view text, std::size_t most)
{
    std::string out;
    out.reserve(text.size());
    std::size_t count = 0;
    for (const char *at = text.data(), *end = at + text.size(); at < end; ++count) {
        if (count == most)
            return out + "…";
        const gunichar character = g_utf8_get_char_validated(at, end - at);
        if (character >= 0x110000 || *at == '\0') { // -1, -2: malformed, cut off
            out += '?';
            ++at;
            continue;
        }
        const char *next = g_utf8_next_char(at);
        if (is_white(character))
            out += ' ';
        else if (is_shown(character))
            out.append(at, next);
        else
            out += '?';
        at = next;
    }
    return out;
}

} // namespace gsttus
