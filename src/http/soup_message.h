// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From an HttpRequest to the message that libsoup sends: its headers, and how its body is framed.
// One of the soup_* files; knows no connection and no answer.
#pragma once

#include "base/result.h"
#include "glib/ptr.h"
#include "http/transport.h"

#include <libsoup/soup.h>

namespace gsttus {

// `body`: what the request's body is read from, request.body_length bytes or as long as it is open;
// nullptr: there is none.
// Fails (kSettings) when the address is not http(s) or a header can not be sent.
Result<GRef<SoupMessage>> make_soup_message(const HttpRequest &request, GInputStream *body);

} // namespace gsttus
