// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Texts name what is missing, and the option that takes it; never a value.
#include "recover/withheld.h"

#include "base/redact.h"
#include "base/text.h"
#include "recover/journal_facts.h"
#include "tus/protocol.h"
#include "tus/route.h"
#include "upload/note_names.h"

#include <algorithm>

namespace gsttus {

namespace {

Error missing(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

// A note is an address, or lines of which some are.
void complete_urls(std::string &text, const std::vector<std::string> &whole)
{
    std::string out;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        const std::string line = text.substr(from, end - from);
        const auto found = std::find_if(whole.begin(), whole.end(), [&](const std::string &url) {
            return lacks_query(line) && noted_url(url) == line;
        });
        out += found == whole.end() ? line : *found;
        if (end < text.size())
            out += '\n';
        from = end + 1;
    }
    text = std::move(out);
}

// The first address in the note that is not whole; empty: none.
std::string incomplete_url(const std::string &text)
{
    const std::size_t end = std::min(text.find("?\n"), text.size());
    if (end == text.size() && !lacks_query(text))
        return {};
    const std::size_t line = text.rfind('\n', end == 0 ? 0 : end - 1);
    const std::size_t from = line == std::string::npos ? 0 : line + 1;
    return redact_url(cat(text.substr(from, end - from), end == text.size() ? "" : "?"));
}

// Secret metadata goes to servers that Gcore names, or to one that the user does: a journal is no
// reason to tell anybody.
bool may_have_secrets(const SpooledUpload &upload, const RecoverOptions &options)
{
    const std::string endpoint = target_note(upload, "endpoint");
    return endpoint.empty() || std::any_of(options.whole_urls.begin(), options.whole_urls.end(),
                                           [&](const std::string &url) {
                                               return origin_part(url) == origin_part(endpoint);
                                           });
}

bool can_be_made_anew(const SpooledUpload &upload, std::uint64_t begin)
{
    return begin == 0 && !target_note(upload, "endpoint").empty() && !missing_for_creation(upload);
}

} // namespace

Result<void> give_back(SpooledUpload &upload, const RecoverOptions &options, std::uint64_t begin,
                       const std::function<void(const std::string &)> &tell)
{
    const std::string endpoint = cat(note_name::kTarget, "endpoint");
    for (const std::string &name :
         {std::string(note_name::kUploadUrl), std::string(note_name::kParts),
          std::string(note_name::kJoined), endpoint}) {
        if (const auto found = upload.notes.find(name); found != upload.notes.end())
            complete_urls(found->second, options.whole_urls);
    }
    const bool may_tell = may_have_secrets(upload, options);
    for (const auto &[key, value] : options.metadata) {
        if (!may_tell && tus::names_secret(key))
            continue; // missing_for_creation() says what is missing
        upload.notes[cat(note_name::kTarget, "metadata.", key)] = value;
        upload.notes.erase(cat(note_name::kTarget, kWithheld, key));
    }
    for (const char *name : {note_name::kUploadUrl, note_name::kParts}) {
        const std::string url = incomplete_url(note(upload, name));
        if (url.empty())
            continue;
        if (!can_be_made_anew(upload, begin))
            return missing(cat("The address of the upload, ", url,
                               ", has a query, which is not kept on disk. Give all of it with "
                               "--url (quote it), or in GST_TUS_URLS"));
        tell(cat("The query of ", url,
                 " is not kept on disk, and --url does not give it: all is "
                 "sent anew, to a new upload."));
        for (const char *old : {note_name::kUploadUrl, note_name::kParts, note_name::kReleased,
                                note_name::kOrigin, note_name::kLengthMode, note_name::kJoined})
            upload.notes.erase(old);
        return {};
    }
    return {};
}

std::optional<Error> missing_for_creation(const SpooledUpload &upload)
{
    const std::string endpoint = target_note(upload, "endpoint");
    if (lacks_query(endpoint))
        return missing(cat("A new upload can not be made: the address to create it at, ",
                           redact_url(endpoint),
                           ", has a query, which is not kept on disk. Give all of it with --url "
                           "(quote it), or in GST_TUS_URLS"));
    const auto withheld = target_notes(upload, kWithheld);
    if (withheld.empty())
        return std::nullopt;
    const std::string &key = withheld.front().first;
    return missing(cat("A new upload can not be made: the value of the metadata \"", key,
                       "\" is not kept on disk. Give it with --metadata ", key, "=VALUE",
                       endpoint.empty() ? std::string() : cat(" --url ", redact_url(endpoint))));
}

} // namespace gsttus
