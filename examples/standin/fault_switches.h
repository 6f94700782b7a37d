// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The faults that a click can switch on and off while the server runs: a name, a line of the
// grammar of fault.h, and what people read about it. Values only; the server carries them out.
#pragma once

#include <array>
#include <string_view>

namespace gsttus::standin {

struct FaultSwitch {
    std::string_view name;
    std::string_view line; // empty: the server goes away, and comes back when it is switched off
    std::string_view label;
    std::string_view about;
    bool needs_stored_bytes = false;
};

inline constexpr std::array<FaultSwitch, 7> kFaultSwitches = {{
    {"away", "", "Server away", "Nobody listens any more, and every connection is reset."},
    {"unavailable", "on ANY any: answer 503, Retry-After 1", "503 Service Unavailable",
     "The server answers every request with 503."},
    {"login", "on ANY any: answer 200 with HTML", "Login page in the server's place",
     "A page of a hotel or a proxy answers every request with 200 and HTML."},
    {"slow", "connection: 50 kB/s", "Slow line", "What is sent is read with 50 kB/s."},
    {"cuts", "on PATCH any: cut after 100000 bytes", "Connections break",
     "Each PATCH is cut after 100 kB."},
    {"lost-answers", "on PATCH every 3: store, then drop the answer", "Answers get lost",
     "Each third PATCH is stored, but its answer does not come."},
    {"rollback", "on PATCH every 5: rollback 300000 bytes", "Server forgets bytes",
     "With each fifth PATCH the server has lost 300 kB that it had confirmed.", true},
}};

} // namespace gsttus::standin
