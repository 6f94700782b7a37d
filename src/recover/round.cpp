// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A thousand uploads for a server that is away shall not cost a thousand outage-timeouts, but none
// of them goes without an attempt: the first may have failed for a reason of its own.
#include "recover/round.h"

#include "base/text.h"
#include "glib/ptr.h"
#include "recover/elsewhere.h"
#include "recover/journal_facts.h"
#include "replay/recovery.h"
#include "tus/route.h"
#include "upload/note_names.h"
#include "upload/notice.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr Duration kShortPatience = seconds(10); // with a server that did not answer just now

std::string parent_of(const SpooledUpload &upload)
{
    const GCharOwn parent(g_path_get_dirname(upload.folder.c_str()));
    return parent.get();
}

std::string server_of(const SpooledUpload &upload)
{
    for (const std::string &url : {note(upload, note_name::kUploadUrl),
                                   target_note(upload, "endpoint"), target_note(upload, "api_url")})
        if (!origin_part(url).empty())
            return std::string(origin_part(url));
    return {};
}

bool is_absence(const Error &error)
{
    return error.kind == ErrorKind::kNetwork || error.kind == ErrorKind::kTimeout;
}

// Whoever is there takes none of the others either: away, a wrong address, no rights.
bool is_nobody(const Error &error)
{
    switch (error.http_status) {
    case 401:
    case 403:
    case 404:
    case 410:
        return true;
    default:
        return is_absence(error) || error.kind == ErrorKind::kTls ||
               error.kind == ErrorKind::kClock || error.http_status >= 500;
    }
}

} // namespace

RecoverOptions Round::options_for(const SpooledUpload &upload) const
{
    RecoverOptions options = options_;
    if (away_.count(server_of(upload)) != 0 &&
        (options.outage_timeout > kShortPatience || options.outage_timeout == Duration::zero()))
        options.outage_timeout = kShortPatience;
    return options;
}

Outcome Round::failed(const SpooledUpload &upload, Error error, const Told &before)
{
    const bool is_news = before.outcome != Outcome::kFailed || before.error != error.message;
    teller_.not_finished(upload, error, is_news);
    error_ = std::move(error);
    return Outcome::kFailed;
}

Outcome Round::open_and_finish(const SpooledUpload &upload, const Told &before)
{
    Result<RecoveredUpload> opened = open_upload(parent_of(upload), upload.id);
    // another program was quicker since it was listed
    if (!opened && opened.error().retryable) {
        teller_.in_use(upload);
        return Outcome::kInUse;
    }
    if (!opened && opened.error().kind == ErrorKind::kNotFound) {
        teller_.gone(upload);
        return Outcome::kGone;
    }
    if (!opened)
        return failed(upload, opened.error(), before);
    return options_.to.empty() ? finish_opened(upload, std::move(*opened), before)
                               : finish_elsewhere(upload, std::move(*opened), before);
}

// One wrong --to shall not rewrite all recordings of a folder: the first shows it.
Outcome Round::finish_elsewhere(SpooledUpload upload, RecoveredUpload opened, const Told &before)
{
    upload.notes = opened.store->notes();
    if (no_destination_ && !is_going_there(upload, options_)) {
        Error error = *no_destination_;
        const std::string who = describe_destination(options_);
        error.message = error.http_status == 0
                            ? cat("Not tried: ", who, " did not answer.")
                            : cat("Not tried: ", who, " answered ", error.http_status, '.');
        error.message += " Nothing has changed for it.";
        return failed(upload, std::move(error), before);
    }
    if (const auto there = send_elsewhere(opened, upload, options_, Teller::tell, cancel_);
        !there) {
        // 403: of that video, perhaps of no other
        if (is_nobody(there.error()) && there.error().http_status != 403)
            no_destination_ = there.error();
        return failed(upload, there.error(), before);
    }
    upload.notes = opened.store->notes();
    const Outcome outcome = finish_opened(upload, std::move(opened), before);
    if (outcome == Outcome::kFinished)
        no_destination_.reset();
    else if (is_nobody(error_))
        no_destination_ = error_;
    return outcome;
}

Outcome Round::finish_opened(const SpooledUpload &upload, RecoveredUpload opened,
                             const Told &before)
{
    const Result<FinishedUpload> result = finish_upload(
        std::move(opened), upload, options_for(upload), Teller::progress, Teller::tell, cancel_);
    const std::string server = server_of(upload);
    if (result) {
        away_.erase(server);
        teller_.finished(upload, *result);
        return Outcome::kFinished;
    }
    if (is_absence(result.error()))
        away_.insert(server);
    else
        away_.erase(server);
    return failed(upload, result.error(), before);
}

// For what nothing can be tried, today or tomorrow.
std::optional<Error> Round::lasting_trouble(const SpooledUpload &upload) const
{
    if (!upload.trouble.empty())
        return Error{.kind = ErrorKind::kDisk, .message = upload.trouble};
    if (was_sent(upload) && options_.send_again != upload.id)
        return Error{.kind = ErrorKind::kProtocol,
                     .message = cat("It was sent, but is not proved to be there: --send-again ",
                                    upload.id, " sends it once more.")};
    const std::string refused = was_refused(upload);
    if (!refused.empty() && options_.named.count(upload.id) == 0 &&
        options_.send_again != upload.id)
        return Error{.kind = ErrorKind::kNotAuthorized,
                     .message =
                         cat("It was refused when it began: \"", refused, "\" ",
                             recover_command(upload.folder),
                             " tries it with what is right now, and with --to elsewhere; --delete "
                             "removes it.")};
    return std::nullopt;
}

Outcome Round::finish(const SpooledUpload &upload, const Told &before)
{
    if (upload.leftover) {
        const Result<void> removed = delete_leftover(parent_of(upload), upload.id);
        if (before.outcome != Outcome::kLeftover)
            teller_.left_over(upload, removed);
        return removed ? Outcome::kGone : Outcome::kLeftover;
    }
    if (upload.owner) {
        teller_.of_another_user(upload, before.outcome != Outcome::kOfAnother);
        return Outcome::kOfAnother;
    }
    if (upload.in_use) {
        teller_.in_use(upload, before.outcome != Outcome::kInUse);
        return Outcome::kInUse;
    }
    if (g_cancellable_is_cancelled(cancel_)) {
        teller_.not_tried(upload);
        return Outcome::kNotTried;
    }
    if (std::optional<Error> lasting = lasting_trouble(upload)) {
        if (before.outcome != Outcome::kFailed || before.error != lasting->message) {
            teller_.begins(upload);
            return failed(upload, std::move(*lasting), before);
        }
        error_ = std::move(*lasting);
        return Outcome::kFailed;
    }
    teller_.begins(upload);
    return open_and_finish(upload, before);
}

} // namespace gsttus
