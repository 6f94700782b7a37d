// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes into the machine (events, input) and what comes out (actions, reports): plain values.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gsttus {

enum class LengthMode { kAuto, kDeferred, kConcatenation, kSpool };
const char *to_string(LengthMode mode);

// What may change while it runs, and what the worker sees, at the moment of step().
struct Input {
    TimePoint now{};
    std::uint64_t held_from = 0; // oldest stream position that can still be read
    std::uint64_t produced = 0;  // stream position after the newest byte
    bool ended = false;          // no byte will follow
    // So many bytes before `produced` are the first of the file, not the last: when it has ended.
    std::uint64_t head = 0;
    std::uint64_t head_to_come = 0;         // until then: so many at most
    bool writer_blocked = false;            // the store is full and the writer waits
    std::optional<TimePoint> pending_since; // arrival of the oldest byte no PATCH has taken yet
    std::uint64_t network_changes = 0;      // counters: a change is a wake-up
    std::uint64_t credential_changes = 0;
    Duration flush_interval = milliseconds(1000);
    Duration outage_timeout = Duration::zero(); // zero: never
    Duration drain_timeout = Duration::zero();
    std::optional<TimePoint> ended_at;
    bool paused = false;                 // the application wants nothing to be sent
    std::optional<TimePoint> resumed_at; // … until then
};

// --- events --------------------------------------------------------------------------------------

struct Started {};

struct Resolved {
    std::vector<std::string> endpoints;
    bool follow_other_hosts = true; // FALSE: the metadata is secret
    std::uint64_t header_size = 0;  // bytes of a creation's headers
};

struct ResolveFailed {
    Error error;
    bool reached_server = true;
    Duration retry_after{};
};

// An HTTP answer, its header values parsed (tus/protocol.h); absent or malformed: nullopt.
struct Answer {
    int status = 0;
    std::optional<std::uint64_t> upload_offset;
    std::optional<std::uint64_t> upload_length;
    std::optional<std::uint64_t> max_size; // Tus-Max-Size
    bool length_deferred = false;          // Upload-Defer-Length: 1
    std::string location;                  // absolute, resolved against the request's URL
    bool location_other_host = false;
    std::string refused_location;        // redacted: it leads from https to http; location is empty
    std::vector<std::string> extensions; // Tus-Extension
    std::vector<std::string> checksums;  // Tus-Checksum-Algorithm
    std::vector<std::string> versions;   // Tus-Version
    bool speaks_tus = false;             // a Tus-* header was there
    bool resumable = false;              // Tus-Resumable was: see speaker.h
    std::optional<TimePoint> expires;    // Upload-Expires, on our clock
    Duration retry_after{};
    std::string text;              // start of the body, redacted
    std::string server;            // Server, redacted
    bool refused_metadata = false; // Target::refused_metadata said so
    std::uint64_t carried = 0;     // bytes of an open PATCH's body that went
};

struct NoAnswer {
    Error error;
    bool reached_server = true;     // FALSE: certainly not
    bool reused_connection = false; // a kept-alive connection turned out to be dead
    bool paused = false;            // given up for a pause, or failed in one: nobody's fault
    bool cut = false;               // an open PATCH that was to be cut
    std::uint64_t carried = 0;      // bytes of its body that went, at most
};

struct Tick {}; // a wait ended: time, bytes, end, network or credentials

struct Credentials {
    bool renewed = false;
};

using Event = std::variant<Started, Resolved, ResolveFailed, Answer, NoAnswer, Tick, Credentials>;

// --- actions -------------------------------------------------------------------------------------

struct Resolve {
    bool refresh = false;
};

struct Options {
    std::string url;
};

struct Create {
    std::string url;
    std::optional<std::uint64_t> length; // nullopt: Upload-Defer-Length: 1
    bool partial = false;                // Upload-Concat: partial
    std::vector<std::string> final_of;   // not empty: Upload-Concat: final;…
    unsigned patience = 1;               // its answer may take so many times `timeout`
};

struct Patch {
    std::string url;
    std::uint64_t server_offset = 0; // Upload-Offset
    std::uint64_t from = 0, to = 0;  // stream positions of the body
    // Not 0: it stays open while bytes come, up to this stream position; see OpenRequests. `to` is
    // what is there already.
    std::uint64_t open_to = 0;
    bool is_proof = false; // what there is; then it is silent for a while, and is cut
    std::optional<std::uint64_t> declare_length; // Upload-Length
    std::string checksum;                        // algorithm, empty: none
    bool method_override = false;                // POST with X-HTTP-Method-Override: PATCH
    bool expect_continue = false;
};

struct Head {
    std::string url;
};

// Ends with a Tick as soon as one of these is so (or a setting changed).
struct Wait {
    std::optional<TimePoint> until;
    std::optional<std::uint64_t> until_produced; // so many bytes are there
    bool until_ended = false;
    bool until_writer_blocked = false;
    std::uint64_t network_seen = 0; // the counters of Input: another value is there
    std::uint64_t credentials_seen = 0;
};

// One that ends when network or credentials change.
inline Wait wait_from(const Input &input)
{
    Wait wait;
    wait.network_seen = input.network_changes;
    wait.credentials_seen = input.credential_changes;
    return wait;
}

struct RenewCredentials {
    int status = 0;
};

struct Finished {};

struct Failed {
    Error error;
};

using Action =
    std::variant<Resolve, Options, Create, Patch, Head, Wait, RenewCredentials, Finished, Failed>;

// --- reports: what the worker tells others; collected with take_reports() ------------------------

struct ReportCreated {
    std::string upload_url, endpoint;
    LengthMode mode;
};

struct ReportStalled {
    Error reason;
    std::uint64_t attempt = 0; // 1 for the first of an outage
    Duration retry_in{};
};

struct ReportResumed {
    std::uint64_t offset = 0; // server offset
    Duration outage_time{};
    std::uint64_t bytes_resent = 0;
};

struct ReportWarning {
    Error error;
};

struct ReportNote { // for the debug log
    std::string text;
};

using Report = std::variant<ReportCreated, ReportStalled, ReportResumed, ReportWarning, ReportNote>;

struct MachineCounters {
    std::uint64_t retries = 0, outages = 0, bytes_resent = 0;
    Duration outage_time{};
};

} // namespace gsttus
