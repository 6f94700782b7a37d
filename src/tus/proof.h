// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server has shown of the end of an upload: that it can be made without a length, that it
// noted the one that was declared, that it finished what it got. A value: what that means for the
// upload is the machine's (upload_machine_proof.cpp).
#pragma once

#include "base/error.h"
#include "tus/events.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace gsttus {

class LengthProof {
public:
    explicit LengthProof(bool proved) : proved_(proved) {}

    // This server notes a length that is declared at the end.
    bool proved() const { return proved_; }

    void shown() { proved_ = true; }

    void disproved()
    {
        proved_ = false;
        refuted_ = true;
    }

    // In this recording: its bytes are needed once more.
    bool refuted() const { return refuted_; }

    // --- an upload of ours without a length ------------------------------------------------------

    void created(bool deferred)
    {
        ours_ = fresh_ = deferred;
        looks_ = false;
        declarations_ = 0;
        unfinished_.reset();
    }

    bool ours() const { return ours_; }

    // HEAD has not told of it yet.
    bool fresh() const { return fresh_; }

    // A HEAD is due before the first byte: some servers only seem to do without a length.
    bool begin_look() { return looks_ = fresh_ && !proved_ && !defers_; }

    bool looks() const { return looks_; } // it was sent, and not answered yet

    void end_look() { looks_ = false; }

    // HEAD: the length is not known yet.
    void deferred()
    {
        defers_ = true;
        fresh_ = false;
    }

    // --- the declaration -------------------------------------------------------------------------

    // The server answered a request that declared the length: took it, or refused it.
    void declaration_answered() { ++declarations_; }

    bool declared_again() const { return declarations_ > 1; }

    // --- what it could not finish ----------------------------------------------------------------

    // The server itself said it, not a gateway in front of one that never sends Tus-Resumable.
    static bool is_the_servers(const Answer &answer)
    {
        return answer.resumable || (answer.status != 502 && answer.status != 504);
    }

    // A 5xx of the server itself answered the request that completes the upload.
    void unfinished(Error refusal) { unfinished_ = std::move(refusal); }

    const std::optional<Error> &unfinished() const { return unfinished_; }

    std::optional<Error> take_unfinished() { return std::exchange(unfinished_, std::nullopt); }

    // --- the joined upload -----------------------------------------------------------------------

    void joined() { joined_ = true; }

    bool is_joined() const { return joined_; }

    // By another process, which may have given it up.
    void joined_before() { joined_ = before_ = true; }

    bool was_joined_before() const { return before_; }

    void join_again()
    {
        joined_ = before_ = false;
        assembled_.reset();
    }

    // HEAD: it is not whole yet. TRUE: more of it than before.
    bool assembles(std::uint64_t offset)
    {
        const bool grows = !assembled_ || offset > *assembled_;
        assembled_ = offset;
        return grows;
    }

    bool seen_incomplete() const { return assembled_.has_value(); }

    // --- the end without a look ------------------------------------------------------------------

    // No HEAD was possible: what was acknowledged has to do.
    void ended_unseen() { unseen_ = true; }

    bool is_unseen() const { return unseen_; }

private:
    bool proved_;
    bool refuted_ = false;
    bool ours_ = false, fresh_ = false, looks_ = false, defers_ = false;
    std::uint64_t declarations_ = 0;
    std::optional<Error> unfinished_;
    bool joined_ = false, before_ = false, unseen_ = false;
    std::optional<std::uint64_t> assembled_;
};

} // namespace gsttus
