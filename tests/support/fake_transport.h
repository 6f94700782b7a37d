// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A Transport that answers from a script and remembers what it was asked. No sockets.
#pragma once

#include "http/transport.h"

#include <deque>

namespace gsttus::test {

class FakeTransport final : public Transport {
public:
    struct Seen {
        std::string method, url, body, content_type;
        Headers headers;
        Duration timeout;

        std::string header(std::string_view name) const
        {
            for (const Header &header : headers)
                if (header.first == name)
                    return header.second;
            return "";
        }
    };

    FakeTransport &answer(int status, std::string body = "", Headers headers = {})
    {
        script_.emplace_back(HttpResponse{status, std::move(headers), std::move(body)});
        return *this;
    }

    FakeTransport &fail(ErrorKind kind, HttpFailure::Reach reach, bool retryable = true)
    {
        HttpFailure failure;
        failure.error.kind = kind;
        failure.error.message = "the network is away";
        failure.error.retryable = retryable;
        failure.reach = reach;
        script_.emplace_back(std::move(failure));
        return *this;
    }

    HttpOutcome send(const HttpRequest &request, GCancellable *) override
    {
        Seen seen{request.method,       request.url,     "",
                  request.content_type, request.headers, request.timeout};
        if (request.body) {
            seen.body.resize(static_cast<std::size_t>(request.body_length));
            const auto got = request.body->read(
                0, {reinterpret_cast<std::byte *>(seen.body.data()), seen.body.size()});
            g_assert_true(got.ok() && *got == seen.body.size());
        }
        seen_.push_back(std::move(seen));
        g_assert_false(script_.empty()); // a request that the test did not expect
        HttpOutcome outcome = std::move(script_.front());
        script_.pop_front();
        return outcome;
    }

    const std::vector<Seen> &seen() const { return seen_; }

    bool done() const { return script_.empty(); }

private:
    std::deque<HttpOutcome> script_;
    std::vector<Seen> seen_;
};

} // namespace gsttus::test
