// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A pipeline as the words of a gst-launch-1.0 command: what is run and what is shown are the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

class Words {
public:
    // What is written here: split at blanks.
    Words &add(std::string_view text);
    // NAME=VALUE, whatever is in the value.
    Words &set(std::string_view name, std::string_view value);
    Words &append(const Words &more);

    const std::vector<std::string> &list() const { return words_; }

    bool empty() const { return words_.empty(); }

    // For a shell to read.
    std::string command() const;

private:
    std::vector<std::string> words_;
};

} // namespace gsttus
