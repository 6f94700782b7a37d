// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// When the user is told what is wrong with the stream.
#include "advisor.h"

#include "base/text.h"
#include "muxer_hint.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace gsttus {

namespace {

constexpr Duration kPatience = seconds(10); // playing without a byte
constexpr Duration kPause = seconds(1);     // between two looks at the muxer's pads

// For who really wants to go back there. Sizes as people choose them.
std::string header_hint(std::uint64_t wanted)
{
    constexpr std::uint64_t kUsual = std::uint64_t{64} << 10, kMost = std::uint64_t{64} << 20;
    if (wanted >= kMost)
        return {};
    return cat("; or keep the first bytes here until the end: seekable-header=",
               std::max(kUsual, std::bit_ceil(wanted + 1)), " on the sink (at least ", wanted + 1,
               ')');
}

Error bad_setting(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

} // namespace

bool rewrites_are_taken(GstElement *sink)
{
    if (!g_object_class_find_property(G_OBJECT_GET_CLASS(sink), "seekable-header"))
        return false;
    guint64 size = 0;
    g_object_get(sink, "seekable-header", &size, nullptr);
    return size > 0;
}

Advisor::Advisor(std::shared_ptr<Observer> observer)
    : observer_(std::move(observer)), silence_(std::make_shared<Silence>()),
      timer_(kPatience, [silence = silence_] { look_for_silence(*silence); })
{
    silence_->observer = observer_;
}

// Bytes that somebody may want all the same.
void Advisor::look_at_format(GstBaseSink *sink)
{
    GstCaps *caps = gst_pad_get_current_caps(GST_BASE_SINK_PAD(sink));
    if (needs_a_container(caps)) {
        const char *name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
        post_warning(GST_ELEMENT(sink),
                     bad_setting(cat("The stream is ", name,
                                     " without a container, which nothing can read back from a "
                                     "file: put a muxer in front of this sink, ",
                                     g_str_has_prefix(name, "audio/")
                                         ? "oggmux for example, or flacenc"
                                         : "matroskamux or mpegtsmux for example",
                                     ".")),
                     {.about = observer_->about()});
    }
    gst_clear_caps(&caps);
}

bool Advisor::accepts(GstBaseSink *sink)
{
    if (std::exchange(begun_, true))
        return true;
    look_at_format(sink);
    if (rewrites_are_taken(GST_ELEMENT(sink)))
        return true;
    const auto why = why_it_goes_back(find_muxer(GST_BASE_SINK_PAD(sink)));
    if (!why)
        return true;
    post_stream_error(GST_ELEMENT(sink), *why, "seen before a byte was taken", 0,
                      observer_->about());
    return false;
}

void Advisor::asked_to_go_back(GstBaseSink *sink)
{
    if (refused_ || rewrites_are_taken(GST_ELEMENT(sink)))
        return;
    const auto why = why_it_refuses(find_muxer(GST_BASE_SINK_PAD(sink)));
    if (why && !refused_.exchange(true))
        post_stream_error(GST_ELEMENT(sink), *why, "seen before a byte was taken", 0,
                          observer_->about());
}

// --- nothing comes -------------------------------------------------------------------------------

void Advisor::look_for_silence(Silence &silence)
{
    const std::uint64_t position = silence.position;
    const bool silent = std::exchange(silence.before, position) == position;
    const auto sink = silence.observer->sink();
    if (!silent || silence.told || !sink)
        return;
    const auto why = why_it_keeps_all(find_muxer(GST_BASE_SINK_PAD(sink.get())));
    if (why && !silence.told.exchange(true)) {
        post_warning(GST_ELEMENT(sink.get()), bad_setting(*why),
                     {.about = silence.observer->about()});
    }
}

void Advisor::look_at_bytes(GstBaseSink *sink, std::span<const std::byte> data)
{
    if (mp4_.index_is_missing(data))
        index_is_at_end(sink);
}

void Advisor::index_is_at_end(GstBaseSink *sink)
{
    const Upstream muxer = find_muxer(GST_BASE_SINK_PAD(sink));
    if (!muxer.is_muxer || silence_->told) // a file that is as it is; and why it keeps all says it
        return;
    post_warning(GST_ELEMENT(sink),
                 bad_setting(cat("This MP4 has its index (moov) at the end: nothing of it is "
                                 "playable before the upload is complete. ",
                                 index_cure_of(muxer), ".")),
                 {.about = observer_->about()});
}

// --- it goes back --------------------------------------------------------------------------------

void Advisor::jumps(GstBaseSink *sink, std::uint64_t wanted, std::uint64_t position)
{
    const Upstream muxer = find_muxer(GST_BASE_SINK_PAD(sink));
    std::string text;
    if (muxer.is_muxer && !flushed_) {
        text = cat(muxer.shown(), " wants to rewrite byte ", wanted, " after ", position,
                   " bytes were taken. An upload can only grow: ",
                   cure_of(muxer, rewrites_are_taken(GST_ELEMENT(sink))), header_hint(wanted), ".");
    } else {
        text = cat("A seek leads to byte ", wanted, " after ", position,
                   " bytes were taken. An upload can only grow, from front to back: seek before "
                   "the first byte, or begin another recording",
                   rewrites_are_taken(GST_ELEMENT(sink)) ? header_hint(wanted) : "", ".");
    }
    text += " What was taken is not declared complete: a stop keeps it, or does as on-stop says.";
    post_stream_error(GST_ELEMENT(sink), text,
                      cat("SEGMENT in BYTES starts at ", wanted, ", position is ", position),
                      position, observer_->about());
}

// --- parameters that change ----------------------------------------------------------------------

void Advisor::look(GstBaseSink *sink, std::uint64_t position)
{
    silence_->position = position;
    const TimePoint now = Clock::now();
    if (!nearly_full_)
        look_at_size(sink, position);
    if (now < looked_ + kPause)
        return;
    looked_ = now;
    if (!changed_)
        look_at_parameters(sink);
}

// While something can still be done about it.
void Advisor::look_at_size(GstBaseSink *sink, std::uint64_t position)
{
    const std::uint64_t most = GST_TUS_SINK_GET_CLASS(sink)->most_bytes;
    if (most == 0 || position < most - most / 10)
        return;
    nearly_full_ = true;
    post_warning(
        GST_ELEMENT(sink),
        {.kind = ErrorKind::kTooLarge,
         .message = cat("The recording has ", position, " bytes, and the service takes ", most,
                        " of a file. Let splitmuxsink begin a new one (max-size-bytes), "
                        "or end it."),
         .offset = position},
        {.about = observer_->about()});
}

void Advisor::look_at_end(GstBaseSink *sink)
{
    if (!changed_)
        look_at_parameters(sink);
}

// The sink sees the container's caps only, and muxers tell nothing of a change. So the caps of
// their pads are looked at now and then: no probe in pads that are not ours, nothing to take away
// when the pipeline changes, and next to no time.
void Advisor::look_at_parameters(GstBaseSink *sink)
{
    const Upstream muxer = find_muxer(GST_BASE_SINK_PAD(sink));
    if (!muxer.is_muxer)
        return;
    for (const auto &pad : sink_pads(muxer)) {
        const CapsOwn caps(gst_pad_get_current_caps(pad.get()));
        const GCharOwn name{gst_pad_get_name(pad.get())};
        if (caps)
            compare(sink, cat(name.get(), " of ", muxer.name), caps.get());
    }
}

void Advisor::take_caps(GstBaseSink *sink, const GstCaps *caps)
{
    if (caps && !changed_)
        compare(sink, "the stream", const_cast<GstCaps *>(caps));
}

void Advisor::compare(GstBaseSink *sink, const std::string &pad, GstCaps *now)
{
    CapsOwn &before = parameters_[pad];
    const std::string what = changed_parameter(before.get(), now);
    if (before.get() != now)
        before.reset(gst_caps_ref(now));
    if (!what.empty() && silence_->position > 0)
        warn_of_change(sink, pad, what);
}

void Advisor::warn_of_change(GstBaseSink *sink, const std::string &where, const std::string &what)
{
    if (std::exchange(changed_, true))
        return;
    post_warning(GST_ELEMENT(sink),
                 bad_setting(cat(
                     "The stream has changed in the middle of the recording (", where, ": ", what,
                     "). Gcore wants parameters that stay the same for the whole file, and may "
                     "not be able to use it when it is complete; so may players. Let "
                     "splitmuxsink begin a new file at such a change (its action signal "
                     "split-now), or scale and convert in front of the encoder.")),
                 {.about = observer_->about()});
}

} // namespace gsttus
