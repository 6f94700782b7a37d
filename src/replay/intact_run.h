// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which of a journal's records a recovery can use: those without a gap between them, up to and past
// what the server has. Values in, values out; what is on the disk, the caller says.
#pragma once

#include "replay/journal.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gsttus {

struct IntactRun {
    std::vector<DataRecord> records; // in order, without gaps
    std::uint64_t acked = 0;         // bytes before it were at the server
    std::string cut;                 // why nothing follows; empty: the journal ends there

    std::uint64_t begin() const { return records.empty() ? acked : records.front().position; }

    std::uint64_t end() const
    {
        return records.empty() ? acked : records.back().position + records.back().length;
    }
};

using RecordTest = std::function<bool(const DataRecord &)>;

// `usable` says whether a record's bytes are there, `gone` whether its file is not. `usable` is
// asked in the order of the stream, and not for what is not needed.
IntactRun select_run(const ParsedJournal &journal, const RecordTest &usable,
                     const RecordTest &gone);

} // namespace gsttus
