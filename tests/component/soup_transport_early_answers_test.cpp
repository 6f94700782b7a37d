// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
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

// Lets a request wait after its first bytes, as a limit of the rate does, until the server has
// gone.
class SlowBody final : public BodySource {
public:
    explicit SlowBody(RawServer &server) : server_(server) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (offset > 0 && server_.notes().empty())
            server_.note("waits");
        if (offset > 0)
            server_.wait_notes(2);
        return out.size();
    }

private:
    RawServer &server_;
};

// A server may refuse and be gone, while nothing is sent: with a connection's first request, or
// with its second.
void refused_and_gone(bool first)
{
    for (const bool tls : {false, true}) {
        RawServer *seen = nullptr;
        RawServer server({[&seen, first](RawConnection &peer) {
                             if (!first) {
                                 peer.read_request();
                                 peer.answer("200 OK");
                             }
                             peer.read_head();
                             seen->wait_notes(1);
                             peer.answer("401 Unauthorized", "", "who?");
                             peer.reset();
                             seen->note("gone");
                         }},
                         {.tls = tls});
        seen = &server;
        Fixture f;
        f.use({.ssl_strict = false});
        if (!first)
            answered(f.get(server.url()));
        SlowBody body(server);
        const HttpOutcome outcome = f.patch(server.url(), body, kHuge);
        g_assert_cmpint(answered(outcome).status, ==, 401);
        ASSERT_STR(answered(outcome).body, "who?");
        g_assert_cmpuint(server.connections(), ==, 1);
        f.request.body = nullptr;
        f.request.body_length = 0;
    }
}

void answer_of_who_is_gone_is_taken()
{
    refused_and_gone(false);
}

void first_answer_of_who_is_gone_is_taken()
{
    refused_and_gone(true);
}

// The first request of a connection: behind TLS 1.3 nobody sees what it is that waits in the
// socket. What else would be the end of the request is the time to look.
void answer_to_the_first_request_of_a_connection_is_taken()
{
    for (const bool tls : {false, true}) {
        RawServer server({[](RawConnection &peer) {
                             peer.read_head();
                             peer.answer("413 Too Large", "", "stop");
                             peer.hold(); // reads nothing, closes nothing
                         }},
                         {.tls = tls});
        Fixture f;
        f.use({.ssl_strict = false});
        f.request.timeout = seconds(1);
        PatternBody body(kHuge);
        const HttpOutcome outcome = f.patch(server.url(), body, kHuge);
        g_assert_cmpint(answered(outcome).status, ==, 413);
        ASSERT_STR(answered(outcome).body, "stop");
        g_assert_cmpuint(server.connections(), ==, 1);
    }
}

// What waits there may be no more than a session ticket: here a record that does not end.
void silence_behind_tls_is_no_answer()
{
    for (const bool gone : {false, true}) {
        RawServer *seen = nullptr;
        RawServer server({[&seen, gone](RawConnection &peer) {
                             peer.read_head();
                             peer.write_below(std::string("\x17\x03\x03\x00\xff", 5));
                             if (!gone)
                                 return peer.hold();
                             seen->wait_notes(1);
                             peer.reset();
                             seen->note("gone");
                         }},
                         {.tls = true});
        seen = &server;
        Fixture f;
        f.use({.ssl_strict = false});
        f.request.timeout = seconds(1);
        PatternBody endless(kHuge);
        SlowBody slow(server);
        BodySource &body = gone ? static_cast<BodySource &>(slow) : endless;
        const HttpOutcome outcome = f.patch(server.url(), body, kHuge);
        const ErrorKind kind = gone ? ErrorKind::kNetwork : ErrorKind::kTimeout;
        g_assert_true(failed(outcome, kind, Reach::kMaybe).error.retryable);
        g_assert_cmpuint(server.connections(), ==, 1);
    }
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

// Runs of odd lengths, shown where they lie; what was shown last is overwritten with the next.
class ShownBody final : public BodySource {
public:
    explicit ShownBody(std::uint64_t size) : size_(size) {}

    Result<std::size_t> read(std::uint64_t, std::span<std::byte>) override
    {
        return Error{.kind = ErrorKind::kInternal, .message = "a copy was asked for"};
    }

    Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t most) override
    {
        g_assert_cmpuint(offset, ==, shown_); // no byte twice, none left out
        std::fill(run_.begin(), run_.end(), std::byte{'!'});
        const std::size_t size = std::min({std::size_t(1 + (offset * 7919) % run_.size()), most,
                                           static_cast<std::size_t>(size_ - offset)});
        for (std::size_t i = 0; i < size; ++i)
            run_[i] = std::byte(static_cast<unsigned char>(PatternBody::at(offset + i)));
        shown_ += size;
        largest_ = std::max(largest_, size);
        return std::span<const std::byte>(run_).first(size);
    }

    std::size_t largest_ = 0; // that was taken at once

private:
    const std::uint64_t size_;
    std::uint64_t shown_ = 0;
    std::vector<std::byte> run_ = std::vector<std::byte>(200003);
};

void body_goes_from_where_it_lies(bool tls)
{
    // around what libsoup takes at a time, and much more
    for (const std::uint64_t size : {1U, 8191U, 8192U, 8193U, 16385U, 3000017U}) {
        const std::string expected = PatternBody(size).all();
        RawServer server({[&](RawConnection &peer) {
                             peer.read_request();
                             peer.answer("200 OK");
                             peer.read_head();
                             const bool right = peer.read_bytes(expected.size()) == expected;
                             peer.answer(right ? "204 All" : "500 Other");
                             peer.read_request(); // nothing of the body is left in the way
                             peer.answer("200 OK");
                         }},
                         {.tls = tls});
        Fixture f;
        f.use({.ssl_strict = false});
        answered(f.get(server.url()));
        ShownBody body(size);
        g_assert_cmpint(answered(f.patch(server.url(), body, size)).status, ==, 204);
        if (size > 1000000)
            g_assert_cmpuint(body.largest_, >, 8192);
        f.request.body = nullptr;
        f.request.body_length = 0;
        g_assert_cmpint(answered(f.get(server.url())).status, ==, 200);
        g_assert_cmpuint(server.connections(), ==, 1);
    }
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
    add_test("/transport/early-answer/gone", answer_of_who_is_gone_is_taken);
    add_test("/transport/early-answer/first", answer_to_the_first_request_of_a_connection_is_taken);
    add_test("/transport/early-answer/first-gone", first_answer_of_who_is_gone_is_taken);
    add_test("/transport/early-answer/silence", silence_behind_tls_is_no_answer);
    add_test("/transport/early-answer/interim", interim_answer_within_the_body_does_not_stop_it);
    add_test("/transport/body/plain", [] { body_goes_from_where_it_lies(false); });
    add_test("/transport/body/tls", [] { body_goes_from_where_it_lies(true); });
    add_test("/transport/expect/go-ahead", go_ahead_is_waited_for);
    add_test("/transport/expect/refusal", refusal_instead_of_a_go_ahead_saves_the_body);
    add_test("/transport/expect/silence", go_ahead_that_never_comes_times_out);
    return g_test_run();
}
