// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes back, whole, cut off or no HTTP at all.
#include "soup_transport_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

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
    {"encoded-badly",
     "GET",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
     200,
     "",
     {}},
    {"encoded-oddly",
     "GET",
     "HTTP/1.1 503 No\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nhi",
     503,
     "",
     {}},
    {"encoded-not",
     "GET",
     "HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\nContent-Length: 2\r\n\r\nhi",
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

std::string compressed(const std::string &text, GZlibCompressorFormat format)
{
    const auto converter = GRef<GConverter>::adopt(G_CONVERTER(g_zlib_compressor_new(format, 9)));
    std::string out(text.size() + 1000, '\0');
    gsize read = 0;
    gsize written = 0;
    const GConverterResult result =
        g_converter_convert(converter.get(), text.data(), text.size(), out.data(), out.size(),
                            G_CONVERTER_INPUT_AT_END, &read, &written, nullptr);
    g_assert_cmpint(result, ==, G_CONVERTER_FINISHED);
    out.resize(written);
    return out;
}

// Although it was not asked for. Its size when it is read is bounded, too.
void compressed_answer_is_read()
{
    const std::string text = "The disk is full.";
    const std::string bomb(8 << 20, 'x');
    const std::string whole = compressed(text, G_ZLIB_COMPRESSOR_FORMAT_GZIP);

    struct Row {
        const char *encoding;
        std::string sent;
        std::string read;
    };

    const Row rows[] = {
        {"gzip", whole, text},
        {"X-GZip", whole, text},
        {"deflate", compressed(text, G_ZLIB_COMPRESSOR_FORMAT_ZLIB), text},
        {"gzip", compressed(bomb, G_ZLIB_COMPRESSOR_FORMAT_GZIP), bomb.substr(0, 20000)},
        {"gzip, br", whole, ""},
        {"gzip", whole.substr(0, 5), ""},
        {"deflate", whole, ""},
    };
    for (const Row &row : rows) {
        RawServer server({[&row](RawConnection &peer) {
            peer.read_request();
            peer.answer("503 No", cat("Content-Encoding: ", row.encoding, "\r\n"), row.sent);
        }});
        Fixture f;
        f.request.max_answer = 20000;
        ASSERT_STR(answered(f.get(server.url())).body, row.read);
    }
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

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    for (const AnswerRow &row : kAnswers)
        add_row_test(cat("/transport/answer/", row.name), row, answer_is);
    add_test("/transport/answer/header-names", header_names_compare_without_case);
    add_test("/transport/answer/too-long", long_answer_is_cut_and_the_transport_goes_on);
    add_test("/transport/answer/compressed", compressed_answer_is_read);
    add_test("/transport/answer/interim-flood", interim_answers_without_end_are_a_failure);
    return g_test_run();
}
