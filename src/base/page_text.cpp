// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A page is not parsed: tags are left out, and of some tags all that is between them.
#include "base/page_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace gsttus {

namespace {

bool is_blank(char c)
{
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    for (char &c : lower)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lower;
}

// Where the next of them begins, and the end of the text when none does.
std::size_t find(std::string_view in, std::string_view what, std::size_t from)
{
    return std::min(in.find(what, from), in.size());
}

// "<script" but not "<scripted".
bool is_tag(std::string_view lower, std::size_t at, std::string_view name)
{
    if (at >= lower.size() || lower.substr(at + 1, name.size()) != name)
        return false;
    const std::size_t end = at + 1 + name.size();
    return end >= lower.size() || std::isalnum(static_cast<unsigned char>(lower[end])) == 0;
}

// Behind what begins with the '<' at `at` and is not shown.
std::size_t behind(std::string_view lower, std::size_t at)
{
    if (lower.substr(at, 4) == "<!--")
        return std::min(find(lower, "-->", at + 4) + 3, lower.size());
    for (const std::string_view name : {"script", "style", "svg", "template", "noscript"}) {
        if (is_tag(lower, at, name)) {
            at = find(lower, std::string("</").append(name), at);
            break; // it may be the end
        }
    }
    return std::min(find(lower, ">", at) + 1, lower.size());
}

struct Entity {
    std::string_view name;
    char is;
};

constexpr std::array<Entity, 7> kEntities{{{"amp;", '&'},
                                           {"lt;", '<'},
                                           {"gt;", '>'},
                                           {"quot;", '"'},
                                           {"apos;", '\''},
                                           {"#39;", '\''},
                                           {"nbsp;", ' '}}};

// Adds one character of text, blanks once, and returns how many characters it was.
std::size_t add(std::string &line, std::string_view text)
{
    char c = text.front();
    std::size_t size = 1;
    for (const Entity &entity : kEntities) {
        if (c == '&' && size == 1 && text.substr(1, entity.name.size()) == entity.name) {
            c = entity.is;
            size = 1 + entity.name.size();
        }
    }
    if (!is_blank(c))
        line += c;
    else if (!line.empty() && line.back() != ' ')
        line += ' ';
    return size;
}

std::string visible(std::string_view page)
{
    const std::string lower = lower_case(page);
    std::string line;
    std::size_t at = 0;
    while (at < page.size()) {
        const bool tag = page[at] == '<' && at + 1 < page.size() && !is_blank(page[at + 1]);
        if (tag) {
            at = behind(lower, at);
            add(line, " ");
        } else {
            at += add(line, page.substr(at));
        }
    }
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    return line;
}

// The page's title, and all but it.
std::pair<std::string, std::string> split(std::string_view page)
{
    const std::string lower = lower_case(page);
    const std::size_t begin = find(lower, "<title", 0);
    const std::size_t end = find(lower, "</title", begin);
    std::string rest(page.substr(0, begin));
    rest += page.substr(end);
    return {visible(page.substr(begin, end - begin)), visible(rest)};
}

} // namespace

bool looks_like_page(std::string_view text)
{
    std::size_t at = 0;
    if (text.starts_with("\xef\xbb\xbf")) // a byte order mark
        at = 3;
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at < text.size() && text[at] == '<';
}

std::string page_text(std::string_view page)
{
    auto [title, text] = split(page);
    if (title.empty() || text.starts_with(title))
        return text;
    return text.empty() ? title : title.append(" ").append(text);
}

} // namespace gsttus
