// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A line a finding.
#include "record/check_report.h"

#include "glib/printable.h"
#include "recover/json_line.h"

#include <cstdio>

namespace gsttus {

void CheckReport::add(Finding finding)
{
    good_ = good_ && finding.good;
    if (json_) {
        JsonLine line("finding");
        line.add("what", finding.what).add("value", finding.value);
        line.add("result", finding.good ? "good" : "bad");
        std::fputs(line.text().c_str(), stdout);
    } else {
        std::printf("%-16s %s%s\n", finding.what.c_str(), finding.good ? "" : "! ",
                    printable(finding.value).c_str());
    }
    std::fflush(stdout);
}

void CheckReport::conclude(const std::string &sentence)
{
    if (json_)
        std::fputs(JsonLine("conclusion").add("value", sentence).text().c_str(), stdout);
    else
        std::printf("\n%s\n", printable(sentence).c_str());
}

} // namespace gsttus
