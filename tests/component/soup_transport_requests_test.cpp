// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes over the wire: the framing of requests, and bodies that fail.
#include "soup_transport_fixture.h"

#include <cstdlib>

using namespace gsttus;
using namespace gsttus::test;

namespace {

class FailingBody final : public BodySource {
public:
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (offset > 0)
            return Error{ErrorKind::kDisk, "the spool is gone", "EIO", 0, false, offset};
        return std::min<std::size_t>(out.size(), 1000);
    }
};

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
    g_assert_cmpuint(*failure.error.offset, ==, 1000);
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

// A body that is told what comes next: sizes of runs, 0 for "nothing yet"; then its end, or an
// error.
class OpenBody final : public BodySource {
public:
    explicit OpenBody(std::vector<std::size_t> runs, bool fails = false)
        : runs_(std::move(runs)), fails_(fails)
    {
    }

    Coming coming(std::uint64_t, Duration) override
    {
        if (!runs_.empty() && runs_.front() == 0) {
            runs_.erase(runs_.begin());
            return Coming::kNothingYet;
        }
        return runs_.empty() && !fails_ ? Coming::kEnd : Coming::kBytes;
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        if (runs_.empty())
            return Error{.kind = ErrorKind::kDisk, .message = "the spool is gone"};
        const std::size_t size = std::min(out.size(), runs_.front());
        for (std::size_t i = 0; i < size; ++i)
            out[i] = std::byte(static_cast<unsigned char>(PatternBody::at(offset + i)));
        if ((runs_.front() -= size) == 0)
            runs_.erase(runs_.begin());
        return size;
    }

private:
    std::vector<std::size_t> runs_;
    const bool fails_;
};

HttpOutcome patch_open(Fixture &f, const RawServer &server, OpenBody &body,
                       GCancellable *cancel = nullptr)
{
    f.request.open_body = true;
    return f.patch(server.url(), body, 0, cancel);
}

// The chunks' bytes, up to the last one; `whole`: that one came.
std::string read_chunks(RawConnection &peer, bool &whole)
{
    std::string bytes;
    while (true) {
        std::string line;
        while (!line.ends_with("\r\n")) {
            const std::string next = peer.read_bytes(1);
            if (next.empty())
                return bytes;
            line += next;
        }
        const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
        bytes += peer.read_bytes(size);
        peer.read_bytes(2);
        whole = size == 0;
        if (whole)
            return bytes;
    }
}

void open_body_is_chunked()
{
    RawServer server({[](RawConnection &peer) {
        for (const std::size_t size : {1U, 8192U, 300001U}) {
            const std::string head = peer.read_head();
            bool whole = false;
            const std::string body = read_chunks(peer, whole);
            const bool good = contains(head, "Transfer-Encoding: chunked\r\n") &&
                              !contains(head, "Content-Length") && whole &&
                              body == PatternBody(size).all();
            peer.answer(good ? "204 Good" : "500 Bad");
        }
    }});
    Fixture f;
    for (const std::size_t size : {1U, 8192U, 300001U}) {
        OpenBody body({size / 2, 0, size - size / 2 - (size > 1 ? 1 : 0), 0, size > 1 ? 1U : 0U});
        g_assert_cmpint(answered(patch_open(f, server, body)).status, ==, 204);
    }
    g_assert_cmpuint(server.connections(), ==, 1);
}

// Or a server would take what there is for all of it.
void open_body_that_fails_has_no_end()
{
    RawServer *seen = nullptr;
    RawServer server({[&seen](RawConnection &peer) {
        peer.read_head();
        bool whole = false;
        const std::string body = read_chunks(peer, whole);
        seen->note(cat(body.size(), whole ? " whole" : " cut"));
    }});
    seen = &server;
    Fixture f;
    OpenBody body({5000, 0, 70000}, true);
    failed(patch_open(f, server, body), ErrorKind::kDisk, Reach::kMaybe);
    server.wait_notes(1);
    ASSERT_STR(server.notes().front(), "75000 cut");
}

// A hundred bytes, and then nothing for ever.
class SilentBody final : public BodySource {
public:
    Coming coming(std::uint64_t offset, Duration most) override
    {
        if (offset == 0)
            return Coming::kBytes;
        if (cancel_when_silent)
            g_cancellable_cancel(cancel_when_silent);
        g_usleep(static_cast<gulong>(
            std::chrono::duration_cast<std::chrono::microseconds>(most).count()));
        return Coming::kNothingYet;
    }

    Result<std::size_t> read(std::uint64_t, std::span<std::byte> out) override
    {
        out[0] = std::byte{1};
        return std::min<std::size_t>(out.size(), 100);
    }

    GCancellable *cancel_when_silent = nullptr; // not owned
};

void open_body_that_is_cancelled_has_no_end()
{
    RawServer *seen = nullptr;
    RawServer server({[&seen](RawConnection &peer) {
        peer.read_head();
        bool whole = false;
        const std::string body = read_chunks(peer, whole);
        seen->note(cat(body.size(), whole ? " whole" : " cut"));
    }});
    seen = &server;
    Fixture f;
    f.request.open_body = true;
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    SilentBody silent;
    silent.cancel_when_silent = cancel.get();
    failed(f.patch(server.url(), silent, 0, cancel.get()), ErrorKind::kCancelled, Reach::kMaybe);
    server.wait_notes(1);
    ASSERT_STR(server.notes().back(), "100 cut");
}

// While nothing comes, the server's word is heard.
void answer_while_an_open_body_is_silent()
{
    RawServer server({[](RawConnection &peer) {
        peer.read_head();
        peer.read_bytes(10);
        peer.answer("413 Too Large");
        peer.hold();
    }});
    Fixture f;
    f.request.timeout = seconds(600); // nobody waits for that
    SilentBody silent;
    f.request.open_body = true;
    g_assert_cmpint(answered(f.patch(server.url(), silent, 0)).status, ==, 413);
    RawServer deaf({[](RawConnection &peer) {
        peer.read_head();
        peer.hold();
    }});
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    silent.cancel_when_silent = cancel.get();
    failed(f.patch(deaf.url(), silent, 0, cancel.get()), ErrorKind::kCancelled, Reach::kMaybe);
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
    add_test("/transport/open-body/chunked", open_body_is_chunked);
    add_test("/transport/open-body/fails", open_body_that_fails_has_no_end);
    add_test("/transport/open-body/cancelled", open_body_that_is_cancelled_has_no_end);
    add_test("/transport/open-body/silent", answer_while_an_open_body_is_silent);
    add_test("/transport/body/error-is-the-failure", body_source_error_is_the_failure);
    add_test("/transport/body/early-end-is-a-failure", body_source_that_ends_early_is_a_failure);
    return g_test_run();
}
