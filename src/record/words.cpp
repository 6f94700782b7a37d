// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gst_parse_launchv() protects blanks only: what else a value holds is quoted here.
#include "record/words.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_./:%+@,-=";

bool is_plain(std::string_view text, std::string_view more = "")
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
        return kPlain.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
    });
}

std::string quoted(std::string_view value)
{
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\')
            out.push_back('\\');
        out.push_back(c);
    }
    return out + '"';
}

} // namespace

Words &Words::add(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0)
            words_.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return *this;
}

Words &Words::set(std::string_view name, std::string_view value)
{
    if (is_plain(value))
        words_.push_back(cat(name, '=', value));
    else if (value.starts_with('"')) // which GStreamer takes for one that is quoted already
        words_.push_back(cat(name, '=', quoted(quoted(value))));
    else
        words_.push_back(cat(name, '=', quoted(value)));
    return *this;
}

Words &Words::append(const Words &more)
{
    words_.insert(words_.end(), more.words_.begin(), more.words_.end());
    return *this;
}

std::string Words::command() const
{
    std::string out = "gst-launch-1.0 -e";
    for (const std::string &word : words_) {
        if (is_plain(word) || word == "!") {
            out.append(cat(' ', word));
            continue;
        }
        const GCharOwn quoted(g_shell_quote(word.c_str()));
        out.append(cat(' ', quoted.get()));
    }
    return out;
}

} // namespace gsttus
