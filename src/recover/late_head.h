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

// Returns how many bytes at the end of the store are the first of the file; 0: it has its bytes in
// their order. `head`: as RecoveredUpload has it; `released`: the server has all up to there.
Result<std::uint64_t> place_head(const HeadNotes &notes, const std::vector<std::byte> &head,
                                 std::uint64_t released, ReplayStore &store);

// The SHA-256 of the file; empty: its beginning is not here, or a disk fails.
std::string hash_of_file(const ReplayStore &store, std::uint64_t head);

} // namespace gsttus
