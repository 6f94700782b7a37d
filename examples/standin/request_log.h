// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The latest requests in the words of the page, without what is secret in them. Belongs to the
// server's thread.
#pragma once

#include "http_types.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace gsttus::standin {

struct RequestRow {
    std::uint64_t id = 0;      // 1: the first request of all
    std::uint64_t version = 0; // of the log, when this row changed last
    std::int64_t arrived_us = 0;
    std::string method{};
    std::string path{};
    std::string offset{};  // Upload-Offset of a PATCH
    std::string purpose{}; // Upload-Concat, without the list of parts
    std::vector<std::string> faults{};
    std::uint64_t bytes = 0; // of the body, so far
    int status = 0;          // 0: no answer (yet)
    bool over = false;
};

class RequestLog {
public:
    static constexpr std::size_t kMost = 200;

    using Mask = std::function<std::string(std::string_view)>;

    explicit RequestLog(Mask mask) : mask_(std::move(mask)) {}

    void begin(std::uint64_t id, const Request &request, const std::vector<std::string> &faults);
    void received(std::uint64_t id, std::uint64_t bytes);
    void answered(std::uint64_t id, int status);
    void over(std::uint64_t id); // answered, cut, or given up by the client

    std::uint64_t version() const { return version_; }

    std::vector<const RequestRow *> changed_since(std::uint64_t version) const;

private:
    RequestRow *find(std::uint64_t id);

    const Mask mask_;
    std::deque<RequestRow> rows_{}; // ids without gaps
    std::uint64_t version_ = 0;
};

} // namespace gsttus::standin
