// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// While there is an upload: what the answers to PATCH and HEAD lead to.
// What is sent when is the plan's (length_plan.h); what a status means is in answer_rules.h.
#include "tus/failures.h"
#include "tus/upload_machine.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr seconds kSecondLook{3};

// A refusal that may be about the finished upload: a hook that does not like what it got.
bool may_be_about_the_whole(Verdict verdict, int status)
{
    return status >= 400 && status < 500 &&
           (verdict == Verdict::kDoubtful || verdict == Verdict::kFatal ||
            (verdict == Verdict::kRenew && status == 403));
}

} // namespace

// --- PATCH ---------------------------------------------------------------------------------------

Action UploadMachine::patch(const SendBytes &bytes, const Input &input)
{
    Patch request;
    request.url = route_.request_url();
    request.server_offset = positions_.acked_offset();
    request.from = positions_.acked();
    request.to = bytes.to;
    request.declare_length = bytes.declare;
    request.open_to = bytes.open_to;
    request.is_proof = bytes.open_to > 0 && !open_.is_proved();
    const bool has_body = bytes.to > request.from;
    request.checksum = has_body ? server_.checksum() : std::string();
    request.method_override = server_.overrides_method();
    if (request.method_override)
        server_.override_sent();
    request.expect_continue = server_.take_expect(has_body);
    const bool finishes =
        bytes.declare ? !positions_.length_unclear() : plan_->finishes(positions_, bytes.to);
    positions_.send(bytes.to, bytes.declare.has_value(), finishes);
    if (bytes.open_to > 0)
        open_.sent();
    else
        growth_.sent(request_limit(view(input)), config_.chunk_size, input.now);
    state_ = State::kPatching;
    return request;
}

Action UploadMachine::on_patching(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event)) {
        forget_refused_finish(); // it was sent once more, and perhaps it is liked now
        server_.patch_unanswered(*failure);
        return no_answer(*failure, Next::kAsk, input);
    }
    const auto &answer = std::get<Answer>(event);
    watch_expiry(answer, input);
    const Verdict verdict = classify(RequestKind::kPatch, answer);
    if (verdict == Verdict::kInterrupted)
        forget_refused_finish();
    else if (verdict != Verdict::kConflict && verdict != Verdict::kLengthKnown)
        refused_finish_.reset(); // those two say only what is known of it
    if (positions_.patch_finishes() && may_be_about_the_whole(verdict, answer.status))
        refused_finish_ = describe(RequestKind::kPatch, answer, route_.text());
    if (is_about_the_method(verdict, answer))
        return ask(input);
    if (override_was_wrong(verdict, answer, input))
        return back_off(Trouble::kLocked, describe(RequestKind::kPatch, answer, route_.text()),
                        Next::kAsk, input, answer.retry_after);
    if (verdict == Verdict::kSuccess)
        return acknowledged(answer, input);
    if (may_be_made_empty(verdict, answer, input))
        return resolve(true);
    if (refuses_to_finish(verdict))
        return refused_to_finish(answer, input);
    note_refusal(verdict, answer);
    return refused_patch(verdict, answer, input);
}

// Without HEAD only an acknowledgement shows that it is liked now.
void UploadMachine::forget_refused_finish()
{
    if (!server_.refuses_head())
        refused_finish_.reset();
}

Action UploadMachine::acknowledged(const Answer &answer, const Input &input)
{
    if (!answer.upload_offset)
        return doubtful(answer, RequestKind::kPatch, Next::kAsk, input);
    const std::uint64_t offset = *answer.upload_offset;
    const Offset meaning = positions_.patch_says(offset);
    if (meaning == Offset::kBack || meaning == Offset::kBeyond)
        return impossible(answer, input);
    server_.method_worked();
    route_.found();
    server_.try_head_again();
    if (meaning == Offset::kSame)
        return back_off(Trouble::kBroken, failures::took_nothing(answer.status, route_.text()),
                        Next::kAsk, input, answer.retry_after);
    if (meaning == Offset::kForward)
        carried_all(offset);
    const std::uint64_t position = positions_.position_of(offset);
    const std::uint64_t taken = position - positions_.acked(),
                        sent = positions_.patch_to() - positions_.acked();
    const bool crumb = positions_.is_crumb(position);
    advance(position, input);
    if (meaning == Offset::kForward)
        growth_.carried(sent, config_.chunk_size, has_backlog(view(input)), input.now);
    if (crumb && !patience_.allows(Mishap::kCrumb))
        return back_off(Trouble::kBusy, failures::took_a_crumb(taken, sent, route_.text()),
                        Next::kAsk, input, answer.retry_after);
    if (meaning == Offset::kShort) {
        positions_.hurry_on();
        // Whether it noted the length that came with it, only HEAD can tell.
        if (positions_.patch_declares())
            return ask(input);
    }
    return proceed(input);
}

void UploadMachine::carried_all(std::uint64_t offset)
{
    if (positions_.patch_declares()) {
        positions_.length_acknowledged(offset);
        proof_.declaration_answered();
    }
    if (!positions_.patch_completes())
        return;
    refused_finish_.reset();
    std::optional<Error> failed = proof_.take_unfinished();
    if (failed && positions_.patch_was_empty()) // with a body it is another finish
        warn(failures::finished_after_all(std::move(*failed)));
}

// An acknowledgement of bytes that were not sent or had been acknowledged: HEAD decides.
Action UploadMachine::impossible(const Answer &answer, const Input &input)
{
    (void)patience_.allows(Mishap::kImpossible);
    if (patience_.times(Mishap::kImpossible) == 1)
        return ask(input);
    return back_off(Trouble::kBusy, failures::impossible_offset(answer, route_.text()), Next::kAsk,
                    input, answer.retry_after);
}

// A crumb is kept, but it ends no outage: a server that takes a byte of each request would never be
// told as one.
void UploadMachine::advance(std::uint64_t position, const Input &input)
{
    const bool crumb = positions_.is_crumb(position);
    const Positions::Progress progress = positions_.confirm(position, state_ == State::kPatching);
    if (progress.record)
        patience_.forget(Mishap::kRecreation);
    if (progress.news && !crumb)
        recovered(input);
}

Action UploadMachine::refused_patch(Verdict verdict, const Answer &answer, const Input &input)
{
    Error error = describe(RequestKind::kPatch, answer, route_.text());
    begin_rows_anew(verdict);
    const auto later = [&](Trouble trouble) {
        return back_off(trouble, error, Next::kAsk, input, answer.retry_after);
    };
    switch (verdict) {
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kPatch, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kPatch, Next::kAsk);
    case Verdict::kLengthKnown:
        return length_is_known(error, input);
    case Verdict::kGone:
        return not_so(Mishap::kAbsence, error, input);
    case Verdict::kConflict:
        return conflict(answer, error, input);
    case Verdict::kNoMethod:
        return no_method(answer, input);
    case Verdict::kShrink:
    case Verdict::kTooLarge:
        return shrink(answer, input);
    case Verdict::kChecksum:
        return damaged(std::move(error), input);
    case Verdict::kNoExpect:
        if (server_.accept_no_expect())
            return ask(input);
        return doubtful(answer, RequestKind::kPatch, Next::kAsk, input);
    case Verdict::kDoubtful:
        return doubtful(answer, RequestKind::kPatch, Next::kAsk, input);
    case Verdict::kBusy:
        note_timeout(answer, input);
        return later(trouble_of(answer));
    case Verdict::kLocked:
    case Verdict::kInterrupted:
        return later(Trouble::kLocked);
    default:
        return unless_it_passes(Mishap::kDoubt, std::move(error), Next::kAsk, input,
                                answer.retry_after);
    }
}

// 408: too slow for so much at once. A backlog's larger request gets smaller in any case.
void UploadMachine::note_timeout(const Answer &answer, const Input &input)
{
    if (answer.status == 408 && last_size() <= config_.chunk_size)
        server_.halve(request_limit(view(input)), kShrinkFloor);
}

Action UploadMachine::damaged(Error error, const Input &input)
{
    if (patience_.allows(Mishap::kMismatch))
        return ask(input);
    return unless_it_passes(Mishap::kDoubt, std::move(error), Next::kAsk, input);
}

Action UploadMachine::conflict(const Answer &answer, const Error &error, const Input &input)
{
    if (server_.refuses_head())
        return learn_from_conflict(answer, input);
    // the first may be our mistake: ask; one that stays is somebody who holds the upload
    (void)patience_.allows(Mishap::kConflict);
    return patience_.times(Mishap::kConflict) == 1
               ? ask(input)
               : back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
}

Action UploadMachine::length_is_known(const Error &error, const Input &input)
{
    if (!server_.skips_head() || !positions_.patch_declares())
        return not_so(Mishap::kKnownLength, error, input);
    positions_.length_acknowledged(positions_.offset_of(positions_.patch_to()));
    return back_off(Trouble::kLocked, error, Next::kAsk, input);
}

Action UploadMachine::no_method(const Answer &answer, const Input &input)
{
    Error error = describe(RequestKind::kPatch, answer, route_.text());
    // The method worked before: somebody answers in the server's place, for a while.
    if (server_.method_works())
        return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
    if (server_.overrides_method())
        return unless_it_passes(Mishap::kDoubt, std::move(error), Next::kAsk, input,
                                answer.retry_after);
    if (server_.override_method())
        return ask(input);
    return unless_it_passes(Mishap::kDoubt, failures::another_upload(std::move(error)), Next::kAsk,
                            input, answer.retry_after);
}

// Another server of a cluster may not know the upload yet, or we do not know what it knows: HEAD
// decides. That is no reason to ask without end.
Action UploadMachine::not_so(Mishap row, const Error &error, const Input &input)
{
    if (patience_.persists(row, input.now))
        return fail(error);
    return patience_.times(row) == 1 ? ask(input)
                                     : back_off(Trouble::kLocked, error, Next::kAsk, input);
}

std::uint64_t UploadMachine::last_size() const
{
    return positions_.patch_to() - std::min(positions_.patch_to(), positions_.acked());
}

std::uint64_t UploadMachine::least_size() const
{
    return std::max({kShrinkFloor, config_.chunk_align, config_.min_chunk_size});
}

Action UploadMachine::shrink(const Answer &answer, const Input &input)
{
    Error error = describe(RequestKind::kPatch, answer, route_.text());
    const std::uint64_t last = last_size();
    const bool is_full = classify(RequestKind::kPatch, answer) == Verdict::kTooLarge &&
                         (answer.resumable || !speaker_.is_stranger(RequestKind::kPatch, answer));
    if (is_full && plan_->is_one_upload() && last > 0) {
        // The upload itself is full: halving finds the last byte that fits.
        if (last <= config_.chunk_align) {
            server_.found_max_size(positions_.acked_offset());
            return ask(input);
        }
    } else if (last <= least_size()) {
        return unless_it_passes(Mishap::kDoubt, std::move(error), Next::kAsk, input,
                                answer.retry_after);
    }
    const std::uint64_t usual = config_.chunk_size;
    const bool was_usual = server_.request_limit(usual, 1) == usual;
    // a backlog's request that was larger than usual was worth a try
    server_.shrink_to(last > usual ? std::max(last / 2, usual) : last / 2);
    if (was_usual && last <= usual)
        warn(failures::smaller_requests(std::move(error), last));
    return ask(input);
}

// --- HEAD ----------------------------------------------------------------------------------------

Action UploadMachine::on_asking(const Event &event, const Input &input)
{
    if (proof_.is_joined())
        return on_joined(event, input);
    if (const auto *failure = std::get_if<NoAnswer>(&event)) {
        if (route_.on_detour())
            patience_.forget(Mishap::kRedirect);
        route_.leave_detour();
        const bool in_reach = failure->reached_server && !failure->reused_connection;
        return no_answer(*failure, in_reach ? after_failed_look() : Next::kAsk, input);
    }
    const auto &answer = std::get<Answer>(event);
    watch_expiry(answer, input);
    const Verdict verdict = classify(RequestKind::kHead, answer);
    if (verdict == Verdict::kSuccess && answer.upload_offset)
        return located(answer, input);
    if (route_.on_detour() && verdict != Verdict::kRedirect) {
        const bool says_gone = verdict == Verdict::kGone && answer.speaks_tus;
        if (!says_gone || patience_.allows(Mishap::kAbsence))
            return astray(answer, input);
    }
    return refused_head(verdict, answer, input);
}

// The redirect led to something else than the upload (a captive portal, a server that is not well).
// Only where it was created can anybody say what has become of it.
Action UploadMachine::astray(const Answer &answer, const Input &input)
{
    const Verdict verdict = classify(RequestKind::kHead, answer);
    const Error error = describe(RequestKind::kHead, answer, route_.text());
    route_.leave_detour();
    const bool is_busy = verdict == Verdict::kBusy || verdict == Verdict::kLocked;
    // waited for; otherwise the limit of redirects is the end
    if (is_busy || speaker_.worked())
        patience_.forget(Mishap::kRedirect);
    if (verdict == Verdict::kRenew)
        return renew(answer, RequestKind::kHead, Next::kAsk);
    return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
}

Action UploadMachine::refused_head(Verdict verdict, const Answer &answer, const Input &input)
{
    Error error = describe(RequestKind::kHead, answer, route_.text());
    if (std::optional<Action> action = held_after_cut(verdict, input))
        return std::move(*action);
    if (patch_without_head(verdict, answer, input))
        return without_head(error, input);
    if (std::optional<Action> action = refused_proof(verdict, answer, input))
        return std::move(*action);
    // Something answers in the server's place (a captive portal, a gateway's error page): that
    // passes, and an upload that has worked waits for it.
    const bool impostor =
        !answer.speaks_tus && answer.status < 400 && verdict != Verdict::kRedirect;
    if (impostor && speaker_.worked())
        return back_off(Trouble::kBusy, error, Next::kAsk, input, answer.retry_after);
    switch (verdict) {
    case Verdict::kRedirect:
        return redirected(answer, RequestKind::kHead, input);
    case Verdict::kRenew:
        return renew(answer, RequestKind::kHead, Next::kAsk);
    case Verdict::kGone:
        return lost(answer, input);
    case Verdict::kBusy:
        return back_off(trouble_of(answer), error, Next::kAsk, input, answer.retry_after);
    case Verdict::kLocked:
        return back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
    case Verdict::kSuccess: // without an offset
    case Verdict::kNoExpect:
    case Verdict::kDoubtful:
        return doubtful(answer, RequestKind::kHead, Next::kAsk, input);
    default:
        return unless_it_passes(Mishap::kHeadDoubt, std::move(error), Next::kAsk, input,
                                answer.retry_after);
    }
}

// HEAD told the offset.
Action UploadMachine::located(const Answer &answer, const Input &input)
{
    const std::uint64_t offset = *answer.upload_offset;
    if (state_ == State::kAsking)
        server_.head_worked();
    if (!positions_.origin_known()) {
        positions_.found_origin(offset);
        reports_.emplace_back(ReportCreated{route_.upload_url(), route_.upload_url(), mode()});
    }
    warn_of_another_host(route_.request_url(), route_.is_elsewhere());
    route_.found();
    if (std::optional<Action> action = waits_for_what_is_lost(answer, input))
        return std::move(*action);
    if (look_again_at(answer))
        return ask_after(kSecondLook, input);
    switch (positions_.head_says(offset, input.held_from)) {
    case Offset::kBeyond:
        return unless_it_passes(
            Mishap::kOddOffset,
            failures::somebody_else(offset, positions_.sent_offset(), route_.text()), Next::kAsk,
            input);
    case Offset::kTooFarBack:
        return unless_it_passes(
            Mishap::kOddOffset,
            failures::back_too_far(offset, positions_.offset_of(input.held_from)), Next::kAsk,
            input);
    default:
        return stands_at(answer, input);
    }
}

// At an offset that can be.
Action UploadMachine::stands_at(const Answer &answer, const Input &input)
{
    const std::uint64_t offset = *answer.upload_offset;
    const std::uint64_t position = positions_.position_of(offset);
    const Offset meaning = positions_.head_says(offset, input.held_from);
    judge_open(position);
    if (meaning == Offset::kBack && !config_.recovery)
        warn(failures::sent_again(positions_.acked() - position));
    positions_.relocate(position);
    if (state_ == State::kAsking) // a refused PATCH tells no length
        positions_.length_told(answer.upload_length, answer.length_deferred);
    if (answer.length_deferred)
        refused_finish_.reset(); // nothing was finished: it was about something else
    for (const Mishap row :
         {Mishap::kHeadDoubt, Mishap::kNoHead, Mishap::kLost, Mishap::kOddOffset})
        patience_.forget(row);
    if (meaning == Offset::kForward) {
        server_.bytes_came();
        const std::optional<Error> refused = refused_finish_;
        advance(position, input);
        refused_finish_ = refused;
    }
    if (state_ == State::kAsking) {
        if (std::optional<Action> action = judged(answer, input))
            return std::move(*action);
    }
    return proceed(input);
}

// A recovery: a power cut may cost the disk its last bytes, when the server has them already. The
// recording ends with them then. TRUE: that is not certain yet, since somebody else may go on with
// the upload: it would grow.
bool UploadMachine::look_again_at(const Answer &answer)
{
    const std::uint64_t offset = *answer.upload_offset;
    const bool ahead = config_.recovery && plan_->is_one_upload() && positions_.patch_to() == 0 &&
                       offset > positions_.sent_offset() &&
                       answer.upload_length.value_or(offset) == offset;
    if (!ahead)
        return false;
    const bool first = !positions_.surplus_was_seen();
    if (!positions_.surplus_is_certain(offset, answer.upload_length.has_value()))
        return first;
    warn(failures::surplus(offset, positions_.sent_offset()));
    positions_.accept_surplus(offset);
    return false;
}

// The server does not know the upload any more.
Action UploadMachine::lost(const Answer &answer, const Input &input)
{
    if (route_.may_be_misled())
        return misled(answer, input);
    Error error = describe(RequestKind::kHead, answer, route_.text());
    error.kind = ErrorKind::kUploadLost;
    if (answer.resumable)
        server_.head_worked(); // it gets through
    proof_.end_look();         // it is needed now, not only of use
    // a recovery knows from its journal that the upload has worked
    const bool doubted = speaker_.worked() || (config_.recovery && !answer.resumable);
    if (doubted && !patience_.persists(Mishap::kLost, input.now))
        return back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
    return make_anew(std::move(error), input, answer.retry_after);
}

// With all its bytes; without them that is the end.
Action UploadMachine::make_anew(Error error, const Input &input, Duration retry_after)
{
    error.kind = ErrorKind::kUploadLost;
    const bool ours = config_.upload_url.empty() && positions_.origin_known() &&
                      positions_.origin() == 0; // from its first byte on
    if (!ours)
        return fail(failures::not_ours(std::move(error), positions_.origin_known()));
    const bool whole = input.held_from <= positions_.base();
    if (!whole || patience_.exhausted(Mishap::kRecreation)) {
        error.message += whole ? " Creating it anew did not help."
                               : " It can not be made again: its first bytes are no longer here.";
        return fail(std::move(error));
    }
    (void)patience_.allows(Mishap::kRecreation);
    Error warning = error;
    warning.message += " It is created anew; nothing is lost, all its bytes are still here.";
    warn(std::move(warning));
    drop_upload();
    return back_off(Trouble::kBusy, error, Next::kResolve, input, retry_after);
}

} // namespace gsttus
