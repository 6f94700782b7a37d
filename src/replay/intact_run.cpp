// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// From the records of a journal to a run of bytes that is worth sending.
#include "replay/intact_run.h"

#include "base/text.h"

#include <algorithm>

namespace gsttus {

namespace {

std::uint64_t end_of(const DataRecord &record)
{
    return record.position + record.length;
}

// Files go from the front, each when the server has all of it. The note that it has may not have
// reached the disk although the file is gone. One that is missing behind others was lost. Between
// records lies what the server had before it would have gone to the disk.
std::uint64_t acked_by_absence(const std::vector<DataRecord> &records, std::uint64_t acked,
                               const RecordTest &gone)
{
    std::uint64_t until = acked;
    for (const auto &record : records) {
        if (!gone(record))
            return until;
        until = std::max(until, end_of(record));
    }
    return acked; // nothing is left behind them
}

} // namespace

IntactRun select_run(const ParsedJournal &journal, const RecordTest &usable, const RecordTest &gone)
{
    auto records = journal.state.data;
    std::stable_sort(records.begin(), records.end(), [](const auto &a, const auto &b) {
        return a.position != b.position ? a.position < b.position : a.length > b.length;
    });
    const std::uint64_t acked = acked_by_absence(records, journal.state.acked, gone);
    IntactRun run{.records = {}, .acked = acked, .cut = journal.cut};
    const auto run_end = [&] { return run.records.empty() ? 0 : end_of(run.records.back()); };
    for (const auto &record : records) {
        if (!run.records.empty() && record.position < run_end())
            continue; // the same bytes once more
        const bool gap = !run.records.empty() && record.position > run_end();
        const bool good = usable(record);
        if (good && !gap) {
            run.records.push_back(record);
            continue;
        }
        if (run_end() > acked || (!good && end_of(record) > acked)) {
            run.cut = cat("the bytes from ", gap ? run_end() : record.position,
                          gap ? " on are not on the disk" : " on are damaged or missing");
            break;
        }
        // All of that is at the server: begin behind it.
        run.records.clear();
        if (good)
            run.records.push_back(record);
    }
    if (run_end() < acked)
        run.records.clear();
    return run;
}

} // namespace gsttus
