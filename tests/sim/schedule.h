// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One simulated upload, written down: settings, server, source and faults. The same schedule
// always runs the same way, so a failing one can be made shorter piece by piece.
#pragma once

#include "base/clock.h"
#include "tus/events.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace gsttus::sim {

// What happens to the request with a certain number. Those that make no sense for it do nothing.
enum class FaultKind {
    kOutage,      // nothing is reachable for `arg` ms; even: the network's return is announced
    kResetBefore, // the connection breaks before the server sees the request
    kResetAfter,  // ... after it has done everything: the answer is lost
    kCut,         // ... when arg/1000 of the body have arrived
    kStall,       // the same without a reset: the request times out
    kStale,       // the kept-alive connection was dead
    kStatus,      // row `arg` of kStatuses, the request has no effect
    kStatusAfter, // the same, the request has its effect
    kShort,       // the server takes arg/1000 of the body and says so
    kLie,         // the acknowledgement names an offset that can not be
    kNoOffset,    // a success without Upload-Offset
    kNoLength,    // HEAD without Upload-Length and Upload-Defer-Length
    kLate,        // the answer is lost; the bytes are stored after the next HEAD
    kRollback,    // before it, the server loses `arg` bytes of the upload
    kRollbackFar, // ... more than it may
    kLock,        // the upload is locked for `arg` ms
    kGone,        // before it, the upload is removed: 404 or 410
    kUnknown,     // 404 although the upload was there, and from now on
    kUnknownOnce, // 404 although the upload is there
    kOddOffset,   // HEAD tells an offset that is not so, once; odd: ahead of all that was sent
    kOddLength,   // HEAD tells a length that is not so, once
    kStranger,    // something answers in the server's place for a while: arg ms, row arg
    kExpired,     // the credentials are refused from now on
    kRedirect,    // 307 or 308 to another address; odd: of another host
    kHook,        // a request that completes the upload is refused when all is stored
    kNoLocation,  // 201 without Location
    kMetadata,    // the token in the metadata is refused
    kDiskFull,    // from now on the store has room for a quarter
    kExpires,     // Upload-Expires is near
    kCount,
};
const char *to_string(FaultKind kind);

struct StatusRow {
    int status;
    const char *text;
    std::uint64_t retry_after_ms;
};

inline constexpr std::array kStatuses = {
    StatusRow{500, "", 0},
    StatusRow{502, "", 0},
    StatusRow{503, "ERR_SERVER_SHUTDOWN", 0},
    StatusRow{503, "", 7000},
    StatusRow{504, "", 0},
    StatusRow{429, "", 3000},
    StatusRow{425, "", 0},
    StatusRow{408, "", 0},
    StatusRow{423, "", 0},
    StatusRow{409, "is currently being updated", 0},
    StatusRow{500, "ERR_LOCK_TIMEOUT", 0},
    StatusRow{400, "ERR_UPLOAD_INTERRUPTED", 0},
    StatusRow{400, "ERR_UNEXPECTED_EOF", 0},
    StatusRow{400, "failed", 0},
    StatusRow{411, "", 0},
    StatusRow{413, "Request Entity Too Large", 0},
    StatusRow{415, "", 0},
    StatusRow{417, "", 0},
    StatusRow{422, "", 0},
    StatusRow{460, "", 0},
    StatusRow{405, "", 0},
    StatusRow{412, "", 0},
    StatusRow{302, "", 0},
};

// What a server does with a length that is declared at the end.
enum class EndHabit {
    kNotes,
    kForgets,     // never notes it
    kForgetsOnce, // notes the second declaration
    kEmpty,       // does not know Upload-Defer-Length: the upload is one of 0 bytes
    kSilent,      // HEAD says nothing of lengths
};
const char *to_string(EndHabit habit);

// Row of an answer of whoever is not the server: any but those that say Tus-Resumable.
inline constexpr std::array kStrangers = {
    200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405,
    406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426,
    428, 429, 431, 451, 460, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 599};

struct Fault {
    std::uint32_t at = 0; // number of the request, from 0
    FaultKind kind = FaultKind::kOutage;
    std::uint64_t arg = 0;
};

struct Piece {
    std::uint64_t bytes = 0;
    Duration gap{}; // before it
};

struct Schedule {
    std::uint64_t seed = 0;
    // settings
    std::uint64_t chunk_size = 100, min_chunk_size = 0, chunk_align = 1;
    std::uint64_t growth = 1; // of a request with a backlog: so many times chunk_size
    std::uint64_t capacity = 1000, margin = 0;
    LengthMode length_mode = LengthMode::kAuto;
    bool can_spool = false;
    bool checksum = false;
    bool proved = false; // this server has noted a length before
    bool open_requests = false;
    bool real_store = false;  // bytes in a ReplayStore instead of numbers
    bool real_disk = false;   // which spills to files, by a thread that takes its time
    std::uint64_t origin = 0; // upload-url: that many bytes are there; 0: the upload is created
    Duration flush_interval{}, outage_timeout{}, drain_timeout{};
    // server
    bool silent_options = false, defers = true, concatenates = false, checks = false;
    bool keeps_cut_bodies = true;   // what arrived of a broken request counts
    bool holds_bodies = false;      // what is cut never came, whatever keeps_cut_bodies says
    bool length_before_body = true; // a declared length counts although the body broke
    bool refuses_empty_patch = false;
    bool refuses_patch = false; // the method: wants the override
    bool knows_override = true; // FALSE: a POST is a creation, whatever it says
    bool marks_answers = true;  // Tus-Resumable
    bool refuses_head = false;  // something in between does not let it through
    bool announces_max_size = false;
    std::uint64_t max_size = 0;    // 0: any
    std::uint64_t proxy_limit = 0; // of a request's body; 0: any
    EndHabit end_habit = EndHabit::kNotes;
    unsigned finish_fails = 0;   // so many requests that complete an upload get 500
    bool moves_away = false;     // what is complete is not found there any more
    unsigned assembly = 0;       // HEADs of a joined upload before it is whole
    bool joins_wrongly = false;  // a byte is missing
    unsigned join_conflicts = 0; // so many joinings get 409
    unsigned dead_endpoints = 0;
    bool secret = false;  // the metadata is not for other hosts
    unsigned renewal = 0; // 0: at once, 1: after a while, 2: never
    // source: the recording ends `end_gap` after its last piece
    std::vector<Piece> pieces;
    Duration end_gap{};
    std::vector<Fault> faults; // by number of the request
};

Schedule make_schedule(std::uint64_t seed);
std::string describe(const Schedule &schedule);
std::string describe(const Fault &fault);

} // namespace gsttus::sim
