// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an account or a tus server can do, found out by asking and by trying. Blocks; network and
// GStreamer.
#pragma once

#include "record/check_report.h"
#include "record/pipeline.h"

#include <string>

namespace gsttus {

struct CheckTask {
    std::string url;     // of a tus server; empty: Gcore
    std::string api_key; // secret
    std::string api_url;
    std::string authorization; // header's value for `url`; secret
    unsigned patience = 120;   // seconds for the trial
};

// TRUE: a recording can be uploaded while it is made.
bool check_gcore(const CheckTask &task, const IsInstalled &has, CheckReport &report);
bool check_tus_server(const CheckTask &task, const IsInstalled &has, CheckReport &report);

} // namespace gsttus
