// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One recording, from READY→PAUSED to PAUSED→READY: the upload, and what the streaming thread
// knows of the stream. A new one is made each time, so that nothing is left over.
#pragma once

#include "advisor.h"
#include "network_watch.h"
#include "observer.h"
#include "open_unit.h"
#include "stream_facts.h"
#include "upload/live_upload.h"

#include <atomic>
#include <memory>
#include <optional>

#include <gst/base/gstbasesink.h>

namespace gsttus {

class Recording {
public:
    Recording(GstTusSink *sink, UploadConfig config, HttpConfig http,
              std::unique_ptr<Target> target, StreamHints hints, std::string name);
    Recording(const Recording &) = delete;
    Recording &operator=(const Recording &) = delete;

    // --- streaming thread, with PREROLL_LOCK held ---
    GstFlowReturn render(GstBaseSink *sink, GstBuffer *buffer);
    GstFlowReturn drain(GstBaseSink *sink);
    // What comes next goes there. FALSE: it can not.
    bool take_segment(GstBaseSink *sink, const GstSegment &segment);
    void take_caps(GstBaseSink *sink, const GstCaps *caps);
    void take_tags(const GstTagList *tags);

    void flushed() { advisor_.flushed(); } // all that was under way is gone

    // --- any thread ---
    void asked_to_go_back(GstBaseSink *sink) { advisor_.asked_to_go_back(sink); }

    // While paused, and between unlock() and unlock_stop(), the streaming thread does not block
    // with PREROLL_LOCK held. unlock_stop(): with PREROLL_LOCK held.
    void set_paused(bool paused) EXCLUDES(gate_mutex_);
    void unlock() EXCLUDES(gate_mutex_);
    void unlock_stop(bool flushing) EXCLUDES(gate_mutex_);
    // As the property on-stop says, within stop-timeout, which a stop_with_others() has begun.
    void stop();
    // Others of the same pipeline are stopped at `now`, and this one soon: it ends meanwhile. Again
    // when that has taken long: what is over stop-timeout ends now. FALSE: it was told before.
    // Does not wait.
    bool stop_with_others(TimePoint now);

    bool is_told() const { return told_; }

    GRef<GstTusSink> sink() { return observer_->sink(); } // empty: it is gone

    LiveUpload &upload() { return *upload_; }

    const std::shared_ptr<LastWords> &last_words() const { return observer_->last_words(); }

    std::uint64_t position() const { return position_; } // bytes taken, where the file ends

    std::uint64_t seekable_header() const { return header_; } // may be rewritten; 0: nothing

private:
    void apply_gate() REQUIRES(gate_mutex_);
    GstFlowReturn wait_while_held(GstBaseSink *sink) EXCLUDES(gate_mutex_);
    GstFlowReturn write(GstBaseSink *sink, std::span<const std::byte> data);
    std::span<const std::byte> next_run(std::span<const std::byte> data) const;
    GstFlowReturn append_run(GstBaseSink *sink, std::span<const std::byte> run);
    GstFlowReturn rewrite_run(GstBaseSink *sink, std::span<const std::byte> run);
    GstFlowReturn after_write(GstBaseSink *sink, WriteStatus status, std::size_t left);
    void hold_unit();
    bool may_write_at(std::uint64_t position) const;
    GstFlowReturn refuse_rewriting(GstBaseSink *sink, std::uint64_t position);
    void tear();
    void tell_drain(GstProgressType type, const char *text);
    GstFlowReturn fail_after_end(GstBaseSink *sink) EXCLUDES(gate_mutex_);
    OnStop begin_stop();

    const std::uint64_t header_; // of the file's first bytes
    const OnStop on_stop_;
    const Duration stop_timeout_;
    const bool continues_; // an upload that was there before
    std::shared_ptr<Observer> observer_;
    Advisor advisor_;
    std::shared_ptr<LiveUpload> upload_; // shared with callbacks under way only
    std::optional<NetworkWatch> network_;
    std::atomic<std::uint64_t> position_{0};
    std::atomic<bool> ended_{false}; // EOS came
    std::atomic<bool> told_{false};  // stop_with_others()
    std::atomic<bool> torn_{false};  // what was taken is no whole file

    Mutex gate_mutex_; // after PREROLL_LOCK; before the upload's and the observer's
    Condition gate_;
    bool paused_ GUARDED_BY(gate_mutex_) = false;
    bool unlocking_ GUARDED_BY(gate_mutex_) = false;
    unsigned flushes_ GUARDED_BY(gate_mutex_) = 0;

    // streaming thread only
    StreamHints hints_;

    struct {
        std::uint64_t at = 0; // where the next byte goes: the end, or what may be rewritten
        OpenUnit unit;        // where the muxer may go back to, behind the head
    } write_;

    bool broken_ = false; // no byte more
};

} // namespace gsttus
