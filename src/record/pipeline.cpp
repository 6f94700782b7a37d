// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders that keep up with a live source, muxers that never go back; see docs/muxers.md.
#include "record/pipeline.h"

#include "base/text.h"

#include <array>

namespace gsttus {

namespace {

constexpr const char *kQueue = "! queue max-size-buffers=0 max-size-bytes=0 "
                               "max-size-time=3000000000";
constexpr std::uint64_t kSecond = 1'000'000'000;

Error missing(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

struct Container {
    const char *name, *muxer, *properties, *package;
};

// mpegtsmux of GStreamer 1.26 and newer does not wait for a picture that is encoded for the first
// time: its first table of programs has the sound alone then, and players that believe it play no
// picture. With more latency it waits, for as long as the queues in front of it take.
constexpr std::array kContainers = {
    Container{"mp4", "mp4mux", "fragment-duration=1000", "gstreamer1.0-plugins-good"},
    Container{"mkv", "matroskamux", "", "gstreamer1.0-plugins-good"},
    Container{"ts", "mpegtsmux", "latency=2000000000", "gstreamer1.0-plugins-bad"},
    Container{"webm", "webmmux", "", "gstreamer1.0-plugins-good"},
};

class Builder {
public:
    Builder(const RecordTask &task, const Inputs &inputs, const IsInstalled &has)
        : task_(task), inputs_(inputs), has_(has)
    {
        for (const Container &container : kContainers) {
            if (task.container == container.name)
                container_ = &container;
        }
    }

    Result<Words> build()
    {
        const char *sink = task_.to.empty() ? "gcoresink" : "tussink";
        if (!has_(sink))
            return missing(cat("GStreamer does not find ", sink,
                               ": install gst-tus where it looks, or set GST_PLUGIN_PATH to where "
                               "libgsttus.so is"));
        if (is_sent_as_it_is(task_.source))
            return as_it_is();
        if (!has_(container_->muxer))
            return missing(cat("no ", container_->muxer, " here: install ", container_->package));
        return task_.every_seconds > 0 ? in_pieces() : as_one();
    }

private:
    bool is_webm() const { return task_.container == "webm"; }

    bool has_picture() const { return !inputs_.picture.empty() || inputs_.has_picture; }

    bool has_sound() const { return !inputs_.sound.empty() || inputs_.has_sound; }

    // What is behind the word "!".
    Words upload(std::string_view name) const
    {
        Words sink;
        if (task_.to.empty())
            sink.add("gcoresink name=upload on-stop=keep");
        else
            sink.add("tussink name=upload on-stop=keep").set("endpoint", task_.to);
        sink.set("location", name);
        if (task_.wait_status != "none")
            sink.set("wait-status", task_.wait_status);
        return sink;
    }

    void end_in_sink(Words &words) const
    {
        if (task_.copy.empty()) {
            words.add("!").append(upload(task_.name));
            return;
        }
        // The upload first: whether the muxer may go back, the first branch answers.
        words.add("! tee name=both both. ! queue !").append(upload(task_.name));
        words.add("both. ! queue ! filesink name=copy async=false").set("location", task_.copy);
    }

    Words as_it_is() const
    {
        Words words;
        if (task_.source == SourceKind::kFile)
            words.add("filesrc").set("location", task_.location);
        else
            words.add("fdsrc fd=0");
        end_in_sink(words);
        return words;
    }

    Result<Words> picture_encoder() const
    {
        Words words;
        // of a picture whose sides are even; an encoder wants that
        words.add("! videoconvert ! videoscale ! "
                  "video/x-raw,format=I420,width=[2,8190,2],height=[2,8190,2]");
        const std::uint64_t kilobits = task_.bitrate / 1000;
        if (is_webm()) {
            if (!has_("vp8enc"))
                return missing("no vp8enc here: install gstreamer1.0-plugins-good");
            words.add(cat("! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=60 target-bitrate=",
                          task_.bitrate));
        } else if (!has_("h264parse")) {
            return missing("no h264parse here: install gstreamer1.0-plugins-bad, or take "
                           "--container webm");
        } else if (has_("x264enc")) {
            words.add(
                cat("! x264enc tune=zerolatency speed-preset=veryfast key-int-max=60 bitrate=",
                    kilobits, " ! h264parse"));
        } else if (has_("openh264enc")) {
            words.add(cat("! openh264enc complexity=low gop-size=60 bitrate=", task_.bitrate,
                          " ! h264parse"));
        } else {
            return missing("no encoder for H.264 here: install gstreamer1.0-plugins-ugly (x264enc) "
                           "or gstreamer1.0-plugins-bad (openh264enc), or take --container webm");
        }
        return words;
    }

    Result<Words> sound_encoder() const
    {
        Words words;
        words.add("! audioconvert ! audioresample !");
        if (!is_webm() && has_("avenc_aac"))
            words.add("avenc_aac ! aacparse");
        else if (!is_webm() && has_("voaacenc"))
            words.add("voaacenc ! aacparse");
        else if (has_("opusenc"))
            words.add("opusenc");
        else
            return missing("no encoder for sound here: install gstreamer1.0-libav (avenc_aac) or "
                           "gstreamer1.0-plugins-base (opusenc), or take --audio none");
        return words;
    }

    // From the source to what a muxer takes.
    Result<Words> picture() const
    {
        Words words;
        if (!inputs_.has_picture) {
            words = inputs_.picture;
        } else {
            words.add("camera. ! application/x-rtp,media=video !");
            const bool as_it_is =
                !is_webm() && (inputs_.picture_codec == "h264" || inputs_.picture_codec == "h265");
            if (as_it_is) {
                const std::string parser = cat(inputs_.picture_codec, "parse");
                if (!has_(parser.c_str()))
                    return missing(cat("no ", parser, " here: install gstreamer1.0-plugins-bad"));
                words.add(
                    cat("rtp", inputs_.picture_codec, "depay ! ", parser, " config-interval=-1"));
                return words;
            }
            words.add("decodebin");
        }
        const Result<Words> encoder = picture_encoder();
        if (!encoder)
            return encoder.error();
        return words.append(*encoder);
    }

    Result<Words> sound() const
    {
        Words words = inputs_.sound;
        if (inputs_.has_sound)
            words.add("camera. ! application/x-rtp,media=audio ! decodebin");
        const Result<Words> encoder = sound_encoder();
        if (!encoder)
            return encoder.error();
        return words.append(*encoder);
    }

    Words source() const
    {
        Words words;
        if (task_.source == SourceKind::kRtsp)
            words.add("rtspsrc name=camera protocols=tcp").set("location", task_.location);
        return words;
    }

    // `picture_pad` and `sound_pad` are what takes them.
    Result<Words> streams(std::string_view picture_pads, std::string_view sound_pads) const
    {
        Words words = source();
        if (has_picture()) {
            const Result<Words> stream = picture();
            if (!stream)
                return stream.error();
            words.append(*stream).add(picture_pads);
        }
        if (has_sound()) {
            const Result<Words> stream = sound();
            if (!stream)
                return stream.error();
            words.append(*stream).add(sound_pads);
        }
        return words;
    }

    Result<Words> as_one() const
    {
        const std::string pads = cat(kQueue, " ! mux.");
        Result<Words> words = streams(pads, pads);
        if (!words)
            return words;
        words->add(cat(container_->muxer, " name=mux ", container_->properties));
        end_in_sink(*words);
        return words;
    }

    // Of splitmuxsink: a % of the name's own is doubled, since it counts with %05d.
    std::string pattern(std::string_view name) const
    {
        std::string doubled;
        for (const char c : name)
            doubled.append(c == '%' ? "%%" : std::string(1, c));
        return name_of_pieces(doubled, task_.container).with("%05d");
    }

    Words splitter(std::string_view name, std::string_view location) const
    {
        Words words;
        words.add(cat("splitmuxsink name=", name)).set("location", pattern(location));
        if (task_.first_piece > 0)
            words.add(cat("start-index=", task_.first_piece));
        words.add(cat(
            "max-size-time=", task_.every_seconds * kSecond,
            " send-keyframe-requests=true async-finalize=true muxer-factory=", container_->muxer));
        if (*container_->properties)
            words.set("muxer-properties", cat("properties,", container_->properties));
        return words;
    }

    Result<Words> in_pieces() const
    {
        const bool copies = !task_.copy.empty();
        const auto pads = [&](const char *pad, const char *tee) {
            const std::string first = cat(kQueue, " ! pieces.", pad);
            return copies ? cat("! tee name=", tee, ' ', tee, ". ", first, ' ', tee, ". ", kQueue,
                                " ! copies.", pad)
                          : first;
        };
        Result<Words> words = streams(pads("video", "pictures"), pads("audio_0", "sounds"));
        if (!words)
            return words;
        words->append(splitter("pieces", task_.name));
        words->add(task_.to.empty() ? "sink-factory=gcoresink" : "sink-factory=tussink");
        std::string properties = "properties,on-stop=keep";
        if (!task_.to.empty())
            properties.append(cat(",endpoint=(string)\"", task_.to, '"'));
        if (task_.wait_status != "none")
            properties.append(cat(",wait-status=", task_.wait_status));
        words->set("sink-properties", properties);
        if (copies)
            words->append(splitter("copies", task_.copy)).add("sink-factory=filesink");
        return words;
    }

    const RecordTask &task_;
    const Inputs &inputs_;
    const IsInstalled &has_;
    const Container *container_ = &kContainers[0];
};

} // namespace

std::string PieceName::with(std::string_view number) const
{
    return cat(begin, number, end);
}

PieceName name_of_pieces(std::string_view name, std::string_view container)
{
    const std::size_t slash = name.rfind('/');
    const std::size_t dot = name.rfind('.');
    const bool has_ending = dot != std::string_view::npos && dot > 0 &&
                            (slash == std::string_view::npos || dot > slash + 1);
    return {.begin = cat(name.substr(0, has_ending ? dot : name.size()), '-'),
            .end = has_ending ? std::string(name.substr(dot)) : cat('.', container)};
}

Result<Words> pipeline_of(const RecordTask &task, const Inputs &inputs, const IsInstalled &has)
{
    return Builder(task, inputs, has).build();
}

} // namespace gsttus
