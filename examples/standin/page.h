// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The page to watch, on a listener of its own, so that it goes on when the server is away: static
// files, what happens as server-sent events, the bytes of a recording for a player, and the
// switches of the faults. Lives on the event loop's thread. Knows neither tus nor Gcore.
#pragma once

#include "base/result.h"
#include "event_loop.h"
#include "glib/ptr.h"
#include "media.h"
#include "page_state.h"
#include "snapshot.h"

#include <map>
#include <memory>

#include <libsoup/soup.h>

namespace gsttus::standin {

struct PageHooks {
    std::function<std::string()> state; // JSON
    std::function<Result<void>(const std::string &name, bool on)> switch_fault;
};

class Page {
public:
    Page(EventLoop &loop, Recorder &recorder, const RequestLog &log, PageHooks hooks);
    ~Page();
    Page(const Page &) = delete;
    Page &operator=(const Page &) = delete;

    Result<void> listen(const std::string &address); // HOST:PORT

    const std::string &url() const { return url_; } // "http://127.0.0.1:PORT/"

    std::string player_url(std::uint64_t video_id) const;
    std::string media_url(std::uint64_t video_id) const;

private:
    struct Watcher {
        std::string state{};       // told last
        std::uint64_t version = 0; // of the log, told last
        unsigned unwritten = 0;    // pieces that the connection has not taken yet
        TimePoint told{};          // when anything was
    };

    using MediaReaderRef = std::shared_ptr<MediaReader>;

    void on_request(SoupServerMessage *message, const char *path);
    bool may_enter(SoupServerMessage *message) const; // else it is answered
    void on_finished(SoupServerMessage *message);

    void show_file(SoupServerMessage *message, const std::string &path);
    void switch_fault(SoupServerMessage *message);

    void watch(SoupServerMessage *message);
    void tell(SoupServerMessage *message, Watcher &watcher, const std::string &state);
    void tell_all();

    void show_media(SoupServerMessage *message, const std::string &name);
    void send_media(SoupServerMessage *message);

    EventLoop &loop_;
    Recorder &recorder_;
    const RequestLog &log_;
    const PageHooks hooks_;
    const std::string token_; // of this run: who has read the page may use its switches
    GRef<SoupServer> soup_{};
    std::string url_{};
    std::map<SoupServerMessage *, Watcher> watchers_{};
    std::map<SoupServerMessage *, MediaReaderRef> readers_{};
    EventLoop::TimerId timer_ = 0;
};

// HOST:PORT as --listen and --page take it.
Result<GRef<GSocketAddress>> parse_listen_address(const std::string &text);

// "127.0.0.1:PORT" of a server that listens there.
std::string authority_of(GSocketAddress *address);

} // namespace gsttus::standin
