// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// On the system's clock, whatever the pipeline's is: that one may stand still.
#include "playing_timer.h"

#include "glib/ptr.h"

#include <chrono>
#include <utility>

namespace gsttus {

PlayingTimer::PlayingTimer(Duration period, std::function<void()> call)
    : period_(period), call_(std::make_shared<Call>(std::move(call)))
{
}

PlayingTimer::~PlayingTimer()
{
    set_playing(false);
}

void PlayingTimer::set_playing(bool playing)
{
    MutexLock lock(mutex_);
    if (playing == (id_ != nullptr))
        return;
    if (!playing) {
        GstClockID id = std::exchange(id_, nullptr);
        lock.unlock();
        gst_clock_id_unschedule(id); // does not wait for a call
        gst_clock_id_unref(id);
        return;
    }
    const auto clock = GRef<GstClock>::adopt(gst_system_clock_obtain());
    const auto period = static_cast<GstClockTime>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(period_).count());
    id_ = gst_clock_new_periodic_id(clock.get(), gst_clock_get_time(clock.get()) + period, period);
    gst_clock_id_wait_async(
        id_,
        [](GstClock *, GstClockTime, GstClockID, gpointer data) -> gboolean {
            const std::shared_ptr<Call> call = *static_cast<std::shared_ptr<Call> *>(data);
            (*call)();
            return TRUE;
        },
        new std::shared_ptr<Call>(call_),
        [](gpointer data) { delete static_cast<std::shared_ptr<Call> *>(data); });
}

} // namespace gsttus
