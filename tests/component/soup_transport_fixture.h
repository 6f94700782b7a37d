// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of the transport share: bodies, a transport with a request to fill in, and what is
// expected of an outcome. The other end of the wire is tests/support/raw_server.h.
#pragma once

#include "base/text.h"
#include "http/soup_transport.h"
#include "raw_server.h"
#include "test.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

namespace gsttus::test {

using Reach = HttpFailure::Reach;

inline constexpr std::uint64_t kHuge = std::uint64_t{64} << 20; // more than sockets buffer

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

inline const HttpResponse &answered(const HttpOutcome &outcome)
{
    if (const HttpFailure *failure = outcome.failure())
        g_test_message("failed: %s [%s]", failure->error.message.c_str(),
                       failure->error.detail.c_str());
    g_assert_nonnull(outcome.response());
    return *outcome.response();
}

inline const HttpFailure &failed(const HttpOutcome &outcome, ErrorKind kind, Reach reach)
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

inline bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

// A request a line, answered 204 as long as they come; each request noted.
inline RawServer::Script answer_all(RawServer *&server)
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

} // namespace gsttus::test
