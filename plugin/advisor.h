// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells the user in time what is wrong with the stream for an upload: a muxer that will go back in
// the file or keeps all until the end, parameters that change on the way. Decides when something
// is said, once each; what muxers do is in muxer_hint. Looks at elements upstream from outside
// only: it leaves nothing behind in foreign pads.
#pragma once

#include "observer.h"
#include "playing_timer.h"
#include "stream_facts.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include <gst/base/gstbasesink.h>

namespace gsttus {

class Advisor {
public:
    explicit Advisor(std::shared_ptr<Observer> observer);

    // --- streaming thread ---
    // Before a buffer is taken. FALSE, once: there is an ERROR, and the stream is of no use.
    bool accepts(GstBaseSink *sink);
    // With each buffer; `position`: bytes taken.
    void look(GstBaseSink *sink, std::uint64_t position);
    void look_at_end(GstBaseSink *sink);
    void take_caps(GstBaseSink *sink, const GstCaps *caps);                 // of the stream itself
    void look_at_bytes(GstBaseSink *sink, std::span<const std::byte> data); // the next ones

    void flushed() { flushed_ = true; }

    void goes_on() { flushed_ = false; } // behind a flush, and where it may

    // The stream is to go on where it can not: ERROR.
    void jumps(GstBaseSink *sink, std::uint64_t wanted, std::uint64_t position);

    // --- any thread ---
    void asked_to_go_back(GstBaseSink *sink); // the query SEEKING; the answer was no

    void set_playing(bool playing) { timer_.set_playing(playing); }

private:
    // Shared with a call of the timer.
    struct Silence {
        std::shared_ptr<Observer> observer;
        std::atomic<std::uint64_t> position{0};
        std::uint64_t before = 0; // timer's thread only
        std::atomic<bool> told{false};
    };

    void index_is_at_end(GstBaseSink *sink); // of this MP4
    void look_at_format(GstBaseSink *sink);
    void look_at_size(GstBaseSink *sink, std::uint64_t position);
    static void look_for_silence(Silence &silence);
    void compare(GstBaseSink *sink, const std::string &pad, GstCaps *now);
    void look_at_parameters(GstBaseSink *sink);
    void warn_of_change(GstBaseSink *sink, const std::string &where, const std::string &what);

    struct FreeCaps {
        void operator()(GstCaps *caps) const { gst_caps_unref(caps); }
    };

    using CapsOwn = std::unique_ptr<GstCaps, FreeCaps>;

    std::shared_ptr<Observer> observer_;
    std::shared_ptr<Silence> silence_;
    PlayingTimer timer_;
    std::atomic<bool> refused_{false};
    // streaming thread only
    std::map<std::string, CapsOwn> parameters_; // by the muxer's pad; "": of the stream itself
    TimePoint looked_{};
    Mp4Check mp4_;
    bool flushed_ = false;     // it was sought
    bool begun_ = false;       // a buffer came
    bool changed_ = false;     // and told
    bool nearly_full_ = false; // and told
};

// The sink takes what a muxer writes anew: see the property seekable-header.
bool rewrites_are_taken(GstElement *sink);

} // namespace gsttus
