// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whom to believe, before any state looks at an answer: an answer that is not the server's delays
// and decides nothing; of those that are, a single one decides nothing against an upload that has
// worked. Who is speaking: speaker.h. How often is often enough: Patience::persists().
#include "tus/failures.h"
#include "tus/upload_machine.h"

#include <algorithm>

namespace gsttus {

// What the open request is, by the state; nullopt: nothing that belongs to an upload.
std::optional<RequestKind> UploadMachine::asked() const
{
    switch (state_) {
    case State::kCreating:
    case State::kJoining:
        return RequestKind::kCreate;
    case State::kPatching:
        return RequestKind::kPatch;
    case State::kAsking:
        return RequestKind::kHead;
    default:
        return std::nullopt;
    }
}

// The same once more, as far as that may be: after a PATCH the server is asked where it stands.
UploadMachine::Next UploadMachine::once_more() const
{
    if (state_ == State::kCreating)
        return Next::kCreate;
    return state_ == State::kJoining ? Next::kJoin : Next::kAsk;
}

// What happens instead of what the state makes of it; nullopt: the server spoke.
std::optional<Action> UploadMachine::hear(const Event &event, const Input &input)
{
    const std::optional<RequestKind> request = asked();
    if (!request)
        return std::nullopt;
    if (const auto *failure = std::get_if<NoAnswer>(&event); failure && speaker_.worked()) {
        if (!failure->reused_connection)
            patience_.break_rows();
        route_.endpoint_returns(); // who sent us there was perhaps not the server
    }
    const auto *answer = std::get_if<Answer>(&event);
    if (!answer)
        return std::nullopt;
    if (speaker_.is_stranger(*request, *answer)) {
        // An offset is a tus server's word. One that drops the header from now on is believed
        // when it stays with that.
        if (!Speaker::sounds_right(*request, *answer) ||
            !patience_.persists(Mishap::kUnmarked, input.now))
            return stranger(*answer, *request, input);
        speaker_.accept_without(*request);
    }
    speaker_.heard(*request, *answer);
    const bool refuses = answer->status == 405 || answer->status == 501;
    if (*request == RequestKind::kHead && answer->resumable && !refuses)
        patience_.forget(Mishap::kNoHead); // it gets through
    return std::nullopt;
}

Action UploadMachine::stranger(const Answer &answer, RequestKind request, const Input &input)
{
    const Error error = describe_stranger(request, answer, route_.text());
    const Verdict verdict = classify(request, answer);
    const Next next = once_more();
    if (verdict == Verdict::kGone && route_.may_be_misled())
        return misled(answer, input);
    if (verdict == Verdict::kRedirect) // a load balancer can not know of Tus-Resumable
        return redirected(answer, request, input);
    if (!Speaker::sounds_right(request, answer))
        patience_.break_rows();
    leave_wrong_ways();
    if (request == RequestKind::kPatch && is_about_the_method(verdict, answer))
        return ask(input);
    if (verdict == Verdict::kRenew) // a gateway that wants credentials
        return renew(answer, request, next);
    if (verdict == Verdict::kMetadata && patience_.allows(Mishap::kToken))
        return resolve(true);
    // At the end nobody would look again: what stands there for a moment must not be the last word.
    const bool is_last = awaits_proof() || proof_.is_joined();
    if (request == RequestKind::kHead && patch_without_head(verdict, answer, input) &&
        (!is_last || server_.refuses_head() || patience_.persists(Mishap::kNoHead, input.now)))
        return without_head(error, input);
    if (request == RequestKind::kPatch) {
        if (std::optional<Action> other = another_way(verdict, answer, input))
            return std::move(*other);
    }
    return back_off(Trouble::kBusy, error, next, input, answer.retry_after);
}

// What a proxy refuses may be sent in another way. Where nothing is left to try: nullopt.
std::optional<Action> UploadMachine::another_way(Verdict verdict, const Answer &answer,
                                                 const Input &input)
{
    switch (verdict) {
    case Verdict::kShrink:
    case Verdict::kTooLarge: // of the upload's size it knows nothing
        if (last_size() > least_size())
            return shrink(answer, input);
        break;
    case Verdict::kNoExpect:
        if (server_.accept_no_expect())
            return ask(input);
        break;
    case Verdict::kNoMethod:
        if (server_.method_works())
            break;
        if (server_.overrides_method()) {
            server_.try_patch_again(); // neither gets through: in turn
            break;
        }
        if (!server_.override_method())
            break;
        return ask(input);
    case Verdict::kBusy:
        note_timeout(answer, input);
        break;
    default:
        break;
    }
    return std::nullopt;
}

// The server does not take the override that a refusal of PATCH led to: that was somebody else's,
// or passed. A server that makes another upload of it never gets it again.
bool UploadMachine::override_was_wrong(Verdict verdict, const Answer &answer, const Input &input)
{
    if (!server_.overrides_method() || server_.method_works())
        return false;
    const bool refused = verdict == Verdict::kNoMethod || verdict == Verdict::kDoubtful ||
                         verdict == Verdict::kFatal || verdict == Verdict::kGone;
    const bool created = answer.status == 201 && !answer.location.empty();
    if (!created && (!refused || !answer.resumable))
        return false;
    if (created) {
        server_.override_is_useless();
        litter_.push_back(answer.location);
    }
    server_.try_patch_again();
    return created || !patience_.persists(Mishap::kMethods, input.now); // nor does it take PATCH
}

// Back from where somebody sent us who was perhaps not the server.
void UploadMachine::leave_wrong_ways()
{
    const bool moved = route_.endpoint_returns();
    if (moved || route_.on_detour())
        patience_.forget(Mishap::kRedirect);
    route_.leave_detour();
}

// One answer never decides against an upload that has worked.
bool UploadMachine::is_decided(Mishap row, const Input &input)
{
    return !speaker_.worked() || patience_.persists(row, input.now);
}

// Another refusal of PATCH: what the one before said was not how it is.
void UploadMachine::begin_rows_anew(Verdict verdict)
{
    if (verdict != Verdict::kGone)
        patience_.forget(Mishap::kAbsence);
    if (verdict != Verdict::kLengthKnown)
        patience_.forget(Mishap::kKnownLength);
    if (verdict != Verdict::kConflict)
        patience_.forget(Mishap::kBlind);
}

Action UploadMachine::unless_it_passes(Mishap row, Error error, Next next, const Input &input,
                                       Duration retry_after)
{
    if (is_decided(row, input))
        return fail(std::move(error));
    return back_off(Trouble::kLocked, error, next, input, retry_after);
}

Action UploadMachine::refused_creation(Error error, const Input &input, Duration retry_after)
{
    const Next next = once_more();
    if (speaker_.worked())
        leave_wrong_ways();
    return unless_it_passes(Mishap::kRefusal, std::move(error), next, input, retry_after);
}

// HEAD has never told an offset, and something refuses it: by its method at once, in another way
// when it stays with that.
bool UploadMachine::patch_without_head(Verdict verdict, const Answer &answer, const Input &input)
{
    if (server_.head_works() || !positions_.origin_known() || !speaker_.worked() ||
        config_.recovery || answer.upload_offset || verdict == Verdict::kGone)
        return false;
    if (answer.status == 405 || answer.status == 501)
        return true;
    const bool refuses =
        verdict == Verdict::kSuccess || verdict == Verdict::kFatal || verdict == Verdict::kDoubtful;
    return refuses && (server_.refuses_head() || patience_.persists(Mishap::kNoHead, input.now));
}

Action UploadMachine::without_head(const Error &error, const Input &input)
{
    if (patience_.allows(Mishap::kHeadWarning))
        warn(failures::no_head(error));
    server_.refuse_head();
    return ask(input); // as far as is known
}

// Without HEAD a refused PATCH is the only one who tells.
Action UploadMachine::learn_from_conflict(const Answer &answer, const Input &input)
{
    if (answer.upload_offset)
        return located(answer, input);
    const Error error = describe(RequestKind::kPatch, answer, route_.text());
    if (patience_.persists(Mishap::kBlind, input.now))
        return make_anew(error, input, answer.retry_after);
    server_.try_head_again();
    return back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
}

} // namespace gsttus
