// The protocol decisions of one upload, without I/O, clock, threads or randomness of its own:
// step(event, input) -> the one action to do next. The worker does it and reports the outcome as
// the next event. Positions in the stream start at 0; a resumed upload (upload-url) maps them to
// server offsets by adding origin().
//
// state       what is under way                          leaves on
// ----------  -----------------------------------------  ---------------------------------------
// kIdle       nothing yet                                kStarted
// kResolving  Target::resolve                            kResolved, kResolveFailed
// kProbing    OPTIONS: what can the server do            kAnswer, kNoAnswer
// kCreating   POST: make the upload (or a partial one)   kAnswer, kNoAnswer
// kSpooling   length-mode spool: wait for the end        kTick with input.ended
// kReady      waiting for bytes to send                  kTick
// kPatching   PATCH under way                            kAnswer, kNoAnswer
// kAsking     HEAD: where does the server stand          kAnswer, kNoAnswer
// kJoining    POST Upload-Concat: final                  kAnswer, kNoAnswer
// kWaiting    back-off before the request in `next_`     kTick (time, network, credentials)
// kRenewing   the application is asked for credentials   kCredentials
// kFinished   everything confirmed                       -
// kFailed     given up                                   -
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "tus/retry_policy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gsttus {

enum class LengthMode { kAuto, kDeferred, kConcatenation, kSpool };
const char *to_string(LengthMode mode);

enum class State {
    kIdle,
    kResolving,
    kProbing,
    kCreating,
    kSpooling,
    kReady,
    kPatching,
    kAsking,
    kJoining,
    kWaiting,
    kRenewing,
    kFinished,
    kFailed,
};
const char *to_string(State state);

struct MachineConfig {
    std::uint64_t chunk_size = std::uint64_t{8} << 20; // most bytes in one PATCH
    std::uint64_t min_chunk_size = 0;                  // not less before the end
    std::uint64_t chunk_align = 1;                     // every PATCH but the last
    LengthMode length_mode = LengthMode::kAuto;
    bool can_spool = true;  // the store has a disk: length-mode spool is possible
    std::string upload_url; // continue this upload; empty: create one
    std::string checksum;   // tus name of the algorithm ("sha1"); empty: none
    std::uint64_t seed = 1; // of the back-off jitter
};

// What may change while it runs, and what the worker sees, at the moment of step().
struct Input {
    TimePoint now{};
    std::uint64_t held_from = 0;            // oldest stream position that can still be read
    std::uint64_t produced = 0;             // stream position after the newest byte
    bool ended = false;                     // no byte will follow
    bool writer_blocked = false;            // the store is full and the writer waits
    std::optional<TimePoint> pending_since; // arrival of the oldest byte no PATCH has taken yet
    std::uint64_t network_changes = 0;      // counters: a change is a wake-up
    std::uint64_t credential_changes = 0;
    Duration flush_interval = milliseconds(1000);
    Duration outage_timeout = Duration::zero(); // zero: never
    Duration drain_timeout = Duration::zero();
    std::optional<TimePoint> ended_at;
};

// --- events --------------------------------------------------------------------------------------

struct Started {};

struct Resolved {
    std::vector<std::string> endpoints;
    bool follow_other_hosts = true; // FALSE: the metadata is secret
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
    std::vector<std::string> extensions; // Tus-Extension
    std::vector<std::string> checksums;  // Tus-Checksum-Algorithm
    std::vector<std::string> versions;   // Tus-Version
    bool speaks_tus = false;             // a Tus-* header was there
    std::optional<TimePoint> expires;    // Upload-Expires, on our clock
    Duration retry_after{};
    std::string text;              // start of the body, redacted
    bool refused_metadata = false; // Target::refused_metadata said so
};

struct NoAnswer {
    Error error;
    bool reached_server = true;     // FALSE: certainly not
    bool reused_connection = false; // a kept-alive connection turned out to be dead
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
};

struct Patch {
    std::string url;
    std::uint64_t server_offset = 0;             // Upload-Offset
    std::uint64_t from = 0, to = 0;              // stream positions of the body
    std::optional<std::uint64_t> declare_length; // Upload-Length
    std::string checksum;                        // algorithm, empty: none
    bool method_override = false;                // POST with X-HTTP-Method-Override: PATCH
    bool expect_continue = false;
};

struct Head {
    std::string url;
};

struct Wait {
    std::optional<TimePoint> until;              // nullopt: only the rest wakes it
    std::optional<std::uint64_t> until_produced; // wake when so many bytes are there
    bool until_first_pending = false;            // wake when pending_since becomes set
    bool until_ended = false;
    bool until_network_change = false;
    bool until_credentials_change = false;
    bool until_writer_blocked = false;
};

struct RenewCredentials {
    int status = 0;
};

struct Finished {};

struct Failed {
    Error error;
};

using Action =
    std::variant<Resolve, Options, Create, Patch, Head, Wait, RenewCredentials, Finished, Failed>;

// --- reports: what the worker tells others; collected with take_reports()
// --------------------------

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

using Report = std::variant<ReportCreated, ReportStalled, ReportResumed, ReportWarning>;

struct MachineCounters {
    std::uint64_t retries = 0, outages = 0, bytes_resent = 0;
    Duration outage_time{};
};

class UploadMachine {
public:
    explicit UploadMachine(MachineConfig config);

    // Exactly one action is open at a time: its outcome is the next event.
    Action step(const Event &event, const Input &input);

    State state() const { return state_; }

    LengthMode mode() const { return mode_; } // kAuto: not decided yet

    std::uint64_t acked() const { return acked_; } // stream position confirmed by the server

    std::uint64_t taken() const { return taken_; } // stream position that PATCHes have taken

    std::uint64_t origin() const { return origin_; } // server offset of stream position 0

    const std::string &upload_url() const { return url_; }

    const std::vector<std::string> &parts() const { return parts_; } // finished partial uploads

    const MachineCounters &counters() const { return counters_; }

    std::vector<Report> take_reports() { return std::exchange(reports_, {}); }

private:
#include "tus/upload_machine_private.inc"
};

} // namespace gsttus
