// What may go wrong on the way to an upload: OPTIONS that nobody answers, creations whose answer is
// late or lost, or leads to the wrong place. The way itself: upload_machine.cpp. Time comes with the input.
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
    return positions_.origin_known() ? choose_plan(input) : ask();
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
    const bool waits = positions_.acked() > 0 && !input.ended;
    if (!waits && !patience_.allows(Mishap::kDoubt))
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

} // namespace gsttus
