// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a journal's notes say of an upload, as values. Any thread; reads nothing but the notes, and
// trusts none: what is missing or malformed is as if it had not been noted.
#pragma once

#include "replay/recovery.h"
#include "tus/upload_machine.h"
#include "upload/target.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gsttus {

// Empty: there is none. The names are in upload/note_names.h.
std::string note(const SpooledUpload &upload, const std::string &name);
std::optional<std::uint64_t> size_note(const SpooledUpload &upload, const std::string &name);

// As the target's describe() had it.
std::string target_note(const SpooledUpload &upload, std::string_view name);

// The same for all names that begin with `prefix`, which is cut off.
std::vector<std::pair<std::string, std::string>> target_notes(const SpooledUpload &upload,
                                                              std::string_view prefix);

// How the application calls it; empty: not at all.
std::string name_of(const SpooledUpload &upload);
// Gcore's; 0: none, or none any more.
std::uint64_t video_of(const SpooledUpload &upload);
Metadata metadata_of(const SpooledUpload &upload);
// Where the sink would send credentials.
std::vector<std::string> homes_of(const SpooledUpload &upload);

// Of a recording whose first bytes come last in the files, see note_name::kHeader.
struct HeadNotes {
    std::uint64_t header = 0; // it has so many at most; 0: it is none of those
    // Noted when the recording ended: these bytes are, or should be, behind the others.
    std::optional<std::uint64_t> at;
    std::uint64_t size = 0;
    std::optional<std::uint32_t> check;  // as crc_of(), of all of them; none: not noted
    std::optional<std::uint64_t> length; // of the whole file, if it has ended
};

HeadNotes head_notes_of(const SpooledUpload &upload);
// Where to go on at the server.
ResumePoint resume_point_of(const SpooledUpload &upload);

} // namespace gsttus
