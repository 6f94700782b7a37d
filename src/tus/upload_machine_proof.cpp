// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is believed of the end: the look at a fresh upload, the HEAD after the declared length, a
// length that was not noted, a finish that failed, the joining and the look at what came of it.
// An upload is complete when the server has said so, not when it has acknowledged every byte.
#include "tus/failures.h"
#include "tus/upload_machine.h"

namespace gsttus {

namespace {

// The server does not want this request, and will not want it the next time.
bool says_no(Verdict verdict)
{
    switch (verdict) {
    case Verdict::kDoubtful:
    case Verdict::kFatal:
    case Verdict::kLengthKnown:
    case Verdict::kShrink:
    case Verdict::kTooLarge:
    case Verdict::kNoExpect:
        return true;
    default:
        return false;
    }
}

bool is_gone(Verdict verdict, const Answer &answer) // Core Protocol, HEAD: 404, 410 or 403
{
    return verdict == Verdict::kGone || answer.status == 403;
}

} // namespace

bool UploadMachine::must_keep() const
{
    if (config_.keep_to_the_end)
        return is_ours();
    const bool may_be_needed = !plan_ || plan_->mode() == LengthMode::kDeferred || proof_.refuted();
    return config_.keep_until_proved && config_.length_mode == LengthMode::kAuto && !proved() &&
           may_be_needed && is_ours();
}

// Created for this recording, from its first byte on.
bool UploadMachine::is_ours() const
{
    return config_.upload_url.empty() && positions_.origin() == 0;
}

bool UploadMachine::is_whole(const Input &input) const
{
    return is_ours() && positions_.origin_known() && input.held_from <= positions_.base() &&
           positions_.acked() <= input.produced; // a recovery: the server may have more
}

// Only a HEAD is missing: the server acknowledged all bytes and the length.
bool UploadMachine::awaits_proof() const
{
    return plan_ && plan_->is_one_upload() && positions_.length_is_claimed() &&
           positions_.server_length() == positions_.acked_offset();
}

// The plan says that everything is there.
Action UploadMachine::conclude(const Input &input)
{
    // the server said no to it (a finish hook, for instance)
    if (refused_finish_)
        return fail(*refused_finish_);
    if (!positions_.length_is_claimed())
        return finish(input);
    return server_.skips_head() ? finish_unseen(input) : ask(input);
}

// Without HEAD, of which there was a warning, the acknowledgement has to do.
Action UploadMachine::finish_unseen(const Input &input)
{
    proof_.ended_unseen();
    return finish(input);
}

// --- HEAD told the offset ------------------------------------------------------------------------

// A recovery: the server was told the length, and not all that makes it up was on the disk when the
// program died. Nobody can finish that upload; of what is here another one can be made.
std::optional<Action> UploadMachine::waits_for_what_is_lost(const Answer &answer,
                                                            const Input &input)
{
    const std::uint64_t length = answer.upload_length.value_or(0);
    const std::uint64_t total = positions_.offset_of(input.produced);
    const std::uint64_t offset = answer.upload_offset.value_or(0);
    if (!config_.recovery || config_.recovery->given || !plan_->is_one_upload() ||
        length <= total || offset >= length || !is_whole(input))
        return std::nullopt;
    Error error = failures::length_of_more(length, std::max(total, offset), route_.text());
    if (proof_.assembles(offset)) // what was sent before may still be on its way
        patience_.forget(Mishap::kContradiction);
    if (!patience_.persists(Mishap::kContradiction, input.now)) // once may be a lie
        return back_off(Trouble::kLocked, error, Next::kAsk, input);
    error.message += " What is here is uploaded anew.";
    warn(std::move(error));
    if (offset <= total) // else some of it is nowhere else
        discard(route_.upload_url());
    drop_upload();
    proof_.created(false);
    plan_ = make_spool_plan();
    return proceed(input);
}

// What it says of the length, where that decides more than what is sent next.
std::optional<Action> UploadMachine::judged(const Answer &answer, const Input &input)
{
    if (mode() != LengthMode::kDeferred)
        return std::nullopt;
    proof_.end_look();
    if (answer.upload_length)
        return judged_length(*answer.upload_length, input);
    if (answer.length_deferred)
        return judged_deferred(input);
    return judged_silence(input);
}

std::optional<Action> UploadMachine::judged_length(std::uint64_t length, const Input &input)
{
    const std::uint64_t total = positions_.offset_of(end_of(view(input)).total);
    const bool agreed = length == total && end_of(view(input)).certain;
    const bool recovers = config_.recovery && is_ours();
    if ((proof_.ours() && !agreed) || (recovers && length < total)) {
        Error error = failures::other_length(length, total, route_.text());
        // made without knowing Upload-Defer-Length: that shows at once
        const bool is_made_empty = proof_.fresh() && !positions_.declared() && length == 0;
        if (!is_made_empty && !is_decided(Mishap::kContradiction, input)) // it may have lagged
            return back_off(Trouble::kLocked, error, Next::kAsk, input);
        return unfit(std::move(error), input);
    }
    if (positions_.declared() && agreed)
        proof_.shown();
    return std::nullopt;
}

std::optional<Action> UploadMachine::judged_deferred(const Input &input)
{
    proof_.deferred();
    const End end = end_of(view(input));
    if (!end.certain || positions_.acked() < end.total || !proof_.declared_again())
        return std::nullopt;
    // it refuses what is empty in any way: its row of refusals is the end
    if (end.total == 0 && !server_.may_create_empty() && patience_.times(Mishap::kDoubt) > 0)
        return std::nullopt;
    return unfit(failures::length_not_noted(positions_.acked_offset(), route_.text()), input);
}

// Neither a length nor that there is none.
std::optional<Action> UploadMachine::judged_silence(const Input &input)
{
    const bool at_start = proof_.fresh() && !positions_.declared();
    const bool matters = at_start || awaits_proof();
    // it has said one that can not be: whether it stays with that is not known yet
    const bool is_doubted = patience_.times(Mishap::kContradiction) > 0;
    const Error error = failures::silent_about_length(positions_.acked_offset(), route_.text());
    if ((matters || is_doubted) && patience_.allows(Mishap::kSilence))
        return back_off(Trouble::kBusy, error, Next::kAsk, input);
    if (!matters)
        return std::nullopt;
    if (at_start || !proved())
        return unfit(error, input);
    // something hides what this server is known to do
    positions_.length_told(positions_.server_length(), false);
    return std::nullopt;
}

// This upload will not be what the recording needs.
Action UploadMachine::unfit(Error error, const Input &input)
{
    if (is_cut_off(server_, positions_, input))
        return fail(failures::cut_off_unfinished(std::move(error), *server_.max_size()));
    if (!is_whole(input))
        return fail(std::move(error));
    litter_.push_back(route_.upload_url());
    const bool began = positions_.acked() > positions_.base();
    drop_upload();
    proof_.created(false);
    if (began) // its bytes are needed once more
        proof_.disproved();
    if (!input.ended)
        return without_defer(input, error);
    warn(failures::uploaded_anew(std::move(error)));
    plan_ = make_spool_plan();
    return proceed(input);
}

// --- HEAD was refused, or not answered -----------------------------------------------------------

std::optional<Action> UploadMachine::refused_proof(Verdict verdict, const Answer &answer,
                                                   const Input &input)
{
    const bool redirect = verdict == Verdict::kRedirect;
    if (awaits_proof() && !redirect)
        return refused_confirmation(verdict, answer, input);
    if (!proof_.looks() || redirect || verdict == Verdict::kGone || answer.status == 401)
        return std::nullopt;
    const bool passes = verdict == Verdict::kBusy || verdict == Verdict::kLocked;
    if (!passes) {
        proof_.end_look(); // the end will show
        return proceed(input);
    }
    return back_off(trouble_of(answer), describe(RequestKind::kHead, answer, route_.text()),
                    after_failed_look(), input, answer.retry_after);
}

std::optional<Action> UploadMachine::refused_confirmation(Verdict verdict, const Answer &answer,
                                                          const Input &input)
{
    // perhaps it is about the credentials: new ones would tell
    if (answer.status == 403 && patience_.times(Mishap::kRenewal) == 0)
        return renew(answer, RequestKind::kHead, Next::kAsk);
    Error error = describe(RequestKind::kHead, answer, route_.text());
    if (is_gone(verdict, answer)) {
        // it was seen, and did not know that it is complete: it takes more than one answer then
        const bool is_doubted = proof_.declared_again() && !is_decided(Mishap::kLost, input);
        return is_doubted ? back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after)
                          : moved_away(answer, input);
    }
    if (answer.status == 405 || answer.status == 501)
        return without_confirmation(std::move(error), input, answer.retry_after);
    const bool odd = verdict == Verdict::kSuccess || says_no(verdict); // without an offset
    if (!odd)
        return std::nullopt;
    return unless_it_passes(Mishap::kProofDoubt, std::move(error), Next::kAsk, input,
                            answer.retry_after);
}

// HEAD is not possible: at once where it never was; where it got through before, when that stays.
Action UploadMachine::without_confirmation(Error error, const Input &input, Duration retry_after)
{
    if (server_.head_works() && !is_decided(Mishap::kProofDoubt, input))
        return back_off(Trouble::kLocked, error, Next::kAsk, input, retry_after);
    warn(failures::not_confirmed(std::move(error)));
    return finish_unseen(input);
}

// A fresh upload that cannot be looked at is sent to all the same.
UploadMachine::Next UploadMachine::after_failed_look()
{
    if (!proof_.looks() || patience_.allows(Mishap::kLook))
        return Next::kAsk;
    proof_.end_look();
    return Next::kProceed;
}

// --- the request that completes an upload --------------------------------------------------------

// What its refusal says of the end.
void UploadMachine::note_refusal(Verdict verdict, const Answer &answer)
{
    // one with a body may have been refused for that; one without it, as too large, for the length
    const bool is_about_size = verdict == Verdict::kShrink || verdict == Verdict::kTooLarge;
    if (positions_.patch_declares() && positions_.patch_was_empty() && says_no(verdict) &&
        !is_about_size)
        proof_.declaration_answered();
    const bool failed =
        verdict == Verdict::kBusy && answer.status >= 500 && trouble_of(answer) != Trouble::kLocked;
    if (!failed || !positions_.patch_completes() || !proof_.is_the_servers(answer))
        return;
    (void)patience_.allows(Mishap::kFinish);
    proof_.unfinished(describe(RequestKind::kPatch, answer, route_.text()));
}

// All bytes are there, but the server failed when it had them.
bool UploadMachine::must_finish() const
{
    return proof_.unfinished() && route_.has_upload() &&
           positions_.server_length() == positions_.acked_offset();
}

// An empty PATCH at the end asks it to try again.
Action UploadMachine::ask_to_finish(const Input &input)
{
    // it does not like what it got; 403 may be about credentials, which are new by now
    if (refused_finish_ && refused_finish_->http_status != 403)
        return fail(*refused_finish_);
    if (patience_.exhausted(Mishap::kFinish) && input.ended)
        return not_finished(input);
    return patch(SendBytes{positions_.acked(), std::nullopt}, input);
}

bool UploadMachine::refuses_to_finish(Verdict verdict) const
{
    return proof_.unfinished() && positions_.patch_was_empty() && !positions_.patch_declares() &&
           says_no(verdict);
}

Action UploadMachine::refused_to_finish(const Answer &answer, const Input &input)
{
    if (is_decided(Mishap::kDoubt, input))
        return not_finished(input);
    return back_off(Trouble::kBusy, describe(RequestKind::kPatch, answer, route_.text()),
                    Next::kAsk, input, answer.retry_after);
}

Action UploadMachine::not_finished(const Input &input)
{
    Error error = failures::not_finished(*proof_.unfinished());
    if (plan_->is_one_upload() || patience_.exhausted(Mishap::kRecreation))
        return fail(std::move(error));
    // a partial upload is made again, its bytes are all here
    (void)patience_.allows(Mishap::kRecreation);
    litter_.push_back(route_.upload_url());
    drop_upload();
    proof_.created(false);
    return back_off(Trouble::kBusy, error, Next::kResolve, input);
}

// --- POST Upload-Concat: final -------------------------------------------------------------------

Action UploadMachine::on_joining(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event))
        return creation_unanswered(*failure, Next::kJoin, input);
    const auto &answer = std::get<Answer>(event);
    Error error = describe(RequestKind::kCreate, answer, route_.text());
    switch (classify(RequestKind::kCreate, answer)) {
    case Verdict::kSuccess:
        return joined(answer, input);
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kCreate, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kCreate, Next::kJoin);
    case Verdict::kMetadata:
        return fresh_token(answer, input);
    case Verdict::kBusy:
        return back_off(trouble_of(answer), error, Next::kJoin, input, answer.retry_after);
    case Verdict::kLocked:
        if (!patience_.allows(Mishap::kJoin))
            return fail(std::move(error));
        return back_off(Trouble::kLocked, error, Next::kJoin, input, answer.retry_after);
    case Verdict::kGone:
        error.kind = ErrorKind::kUploadLost;
        error.message += " A partial upload is gone.";
        return refused_creation(std::move(error), input, answer.retry_after);
    default:
        return refused_creation(std::move(error), input, answer.retry_after);
    }
}

// --- the joined upload ---------------------------------------------------------------------------

Action UploadMachine::joined(const Answer &answer, const Input &input)
{
    if (!answer.refused_location.empty())
        return fail(failures::leaves_tls(answer.status, answer.refused_location));
    if (answer.location.empty())
        return refused_creation(failures::joined_nowhere(), input, answer.retry_after);
    route_.created(answer.location);
    proof_.joined();
    recovered(input);
    return ask(input);
}

Action UploadMachine::on_joined(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event)) {
        route_.leave_detour();
        return no_answer(*failure, Next::kAsk, input);
    }
    const auto &answer = std::get<Answer>(event);
    const Verdict verdict = classify(RequestKind::kHead, answer);
    if (verdict == Verdict::kSuccess)
        return joined_is(answer, input);
    if (is_gone(verdict, answer))
        return joined_is_gone(answer, input);
    Error error = describe(RequestKind::kHead, answer, route_.text());
    switch (verdict) {
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kHead, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kHead, Next::kAsk);
    case Verdict::kBusy:
    case Verdict::kLocked:
        return back_off(trouble_of(answer), error, Next::kAsk, input, answer.retry_after);
    default:
        break;
    }
    if (answer.status == 405 || answer.status == 501)
        return without_confirmation(std::move(error), input, answer.retry_after);
    return unless_it_passes(Mishap::kProofDoubt, std::move(error), Next::kAsk, input,
                            answer.retry_after);
}

// Some servers put the parts together after the answer: Upload-Offset is missing or grows until
// that is done (Concatenation).
Action UploadMachine::joined_is(const Answer &answer, const Input &input)
{
    const std::uint64_t total = positions_.acked();
    if (answer.upload_length || answer.upload_offset)
        server_.head_worked();
    if (answer.upload_length == total && answer.upload_offset == total)
        return finish(input);
    if (answer.upload_length.value_or(total) != total || answer.upload_offset.value_or(0) > total) {
        Error error = failures::joined_wrongly(answer, total, route_.text());
        (void)proof_.assembles(0); // it was seen, and is not what it should be
        if (proof_.was_joined_before())
            return patience_.persists(Mishap::kContradiction, input.now)
                       ? join_again(std::move(error), true)
                       : back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
        return unless_it_passes(Mishap::kContradiction, std::move(error), Next::kAsk, input,
                                answer.retry_after);
    }
    Error error = failures::not_joined_yet(answer.upload_offset.value_or(0), total, route_.text());
    error.http_status = answer.status;
    if (proof_.assembles(answer.upload_offset.value_or(0)))
        patience_.forget(Mishap::kAssembly);
    if (!patience_.allows(Mishap::kAssembly))
        return proof_.was_joined_before() ? join_again(std::move(error), true)
                                          : fail(std::move(error));
    return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
}

// What another process joined may have been given up for that, and be as it was then: there are the
// parts.
Action UploadMachine::join_again(Error error, bool is_there)
{
    error.message += " Its parts are joined once more.";
    warn(std::move(error));
    if (is_there)
        discard(route_.upload_url());
    proof_.join_again();
    patience_.forget(Mishap::kJoinedGone); // of the new one nothing has been seen
    patience_.forget(Mishap::kAssembly);
    drop_upload();
    return resolve(false);
}

// Moved away, as finished files are; unless it was seen before it was whole, or the server of a
// cluster that was asked has not heard of it yet.
Action UploadMachine::joined_is_gone(const Answer &answer, const Input &input)
{
    Error error = describe(RequestKind::kHead, answer, route_.text());
    error.kind = ErrorKind::kUploadLost;
    route_.leave_detour();
    if (patience_.allows(Mishap::kJoinedGone))
        return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
    if (proof_.was_joined_before()) // whether it ever was complete, nobody has seen
        return join_again(std::move(error), false);
    if (proof_.seen_incomplete())
        return fail(std::move(error));
    return moved_away(answer, input);
}

// Servers do that with what is complete.
Action UploadMachine::moved_away(const Answer &answer, const Input &input)
{
    reports_.emplace_back(ReportNote{failures::moved_away(answer.status, route_.text())});
    return finish(input);
}

} // namespace gsttus
