// A timer and no file monitor: folders that do not exist yet, network file systems and the end of
// another process (which lets go of its lock) are seen all the same. Between two uploads it looks
// anew, so that what is new does not wait for what fails again and again.
#include "recover/watch.h"

#include "base/text.h"
#include "replay/recovery.h"

#include <algorithm>
#include <set>

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

// What failed least, and of that the oldest.
std::optional<Watch::Found> Watch::next(const std::vector<Found> &found) const
{
    const TimePoint now = Clock::now();
    std::optional<Found> best;
    unsigned fewest = 0;
    for (const Found &one : found) {
        const auto known = known_.find(one);
        const unsigned failures = known == known_.end() ? 0 : known->second.failures;
        const bool due = known == known_.end() || known->second.next <= now;
        if (due && (!best || failures < fewest)) {
            best = one;
            fewest = failures;
        }
    }
    return best;
}

void Watch::take(const Found &found)
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
        return;
    }
    memory.told = {outcome, outcome == Outcome::kFailed ? round_.last_error().message : ""};
    memory.next = Clock::now() + std::max(pause_after(memory.failures), kLook);
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

void Watch::run()
{
    while (!g_cancellable_is_cancelled(cancel_)) {
        const std::vector<Found> found = look();
        forget_others(found);
        if (const std::optional<Found> one = next(found))
            take(*one);
        else
            wait();
    }
}

} // namespace gsttus
