// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of the notes in an upload's journal: written by JournalNotes, read by src/recover.
// They lie on disks: a name keeps its meaning.
#pragma once

namespace gsttus::note_name {

constexpr const char *kTarget = "target."; // and a name that Target::describe() has
constexpr const char *kUploadUrl = "upload-url";
constexpr const char *kOrigin = "origin"; // UploadMachine::origin(); missing: not known
constexpr const char *kLengthMode = "length-mode";
constexpr const char *kReleased = "released"; // UploadMachine::releasable()
// Lines: the position where the parts end, then their addresses. In one note: a crash must not
// come between the two.
constexpr const char *kParts = "parts";
// The upload-url, if it is what the parts were joined to; missing: it is not.
constexpr const char *kJoined = "joined";
constexpr const char *kHomes = "homes"; // lines: see Identity
constexpr const char *kFinished = "finished";
// Where it was sent to as a whole, but the service did not show that it has it: not gone on with,
// but sent again, as a new upload, by who asks for that. Without secrets; missing: not so.
constexpr const char *kSent = "sent";
// The server refused it before there was anything: what it said. A recovery does not send it of its
// own accord; missing: not so.
constexpr const char *kRefused = "refused";
constexpr const char *kLength = "length"; // of the whole stream; missing: it had not ended
// The recording's first bytes, of which it may have less, are not before the others in the files
// but in one of their own (replay/head_file.h); from the end on also behind them.
constexpr const char *kHeader = "header"; // bytes; missing: 0
// From which position on, how many, and the check value of all of them: "AT BYTES CRC".
constexpr const char *kHeadAt = "head-at";
constexpr const char *kSha256 = "sha256"; // of that stream

} // namespace gsttus::note_name
