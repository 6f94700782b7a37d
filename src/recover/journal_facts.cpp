// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The counterpart of upload/journal_notes.cpp: what that writes is read here.
#include "recover/journal_facts.h"

#include "base/text.h"
#include "tus/protocol.h"
#include "upload/note_names.h"
#include "upload/target.h"

#include <algorithm>
#include <limits>

namespace gsttus {

namespace {

std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string::npos;
         from = end + 1)
        lines.push_back(text.substr(from, end - from));
    return lines;
}

std::vector<std::string> words_of(const std::string &text)
{
    std::vector<std::string> words;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find(' ', from), text.size());
        words.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return words;
}

LengthMode parse_mode(const std::string &text)
{
    for (const LengthMode mode :
         {LengthMode::kDeferred, LengthMode::kConcatenation, LengthMode::kSpool}) {
        if (text == to_string(mode))
            return mode;
    }
    return LengthMode::kAuto;
}

} // namespace

std::string note(const SpooledUpload &upload, const std::string &name)
{
    const auto found = upload.notes.find(name);
    return found == upload.notes.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> size_note(const SpooledUpload &upload, const std::string &name)
{
    return tus::parse_size(note(upload, name));
}

std::string target_note(const SpooledUpload &upload, std::string_view name)
{
    return note(upload, cat(note_name::kTarget, name));
}

std::vector<std::pair<std::string, std::string>> target_notes(const SpooledUpload &upload,
                                                              std::string_view prefix)
{
    const std::string whole = cat(note_name::kTarget, prefix);
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto &[name, value] : upload.notes) {
        if (name.starts_with(whole))
            found.emplace_back(name.substr(whole.size()), value);
    }
    return found;
}

std::string name_of(const SpooledUpload &upload)
{
    std::string name = target_note(upload, "location");
    if (name.empty())
        name = target_note(upload, "metadata.filename");
    if (name.empty())
        name = target_note(upload, "video_name");
    return name;
}

std::uint64_t video_of(const SpooledUpload &upload)
{
    return tus::parse_size(target_note(upload, "video_id")).value_or(0);
}

Metadata metadata_of(const SpooledUpload &upload)
{
    Metadata metadata = target_notes(upload, "metadata.");
    const std::string type = target_note(upload, "filetype");
    if (!type.empty() && upload.notes.count(cat(note_name::kTarget, "metadata.filetype")) == 0)
        metadata.emplace_back("filetype", type);
    return metadata;
}

std::vector<std::string> homes_of(const SpooledUpload &upload)
{
    // it may have ended before it could say so
    if (upload.notes.count(note_name::kHomes) == 0)
        return {target_note(upload, "endpoint")};
    return lines_of(note(upload, note_name::kHomes));
}

HeadNotes head_notes_of(const SpooledUpload &upload)
{
    HeadNotes notes;
    notes.header = size_note(upload, note_name::kHeader).value_or(0);
    notes.length = size_note(upload, note_name::kLength);
    const std::vector<std::string> words = words_of(note(upload, note_name::kHeadAt));
    if (notes.header == 0 || words.size() < 2)
        return notes;
    const auto at = tus::parse_size(words[0]);
    const auto size = tus::parse_size(words[1]);
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    const std::uint64_t check =
        words.size() > 2 ? tus::parse_size(words[2]).value_or(kMost + 1) : kMost + 1;
    if (at && size && *size <= notes.header) {
        notes.at = at;
        notes.size = *size;
        if (check <= kMost)
            notes.check = static_cast<std::uint32_t>(check);
    }
    return notes;
}

namespace {

// With upload-url. Its home is itself (see RequestRunner); one that was created is noted with that
// of its endpoint, never before.
bool is_given(const SpooledUpload &upload, const std::string &url)
{
    const auto homes = upload.notes.find(note_name::kHomes);
    return !url.empty() &&
           (homes == upload.notes.end() || homes->second == cat(noted_url(url), '\n'));
}

} // namespace

ResumePoint resume_point_of(const SpooledUpload &upload)
{
    ResumePoint recovery;
    recovery.mode = parse_mode(note(upload, note_name::kLengthMode));
    recovery.upload_url = note(upload, note_name::kUploadUrl);
    recovery.given = is_given(upload, recovery.upload_url);
    recovery.origin = size_note(upload, note_name::kOrigin);
    recovery.released = size_note(upload, note_name::kReleased).value_or(0);
    if (recovery.mode == LengthMode::kConcatenation) {
        recovery.parts = lines_of(note(upload, note_name::kParts));
        recovery.released = 0;
        if (!recovery.parts.empty()) { // where they end comes first
            recovery.released = tus::parse_size(recovery.parts.front()).value_or(0);
            recovery.parts.erase(recovery.parts.begin());
        }
        recovery.joined = !recovery.parts.empty() && !recovery.upload_url.empty() &&
                          note(upload, note_name::kJoined) == recovery.upload_url;
    }
    return recovery;
}

} // namespace gsttus
