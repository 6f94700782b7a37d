// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Nothing is sent to the old destination, not even that its upload is not wanted any more: what the
// user gives is for the new one.
#include "recover/elsewhere.h"

#include "base/redact.h"
#include "base/text.h"
#include "gcore/api_client.h"
#include "glib/web_address.h"
#include "recover/journal_facts.h"
#include "recover/targets.h"
#include "recover/withheld.h"
#include "upload/note_names.h"
#include "upload/notice.h"

#include <algorithm>
#include <array>

namespace gsttus {

namespace {

constexpr int kForbidden = 403;

Error refused(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

bool is_for_gcore(const RecoverOptions &options)
{
    return options.to == kToGcore;
}

// There may be none of the two. An upload has been begun, wherever that is.
std::string left_behind(const SpooledUpload &upload)
{
    const std::string url = redact_url(note(upload, note_name::kUploadUrl));
    if (!url.empty())
        return url;
    return resume_point_of(upload).parts.empty() ? std::string() : describe_target(upload);
}

std::string place_of(const SpooledUpload &upload)
{
    const std::string begun = left_behind(upload);
    return begun.empty() ? describe_target(upload) : begun;
}

// Of the new destination; what else there is of it is the same as ever. Where there is nothing yet,
// the address may be wrong by no more than a slash.
bool is_noted(const SpooledUpload &upload, const RecoverOptions &options)
{
    if (is_for_gcore(options) != target_is_gcore(upload))
        return false;
    const std::string endpoint = target_note(upload, "endpoint");
    if (is_for_gcore(options))
        return endpoint.empty() && is_same_api(target_note(upload, "api_url"), api_of(options));
    return endpoint == noted_url(options.to) ||
           (!left_behind(upload).empty() && is_same_address(endpoint, noted_url(options.to)));
}

// What the API's refusal means; TRUE is no value of it. Only the API itself knows that there is no
// such video: a proxy's page is no reason to make a second one.
Result<bool> judge_refusal(const ApiFailure &failed, std::uint64_t video,
                           const RecoverOptions &options)
{
    Error error = failed.failure.error;
    constexpr int kNotFound = 404, kGone = 410;
    const int status = error.http_status;
    if ((status == kNotFound || status == kGone) && failed.own_answer)
        return false;
    const std::string said = cat(redact_url(api_of(options)), " answered ", status,
                                 " to whether the account has video ", video);
    if (status == kNotFound || status == kGone)
        error.message = cat(said, ", but not as Gcore's API does: something in front of it may "
                                  "have. Nothing has changed.");
    else if (status == kForbidden)
        error.message = cat(said, ": the video may be another account's, or the key's role may not "
                                  "look at it. Nothing has changed; with --send-again, too, all is "
                                  "sent to a new video.");
    return error;
}

// A key sees the videos of its account only.
Result<bool> is_of_this_account(std::uint64_t video, const RecoverOptions &options,
                                GCancellable *cancel)
{
    const Result<ApiAddress> address = parse_api_address(api_of(options));
    if (!address)
        return address.error();
    const Result<std::unique_ptr<Transport>> http = make_soup_transport(http_config(options));
    if (!http)
        return http.error();
    Redactor redactor;
    redactor.add(options.api_key);
    TargetContext context{.http = **http,
                          .cancel = cancel,
                          .redactor = redactor,
                          .timeout = seconds(30),
                          .sleep = [](Duration) { return true; },
                          .notify = [](const TargetNotice &) {},
                          .hints = {}};
    const ApiResult<GcoreVideo> got = ApiClient(*address, options.api_key).get(context, video);
    const auto *failed = std::get_if<ApiFailure>(&got);
    return failed ? judge_refusal(*failed, video, options) : Result<bool>(true);
}

// With upload-url, by somebody who may have sent its beginning: no server has said so.
bool is_continued_blindly(const SpooledUpload &upload)
{
    return resume_point_of(upload).given && note(upload, note_name::kOrigin).empty();
}

// What would make two of one recording, or a part that looks like the whole; `asked`: the user
// knows, and wants it.
Result<void> check_is_needed(const SpooledUpload &upload, const ReplayStore &store, bool asked)
{
    if (!note(upload, note_name::kFinished).empty())
        return refused(cat("All of it is at ", place_of(upload),
                           " already: without --to, gst-tus-recover clears away what is here."));
    const std::string left = left_behind(upload);
    if (asked || left.empty())
        return {};
    if (store.acked() == store.end() && size_note(upload, note_name::kLength) == store.end())
        return refused(cat("All its bytes are at ", left, ": ", recover_command(upload.folder),
                           " shows whether it is complete there. With --send-again, too, --to "
                           "sends all of it once more."));
    if (is_continued_blindly(upload))
        return refused(cat("It continued ", left,
                           ", and what that had before, if anything, is only "
                           "there. If it had nothing, --to with --send-again sends what is here "
                           "as a whole."));
    return {};
}

// A part of it, which is all that could be sent, would look like the whole.
Result<void> check_all_here(const SpooledUpload &upload, const RecoveredUpload &opened)
{
    const ReplayStore &store = *opened.store;
    const std::uint64_t before = size_note(upload, note_name::kOrigin).value_or(0);
    const auto partly = [&](const char *which, std::uint64_t bytes) {
        return refused(cat("Its ", which, ' ', bytes, " bytes are not here, but only at ",
                           place_of(upload),
                           ": it can not be sent elsewhere as a whole, and stays as it is."));
    };
    if (before + store.begin() > 0)
        return partly("first", before + store.begin());
    if (store.acked() > store.end())
        return partly("last", store.acked() - store.end());
    if (store.end() == 0 && opened.head.empty())
        return refused("Nothing of it is here that could be sent elsewhere.");
    return {};
}

// Those of the recording stay, those of its way to the old destination go.
Notes notes_of_the_recording(const SpooledUpload &upload)
{
    Notes notes = upload.notes;
    std::erase_if(notes,
                  [](const auto &entry) { return entry.first.starts_with(note_name::kTarget); });
    for (const char *name : {note_name::kUploadUrl, note_name::kOrigin, note_name::kLengthMode,
                             note_name::kReleased, note_name::kParts, note_name::kJoined,
                             note_name::kHomes, note_name::kSent, note_name::kRefused})
        notes.erase(name);
    return notes;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

// As TusTarget::describe() has it.
Facts tus_facts(const SpooledUpload &upload, const std::string &endpoint)
{
    Facts facts = {{"kind", "tus"}, {"endpoint", noted_url(endpoint)}};
    Metadata metadata = metadata_of(upload);
    const auto is_name = [](const auto &pair) { return pair.first == "filename"; };
    const std::string name = name_of(upload);
    if (!name.empty() && std::none_of(metadata.begin(), metadata.end(), is_name))
        metadata.insert(metadata.begin(), {"filename", name});
    describe_metadata(metadata, facts);
    for (const auto &[key, value] : target_notes(upload, kWithheld))
        facts.emplace_back(cat(kWithheld, key), value);
    return facts;
}

// Options that are ids of one account's things.
bool is_of_account(std::string_view option)
{
    constexpr std::array<std::string_view, 2> kOfAccount = {"directory_id", "quality_set_id"};
    return std::count(kOfAccount.begin(), kOfAccount.end(), option) > 0;
}

bool has_ids_of_account(const SpooledUpload &upload)
{
    const auto options = target_notes(upload, "option.");
    return std::any_of(options.begin(), options.end(),
                       [](const auto &option) { return is_of_account(option.first); });
}

// The user says that it is a new one, whatever there was; of one that was_sent() he has to say so
// anyway.
bool is_said_to_be_new(const SpooledUpload &upload, const RecoverOptions &options)
{
    return options.send_again == upload.id && !was_sent(upload);
}

// As GcoreTarget::describe() has it. A tus server's secrets are nothing to Gcore, nor to another
// account what only the first one has.
Facts gcore_facts(const SpooledUpload &upload, const RecoverOptions &options,
                  std::vector<std::string> &told)
{
    const bool of_another =
        video_of(upload) != 0 && !is_same_api(target_note(upload, "api_url"), api_of(options));
    const bool leaves_ids = of_another || is_said_to_be_new(upload, options);
    const Result<ApiAddress> address = parse_api_address(api_of(options));
    Facts facts = {{"kind", "gcore"}, {"api_url", address ? address->url : api_of(options)}};
    const auto keep = [&](const std::string &name, const std::string &value) {
        if (!value.empty())
            facts.emplace_back(name, value);
    };
    keep("location", name_of(upload));
    for (const char *name : {"video_name", "description", "filetype"})
        keep(name, target_note(upload, name));
    for (const auto &[name, value] : target_notes(upload, "option.")) {
        if (leaves_ids && is_of_account(name))
            told.push_back(cat(of_another ? "left out, since it is of the other account: "
                                          : "left out, as --send-again wants it: ",
                               name));
        else
            keep(cat("option.", name), value);
    }
    for (const auto &[key, value] : target_notes(upload, "metadata.")) {
        if (key != "filename") // which is the location
            keep(cat("metadata.", key), value);
    }
    if (target_is_gcore(upload)) {
        for (const auto &[key, value] : target_notes(upload, kWithheld))
            facts.emplace_back(cat(kWithheld, key), value);
    }
    return facts;
}

// Also should the power go.
Result<void> bring_to_disk(ReplayStore &store)
{
    const auto work = store.sync_to_disk();
    Result<void> synced = work ? work->run() : Result<void>();
    store.synced(synced.ok());
    return synced;
}

// Nobody has looked whether a video is there: the application may have named one.
void add_what_stays(const SpooledUpload &before, const RecoverOptions &options,
                    std::vector<std::string> &told)
{
    const std::string left = left_behind(before);
    const std::uint64_t video = video_of(before);
    if (!left.empty())
        told.push_back(cat("what is at ", left, " stays there, unfinished",
                           is_continued_blindly(before)
                               ? "; what it had before this recording, if anything, is not here"
                               : ""));
    else if (video != 0 && !is_noted(before, options))
        told.push_back(cat("video ", video, ", if it is there, stays as it is"));
}

void tell_where(const SpooledUpload &before, const SpooledUpload &anew,
                const std::function<void(const std::string &)> &tell)
{
    const std::string to = describe_target(anew);
    const std::string old = describe_target(before);
    tell(to == old ? cat("to a new video of ", to, " now")
                   : cat("to ", to, " now, instead of ", old.empty() ? place_of(before) : old));
}

SpooledUpload made_anew(const SpooledUpload &upload, const RecoverOptions &options,
                        std::vector<std::string> &told)
{
    SpooledUpload anew = upload;
    anew.notes = notes_of_the_recording(upload);
    for (auto &[name, value] :
         is_for_gcore(options) ? gcore_facts(upload, options, told) : tus_facts(upload, options.to))
        anew.notes[cat(note_name::kTarget, name)] = std::move(value);
    return anew;
}

// All that would stop it before a server is asked. `anew` is a copy: it gets the secrets.
Result<void> check_can_begin(SpooledUpload anew, const RecoverOptions &options,
                             const std::function<void(const std::string &)> &tell)
{
    if (const Result<void> given = give_back(anew, options, 0, tell); !given)
        return given;
    if (std::optional<Error> missing = missing_for_creation(anew))
        return *std::move(missing);
    if (const auto target = make_target(anew, options); !target)
        return target.error();
    const auto http = make_soup_transport(http_config(options));
    return http ? Result<void>() : http.error();
}

} // namespace

Result<void> check_destination(const std::string &to)
{
    if (to == kToGcore)
        return {};
    const WebAddress address = parse_web_address(to);
    if (address.fault)
        return refused("--to is gcore, or the address of a tus server: https://…");
    if (address.has_login)
        return refused("--to must not contain a user name or password; --authorization gives them");
    return {};
}

bool is_going_there(const SpooledUpload &upload, const RecoverOptions &options)
{
    return is_noted(upload, options) && video_of(upload) == 0;
}

std::string describe_destination(const RecoverOptions &options)
{
    return is_for_gcore(options) ? cat("Gcore's API at ", redact_url(api_of(options)))
                                 : redact_url(options.to);
}

Result<void> send_elsewhere(const RecoveredUpload &opened, const SpooledUpload &listed,
                            const RecoverOptions &options,
                            const std::function<void(const std::string &)> &tell,
                            GCancellable *cancel)
{
    SpooledUpload upload = listed;
    upload.notes = opened.store->notes();
    const bool is_asked_for = options.send_again == upload.id;
    const bool frees = is_for_gcore(options) && has_ids_of_account(upload) &&
                       left_behind(upload).empty() && is_said_to_be_new(upload, options);
    if (is_going_there(upload, options) && !frees)
        return {};
    const std::uint64_t video = is_noted(upload, options) ? video_of(upload) : 0;
    std::vector<std::string> told;
    if (video != 0) {
        const Result<bool> goes_on = is_of_this_account(video, options, cancel);
        if (!goes_on && !(is_asked_for && goes_on.error().http_status == kForbidden))
            return goes_on.error();
        if (goes_on && *goes_on)
            return {};
        told.push_back(cat("the account has no video ", video,
                           " that the key may see (it may be removed, or another account's): a new "
                           "one is made",
                           has_ids_of_account(upload) && !is_said_to_be_new(upload, options)
                               ? ", in the same directory and quality set; if the account has not "
                                 "got these, --send-again leaves them out"
                               : ""));
    }
    if (const Result<void> needed = check_is_needed(upload, *opened.store, is_asked_for); !needed)
        return needed;
    if (const Result<void> whole = check_all_here(upload, opened); !whole)
        return whole;
    const SpooledUpload anew = made_anew(upload, options, told);
    if (const Result<void> can = check_can_begin(anew, options, tell); !can)
        return can;
    if (const Result<void> noted = opened.store->begin_anew(anew.notes); !noted)
        return noted;
    tell_where(upload, anew, tell);
    add_what_stays(upload, options, told);
    std::for_each(told.begin(), told.end(), tell);
    return bring_to_disk(*opened.store);
}

} // namespace gsttus
