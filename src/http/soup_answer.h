// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The answer to one request: its head, its body, and whether that came to its end.
// One of the soup_* files; blocks on the thread that sends, knows no connection.
#pragma once

#include "http/transport.h"

#include <libsoup/soup.h>

namespace gsttus {

// When the headers have come, before libsoup looks at how the body is framed.
void mend_framing(SoupMessage *message, const HttpRequest &request);

HttpResponse answer_head(SoupMessage *message);

// Appends to `body`. TRUE: read to its end. FALSE without an error: longer than anybody wants.
bool read_answer(GInputStream *answer, const HttpRequest &request, GCancellable *cancel,
                 std::string &body, GError **error);

// No answer is asked to be compressed, and some are all the same: the body becomes what was meant,
// as far as it can be read and no more than `most` bytes; empty when it is in an encoding not known
// here.
void decode_body(HttpResponse &response, std::size_t most);

// FALSE: the body is shorter than its Content-Length.
bool answer_is_whole(SoupMessage *message, const HttpRequest &request,
                     const HttpResponse &response);

} // namespace gsttus
