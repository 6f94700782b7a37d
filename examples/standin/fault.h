// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be made to go wrong, and when: one line of text per fault (see fault_help()).
// Parses the lines and says which requests they hit; does not know sockets, tus or GLib.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "http_types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gsttus::standin {

enum class BodyKind { kText, kHtml, kJson };

enum class LocationForm { kAbsolute, kRelative, kPathAbsolute, kHttp };

struct FixedAnswer {
    int status = 0;
    BodyKind body = BodyKind::kText;
    std::string text{}; // instead of the status' own words
    std::vector<std::pair<std::string, std::string>> headers{};
};

struct Stall {
    Duration time{};
    std::uint64_t after = 0;
};

struct EarlyAnswer {
    int status = 204;
    std::uint64_t after = 0;
};

// The answer's head comes in pieces, and never ends.
struct Drip {
    int interim = 0; // this informational status again and again; 0: a byte of a header
    Duration pause{};
};

struct Redirect {
    int status = 307;
    std::string to{}; // empty: the same path below /moved
};

// Everything that the faults ask for one request, merged.
struct Actions {
    std::optional<std::uint64_t> cut_after{};
    std::optional<Stall> stall{};
    std::optional<EarlyAnswer> early{};
    std::optional<FixedAnswer> answer{};
    std::optional<Redirect> redirect{};
    std::optional<Drip> drip{};
    std::optional<std::uint64_t> accept_only{};
    std::optional<std::uint64_t> rollback{};
    std::int64_t offset_shift = 0; // added to the Upload-Offset of the reply
    std::vector<std::string> without_headers{};
    std::optional<LocationForm> location{};
    std::optional<Duration> delay{};
    bool store = false;       // what is fixed above happens after the request was carried out
    bool drop_answer = false; // carried out, then the connection is cut
    bool no_header = false;   // the header that matters: Location of POST, else Upload-Offset
    bool expire = false;
    bool forget = false;
    bool lock = false;
    bool cut_json = false;
    bool body_for_head = false;       // as if something had made a GET of the HEAD
    std::vector<std::string> specs{}; // the lines that made this

    void merge(const Actions &other);
};

// on METHOD [/PATH] WHICH: …
struct RequestFault {
    std::string method; // "ANY", "API" or a method
    std::string path{}; // prefix; empty: the tus server (GET and API: any path)
    std::uint64_t from = 1;
    std::uint64_t to = UINT64_MAX;
    std::uint64_t every = 1;
    std::optional<Duration> lasting{}; // request `from`, and all that come within this time
    Actions actions{};
    std::uint64_t seen = 0; // requests of this kind since the fault was added
    TimePoint begun{};      // when request `from` came
};

struct AwayWindow {
    Duration from{};
    Duration to{};
    bool reset = true; // outage: open connections are reset; refuse: they are closed
};

struct ConnectionFault {
    std::uint64_t bytes_per_second = 0; // 0: as fast as it goes
    std::optional<Duration> close_idle{};
    std::optional<AwayWindow> away{};
};

struct Fault {
    std::optional<RequestFault> request{};
    std::optional<ConnectionFault> connection{};
    std::string spec{};
};

Result<Fault> parse_fault(std::string_view spec);

// The grammar, for --help.
const char *fault_help();

class FaultPlan {
public:
    void add(RequestFault fault) { faults_.push_back(std::move(fault)); }

    void clear() { faults_.clear(); }

    // Counts the request against every fault, and gives what is to be done to it.
    Actions match(const Request &request);

private:
    std::vector<RequestFault> faults_;
};

} // namespace gsttus::standin
