// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads what an earlier process left in a spool folder: a crash, a power cut, or keep().
// Bytes after a gap or a wrong check value are never given out. Knows nothing of servers.
#pragma once

#include "base/result.h"
#include "replay/replay_store.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gsttus {

// An upload in a spool folder, as its journal tells it; its bytes have not been looked at.
struct SpooledUpload {
    std::string id;                     // name of its folder in the spool folder
    std::string folder;                 // path
    bool in_use = false;                // a running program has it; the rest is empty then
    std::optional<std::uint32_t> owner; // another user, whose it is; the rest is empty then
    std::string trouble;                // not empty: why it cannot be read
    // There is no journal: the rest of a finished upload whose files were being removed, or of a
    // recording that died without SpoolMode::kAlways. Nothing can be recovered from it.
    bool leftover = false;
    std::map<std::string, std::string> notes;
    std::uint64_t acked = 0;          // bytes before it were at the server: as RecoveredUpload
    std::uint64_t begin = 0, end = 0; // stream positions of the bytes on disk
    std::uint64_t disk_bytes = 0;     // size of its files
};

// Names of folders that look like uploads, oldest first. A folder that is not there: none.
Result<std::vector<std::string>> upload_ids(const std::string &spool_dir);

// nullopt: there is no upload of that name, any more perhaps.
std::optional<SpooledUpload> look_at_upload(const std::string &spool_dir, const std::string &id);

// Oldest first. Whatever is not ours is skipped. A folder that is not there: none.
Result<std::vector<SpooledUpload>> list_uploads(const std::string &spool_dir);

struct RecoveredUpload {
    // Holds the intact bytes; release() deletes files, discard() all, else they stay. notes() are
    // those of the journal, acked() too unless files that are gone say more. begin() > acked():
    // bytes between them are lost.
    std::unique_ptr<ReplayStore> store;
    std::string cut;             // why there is nothing after end(); empty: the journal ends there
    std::vector<std::byte> head; // see head_block.h, as it was noted last; none: nothing
};

// Reads and checks every byte: takes as long as the disk needs. Nothing on disk is changed before
// note() or release(). Error.retryable: the upload is in use.
Result<RecoveredUpload> open_upload(const std::string &spool_dir, const std::string &id);
Result<RecoveredUpload> open_upload(const std::string &spool_dir, const std::string &id,
                                    FileOps &ops);

// Only files that the store has made, and the folder if nothing else is in it.
Result<void> delete_upload(const std::string &spool_dir, const std::string &id);

// The same, if it is a leftover: looked at again under its lock, so that nothing that can be
// recovered is lost. That it is gone already is no error.
Result<void> delete_leftover(const std::string &spool_dir, const std::string &id);

// Deletes what crashed programs left that cannot be recovered: folders without a journal.
// Returns how many.
std::size_t remove_leftovers(const std::string &spool_dir);
std::size_t remove_leftovers(const std::string &spool_dir, FileOps &ops);

} // namespace gsttus
