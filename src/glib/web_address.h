// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a user gives as the address of a server. Asks no resolver.
#pragma once

#include <string>

namespace gsttus {

struct WebAddress {
    // Why it is none, to be put behind its name; nullptr: it is absolute, http or https, and has a
    // host, and no blank or control character in it.
    const char *fault = nullptr;
    bool https = false;
    bool loopback = false;  // of the host: see is_loopback_host()
    bool has_login = false; // a user name or password
};

WebAddress parse_web_address(const std::string &url);

} // namespace gsttus
