// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Polling, and what a video's status means.
#include "gcore/video_follower.h"

#include "base/text.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr std::size_t kLongestStatus = 40;
constexpr seconds kProofPatience{30};

// empty -> pending -> viewable -> ready; a status that is not known is not there yet.
int rank(std::string_view status)
{
    if (status == "pending")
        return 1;
    if (status == "viewable")
        return 2;
    return status == "ready" ? 3 : 0;
}

const char *name_of(WaitStatus status)
{
    switch (status) {
    case WaitStatus::kNone:
        return "none";
    case WaitStatus::kPending:
        return "pending";
    case WaitStatus::kViewable:
        return "viewable";
    case WaitStatus::kReady:
        return "ready";
    }
    return "none";
}

Error cancelled_error()
{
    Error error;
    error.kind = ErrorKind::kCancelled;
    error.message = "following the video was cancelled";
    return error;
}

} // namespace

VideoFollower::VideoFollower(const GcoreConfig &config)
    : wanted_(config.wait_status), timeout_(config.status_timeout),
      interval_(config.status_interval)
{
}

Result<Proof> VideoFollower::follow(TargetContext &context, ApiClient &api, std::uint64_t video_id)
{
    if (wanted_ != WaitStatus::kNone) {
        Result<void> followed = wait(context, api, video_id, timeout_);
        return followed ? Result<Proof>(Proof::kProved) : Result<Proof>(followed.error());
    }
    if (!context.want_proof)
        return Proof::kUnknown;
    const Duration timeout = context.timeout;
    context.timeout = std::min<Duration>(timeout, kProofPatience);
    Result<void> looked = wait(context, api, video_id, kProofPatience);
    context.timeout = timeout;
    if (looked)
        return Proof::kProved;
    if (looked.error().kind == ErrorKind::kCancelled)
        return looked.error();
    // the upload was all that was asked for, and that is complete
    context.notify(TargetWarning{std::move(looked.error())});
    return Proof::kNotProved;
}

Result<void> VideoFollower::wait(TargetContext &context, ApiClient &api, std::uint64_t video_id,
                                 Duration patience)
{
    // What was slept counts as asked for, so that a test's clock need not run.
    Duration spent = Duration::zero();
    Error trouble;
    while (true) {
        const TimePoint asked = Clock::now();
        ApiResult<GcoreVideo> got = api.get(context, video_id);
        spent += Clock::now() - asked;
        Duration pause = interval_;
        if (auto *failed = std::get_if<ApiFailure>(&got)) {
            trouble = failed->failure.error;
            if (!trouble.retryable)
                return trouble;
            // longer than is left: once more at the end
            pause = std::max(pause, std::min(failed->failure.retry_after, patience - spent));
        } else {
            trouble = {};
            const Result<bool> reached = judge(context, std::get<GcoreVideo>(got), video_id);
            if (!reached)
                return reached.error();
            if (*reached)
                return {};
        }
        if (spent + pause > patience)
            break;
        if (!context.sleep(pause))
            return cancelled_error();
        spent += pause;
    }
    return too_late(video_id, patience, trouble);
}

Error VideoFollower::too_late(std::uint64_t video_id, Duration patience, const Error &trouble) const
{
    const auto span = std::chrono::duration_cast<seconds>(patience).count();
    Error error;
    error.kind = ErrorKind::kTimeout;
    if (wanted_ != WaitStatus::kNone)
        error.message =
            cat("the upload is complete, but video ", video_id, " is not ", name_of(wanted_),
                " after ", span, " s: its status is \"", status_, "\"");
    else if (status_.empty())
        error.message = cat("the upload is complete, but within ", span,
                            " s Gcore has not told the status of video ", video_id);
    else
        error.message = cat("the upload is complete, but after ", span, " s the video is still ",
                            status_, " (", video_id, "): Gcore may not have got the recording");
    error.detail = trouble.message;
    return error;
}

// TRUE: the video is where it was waited for.
Result<bool> VideoFollower::judge(TargetContext &context, const GcoreVideo &video,
                                  std::uint64_t video_id)
{
    const std::string text = context.redactor(video.error);
    const std::string status = context.redactor(video.status, kLongestStatus);
    if (status != status_ || text != status_error_) {
        status_ = status;
        status_error_ = text;
        context.notify(
            VideoStatus{video_id, status_, text, video.hls_url, video.dash_url, video.iframe_url});
    }
    // A file that Gcore can not use may leave the video "empty", with a text in `error`.
    const bool unusable = video.status == "error" || (video.status == "empty" && !text.empty());
    Error error;
    error.kind = ErrorKind::kServer;
    error.detail = text;
    if (unusable) {
        error.message = cat("Gcore can not use what was uploaded for video ", video_id, ": ",
                            text.empty() ? "it gives no reason" : text,
                            ". Check container, codecs and that they do not change within the "
                            "recording");
        return error;
    }
    if (!text.empty() && text != warned_) {
        warned_ = text;
        error.message = cat("Gcore says of video ", video_id, " (", status_, "): ", text);
        context.notify(TargetWarning{std::move(error)});
    }
    return is_there(video.status);
}

// Where nothing is waited for, any status but "empty" shows that Gcore has the file.
bool VideoFollower::is_there(std::string_view status) const
{
    if (wanted_ == WaitStatus::kNone)
        return !status.empty() && status != "empty";
    return rank(status) >= static_cast<int>(wanted_);
}

} // namespace gsttus
