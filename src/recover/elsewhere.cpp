// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Nothing is sent to the old destination, not even that its upload is not wanted any more: what the
// user gives is for the new one.
#include "recover/elsewhere.h"

#include "base/redact.h"
#include "base/text.h"
#include "gcore/api_client.h"
#include "glib/ptr.h"
#include "recover/journal_facts.h"
#include "recover/targets.h"
#include "upload/note_names.h"

#include <algorithm>
#include <array>

namespace gsttus {

namespace {

Error refused(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

bool is_for_gcore(const RecoverOptions &options)
{
    return options.to == kToGcore;
}

// Of the new destination; what else there is of it is the same as ever.
bool is_noted(const SpooledUpload &upload, const RecoverOptions &options)
{
    if (is_for_gcore(options) != target_is_gcore(upload))
        return false;
    const std::string endpoint = target_note(upload, "endpoint");
    if (is_for_gcore(options))
        return endpoint.empty() && is_same_api(target_note(upload, "api_url"), api_of(options));
    return endpoint == noted_url(options.to);
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
    if (!failed)
        return true;
    const Error &error = failed->failure.error;
    constexpr int kForbidden = 403;
    const bool is_forbidden =
        error.kind == ErrorKind::kNotAuthorized && error.http_status == kForbidden;
    if (error.kind == ErrorKind::kNotFound || is_forbidden)
        return false;
    return error;
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

// As GcoreTarget::describe() has it. A tus server's secrets are nothing to Gcore, nor is what only
// the account of an `old_video` has.
Facts gcore_facts(const SpooledUpload &upload, const RecoverOptions &options, bool old_video,
                  const std::function<void(const std::string &)> &tell)
{
    constexpr std::array<std::string_view, 2> kOfAccount = {"directory_id", "quality_set_id"};
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
        if (old_video && std::count(kOfAccount.begin(), kOfAccount.end(), name) > 0)
            tell(cat("left out, since it is of the other account: ", name));
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

void tell_what_stays(const SpooledUpload &before,
                     const std::function<void(const std::string &)> &tell)
{
    const std::string left = left_behind(before);
    const bool may_lack = resume_point_of(before).given && note(before, note_name::kOrigin).empty();
    if (!left.empty())
        tell(cat("what is at ", left, " stays there, unfinished",
                 may_lack ? "; what it had before this recording, if anything, is not here" : ""));
    else if (video_of(before) != 0)
        tell(cat("video ", video_of(before), " stays there, empty"));
}

} // namespace

Result<void> check_destination(const std::string &to)
{
    if (to == kToGcore)
        return {};
    const bool clean =
        std::none_of(to.begin(), to.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; });
    const GUriOwn uri(clean ? g_uri_parse(to.c_str(), G_URI_FLAGS_ENCODED, nullptr) : nullptr);
    const std::string_view scheme(uri ? g_uri_get_scheme(uri.get()) : "");
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if ((scheme != "http" && scheme != "https") || !host || !*host)
        return refused("--to is gcore, or the address of a tus server: https://…");
    if (g_uri_get_userinfo(uri.get()))
        return refused("--to must not contain a user name or password; --authorization gives them");
    return {};
}

Result<void> send_elsewhere(const RecoveredUpload &opened, const RecoverOptions &options,
                            const std::function<void(const std::string &)> &tell,
                            GCancellable *cancel)
{
    SpooledUpload upload;
    upload.notes = opened.store->notes();
    const std::uint64_t video = is_noted(upload, options) ? video_of(upload) : 0;
    if (is_noted(upload, options) && video == 0)
        return {};
    if (!note(upload, note_name::kFinished).empty())
        return refused(cat("All of it is at ", place_of(upload),
                           " already: without --to, gst-tus-recover clears away what is here."));
    if (video != 0) {
        const Result<bool> goes_on = is_of_this_account(video, options, cancel);
        if (!goes_on)
            return goes_on.error();
        if (*goes_on)
            return {};
    }
    if (const Result<void> whole = check_all_here(upload, opened); !whole)
        return whole;
    Notes notes = notes_of_the_recording(upload);
    for (auto &[name, value] : is_for_gcore(options)
                                   ? gcore_facts(upload, options, video != 0, tell)
                                   : tus_facts(upload, options.to))
        notes[cat(note_name::kTarget, name)] = std::move(value);
    if (const Result<void> noted = opened.store->begin_anew(std::move(notes)); !noted)
        return noted;
    if (const Result<void> safe = bring_to_disk(*opened.store); !safe)
        return safe;
    const SpooledUpload before = upload;
    upload.notes = opened.store->notes();
    tell(cat("to ", describe_target(upload), " now, instead of ",
             describe_target(before).empty() ? place_of(before) : describe_target(before)));
    tell_what_stays(before, tell);
    return {};
}

} // namespace gsttus
