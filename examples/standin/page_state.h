// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the page is told, as JSON, without what is secret: every text of a client goes through the
// mask. Values in, text out.
#pragma once

#include "recordings.h"
#include "request_log.h"

#include <functional>
#include <string>
#include <vector>

namespace gsttus::standin {

// A time in which something was switched on, or the server was away.
struct Trouble {
    std::string name; // of the switch
    std::int64_t since_us = 0;
    std::int64_t until_us = 0; // 0: it is still so
};

// All but the requests, and the time of now.
struct PageState {
    std::vector<Recording> recordings{};
    std::map<std::string, std::uint64_t> faults_hit{};
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    bool away = false;
};

PageState page_state(const Snapshot &snapshot); // of the newest kMostRecordings

inline constexpr std::size_t kMostRecordings = 100;

using Mask = std::function<std::string(std::string_view)>;

// {"away": …, "recordings": […], "switches": […], "troubles": […]}
std::string state_json(const PageState &state, const std::vector<std::string> &on,
                       const std::vector<Trouble> &troubles, bool stores, const Mask &mask);

std::string requests_json(const std::vector<const RequestRow *> &rows);

} // namespace gsttus::standin
