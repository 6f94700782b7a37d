// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replay/recovery.h"
#include "replay_fixture.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <random>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>

using gsttus::ErrorKind;
using gsttus::Piece;
using gsttus::ReplayConfig;
using gsttus::ReplayStore;
using gsttus::SpoolMode;
using gsttus::test::add_test;
using gsttus::test::append;
using gsttus::test::assert_bytes;
using gsttus::test::assert_holds;
using gsttus::test::assert_holds_all;
using gsttus::test::FaultyOps;
using gsttus::test::kBlock;
using gsttus::test::kKiB;
using gsttus::test::kMiB;
using gsttus::test::kWindow;
using gsttus::test::TempDir;
using gsttus::test::fs::exists;

namespace {

struct Store : gsttus::test::StoreTest {
    // --- memory ---------------------------------------------------------------------------------

    void window_takes_exactly_max_memory()
    {
        ReplayStore store(config(SpoolMode::kNever));
        g_assert_cmpuint(append(store, kWindow - 1), ==, kWindow - 1);
        g_assert_cmpuint(append(store, 10), ==, 1);
        g_assert_cmpuint(append(store, 1), ==, 0);
        g_assert_cmpuint(store.in_memory(), ==, kWindow);
        g_assert_cmpuint(store.end(), ==, kWindow);
        assert_holds_all(store);
        g_assert_false(exists(dir.spool()));
        g_assert_null(store.piece(kWindow).get());
    }

    void release_frees_whole_blocks_and_room_is_used_again()
    {
        ReplayStore store(config(SpoolMode::kNever));
        append(store, kWindow);
        store.release(kBlock - 1);
        g_assert_cmpuint(store.begin(), ==, 0);
        g_assert_cmpuint(append(store, 1), ==, 0);
        store.release(kBlock);
        g_assert_cmpuint(store.begin(), ==, kBlock);
        g_assert_cmpuint(append(store, 2 * kBlock), ==, kBlock);
        assert_holds_all(store);
        store.release(store.end());
        g_assert_cmpuint(store.begin(), ==, store.end());
        g_assert_cmpuint(store.in_memory(), ==, 0);
        g_assert_cmpuint(append(store, 3 * kWindow), ==, kWindow);
    }

    void margin_is_kept_and_yields_to_new_bytes()
    {
        ReplayStore store(config(SpoolMode::kNever, 4 * kBlock));
        append(store, 8 * kBlock);
        store.release(8 * kBlock);
        g_assert_cmpuint(store.begin(), ==, 4 * kBlock);
        g_assert_cmpuint(append(store, kWindow), ==, kWindow);
        g_assert_cmpuint(store.begin(), ==, 8 * kBlock);
        g_assert_cmpuint(append(store, 1), ==, 0);
        assert_holds_all(store);
    }

    // Of what several stores may take together too much is used: only so much, and nothing that the
    // server does not have.
    void margin_gives_way_where_others_need_the_memory()
    {
        for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kOverflow}) {
            auto shared = config(mode, 4 * kBlock);
            shared.memory = std::make_shared<gsttus::MemoryBudget>();
            shared.memory->set_bound(16 * kBlock); // short from 12 on
            ReplayStore store(shared);
            if (mode == SpoolMode::kOverflow)
                store.spill_by_thread();
            append(store, 8 * kBlock);
            store.release(6 * kBlock);
            g_assert_cmpuint(store.begin(), ==, 2 * kBlock);
            (void)shared.memory->take(9 * kBlock, true); // the others
            store.release(6 * kBlock + 1);
            g_assert_cmpuint(store.begin(), ==, 5 * kBlock);
            (void)shared.memory->take(2 * kBlock, true);
            append(store, kBlock); // at once, not with the next release
            g_assert_cmpuint(store.begin(), ==, 6 * kBlock);
            (void)shared.memory->take(9 * kBlock, true);
            store.release(7 * kBlock + 1);
            g_assert_cmpuint(store.begin(), ==, 7 * kBlock);
            assert_holds(store, 7 * kBlock, 9 * kBlock);
            shared.memory->give_back(20 * kBlock);
            append(store, 4 * kBlock);
            store.release(13 * kBlock);
            g_assert_cmpuint(store.begin(), ==, 9 * kBlock);
            g_assert_cmpuint(store.on_disk(), ==, 0);
        }
    }

    // What has to be kept is kept.
    void held_margin_gives_no_way()
    {
        auto shared = config(SpoolMode::kOverflow, 4 * kBlock);
        shared.memory = std::make_shared<gsttus::MemoryBudget>();
        shared.memory->set_bound(16 * kBlock);
        ReplayStore store(shared);
        store.spill_by_thread();
        store.hold_all(true);
        append(store, 8 * kBlock);
        (void)shared.memory->take(9 * kBlock, true);
        store.release(6 * kBlock);
        g_assert_cmpuint(store.begin(), ==, 0);
        shared.memory->give_back(9 * kBlock);
    }

    void release_inside_the_margin_makes_room()
    {
        ReplayStore store(config(SpoolMode::kNever, kWindow));
        append(store, kWindow);
        g_assert_cmpuint(append(store, 1), ==, 0);
        store.release(kBlock);
        g_assert_cmpuint(store.acked(), ==, kBlock);
        g_assert_cmpuint(store.in_memory(), ==, kWindow); // nothing freed, but may be
        g_assert_cmpuint(append(store, kWindow), ==, kBlock);
        assert_holds_all(store);
    }

    void bytes_of_a_server_that_went_back_are_not_freed()
    {
        ReplayStore store(config(SpoolMode::kNever, 8 * kBlock));
        append(store, 8 * kBlock);
        store.release(8 * kBlock);
        store.release(3 * kBlock); // it lost five blocks
        g_assert_cmpuint(store.begin(), ==, 0);
        // Of the margin only what lies before the new position may go.
        g_assert_cmpuint(append(store, 4 * kWindow), ==, kWindow - 5 * kBlock);
        g_assert_cmpuint(store.begin(), ==, 3 * kBlock);
        assert_holds_all(store);
    }

    void release_beyond_the_end_is_the_end()
    {
        ReplayStore store(config(SpoolMode::kNever));
        append(store, 10);
        store.release(1000);
        g_assert_cmpuint(store.begin(), ==, 10);
        g_assert_cmpuint(store.acked(), ==, 10);
        append(store, 10);
        assert_holds(store, 10, 20);
    }

    void small_windows_work()
    {
        for (const std::uint64_t window : {0, 1, 2, 1000, 4096, 5000}) {
            auto small = config(SpoolMode::kNever);
            small.max_memory = window;
            ReplayStore store(small);
            for (int i = 0; i < 20; ++i) {
                g_assert_cmpuint(append(store, 3000), >, 0);
                if (window > 0)
                    g_assert_cmpuint(store.in_memory(), <=, window);
                assert_holds_all(store);
                store.release(store.end());
            }
        }
    }

    void piece_outlives_release_and_store()
    {
        std::shared_ptr<const Piece> memory, file;
        {
            ReplayStore store(config(SpoolMode::kOverflow));
            append(store, 2 * kWindow);
            memory = store.piece(0);
            file = store.piece(kWindow);
            store.release(store.end());
            append(store, kWindow);
        }
        assert_bytes(*memory, 0, memory->end());
        assert_bytes(*file, kWindow, 2 * kWindow);
    }

    // --- overflow -------------------------------------------------------------------------------

    void spills_when_the_window_is_full()
    {
        ReplayStore store(config(SpoolMode::kOverflow));
        g_assert_cmpuint(append(store, kWindow), ==, kWindow);
        g_assert_cmpuint(store.on_disk(), ==, 0);
        g_assert_false(exists(dir.spool()));
        g_assert_cmpuint(append(store, 1000), ==, 1000);
        g_assert_cmpuint(store.on_disk(), ==, 1000);
        g_assert_cmpuint(store.in_memory(), ==, kWindow);
        assert_holds_all(store);
        g_assert_false(store.take_disk_warning().has_value());
    }

    void files_and_folders_are_private()
    {
        const auto before = ::umask(0);
        ReplayStore store(config(SpoolMode::kAlways));
        append(store, kWindow + 1000);
        ::umask(before);
        std::size_t files = 0;
        for (const auto &entry : gsttus::test::fs::recursive_directory_iterator(dir.path())) {
            struct stat info {};

            g_assert_cmpint(::lstat(entry.path().c_str(), &info), ==, 0);
            g_assert_cmphex(info.st_mode & 07777, ==, S_ISDIR(info.st_mode) ? 0700 : 0600);
            files += S_ISREG(info.st_mode) ? 1 : 0;
        }
        g_assert_cmpuint(files, ==, 3); // lock, journal, one spill file
    }

    void files_go_as_the_server_acknowledges()
    {
        const std::uint64_t total = 50 * kMiB;
        ReplayStore store(config(SpoolMode::kOverflow));
        while (store.end() < total)
            g_assert_cmpuint(append(store, kMiB), ==, kMiB);
        g_assert_cmpuint(dir.count(".spill"), ==, 4);
        store.release(17 * kMiB);
        g_assert_cmpuint(dir.count(".spill"), ==, 3);
        assert_holds_all(store);
        store.release(total);
        g_assert_cmpuint(dir.count(".spill"), ==, 0);
        g_assert_cmpuint(store.on_disk(), ==, 0);
        g_assert_cmpuint(append(store, kWindow), ==, kWindow);
        g_assert_cmpuint(store.on_disk(), ==, 0); // memory again
    }

    void nothing_stays_on_disk_after_an_unkept_upload()
    {
        for (const bool finished : {false, true}) {
            ReplayStore store(config(SpoolMode::kOverflow));
            append(store, 2 * kWindow);
            if (finished) {
                store.discard();
                g_assert_cmpuint(store.begin(), ==, store.end());
                g_assert_cmpuint(store.in_memory() + store.on_disk(), ==, 0);
                g_assert_cmpuint(append(store, 1), ==, 0);
                g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 0);
            }
        }
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 0);
    }

    void two_sinks_share_a_spool_folder()
    {
        ReplayStore one(config(SpoolMode::kOverflow)), two(config(SpoolMode::kAlways));
        append(one, 2 * kWindow);
        append(two, 2 * kWindow);
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 2);
        g_assert_true(one.folder() != two.folder());
        one.discard();
        assert_holds_all(two);
    }

    // Each new folder makes its process clear up; none may take the folder of another.
    void processes_that_come_and_go_do_not_disturb_each_other()
    {
        std::array<pid_t, 3> children{}; // on the heap it would be a leak of each child
        for (pid_t &child : children) {
            child = ::fork();
            g_assert_cmpint(child, >=, 0);
            if (child != 0)
                continue;
            int failures = 0;
            for (int round = 0; round < 100; ++round) {
                ReplayStore store(config(round % 2 ? SpoolMode::kOverflow : SpoolMode::kAlways));
                failures += append(store, kWindow + 100) != kWindow + 100 || store.on_disk() == 0;
                failures += store.take_disk_warning().has_value() || !exists(store.folder());
                store.discard();
            }
            ::_exit(failures == 0 ? 0 : 1);
        }
        for (const pid_t child : children) {
            int status = 1;
            g_assert_cmpint(::waitpid(child, &status, 0), ==, child);
            g_assert_cmpint(status, ==, 0);
        }
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 0);
    }

    void leftovers_of_a_crashed_overflow_are_cleared_away()
    {
        const std::string leftover = dir.spool() + "/upload-20240101T000000Z-1-0badcafe";
        const std::string foreign = dir.spool() + "/upload-of-somebody-else";
        gsttus::test::fs::create_directories(leftover);
        gsttus::test::fs::create_directories(foreign);
        gsttus::test::write_file(leftover + "/lock", "");
        gsttus::test::write_file(leftover + "/00000001.spill", "bytes");
        ReplayStore store(config(SpoolMode::kOverflow));
        append(store, 2 * kWindow);
        g_assert_false(exists(leftover));
        g_assert_true(exists(foreign));
        g_assert_true(exists(store.folder()));
    }

    // --- disk bounds and faults -----------------------------------------------------------------

    void disk_bound_blocks_with_one_warning()
    {
        auto bounded = config(SpoolMode::kOverflow);
        bounded.max_spool_size = 100 * kKiB;
        ReplayStore store(bounded, disk);
        g_assert_cmpuint(append(store, kMiB), ==, kWindow + 100 * kKiB);
        const auto warning = store.take_disk_warning();
        g_assert_true(warning.has_value());
        g_assert_true(warning->kind == ErrorKind::kNoSpace);
        g_assert_nonnull(strstr(warning->message.c_str(), "max-spool-size"));
        for (int i = 0; i < 30; ++i) {
            // The memory of acknowledged blocks serves; the disk stays full.
            g_assert_cmpuint(append(store, 1000), ==, 0);
            disk.seconds_passed += 2;
        }
        g_assert_false(store.take_disk_warning().has_value());
        assert_holds_all(store);
        store.release(store.end());
        g_assert_cmpuint(append(store, kMiB), ==, kWindow + 100 * kKiB);
        g_assert_true(store.take_disk_warning().has_value()); // another trouble
    }

    void without_a_bound_the_disk_keeps_a_reserve()
    {
        auto unbounded = config(SpoolMode::kOverflow);
        unbounded.max_spool_size = 0;
        disk.free_bytes = 256 * kMiB + 10000;
        ReplayStore store(unbounded, disk);
        g_assert_cmpuint(append(store, kWindow + 10000), ==, kWindow + 10000);
        disk.free_bytes = 256 * kMiB;
        g_assert_cmpuint(append(store, 10), ==, 0);
        g_assert_true(store.take_disk_warning()->kind == ErrorKind::kNoSpace);
        disk.free_bytes = 300 * kMiB; // somebody made room: noticed without any progress
        disk.seconds_passed += 2;
        g_assert_cmpuint(append(store, 10), ==, 10);
        assert_holds_all(store);
    }

    void spool_dir_that_cannot_be_is_a_warning_and_memory_serves()
    {
        gsttus::test::write_file(dir.path() + "/file", "");
        for (const std::string &bad :
             {std::string(), dir.path() + "/file/below", std::string("/proc/nowhere/spool")}) {
            for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
                auto broken = config(mode);
                broken.spool_dir = bad;
                ReplayStore store(broken, disk);
                g_assert_cmpuint(append(store, 2 * kWindow), ==, kWindow);
                const auto warning = store.take_disk_warning();
                g_assert_true(warning.has_value());
                g_assert_nonnull(strstr(warning->message.c_str(), "spool"));
                assert_holds_all(store);
                store.release(kWindow);
                g_assert_cmpuint(append(store, 2 * kWindow), ==, kWindow);
                g_assert_false(store.take_disk_warning().has_value());
                g_assert_false(store.keep().ok());
                assert_holds_all(store);
            }
        }
    }

    void file_size_limit_of_the_process_is_a_disk_fault()
    {
        struct rlimit before {};

        g_assert_cmpint(::getrlimit(RLIMIT_FSIZE, &before), ==, 0);
        std::signal(SIGXFSZ, SIG_IGN);
        struct rlimit small = before;
        small.rlim_cur = 150001;
        g_assert_cmpint(::setrlimit(RLIMIT_FSIZE, &small), ==, 0);
        {
            ReplayStore store(config(SpoolMode::kOverflow), disk);
            g_assert_cmpuint(append(store, kMiB), ==, kWindow + 150001);
            g_assert_true(store.take_disk_warning()->kind == ErrorKind::kDisk);
            g_assert_cmpuint(append(store, 1), ==, 0);
            disk.seconds_passed += 1;
            g_assert_cmpuint(append(store, 1000), ==, 1000); // in another file
            assert_holds_all(store);
        }
        g_assert_cmpint(::setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    }

    // A fixed script of appends, reads and releases, in which call number `n` to the disk fails.
    // Whatever fails, what append() took is held and right. Returns calls made.
    std::uint64_t run_script(SpoolMode mode, std::uint64_t n, std::uint64_t failures, bool partial,
                             bool ahead)
    {
        FaultyOps faulty;
        faulty.fail_from = n;
        faulty.failures = failures;
        faulty.partial = partial;
        faulty.error = n % 2 == 0 ? EIO : ENOSPC;
        std::unique_ptr<ReplayStore::Spill> spill;
        auto bounded = config(mode, 3 * kBlock);
        bounded.max_spool_size = kMiB;
        ReplayStore store(bounded, faulty);
        if (ahead)
            store.spill_by_thread();
        std::uint64_t acked = 0;
        for (int i = 0; i < 24; ++i) {
            store.note("offset", std::to_string(acked));
            const std::uint64_t end = store.end();
            const std::size_t taken = append(store, 9000);
            g_assert_cmpuint(store.end(), ==, end + taken);
            g_assert_cmpuint(store.in_memory(), <=, kWindow);
            if (ahead)
                step_of_spilling(store, spill);
            g_assert_cmpuint(store.begin(), <=, acked);
            faulty.seconds_passed += i % 3 == 0 ? 1 : 0;
            if (i % 5 == 4) {
                acked += (store.end() - acked) * 2 / 3;
                store.release(acked);
            }
            if (i % 6 == 5)
                assert_holds_all(store);
        }
        end_spilling(store, spill);
        (void)store.keep();
        if (const auto sync = store.sync_to_disk())
            (void)sync->run();
        assert_holds_all(store);
        store.discard();
        return faulty.calls;
    }

    void no_failing_call_loses_a_byte()
    {
        for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
            const std::uint64_t calls = run_script(mode, ~std::uint64_t{0}, 1, false, false);
            g_assert_cmpuint(calls, >, 20);
            for (std::uint64_t n = 0; n < calls; ++n) {
                for (const bool ahead : {false, true}) {
                    run_script(mode, n, 1, false, ahead);
                    run_script(mode, n, 7, true, ahead);
                    run_script(mode, n, 1000000, n % 2 == 0, ahead);
                }
            }
        }
    }

    void bytes_that_cannot_be_read_back_are_an_error()
    {
        ReplayStore store(config(SpoolMode::kOverflow));
        append(store, kWindow + 17 * kMiB);
        const auto piece = store.piece(kWindow);
        for (const auto &entry : gsttus::test::fs::directory_iterator(store.folder()))
            gsttus::test::write_file(entry.path(), "");
        std::vector<std::byte> buffer(100);
        const auto read = piece->read(kWindow, buffer);
        g_assert_false(read.ok());
        g_assert_true(read.error().kind == ErrorKind::kDisk);
        gsttus::test::fs::remove_all(store.folder());
        g_assert_false(store.piece(kWindow)->read(kWindow, buffer).ok());
        assert_holds(store, 0, kWindow);
    }

    // --- spilling ahead -------------------------------------------------------------------------

    static void end_spilling(ReplayStore &store, std::unique_ptr<ReplayStore::Spill> &spill)
    {
        if (!spill)
            return;
        g_assert_true(spill->run().ok());
        store.end_spill(std::move(spill));
    }

    // Ends the one that is under way, or begins one.
    static void step_of_spilling(ReplayStore &store, std::unique_ptr<ReplayStore::Spill> &spill)
    {
        if (spill)
            end_spilling(store, spill);
        else
            spill = store.begin_spill();
    }

    void spilling_ahead_keeps_append_off_the_disk()
    {
        ReplayStore store(config(SpoolMode::kOverflow), disk);
        store.spill_by_thread();
        append(store, kWindow * 3 / 4);
        g_assert_false(store.wants_spill());
        g_assert_null(store.begin_spill().get());
        for (int i = 0; i < 200; ++i) {
            append(store, kBlock);
            g_assert_true(store.wants_spill());
            auto spill = store.begin_spill();
            g_assert_nonnull(spill.get());
            const auto calls = disk.calls.load();
            append(store, kBlock); // the disk is busy
            g_assert_cmpuint(disk.calls, ==, calls);
            end_spilling(store, spill);
            spill = store.begin_spill();
            end_spilling(store, spill);
            g_assert_false(store.wants_spill());
        }
        g_assert_cmpuint(store.on_disk(), ==, 400 * kBlock);
        g_assert_cmpuint(dir.count(".spill"), ==, 1);
        g_assert_cmpuint(store.in_memory(), ==, kWindow * 3 / 4);
        assert_holds_all(store);
        // The newest bytes are those in memory.
        gsttus::test::fs::remove_all(store.folder());
        assert_holds(store, store.end() - kWindow * 3 / 4, store.end());
    }

    void block_that_is_acknowledged_while_it_is_spilled_leaves_nothing()
    {
        ReplayStore store(config(SpoolMode::kOverflow));
        append(store, kWindow);
        auto spill = store.begin_spill();
        g_assert_true(spill->run().ok());
        g_assert_cmpuint(dir.count(".spill"), ==, 1);
        store.release(kWindow);
        store.end_spill(std::move(spill));
        g_assert_true(store.clean_up()->run().ok());
        g_assert_cmpuint(store.on_disk(), ==, 0);
        g_assert_cmpuint(store.in_memory(), ==, 0);
        g_assert_cmpuint(dir.count(".spill"), ==, 0);
        append(store, kWindow * 2); // and the disk is free again
        assert_holds_all(store);
    }

    void full_window_waits_for_a_spill_that_is_under_way()
    {
        ReplayStore store(config(SpoolMode::kOverflow, kWindow), disk);
        store.spill_by_thread();
        append(store, kWindow);
        store.release(2 * kBlock); // stays as the margin
        g_assert_cmpuint(append(store, 1), ==, 0);
        g_assert_true(store.awaits_spill());
        auto spill = store.begin_spill();
        g_assert_cmpuint(append(store, 1), ==, 0);
        g_assert_true(store.awaits_spill());
        end_spilling(store, spill);
        g_assert_cmpuint(append(store, 2 * kBlock), ==, kBlock);
        g_assert_cmpuint(store.begin(), ==, 0);
        assert_holds_all(store);

        // Where the disk refuses, the margin gives way.
        disk.free_bytes = 0;
        disk.fail_from = disk.calls;
        disk.failures = 1000000;
        spill = store.begin_spill();
        end_spilling(store, spill);
        g_assert_false(store.awaits_spill());
        g_assert_cmpuint(append(store, kWindow), ==, 2 * kBlock);
        g_assert_cmpuint(store.begin(), ==, 2 * kBlock);
        g_assert_false(store.awaits_spill());
    }

    void spill_that_fails_is_a_warning_and_memory_serves()
    {
        disk.fail_from = 5;
        disk.failures = 1000000;
        disk.error = ENOSPC;
        ReplayStore store(config(SpoolMode::kOverflow), disk);
        store.spill_by_thread();
        append(store, kWindow);
        auto spill = store.begin_spill();
        end_spilling(store, spill);
        g_assert_true(store.take_disk_warning().has_value());
        g_assert_false(store.awaits_spill());
        g_assert_null(store.begin_spill().get()); // not again at once
        g_assert_cmpuint(store.in_memory(), ==, kWindow);
        disk.failures = 0;
        disk.seconds_passed += 1;
        spill = store.begin_spill();
        end_spilling(store, spill);
        g_assert_cmpuint(store.on_disk(), ==, kBlock);
        g_assert_true(store.awaits_spill());
        g_assert_false(store.take_disk_warning().has_value());
        assert_holds_all(store);
    }

    void confirmed_margin_yields_although_a_spill_hangs()
    {
        ReplayStore store(config(SpoolMode::kOverflow, kMiB));
        store.spill_by_thread();
        append(store, kWindow);
        auto spill = store.begin_spill();
        g_assert_nonnull(spill.get());
        store.release(kWindow);
        g_assert_false(store.wants_spill()); // nothing that the server lacks
        g_assert_cmpuint(append(store, 1), ==, 1);
        end_spilling(store, spill);
        assert_holds_all(store);
    }

    void disk_that_has_room_again_is_used_again()
    {
        auto small = config(SpoolMode::kOverflow);
        small.max_spool_size = kBlock;
        ReplayStore store(small, disk);
        store.spill_by_thread();
        append(store, kWindow);
        auto spill = store.begin_spill();
        end_spilling(store, spill);
        append(store, kWindow);
        g_assert_null(store.begin_spill().get());
        g_assert_false(store.awaits_spill());
        store.release(store.end());
        append(store, kWindow);
        g_assert_true(store.awaits_spill());
        spill = store.begin_spill();
        end_spilling(store, spill);
        g_assert_cmpuint(store.on_disk(), ==, kBlock);
        assert_holds_all(store);
    }

    void margin_on_disk_yields_file_by_file()
    {
        auto bounded = config(SpoolMode::kOverflow, 100 * kMiB);
        bounded.max_spool_size = 8 * kMiB;
        ReplayStore store(bounded, disk);
        store.spill_by_thread();
        std::unique_ptr<ReplayStore::Spill> spill;
        while (append(store, kBlock) > 0)
            while ((spill = store.begin_spill()))
                end_spilling(store, spill);
        store.release(4 * kMiB);
        g_assert_null(store.begin_spill().get()); // still full
        g_assert_cmpuint(append(store, kBlock), ==, 0);
        g_assert_cmpuint(store.begin(), ==, kMiB); // one file went
        g_assert_true(store.awaits_spill());
        spill = store.begin_spill();
        end_spilling(store, spill);
        g_assert_cmpuint(append(store, kBlock), ==, kBlock);
        assert_holds_all(store);
    }

    void file_of_a_failed_spill_goes_with_its_last_byte()
    {
        for (const int error : {EIO, ENOSPC}) {
            FaultyOps faulty;
            ReplayStore store(config(SpoolMode::kOverflow), faulty);
            append(store, kWindow);
            std::unique_ptr<ReplayStore::Spill> spill = store.begin_spill();
            end_spilling(store, spill);
            append(store, kBlock);
            spill = store.begin_spill();
            faulty.fail_from = faulty.calls;
            faulty.error = error;
            g_assert_true(spill->run().ok());
            store.release(store.end());
            store.end_spill(std::move(spill));
            if (const auto work = store.clean_up())
                g_assert_true(work->run().ok());
            g_assert_cmpuint(store.on_disk(), ==, 0);
            g_assert_cmpuint(dir.count(".spill"), ==, 0);
            store.discard();
        }
    }

    // A file of which only the end is needed must not fill a small bound: the server may wait for
    // more than the rest.
    void small_bound_has_small_files()
    {
        for (const bool ahead : {false, true}) {
            auto bounded = config(SpoolMode::kOverflow);
            bounded.max_spool_size = 16 * kMiB;
            ReplayStore store(bounded);
            if (ahead)
                store.spill_by_thread();
            std::unique_ptr<ReplayStore::Spill> spill;
            while (append(store, kBlock) > 0)
                while ((spill = store.begin_spill()))
                    end_spilling(store, spill);
            store.release(15 * kMiB);
            g_assert_cmpuint(store.on_disk(), <=, 3 * kMiB);
            g_assert_cmpuint(bounded.useful_spool_size(), ==, 14 * kMiB);
        }
    }

    void without_memory_the_disk_serves()
    {
        auto large = config(SpoolMode::kOverflow);
        large.max_memory = 4096 * kMiB;
        const std::vector<std::byte> bytes = gsttus::test::stream_bytes(0, kMiB);
        for (const bool ahead : {false, true}) {
            const pid_t child = ::fork();
            if (child == 0) {
                ReplayStore store(large);
                if (ahead)
                    store.spill_by_thread();
                const rlimit limit{256 * kMiB, 256 * kMiB};
                std::size_t taken = 0;
                if (::setrlimit(RLIMIT_AS, &limit) == 0)
                    for (int i = 0; i < 300; ++i)
                        taken += store.append(bytes);
                const bool served = taken == 300 * kMiB && store.on_disk() > 40 * kMiB;
                store.discard();
                ::_exit(served ? 0 : 1);
            }
            int status = -1;
            g_assert_cmpint(::waitpid(child, &status, 0), ==, child);
            g_assert_cmpint(status, ==, 0);
        }
    }

    void only_overflow_spills_ahead()
    {
        for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kAlways}) {
            ReplayStore store(config(mode));
            append(store, kWindow);
            g_assert_false(store.wants_spill());
            g_assert_null(store.begin_spill().get());
        }
        ReplayStore store(config(SpoolMode::kOverflow));
        append(store, kWindow);
        g_assert_true(store.keep().ok());
        g_assert_null(store.begin_spill().get());
    }

    void needless_files_can_be_deleted_later()
    {
        ReplayStore store(config(SpoolMode::kOverflow));
        append(store, kWindow + 33 * kMiB);
        g_assert_cmpuint(dir.count(".spill"), ==, 3);
        g_assert_null(store.clean_up().get());
        store.release(kWindow + 32 * kMiB, ReplayStore::Deletion::kLater);
        g_assert_cmpuint(dir.count(".spill"), ==, 3);
        g_assert_cmpuint(store.on_disk(), ==, kMiB);
        const auto work = store.clean_up();
        g_assert_true(work->run().ok());
        g_assert_cmpuint(dir.count(".spill"), ==, 1);
        assert_holds_all(store);
    }

    void spill_until_nothing_is_due(ReplayStore &store, bool facts)
    {
        store.set_due(gsttus::TimePoint::max());
        while (auto spill = store.begin_spill(facts))
            end_spilling(store, spill);
    }

    void needless_files_wait_for_the_journal()
    {
        ReplayStore store(config(SpoolMode::kAlways), disk);
        store.spill_by_thread();
        append(store, 4 * kBlock);
        spill_until_nothing_is_due(store, true);
        store.release(4 * kBlock, ReplayStore::Deletion::kLater);
        spill_until_nothing_is_due(store, false); // it does not say yet that they may go
        if (const auto work = store.clean_up())
            (void)work->run();
        g_assert_cmpuint(dir.count(".spill"), ==, 1);
        spill_until_nothing_is_due(store, true);
        g_assert_true(store.clean_up()->run().ok());
        g_assert_cmpuint(dir.count(".spill"), ==, 0);
    }

    // A power cut leaves the removals, or the journal's last records, or both.
    void journal_is_synced_before_files_go()
    {
        struct Order : FaultyOps {
            std::string calls;

            int sync_data(int fd) override
            {
                calls += 's';
                return FaultyOps::sync_data(fd);
            }

            int remove_at(int dir, const char *name, int flags) override
            {
                calls += 'r';
                return FaultyOps::remove_at(dir, name, flags);
            }
        } order;

        ReplayStore store(config(SpoolMode::kAlways), order);
        store.spill_by_thread();
        append(store, 4 * kBlock);
        spill_until_nothing_is_due(store, true);
        store.release(4 * kBlock, ReplayStore::Deletion::kLater);
        spill_until_nothing_is_due(store, true);
        order.calls.clear();
        g_assert_true(store.clean_up()->run().ok());
        g_assert_true(order.calls == "sr");
    }

    void needless_file_is_synced_while_the_journal_needs_it()
    {
        ReplayStore store(config(SpoolMode::kAlways), disk);
        store.spill_by_thread();
        append(store, 4 * kBlock);
        spill_until_nothing_is_due(store, true);
        g_assert_true(store.sync_to_disk()->run().ok());
        store.synced(true);
        append(store, kBlock);
        spill_until_nothing_is_due(store, true);
        store.release(5 * kBlock, ReplayStore::Deletion::kLater);
        const auto work = store.sync_to_disk(); // the journal knows only of the file
        g_assert_nonnull(work.get());
        g_assert_true(work->run().ok());
    }

    void deleted_file_is_found_once()
    {
        auto small_files = config(SpoolMode::kAlways, kMiB);
        small_files.max_spool_size = 2 * kMiB;
        ReplayStore store(small_files, disk);
        store.spill_by_thread();
        while (store.end() < 300 * kKiB) {
            append(store, 4 * kBlock);
            spill_until_nothing_is_due(store, true);
        }
        g_assert_cmpuint(dir.count(".spill"), ==, 2);
        store.release(260 * kKiB); // what is in the first stays as the margin
        ::unlink((store.folder() + "/00000001.spill").c_str());
        const auto look = store.look();
        g_assert_true(look->run().ok() && look->found_deleted());
        store.looked(*look);
        spill_until_nothing_is_due(store, true);
        const std::string moved_to = store.folder();
        const auto again = store.look();
        g_assert_true(again->run().ok());
        g_assert_false(again->found_deleted());
        store.looked(*again);
        g_assert_true(store.folder() == moved_to);
        assert_holds_all(store);
    }

    // --- model ----------------------------------------------------------------------------------

    void random_run(std::uint32_t seed)
    {
        std::mt19937 random(seed);
        const auto pick = [&](std::uint64_t most) { return random() % (most + 1); };
        FaultyOps faulty;
        auto any = config(static_cast<SpoolMode>(pick(2)), pick(40) * kKiB);
        any.max_memory = pick(1) ? pick(100000) + 1 : kWindow;
        any.max_spool_size = pick(3) == 0 ? pick(200000) : 200 * kMiB;
        ReplayStore store(any, faulty);
        const bool ahead = any.max_memory >= 2 * kBlock && pick(1) == 1;
        if (ahead)
            store.spill_by_thread();
        std::uint64_t acked = 0;
        std::vector<std::shared_ptr<const Piece>> pieces;
        std::unique_ptr<ReplayStore::Spill> spill;
        for (int i = 0; i < 150; ++i) {
            if (pick(9) == 0) {
                faulty.fail_from = faulty.calls + pick(5);
                faulty.failures = pick(4);
                faulty.error = pick(1) ? EIO : ENOSPC;
                faulty.partial = pick(1) == 1;
            }
            faulty.seconds_passed += static_cast<std::int64_t>(pick(1));
            append(store, pick(3) == 0 ? pick(60000) : pick(3000));
            if (ahead || pick(1) == 0)
                step_of_spilling(store, spill);
            if (pick(2) == 0) {
                // Mostly forward; a server may go back as far as bytes are held.
                acked = pick(5) == 0 ? store.begin() + pick(acked - store.begin())
                                     : acked + pick(store.end() - acked);
                store.release(acked);
            }
            if (pick(20) == 0) {
                end_spilling(store, spill);
                (void)store.keep();
            }
            g_assert_cmpuint(store.in_memory(), <=, any.max_memory);
            g_assert_cmpuint(store.begin(), <=, acked);
            g_assert_cmpuint(acked, <=, store.end());
            if (store.begin() < store.end()) {
                const auto from = store.begin() + pick(store.end() - store.begin() - 1);
                faulty.failures = 0;
                assert_holds(store, from, std::min(store.end(), from + pick(30000)));
                pieces.push_back(store.piece(from));
            }
        }
        end_spilling(store, spill);
        for (const auto &piece : pieces) { // what is gone by now is an error, never other bytes
            std::vector<std::byte> bytes(30000);
            if (const auto n = piece->read(piece->begin(), bytes); n.ok())
                assert_bytes(*piece, piece->begin(), piece->begin() + *n);
        }
        assert_holds_all(store);
        store.discard();
        if (any.spool_mode == SpoolMode::kNever)
            g_assert_cmpuint(dir.count(""), ==, 0);
    }

    void any_range_at_any_time_equals_the_model()
    {
        const auto seed = static_cast<std::uint32_t>(g_test_rand_int_range(0, 1 << 30));
        g_test_message("first seed %u", seed);
        for (std::uint32_t i = 0; i < 200; ++i)
            random_run(seed + i);
    }

    void pieces_are_read_while_the_store_changes()
    {
        ReplayStore store(config(SpoolMode::kOverflow, 2 * kBlock));
        std::mutex mutex;
        std::atomic<bool> done{false};
        constexpr std::uint64_t kTotal = 8 * kMiB;
        std::thread reader([&] {
            std::uint64_t at = 0;
            while (at < kTotal) {
                std::shared_ptr<const Piece> piece;
                {
                    const std::lock_guard lock(mutex);
                    if (at < store.end())
                        piece = store.piece(at);
                }
                if (!piece) {
                    std::this_thread::yield();
                    continue;
                }
                assert_bytes(*piece, at, piece->end());
                at = piece->end();
                const std::lock_guard lock(mutex);
                store.release(at);
            }
            done = true;
        });
        std::uint64_t written = 0;
        while (written < kTotal) {
            const auto bytes = gsttus::test::stream_bytes(written, 7001);
            const auto most = std::min<std::uint64_t>(bytes.size(), kTotal - written);
            const std::lock_guard lock(mutex);
            written += store.append(std::span(bytes).first(static_cast<std::size_t>(most)));
        }
        reader.join();
        g_assert_true(done);
        g_assert_cmpuint(store.acked(), ==, kTotal);
    }
};

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
#define CASE(path, name) add_test<Store, &Store::name>("/replay-store/" path)
    CASE("memory/window-takes-exactly-max-memory", window_takes_exactly_max_memory);
    CASE("memory/release-frees-whole-blocks-and-room-is-used-again",
         release_frees_whole_blocks_and_room_is_used_again);
    CASE("memory/margin-is-kept-and-yields-to-new-bytes", margin_is_kept_and_yields_to_new_bytes);
    CASE("memory/margin-gives-way-where-others-need-it",
         margin_gives_way_where_others_need_the_memory);
    CASE("memory/held-margin-gives-no-way", held_margin_gives_no_way);
    CASE("memory/release-inside-the-margin-makes-room", release_inside_the_margin_makes_room);
    CASE("memory/bytes-of-a-server-that-went-back-are-not-freed",
         bytes_of_a_server_that_went_back_are_not_freed);
    CASE("memory/release-beyond-the-end-is-the-end", release_beyond_the_end_is_the_end);
    CASE("memory/small-windows-work", small_windows_work);
    CASE("piece/outlives-release-and-store", piece_outlives_release_and_store);
    CASE("piece/is-read-while-the-store-changes", pieces_are_read_while_the_store_changes);
    CASE("disk/spills-when-the-window-is-full", spills_when_the_window_is_full);
    CASE("disk/files-and-folders-are-private", files_and_folders_are_private);
    CASE("disk/files-go-as-the-server-acknowledges", files_go_as_the_server_acknowledges);
    CASE("disk/nothing-stays-after-an-unkept-upload", nothing_stays_on_disk_after_an_unkept_upload);
    CASE("disk/two-sinks-share-a-spool-folder", two_sinks_share_a_spool_folder);
    CASE("disk/processes-that-come-and-go-do-not-disturb-each-other",
         processes_that_come_and_go_do_not_disturb_each_other);
    CASE("disk/leftovers-of-a-crashed-overflow-are-cleared-away",
         leftovers_of_a_crashed_overflow_are_cleared_away);
    CASE("fault/disk-bound-blocks-with-one-warning", disk_bound_blocks_with_one_warning);
    CASE("fault/without-a-bound-the-disk-keeps-a-reserve",
         without_a_bound_the_disk_keeps_a_reserve);
    CASE("fault/unusable-spool-dir-is-a-warning-and-memory-serves",
         spool_dir_that_cannot_be_is_a_warning_and_memory_serves);
    CASE("fault/file-size-limit-of-the-process", file_size_limit_of_the_process_is_a_disk_fault);
    CASE("fault/no-failing-call-loses-a-byte", no_failing_call_loses_a_byte);
    CASE("fault/bytes-that-cannot-be-read-back-are-an-error",
         bytes_that_cannot_be_read_back_are_an_error);
    CASE("spill/keeps-append-off-the-disk", spilling_ahead_keeps_append_off_the_disk);
    CASE("spill/block-acknowledged-meanwhile-leaves-nothing",
         block_that_is_acknowledged_while_it_is_spilled_leaves_nothing);
    CASE("spill/full-window-waits-for-it", full_window_waits_for_a_spill_that_is_under_way);
    CASE("spill/failure-is-a-warning-and-memory-serves",
         spill_that_fails_is_a_warning_and_memory_serves);
    CASE("spill/confirmed-margin-yields-although-it-hangs",
         confirmed_margin_yields_although_a_spill_hangs);
    CASE("spill/disk-that-has-room-again-is-used-again", disk_that_has_room_again_is_used_again);
    CASE("spill/margin-on-disk-yields-file-by-file", margin_on_disk_yields_file_by_file);
    CASE("spill/file-of-a-failed-one-goes-with-its-last-byte",
         file_of_a_failed_spill_goes_with_its_last_byte);
    CASE("disk/small-bound-has-small-files", small_bound_has_small_files);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CASE("memory/without-it-the-disk-serves", without_memory_the_disk_serves);
#endif
    CASE("spill/only-overflow-does", only_overflow_spills_ahead);
    CASE("spill/needless-files-can-be-deleted-later", needless_files_can_be_deleted_later);
    CASE("spill/needless-files-wait-for-the-journal", needless_files_wait_for_the_journal);
    CASE("spill/journal-is-synced-before-files-go", journal_is_synced_before_files_go);
    CASE("spill/needless-file-is-synced-while-the-journal-needs-it",
         needless_file_is_synced_while_the_journal_needs_it);
    CASE("spill/deleted-file-is-found-once", deleted_file_is_found_once);
    CASE("model/any-range-at-any-time-equals-the-model", any_range_at_any_time_equals_the_model);
#undef CASE
    return g_test_run();
}
