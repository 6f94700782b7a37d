// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replay/intact_run.h"
#include "test.h"

#include <string>
#include <vector>

using gsttus::DataRecord;
using gsttus::ParsedJournal;
using gsttus::select_run;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

enum class Disk { kGood, kDamaged, kGone };

struct Record {
    std::uint64_t from, to;
    Disk disk = Disk::kGood;
};

struct Row {
    const char *name;
    std::vector<Record> records; // each in a file of its own
    std::uint64_t acked;         // as the journal says
    std::uint64_t is_acked, begin, end;
    const char *cut;
};

constexpr auto kDamaged = Disk::kDamaged;
constexpr auto kGone = Disk::kGone;

const Row kRows[] = {
    {"everything-is-there", {{0, 10}, {10, 20}}, 0, 0, 0, 20, ""},
    {"order-of-writing-does-not-matter", {{20, 30}, {0, 10}, {10, 20}}, 0, 0, 0, 30, ""},
    {"nothing-was-written", {}, 0, 0, 0, 0, ""},
    {"nothing-behind-what-the-server-has", {{0, 10}}, 15, 15, 15, 15, ""},
    {"ends-where-the-server-is", {{0, 10}}, 10, 10, 0, 10, ""},
    {"gap-ends-it", {{0, 10}, {20, 30}}, 0, 0, 0, 10, "the bytes from 10 on are not on the disk"},
    {"gap-that-the-server-has-does-not", {{0, 10}, {20, 30}}, 20, 20, 20, 30, ""},
    {"gap-in-front-is-left-to-the-caller", {{10, 20}}, 0, 0, 10, 20, ""},
    {"damage-ends-it",
     {{0, 10}, {10, 20, kDamaged}, {20, 30}},
     0,
     0,
     0,
     10,
     "the bytes from 10 on are damaged or missing"},
    {"damage-that-the-server-has-does-not",
     {{0, 10}, {10, 20, kDamaged}, {20, 30}},
     20,
     20,
     20,
     30,
     ""},
    {"damage-that-the-server-has-in-part-does",
     {{0, 10, kDamaged}, {10, 20}},
     9,
     9,
     9,
     9,
     "the bytes from 0 on are damaged or missing"},
    {"bytes-written-twice-count-once", {{0, 10}, {10, 20}, {0, 10}}, 0, 0, 0, 20, ""},
    {"of-two-the-longer-counts", {{0, 5}, {0, 10}, {10, 20}}, 0, 0, 0, 20, ""},
    {"overlap-is-passed-over", {{0, 10}, {5, 15}, {10, 20}}, 0, 0, 0, 20, ""},
    {"file-gone-from-the-front-was-at-the-server", {{0, 10, kGone}, {10, 20}}, 0, 10, 10, 20, ""},
    {"file-gone-behind-others-is-lost",
     {{0, 10}, {10, 20, kGone}, {20, 30}},
     0,
     0,
     0,
     10,
     "the bytes from 10 on are damaged or missing"},
    {"all-files-gone-say-nothing",
     {{0, 10, kGone}, {10, 20, kGone}},
     0,
     0,
     0,
     0,
     "the bytes from 0 on are damaged or missing"},
};

ParsedJournal journal_of(const std::vector<Record> &records, std::uint64_t acked)
{
    ParsedJournal journal;
    journal.complete = true;
    journal.state.acked = acked;
    std::uint32_t file = 0;
    for (const auto &record : records)
        journal.state.data.push_back(
            {.position = record.from,
             .file = file++,
             .length = static_cast<std::uint32_t>(record.to - record.from)});
    return journal;
}

void selects(const Row &row)
{
    const auto disk = [&](const DataRecord &record) { return row.records[record.file].disk; };
    const auto run = select_run(
        journal_of(row.records, row.acked),
        [&](const DataRecord &record) { return disk(record) == Disk::kGood; },
        [&](const DataRecord &record) { return disk(record) == kGone; });
    g_assert_cmpuint(run.acked, ==, row.is_acked);
    g_assert_cmpuint(run.begin(), ==, row.begin);
    g_assert_cmpuint(run.end(), ==, row.end);
    ASSERT_STR(run.cut, row.cut);
    std::uint64_t at = run.begin();
    for (const auto &record : run.records) {
        g_assert_cmpuint(record.position, ==, at);
        at += record.length;
    }
    g_assert_cmpuint(at, ==, run.end());
}

void journal_that_was_cut_says_why_nothing_follows()
{
    auto journal = journal_of({{0, 10}}, 0);
    journal.cut = "a record is damaged";
    const auto yes = [](const DataRecord &) { return true; };
    const auto no = [](const DataRecord &) { return false; };
    ASSERT_STR(select_run(journal, yes, no).cut, "a record is damaged");
}

// Checking means reading all of it.
void bytes_are_checked_in_order_and_none_behind_the_end()
{
    const auto journal = journal_of({{20, 30}, {0, 10}, {10, 20}, {30, 40}}, 0);
    std::vector<std::uint64_t> asked;
    (void)select_run(
        journal,
        [&](const DataRecord &record) {
            asked.push_back(record.position);
            return record.position != 20;
        },
        [](const DataRecord &) { return false; });
    g_assert_true((asked == std::vector<std::uint64_t>{0, 10, 20}));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const auto &row : kRows)
        add_row_test(std::string("/replay-intact-run/") + row.name, row, selects);
    add_test("/replay-intact-run/journal-that-was-cut-says-why-nothing-follows",
             journal_that_was_cut_says_why_nothing_follows);
    add_test("/replay-intact-run/bytes-are-checked-in-order-and-none-behind-the-end",
             bytes_are_checked_in_order_and_none_behind_the_end);
    return g_test_run();
}
