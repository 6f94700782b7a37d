// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How a length that is not known yet is handled: what is sent next, what a creation says, what may
// be released, and what "finished" means. One implementation a file: deferred_plan.cpp,
// spool_plan.cpp, concatenation_plan.cpp; another way to send is another file, and a row in
// make_length_plan(). Plans look at the rooms of the machine, answers and trouble are not theirs.
#pragma once

#include "tus/chunk_growth.h"
#include "tus/events.h"
#include "tus/machine_config.h"
#include "tus/open_requests.h"
#include "tus/positions.h"
#include "tus/route.h"
#include "tus/server.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gsttus {

// What a plan looks at. Valid for one call.
struct PlanView {
    const MachineConfig &config;
    const Server &server;
    const Input &input;
    Positions &positions;
    Route &route;
    const ChunkGrowth &growth;
    const OpenRequests &open;
};

// --- what goes next ------------------------------------------------------------------------------

struct SendBytes { // from what is confirmed
    std::uint64_t to = 0;
    std::optional<std::uint64_t> declare; // Upload-Length
    std::uint64_t open_to = 0;            // see Patch
};

struct CreateUpload {}; // see LengthPlan::creation()

struct JoinParts {};

struct WaitForBytes {
    Wait wait;
};

struct WaitForEnd { // nothing can go before
    Wait wait;
};

// Fetched late: a token from the start may have expired.
struct ResolveAgain {};

struct Done {};

struct CannotGoOn {
    Error error;
};

using Step = std::variant<SendBytes, CreateUpload, JoinParts, WaitForBytes, WaitForEnd,
                          ResolveAgain, Done, CannotGoOn>;

class LengthPlan {
public:
    virtual ~LengthPlan() = default;

    virtual LengthMode mode() const = 0;

    virtual Step next(const PlanView &view) = 0;

    // The Upload-Length of the creation that is due; nullopt: deferred.
    virtual std::optional<std::uint64_t> created_length(const PlanView &view) const = 0;

    virtual bool creates_partial() const { return false; }

    // Bytes before this stream position are never needed again but for a rollback of the server.
    virtual std::uint64_t releasable(const Positions &positions) const { return positions.acked(); }

    // The server has every byte up to the length that it said it knows.
    virtual bool stored(const Positions &positions) const;

    // A PATCH up to `to` that declares nothing completes the recording's upload.
    virtual bool finishes(const Positions &positions, std::uint64_t to) const;

    // The bytes of one upload are those of the recording: a server that has them all has it all,
    // and one that is full can take no more of it.
    virtual bool is_one_upload() const { return true; }

    // The upload that is created next is the one to tell users of.
    virtual bool announces() const { return true; }

    // All bytes are there in finished partial uploads.
    virtual bool only_joins(const Positions &) const { return false; }

    virtual const std::vector<std::string> &parts() const; // URLs of finished partial uploads

    // Everything from this stream position on had to be left out.
    virtual std::optional<std::uint64_t> left_out_from() const { return std::nullopt; }
};

std::unique_ptr<LengthPlan> make_deferred_plan();
std::unique_ptr<LengthPlan> make_spool_plan();
// `parts`: finished ones of another process, with the bytes up to stream position `until`.
std::unique_ptr<LengthPlan> make_concatenation_plan(std::vector<std::string> parts = {},
                                                    std::uint64_t until = 0);

// nullptr: not decided yet (kAuto).
std::unique_ptr<LengthPlan> make_length_plan(LengthMode mode);

// --- what plans share ----------------------------------------------------------------------------

// Where this upload ends, as far as is known now.
struct End {
    std::uint64_t total = 0; // stream position
    bool certain = false;    // no byte will follow
};

// Tus-Max-Size ends it early: what fits is finished, then that is an error.
bool is_cut_off(const Server &server, const Positions &positions, const Input &input);
End end_of(const PlanView &view);

// `size` bytes could go now. They do when there are `most` of them or they waited long enough:
// nullopt. Else what to wait for. `held_back`: bytes that are there and do not go.
std::optional<Wait> wait_for_more(const PlanView &view, std::uint64_t size, std::uint64_t most,
                                  std::uint64_t held_back);
// Less than `least` are there: until they are.
Wait wait_for_enough(const PlanView &view, std::uint64_t least, std::uint64_t held_back);

bool has_backlog(const PlanView &view);            // more than chunk-size is waiting
std::uint64_t request_limit(const PlanView &view); // bytes

// One upload that is there already: what goes next of it (deferred and spool).
Step next_of_upload(const PlanView &view);

} // namespace gsttus
