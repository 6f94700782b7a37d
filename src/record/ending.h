// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of a recording on its way through the pipeline: when EOS may go in, and whether it gets
// on. How long the server takes for what is left is no matter of this.
#pragma once

#include "base/mutex.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include <gst/gst.h>

namespace gsttus {

inline constexpr std::chrono::seconds kPatience{10}; // with all of a pipeline but the server

// What can be seen of all sinks, and of EOS.
struct Sight {
    enum class Eos { kHeld, kOnItsWay, kTaken }; // until a picture is there; of the sources

    std::uint64_t moved = 0;       // buffers and bytes
    bool waits_for_server = false; // a sink has something to send
    Eos eos = Eos::kOnItsWay;

    bool operator==(const Sight &) const = default;
};

class Ending {
public:
    // splitmuxsink never ends if EOS comes before the first picture, but behind a sound (seen with
    // 1.22, async-finalize): EOS does not go in before that picture, then, or kPatience.
    void wait_for_picture(GstElement *splitter);

    // rtspsrc forgets EOS while it connects, and what has no picture yet is no recording: EOS does
    // not go in before each stream has come to the muxer, or the recording stands still for that.
    void wait_for_streams(GstElement *muxer);

    // EOS goes through the encoders and the muxer to the sinks, from a thread of its own.
    void begin(GstElement *pipeline);

    bool has_begun() const { return begun_; }

    void see_progress(GstMessage *message);

    // To be asked each second, once it has begun. TRUE: nothing has moved for kPatience, and no
    // server is what is waited for; or a source goes on for so long although it has EOS.
    bool stands_still(GstElement *pipeline);

    // What is left of kPatience for the pipeline to stop; some seconds in any case.
    std::chrono::seconds patience() const;

    // Before the pipeline is stopped: no EOS goes in any more.
    void cease();

    // When the pipeline is stopped, or it would wait for that.
    void join();

private:
    // One more in a count, until the pad has its first buffer.
    template <int Ending::*kCount>
    void await(GstPad *pad);
    template <int Ending::*kCount>
    static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer data);
    // While there are some, or until it is over.
    void wait_while(const int &some, std::chrono::seconds most, MutexLock &lock) REQUIRES(mutex_);
    void send_eos(GstElement *pipeline);
    void end_source(GstElement *source);
    Sight look(GstElement *pipeline);

    std::thread thread_;
    Mutex mutex_;
    Condition changed_;
    int unseen_ GUARDED_BY(mutex_) = 0;  // streams
    int awaited_ GUARDED_BY(mutex_) = 0; // pictures
    bool is_over_ GUARDED_BY(mutex_) = false;
    Sight::Eos eos_ GUARDED_BY(mutex_) = Sight::Eos::kOnItsWay;
    std::size_t untaken_ GUARDED_BY(mutex_) = 0; // sources that have not taken EOS
    int deaf_ GUARDED_BY(mutex_) = 0;            // sources that say they have, and go on
    // of the main thread:
    bool begun_ = false;
    int draining_ = 0; // sinks that have EOS, and wait for the server
    Sight last_;
    std::chrono::seconds still_{0}, unheard_{0};
};

} // namespace gsttus
