// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The first bytes of a recording that comes last in its files (seekable-header): a recovery puts
// them behind the others, as the sink does when a recording ends. Knows no server.
#pragma once

#include "base/result.h"
#include "recover/journal_facts.h"
#include "replay/recovery.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gsttus {

struct HeadAtServer {
    std::uint64_t released = 0; // it has all up to there, in the order of the store
    bool begun = false;         // and more perhaps, that is not noted
};

struct LateHead {
    // So many bytes at the end of the store are the first of the file; 0: it has them in order.
    std::uint64_t size = 0;
    std::string told{}; // not empty: they are older than the rest, as a sentence
};

// `head`: as RecoveredUpload has it. All of it is of one moment: where the last one is not to be
// had, of one before, unless the server has some of the last.
Result<LateHead> place_head(const HeadNotes &notes, const std::vector<std::byte> &head,
                            const HeadAtServer &there, ReplayStore &store);

// The SHA-256 of the file; empty: its beginning is not here, or a disk fails.
std::string hash_of_file(const ReplayStore &store, std::uint64_t head);

} // namespace gsttus
