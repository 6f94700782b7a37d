// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Holding what is acknowledged: for how long, and what it gives way to. Part of the replay store.
#include "base/text.h"
#include "replay/replay_store.h"

#include <utility>

namespace gsttus {

namespace {

constexpr milliseconds kMostWait{250}; // for a disk with what is acknowledged, in all

} // namespace

void ReplayStore::hold_all(bool wanted)
{
    const bool can = config_.spool_mode != SpoolMode::kNever && (journaling_ || spill_thread_) &&
                     !discarded_ && !hold_ended_ && begin() == 0;
    const bool held = std::exchange(holds_, wanted && can);
    if (held && !holds_)
        free_behind(acked_);
}

bool ReplayStore::held_gives_way() const
{
    return holds_ && !segments_.empty() && segments_.front().end <= acked_;
}

// As long as a writer would without what is held. For that only a moment, and only where the disk
// works on it: a source that is quicker than any disk must not cost what is held.
bool ReplayStore::may_wait_for_disk()
{
    if (!awaits_spill())
        return false;
    if (segments_.memory_before(acked_) < segments_.memory_used() / 2)
        return true;
    if (waited_ >= kMostWait)
        return false;
    waiting_since_ = spool_.ops().now();
    return true;
}

// An empty `why`: the error has it.
void ReplayStore::end_holding(std::string_view why, Error error)
{
    if (!why.empty())
        error.message = cat("Of the recording, what the server has confirmed is not kept any "
                            "longer: ",
                            why, '.');
    else
        error.message += " What the server has confirmed of the recording is not kept any longer.";
    error.message +=
        " Should this server not note a length that is declared at the end (it has not "
        "shown yet that it does), the recording can not be sent to it once more. Free "
        "space on the disk, raise max-spool-size or choose another spool-dir.";
    hold_warning_ = std::move(error);
    hold_ended_ = true;
    spool_.trouble().take_back(); // perhaps nobody needs the disk any more
    hold_all(false);
    (void)segments_.take_freed(); // at once: a writer waits for it
    disk_has_room();
}

std::optional<Error> ReplayStore::take_disk_warning()
{
    if (hold_warning_)
        return std::exchange(hold_warning_, std::nullopt);
    return spool_.trouble().take_warning();
}

} // namespace gsttus
