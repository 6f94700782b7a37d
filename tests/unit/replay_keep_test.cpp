// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is kept of a recording where the disk is full: all that finds room, whatever has to go there
// before it, and whatever the disk says to the rest.
#include "replay/recovery.h"
#include "replay_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::uint64_t kRun = 256 * kKiB; // what has one check value in a file
// Two journals, and what of the disk's last blocks gives way to them.
constexpr std::uint64_t kJournals = 12 * kKiB;

void expect_kept(const StoreTest &test, std::uint64_t begin, std::uint64_t end)
{
    const auto ids = test.dir.entries(test.dir.spool());
    g_assert_cmpuint(ids.size(), ==, 1);
    const auto opened = open_upload(test.dir.spool(), ids.front());
    if (!opened)
        g_error("%s", opened.error().message.c_str());
    g_assert_cmpuint(opened->store->begin(), <=, begin);
    g_assert_cmpuint(opened->store->end(), ==, end);
    assert_holds_all(*opened->store);
}

// A file of another that has to be there first, written as such a file is: whole, under another
// name.
class First {
public:
    First(ReplayStore &store, SmallDisk &disk, std::uint64_t size)
        : store_(store), disk_(disk), content_(size, 'x')
    {
    }

    Result<void> operator()() const
    {
        const int dir = store_.folder_fd()->get();
        const FdRef fd = open_file(disk_, dir, "first.new", O_RDWR | O_CREAT | O_TRUNC, 0600);
        g_assert_nonnull(fd.get());
        const auto written = write_fully(disk_, fd->get(), std::as_bytes(std::span(content_)), 0);
        if (written.error == 0 && disk_.rename_at(dir, "first.new", "first") == 0)
            return {};
        disk_.remove_at(dir, "first.new", 0);
        return Error{.kind = ErrorKind::kNoSpace, .message = "No room for it."};
    }

private:
    ReplayStore &store_;
    SmallDisk &disk_;
    std::string content_;
};

struct Row {
    const char *name;
    std::uint64_t in_files, in_memory; // bytes
    std::uint64_t acked;
    std::uint64_t first; // of what comes first
    std::uint64_t room;  // for that, and for what is in memory
};

// As far as the end of what there is room for.
const std::vector<Row> kRows = {
    {"one-run", kRun, 0, 0, 70000, 40000},
    {"one-run-and-memory", kRun, 200000, 0, 70000, 40000},
    {"one-run-much-room", kRun, 200000, 0, 70000, 250000},
    {"less-than-a-run", 30000, 100000, 0, 20000, 0},
    {"runs", 4 * kRun, 100000, 0, 300000, 5000},
    {"runs-nothing-first", 4 * kRun, 100000, 0, 0, 5000},
    {"runs-large-first", 4 * kRun, 100000, 0, 900000, 0},
    {"acked-in-the-last-run", kRun, 100000, 100000, 150000, 0},
    {"nothing-left", kRun, 100000, 0, 10, 0},
    {"memory", 0, 300000, 0, 70000, 150000},
};

void what_finds_room_is_kept(const Row &row)
{
    StoreTest test;
    SmallDisk disk(test.dir.path(), 1024 * kMiB);
    std::uint64_t end = 0, until = 0;
    {
        ReplayConfig config = test.config(SpoolMode::kOverflow);
        config.max_memory = 4 * kMiB;
        ReplayStore store(config, disk);
        store.spill_by_thread();
        append(store, row.in_files);
        store.begin_journal();
        spill_all(store);
        g_assert_cmpuint(store.on_disk(), ==, row.in_files);
        append(store, row.in_memory);
        store.release(row.acked);
        store.note("said", "while there is no room");
        disk.leave(row.room);
        end = store.end();
        const Result<std::string> kept =
            row.first > 0 ? store.keep(First(store, disk, row.first)) : store.keep();
        until = kept ? store.end() : kept.error().offset.value();
    }
    const std::uint64_t all = row.in_files + row.room;
    const std::uint64_t room = all - std::min(all, row.first + kJournals);
    g_assert_cmpuint(until, >=, std::min(end, std::max(room, row.acked)));
    g_assert_cmpuint(until, <=, end);
    expect_kept(test, row.acked, until);
}

// The journal was there before: what it speaks of stays, also if nothing can be added to it.
void disk_that_takes_nothing_loses_nothing()
{
    for (const int error : {ENOSPC, EIO, EROFS}) {
        StoreTest test;
        {
            ReplayStore store(test.config(SpoolMode::kOverflow), test.disk);
            store.spill_by_thread();
            append(store, kWindow / 2);
            store.begin_journal();
            spill_all(store);
            store.note("upload-url", "http://server/2");
            test.disk.fail_from = test.disk.calls;
            test.disk.failures = ~std::uint64_t{0} >> 1;
            test.disk.error = error;
            const auto kept = store.keep();
            g_assert_false(kept.ok());
            g_assert_cmpuint(*kept.error().offset, ==, kWindow / 2);
            test.disk.failures = 0; // the folder could be removed
        }
        expect_kept(test, 0, kWindow / 2);
    }
}

// Bytes in memory are older than those in files: the newest goes, and no more of it than needed.
void older_bytes_find_room(bool newest_in_memory)
{
    for (const std::uint64_t room : {std::uint64_t{0}, std::uint64_t{30000}, kRun}) {
        StoreTest test;
        SmallDisk disk(test.dir.path(), 1024 * kMiB);
        const std::uint64_t acked = newest_in_memory ? kBlock : 0;
        std::uint64_t end = 0, until = 0;
        {
            ReplayStore store(test.config(SpoolMode::kOverflow), disk);
            append(store, kWindow + 3 * kRun);
            store.release(acked);
            append(store, acked);
            g_assert_cmpuint(store.on_disk(), ==, 3 * kRun);
            disk.leave(room);
            end = store.end();
            const auto kept = store.keep();
            until = kept ? end : *kept.error().offset;
        }
        g_assert_cmpuint(until, >=, std::min(end, acked + 3 * kRun + room - kJournals));
        expect_kept(test, acked, until);
    }
}

void older_bytes_find_room_before_others()
{
    older_bytes_find_room(false);
    older_bytes_find_room(true);
}

// A run that gives way has to be read: where that fails, it goes, and the rest stays.
void run_that_cannot_be_read_is_given_up(std::uint64_t max_spool_size, const char *name,
                                         std::uint64_t end_in_file)
{
    StoreTest test;
    {
        ReplayConfig config = test.config(SpoolMode::kOverflow);
        config.max_spool_size = max_spool_size;
        ReplayStore store(config);
        store.spill_by_thread();
        for (std::uint64_t bytes = 0; bytes < 3 * kRun; bytes += kBlock) {
            append(store, kBlock);
            spill_all(store);
        }
        append(store, kBlock);
        {
            std::fstream file(store.folder() + name,
                              std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(static_cast<std::streamoff>(end_in_file - 1));
            file.put('?');
            file.put('?');
        }
        int calls = 0;
        const auto kept = store.keep([&]() -> Result<void> {
            if (++calls == 1)
                return Error{.kind = ErrorKind::kNoSpace, .message = "No."};
            return {};
        });
        g_assert_cmpint(calls, ==, 2);
        g_assert_false(kept.ok());
        g_assert_cmpuint(*kept.error().offset, ==, 2 * kRun);
        g_assert_cmpuint(store.on_disk(), ==, 2 * kRun);
    }
    expect_kept(test, 0, 2 * kRun);
}

void runs_that_cannot_be_read_are_given_up()
{
    run_that_cannot_be_read_is_given_up(200 * kMiB, "/00000001.spill", 3 * kRun);
    run_that_cannot_be_read_is_given_up(2 * kMiB, "/00000003.spill", kRun); // a file each
}

// What the server had is behind it in the file, and goes with it.
void what_goes_back_is_not_on_disk()
{
    StoreTest test;
    ReplayConfig config = test.config(SpoolMode::kOverflow, kMiB);
    config.max_memory = 4 * kMiB;
    ReplayStore store(config);
    append(store, 2 * kRun);
    store.release(kRun);
    g_assert_true(store.keep().ok());
    g_assert_cmpuint(store.on_disk(), ==, 2 * kRun);
    int calls = 0;
    const auto kept = store.keep([&]() -> Result<void> {
        if (++calls <= 2)
            return Error{.kind = ErrorKind::kNoSpace, .message = "No."};
        return {};
    });
    g_assert_true(kept.ok());
    g_assert_cmpint(calls, ==, 3);
    g_assert_cmpuint(store.on_disk(), ==, kRun);
}

// A server that went back: what it had is behind what is newer, in the same file.
void what_is_between_others_makes_room()
{
    for (const std::uint64_t room : {std::uint64_t{0}, std::uint64_t{20000}}) {
        StoreTest test;
        SmallDisk disk(test.dir.path(), 1024 * kMiB);
        std::uint64_t until = 0;
        {
            ReplayConfig config = test.config(SpoolMode::kOverflow, 4 * kMiB);
            config.max_memory = 4 * kMiB;
            ReplayStore store(config, disk);
            store.spill_by_thread();
            append(store, kRun);
            spill_all(store);
            append(store, kRun);
            store.release(2 * kRun);
            append(store, kRun);
            spill_all(store);
            store.release(0);
            spill_all(store);
            g_assert_cmpuint(store.on_disk(), ==, 3 * kRun);
            disk.leave(room);
            const auto kept = store.keep(First(store, disk, 70000));
            until = kept ? store.end() : *kept.error().offset;
        }
        g_assert_cmpuint(until, >=, 3 * kRun + room - 70000 - kJournals);
        expect_kept(test, 0, until);
    }
}

// It does not delete the newest file, and takes no new journal; what it has is still there.
class StubbornDisk final : public FileOps {
public:
    bool stubborn = false;
    bool cuts = false;

    int remove_at(int dir, const char *name, int flags) override
    {
        return fails(std::strcmp(name, "00000002.spill") == 0)
                   ? -1
                   : FileOps::remove_at(dir, name, flags);
    }

    int rename_at(int dir, const char *from, const char *to) override
    {
        return fails(true) ? -1 : FileOps::rename_at(dir, from, to);
    }

    int truncate(int fd, off_t length) override
    {
        return fails(!cuts) ? -1 : FileOps::truncate(fd, length);
    }

private:
    bool fails(bool here) const
    {
        errno = EIO;
        return stubborn && here;
    }
};

void what_is_older_stays(bool cuts)
{
    StoreTest test;
    StubbornDisk disk;
    disk.cuts = cuts;
    {
        ReplayConfig config = test.config(SpoolMode::kOverflow);
        config.max_memory = 4 * kMiB;
        config.max_spool_size = 2 * kMiB; // a file each
        ReplayStore store(config, disk);
        store.spill_by_thread();
        append(store, 2 * kRun);
        spill_all(store);
        g_assert_cmpuint(test.dir.count(".spill"), ==, 2);
        disk.stubborn = true;
        const auto kept = store.keep(
            []() -> Result<void> { return Error{.kind = ErrorKind::kNoSpace, .message = "No."}; });
        g_assert_false(kept.ok());
        g_assert_cmpuint(*kept.error().offset, ==, kRun);
        disk.stubborn = false;
    }
    expect_kept(test, 0, cuts ? kRun : 2 * kRun); // not as if the server had any of it
}

void what_is_older_stays_with_what_the_journal_has()
{
    what_is_older_stays(false);
    what_is_older_stays(true);
}

// The journal needs another block for a record, and the bytes have taken the last one.
void record_finds_room_in_large_blocks()
{
    constexpr std::uint64_t kDiskBlock = 64 * kKiB;
    StoreTest test;
    SmallDisk disk(test.dir.path(), 1024 * kMiB, kDiskBlock);
    {
        ReplayStore store(test.config(SpoolMode::kAlways), disk);
        append(store, kRun);
        const std::uint64_t size = fs::file_size(store.folder() + "/journal");
        store.note("n", std::string(kDiskBlock - size - 30, 'n')); // with what it has beside
        g_assert_cmpuint(fs::file_size(store.folder() + "/journal") / kDiskBlock, ==, 0);
        disk.leave(kRun);
        append(store, kRun);
        g_assert_cmpuint(store.on_disk(), ==, 2 * kRun - kDiskBlock);
    }
    expect_kept(test, 0, 2 * kRun - kDiskBlock);
}

// A recovery that keeps more finds a full disk: what the server has makes room first.
void margin_makes_room()
{
    constexpr std::uint64_t kMargin = 2 * kRun;
    StoreTest test;
    SmallDisk disk(test.dir.path(), 1024 * kMiB);
    {
        ReplayConfig config = test.config(SpoolMode::kOverflow, kMargin);
        config.max_memory = 4 * kMiB;
        ReplayStore store(config, disk);
        store.spill_by_thread();
        append(store, kMargin + kRun);
        store.release(kMargin);
        g_assert_true(store.keep().ok());
    }
    {
        auto opened =
            open_upload(test.dir.spool(), test.dir.entries(test.dir.spool()).front(), disk);
        g_assert_true(opened.ok());
        g_assert_cmpuint(opened->store->begin(), ==, 0);
        disk.leave(0);
        append(*opened->store, kMargin - kJournals);
        g_assert_true(opened->store->keep().ok());
    }
    expect_kept(test, kMargin, 2 * kMargin + kRun - kJournals);
}

// Where the end of a piece gave way to its record, the disk is not asked at once again.
void disk_without_room_is_full()
{
    StoreTest test;
    SmallDisk disk(test.dir.path(), 1024 * kMiB);
    ReplayConfig config = test.config(SpoolMode::kOverflow);
    config.max_memory = 4 * kMiB; // blocks of 256 KiB
    ReplayStore store(config, disk);
    store.spill_by_thread();
    append(store, kRun);
    store.begin_journal();
    spill_all(store);
    append(store, kRun);
    disk.leave(kRun); // for the bytes alone
    store.set_due(TimePoint::max());
    auto spill = store.begin_spill();
    (void)spill->run();
    store.end_spill(std::move(spill));
    g_assert_cmpuint(store.on_disk(), >, kRun);
    g_assert_true(store.take_disk_warning().has_value());
    g_assert_null(store.begin_spill().get());
    assert_holds_all(store);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const Row &row : kRows)
        add_row_test(std::string("/replay/keep/full/") + row.name, row, what_finds_room_is_kept);
    add_test("/replay/keep/disk-takes-nothing", disk_that_takes_nothing_loses_nothing);
    add_test("/replay/keep/older-bytes-find-room", older_bytes_find_room_before_others);
    add_test("/replay/keep/cannot-be-read", runs_that_cannot_be_read_are_given_up);
    add_test("/replay/keep/not-on-disk", what_goes_back_is_not_on_disk);
    add_test("/replay/keep/between-others", what_is_between_others_makes_room);
    add_test("/replay/keep/large-blocks", record_finds_room_in_large_blocks);
    add_test("/replay/keep/older-stays", what_is_older_stays_with_what_the_journal_has);
    add_test("/replay/keep/margin-makes-room", margin_makes_room);
    add_test("/replay/keep/no-room-for-a-record", disk_without_room_is_full);
    return g_test_run();
}
