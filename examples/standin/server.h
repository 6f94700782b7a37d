// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The stand-in's server: SoupServer, the Gcore API, the tus server and the faults put together.
// Lives on the event loop's thread; what others may know goes through the Recorder.
#pragma once

#include "base/redact.h"
#include "event_loop.h"
#include "examiner.h"
#include "fault.h"
#include "gcore_api.h"
#include "habits.h"
#include "page.h"
#include "request_log.h"
#include "snapshot.h"
#include "standin.h"
#include "tus_server.h"
#include "wire.h"

#include <deque>

namespace gsttus::standin {

class Server {
public:
    Server(const StandinOptions &options, Habits habits, EventLoop &loop, Recorder &recorder,
           Examiner &examiner);
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    Result<void> start();

    std::string url() const;

    std::string page_url() const { return page_ ? page_->url() : std::string(); }

    void add_fault(Fault fault);
    void clear_faults();
    void go_away(bool reset);
    Result<void> come_back();

private:
    struct Exchange {
        std::uint64_t id = 0;
        SoupServerMessage *message = nullptr; // owned by libsoup while the exchange is active
        Request request{};
        Actions actions{};
        std::unique_ptr<BodySink> sink{};
        std::string body{}; // of an API request
        std::uint64_t received = 0;
        std::uint64_t since_pause = 0;
        bool replied = false;
        bool stalled = false;
        EventLoop::TimerId timer = 0;
    };

    using ExchangeRef = std::shared_ptr<Exchange>;

    // What libsoup calls.
    void on_headers(SoupServerMessage *message);
    void on_chunk(SoupServerMessage *message, GBytes *chunk);
    void on_body(SoupServerMessage *message);
    void on_written(SoupServerMessage *message);
    void on_finished(SoupServerMessage *message);

    void begin(Exchange &exchange);
    bool act_before(Exchange &exchange); // true: the exchange needs nothing more
    std::optional<Reply> fixed_reply(const Exchange &exchange) const;
    bool act_after_bytes(Exchange &exchange);
    void pace(Exchange &exchange, std::size_t size);
    void pause_for(Exchange &exchange, Duration time);
    void finish(Exchange &exchange, Reply reply);
    Reply faulty(const Exchange &exchange, Reply reply) const;
    void announce(const Exchange &exchange, const Reply &reply);
    void answer_early(Exchange &exchange, Reply reply);
    void answer_now(Exchange &exchange, const Reply &reply);
    Reply whole_reply(Exchange &exchange);
    void cut(Exchange &exchange);
    void drip(Exchange &exchange);
    void release(Exchange &exchange);
    void record_request(Exchange &exchange);
    void record_reply(const Exchange &exchange, const Reply &reply);

    // What concerns the page.
    Result<void> open_page();
    void log_request(const Exchange &exchange);
    std::string page_state_text();
    Result<void> switch_fault(const std::string &name, bool on);
    void switch_rate(bool on, std::uint64_t bytes_per_second);
    void note_trouble(std::string_view name, bool on);
    std::optional<Reply> link_reply(const Request &request) const;
    Reply stream_reply(const Request &request, const Video &video) const;
    std::optional<Recording> recording_of(const Video &video) const;

    // change(all, record): the record is nullptr when there were too many to keep.
    template <typename Change>
    void update_record(const Exchange &exchange, Change change)
    {
        recorder_.update([&](Snapshot &all) {
            const bool kept = exchange.id <= all.requests.size();
            change(all, kept ? &all.requests[exchange.id - 1] : nullptr);
        });
    }

    ExchangeRef find(SoupServerMessage *message) const;

    TusServer::Hooks tus_hooks();
    void interrupt(const void *writer);
    void upload_changed(const Upload &upload);
    void upload_finished(const Upload &upload);
    void examined(std::uint64_t video_id, const MediaInfo &media);
    void advance(std::uint64_t video_id);
    void video_changed(const Video &video);
    void see_connection(SoupServerMessage *message);
    void begin_connection_fault(const ConnectionFault &fault);

    const StandinOptions options_;
    EventLoop &loop_;
    Recorder &recorder_;
    Examiner &examiner_;
    GRef<SoupServer> soup_{};
    GRef<GSocketAddress> address_{};
    std::string authority_{}; // 127.0.0.1:PORT
    std::unique_ptr<GcoreApi> api_{};
    std::unique_ptr<TusServer> tus_{};
    LateReaders late_;
    FaultPlan plan_{};
    Habits habits_;
    ConnectionFault connection_{};
    std::vector<EventLoop::TimerId> windows_{};
    std::map<SoupServerMessage *, ExchangeRef> active_{};
    std::vector<GRef<GSocket>> sockets_{};
    Redactor secrets_{};
    RequestLog log_{[this](std::string_view text) { return secrets_(text); }};
    std::map<std::string, FaultPlan, std::less<>> switched_{}; // on by the page: name of the switch
    std::optional<std::uint64_t> rate_before_{};               // it was switched on a slow line
    std::deque<Trouble> troubles_{};
    std::unique_ptr<Page> page_{}; // or nullptr
    std::uint64_t last_id_ = 0;
    const std::shared_ptr<int> alive_ = std::make_shared<int>(0); // gone when the server is
};

} // namespace gsttus::standin
