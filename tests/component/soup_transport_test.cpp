// The transport against a server that follows a script: what goes over the wire, what comes back,
// and that every wait ends.
#include "base/text.h"
#include "http/soup_transport.h"
#include "raw_server.h"
#include "test.h"
#include "test_certificate.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include <gio/gnetworking.h>
#include <glib/gstdio.h>

using namespace gsttus;
using namespace gsttus::test;
using Reach = HttpFailure::Reach;

namespace {

constexpr std::uint64_t kHuge = std::uint64_t{64} << 20; // more than sockets buffer

// A body of a repeating pattern, never kept in memory.
class PatternBody final : public BodySource {
public:
    explicit PatternBody(std::uint64_t size) : size_(size) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        const auto n =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
        for (std::size_t i = 0; i < n; ++i)
            out[i] = std::byte(static_cast<unsigned char>(at(offset + i)));
        return n;
    }

    static char at(std::uint64_t i) { return static_cast<char>('a' + i % 23); }

    std::string all() const
    {
        std::string text(static_cast<std::size_t>(size_), ' ');
        for (std::size_t i = 0; i < text.size(); ++i)
            text[i] = at(i);
        return text;
    }

private:
    std::uint64_t size_;
};

class FailingBody final : public BodySource {
public:
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (offset > 0)
            return Error{ErrorKind::kDisk, "the spool is gone", "EIO", 0, false, offset};
        return out.size() / 2;
    }
};

struct Fixture {
    std::unique_ptr<Transport> http;
    HttpRequest request;

    Fixture() { use({}); }

    void use(const HttpConfig &config)
    {
        auto made = make_soup_transport(config);
        g_assert_true(made.ok());
        http = std::move(*made);
    }

    HttpOutcome get(const std::string &url)
    {
        request.method = "GET";
        request.url = url;
        return http->send(request, nullptr);
    }

    HttpOutcome patch(const std::string &url, BodySource &body, std::uint64_t length,
                      GCancellable *cancel = nullptr)
    {
        request.method = "PATCH";
        request.url = url;
        request.content_type = "application/offset+octet-stream";
        request.body = &body;
        request.body_length = length;
        return http->send(request, cancel);
    }
};

const HttpResponse &answered(const HttpOutcome &outcome)
{
    if (const HttpFailure *failure = outcome.failure())
        g_test_message("failed: %s [%s]", failure->error.message.c_str(),
                       failure->error.detail.c_str());
    g_assert_nonnull(outcome.response());
    return *outcome.response();
}

const HttpFailure &failed(const HttpOutcome &outcome, ErrorKind kind, Reach reach)
{
    g_assert_nonnull(outcome.failure());
    const HttpFailure &failure = *outcome.failure();
    g_test_message("%s: %s [%s]", to_string(failure.error.kind), failure.error.message.c_str(),
                   failure.error.detail.c_str());
    g_assert_cmpint(int(failure.error.kind), ==, int(kind));
    g_assert_cmpint(int(failure.reach), ==, int(reach));
    g_assert_false(failure.error.message.empty());
    return failure;
}

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

// A request a line, answered 204 as long as they come; each request noted.
RawServer::Script answer_all(RawServer *&server)
{
    return [&server](RawConnection &peer) {
        for (std::string request = peer.read_request(); !request.empty();
             request = peer.read_request()) {
            server->note(request);
            peer.write("HTTP/1.1 204 No Content\r\n\r\n");
        }
    };
}

struct Server : RawServer {
    Server() : Server(Options{}) {}

    explicit Server(Options options) : RawServer({answer_all(self)}, options), self(this) {}

    RawServer *self = nullptr;
};

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

// What goes over the wire ---------------------------------------------------------------------

void request_is_framed_by_length()
{
    Server server;
    Fixture f;
    f.use({.user_agent = "gst-tus/test"});
    f.request.headers = {
        {"Upload-Offset", "7"}, {"content-length", "9"}, {"Transfer-Encoding", "chunked"}};
    PatternBody body(300000);
    g_assert_cmpint(answered(f.patch(server.url("/files/a+b;c=d"), body, 300000)).status, ==, 204);
    const std::string sent = server.notes().front();
    const std::size_t end = sent.find("\r\n\r\n") + 4;
    const std::string head = sent.substr(0, end);
    g_assert_true(contains(head, "PATCH /files/a+b;c=d HTTP/1.1\r\n"));
    g_assert_true(contains(head, "Content-Length: 300000\r\n"));
    g_assert_true(contains(head, "Content-Type: application/offset+octet-stream\r\n"));
    g_assert_true(contains(head, "Upload-Offset: 7\r\n"));
    g_assert_true(contains(head, "User-Agent: gst-tus/test\r\n"));
    for (const char *never :
         {"Transfer-Encoding", "Expect", "Accept-Encoding", "Cookie", "content-length"})
        g_assert_false(contains(head, never));
    g_assert_true(sent.substr(end) == body.all());
}

struct EmptyRow {
    const char *method;
    bool has_length;
};

constexpr EmptyRow kEmpty[] = {{"POST", true},  {"PATCH", true},   {"GET", false},
                               {"HEAD", false}, {"DELETE", false}, {"OPTIONS", false}};

void empty_request(const EmptyRow &row)
{
    Server server;
    Fixture f;
    f.request.method = row.method;
    f.request.url = server.url("/x");
    answered(f.http->send(f.request, nullptr));
    const std::string sent = server.notes().front();
    g_assert_true(contains(sent, cat(row.method, " /x HTTP/1.1\r\n")));
    g_assert_cmpint(contains(sent, "Content-Length: 0\r\n"), ==, row.has_length);
    g_assert_cmpint(contains(sent, "Content-Length"), ==, row.has_length);
}

void patches_share_a_connection()
{
    Server server;
    Fixture f;
    PatternBody body(100000);
    for (int i = 0; i < 3; ++i)
        answered(f.patch(server.url(), body, 100000));
    g_assert_cmpuint(server.notes().size(), ==, 3);
    g_assert_cmpuint(server.connections(), ==, 1);
}

void unsendable_requests_are_refused()
{
    Fixture f;
    failed(f.get("ftp://host/"), ErrorKind::kSettings, Reach::kNotConnected);
    failed(f.get("nonsense"), ErrorKind::kSettings, Reach::kNotConnected);
    failed(f.get("http:///path"), ErrorKind::kSettings, Reach::kNotConnected);
    for (const Header &bad : Headers{{"", "x"},
                                     {"a b", "x"},
                                     {"a:b", "x"},
                                     {"a", "x\r\nb: y"},
                                     {"a", std::string("x\0y", 3)}}) {
        f.request.headers = {bad};
        failed(f.get("http://127.0.0.1:1/"), ErrorKind::kSettings, Reach::kNotConnected);
    }
}

void body_source_error_is_the_failure()
{
    Server server;
    Fixture f;
    FailingBody body;
    const HttpOutcome outcome = f.patch(server.url(), body, 1000000);
    const HttpFailure &failure = failed(outcome, ErrorKind::kDisk, Reach::kMaybe);
    ASSERT_STR(failure.error.message, "the spool is gone");
    g_assert_cmpuint(*failure.error.offset, ==, 65536);
}

void body_source_that_ends_early_is_a_failure()
{
    Server server;
    Fixture f;
    PatternBody body(1000);
    const HttpOutcome outcome = f.patch(server.url(), body, 2000);
    failed(outcome, ErrorKind::kInternal, Reach::kMaybe);
    // the next request does not run into what is missing of this one
    PatternBody whole(10);
    g_assert_cmpint(answered(f.patch(server.url(), whole, 10)).status, ==, 204);
}

// What comes back -----------------------------------------------------------------------------

struct AnswerRow {
    const char *name;
    const char *method;
    const char *bytes;
    int status; // 0: failure
    const char *body;
    ErrorKind kind;
};

constexpr AnswerRow kAnswers[] = {
    {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", {}},
    {"chunked",
     "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
     200,
     "hi",
     {}},
    {"until-close", "GET", "HTTP/1.0 200 OK\r\n\r\nhi", 200, "hi", {}},
    {"no-reason", "PATCH", "HTTP/1.1 204 \r\nupload-offset: 3\r\n\r\n", 204, "", {}},
    {"interim",
     "GET",
     "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
     201,
     "",
     {}},
    {"head-with-length",
     "HEAD",
     "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n",
     200,
     "",
     {}},
    {"redirect",
     "POST",
     "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
     307,
     "",
     {}},
    {"see-other",
     "GET",
     "HTTP/1.1 302 Go\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n",
     302,
     "",
     {}},
    {"unauthorized",
     "GET",
     "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
     401,
     "",
     {}},
    {"misdirected", "GET", "HTTP/1.1 421 No\r\nContent-Length: 0\r\n\r\n", 421, "", {}},
    {"encoded-stays",
     "GET",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
     200,
     "hi",
     {}},
    {"refusal-cut",
     "GET",
     "HTTP/1.1 500 No\r\nContent-Length: 20\r\n\r\nError: to",
     500,
     "Error: to",
     {}},
    {"success-cut", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi", 0, "",
     ErrorKind::kNetwork},
    {"success-cut-close", "GET",
     "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\nhi", 0, "",
     ErrorKind::kNetwork},
    {"headers-cut", "GET", "HTTP/1.1 200 OK\r\nContent-Le", 0, "", ErrorKind::kProtocol},
    {"nothing", "GET", "", 0, "", ErrorKind::kNetwork},
    {"garbage", "GET", "SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n", 0, "", ErrorKind::kProtocol},
    {"binary", "GET", "\x15\x03\x01\x02\x02\r\n\r\n", 0, "", ErrorKind::kProtocol},
    {"bad-length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: -7x\r\n\r\nhi", 0, "",
     ErrorKind::kProtocol},
};

void answer_is(const AnswerRow &row)
{
    RawServer server({[&row](RawConnection &peer) {
        peer.read_request();
        peer.write(row.bytes);
    }});
    Fixture f;
    f.request.method = row.method;
    f.request.url = server.url();
    const HttpOutcome outcome = f.http->send(f.request, nullptr);
    if (row.status == 0) {
        failed(outcome, row.kind, Reach::kMaybe);
    } else {
        g_assert_cmpint(answered(outcome).status, ==, row.status);
        ASSERT_STR(answered(outcome).body, row.body);
    }
    g_assert_cmpuint(server.connections(), ==, 1); // asked once
}

void header_names_compare_without_case()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_request();
        peer.answer("204 No Content", "upload-offset: 12\r\nX-A: 1\r\nX-A: 2\r\n");
    }});
    Fixture f;
    const HttpOutcome outcome = f.get(server.url());
    ASSERT_STR(*answered(outcome).header("Upload-Offset"), "12");
    ASSERT_STR(*answered(outcome).header("x-a"), "1");
    g_assert_null(answered(outcome).header("absent"));
}

void long_answer_is_cut_and_the_transport_goes_on()
{
    const std::string lots(3 << 20, 'x');
    RawServer server({[&lots](RawConnection &peer) {
        while (!peer.read_request().empty())
            peer.answer("200 OK", "", lots);
    }});
    Fixture f;
    f.request.max_answer = 1000;
    for (int i = 0; i < 2; ++i)
        g_assert_cmpuint(answered(f.get(server.url())).body.size(), ==, 1000);
}

void interim_answers_without_end_are_a_failure()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_request();
        for (int i = 0; i < 100000; ++i)
            peer.write("HTTP/1.1 102 Processing\r\n\r\n");
    }});
    Fixture f;
    failed(f.get(server.url()), ErrorKind::kNetwork, Reach::kMaybe);
}

void answer_before_the_body_ends_is_taken()
{
    RawServer server({[](RawConnection &peer) {
                          peer.read_head();
                          peer.answer("413 Too Large", "", "stop");
                          peer.hold(); // reads nothing, closes nothing
                      },
                      [](RawConnection &peer) {
                          peer.read_request();
                          peer.answer("200 OK");
                      }});
    Fixture f;
    PatternBody body(kHuge);
    const HttpOutcome outcome = f.patch(server.url(), body, kHuge);
    g_assert_cmpint(answered(outcome).status, ==, 413);
    ASSERT_STR(answered(outcome).body, "stop");
    PatternBody small(10); // on a connection of its own
    g_assert_cmpint(answered(f.patch(server.url(), small, 10)).status, ==, 200);
    g_assert_cmpuint(server.connections(), ==, 2);
}

void answer_before_the_body_ends_is_taken_through_tls()
{
    RawServer server({[](RawConnection &peer) {
                         peer.read_request();
                         peer.answer("200 OK");
                         peer.read_head();
                         peer.answer("409 Conflict");
                         peer.hold();
                     }},
                     {.tls = true});
    Fixture f;
    f.use({.ssl_strict = false});
    PatternBody body(kHuge);
    answered(f.get(server.url()));
    g_assert_cmpint(answered(f.patch(server.url(), body, kHuge)).status, ==, 409);
    g_assert_cmpuint(server.connections(), ==, 1);
}

void interim_answer_within_the_body_does_not_stop_it()
{
    RawServer server({[&](RawConnection &peer) {
        peer.read_head();
        peer.write("HTTP/1.1 102 Processing\r\n\r\n");
        peer.read_bytes(kHuge / 2);
        peer.write("HTTP/1.1 102 Processing\r\n");
        peer.write("X: y\r\n\r\n");
        const std::string rest = peer.read_bytes(kHuge / 2);
        peer.answer(rest.size() == kHuge / 2 ? "204 All" : "500 Short");
    }});
    Fixture f;
    PatternBody body(kHuge);
    g_assert_cmpint(answered(f.patch(server.url(), body, kHuge)).status, ==, 204);
}

// Expect: 100-continue --------------------------------------------------------------------------

void go_ahead_is_waited_for()
{
    RawServer server({[](RawConnection &peer) {
        const std::string head = peer.read_head();
        peer.write("HTTP/1.1 100 Continue\r\n\r\n");
        const std::string body = peer.read_bytes(5000);
        peer.answer(contains(head, "Expect: 100-continue\r\n") && body.size() == 5000 ? "204 Good"
                                                                                      : "500 Bad");
    }});
    Fixture f;
    f.request.expect_continue = true;
    PatternBody body(5000);
    g_assert_cmpint(answered(f.patch(server.url(), body, 5000)).status, ==, 204);
}

void refusal_instead_of_a_go_ahead_saves_the_body()
{
    RawServer *seen = nullptr;
    RawServer server({[&seen](RawConnection &peer) {
                          peer.read_head();
                          peer.answer("409 Conflict"); // keep-alive, as tusd does
                          seen->note(peer.read_bytes(1));
                      },
                      [](RawConnection &peer) {
                          peer.read_request();
                          peer.answer("200 OK");
                      }});
    seen = &server;
    Fixture f;
    f.request.expect_continue = true;
    PatternBody body(5000);
    g_assert_cmpint(answered(f.patch(server.url(), body, 5000)).status, ==, 409);
    server.wait_notes(1);
    ASSERT_STR(server.notes().front(), ""); // not a byte of the body
    f.request.body = nullptr;
    f.request.body_length = 0;
    g_assert_cmpint(answered(f.get(server.url())).status, ==, 200);
    g_assert_cmpuint(server.connections(), ==, 2);
}

void go_ahead_that_never_comes_times_out()
{
    RawServer server({[](RawConnection &peer) { peer.hold(); }});
    Fixture f;
    f.request.expect_continue = true;
    f.request.timeout = seconds(1);
    PatternBody body(5000);
    failed(f.patch(server.url(), body, 5000), ErrorKind::kTimeout, Reach::kMaybe);
}

// Every wait ends -------------------------------------------------------------------------------

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

// This machine changes its network ----------------------------------------------------------------

void request_from_a_lost_address_ends_when_the_network_changes()
{
    for (const bool kept_alive : {false, true}) {
        std::atomic<bool> lost{false};
        std::atomic<int> holding{0};
        RawServer server({[&](RawConnection &peer) {
                              if (kept_alive) {
                                  peer.read_request();
                                  peer.answer("200 OK");
                              }
                              peer.read_head();
                              ++holding;
                              peer.hold();
                          },
                          [](RawConnection &peer) {
                              peer.read_request();
                              peer.answer("200 OK");
                          }});
        Fixture f;
        f.use({.is_lost_address = [&](GSocketAddress *) { return lost.load(); }});
        f.request.timeout = seconds(600);
        const std::function<void()> network_changed = f.http->network_listener();
        network_changed(); // nothing is under way
        if (kept_alive)
            answered(f.get(server.url()));
        std::thread change([&] {
            while (holding == 0)
                std::this_thread::yield();
            network_changed(); // the address is still there
            lost = true;
            network_changed();
        });
        PatternBody body(kHuge);
        const HttpOutcome outcome = f.patch(server.url(), body, kHuge);
        change.join();
        const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kMaybe);
        g_assert_true(failure.error.retryable);
        g_assert_true(contains(failure.error.detail, "lost its own address"));
        lost = false;
        answered(f.get(server.url()));
        f.http.reset();
        network_changed(); // too late, but harmless
    }
}

void idle_connection_from_a_lost_address_is_not_used()
{
    guint16 first = 0; // port of the first connection
    bool lost = false;
    RawServer server({[](RawConnection &peer) {
        peer.read_request();
        peer.answer("200 OK");
        peer.wait_close();
    }});
    Fixture f;
    f.use({.is_lost_address = [&](GSocketAddress *address) {
        const guint16 port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
        first = first != 0 ? first : port;
        return lost && port == first;
    }});
    answered(f.get(server.url()));
    lost = true;
    answered(f.get(server.url()));
    g_assert_cmpuint(server.connections(), ==, 2);
}

void addresses_of_this_machine_are_known()
{
    const auto address_of = [](const char *text, bool any) {
        const GRef<GSocketAddress> address =
            GRef<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(text, 0));
        const GRef<GSocket> socket = GRef<GSocket>::adopt(
            g_socket_new(g_socket_address_get_family(address.get()), G_SOCKET_TYPE_DATAGRAM,
                         G_SOCKET_PROTOCOL_UDP, nullptr));
        if (any) // as if the address had gone
            g_assert_true(g_socket_set_option(socket.get(), IPPROTO_IP, IP_FREEBIND, 1, nullptr));
        g_assert_true(g_socket_bind(socket.get(), address.get(), FALSE, nullptr));
        return own_address(socket.get());
    };
    g_assert_true(is_lost_address(address_of("192.0.2.1", true).get()));
    g_assert_false(is_lost_address(address_of("127.0.0.1", false).get()));
    g_assert_false(is_lost_address(address_of("0.0.0.0", false).get()));
    // a machine without IPv6 has none of these
    const auto text = GRef<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("::1", 0));
    if (is_lost_address(text.get()))
        return;
    g_assert_true(is_lost_address(address_of("2001:db8::1", true).get()));
    g_assert_false(is_lost_address(address_of("::1", false).get()));
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

// No connection, or a broken one ----------------------------------------------------------------

void refused_connection_was_not_reached()
{
    Fixture f;
    const HttpOutcome outcome =
        f.get(cat("http://user:secret@127.0.0.1:", refused_port(), "/?key=secret"));
    const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kNotConnected);
    g_assert_true(failure.error.retryable);
    g_assert_false(contains(failure.error.message, "secret"));
    g_assert_false(contains(failure.error.detail, "secret"));
}

void unknown_host_was_not_reached()
{
    // too long for a name, which the resolver knows without asking anybody
    Fixture f;
    const HttpOutcome outcome = f.get(cat("http://", std::string(70, 'a'), "/"));
    const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kNotConnected);
    g_assert_true(contains(failure.error.message, "check its name"));
}

// libsoup would send a GET again on its own
void request_on_a_dead_kept_alive_connection_is_not_repeated()
{
    for (const bool with_body : {true, false}) {
        RawServer server({[](RawConnection &peer) {
            peer.read_request();
            peer.answer("200 OK");
            peer.read_request();
            peer.reset();
        }});
        Fixture f;
        PatternBody body(10);
        answered(with_body ? f.patch(server.url(), body, 10) : f.get(server.url()));
        const HttpOutcome outcome =
            with_body ? f.patch(server.url(), body, 10) : f.get(server.url());
        const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kMaybe);
        g_assert_true(failure.reused_connection);
        g_assert_true(failure.error.retryable);
        g_assert_cmpuint(server.connections(), ==, 1);
    }
}

void reset_on_a_new_connection_is_no_stale_one()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_head();
        peer.read_bytes(100000);
        peer.reset();
    }});
    Fixture f;
    PatternBody body(kHuge);
    const HttpOutcome outcome = f.patch(server.url(), body, kHuge);
    g_assert_false(failed(outcome, ErrorKind::kNetwork, Reach::kMaybe).reused_connection);
}

// TLS, proxy, settings --------------------------------------------------------------------------

void unknown_authority_is_refused()
{
    Server server({.tls = true});
    Fixture f;
    const HttpOutcome outcome = f.get(server.url());
    const HttpFailure &failure = failed(outcome, ErrorKind::kTls, Reach::kNotConnected);
    g_assert_false(failure.error.retryable);
    g_assert_true(contains(failure.error.message, "ssl-ca-file"));
    g_assert_true(contains(failure.error.message, "authority"));
    g_assert_cmpuint(server.notes().size(), ==, 0);
}

std::string authority_file()
{
    const GCharOwn path(g_build_filename(g_get_user_cache_dir(), "authority.pem", nullptr));
    g_mkdir_with_parents(g_get_user_cache_dir(), 0700);
    g_assert_true(g_file_set_contents(path.get(), kAuthorityPem, -1, nullptr));
    return path.get();
}

void own_authority_is_accepted_and_http_1_is_spoken()
{
    RawServer server({[](RawConnection &peer) {
                         peer.read_request();
                         peer.answer("200 OK", "", peer.protocol());
                     }},
                     {.tls = true});
    Fixture f;
    f.use({.ssl_ca_file = authority_file()});
    const HttpOutcome outcome = f.get(server.url());
    g_assert_cmpint(answered(outcome).status, ==, 200);
    ASSERT_STR(answered(outcome).body, "http/1.1");
}

void big_body_through_tls_arrives()
{
    Server server({.tls = true});
    Fixture f;
    f.use({.ssl_strict = false});
    PatternBody body(3000000);
    answered(f.patch(server.url(), body, 3000000));
    const std::string sent = server.notes().front();
    g_assert_true(sent.substr(sent.find("\r\n\r\n") + 4) == body.all());
}

void plain_server_is_no_tls_server()
{
    RawServer server({[](RawConnection &peer) { peer.answer("400 Bad Request"); }});
    Fixture f;
    failed(f.get(cat("https://127.0.0.1:", server.port(), "/")), ErrorKind::kTls,
           Reach::kNotConnected);
}

// A server that restarts: it is there, but not ready for TLS.
void cut_tls_handshake_may_be_tried_again()
{
    RawServer server({[](RawConnection &) {}, [](RawConnection &peer) { peer.read_bytes(100); },
                      [](RawConnection &peer) {
                          peer.read_bytes(100);
                          peer.reset();
                      }});
    Fixture f;
    for (int n = 0; n < 3; ++n) {
        const HttpOutcome outcome = f.get(cat("https://127.0.0.1:", server.port(), "/"));
        g_assert_nonnull(outcome.failure());
        g_test_message("%s [%s]", outcome.failure()->error.message.c_str(),
                       outcome.failure()->error.detail.c_str());
        g_assert_true(outcome.failure()->reach == Reach::kNotConnected);
        g_assert_true(outcome.failure()->error.retryable);
    }
}

struct Interaction {
    GTlsInteraction parent;
};

struct InteractionClass {
    GTlsInteractionClass parent;
};

GTlsInteraction *interaction_with_certificate()
{
    static const GType kType = g_type_register_static_simple(
        G_TYPE_TLS_INTERACTION, "TestInteraction", sizeof(InteractionClass),
        [](gpointer klass, gpointer) {
            G_TLS_INTERACTION_CLASS(klass)->request_certificate =
                [](GTlsInteraction *, GTlsConnection *connection, GTlsCertificateRequestFlags,
                   GCancellable *, GError **) {
                    const auto own = GRef<GTlsCertificate>::adopt(
                        g_tls_certificate_new_from_pem(kServerPem, -1, nullptr));
                    g_tls_connection_set_certificate(connection, own.get());
                    return G_TLS_INTERACTION_HANDLED;
                };
        },
        sizeof(Interaction), nullptr, GTypeFlags(0));
    return G_TLS_INTERACTION(g_object_new(kType, nullptr));
}

void client_certificate_comes_from_the_interaction()
{
    Server server({.tls = true, .want_client_certificate = true});
    Fixture f;
    f.use({.ssl_strict = false,
           .tls_interaction = GRef<GTlsInteraction>::adopt(interaction_with_certificate())});
    g_assert_cmpint(answered(f.get(server.url())).status, ==, 204);
    f.use({.ssl_strict = false});
    const HttpOutcome outcome = f.get(server.url());
    g_assert_nonnull(outcome.failure());
    g_test_message("%s [%s]", outcome.failure()->error.message.c_str(),
                   outcome.failure()->error.detail.c_str());
}

void proxy_gets_the_whole_address()
{
    Server proxy;
    Fixture f;
    f.use({.proxy = cat("127.0.0.1:", proxy.port())});
    answered(f.get("http://upload.example/files"));
    g_assert_true(contains(proxy.notes().front(), "GET http://upload.example/files HTTP/1.1\r\n"));
}

void bad_proxy_does_not_show_its_password()
{
    const auto made = make_soup_transport(HttpConfig{.proxy = "http://joe:marker/1@proxy:8080"});
    g_assert_false(made.ok());
    g_assert_false(contains(made.error().message, "marker"));
    g_assert_false(contains(made.error().detail, "marker"));
}

void refusal_of_a_proxy_is_no_answer_of_the_server()
{
    RawServer proxy({[](RawConnection &peer) {
        peer.read_request();
        peer.answer("403 Forbidden", "", "no");
    }});
    Fixture f;
    f.use({.proxy = proxy.url()});
    const HttpOutcome outcome = f.get("https://upload.example/files");
    const HttpFailure &failure = failed(outcome, ErrorKind::kNetwork, Reach::kNotConnected);
    g_assert_true(contains(failure.error.message, "proxy"));
}

void settings_are_checked()
{
    for (const HttpConfig &config :
         {HttpConfig{.proxy = "http://"}, HttpConfig{.ssl_ca_file = "/no/such/file.pem"}}) {
        const auto made = make_soup_transport(config);
        g_assert_false(made.ok());
        g_assert_cmpint(int(made.error().kind), ==, int(ErrorKind::kSettings));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/transport/request/framed-by-length", request_is_framed_by_length);
    for (const EmptyRow &row : kEmpty)
        add_row_test(cat("/transport/request/empty/", row.method), row, empty_request);
    add_test("/transport/request/patches-share-a-connection", patches_share_a_connection);
    add_test("/transport/request/unsendable-refused", unsendable_requests_are_refused);
    add_test("/transport/body/error-is-the-failure", body_source_error_is_the_failure);
    add_test("/transport/body/early-end-is-a-failure", body_source_that_ends_early_is_a_failure);
    for (const AnswerRow &row : kAnswers)
        add_row_test(cat("/transport/answer/", row.name), row, answer_is);
    add_test("/transport/answer/header-names", header_names_compare_without_case);
    add_test("/transport/answer/too-long", long_answer_is_cut_and_the_transport_goes_on);
    add_test("/transport/answer/interim-flood", interim_answers_without_end_are_a_failure);
    add_test("/transport/early-answer/plain", answer_before_the_body_ends_is_taken);
    add_test("/transport/early-answer/tls", answer_before_the_body_ends_is_taken_through_tls);
    add_test("/transport/early-answer/interim", interim_answer_within_the_body_does_not_stop_it);
    add_test("/transport/expect/go-ahead", go_ahead_is_waited_for);
    add_test("/transport/expect/refusal", refusal_instead_of_a_go_ahead_saves_the_body);
    add_test("/transport/expect/silence", go_ahead_that_never_comes_times_out);
    add_test("/transport/address/lost-in-a-request",
             request_from_a_lost_address_ends_when_the_network_changes);
    add_test("/transport/address/lost-while-idle", idle_connection_from_a_lost_address_is_not_used);
    add_test("/transport/address/of-this-machine", addresses_of_this_machine_are_known);
    add_test("/transport/timeout/no-answer", silent_server_times_out);
    add_test("/transport/timeout/kept-alive", silent_server_times_out_on_a_kept_alive_connection);
    add_test("/transport/timeout/no-connection", port_that_takes_no_connection_times_out);
    add_test("/transport/timeout/stops-reading", server_that_stops_reading_times_out);
    add_test("/transport/body/pulled-as-sent", body_is_pulled_no_faster_than_it_is_sent);
    add_test("/transport/timeout/tls-handshake", silent_tls_handshake_times_out);
    add_test("/transport/timeout/answer-body", answer_body_that_stalls_times_out);
    add_test("/transport/cancel/waiting", cancel_ends_a_wait_for_an_answer);
    add_test("/transport/cancel/sending-tls",
             cancel_ends_sending_through_tls_to_a_peer_that_does_not_read);
    add_test("/transport/cancel/connecting", cancel_ends_connecting);
    add_test("/transport/cancel/before", cancelled_before_is_cancelled);
    add_test("/transport/failure/refused", refused_connection_was_not_reached);
    add_test("/transport/failure/unknown-host", unknown_host_was_not_reached);
    add_test("/transport/failure/stale-connection",
             request_on_a_dead_kept_alive_connection_is_not_repeated);
    add_test("/transport/failure/reset", reset_on_a_new_connection_is_no_stale_one);
    add_test("/transport/tls/unknown-authority", unknown_authority_is_refused);
    add_test("/transport/tls/own-authority", own_authority_is_accepted_and_http_1_is_spoken);
    add_test("/transport/tls/big-body", big_body_through_tls_arrives);
    add_test("/transport/tls/plain-server", plain_server_is_no_tls_server);
    add_test("/transport/tls/cut-handshake", cut_tls_handshake_may_be_tried_again);
    add_test("/transport/tls/client-certificate", client_certificate_comes_from_the_interaction);
    add_test("/transport/proxy/plain", proxy_gets_the_whole_address);
    add_test("/transport/proxy/bad", bad_proxy_does_not_show_its_password);
    add_test("/transport/proxy/refusal", refusal_of_a_proxy_is_no_answer_of_the_server);
    add_test("/transport/settings", settings_are_checked);
    return g_test_run();
}
