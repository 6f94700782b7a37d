// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What may go wrong on the way to an upload: OPTIONS that nobody answers, creations whose answer is
// late or lost, or leads to the wrong place, a first PATCH that something refuses, a recording that
// stays empty. The way itself: upload_machine.cpp. Time comes with the input.
#include "tus/failures.h"
#include "tus/upload_machine.h"

#include <algorithm>
#include <array>

namespace gsttus {

namespace {

// Of `timeout`, for a creation: usual, after one that was given up, after several.
constexpr std::array<unsigned, 3> kCreationPatience = {1, 10, 100};

// Something was there, and no answer came: cut, or swallowed.
bool is_cut(const NoAnswer &failure)
{
    const ErrorKind kind = failure.error.kind;
    return failure.reached_server && (kind == ErrorKind::kNetwork || kind == ErrorKind::kTimeout ||
                                      kind == ErrorKind::kProtocol);
}

bool refuses_for_good(Verdict verdict, int status)
{
    switch (verdict) {
    case Verdict::kGone:
    case Verdict::kNoMethod:
    case Verdict::kDoubtful:
    case Verdict::kFatal:
        return true;
    default:
        return status == 403;
    }
}

} // namespace

// --- OPTIONS -------------------------------------------------------------------------------------

Action UploadMachine::on_probing(const Event &event, const Input &input)
{
    if (const auto *failure = std::get_if<NoAnswer>(&event)) {
        // A server that is not there is waited for; one that is there and says nothing to this
        // may take uploads all the same.
        if (is_cut(*failure) && !patience_.allows(Mishap::kProbe))
            return probed({}, input);
        return no_answer(*failure, Next::kProbe, input);
    }
    const auto &answer = std::get<Answer>(event);
    const Verdict verdict = classify(RequestKind::kOptions, answer);
    if (verdict == Verdict::kRedirect)
        return redirected(answer, RequestKind::kOptions, input);
    if (verdict == Verdict::kBusy && patience_.allows(Mishap::kProbe))
        return back_off(trouble_of(answer), describe(RequestKind::kOptions, answer, route_.text()),
                        Next::kProbe, input, answer.retry_after);
    return probed(answer, input);
}

Action UploadMachine::probed(const Answer &answer, const Input &input)
{
    if (!server_.learn(answer, config_.checksum))
        return fail(failures::other_version(answer.versions.front(), route_.text()));
    if (!config_.checksum.empty() && server_.checksum().empty() &&
        patience_.allows(Mishap::kNoChecksum))
        warn(failures::no_checksum(config_.checksum));
    return positions_.origin_known() ? choose_plan(input) : ask(input);
}

// --- POST ----------------------------------------------------------------------------------------

// Perhaps it was made, and its address is lost: each one that is given up is litter. So the next
// one is waited for much longer.
Action UploadMachine::creation_unanswered(const NoAnswer &failure, Next next, const Input &input)
{
    if (failure.reached_server && failure.error.kind == ErrorKind::kTimeout)
        (void)patience_.allows(Mishap::kSlowCreation);
    return no_answer(failure, next == Next::kCreate ? creation_after_trouble() : next, input);
}

// What OPTIONS did not tell because of the same trouble is asked again: it may be that the length
// must be known.
UploadMachine::Next UploadMachine::creation_after_trouble() const
{
    const bool guessed = config_.length_mode == LengthMode::kAuto &&
                         mode() == LengthMode::kDeferred && !server_.asked();
    return guessed ? Next::kProbe : Next::kCreate;
}

unsigned UploadMachine::creation_patience() const
{
    std::uint64_t given_up = patience_.times(Mishap::kSlowCreation);
    if (state_ == State::kJoining) // all of it may have to be copied
        ++given_up;
    return kCreationPatience[std::min<std::uint64_t>(given_up, kCreationPatience.size() - 1)];
}

// --- where it is ---------------------------------------------------------------------------------

void UploadMachine::warn_of_another_host(const std::string &location, bool other_host)
{
    if (other_host && patience_.allows(Mishap::kOtherHost))
        warn(failures::on_another_host(location));
}

// A redirect from https to http. While a recording is under way it may be a captive portal's, which
// passes; before that it is a setting.
Action UploadMachine::leaves_tls(const Answer &redirect, const Input &input)
{
    Error error = failures::leaves_tls(redirect.status, redirect.refused_location);
    if (!speaker_.worked() && !patience_.allows(Mishap::kDoubt))
        return fail(std::move(error));
    Next next = Next::kAsk;
    if (state_ == State::kProbing)
        next = Next::kProbe;
    else if (state_ == State::kCreating)
        next = Next::kCreate;
    else if (state_ == State::kJoining)
        next = Next::kJoin;
    return back_off(Trouble::kBusy, error, next, input, redirect.retry_after);
}

// A fresh upload is not where the server said: another one would not be either.
Action UploadMachine::misled(const Answer &answer, const Input &input)
{
    Error error = failures::paths_differ(answer.status, route_.endpoint(), route_.upload_url());
    if (patience_.persists(Mishap::kAbsence, input.now)) // a cluster may need a while
        return fail(std::move(error));
    return back_off(Trouble::kLocked, error, Next::kAsk, input, answer.retry_after);
}

// --- the first PATCH -----------------------------------------------------------------------------

// Something between may not know PATCH, and not say so (a firewall's 403, a 404). Before any was
// acknowledged the override is tried, once; where that is refused too it was not the method.
bool UploadMachine::is_about_the_method(Verdict verdict, const Answer &answer)
{
    if (!server_.tries_override()) {
        const bool refused = answer.status == 403 || answer.status == 404;
        if (!refused || answer.speaks_tus || !server_.may_try_override())
            return false;
        server_.try_override();
        return true;
    }
    const bool is_creation = answer.status == 201; // it does not know the override
    const bool is_page = verdict == Verdict::kSuccess && !answer.upload_offset;
    if (!is_creation && !is_page && !refuses_for_good(verdict, answer.status))
        return false;
    if (is_creation)
        discard(answer.location);
    server_.end_trial();
    return true;
}

// It is gone, or of no use: all of it from the beginning again.
void UploadMachine::drop_upload()
{
    route_.forget_upload();
    patience_.forget_upload();
    open_.forget();
    positions_.restart();
}

void UploadMachine::discard(const std::string &url)
{
    const bool is_given = config_.recovery && config_.recovery->given &&
                          config_.recovery->upload_url == url; // not ours to remove
    if (!url.empty() && server_.may_terminate() && !is_given)
        litter_.push_back(url);
}

// --- an empty recording --------------------------------------------------------------------------

// A server may not take one of length 0: then the length is declared afterwards.
bool UploadMachine::must_defer_empty(Verdict verdict)
{
    if ((verdict != Verdict::kFatal && verdict != Verdict::kNoDefer) ||
        mode() != LengthMode::kDeferred || positions_.created_length() != std::uint64_t{0} ||
        patience_.times(Mishap::kEmptyAnew) > 0) // that was refused before
        return false;
    server_.refused_empty();
    return true;
}

// Created before its end was known, and finished with an empty PATCH, which some servers refuse
// (rustus, drf-tus): one of length 0 is complete when it is created.
bool UploadMachine::may_be_made_empty(Verdict verdict, const Answer &answer, const Input &input)
{
    // what HEAD said in between is known: the length is not
    const bool again =
        (verdict == Verdict::kDoubtful && patience_.exhausted(Mishap::kDoubt)) ||
        (verdict == Verdict::kLengthKnown && patience_.times(Mishap::kKnownLength) > 0);
    const bool for_good = verdict == Verdict::kFatal || again;
    const bool refused = for_good && answer.status >= 400 && answer.status < 500;
    const bool is_empty = input.ended && input.produced == 0 && positions_.patch_declares() &&
                          positions_.acked_offset() == 0;
    if (!refused || !is_empty || mode() != LengthMode::kDeferred || !config_.upload_url.empty() ||
        !server_.may_create_empty() || !patience_.allows(Mishap::kEmptyAnew))
        return false;
    discard(route_.upload_url());
    drop_upload();
    refused_finish_.reset();
    return true;
}

} // namespace gsttus
