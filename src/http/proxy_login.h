// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A proxy's login in the requests that the proxy itself reads, and nowhere else: libsoup's own
// authentication is off, since it would also answer servers. One of the soup_* kind; runs in
// libsoup's signals, on the thread that sends.
#pragma once

#include "base/redact.h"
#include "glib/ptr.h"
#include "http/transport.h"

#include <string>

#include <libsoup/soup.h>

namespace gsttus {

// From now on: a CONNECT, and a request that an http proxy passes on, carry Proxy-Authorization
// (Basic) when the proxy's address has a login (see proxies.h). To any other message it is not
// added, and from any other it is taken away.
void send_proxy_login(SoupSession *session);

// Whether an http proxy reads this message and answers it: no tunnel leads through it.
bool is_read_by_proxy(SoupMessage *message);

// Takes the login out of what a proxy answered, which may quote what it was sent.
void hide_login(SoupMessage *message, HttpResponse &response);

} // namespace gsttus
