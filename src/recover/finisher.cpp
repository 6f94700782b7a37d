// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether an upload can go on, what with, and the going on: an upload thread that gets no new
// bytes. Runs on the thread that calls finish_upload(), which waits for that thread.
#include "recover/finisher.h"

#include "base/redact.h"
#include "base/text.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "gsttus_version.h"
#include "recover/journal_facts.h"
#include "recover/late_head.h"
#include "recover/targets.h"
#include "recover/withheld.h"
#include "tus/route.h"
#include "upload/note_names.h"

#include <algorithm>

#include <pwd.h>

namespace gsttus {

namespace {

Error make_error(ErrorKind kind, std::string message)
{
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
}

std::vector<std::string> addresses_of(const SpooledUpload &upload)
{
    std::vector<std::string> urls = homes_of(upload);
    urls.push_back(note(upload, note_name::kUploadUrl));
    urls.push_back(target_note(upload, "endpoint"));
    return urls;
}

bool is_named(const std::string &url, const RecoverOptions &options)
{
    return std::any_of(options.host_headers.begin(), options.host_headers.end(),
                       [&](const HostHeader &one) { return is_named_host(url, one.host); });
}

// A refusal, and what would help: nobody but the user says who may be told.
Error with_advice(Error error, const SpooledUpload &upload, const RecoverOptions &options)
{
    if (error.http_status != 401 && error.http_status != 403)
        return error;
    for (const std::string &url : addresses_of(upload)) {
        const std::string_view origin = origin_part(url);
        if (origin.empty() || is_named(url, options) || target_is_gcore(upload))
            continue;
        error.message +=
            cat(" No credentials are named for it: --authorization ",
                origin.substr(origin.rfind('@') == std::string_view::npos ? origin.find("//") + 2
                                                                          : origin.rfind('@') + 1),
                "='…' gives them.");
        return error;
    }
    return error;
}

// What is neither here nor at the server is lost.
Result<void> check_whole(const ResumePoint &point, const ReplayStore &store, const std::string &cut)
{
    const std::uint64_t begin = store.begin();
    if (point.upload_url.empty() && store.end() == 0 && !cut.empty())
        return make_error(ErrorKind::kUploadLost,
                          "Nothing of it is left, neither here nor at the server.");
    // If it can be asked, the server knows better than notes that may be old.
    const bool can_ask = !point.upload_url.empty() && point.mode != LengthMode::kConcatenation;
    if (can_ask || begin <= point.released)
        return {};
    return make_error(ErrorKind::kUploadLost, cat("Bytes ", point.released, " to ", begin,
                                                  " are neither at the server nor here."));
}

// A recording whose first bytes come last, of which no part is at the server, becomes one upload:
// all of it is here, and every server takes that.
ResumePoint resume_point(const SpooledUpload &upload)
{
    if (target_was_removed(upload))
        return {};
    ResumePoint point = resume_point_of(upload);
    const bool anew = head_notes_of(upload).header > 0 &&
                      point.mode == LengthMode::kConcatenation && point.parts.empty();
    return anew ? ResumePoint() : point;
}

class Watcher final : public UploadObserver {
public:
    Watcher(std::function<void(const UploadProgress &)> progress,
            std::function<void(const std::string &)> tell)
        : progress_(std::move(progress)), tell_(std::move(tell))
    {
    }

    void on_notice(const Notice &notice) override
    {
        if (const auto *created = std::get_if<UploadCreated>(&notice))
            tell_(cat("uploading to ", redact_url(created->upload_url)));
        else if (const auto *progress = std::get_if<UploadProgress>(&notice))
            progress_(*progress);
        else if (const auto *stalled = std::get_if<UploadStalled>(&notice))
            waiting(*stalled);
        else if (std::holds_alternative<UploadResumed>(notice))
            tell_("going on");
        else if (const auto *video = std::get_if<VideoCreated>(&notice))
            made(*video);
        else if (const auto *complete = std::get_if<UploadComplete>(&notice))
            complete_ = *complete;
    }

    void on_warning(const Error &error) override { tell_(error.message); }

    void on_failed(const Error &error, const std::string &, const std::string &) override
    {
        error_ = error;
    }

    std::optional<std::string> on_refresh_authorization(int) override { return std::nullopt; }

    // read after the upload thread has ended
    std::optional<UploadComplete> complete_;
    Error error_;
    std::uint64_t video_id_ = 0; // 0: none was made

private:
    void made(const VideoCreated &video)
    {
        video_id_ = video.id;
        tell_(cat("created video ", video.id, " (", video.name, ')'));
    }

    void waiting(const UploadStalled &stalled)
    {
        if (stalled.first)
            tell_(cat("waiting: ", stalled.reason.message));
    }

    const std::function<void(const UploadProgress &)> progress_;
    const std::function<void(const std::string &)> tell_;
};

// There was nothing at the server yet.
bool is_new(const ResumePoint &point)
{
    return point.upload_url.empty() && point.parts.empty();
}

UploadConfig upload_config(const SpooledUpload &upload, const ResumePoint &point,
                           std::uint64_t head, const RecoverOptions &options)
{
    UploadConfig config;
    config.recovery = point;
    config.left.homes = homes_of(upload);
    // the length is known, and the server did not take it last time; nor may it this time
    config.length_mode =
        was_sent(upload) || (head > 0 && is_new(point)) ? LengthMode::kSpool : LengthMode::kAuto;
    config.left.head = head;
    config.left.keep_to_the_end = was_sent(upload);
    const GCharOwn parent(g_path_get_dirname(upload.folder.c_str()));
    config.replay.spool_dir = parent.get();
    config.on_stop = OnStop::kKeep;
    config.runtime.host_headers = options.host_headers;
    config.runtime.max_upload_rate = options.max_rate;
    config.runtime.outage_timeout = options.outage_timeout;
    config.runtime.progress_interval = milliseconds(200);
    return config;
}

// What the recording noted of itself, if all of it is here, or what is here.
std::string sha256_of(const SpooledUpload &upload, const ReplayStore &store, const LateHead &late)
{
    const std::uint64_t head = late.size;
    const bool whole = size_note(upload, note_name::kLength) == store.end() && late.told.empty();
    const std::string noted = whole ? note(upload, note_name::kSha256) : std::string();
    return noted.empty() ? hash_of_file(store, head) : noted;
}

// Empty: all that was recorded is here.
std::string cut_of(const SpooledUpload &upload, std::uint64_t end)
{
    const std::uint64_t length = size_note(upload, note_name::kLength).value_or(0);
    return length > end ? cat("The recording has ", length, " bytes, of which the first ", end,
                              " are here: the upload ends there.")
                        : std::string();
}

// The server had confirmed it all; only the files were not cleared away any more.
FinishedUpload clear_away(const SpooledUpload &upload, const ResumePoint &point, ReplayStore &store)
{
    UploadComplete complete;
    complete.upload_url = point.upload_url;
    complete.bytes = point.origin.value_or(0) + store.end();
    complete.sha256 = sha256_of(upload, store, {head_notes_of(upload).size, {}});
    store.discard();
    return {std::move(complete), video_of(upload)};
}

// Until it is complete, has failed or is cancelled.
Result<UploadComplete> run(LiveUpload &live, const Watcher &watcher, GCancellable *cancel)
{
    const gulong handler =
        g_cancellable_connect(cancel, G_CALLBACK(+[](GCancellable *, gpointer data) {
                                  static_cast<LiveUpload *>(data)->interrupt();
                              }),
                              &live, nullptr);
    live.start();
    const DrainStatus status = live.wait_drained();
    g_cancellable_disconnect(cancel, handler);
    live.stop(OnStop::kKeep);
    if (status == DrainStatus::kComplete && watcher.complete_)
        return *watcher.complete_;
    if (status == DrainStatus::kInterrupted)
        return make_error(ErrorKind::kCancelled, "Interrupted; what is left stays for next time.");
    return watcher.error_;
}

} // namespace

Result<void> check_secrecy(const std::vector<std::string> &urls, const RecoverOptions &options)
{
    for (const std::string &url : urls) {
        if (is_open_to_others(url) && is_named(url, options))
            return make_error(ErrorKind::kSettings,
                              cat("The credentials would go over the network unencrypted, to ",
                                  redact_url(url), ". Finish this upload without them."));
    }
    return {};
}

HttpConfig http_config(const RecoverOptions &options)
{
    HttpConfig http;
    http.user_agent = cat("gst-tus-recover/", GSTTUS_VERSION);
    http.ssl_ca_file = options.ssl_ca_file;
    http.ssl_cert_file = options.ssl_cert_file;
    http.ssl_key_file = options.ssl_key_file;
    http.proxy = options.proxy;
    http.ssl_strict = options.ssl_strict;
    return http;
}

bool was_sent(const SpooledUpload &upload)
{
    return !note(upload, note_name::kSent).empty();
}

std::string was_refused(const SpooledUpload &upload)
{
    return is_new(resume_point_of(upload)) ? note(upload, note_name::kRefused) : std::string();
}

std::string describe_upload(const SpooledUpload &upload)
{
    if (upload.owner) {
        const passwd *user = ::getpwuid(*upload.owner); // NOLINT(concurrency-mt-unsafe): only here
        return cat(upload.id, "  belongs to user ",
                   user ? std::string(user->pw_name) : std::to_string(*upload.owner),
                   ": run gst-tus-recover as that user");
    }
    if (upload.in_use)
        return cat(upload.id, "  in use by a running program");
    if (upload.leftover)
        return cat(upload.id,
                   "  left over, nothing to recover (the next recording or recovery removes it)");
    if (!upload.trouble.empty())
        return cat(upload.id, "  can not be read: ", upload.trouble);
    const GCharOwn size(g_format_size(upload.end - upload.begin));
    std::string where = redact_url(note(upload, note_name::kUploadUrl));
    if (was_sent(upload))
        where = cat("sent, not proved (", note(upload, note_name::kSent),
                    "): --send-again sends it once more");
    else if (where.empty())
        where = cat("not created yet, ", describe_target(upload));
    const std::string name = printable(name_of(upload), kMostOfName);
    return cat(upload.id, "  ", size.get(), " here  ", name.empty() ? "(no name)" : name, "  ",
               where);
}

Result<FinishedUpload> finish_upload(RecoveredUpload opened, const SpooledUpload &listed,
                                     const RecoverOptions &options,
                                     const std::function<void(const UploadProgress &)> &progress,
                                     const std::function<void(const std::string &)> &tell,
                                     GCancellable *cancel)
{
    if (!opened.cut.empty())
        tell(opened.cut);
    std::unique_ptr<ReplayStore> store = std::move(opened.store);
    SpooledUpload upload = listed;
    upload.notes = store->notes(); // somebody else may have gone on with it since it was listed
    if (const Result<void> secret = check_secrecy(addresses_of(upload), options); !secret)
        return secret.error();
    const bool finished = !note(upload, note_name::kFinished).empty();
    if (const Result<void> given = give_back(upload, options, store->begin(), tell);
        !given && !finished)
        return given.error();
    const ResumePoint point = resume_point(upload);
    if (finished)
        return clear_away(upload, point, *store);
    if (const Result<void> whole = check_whole(point, *store, opened.cut); !whole)
        return whole.error();
    const Result<LateHead> head = place_head(head_notes_of(upload), opened.head,
                                             {point.released, !point.upload_url.empty()}, *store);
    if (!head)
        return head.error();
    Result<std::unique_ptr<Target>> target = make_target(upload, options);
    if (!target)
        return target.error();
    for (const std::string &text : {head->told, cut_of(upload, store->end())}) {
        if (!text.empty())
            tell(text);
    }
    // the upload thread's too: a disk that does not answer lets it outlive this
    const auto watcher = std::make_shared<Watcher>(progress, tell);
    UploadConfig config = upload_config(upload, point, head->size, options);
    config.left.sha256 = sha256_of(upload, *store, *head);
    LiveUpload live(
        std::move(config), std::move(*target),
        [http = http_config(options), watcher] { return make_soup_transport(http); }, *watcher,
        std::move(store));
    const Result<UploadComplete> complete = run(live, *watcher, cancel);
    if (!complete)
        return with_advice(complete.error(), upload, options);
    return FinishedUpload{*complete,
                          watcher->video_id_ != 0 ? watcher->video_id_ : video_of(upload)};
}

} // namespace gsttus
