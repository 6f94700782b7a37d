// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// No connection, a broken one, a stale one, and one whose address this machine has lost.
#include "soup_transport_fixture.h"

#include <atomic>
#include <functional>
#include <thread>

#include <gio/gnetworking.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

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

// An option of the socket that this process has to a server; -1: there is no such socket.
template <typename Value>
Value option_of_client(const RawServer &server, int level, int option)
{
    constexpr int kMostSockets = 1024;
    for (int fd = 0; fd < kMostSockets; ++fd) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &size) != 0 ||
            peer.sin_family != AF_INET || ntohs(peer.sin_port) != server.port())
            continue;
        Value value{};
        size = sizeof value;
        if (getsockopt(fd, level, option, &value, &size) == 0)
            return value;
    }
    return static_cast<Value>(-1);
}

std::uint32_t pacing_of_client(const RawServer &server)
{
    return option_of_client<std::uint32_t>(server, SOL_SOCKET, SO_MAX_PACING_RATE);
}

// The kernel paces a connection that has a rate, and any that no line has does.
bool is_paced_without_limit(const RawServer &server)
{
    return pacing_of_client(server) >= 1U << 31 && pacing_of_client(server) < G_MAXUINT32;
}

void packets_are_marked_and_paced_as_asked()
{
    // a body that changes the line while it is sent
    class Change final : public BodySource {
    public:
        Change(Transport &http, Line line) : http_(http), line_(line) {}

        Result<std::size_t> read(std::uint64_t, std::span<std::byte> out) override
        {
            http_.set_line(line_);
            return out.size();
        }

    private:
        Transport &http_;
        const Line line_;
    };

    Server server;
    Fixture f;
    const auto tos = [&] { return option_of_client<int>(server, IPPROTO_IP, IP_TOS); };
    const auto pacing = [&] { return pacing_of_client(server); };
    answered(f.get(server.url()));
    g_assert_cmpint(tos(), ==, 0);
    g_assert_true(is_paced_without_limit(server));
    f.http->set_line({.most_per_second = 100000, .dscp = 46}); // a connection that stands
    g_assert_cmpint(tos(), ==, 46 << 2);
    g_assert_cmpuint(pacing(), ==, 100000);
    Change body(*f.http, {.most_per_second = 1 << 30, .dscp = 10});
    answered(f.patch(server.url(), body, 100));
    g_assert_cmpint(tos(), ==, 10 << 2);
    g_assert_cmpuint(pacing(), ==, 1 << 30);
    f.http->set_line({});
    g_assert_cmpint(tos(), ==, 0);
    g_assert_true(is_paced_without_limit(server));
    g_assert_cmpuint(server.connections(), ==, 1);
}

struct WayRow {
    const char *name;
    bool tls = false;
    bool proxy = false;
};

const std::vector<WayRow> kWays = {
    {"plain"}, {"tls", true}, {"proxy", false, true}, {"tls-proxy", true, true}};

// Also the one that is made after the first has broken.
void new_connections_are_marked_and_paced_too(const WayRow &row)
{
    const auto serve = [](RawConnection &peer) {
        while (!peer.read_request().empty())
            peer.answer("200 OK");
    };
    const auto break_off = [](RawConnection &peer) {
        peer.read_request();
        peer.answer("200 OK");
        peer.read_request();
        peer.reset();
    };
    RawServer server({break_off, serve, break_off, serve}, {.tls = row.tls});
    RawServer proxy({[&server](RawConnection &peer) { // of plain http it gets the request itself
        const std::string first = peer.read_head();
        if (first.starts_with("CONNECT"))
            peer.write("HTTP/1.1 200 OK\r\n\r\n");
        peer.tunnel(server.port(), first.starts_with("CONNECT") ? "" : first);
    }});
    const RawServer &next = row.proxy ? proxy : server;
    const std::string url = cat(row.tls ? "https" : "http", "://192.0.2.1:", server.port(), "/");
    for (const bool limited : {false, true}) {
        Fixture f;
        f.use({.proxy = row.proxy ? proxy.url() : std::string(), .ssl_strict = false});
        if (limited)
            f.http->set_line({.most_per_second = 200000, .dscp = 8});
        const auto is_set = [&] {
            return limited ? pacing_of_client(next) == 200000 &&
                                 option_of_client<int>(next, IPPROTO_IP, IP_TOS) == 8 << 2
                           : is_paced_without_limit(next);
        };
        const std::string to = row.proxy ? url : server.url();
        answered(f.get(to));
        g_assert_true(is_set());
        g_assert_nonnull(f.get(to).failure());
        answered(f.get(to));
        g_assert_true(is_set());
    }
    g_assert_cmpuint(server.connections(), ==, 4);
}

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

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/transport/address/lost-in-a-request",
             request_from_a_lost_address_ends_when_the_network_changes);
    add_test("/transport/address/lost-while-idle", idle_connection_from_a_lost_address_is_not_used);
    add_test("/transport/address/of-this-machine", addresses_of_this_machine_are_known);
    add_test("/transport/line/changes", packets_are_marked_and_paced_as_asked);
    for (const WayRow &row : kWays)
        add_row_test(cat("/transport/line/new-connections/", row.name), row,
                     new_connections_are_marked_and_paced_too);
    add_test("/transport/failure/refused", refused_connection_was_not_reached);
    add_test("/transport/failure/unknown-host", unknown_host_was_not_reached);
    add_test("/transport/failure/stale-connection",
             request_on_a_dead_kept_alive_connection_is_not_repeated);
    add_test("/transport/failure/reset", reset_on_a_new_connection_is_no_stale_one);
    return g_test_run();
}
