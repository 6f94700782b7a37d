// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Texts that are held against files, and what differs, for people. Knows nothing of what the texts
// are about.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <glib.h>

namespace gsttus::test {

inline std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

// Lines that only `before` has with '-', that only `after` has with '+', and a few around them.
inline std::string difference(const std::string &before, const std::string &after)
{
    const std::vector<std::string> a = lines_of(before), b = lines_of(after);
    // common[i][j]: the most lines that the rests from i and j have in common
    std::vector<std::vector<unsigned>> common(a.size() + 1, std::vector<unsigned>(b.size() + 1));
    for (std::size_t i = a.size(); i-- > 0;)
        for (std::size_t j = b.size(); j-- > 0;)
            common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1
                                        : std::max(common[i + 1][j], common[i][j + 1]);
    std::vector<std::string> all;
    for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
        const bool both = i < a.size() && j < b.size() && a[i] == b[j];
        const bool first = i < a.size() && (j == b.size() || common[i + 1][j] >= common[i][j + 1]);
        if (both)
            all.push_back("  " + a[i]);
        else
            all.push_back(first ? "- " + a[i] : "+ " + b[j]);
        i += both || first ? 1 : 0;
        j += both || !first ? 1 : 0;
    }
    constexpr std::ptrdiff_t kAround = 6;
    std::string text;
    bool left_out = false;
    for (auto line = all.begin(); line != all.end(); ++line) {
        const auto from = line - std::min(kAround, line - all.begin());
        const auto to = line + std::min(kAround + 1, all.end() - line);
        if (std::all_of(from, to, [](const std::string &one) { return one.front() == ' '; })) {
            left_out = true;
            continue;
        }
        text += (left_out ? "  ...\n" : "") + *line + "\n";
        left_out = false;
    }
    return text;
}

// `path` holds exactly this text. With `rewrite` it does from now on.
inline void check_golden(const std::string &path, const std::string &text, bool rewrite)
{
    if (rewrite) {
        g_assert_true(
            g_file_set_contents(path.c_str(), text.c_str(), gssize(text.size()), nullptr));
        return;
    }
    char *content = nullptr;
    const bool there = g_file_get_contents(path.c_str(), &content, nullptr, nullptr);
    const std::string golden = there ? content : "";
    g_free(content);
    if (golden == text)
        return;
    g_printerr("%s (-) and what was sent (+) differ:\n%s", path.c_str(),
               difference(golden, text).c_str());
    g_test_fail_printf("not as in %s", path.c_str());
}

} // namespace gsttus::test
