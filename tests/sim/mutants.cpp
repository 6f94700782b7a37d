// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mutants.h"

#include <algorithm>
#include <array>

namespace gsttus::sim {

const char *to_string(Mutation mutation)
{
    constexpr std::array<const char *, static_cast<std::size_t>(Mutation::kCount)> kNames = {
        "none",
        "believes-every-success",
        "believes-every-answer",
        "releases-what-is-sent",
        "releases-open-parts",
        "never-releases",
        "retries-without-asking",
        "creates-after-failed-head",
        "creates-after-failed-patch",
        "repeats-length",
        "forgets-length",
        "declares-early",
        "offset-too-high",
        "offset-too-low",
        "skips-byte",
        "repeats-byte",
        "loses-last-byte",
        "holds-nothing-back",
        "no-pauses",
        "long-pauses",
        "ignores-retry-after",
        "ignores-alignment",
        "ignores-chunk-size",
        "ignores-end",
        "sleeps-through-time",
        "ignores-blocked-writer",
        "gives-up-at-once",
        "finishes-early",
        "finishes-without-joining",
        "joins-backwards",
        "joins-without-one",
        "takes-secrets-along",
        "hides-hook-refusal",
        "asks-during-patch",
        "ignores-rollback",
        "believes-the-acknowledgement",
        "believes-the-join",
        "hides-finish-failure",
        "starts-anew-without-all",
        "believes-one-head",
        "believes-stranger",
        "believes-the-cut",
        "forgets-carried",
    };
    return kNames[static_cast<std::size_t>(mutation)];
}

std::uint64_t Driver::releasable(const Input &input) const
{
    switch (mutation_) {
    case Mutation::kReleasesWhatIsSent:
        return std::min(machine_.taken(), input.produced);
    case Mutation::kReleasesOpenParts:
        return machine_.acked();
    case Mutation::kNeverReleases:
        return 0;
    default:
        return machine_.releasable();
    }
}

Action Driver::mutated(Event event, Input input)
{
    if (finished_)
        return Finished{};
    change_event(event, input);
    if (mutation_ == Mutation::kLosesLastByte && input.ended && input.produced > 1)
        --input.produced;
    if (mutation_ == Mutation::kHoldsNothingBack && !input.ended && input.produced > 0 &&
        machine_.mode() == LengthMode::kDeferred)
        ++input.produced;
    if (mutation_ == Mutation::kIgnoresBlockedWriter)
        input.writer_blocked = false;
    if (mutation_ == Mutation::kStartsAnewWithoutAll)
        input.held_from = 0;
    const bool joining = machine_.state() == State::kJoining;
    const auto *answer = std::get_if<Answer>(&event);
    const bool acknowledges = patching_ && last_.declare_length && answer &&
                              answer->upload_offset == last_.declare_length;
    Action action = mutation_ == Mutation::kBelievesOneHead && asking_
                        ? believe(event, input)
                        : machine_.step(event, input);
    const bool asks = std::holds_alternative<Head>(action);
    if (asks && ((mutation_ == Mutation::kBelievesTheAcknowledgement && acknowledges) ||
                 (mutation_ == Mutation::kBelievesTheJoin && joining))) {
        finished_ = true;
        return Finished{};
    }
    if (mutation_ == Mutation::kRetriesWithoutAsking && patching_ &&
        std::holds_alternative<Head>(action)) {
        Answer known;
        known.status = 200;
        known.upload_offset = last_.server_offset;
        action = machine_.step(known, input);
    }
    while (mutation_ == Mutation::kNoPauses && machine_.state() == State::kWaiting) {
        Input later = input;
        later.now = *std::get_if<Wait>(&action)->until;
        action = machine_.step(Tick{}, later);
    }
    if (mutation_ == Mutation::kFinishesWithoutJoining) {
        const auto *create = std::get_if<Create>(&action);
        if (create && !create->final_of.empty()) {
            finished_ = true;
            return Finished{};
        }
    }
    if (mutation_ == Mutation::kFinishesEarly && patching_ && last_.declare_length &&
        !std::holds_alternative<Failed>(action)) {
        finished_ = true;
        return Finished{};
    }
    return changed(std::move(action), input);
}

// What one HEAD says counts as if it had been heard for long enough.
Action Driver::believe(const Event &event, Input input)
{
    Action action = machine_.step(event, input);
    const auto *answer = std::get_if<Answer>(&event);
    const bool speaks_against =
        answer && answer->resumable &&
        (answer->status == 404 || answer->status == 410 || answer->upload_offset.has_value());
    for (int n = 0; n < 20 && speaks_against && machine_.state() == State::kWaiting; ++n) {
        input.now = *std::get_if<Wait>(&action)->until;
        action = machine_.step(Tick{}, input);
        if (std::holds_alternative<Head>(action))
            action = machine_.step(event, input);
    }
    return action;
}

void Driver::change_event(Event &event, const Input &)
{
    auto *answer = std::get_if<Answer>(&event);
    const bool success = answer && answer->status >= 200 && answer->status < 300;
    const std::uint64_t whole = last_.server_offset + (last_.to - last_.from);
    short_ = patching_ && success && answer->upload_offset && *answer->upload_offset < whole;
    switch (mutation_) {
    case Mutation::kBelievesEverySuccess:
        if (patching_ && success)
            answer->upload_offset = whole;
        break;
    case Mutation::kBelievesEveryAnswer:
        if (patching_ && answer) {
            answer->status = 204;
            answer->upload_offset = whole;
        }
        break;
    case Mutation::kCreatesAfterFailedHead:
        if (asking_ && !success) {
            Answer gone;
            gone.status = 404;
            event = gone;
        }
        break;
    case Mutation::kIgnoresRetryAfter:
        if (answer)
            answer->retry_after = {};
        break;
    case Mutation::kGivesUpAtOnce:
        if (answer && answer->status >= 500)
            answer->status = 412;
        break;
    case Mutation::kTakesSecretsAlong:
        if (answer)
            answer->location_other_host = false;
        break;
    case Mutation::kHidesHookRefusal:
        if (patching_ && answer && answer->status == 422)
            answer->status = 500;
        break;
    case Mutation::kHidesFinishFailure:
        if (patching_ && answer && answer->status >= 500) {
            answer->status = 504;
            answer->speaks_tus = answer->resumable = false;
        }
        break;
    case Mutation::kBelievesStranger:
        if (answer)
            answer->resumable = true;
        break;
    case Mutation::kBelievesTheCut:
        if (const auto *failure = std::get_if<NoAnswer>(&event); failure && failure->cut) {
            Answer all;
            all.status = 204;
            all.resumable = true;
            all.upload_offset = whole;
            all.carried = failure->carried;
            event = all;
        }
        break;
    case Mutation::kForgetsCarried:
        if (answer && patching_)
            answer->carried = std::min(answer->carried, last_.to - last_.from);
        break;
    case Mutation::kIgnoresRollback:
        if (asking_ && success && answer->upload_offset)
            answer->upload_offset = std::max(*answer->upload_offset, highest_);
        if (success && answer->upload_offset)
            highest_ = std::max(highest_, *answer->upload_offset);
        break;
    default:
        break;
    }
}

void Driver::change_patch(Patch &patch, const Input &input)
{
    const bool at_end = input.ended && patch.to == input.produced;
    switch (mutation_) {
    case Mutation::kRepeatsLength:
        if (at_end)
            patch.declare_length = patch.server_offset + (patch.to - patch.from);
        break;
    case Mutation::kForgetsLength:
        patch.declare_length.reset();
        break;
    case Mutation::kDeclaresEarly:
        if (patch.to + 1 == input.produced && !patch.declare_length)
            patch.declare_length = patch.server_offset + (patch.to - patch.from);
        break;
    case Mutation::kOffsetTooHigh:
        ++patch.server_offset;
        break;
    case Mutation::kOffsetTooLow:
        patch.server_offset -= std::min<std::uint64_t>(patch.server_offset, 1);
        break;
    case Mutation::kSkipsByte:
        if (patch.from > 0 && patch.to < input.produced) {
            ++patch.from;
            ++patch.to;
        }
        break;
    case Mutation::kRepeatsByte:
        if (short_ && patch.from > 0) {
            --patch.from;
            --patch.to;
        }
        break;
    case Mutation::kIgnoresAlignment:
        if (patch.to > patch.from + 1 && !patch.declare_length)
            --patch.to;
        break;
    case Mutation::kIgnoresChunkSize:
        if (!patch.declare_length)
            patch.to =
                std::max(patch.to, input.produced - std::min<std::uint64_t>(input.produced, 1));
        break;
    default:
        break;
    }
}

Action Driver::changed(Action action, const Input &input)
{
    if (mutation_ == Mutation::kCreatesAfterFailedPatch && patching_ &&
        std::holds_alternative<Head>(action)) {
        Answer gone;
        gone.status = 404;
        action = machine_.step(gone, input);
    }
    patching_ = std::holds_alternative<Patch>(action);
    asking_ = std::holds_alternative<Head>(action);
    if (auto *patch = std::get_if<Patch>(&action)) {
        change_patch(*patch, input);
        last_ = *patch;
    } else if (auto *wait = std::get_if<Wait>(&action)) {
        const bool pausing = machine_.state() == State::kWaiting;
        if (mutation_ == Mutation::kLongPauses && pausing)
            *wait->until += seconds(5);
        if (mutation_ == Mutation::kIgnoresEnd)
            wait->until_ended = false;
        if (mutation_ == Mutation::kSleepsThroughTime)
            wait->until.reset();
        if (mutation_ == Mutation::kIgnoresBlockedWriter)
            wait->until_writer_blocked = false;
    } else if (auto *create = std::get_if<Create>(&action)) {
        if (mutation_ == Mutation::kJoinsBackwards)
            std::reverse(create->final_of.begin(), create->final_of.end());
        if (mutation_ == Mutation::kJoinsWithoutOne && create->final_of.size() > 1)
            create->final_of.pop_back();
    }
    return action;
}

} // namespace gsttus::sim
