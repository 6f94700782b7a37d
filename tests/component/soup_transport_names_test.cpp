// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From a host's name to a connection: a name that means another address than before, and addresses
// that do not answer.
#include "fake_resolver.h"
#include "soup_transport_fixture.h"

#include <optional>
#include <thread>

#include <netdb.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

std::string url_of(const char *host, const RawServer &server)
{
    return cat("http://", host, ":", server.port(), "/");
}

// Tries as an upload does; how many attempts failed before one was answered.
int failures_until_answered(Fixture &f, const std::string &url)
{
    constexpr int kMost = 5;
    int failures = 0;
    while (failures < kMost && f.get(url).failure())
        ++failures;
    return failures;
}

RawServer::Script answers_once_then(void (*end)(RawConnection &))
{
    return [end](RawConnection &peer) {
        peer.read_request();
        peer.answer("200 OK");
        end(peer);
    };
}

struct MoveRow {
    const char *name;
    bool stays; // the old address still takes connections
    std::vector<RawServer::Script> old;
};

void hold(RawConnection &peer)
{
    peer.hold();
}

const std::vector<MoveRow> kMoves = {
    {"server-gone", false, {answers_once_then([](RawConnection &) {})}},
    {"connections-cut", true, {answers_once_then([](RawConnection &) {}), [](RawConnection &) {}}},
    {"silent", true, {answers_once_then(hold), hold}},
    {"dead-kept-alive", true, {answers_once_then([](RawConnection &peer) {
         peer.read_request();
         peer.reset();
     })}},
};

void name_is_looked_up_again_after_a_failure(const MoveRow &row)
{
    FakeResolver names;
    names.set("tus.example", {"127.0.0.1"});
    std::optional<RawServer> old(std::in_place, row.old);
    RawServer moved({answers_once_then([](RawConnection &) {})},
                    {.address = "127.0.0.2", .port = old->port()});
    Fixture f;
    f.request.timeout = seconds(1);
    answered(f.get(url_of("tus.example", moved)));
    names.set("tus.example", {"127.0.0.2"});
    if (!row.stays)
        old.reset();
    g_assert_cmpint(failures_until_answered(f, url_of("tus.example", moved)), <=, 1);
    g_assert_cmpuint(moved.connections(), ==, 1);
}

void name_is_looked_up_again_after_it_was_not_known()
{
    FakeResolver names;
    Server server;
    Fixture f;
    failed(f.get(url_of("tus.example", server)), ErrorKind::kNetwork, Reach::kNotConnected);
    names.set("tus.example", {"127.0.0.1"});
    g_assert_cmpint(answered(f.get(url_of("tus.example", server))).status, ==, 204);
}

void what_works_is_not_looked_up_again()
{
    FakeResolver names;
    names.set("tus.example", {"127.0.0.1"});
    Server server;
    Fixture f;
    for (int i = 0; i < 3; ++i)
        answered(f.get(url_of("tus.example", server)));
    g_assert_cmpuint(names.lookups(), ==, 1);
    g_assert_cmpuint(server.connections(), ==, 1);
}

void look_up_without_end_times_out()
{
    FakeResolver names;
    Fixture f;
    f.request.connect_timeout = milliseconds(300);
    f.request.timeout = seconds(600);
    failed(f.get("http://hangs.example/"), ErrorKind::kTimeout, Reach::kNotConnected);
}

void look_up_without_end_is_cancelled()
{
    FakeResolver names;
    Fixture f;
    f.request.method = "GET";
    f.request.url = "http://hangs.example/";
    f.request.connect_timeout = seconds(600);
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    std::thread thread([&] {
        while (names.lookups() == 0)
            std::this_thread::yield();
        g_cancellable_cancel(cancel.get());
    });
    failed(f.http->send(f.request, cancel.get()), ErrorKind::kCancelled, Reach::kNotConnected);
    thread.join();
}

// GIO's own resolver: the thread that waits for the system is left behind, and holds up nothing.
void system_that_does_not_answer_times_out()
{
    Fixture f;
    f.request.connect_timeout = milliseconds(300);
    f.request.timeout = seconds(600);
    for (int i = 0; i < 3; ++i)
        failed(f.get("http://system-hangs.example/"), ErrorKind::kTimeout, Reach::kNotConnected);
}

void silent_address_leaves_time_for_the_next()
{
    const FullPort silent;
    FakeResolver names;
    names.set("tus.example", {"127.0.0.1", "127.0.0.2"});
    Server server({.address = "127.0.0.2", .port = silent.port()});
    Fixture f;
    f.request.connect_timeout = seconds(10);
    answered(f.get(url_of("tus.example", server)));
}

} // namespace

// In the place of the system's: what GIO asks.
extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char *node, const char *,
                                                          const addrinfo *, addrinfo **)
{
    while (g_strcmp0(node, "system-hangs.example") == 0)
        g_usleep(G_USEC_PER_SEC);
    return EAI_NONAME;
}

int main(int argc, char **argv)
{
    init(argc, argv);
    for (const MoveRow &row : kMoves)
        add_row_test(std::string("/transport/name/moved/") + row.name, row,
                     name_is_looked_up_again_after_a_failure);
    add_test("/transport/name/not-known-at-first", name_is_looked_up_again_after_it_was_not_known);
    add_test("/transport/name/kept", what_works_is_not_looked_up_again);
    add_test("/transport/name/hangs/times-out", look_up_without_end_times_out);
    add_test("/transport/name/hangs/cancelled", look_up_without_end_is_cancelled);
    add_test("/transport/name/hangs/system", system_that_does_not_answer_times_out);
    add_test("/transport/name/silent-address", silent_address_leaves_time_for_the_next);
    return g_test_run();
}
