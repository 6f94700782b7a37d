// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of what may happen how often, pauses, and the bounds that end an upload.
#include "tus/patience.h"

#include "base/text.h"

#include <algorithm>
#include <limits>

namespace gsttus {

namespace {

// What makes a count begin anew.
enum class Until {
    kProgress,       // the upload has moved
    kProgressOrLoss, // that, or the upload is gone which it was about
    kAsked,          // only forget()
};

struct Limit {
    Mishap mishap;
    std::uint64_t most;
    Until until;
};

// What persists(): so often, for so long.
constexpr std::uint64_t kAnswersInARow = 4;
constexpr seconds kRow{10};

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

constexpr std::array<Limit, kMishaps> kLimits = {{
    // the first says only that the server closes what is idle; a second one is trouble
    {Mishap::kDeadConnection, 1, Until::kProgress},
    // a chain of load balancers is short, a loop is endless
    {Mishap::kRedirect, 5, Until::kProgress},
    // another server of a cluster may need a while to hear of the upload
    {Mishap::kAbsence, 3, Until::kProgressOrLoss},
    // rows: see persists()
    {Mishap::kLost, kNoLimit, Until::kProgressOrLoss},
    {Mishap::kOddOffset, kNoLimit, Until::kProgressOrLoss},
    {Mishap::kContradiction, kNoLimit, Until::kProgressOrLoss},
    {Mishap::kRefusal, kNoLimit, Until::kProgress},
    {Mishap::kNoHead, kNoLimit, Until::kProgress},
    {Mishap::kBlind, kNoLimit, Until::kProgressOrLoss},
    {Mishap::kUnmarked, kNoLimit, Until::kProgress},
    {Mishap::kMethods, kNoLimit, Until::kProgressOrLoss},
    {Mishap::kKnownLength, kNoLimit, Until::kProgressOrLoss},
    // a creation that somebody holds is let go of soon, or never
    {Mishap::kConflict, 5, Until::kProgressOrLoss},
    // something in between may spoil one answer; not the same one twice
    {Mishap::kDoubt, 1, Until::kProgressOrLoss},
    {Mishap::kHeadDoubt, 1, Until::kProgressOrLoss},
    // a line that damages three requests in a row damages all
    {Mishap::kMismatch, 2, Until::kProgress},
    // a server may stop early for once; one that always does gets nowhere
    {Mishap::kCrumb, 1, Until::kProgress},
    // what the application gave anew was refused too: the next is not tried at once
    {Mishap::kRenewal, 2, Until::kProgress},
    // a recovery has nobody who could bring better ones
    {Mishap::kNobody, 5, Until::kProgress},
    // HEAD decides each time; the first time at once
    {Mishap::kImpossible, kNoLimit, Until::kProgressOrLoss},
    // one fresh token for each creation
    {Mishap::kToken, 1, Until::kAsked},
    // OPTIONS is a courtesy: the third failure is taken for "no answer"
    {Mishap::kProbe, 2, Until::kAsked},
    // only counted: the next ones get more time, also when this trouble is over
    {Mishap::kSlowCreation, kNoLimit, Until::kAsked},
    {Mishap::kNoChecksum, 1, Until::kAsked},
    {Mishap::kOtherHost, 1, Until::kAsked},
    // there is no third way
    {Mishap::kEmptyAnew, 1, Until::kAsked},
    // a server that restarts is soon back; one that does not speak TLS never learns it
    {Mishap::kHandshake, 5, Until::kAsked},
    // in a row, without a byte more than the server ever had
    {Mishap::kRecreation, 3, Until::kAsked},
    {Mishap::kHeadWarning, 1, Until::kAsked},
    {Mishap::kExpiryWarning, 1, Until::kAsked},
    // it only shows early what the end shows too: bytes do not wait for it for long
    {Mishap::kLook, 2, Until::kProgressOrLoss},
    // a header that was lost on the way; twice is how the server is
    {Mishap::kSilence, 2, Until::kProgressOrLoss},
    // all bytes are there, only the word of it is missing: a row, see persists()
    {Mishap::kProofDoubt, kNoLimit, Until::kProgressOrLoss},
    // a store that could not put the pieces together may be able to in a few seconds
    {Mishap::kFinish, 6, Until::kProgressOrLoss},
    // locks of servers last for half a minute at most
    {Mishap::kJoin, 15, Until::kAsked},
    // four minutes without a byte more
    {Mishap::kAssembly, 20, Until::kAsked},
    // ten seconds: the servers of a cluster have heard of it by then
    {Mishap::kJoinedGone, 6, Until::kAsked},
    // descriptors come back, a cable is pushed in; what fails for minutes is broken
    {Mishap::kReadBack, 10, Until::kProgress},
    // ten seconds: then it is somebody else
    {Mishap::kStillHeld, 20, Until::kProgress},
}};

constexpr bool in_order()
{
    for (std::size_t i = 0; i < kLimits.size(); ++i) {
        if (static_cast<std::size_t>(kLimits[i].mishap) != i)
            return false;
    }
    return true;
}

static_assert(in_order());

} // namespace

bool Patience::allows(Mishap mishap, std::uint64_t factor)
{
    const std::uint64_t most = kLimits[index(mishap)].most;
    return ++counts_[index(mishap)] <= (most == kNoLimit ? most : most * factor);
}

bool Patience::persists(Mishap mishap, TimePoint now)
{
    std::optional<TimePoint> &since = since_[index(mishap)];
    if (!since) {
        since = now;
        counts_[index(mishap)] = 0;
    }
    return ++counts_[index(mishap)] >= kAnswersInARow && now - *since >= kRow;
}

void Patience::break_rows()
{
    for (const Limit &limit : kLimits) {
        if (limit.mishap != Mishap::kNoHead && since_[index(limit.mishap)])
            forget(limit.mishap);
    }
}

bool Patience::exhausted(Mishap mishap) const
{
    return times(mishap) >= kLimits[index(mishap)].most;
}

void Patience::forget_upload()
{
    for (const Limit &limit : kLimits) {
        if (limit.until == Until::kProgressOrLoss)
            forget(limit.mishap);
    }
}

void Patience::failed(const Error &reason, TimePoint now, std::uint64_t resent)
{
    if (!trouble_since_) {
        trouble_since_ = now;
        resent_before_ = resent;
        ++counters_.outages;
    }
    ++counters_.retries;
    ++attempts_;
    last_trouble_ = reason;
    last_trouble_.retryable = true;
}

std::optional<ReportResumed> Patience::progress(std::uint64_t offset, TimePoint now,
                                                std::uint64_t resent)
{
    for (const Limit &limit : kLimits) {
        if (limit.until != Until::kAsked)
            forget(limit.mishap);
    }
    if (!trouble_since_)
        return std::nullopt;
    const Duration outage = now - *trouble_since_;
    counters_.outage_time += outage;
    trouble_since_.reset();
    attempts_ = 0;
    failures_.fill(0);
    return ReportResumed{offset, outage, resent - resent_before_};
}

ReportStalled Patience::pause(Trouble trouble, const Input &input, Duration retry_after)
{
    // Each kind of trouble grows its own pauses: a server that says 503 once when the network is
    // back after minutes is not left alone for as long as one that says it for minutes.
    const std::uint64_t failures = ++failures_[static_cast<std::size_t>(trouble)];
    const Duration delay = retry_.delay(trouble, failures, retry_after);
    rest(delay, input);
    // a network that comes back says nothing about a server that is busy
    wake_on_network_ = trouble == Trouble::kUnreachable || trouble == Trouble::kBroken;
    return ReportStalled{last_trouble_, attempts_, delay};
}

void Patience::rest(Duration span, const Input &input)
{
    pause_until_ = input.now + span;
    wake_on_network_ = false;
    network_seen_ = input.network_changes;
    credentials_seen_ = input.credential_changes;
}

bool Patience::pause_is_over(const Input &input) const
{
    const bool woken = (wake_on_network_ && input.network_changes != network_seen_) ||
                       input.credential_changes != credentials_seen_;
    return woken || input.now >= pause_until_;
}

Wait Patience::wait(const Input &input) const
{
    Wait wait = wait_from(input);
    wait.until = pause_until_;
    if (const std::optional<TimePoint> end = deadline(input))
        wait.until = std::min(*wait.until, *end);
    return wait;
}

std::optional<TimePoint> Patience::deadline(const Input &input, TimePoint moved) const
{
    std::optional<TimePoint> when;
    if (trouble_since_ && input.outage_timeout > Duration::zero() && !input.paused)
        when = std::max({*trouble_since_, moved, input.resumed_at.value_or(moved)}) +
               input.outage_timeout;
    if (input.ended_at && input.drain_timeout > Duration::zero()) {
        const TimePoint drained = *input.ended_at + input.drain_timeout;
        when = when ? std::min(*when, drained) : drained;
    }
    return when;
}

std::optional<Error> Patience::given_up(const Input &input) const
{
    const std::optional<TimePoint> when = deadline(input);
    if (!when || input.now < *when)
        return std::nullopt;
    const bool draining = input.ended_at && input.drain_timeout > Duration::zero() &&
                          input.now >= *input.ended_at + input.drain_timeout;
    Error error;
    error.kind = trouble_since_ ? last_trouble_.kind : ErrorKind::kTimeout;
    error.message = draining ? "The server has not confirmed everything within drain-timeout."
                             : "The upload made no progress for as long as outage-timeout allows.";
    if (trouble_since_)
        error.message += cat(" Last trouble: ", last_trouble_.message);
    error.detail = last_trouble_.detail;
    error.http_status = last_trouble_.http_status;
    error.retryable = true;
    return error;
}

} // namespace gsttus
