// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What has to be on the disk before other bytes: those wait for it, it has precedence where the
// disk is full, and room for it is left.
#include "replay/recovery.h"
#include "replay_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

void bytes_that_are_held_back_are_in_no_file()
{
    for (const std::uint64_t from : {std::uint64_t{0}, 3 * kBlock, 3 * kBlock + 10, 8 * kBlock}) {
        StoreTest test;
        ReplayStore store(test.config(SpoolMode::kOverflow), test.disk);
        store.spill_by_thread();
        append(store, 8 * kBlock);
        store.hold_back(from);
        store.begin_journal();
        spill_all(store);
        g_assert_cmpuint(store.on_disk(), ==, from / kBlock * kBlock);
        g_assert_cmpint(store.oldest_in_memory().has_value(), ==, false);
        g_assert_true(store.folder_fd() != nullptr); // what they wait for can go there
        store.hold_back(std::nullopt);
        spill_all(store);
        g_assert_cmpuint(store.on_disk(), ==, 8 * kBlock);
        assert_holds_all(store);
    }
}

void other_file_counts()
{
    StoreTest test;
    ReplayConfig config = test.config(SpoolMode::kOverflow);
    config.max_spool_size = kMiB;
    config.beside = kMiB / 2;
    {
        ReplayStore store(config, test.disk);
        while (append(store, kBlock) > 0) {
        }
        g_assert_cmpuint(store.on_disk(), <=, kMiB / 2);
        g_assert_cmpuint(store.on_disk(), >, kMiB / 4);
    }
    config.beside = 2 * kMiB; // more than all
    {
        ReplayStore store(config, test.disk);
        while (append(store, kBlock) > 0) {
        }
        g_assert_cmpuint(store.on_disk(), ==, 0);
        g_assert_true(store.take_disk_warning().has_value());
    }
    config.max_spool_size = 0; // what the disk has, less what others need
    for (const bool enough : {false, true}) {
        test.disk.free_bytes = 256 * kMiB + config.beside + (enough ? kMiB : 0);
        ReplayStore store(config, test.disk);
        for (int i = 0; i < 32; ++i)
            append(store, kBlock);
        g_assert_cmpint(store.on_disk() > 0, ==, enough);
    }
}

// `in_files`: that much is there already, the rest in memory. It finds room when so many runs of
// what is there have gone back to memory; and so do these, then.
struct Row {
    const char *name;
    std::uint64_t in_files, in_memory, acked;
    int refusals;
    ErrorKind kind;
    int calls;          // of what comes first
    std::uint64_t kept; // up to there
};

const std::vector<Row> kRows = {
    {"taken", 0, 8, 0, 0, ErrorKind::kNoSpace, 1, 8},
    {"full", 128, 8, 0, 1, ErrorKind::kNoSpace, 2, 136},
    {"full-again", 256, 8, 0, 3, ErrorKind::kNoSpace, 4, 264},
    {"full-acked-goes-first", 128, 8, 128, 1, ErrorKind::kNoSpace, 2, 136},
    {"full-memory-only", 0, 8, 0, 9, ErrorKind::kNoSpace, 2, 8},
    {"fails", 128, 8, 0, 9, ErrorKind::kDisk, 4, 136},
    {"fails-once", 128, 8, 0, 1, ErrorKind::kDisk, 2, 136},
};

void what_comes_first_has_precedence(const Row &row)
{
    StoreTest test;
    ReplayConfig config = test.config(SpoolMode::kOverflow);
    config.max_memory = 16 * kMiB;
    config.rollback_margin = 16 * kMiB;
    ReplayStore store(config, test.disk);
    store.spill_by_thread();
    append(store, row.in_files * kBlock);
    store.begin_journal();
    spill_all(store);
    append(store, row.in_memory * kBlock);
    store.release(row.acked * kBlock);
    const std::uint64_t end = store.end();
    int calls = 0;
    const auto first = [&]() -> Result<void> {
        g_assert_true(store.folder_fd() != nullptr);
        if (++calls <= row.refusals)
            return Error{.kind = row.kind, .message = "No."};
        return {};
    };
    const Result<std::string> kept = store.keep(first);
    g_assert_cmpint(calls, ==, row.calls);
    g_assert_cmpuint(store.end(), ==, std::min(end, row.kept * kBlock));
    g_assert_cmpint(kept.ok(), ==, store.end() == end);
    if (!kept) {
        g_assert_nonnull(std::strstr(kept.error().message.c_str(), "No."));
        g_assert_cmpuint(kept.error().offset.value_or(0), ==, store.end());
    }
    assert_holds_all(store);
    const auto listed = list_uploads(test.dir.spool());
    g_assert_cmpuint(listed->size(), ==, 1);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/replay/first/held-back", bytes_that_are_held_back_are_in_no_file);
    add_test("/replay/first/counts", other_file_counts);
    for (const Row &row : kRows)
        add_row_test(std::string("/replay/first/keep/") + row.name, row,
                     what_comes_first_has_precedence);
    return g_test_run();
}
