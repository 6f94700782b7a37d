// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "examiner.h"

#include "glib/ptr.h"

#include <algorithm>

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>

namespace gsttus::standin {

namespace {

constexpr GstClockTime kPatience = 10 * GST_SECOND;

// The header of a recording that was written from front to back does not know how long it became:
// its fragments do.
void look_for_streams(MediaInfo &media, const std::string &path)
{
    GStatBuf about{};
    if (g_stat(path.c_str(), &about) != 0)
        return;
    const auto size = static_cast<std::uint64_t>(about.st_size);
    MediaReader file({{path, size}}, {});
    const ReadAt read = [&](std::uint64_t at, std::size_t most) {
        file.go_to({at, std::min<std::uint64_t>(most, size - std::min(at, size))});
        return file.next(most);
    };
    media.streams = find_streams(read, size, media.duration_ms);
    if (media.streams)
        media.duration_ms = static_cast<std::uint64_t>(media.streams->seconds * 1000 + 0.5);
}

MediaInfo look_into(const std::string &path)
{
    MediaInfo media;
    const GCharOwn uri(gst_filename_to_uri(path.c_str(), nullptr));
    const auto discoverer = GRef<GstDiscoverer>::adopt(gst_discoverer_new(kPatience, nullptr));
    if (!uri || !discoverer)
        return media;
    GError *error = nullptr;
    const auto info = GRef<GstDiscovererInfo>::adopt(
        gst_discoverer_discover_uri(discoverer.get(), uri.get(), &error));
    const GErrorOwn owned(error);
    // a stream that no installed decoder knows is media all the same
    const GstDiscovererResult result =
        info ? gst_discoverer_info_get_result(info.get()) : GST_DISCOVERER_ERROR;
    if (result != GST_DISCOVERER_OK && result != GST_DISCOVERER_MISSING_PLUGINS)
        return media;
    const GstClockTime duration = gst_discoverer_info_get_duration(info.get());
    media.duration_ms = GST_CLOCK_TIME_IS_VALID(duration) ? duration / GST_MSECOND : 0;
    GList *video = gst_discoverer_info_get_video_streams(info.get());
    GList *audio = gst_discoverer_info_get_audio_streams(info.get());
    if (video) {
        auto *stream = static_cast<GstDiscovererVideoInfo *>(video->data);
        media.width = gst_discoverer_video_info_get_width(stream);
        media.height = gst_discoverer_video_info_get_height(stream);
    }
    if (audio)
        media.audio_channels = gst_discoverer_audio_info_get_channels(
            static_cast<GstDiscovererAudioInfo *>(audio->data));
    media.valid = video || audio;
    if (media.valid)
        look_for_streams(media, path);
    gst_discoverer_stream_info_list_free(video);
    gst_discoverer_stream_info_list_free(audio);
    return media;
}

} // namespace

Examiner::~Examiner()
{
    {
        MutexLock lock(mutex_);
        stop_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable())
        thread_.join();
}

void Examiner::examine(std::string path, Done done)
{
    {
        MutexLock lock(mutex_);
        jobs_.push_back({std::move(path), std::move(done)});
        changed_.notify_all();
    }
    if (!thread_.joinable())
        thread_ = std::thread([this] { run(); });
}

void Examiner::run()
{
    const bool ready = gst_init_check(nullptr, nullptr, nullptr);
    while (true) {
        Job job;
        {
            MutexLock lock(mutex_);
            while (jobs_.empty() && !stop_)
                changed_.wait(lock);
            if (stop_)
                return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job.done(ready ? look_into(job.path) : MediaInfo{});
    }
}

} // namespace gsttus::standin
