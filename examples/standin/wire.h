// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One HTTP exchange on a SoupServer, with what a well-behaved server never does: reset the
// connection in the middle, answer before the request has ended. Knows nothing of tus.
// Belongs to the server's thread.
#pragma once

#include "event_loop.h"
#include "fault.h"
#include "glib/ptr.h"
#include "http_types.h"

#include <map>

#include <libsoup/soup.h>

namespace gsttus::standin {

const char *reason_phrase(int status);

Request read_request(SoupServerMessage *message, const std::string &own_host);

// The ordinary way: libsoup reads the rest of the request, then sends this.
void set_reply(SoupServerMessage *message, const Reply &reply);

// To be called when the reply's headers were written. libsoup forgets with the Content-Length of a
// 204 that its body has an end, and would close the connection without a word.
void keep_alive_after_204(SoupServerMessage *message);

// libsoup takes the end of a connection for the end of a body whose length it does not know.
bool broke_off_in_body(SoupServerMessage *message);

// The connection ends here, with a TCP reset. No signal of the message comes any more.
void reset_connection(SoupServerMessage *message);

// From now on a close of this socket is a reset.
void make_close_a_reset(GSocket *socket);

// Connections that were answered early, or are answered without an end. Those stay half open for a
// moment and what still comes in is thrown away, because a close at once would reset them and
// destroy the answer.
class LateReaders {
public:
    explicit LateReaders(EventLoop &loop) : loop_(loop) {}

    ~LateReaders();
    LateReaders(const LateReaders &) = delete;
    LateReaders &operator=(const LateReaders &) = delete;

    // Answers at once, though the request has not ended. No signal of the message comes any more.
    void answer_now(SoupServerMessage *message, const Reply &reply);

    // Answers without an end, until the client or close_all() ends it.
    void drip(SoupServerMessage *message, const Drip &drip);

    void close_all();

private:
    struct Connection {
        LateReaders *owner = nullptr;
        GRef<GIOStream> stream{};
        GRef<GSocket> socket{};
        GSource *readable = nullptr; // owned
        EventLoop::TimerId timer = 0;
        std::string piece{}; // of an answer without an end
        Duration pause{};
    };

    // nullptr: there is no connection to take.
    Connection *take(SoupServerMessage *message);
    void next_piece(GSocket *socket);

    static gboolean on_readable(GSocket *socket, GIOCondition condition, gpointer data);
    void close(GSocket *socket);

    EventLoop &loop_;
    std::map<GSocket *, Connection> connections_{};
};

} // namespace gsttus::standin
