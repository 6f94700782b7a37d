// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the user lets out to servers, each to the host that it is named for: options, environment,
// and the credentials that systemd gives to a service. No text here holds a value.
#pragma once

#include "base/result.h"
#include "upload/host_header.h"

#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

// "HOST=VALUE", "HOST:PORT=VALUE". Error: how it is written.
Result<HostHeader> parse_authorization(std::string_view text);

// "HOST=NAME: VALUE".
Result<HostHeader> parse_header(std::string_view text);

// Lines of HOST=VALUE; empty ones are skipped. `source` is what an Error names.
Result<std::vector<HostHeader>> parse_authorizations(std::string_view lines, const char *source);

// The file of that name in $CREDENTIALS_DIRECTORY, without one line end; empty: there is none.
// Error: it is there and cannot be used.
Result<std::string> service_credential(const char *name);

// The variable, or where it is not set or empty the service's credential.
Result<std::string> secret_from_outside(const char *variable, const char *credential);

} // namespace gsttus
