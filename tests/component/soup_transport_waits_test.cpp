// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Every wait ends: by its time-out, or at once when it is cancelled.
#include "soup_transport_fixture.h"

#include <functional>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Runs `action` when the server has noted `count` things, on another thread.
class When {
public:
    When(const RawServer &server, std::size_t count, std::function<void()> action)
        : thread_([&server, count, action] {
              server.wait_notes(count);
              action();
          })
    {
    }

    ~When() { thread_.join(); }

private:
    std::thread thread_;
};

void silent_server_times_out()
{
    RawServer server({[](RawConnection &peer) { peer.hold(); }});
    Fixture f;
    f.request.timeout = seconds(1);
    const HttpOutcome outcome = f.get(server.url());
    const HttpFailure &failure = failed(outcome, ErrorKind::kTimeout, Reach::kMaybe);
    g_assert_true(failure.error.retryable);
    g_assert_true(contains(failure.error.message, cat("http://127.0.0.1:", server.port())));
}

void silent_server_times_out_on_a_kept_alive_connection()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_request();
        peer.answer("200 OK");
        peer.hold();
    }});
    Fixture f;
    f.request.timeout = seconds(60);
    answered(f.get(server.url()));
    f.request.timeout = seconds(1); // changed between two requests on one connection
    const HttpOutcome outcome = f.get(server.url());
    g_assert_false(failed(outcome, ErrorKind::kTimeout, Reach::kMaybe).reused_connection);
    g_assert_cmpuint(server.connections(), ==, 1);
}

void port_that_takes_no_connection_times_out()
{
    const FullPort port;
    Fixture f;
    f.request.connect_timeout = seconds(1);
    f.request.timeout = seconds(600);
    failed(f.get(port.url()), ErrorKind::kTimeout, Reach::kNotConnected);
}

void server_that_stops_reading_times_out()
{
    for (const bool tls : {false, true}) {
        RawServer server({[](RawConnection &peer) {
                             peer.read_head();
                             peer.hold();
                         }},
                         {.tls = tls});
        Fixture f;
        f.use({.ssl_strict = false});
        f.request.timeout = seconds(1);
        PatternBody body(kHuge);
        failed(f.patch(server.url(), body, kHuge), ErrorKind::kTimeout, Reach::kMaybe);
    }
}

void silent_tls_handshake_times_out()
{
    RawServer server({[](RawConnection &peer) { peer.hold(); }});
    Fixture f;
    f.request.connect_timeout = seconds(1);
    f.request.timeout = seconds(600);
    failed(f.get(cat("https://127.0.0.1:", server.port(), "/")), ErrorKind::kTimeout,
           Reach::kNotConnected);
}

void answer_body_that_stalls_times_out()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer.hold();
    }});
    Fixture f;
    f.request.timeout = seconds(1);
    failed(f.get(server.url()), ErrorKind::kTimeout, Reach::kMaybe);
}

struct DripRow {
    const char *name;
    const char *method;
    const char *begin, *piece; // of an answer without end
};

constexpr const char *kHead = "HTTP/1.1 204 No Content\r\nX: ";

const std::vector<DripRow> kDrips = {
    {"headers-patch", "PATCH", kHead, "a"},
    {"headers-post", "POST", kHead, "a"},
    {"headers-head", "HEAD", kHead, "a"},
    {"headers-get", "GET", kHead, "a"},
    {"headers-options", "OPTIONS", kHead, "a"},
    {"headers-delete", "DELETE", kHead, "a"},
    {"header-lines", "PATCH", "HTTP/1.1 204 No Content\r\n", "X: a\r\n"},
    {"status-line", "PATCH", "HTTP/1.1 204 ", "a"},
    {"100", "PATCH", "", "HTTP/1.1 100 Continue\r\n\r\n"},
    {"102", "PATCH", "", "HTTP/1.1 102 Processing\r\n\r\n"},
    {"103", "HEAD", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"},
    {"body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "a"},
    {"chunks", "PATCH", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"},
    {"until-close", "POST", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "a"},
};

// Every byte is news to a socket, but not to who waits for an answer.
void answer_without_end_times_out(const DripRow &row)
{
    for (const bool tls : {false, true}) {
        RawServer server({[&row](RawConnection &peer) {
                             peer.read_request();
                             peer.answer("200 OK");
                             peer.read_request();
                             peer.write(row.begin);
                             peer.drip(row.piece);
                         }},
                         {.tls = tls});
        Fixture f;
        f.use({.ssl_strict = false});
        f.request.timeout = f.request.connect_timeout = seconds(600);
        answered(f.get(server.url())); // the next one goes over the same connection
        f.request.timeout = milliseconds(300);
        f.request.method = row.method;
        PatternBody body(kHuge);
        if (g_str_equal(row.method, "PATCH")) {
            f.request.body = &body;
            f.request.body_length = 100000;
        }
        failed(f.http->send(f.request, nullptr), ErrorKind::kTimeout, Reach::kMaybe);
    }
}

// What was refused is known, however long the text about it is.
void refusal_whose_text_does_not_end_is_an_answer()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_request();
        peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n");
        peer.drip("a");
    }});
    Fixture f;
    f.request.timeout = milliseconds(300);
    g_assert_cmpint(answered(f.get(server.url())).status, ==, 403);
}

struct ConnectRow {
    const char *name;
    const char *begin; // of what comes back, then "a" without end
    bool proxy = false;
};

const std::vector<ConnectRow> kConnects = {
    {"tls-handshake", "\x16\x03\x03\x40"}, // a record of 16 KiB
    {"proxy", "HTTP/1.1 200 OK\r\nX: ", true},
};

void connecting_without_end_times_out(const ConnectRow &row)
{
    RawServer server({[&row](RawConnection &peer) {
        peer.write(row.begin);
        peer.drip("a");
    }});
    Fixture f;
    f.use({.proxy = row.proxy ? server.url() : std::string()});
    f.request.timeout = seconds(600);
    f.request.connect_timeout = milliseconds(1500);
    const std::string url = row.proxy ? std::string("https://server.example/") // never loopback
                                      : cat("https://127.0.0.1:", server.port(), "/");
    failed(f.get(url), ErrorKind::kTimeout, Reach::kNotConnected);
}

// A body may take as long as it likes while the server takes some of it now and then.
void slow_body_is_no_wait()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_head();
        constexpr std::size_t kPieces = 30;
        for (std::size_t i = 0; i < kPieces; ++i) {
            peer.read_bytes(kHuge / 8 / kPieces);
            g_usleep(50000);
        }
        peer.read_bytes(kHuge / 8 % kPieces);
        peer.answer("204 No Content");
        peer.wait_close();
    }});
    Fixture f;
    f.request.timeout = seconds(1);
    PatternBody body(kHuge / 8);
    g_assert_cmpint(answered(f.patch(server.url(), body, kHuge / 8)).status, ==, 204);
}

void cancel_ends_a_wait_for_an_answer()
{
    RawServer *seen = nullptr;
    RawServer server({[&seen](RawConnection &peer) {
        peer.read_head();
        seen->note("request is here");
        peer.hold();
    }});
    seen = &server;
    for (const std::uint64_t size : {std::uint64_t{0}, kHuge}) {
        Fixture f;
        f.request.timeout = seconds(600);
        const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
        const When when(server, server.notes().size() + 1,
                        [&] { g_cancellable_cancel(cancel.get()); });
        PatternBody body(size);
        failed(f.patch(server.url(), body, size, cancel.get()), ErrorKind::kCancelled,
               Reach::kMaybe);
    }
}

// What was pulled tells how far a request has come: what waits in the sockets is little.
void body_is_pulled_no_faster_than_it_is_sent()
{
    class CountingBody final : public BodySource {
    public:
        Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
        {
            pulled = offset + out.size();
            return out.size();
        }

        std::uint64_t pulled = 0;
    };

    RawServer server({[](RawConnection &peer) {
        peer.read_head();
        peer.hold();
    }});
    Fixture f;
    f.request.timeout = milliseconds(1000);
    CountingBody body;
    failed(f.patch(server.url(), body, kHuge), ErrorKind::kTimeout, Reach::kMaybe);
    g_test_message("%" G_GUINT64_FORMAT " bytes", body.pulled);
    g_assert_cmpuint(body.pulled, <, 2 << 20);
}

void cancel_ends_sending_through_tls_to_a_peer_that_does_not_read()
{
    RawServer *seen = nullptr;
    RawServer server({[&seen](RawConnection &peer) {
                         peer.read_head();
                         seen->note("request is here");
                         peer.hold();
                     }},
                     {.tls = true});
    seen = &server;
    Fixture f;
    f.use({.ssl_strict = false});
    f.request.timeout = seconds(600);
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    const When when(server, 1, [&] { g_cancellable_cancel(cancel.get()); });
    PatternBody body(kHuge);
    failed(f.patch(server.url(), body, kHuge, cancel.get()), ErrorKind::kCancelled, Reach::kMaybe);
}

void cancel_ends_connecting()
{
    const FullPort port;
    Fixture f;
    f.request.method = "GET";
    f.request.url = port.url();
    f.request.connect_timeout = seconds(600);
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    std::thread thread([&] { g_cancellable_cancel(cancel.get()); });
    failed(f.http->send(f.request, cancel.get()), ErrorKind::kCancelled, Reach::kNotConnected);
    thread.join();
}

void cancelled_before_is_cancelled()
{
    Server server;
    Fixture f;
    f.request.method = "GET";
    f.request.url = server.url();
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    g_cancellable_cancel(cancel.get());
    failed(f.http->send(f.request, cancel.get()), ErrorKind::kCancelled, Reach::kNotConnected);
    g_assert_cmpint(answered(f.get(server.url())).status, ==, 204);
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/transport/timeout/no-answer", silent_server_times_out);
    add_test("/transport/timeout/kept-alive", silent_server_times_out_on_a_kept_alive_connection);
    add_test("/transport/timeout/no-connection", port_that_takes_no_connection_times_out);
    add_test("/transport/timeout/stops-reading", server_that_stops_reading_times_out);
    add_test("/transport/body/pulled-as-sent", body_is_pulled_no_faster_than_it_is_sent);
    add_test("/transport/timeout/tls-handshake", silent_tls_handshake_times_out);
    add_test("/transport/timeout/answer-body", answer_body_that_stalls_times_out);
    for (const DripRow &row : kDrips)
        add_row_test(std::string("/transport/timeout/drips/") + row.name, row,
                     answer_without_end_times_out);
    add_test("/transport/timeout/drips/refusal", refusal_whose_text_does_not_end_is_an_answer);
    for (const ConnectRow &row : kConnects)
        add_row_test(std::string("/transport/timeout/drips/") + row.name, row,
                     connecting_without_end_times_out);
    add_test("/transport/timeout/slow-body", slow_body_is_no_wait);
    add_test("/transport/cancel/waiting", cancel_ends_a_wait_for_an_answer);
    add_test("/transport/cancel/sending-tls",
             cancel_ends_sending_through_tls_to_a_peer_that_does_not_read);
    add_test("/transport/cancel/connecting", cancel_ends_connecting);
    add_test("/transport/cancel/before", cancelled_before_is_cancelled);
    return g_test_run();
}
