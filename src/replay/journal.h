// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The journal of one upload on disk: what a recovery must know, and which bytes lie where.
// A journal is a header and records; each record's check value also covers the record before it,
// so that what an interrupted write left behind is never taken for a record.
//
//   header   "GSTTUSJ\n"  u32 version  8 bytes of its own  u32 crc
//   record   u32 length of the payload  u32 crc  payload (its first byte is the type)
//
// All numbers little-endian. Records up to "complete" are a snapshot of the state at the time the
// journal was (re)written; a journal without that record is not used.
#pragma once

#include "replay/file_ops.h"
#include "replay/overlay.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gsttus {

using Notes = std::map<std::string, std::string>;

// Bytes [position, position + length) of the stream are in a spill file.
struct DataRecord {
    std::uint64_t position = 0;
    std::uint64_t file_offset = 0;
    std::uint32_t file = 0; // number of the spill file
    std::uint32_t length = 0;
    std::uint32_t crc = 0;
};

// What is noted besides the bytes: a note; without a name, bytes of the stream that were changed
// from `position` on; without those, how far the server is.
struct Fact {
    std::string name, value;
    std::uint64_t position = 0;
    std::string changed{};

    bool is_position() const { return name.empty() && changed.empty(); }
};

struct JournalState {
    Notes notes;
    std::uint64_t acked = 0;
    std::vector<DataRecord> data;
    Overlay changed{}; // also of bytes that no record has
};

struct ParsedJournal {
    JournalState state;         // of all intact records
    bool complete = false;      // the snapshot is whole
    std::string cut;            // why reading stopped early; empty: at the end of the file
    bool other_version = false; // intact, but not ours to read
};

// Any bytes are welcome: what is not intact is not used.
ParsedJournal parse_journal(std::span<const std::byte> bytes);

constexpr const char *kJournalName = "journal";
constexpr const char *kOldJournalName = "journal.old";
constexpr const char *kNewJournalName = "journal.new";

// Writes a journal. Functions return 0 or errno; after an error the journal on disk is the one
// from before the call, perhaps by the name of journal.old.
class Journal {
public:
    explicit Journal(FileOps &ops) : ops_(ops) {}

    bool is_open() const { return fd_ != nullptr; }

    const FdRef &fd() const { return fd_; }

    // Begins a new journal with `state`, which is on the disk itself when it takes the place of the
    // one before. That one is kept as journal.old: what is unreadable may be the new one.
    int rewrite(int dir, const JournalState &state);
    int add(const Fact &fact);
    int add(const DataRecord &record);

    // So many records have come since rewrite() that another is worth it.
    bool is_long() const { return size_ > long_at_; }

    void rewrite_failed() { long_at_ = size_ * 2; } // do not try again at once

    void close() { fd_.reset(); }

    // Closes it for a while: gives its descriptor away.
    FdRef rest() { return std::exchange(fd_, nullptr); }

    // After a rest: opens it again. 0 or errno.
    int wake(int dir);

private:
    int add_record(const std::string &payload);
    int write_new(int dir, const std::string &text, FdRef &fd);

    FileOps &ops_;
    FdRef fd_;
    std::uint64_t size_ = 0;
    std::uint64_t long_at_ = 0;
    std::uint32_t chain_ = 0;
    bool is_called_old_ = false; // the one that is there: it could not be called journal again
};

} // namespace gsttus
