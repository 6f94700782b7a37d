// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The HTTP seam: one blocking call. Any HTTP status is a value; only "no answer" is a failure.
// An implementation never follows redirects, never repeats a request, never adds credentials, and
// logs nothing of them: what in an address or an answer is a secret only the caller knows.
// Everything here is called on one thread (the upload thread), except GCancellable.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gio/gio.h>

namespace gsttus {

using Header = std::pair<std::string, std::string>;
using Headers = std::vector<Header>;

// A request body, pulled while it is sent. Called on the thread that called send().
class BodySource {
public:
    virtual ~BodySource() = default;
    // Fills `out` from `offset` (bytes from the start of the body); returns how many bytes, 0 only
    // at the end. An error stops the request, which then fails with exactly this error.
    virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) = 0;

    // The same without a copy, of at most `most` bytes, for a source that has them in memory; valid
    // until the next call. As it is here, it reads them into memory of its own.
    virtual Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t most);

    enum class Coming {
        kBytes, // view() has some
        kNothingYet,
        kEnd,
    };

    // Of a body whose length is not known (HttpRequest::open_body), asked before view(): whether
    // there is more from `offset` on. May wait for it, `most` at most.
    virtual Coming coming(std::uint64_t, Duration) { return Coming::kEnd; }

private:
    std::vector<std::byte> buffer_; // of view()
};

struct HttpRequest {
    std::string method;
    std::string url;
    Headers headers;               // Content-Type and Content-Length come from the next three
    BodySource *body = nullptr;    // owned by the caller, who outlives the call; nullptr: no body
    std::uint64_t body_length = 0; // sent as Content-Length, also when 0 and method is POST/PATCH
    bool open_body = false;        // instead: chunked (RFC 9112, 7.1), until body->coming() ends it
    std::string content_type;      // empty: none
    bool expect_continue = false;  // send "Expect: 100-continue" and wait for the go-ahead
    bool new_connection = false;   // do not use a kept-alive one
    bool with_cookies = false;     // keep and send those of this server
    Duration timeout = seconds(30);                // nothing moved for so long: failed
    Duration connect_timeout = seconds(10);        // until a connection (with TLS) stands
    std::size_t max_answer = std::size_t{1} << 20; // bytes of answer body kept; the rest is dropped
};

struct HttpResponse {
    int status = 0;
    Headers headers; // names as received; find them with header()
    std::string body;

    // First value of a header, name compared without case; nullptr when absent.
    const std::string *header(std::string_view name) const;
};

// No answer.
struct HttpFailure {
    enum class Reach {
        kNotConnected, // the request certainly never reached the server (DNS, refused, TLS, …)
        kMaybe,        // some of it may have
    };
    Error error;
    Reach reach = Reach::kMaybe;
    bool reused_connection = false; // broke on a kept-alive connection before any answer
    // Status and headers had come whole; what there is of the body is in it too.
    std::optional<HttpResponse> head{};
};

class [[nodiscard]] HttpOutcome {
public:
    HttpOutcome(HttpResponse response) : content_(std::move(response)) {}

    HttpOutcome(HttpFailure failure) : content_(std::move(failure)) {}

    const HttpResponse *response() const { return std::get_if<HttpResponse>(&content_); }

    const HttpFailure *failure() const { return std::get_if<HttpFailure>(&content_); }

private:
    std::variant<HttpResponse, HttpFailure> content_;
};

// How requests go over the line.
struct Line {
    // Bytes that the kernel lets out of a connection; 0: what the line takes, at an even pace.
    std::uint64_t most_per_second = 0;
    int dscp = -1; // 0 to 63: marks packets so; -1: as the system does

    bool operator==(const Line &) const = default;
};

class Transport {
public:
    virtual ~Transport() = default;
    // Blocks until answered, failed or cancelled (ErrorKind::kCancelled, at once).
    virtual HttpOutcome send(const HttpRequest &request, GCancellable *cancel) = 0;

    // For connections that stand and for those to come; also from a body's read(). Where the system
    // can not, it does without.
    virtual void set_line(const Line &) {}

    // Nothing will be sent for a while: connections that stand are closed.
    virtual void rest() {}

    // What to call when the network has changed, from any thread, also when the transport is gone:
    // a request whose connection has lost its own address fails then, instead of waiting for its
    // time-out. May be empty.
    virtual std::function<void()> network_listener() { return {}; }

    // The proxy that the last request went through, as an address with its login, which must be in
    // no text: the proxy may say it back. Empty: none.
    virtual std::string proxy_login() const { return {}; }

    // The header "Cookie" that the last request took along, which must be in no text either. Empty:
    // none.
    virtual std::string cookies_sent() const { return {}; }
};

} // namespace gsttus
