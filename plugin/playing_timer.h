// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls a function again and again while a pipeline plays, on GStreamer's clock thread. For what is
// about nothing happening, where no streaming thread comes by.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"

#include <functional>
#include <memory>

#include <gst/gst.h>

namespace gsttus {

class PlayingTimer {
public:
    // Each `period`, counted from the last set_playing(true). A call that is under way may outlast
    // this object: it must own what it needs. It must not take long, and no lock is held.
    PlayingTimer(Duration period, std::function<void()> call);
    ~PlayingTimer();
    PlayingTimer(const PlayingTimer &) = delete;
    PlayingTimer &operator=(const PlayingTimer &) = delete;

    void set_playing(bool playing) EXCLUDES(mutex_); // any thread, also from the call

private:
    using Call = std::function<void()>;

    const Duration period_;
    const std::shared_ptr<Call> call_; // shared with a call that is under way
    Mutex mutex_;
    GstClockID id_ GUARDED_BY(mutex_) = nullptr; // ours while it plays
};

} // namespace gsttus
