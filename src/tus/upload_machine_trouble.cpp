// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes wrong on any way: failures and pauses, doubtful answers, redirects, credentials.
// How often and how long is in patience.cpp.
#include "tus/failures.h"
#include "tus/upload_machine.h"

#include <algorithm>

namespace gsttus {

Action UploadMachine::back_off(Trouble trouble, const Error &reason, Next next, const Input &input,
                               Duration retry_after)
{
    patience_.failed(reason, input.now, positions_.bytes_resent());
    // before anything has worked, or without HEAD, nobody knows who sent us there
    if (!begun() || server_.refuses_head())
        leave_wrong_ways();
    if (std::optional<Error> error = patience_.given_up(input))
        return fail(std::move(*error));
    reports_.emplace_back(patience_.pause(trouble, input, retry_after));
    next_ = next;
    state_ = State::kWaiting;
    return on_waiting(input);
}

Action UploadMachine::on_waiting(const Input &input)
{
    if (std::optional<Error> error = patience_.given_up(input))
        return fail(std::move(*error));
    return patience_.pause_is_over(input) ? do_next(next_, input) : Action(patience_.wait(input));
}

Action UploadMachine::no_answer(const NoAnswer &failure, Next next, const Input &input)
{
    if (failure.paused)
        return do_next(next, input); // when the pause is over
    switch (failure.error.kind) {
    case ErrorKind::kDisk:
        if (failure.error.retryable && patience_.allows(Mishap::kReadBack))
            break;
        return fail(failure.error);
    case ErrorKind::kSettings:
    case ErrorKind::kInternal:
        return fail(failure.error);
    case ErrorKind::kTls:
    case ErrorKind::kNotAuthorized: // a proxy wants another login
        if (is_wrong_setting(failure.error))
            return fail(failure.error);
        break;
    default:
        break;
    }
    if (failure.reused_connection && patience_.allows(Mishap::kDeadConnection))
        return do_next(next, input);
    if (failure.reached_server)
        return back_off(Trouble::kBroken, failure.error, next, input);
    // Until the upload exists any of the servers will do; a whole round is one attempt.
    if (!begun() && route_.endpoints() > 1 && route_.try_next_endpoint()) {
        if (patience_.attempts() == 0)
            warn(failure.error);
        return do_next(next, input);
    }
    return back_off(Trouble::kUnreachable, failure.error, next, input);
}

// At the start a wrong certificate, or a proxy that refuses the login, is a setting, later it may
// pass. A handshake that breaks is a
// server that restarts, or one that does not speak TLS: that shows when it does not get better.
bool UploadMachine::is_wrong_setting(const Error &error)
{
    if (route_.had_upload() || positions_.acked() > 0)
        return false;
    return !error.retryable ||
           !patience_.allows(Mishap::kHandshake, std::max<std::size_t>(route_.endpoints(), 1));
}

// The upload has moved: whatever was wrong is over.
void UploadMachine::recovered(const Input &input)
{
    refused_finish_.reset();
    if (std::optional<ReportResumed> resumed =
            patience_.progress(positions_.acked_offset(), input.now, positions_.bytes_resent()))
        reports_.emplace_back(std::move(*resumed));
}

Action UploadMachine::doubtful(const Answer &answer, RequestKind request, Next next,
                               const Input &input)
{
    Error error = describe(request, answer, route_.text());
    const Mishap row = request == RequestKind::kHead ? Mishap::kHeadDoubt : Mishap::kDoubt;
    if (speaker_.worked())
        return unless_it_passes(row, std::move(error), next, input, answer.retry_after);
    if (!patience_.allows(row))
        return fail(std::move(error));
    return back_off(Trouble::kBusy, error, next, input, answer.retry_after);
}

Action UploadMachine::redirected(const Answer &answer, RequestKind request, const Input &input)
{
    if (!answer.refused_location.empty())
        return leaves_tls(answer, input);
    const auto wrong = [&](Error error) {
        if (!speaker_.worked())
            return fail(std::move(error));
        const Next next = once_more(); // a login page leads in circles: later from the beginning
        leave_wrong_ways();
        patience_.forget(Mishap::kRedirect);
        return back_off(Trouble::kBusy, error, next, input, answer.retry_after);
    };
    if (!patience_.allows(Mishap::kRedirect))
        return wrong(failures::redirects_lead_nowhere(
            route_.text(), patience_.in_trouble() ? &patience_.last_trouble() : nullptr));
    // what OPTIONS is sent to, the creation is sent to next
    const bool leads_metadata = request == RequestKind::kCreate || request == RequestKind::kOptions;
    if (!leads_metadata) {
        route_.detour(answer.location, answer.location_other_host);
        return ask(input);
    }
    if (!route_.may_follow(answer))
        return wrong(failures::secret_redirect(answer.location));
    warn_of_another_host(answer.location, answer.location_other_host);
    route_.endpoint_moved(answer.location);
    if (request == RequestKind::kOptions)
        return probe();
    return state_ == State::kJoining ? join() : create(input);
}

Action UploadMachine::renew(const Answer &answer, RequestKind request, Next next)
{
    // HEAD shows that it was about the credentials, not about the whole recording
    if (request == RequestKind::kHead && refused_finish_ && refused_finish_->http_status == 403)
        refused_finish_.reset();
    refused_answer_ = answer;
    refused_request_ = request;
    next_ = next;
    state_ = State::kRenewing;
    return RenewCredentials{answer.status};
}

Action UploadMachine::on_renewing(const Event &event, const Input &input)
{
    const auto *credentials = std::get_if<Credentials>(&event);
    const bool renewed = credentials && credentials->renewed;
    const bool again = patience_.allows(Mishap::kRenewal);
    const bool waits = !config_.recovery || patience_.allows(Mishap::kNobody);
    const bool doubted = speaker_.is_stranger(refused_request_, refused_answer_);
    if (renewed && again)
        return do_next(next_, input);
    if (awaits_proof() && refused_answer_.status == 403 && !doubted)
        return moved_away(refused_answer_, input);
    // the token in the metadata may be what was refused: one new one
    if (!begun() && route_.metadata_is_secret() && patience_.allows(Mishap::kToken))
        return resolve(true);
    Error error = describe(refused_request_, refused_answer_, route_.text());
    // A recording that is under way waits for new credentials; one that can not begin, or has
    // nobody to wait for, says so.
    if (!waits || (!doubted && (!begun() || positions_.acked() == 0)))
        return fail(std::move(error));
    return back_off(Trouble::kBusy, error, next_, input, refused_answer_.retry_after);
}

} // namespace gsttus
