// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which hosts are this machine: secrets may go there without TLS, and no proxy is asked.
// Asks no resolver.
#pragma once

#include <string_view>

namespace gsttus {

// localhost and what is below it, 127.0.0.0/8, ::1, and those addresses mapped into IPv6. `host` as
// a GUri has it: without brackets; a dot at its end changes nothing.
bool is_loopback_host(std::string_view host);

} // namespace gsttus
