// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How long the machine goes on when things go wrong: since when there is trouble, how often what
// happened, the pause before the next attempt, and when it is enough. A value; time comes in with
// Input. It decides nothing about the protocol, and reports are handed back to whoever asked.
//
// * A trouble lasts from the first failure (failed()) to the first progress (progress()).
// * Every "at most N times" is a row of one table in patience.cpp, with its reason.
#pragma once

#include "tus/events.h"
#include "tus/retry_policy.h"

#include <array>
#include <cstdint>
#include <optional>

namespace gsttus {

// What may happen a few times. Rows of the table in patience.cpp, in this order.
enum class Mishap {
    kDeadConnection, // a kept-alive connection was dead
    kRedirect,       // followed
    kAbsence,        // PATCH: 404
    kLost,           // HEAD: 404, 410
    kOddOffset,      // HEAD: an offset that can not be, or too far back
    kContradiction,  // the server's length does not fit the recording
    kRefusal,        // a creation that is made anew, or the joining
    kNoHead,         // HEAD has never worked, and something refuses it
    kBlind,          // without HEAD: 409 that does not tell the offset
    kUnmarked,       // an offset without Tus-Resumable
    kMethods,        // neither PATCH nor the override is taken
    kKnownLength,    // PATCH: the length is known already
    kConflict,       // 409
    kDoubt,          // an answer that may be a passing fault
    kHeadDoubt,      // the same to HEAD
    kMismatch,       // a checksum did not fit
    kCrumb,          // a PATCH was acknowledged, but hardly a byte of it
    kRenewal,        // new credentials were refused again
    kNobody,         // credentials were refused, and nobody can bring others
    kImpossible,     // an acknowledgement that can not be
    kToken,          // the metadata's token was refused
    kProbe,          // OPTIONS failed
    kSlowCreation,   // the answer to a creation did not come in time
    kNoChecksum,     // a warning
    kOtherHost,      // a warning
    kEmptyAnew,      // an empty recording could not be finished
    kHandshake,      // TLS broke before there was an upload
    kRecreation,     // the upload was lost and made anew
    kHeadWarning,
    kExpiryWarning,
    kLook,       // the HEAD of a fresh upload failed
    kSilence,    // HEAD said nothing of the length
    kProofDoubt, // HEAD, which would confirm the end, got an odd answer
    kFinish,     // the server itself failed to finish the upload
    kJoin,       // somebody holds what is to be joined
    kAssembly,   // the joined upload does not grow
    kJoinedGone, // 404 for the joined upload
    kReadBack,   // what is to be sent could not be read from the disk
    kStillHeld,  // HEAD behind an open PATCH that was cut: the server has not let go yet
};
inline constexpr std::size_t kMishaps = static_cast<std::size_t>(Mishap::kStillHeld) + 1;

class Patience {
public:
    explicit Patience(std::uint64_t seed) : retry_(seed) {}

    // --- how often -------------------------------------------------------------------------------

    // Counts one; TRUE: it is among the first that the table allows. `factor`: so many times that.
    bool allows(Mishap mishap, std::uint64_t factor = 1);
    bool exhausted(Mishap mishap) const; // the next one will not be allowed

    std::uint64_t times(Mishap mishap) const { return counts_[index(mishap)]; }

    void forget(Mishap mishap)
    {
        counts_[index(mishap)] = 0;
        since_[index(mishap)].reset();
    }

    // One more answer in a row says so. TRUE: several did, over ten seconds: it is the truth. One
    // answer alone decides nothing: a replica lags, a cluster changes.
    bool persists(Mishap mishap, TimePoint now);

    // Something else happened: rows of the server's answers begin anew.
    void break_rows();

    // What was counted about an upload that is gone.
    void forget_upload();

    // --- trouble ---------------------------------------------------------------------------------

    bool in_trouble() const { return trouble_since_.has_value(); }

    std::uint64_t attempts() const { return attempts_; } // failures in this outage

    const Error &last_trouble() const { return last_trouble_; }

    // An attempt failed. `resent`: bytes that were sent again so far.
    void failed(const Error &reason, TimePoint now, std::uint64_t resent);

    // The upload has moved. What is to be told when it was in trouble; `offset`: where it is now.
    std::optional<ReportResumed> progress(std::uint64_t offset, TimePoint now,
                                          std::uint64_t resent);

    // --- the pause after failed() ----------------------------------------------------------------

    ReportStalled pause(Trouble trouble, const Input &input, Duration retry_after);
    void rest(Duration span, const Input &input); // not a failure: a second look
    bool pause_is_over(const Input &input) const;
    Wait wait(const Input &input) const; // for the end of the pause

    // --- when it is enough -----------------------------------------------------------------------

    // outage-timeout, drain-timeout. While the body of a request moves, which it last did at
    // `moved`, that is no outage; nor is a pause, after which outage-timeout begins anew.
    std::optional<TimePoint> deadline(const Input &input, TimePoint moved = {}) const;
    std::optional<Error> given_up(const Input &input) const;

    // The counts that are to be told: bytes_resent is not known here.
    const MachineCounters &counters() const { return counters_; }

private:
    static constexpr std::size_t index(Mishap mishap) { return static_cast<std::size_t>(mishap); }

    RetryPolicy retry_;
    std::array<std::uint64_t, kMishaps> counts_{};
    std::array<std::optional<TimePoint>, kMishaps> since_{}; // persists(): the first of the row

    std::optional<TimePoint> trouble_since_;
    Error last_trouble_;
    std::uint64_t attempts_ = 0;
    std::array<std::uint64_t, kTroubles> failures_{}; // the same by Trouble: pauses grow by kind
    std::uint64_t resent_before_ = 0;                 // bytes, when the trouble began
    MachineCounters counters_;

    TimePoint pause_until_{};
    bool wake_on_network_ = false;
    std::uint64_t network_seen_ = 0, credentials_seen_ = 0;
};

} // namespace gsttus
