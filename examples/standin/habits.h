// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Odd habits that real tus servers, and what stands in front of them, have: each has a name that
// a user or a test can ask for. A habit is for always; what goes wrong once is a fault (fault.h).
// Does not know sockets, tus or GLib. Not thread-safe: belongs to the server's thread.
#pragma once

#include "fault.h"
#include "http_types.h"

#include <string_view>

namespace gsttus::standin {

class Upload;

// What the request that brings the last byte leads to.
enum class FinishHabit {
    kNone,
    kWhenAsked, // 500; the next request, empty or not, finishes the upload
    kNever,     // 500 each time
    kSilent,    // 500, then 204 to every request, and yet it is never finished
    kLostAnswer // finished, but something in between answers 504
};

// The habits that the tus server itself has.
struct TusHabits {
    bool forget_length = false;           // Upload-Length of a PATCH is not noted
    bool length_zero = false;             // Upload-Defer-Length is not understood: length 0
    bool length_untold = false;           // and HEAD says nothing about a length
    bool extensions_need_version = false; // OPTIONS without Tus-Resumable says nothing
    int options_status = 204;             //
    int lost_after = 0;                   // the answer about a finished upload; 0: none
    FinishHabit finish = FinishHabit::kNone;
    bool join_short = false;             // a final upload lacks its last byte
    bool needs_filetype = false;         // HEAD wants filename and filetype in the metadata
    bool holds_bodies = false;           // as a proxy that buffers: a body comes when it is whole
    bool refuses_empty_deferred = false; // no PATCH without a byte that tells the length
};

class Habits {
public:
    // "NAME" or "NAME=VALUE" each; what is not known is an error that names the ones that are.
    static Result<Habits> parse(const std::vector<std::string> &specs);

    const TusHabits &tus() const { return tus_; }

    // What the habits do to this request; `upload` is the one that it names, or nullptr.
    void before(const Request &request, const Upload *upload, Actions &actions);

    // What they add to its reply.
    void after(const Request &request, Reply &reply) const;

private:
    friend struct HabitReader;

    // One PATCH is cut, and the next HEAD tells a wrong offset.
    struct OffsetLie {
        std::uint64_t after = 0; // bytes that must be there
        bool ahead = false;
        enum class State { kWaiting, kAsked, kOver } state = State::kWaiting;
    };

    void lie(const Request &request, const Upload &upload, Actions &actions);

    TusHabits tus_{};
    FaultPlan faults_{};
    std::optional<OffsetLie> lie_{};
    std::optional<std::string> cookie_{};
    std::optional<std::string> signature_{};
    bool echo_ = false;
    bool echo_always_ = false;
    std::string told_{}; // by the latest POSTs, for echo=always
    bool head_is_get_ = false;
    bool get_is_bare_ = false;
    int refuses_chunked_ = 0;         // status; 0: it does not
    std::uint64_t refused_joins_ = 0; // that are still to come
};

// What is written behind a name: "", "[=NUMBER]" or another word in capitals, "[=one|other]".
struct HabitName {
    std::string_view name;
    std::string_view value;
};

std::vector<HabitName> all_habits();

// One line per habit, for --help.
std::string habit_help();

} // namespace gsttus::standin
