// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Never with the mutex: an observer may take its time, and may call back into LiveUpload.
#include "upload/announcer.h"

#include "base/log.h"
#include "base/text.h"

#include <vector>

namespace gsttus {

void Announcer::InCallback::set(std::optional<TimePoint> since)
{
    MutexLock lock(core_.mutex);
    core_.thread.callback_since = since;
    if (core_.stop.asked)
        core_.wake.app.notify_all();
}

void Announcer::tell(const Notice &notice)
{
    call([&](UploadObserver &observer) { observer.on_notice(notice); });
}

void Announcer::warn(const Error &error)
{
    call([&](UploadObserver &observer) { observer.on_warning(error); });
}

void Announcer::failed(const Error &error, const std::string &upload_url, const std::string &folder)
{
    const std::string url = secrets_.shown_url(upload_url);
    call([&](UploadObserver &observer) { observer.on_failed(error, url, folder); });
}

Error Announcer::shown(Error error) const
{
    error.message = secrets_.own(error.message);
    error.detail = secrets_.own(error.detail);
    return error;
}

void Announcer::pass_on(const Report &report, std::uint64_t pending)
{
    if (const auto *created = std::get_if<ReportCreated>(&report)) {
        tell(UploadCreated{secrets_.shown_url(created->upload_url),
                           secrets_.shown_url(created->endpoint), to_string(created->mode)});
    } else if (const auto *stalled = std::get_if<ReportStalled>(&report)) {
        const Error reason = shown(stalled->reason);
        log(LogLevel::kInfo, "upload",
            cat("attempt ", stalled->attempt, " failed: ", reason.message, "; the next in ",
                std::chrono::duration_cast<milliseconds>(stalled->retry_in).count(), " ms"));
        const bool first = stalled->attempt == 1 && member_.stalls_first(stalled->reason);
        tell(UploadStalled{reason, stalled->attempt, stalled->retry_in, pending, first});
    } else if (const auto *resumed = std::get_if<ReportResumed>(&report)) {
        member_.resumed();
        tell(UploadResumed{resumed->offset, resumed->outage_time, resumed->bytes_resent});
    } else if (const auto *warning = std::get_if<ReportWarning>(&report)) {
        warn(shown(warning->error));
    } else if (const auto *note = std::get_if<ReportNote>(&report)) {
        log(LogLevel::kDebug, "upload", secrets_.own(note->text));
    }
}

void Announcer::pass_on(const TargetNotice &notice)
{
    if (const auto *warning = std::get_if<TargetWarning>(&notice)) {
        warn(shown(warning->error));
    } else if (const auto *created = std::get_if<VideoCreated>(&notice)) {
        VideoCreated video = *created;
        video.name = secrets_.own(video.name);
        video.slug = secrets_.own(video.slug);
        tell(video);
    } else if (const auto *deleted = std::get_if<VideoDeleted>(&notice)) {
        tell(VideoDeleted{deleted->id, secrets_.own(deleted->name)});
    } else if (const auto *status = std::get_if<VideoStatus>(&notice)) {
        VideoStatus video = *status;
        for (std::string *text :
             {&video.status, &video.error, &video.hls_url, &video.dash_url, &video.iframe_url})
            *text = secrets_.own(*text);
        tell(video);
    }
}

void Announcer::pass_on_warnings()
{
    std::vector<Error> warnings;
    {
        MutexLock lock(core_.mutex);
        warnings.swap(core_.warnings);
    }
    for (const Error &warning : warnings)
        warn(warning);
}

void Announcer::progress(bool now)
{
    UploadProgress progress;
    {
        MutexLock lock(core_.mutex);
        const TimePoint time = Clock::now();
        const std::optional<TimePoint> due = progress_due(core_.runtime.progress_interval);
        if (!due || (!now && time < *due))
            return;
        last_progress_ = time;
        progress.bytes_rendered = core_.view().end;
        progress.bytes_acked = core_.tally.stats.bytes_acked;
        progress.upload_rate = core_.tally.rate.bits_per_second(time);
        progress.draining = core_.ended();
    }
    tell(progress);
}

std::optional<TimePoint> Announcer::progress_due(Duration interval) const
{
    if (interval == Duration::zero())
        return std::nullopt;
    return last_progress_ + interval;
}

} // namespace gsttus
