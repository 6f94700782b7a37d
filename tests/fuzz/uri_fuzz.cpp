// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Addresses as users, servers and APIs give them. What is accepted can be said again, leads
// to http(s) only, and is redacted without userinfo and query.
#include "base/redact.h"
#include "demand.h"
#include "gcore/api_address.h"
#include "gcore_settings.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <glib.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace gsttus;
    const std::string text(reinterpret_cast<const char *>(data), size);
    if (const Result<ApiAddress> address = parse_api_address(text)) {
        demand(g_ascii_strncasecmp(address->url.c_str(), "https://", 8) == 0 ||
               address->loopback_http);
        const std::size_t host = address->url.find("://") + 3;
        demand(address->url.substr(host, address->url.find('/', host) - host).find('@') ==
               std::string::npos);
        demand(address->url.find('?') == std::string::npos);
    } else {
        demand(!address.error().message.empty());
    }
    if (is_upload_hostname(text))
        demand(text.find_first_of("/@?#\\ \t\r\n%") == std::string::npos);
    if (text.find('\0') == std::string::npos) {
        const Result<GcoreSettings> settings = with_gcore_uri(GcoreSettings{}, text);
        if (settings) {
            const Result<GcoreSettings> again =
                with_gcore_uri(GcoreSettings{}, gcore_uri(*settings));
            demand(again.ok());
            demand(gcore_uri(*again) == gcore_uri(*settings));
        } else {
            demand(!settings.error().message.empty());
        }
    }
    const std::string redacted = redact_url(text);
    demand(redacted.find('#') == std::string::npos);
    demand(redacted.find('\n') == std::string::npos);
    return 0;
}
