// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One visit to the disk that is under way: the step that may be slow, and needs no lock. It brings
// what the journal has to say, and bytes. The Spool says what it may do when it begins, and takes
// over what it found when it ends.
#pragma once

#include "replay/file_ops.h"
#include "replay/journal.h"
#include "replay/spill_file.h"
#include "replay/spool_folder.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gsttus {

Error no_room(const std::string &where);
Error not_writable(int error, const std::string &where);

class SpoolWrite {
public:
    // Does the disk's work: folder, journal and a file where they are missing, facts, then a
    // beginning of `data`, which may be empty, and its record. Needs no lock: what it found comes
    // into effect with Spool::end().
    void run(std::span<const std::byte> data);

private:
    friend class Spool;

    SpoolWrite(FileOps &ops, const std::string &spool_dir, std::uint64_t file_size,
               std::uint64_t beside)
        : ops_(ops), spool_dir_(spool_dir), file_size_(file_size), beside_(beside)
    {
    }

    bool make_folder();
    bool wake_folder();
    bool write_journal();
    bool begin_journal();
    bool ask_for_room();
    bool open_spill_file();
    int add_record(std::span<const std::byte> data);
    bool make_room_for_record(std::uint64_t block);

    FileOps &ops_;
    const std::string &spool_dir_;           // the Spool's
    const std::uint64_t file_size_, beside_; // of the Spool
    std::string path_;                       // of the folder, for messages
    FdRef dir_;                              // null: the folder has to be made
    std::unique_ptr<SpoolFolder> made_folder_;
    std::optional<std::uint64_t> allowed_; // bytes; none: the disk has to be asked
    std::optional<std::uint64_t> found_room_;
    std::shared_ptr<SpillFile> file_; // null: has to be made
    bool made_file_ = false;
    std::uint32_t number_ = 0; // of a new file
    FdRef fd_;
    std::uint64_t offset_ = 0;
    WriteOutcome outcome_;
    std::uint32_t crc_ = 0;
    std::optional<Error> error_; // no bytes were written
    std::uint64_t position_ = 0; // of the bytes in the stream

    struct {
        Journal *journal = nullptr;           // the Spool's, which leaves it alone; null: none
        std::optional<JournalState> snapshot; // begin a new one with this
        bool needs_snapshot = false;          // the one that is there does not serve any more
        std::vector<FdRef> first; // these are synced before: a new record may join theirs
        std::vector<Fact> facts;
        bool begun = false, noted = false, failed = false;
    } telling_;
};

} // namespace gsttus
