// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The certificate that this client shows when a server asks for one, from PEM files.
// Knows no libsoup.
#pragma once

#include "base/result.h"
#include "glib/ptr.h"

#include <string>

namespace gsttus {

// Answers GIO's question for a client certificate. `key_file` empty: the key is in `cert_file`.
// Fails (kSettings), naming the property, when a file can not be read or is not what it should be,
// or when the key belongs to another certificate. Blocks for some milliseconds.
Result<GRef<GTlsInteraction>> make_certificate_interaction(const std::string &cert_file,
                                                           const std::string &key_file);

} // namespace gsttus
