// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A timer and no file monitor: folders that do not exist yet, network file systems and the end of
// another process (which lets go of its lock) are seen all the same. Between two uploads it looks
// anew, so that what is new does not wait for what fails again and again.
#include "recover/watch.h"

#include "base/text.h"
#include "replay/recovery.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace gsttus {

namespace {

constexpr Duration kLook = seconds(2);
constexpr Duration kFirstPause = seconds(10);
constexpr Duration kLongestPause = seconds(600);

} // namespace

Duration pause_after(unsigned failures)
{
    if (failures == 0)
        return Duration::zero();
    return std::min<Duration>(kFirstPause * (1U << std::min(failures - 1, 10U)), kLongestPause);
}

std::vector<Place> Watch::places()
{
    if (!named_.empty())
        return named_;
    std::vector<std::string> refused;
    std::vector<Place> usual = usual_places(refused);
    for (const std::string &path : refused) {
        if (complaints_.emplace(path, "").second)
            Teller::complain(cat(path, " is not ours alone, and is left out"));
    }
    return usual;
}

std::vector<Watch::Found> Watch::look()
{
    std::set<Found> found;
    for (const Place &place : places()) {
        const Result<std::vector<std::string>> ids = upload_ids(place.spool_dir);
        if (!ids) {
            std::string &said = complaints_[place.spool_dir];
            if (said != ids.error().message)
                Teller::complain(said = ids.error().message);
            continue;
        }
        complaints_.erase(place.spool_dir);
        for (const std::string &id : *ids) {
            if (place.only.empty() || place.only == id)
                found.insert({place.spool_dir, id});
        }
    }
    return {found.begin(), found.end()};
}

void Watch::forget_others(const std::vector<Found> &found)
{
    std::erase_if(known_, [&](const auto &entry) {
        return !std::binary_search(found.begin(), found.end(), entry.first);
    });
}

// What failed least first, and of that the oldest.
std::vector<Watch::Found> Watch::due(const std::vector<Found> &found) const
{
    const TimePoint now = Clock::now();
    std::vector<std::pair<unsigned, Found>> some;
    for (const Found &one : found) {
        const auto known = known_.find(one);
        if (known == known_.end())
            some.emplace_back(0, one);
        else if (known->second.next <= now)
            some.emplace_back(known->second.failures, one);
    }
    std::stable_sort(some.begin(), some.end(),
                     [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<Found> in_order;
    for (auto &[failures, one] : some)
        in_order.push_back(std::move(one));
    return in_order;
}

Outcome Watch::take(const Found &found)
{
    Memory &memory = known_[found];
    const std::optional<SpooledUpload> upload = look_at_upload(found.spool_dir, found.id);
    const Outcome outcome = upload ? round_.finish(*upload, memory.told) : Outcome::kGone;
    switch (outcome) {
    case Outcome::kFinished:
    case Outcome::kGone:
    case Outcome::kInUse:
        memory.failures = 0;
        break;
    case Outcome::kFailed:
    case Outcome::kOfAnother:
    case Outcome::kLeftover:
        ++memory.failures;
        break;
    case Outcome::kNotTried:
        return outcome;
    }
    memory.told = {outcome, outcome == Outcome::kFailed ? round_.last_error().message : ""};
    memory.next = Clock::now() + std::max(pause_after(memory.failures), kLook);
    return outcome;
}

// Until it is time to look again, or it is to end.
void Watch::wait() const
{
    GPollFD fd{};
    const bool pollable = g_cancellable_make_pollfd(cancel_, &fd) != FALSE;
    const auto span = std::chrono::duration_cast<milliseconds>(kLook).count();
    (void)g_poll(&fd, pollable ? 1 : 0, static_cast<int>(span));
    if (pollable)
        g_cancellable_release_fd(cancel_);
}

Counts Watch::counts() const
{
    Counts counts;
    counts.finished = teller_.counts().finished;
    for (const auto &[found, memory] : known_) {
        switch (memory.told.outcome) {
        case Outcome::kFailed:
        case Outcome::kNotTried:
            ++counts.unfinished;
            break;
        case Outcome::kInUse:
            ++counts.in_use;
            break;
        case Outcome::kOfAnother:
            ++counts.of_others;
            break;
        case Outcome::kFinished:
        case Outcome::kGone:
        case Outcome::kLeftover:
            break;
        }
    }
    return counts;
}

// Up to the first that took its time: there may be something new then.
bool Watch::go_on(const std::vector<Found> &in_order)
{
    for (const Found &one : in_order) {
        const Outcome outcome = take(one);
        if (outcome == Outcome::kFinished || outcome == Outcome::kFailed)
            return true;
        if (g_cancellable_is_cancelled(cancel_))
            break;
    }
    return false;
}

void Watch::run()
{
    while (!g_cancellable_is_cancelled(cancel_)) {
        const std::vector<Found> found = look();
        forget_others(found);
        if (!go_on(due(found)))
            wait();
    }
}

} // namespace gsttus
