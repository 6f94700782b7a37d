// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Property values as plain data, and the checks that turn them into what the library takes.
// Knows nothing of elements or states: the element guards its Settings with its mutex and passes
// copies. Everything a user can get wrong is told by a kSettings error that names the property.
#pragma once

#include "base/result.h"
#include "http/soup_transport.h"
#include "structures.h"
#include "upload/live_upload.h"

#include <string>

namespace gsttus {

// The properties of both elements, see docs and gst-inspect-1.0.
struct Settings {
    Settings();

    std::string location;
    bool location_as_path = false;
    std::string endpoint;
    StructureRef metadata;
    StructureRef extra_headers;
    UploadConfig upload; // runtime.extra_headers stays empty here: see make_runtime_config()
    HttpConfig http;
};

const char *default_user_agent();

// A user's address: absolute http or https, with a host, without user name and password.
struct Address {
    bool https = false;
    bool loopback = false;

    // Whether a secret may travel there.
    bool keeps_secrets() const { return https || loopback; }
};

Result<Address> check_address(const char *property, const std::string &url);

// What the recording is called: of the path in `location` the last element, unless
// location-as-path; else the metadata's filename. Empty: it has no name.
std::string recording_name(const Settings &settings);
// The same of `location` alone.
std::string name_in_location(const Settings &settings);

Result<UploadConfig> make_upload_config(const Settings &settings);
Result<RuntimeConfig> make_runtime_config(const Settings &settings);
Result<Metadata> make_metadata(const Settings &settings); // the user's pairs, without filename

} // namespace gsttus
