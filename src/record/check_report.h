// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What gst-tus-check has found: a table for people, JSON lines for programs. Every text goes
// through printable().
#pragma once

#include <string>
#include <vector>

namespace gsttus {

struct Finding {
    std::string what;  // a short name without blanks
    std::string value; // what was seen
    bool good = true;  // FALSE: the sink can not do with that what is wanted
};

class CheckReport {
public:
    explicit CheckReport(bool json) : json_(json) {}

    // On a terminal at once, since the next may take a while.
    void add(Finding finding);
    // What the sinks will do.
    void conclude(const std::string &sentence);

    bool is_good() const { return good_; }

private:
    const bool json_;
    bool good_ = true;
};

} // namespace gsttus
