// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of muxers. docs/muxers.md is the same for users; tests/element/advice_test.cpp tries
// each row with real encoders.
#include "muxer_hint.h"

#include "base/text.h"

#include <algorithm>
#include <iterator>

namespace gsttus {

namespace {

enum class Habit {
    kAsks,     // goes back at the end where it is told that it may
    kGoesBack, // whatever it is told
    kByMode,   // of the family of mp4mux: see its properties
    kUpdates,  // of the family of isofmp4mux: likewise
};

struct Kind {
    std::string_view factories; // blank separated
    Habit habit;
    const char *instead; // behind "…: "
};

constexpr const char *kHeader =
    "set seekable-header=1048576 on this sink (it needs a server with the tus extension "
    "concatenation, or length-mode=spool)";

constexpr const char *kFragmented = "set fragment-duration=1000 on it, leave fragment-mode at "
                                    "dash-or-mss, and set none of its reserved-* properties";
constexpr const char *kOtherVideo =
    "use matroskamux, mpegtsmux, or mp4mux fragment-duration=1000 instead";
constexpr const char *kOtherAudio =
    "use flacenc, or matroskamux, which takes the same samples, or opusenc with oggmux instead";

constexpr Kind kKinds[] = {
    {"mp4mux qtmux 3gppmux mj2mux ismlmux", Habit::kByMode, kFragmented},
    {"isofmp4mux cmafmux dashmp4mux", Habit::kUpdates, "set header-update-mode=none on it"},
    {"isomp4mux", Habit::kAsks, "use isofmp4mux, or mp4mux fragment-duration=1000 instead"},
    {"matroskamux webmmux flvmux", Habit::kAsks, "set streamable=true on it"},
    {"flacenc wavpackenc", Habit::kAsks, nullptr},
    {"avimux avmux_avi mxfmux avmux_matroska avmux_flv avmux_mov avmux_mp4 avmux_3gp avmux_3g2 "
     "avmux_ipod avmux_f4v avmux_ivf",
     Habit::kGoesBack, kOtherVideo},
    {"wavenc aiffmux avmux_au avmux_wav avmux_aiff avmux_w64 avmux_caf", Habit::kGoesBack,
     kOtherAudio},
    {"xingmux avmux_mp3", Habit::kGoesBack, "leave it out: an MP3 plays without its header"},
};

const Kind *kind_of(const Upstream &muxer)
{
    const auto *row = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind &kind) {
        return lists(kind.factories, muxer.factory);
    });
    return row == std::end(kKinds) ? nullptr : row;
}

bool is_set(const Upstream &muxer, const char *property)
{
    return number_of(muxer, property).value_or(0) != 0;
}

// A time that is GST_CLOCK_TIME_NONE where it is not set.
bool has_time(const Upstream &muxer, const char *property)
{
    const auto time = number_of(muxer, property);
    return time && *time > 0;
}

constexpr int kThenFinalise = 1; // fragment-mode=first-moov-then-finalise
constexpr int kRewrite = 1;      // header-update-mode=rewrite
constexpr int kUpdate = 2;       // header-update-mode=update

bool is_fragmented(const Upstream &muxer)
{
    return is_set(muxer, "fragment-duration");
}

// Goes back whatever it is told.
bool goes_back_anyway(const Upstream &muxer, const Kind &kind)
{
    switch (kind.habit) {
    case Habit::kGoesBack:
        return true;
    case Habit::kByMode:
        return is_fragmented(muxer)
                   ? number_of(muxer, "fragment-mode") == kThenFinalise
                   : has_time(muxer, "reserved-max-duration") && is_set(muxer, "reserved-prefill");
    case Habit::kUpdates:
    case Habit::kAsks:
        break;
    }
    return false;
}

// Goes back because somebody, who is not us, has told it that it may.
bool goes_back_if_it_may(const Upstream &muxer, const Kind &kind)
{
    switch (kind.habit) {
    case Habit::kAsks:
        return !is_set(muxer, "streamable");
    case Habit::kByMode:
        return is_fragmented(muxer) ? !is_set(muxer, "streamable") : !is_set(muxer, "faststart");
    case Habit::kUpdates:
        return number_of(muxer, "header-update-mode") == kRewrite;
    case Habit::kGoesBack:
        break;
    }
    return false;
}

constexpr const char *kTeeFirst =
    "link this sink's branch of the tee before that of the file, because the muxer believes the "
    "first one";

bool is_audio(GstPad *pad)
{
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const bool audio =
        caps && g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "audio/");
    gst_clear_caps(&caps);
    return audio;
}

std::string instead(const Upstream &muxer, const Kind *kind)
{
    if (kind && kind->instead)
        return kind->instead;
    const auto pads = sink_pads(muxer);
    const bool audio = !pads.empty() && std::all_of(pads.begin(), pads.end(), [](const auto &pad) {
        return is_audio(pad.get());
    });
    return audio ? kOtherAudio : kOtherVideo;
}

} // namespace

std::optional<std::string> why_it_goes_back(const Upstream &muxer)
{
    const Kind *kind = kind_of(muxer);
    if (!kind)
        return std::nullopt;
    if (kind->habit == Habit::kUpdates && number_of(muxer, "header-update-mode") == kUpdate) {
        return cat(muxer.shown(),
                   " sends its header once more at the end, to be put in place of "
                   "the first, which an upload can not do: ",
                   kind->instead, ".");
    }
    if (goes_back_anyway(muxer, *kind)) {
        return cat(muxer.shown(),
                   " goes back to its header when the recording ends, and what is uploaded can not "
                   "be changed: ",
                   kind->instead, "; or ", kHeader, ".");
    }
    if (goes_back_if_it_may(muxer, *kind) && may_go_back(muxer)) {
        const bool has_switch = kind->habit == Habit::kAsks && kind->instead;
        return cat(muxer.shown(),
                   " was told that it may go back in the file, but what is uploaded can not be "
                   "changed: ",
                   kTeeFirst, has_switch ? cat("; or ", kind->instead) : "", ".");
    }
    return std::nullopt;
}

std::optional<std::string> why_it_refuses(const Upstream &muxer)
{
    const Kind *kind = kind_of(muxer);
    const bool robust = kind && kind->habit == Habit::kByMode && !is_fragmented(muxer) &&
                        has_time(muxer, "reserved-max-duration") &&
                        !is_set(muxer, "reserved-prefill");
    if (!robust && muxer.factory != "isomp4mux")
        return std::nullopt;
    return cat(muxer.shown(),
               " writes its index into the header at the end, and what is uploaded can not be "
               "changed: ",
               kind->instead, "; or ", kHeader, ".");
}

std::optional<std::string> why_it_keeps_all(const Upstream &muxer)
{
    const Kind *kind = kind_of(muxer);
    if (!kind || kind->habit != Habit::kByMode || is_fragmented(muxer))
        return std::nullopt;
    constexpr const char *kInstead =
        "set fragment-duration=1000 on it, and it is uploaded, and can "
        "be played, while it is recorded";
    if (is_set(muxer, "faststart")) {
        return cat("The muxer ", muxer.shown(),
                   " keeps the whole recording in a file of its own until it ends, because of "
                   "faststart=true: leave that, and ",
                   kInstead, ".");
    }
    const auto pads = sink_pads(muxer);
    const bool flows = pads.size() == 1 && gst_pad_has_current_caps(pads.front().get());
    if (!flows || is_set(muxer, "force-chunks"))
        return std::nullopt;
    return cat("The muxer ", muxer.shown(),
               " keeps the whole recording in memory until it ends, because it has one track "
               "only: ",
               kInstead,
               "; with force-chunks=true it is uploaded, but can not be played before "
               "it is complete.");
}

std::string cure_of(const Upstream &muxer, bool told_by_us)
{
    const Kind *kind = kind_of(muxer);
    if (told_by_us || !may_go_back(muxer))
        return instead(muxer, kind);
    const bool has_switch = kind && kind->habit == Habit::kAsks && kind->instead;
    return cat(kTeeFirst, has_switch ? cat("; or ", kind->instead) : "");
}

std::string index_cure_of(const Upstream &muxer)
{
    if (number_of(muxer, "fragment-duration"))
        return cat("Set fragment-duration=1000 on ", muxer.name,
                   ", or use matroskamux or mpegtsmux");
    return "Use mp4mux fragment-duration=1000, matroskamux or mpegtsmux instead";
}

} // namespace gsttus
