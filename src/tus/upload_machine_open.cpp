// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// request-mode=stream: what became of a PATCH that stayed open. What it means for the next one is
// in open_requests.h; everything else is as after any other PATCH.
#include "tus/failures.h"
#include "tus/upload_machine.h"

namespace gsttus {

namespace {

constexpr milliseconds kAfterCut{250};  // the server notes that the connection has gone
constexpr milliseconds kStillHeld{500}; // … and lets go of the upload

} // namespace

// Before any other looks at it: how far the body got. nullopt: the rest is as usual.
std::optional<Action> UploadMachine::open_ended(const Event &event, const Input &input)
{
    const auto *answer = std::get_if<Answer>(&event);
    const auto *failure = std::get_if<NoAnswer>(&event);
    if (!open_.under_way() || (!answer && !failure))
        return std::nullopt;
    positions_.carried(answer ? answer->carried : failure->carried);
    if (failure && failure->cut) {
        open_.cut();
        return ask_after(kAfterCut, input);
    }
    if (failure) {
        const bool is_about_it =
            failure->reached_server && !failure->reused_connection && !failure->paused;
        is_about_it ? open_.broke() : open_.forget();
        return std::nullopt;
    }
    if (is_about_open_body(*answer)) {
        refuse_open(answer->status);
        return ask(input);
    }
    open_.answered();
    return std::nullopt;
}

// HEAD has told where the upload stands.
void UploadMachine::judge_open(std::uint64_t position)
{
    if (!open_.wanted())
        return;
    const bool some = position > positions_.acked();
    if (!open_.located(some, position >= positions_.patch_to()))
        refuse_open(0);
}

void UploadMachine::refuse_open(int status)
{
    open_.refuse();
    warn(failures::no_open_requests(status, route_.text()));
}

// Who held the upload while its PATCH was open may need a moment to see that it is over.
std::optional<Action> UploadMachine::held_after_cut(Verdict verdict, const Input &input)
{
    if (verdict != Verdict::kLocked || !open_.awaits_proof() ||
        !patience_.allows(Mishap::kStillHeld))
        return std::nullopt;
    return ask_after(kStillHeld, input);
}

// No failure, only later.
Action UploadMachine::ask_after(Duration span, const Input &input)
{
    patience_.rest(span, input);
    next_ = Next::kAsk;
    state_ = State::kWaiting;
    return on_waiting(input);
}

} // namespace gsttus
