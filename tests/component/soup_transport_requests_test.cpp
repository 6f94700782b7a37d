// What goes over the wire: the framing of requests, and bodies that fail.
#include "soup_transport_fixture.h"

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
    return g_test_run();
}
