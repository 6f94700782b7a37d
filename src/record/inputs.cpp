// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One function a source.
#include "record/inputs.h"

#include "base/redact.h"
#include "base/text.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "record/devices.h"

#include <cstdio>
#include <cstring>

#include <gst/pbutils/pbutils.h>

namespace gsttus {

namespace {

constexpr GstClockTime kPatience = 15 * GST_SECOND;

Error not_there(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

Inputs test_inputs(const IsInstalled &has)
{
    Inputs inputs;
    inputs.picture.add("videotestsrc is-live=true ! "
                       "video/x-raw,format=I420,width=1280,height=720,framerate=30/1");
    if (has("timeoverlay"))
        inputs.picture.add("! timeoverlay").set("font-desc", "Sans 36");
    inputs.sound.add("audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=48000,channels=2");
    return inputs;
}

Result<Words> screen(const RecordTask &task, const IsInstalled &has, ScreenPortal &portal)
{
    Words words;
    const char *wayland = g_getenv("WAYLAND_DISPLAY");
    const char *x11 = g_getenv("DISPLAY");
    if (wayland && *wayland) {
        if (!has("pipewiresrc"))
            return not_there("this desktop (Wayland) shows its screen through PipeWire: install "
                             "gstreamer1.0-pipewire");
        if (task.dry_run)
            return words.add("pipewiresrc fd=FD path=NODE do-timestamp=true ! videorate ! "
                             "video/x-raw,framerate=30/1");
        const Result<ScreenCast> cast = portal.open();
        if (!cast)
            return cast.error();
        return words.add(cat("pipewiresrc fd=", cast->fd, " path=", cast->node,
                             " do-timestamp=true ! videorate ! video/x-raw,framerate=30/1"));
    }
    if (!x11 || !*x11)
        return not_there("there is no screen here: neither WAYLAND_DISPLAY nor DISPLAY is set");
    if (!has("ximagesrc"))
        return not_there("no ximagesrc here: install gstreamer1.0-plugins-good (Debian: "
                         "gstreamer1.0-x)");
    return words.add("ximagesrc use-damage=false ! video/x-raw,framerate=30/1");
}

Error no_such_device(const std::string &name, bool camera)
{
    const char *kind = camera ? "camera" : "microphone";
    if (name.empty())
        return not_there(cat("there is no ", kind, " here (--list shows what there is)"));
    return not_there(cat("no ", kind, " has the name \"", printable(name, kMostOfName),
                         "\", or more than one has (--list shows them)"));
}

// The sound that goes with a picture: the named one, or the first if `wanted`.
Result<Words> sound(const std::vector<Device> &devices, const RecordTask &task, bool wanted)
{
    if (task.audio == "none" || (task.audio.empty() && !wanted))
        return Words();
    if (const Device *device = find_device(devices, false, task.audio))
        return device->source;
    if (!task.audio.empty())
        return no_such_device(task.audio, false);
    std::fprintf(stderr, "No microphone here: the recording is without sound.\n");
    return Words();
}

Result<Inputs> device_inputs(const RecordTask &task, const IsInstalled &has, ScreenPortal &portal)
{
    Inputs inputs;
    const bool is_screen = task.source == SourceKind::kScreen;
    const bool is_camera = task.source == SourceKind::kCamera;
    if (is_screen) {
        const Result<Words> words = screen(task, has, portal);
        if (!words)
            return words.error();
        inputs.picture = *words;
        if (task.audio.empty() || task.audio == "none")
            return inputs;
    }
    const std::vector<Device> devices = list_devices();
    if (!is_screen) {
        const Device *device = find_device(devices, is_camera, task.device);
        if (!device)
            return no_such_device(task.device, is_camera);
        (is_camera ? inputs.picture : inputs.sound) = device->source;
    }
    if (is_camera) // many give JPEG pictures
        inputs.picture.add("! decodebin");
    if (task.source == SourceKind::kMicrophone)
        return inputs;
    const Result<Words> words = sound(devices, task, is_camera);
    if (!words)
        return words.error();
    inputs.sound = *words;
    return inputs;
}

std::string codec_of(GstDiscovererStreamInfo *stream)
{
    GstCaps *caps = gst_discoverer_stream_info_get_caps(stream);
    if (!caps)
        return "";
    const char *name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    const std::string codec = std::strcmp(name, "video/x-h264") == 0   ? "h264"
                              : std::strcmp(name, "video/x-h265") == 0 ? "h265"
                                                                       : name;
    gst_caps_unref(caps);
    return codec;
}

void log_in(GstDiscoverer * /*discoverer*/, GstElement *source, gpointer data)
{
    const auto *task = static_cast<const RecordTask *>(data);
    if (!task->user.empty())
        g_object_set(source, "user-id", task->user.c_str(), "user-pw", task->password.c_str(),
                     nullptr);
}

Result<Inputs> camera_in_the_network(const RecordTask &task)
{
    GError *raw = nullptr;
    const auto discoverer = GRef<GstDiscoverer>::adopt(gst_discoverer_new(kPatience, &raw));
    const GErrorOwn made(raw);
    if (!discoverer)
        return not_there(made->message);
    g_signal_connect(discoverer.get(), "source-setup", G_CALLBACK(log_in),
                     const_cast<RecordTask *>(&task));
    raw = nullptr;
    const auto info = GRef<GstDiscovererInfo>::adopt(
        gst_discoverer_discover_uri(discoverer.get(), task.location.c_str(), &raw));
    const GErrorOwn asked(raw);
    GList *pictures = info ? gst_discoverer_info_get_video_streams(info.get()) : nullptr;
    GList *sounds = info ? gst_discoverer_info_get_audio_streams(info.get()) : nullptr;
    Inputs inputs;
    inputs.has_picture = pictures != nullptr;
    inputs.has_sound = sounds != nullptr && task.audio != "none";
    if (pictures)
        inputs.picture_codec = codec_of(GST_DISCOVERER_STREAM_INFO(pictures->data));
    gst_discoverer_stream_info_list_free(pictures);
    gst_discoverer_stream_info_list_free(sounds);
    if (!inputs.has_picture && !inputs.has_sound)
        return not_there(cat(printable(redact_url(task.location)), " gives no picture and no sound",
                             asked ? ": " : "", asked ? asked->message : ""));
    if (!task.audio.empty() && task.audio != "none")
        return not_there("a camera in the network has its own sound: --audio none, or nothing");
    return inputs;
}

} // namespace

Result<Inputs> ask_inputs(const RecordTask &task, const IsInstalled &has, ScreenPortal &portal)
{
    switch (task.source) {
    case SourceKind::kTest: {
        Inputs inputs = test_inputs(has);
        if (task.audio == "none")
            inputs.sound = Words();
        if (task.audio.empty() || task.audio == "none")
            return inputs;
        const Result<Words> words = sound(list_devices(), task, true);
        if (!words)
            return words.error();
        inputs.sound = *words;
        return inputs;
    }
    case SourceKind::kScreen:
    case SourceKind::kCamera:
    case SourceKind::kMicrophone:
        return device_inputs(task, has, portal);
    case SourceKind::kRtsp:
        return camera_in_the_network(task);
    case SourceKind::kFile:
    case SourceKind::kStdin:
        break;
    }
    return Inputs();
}

} // namespace gsttus
