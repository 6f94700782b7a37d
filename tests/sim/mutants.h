// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The machine as it is, or with one mistake built around it: the simulator must notice each.
// The mistakes live here, in the events that go in and the actions that come out; the machine
// itself knows nothing of them.
#pragma once

#include "tus/upload_machine.h"

#include <string>

namespace gsttus::sim {

enum class Mutation {
    kNone,
    kBelievesEverySuccess,   // a 2xx of a PATCH means all of it, whatever Upload-Offset says
    kBelievesEveryAnswer,    // any answer to a PATCH means all of it
    kReleasesWhatIsSent,     // not what is acknowledged
    kReleasesOpenParts,      // concatenation: what is acknowledged, not what is complete
    kNeverReleases,          //
    kRetriesWithoutAsking,   // takes the offset for granted after a failure
    kCreatesAfterFailedHead, // 5xx or no answer to HEAD: a new upload
    kCreatesAfterFailedPatch,
    kRepeatsLength,              // Upload-Length with every PATCH at the end
    kForgetsLength,              // never says it
    kDeclaresEarly,              // says it when all that is there now was sent
    kOffsetTooHigh,              // Upload-Offset + 1
    kOffsetTooLow,               // Upload-Offset - 1
    kSkipsByte,                  // the body begins one byte late
    kRepeatsByte,                // the body begins one byte early after a short acknowledgement
    kLosesLastByte,              // the end is one byte early
    kHoldsNothingBack,           // the last byte goes before the end
    kNoPauses,                   // retries at once
    kLongPauses,                 // waits longer than allowed when nothing is reachable
    kIgnoresRetryAfter,          //
    kIgnoresAlignment,           //
    kIgnoresChunkSize,           //
    kIgnoresEnd,                 // does not wait for the end of the recording
    kSleepsThroughTime,          // waits without a time
    kIgnoresBlockedWriter,       //
    kGivesUpAtOnce,              // the first 5xx is final
    kFinishesEarly,              // when the last PATCH was sent, not acknowledged
    kFinishesWithoutJoining,     // concatenation: partial uploads are enough
    kJoinsBackwards,             //
    kJoinsWithoutOne,            // forgets a partial upload
    kTakesSecretsAlong,          // follows redirects to other hosts with secret metadata
    kHidesHookRefusal,           // 422 for the finished upload is taken as success
    kAsksDuringPatch,            // HEAD while a PATCH is open
    kIgnoresRollback,            // the offset of HEAD never goes back
    kBelievesTheAcknowledgement, // a 204 for the declared length is the end
    kBelievesTheJoin,            // so is a 201 for the joined upload
    kHidesFinishFailure,         // 500 for the last request is taken for a proxy's
    kStartsAnewWithoutAll,       // another upload although bytes are gone
    kBelievesOneHead,            // a HEAD that speaks against the upload is not asked again
    kBelievesStranger,           // whoever answers is the server
    kBelievesTheCut,             // what an open PATCH carried that was cut is there
    kForgetsCarried,             // an open PATCH carried what was there when it began
    kCount,
};
const char *to_string(Mutation mutation);

class Driver {
public:
    Driver(MachineConfig config, Mutation mutation)
        : machine_(std::move(config)), mutation_(mutation)
    {
    }

    Action step(const Event &event, const Input &input)
    {
        return mutation_ == Mutation::kNone ? machine_.step(event, input) : mutated(event, input);
    }

    std::uint64_t releasable(const Input &input) const;

    const UploadMachine &machine() const { return machine_; }

    UploadMachine &machine() { return machine_; }

    Mutation mutation() const { return mutation_; }

private:
    Action mutated(Event event, Input input);
    Action believe(const Event &event, Input input);
    void change_event(Event &event, const Input &input);
    Action changed(Action action, const Input &input);
    void change_patch(Patch &patch, const Input &input);

    UploadMachine machine_;
    Mutation mutation_;
    Patch last_{};
    bool asking_ = false, patching_ = false, short_ = false;
    std::uint64_t highest_ = 0;
    bool finished_ = false;
};

} // namespace gsttus::sim
