// Answers that come before the body has ended, and those that "Expect: 100-continue" asks for.
#include "soup_transport_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

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

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/transport/early-answer/plain", answer_before_the_body_ends_is_taken);
    add_test("/transport/early-answer/tls", answer_before_the_body_ends_is_taken_through_tls);
    add_test("/transport/early-answer/interim", interim_answer_within_the_body_does_not_stop_it);
    add_test("/transport/expect/go-ahead", go_ahead_is_waited_for);
    add_test("/transport/expect/refusal", refusal_instead_of_a_go_ahead_saves_the_body);
    add_test("/transport/expect/silence", go_ahead_that_never_comes_times_out);
    return g_test_run();
}
