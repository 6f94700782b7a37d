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

void Announcer::pass_on(const Report &report, std::uint64_t pending)
{
    if (const auto *created = std::get_if<ReportCreated>(&report)) {
        tell(UploadCreated{created->upload_url, created->endpoint, to_string(created->mode)});
    } else if (const auto *stalled = std::get_if<ReportStalled>(&report)) {
        log(LogLevel::kInfo, "upload",
            cat("attempt ", stalled->attempt, " failed: ", stalled->reason.message, ' ',
                stalled->reason.detail));
        const bool first = stalled->attempt == 1;
        tell(UploadStalled{stalled->reason, stalled->attempt, stalled->retry_in, pending, first});
    } else if (const auto *resumed = std::get_if<ReportResumed>(&report)) {
        tell(UploadResumed{resumed->offset, resumed->outage_time, resumed->bytes_resent});
    } else if (const auto *warning = std::get_if<ReportWarning>(&report)) {
        warn(warning->error);
    } else if (const auto *note = std::get_if<ReportNote>(&report)) {
        log(LogLevel::kDebug, "upload", note->text);
    }
}

void Announcer::pass_on(const TargetNotice &notice)
{
    if (const auto *warning = std::get_if<TargetWarning>(&notice))
        warn(warning->error);
    else if (const auto *video = std::get_if<VideoCreated>(&notice))
        tell(*video);
    else if (const auto *status = std::get_if<VideoStatus>(&notice))
        tell(*status);
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
