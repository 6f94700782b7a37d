// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replay/journal.h"
#include "replay/recovery.h"
#include "replay_fixture.h"

#include <csignal>
#include <cstring>
#include <random>

#include <sys/stat.h>
#include <sys/wait.h>

using gsttus::delete_upload;
using gsttus::ErrorKind;
using gsttus::list_uploads;
using gsttus::open_upload;
using gsttus::ReplayConfig;
using gsttus::ReplayStore;
using gsttus::SpoolMode;
using gsttus::test::add_test;
using gsttus::test::append;
using gsttus::test::assert_holds_all;
using gsttus::test::FaultyOps;
using gsttus::test::kKiB;
using gsttus::test::kWindow;
using gsttus::test::read_file;
using gsttus::test::SmallDisk;
using gsttus::test::TempDir;
using gsttus::test::write_file;

namespace fs = std::filesystem;

namespace {

struct Recovering : gsttus::test::StoreTest {
    std::string only_id() const
    {
        const auto ids = dir.entries(dir.spool());
        g_assert_cmpuint(ids.size(), ==, 1);
        return ids.front();
    }

    gsttus::RecoveredUpload reopen()
    {
        auto opened = open_upload(dir.spool(), only_id());
        if (!opened)
            g_error("%s", opened.error().message.c_str());
        return std::move(*opened);
    }

    // What a crash at this moment leaves; the store goes on in its own folder.
    static void crash_copy(const ReplayStore &store, const TempDir &copy)
    {
        const std::string id = fs::path(store.folder()).filename();
        fs::create_directories(copy.spool());
        fs::copy(store.folder(), copy.spool() + "/" + id);
    }

    // --- what is left comes back ----------------------------------------------------------------

    void always_mode_leaves_every_byte_and_fact()
    {
        {
            ReplayStore store(config(SpoolMode::kAlways));
            store.note("url", "http://first");
            g_assert_cmpuint(append(store, 300 * kKiB), ==, 300 * kKiB);
            g_assert_cmpuint(store.in_memory(), ==, 0);
            store.note("url", "http://server/1");
            store.note("empty", "");
            store.note("long", std::string(200000, 'x')); // the addresses of many partial uploads
            store.release(1000);
        }
        const auto uploads = list_uploads(dir.spool());
        g_assert_cmpuint(uploads->size(), ==, 1);
        const auto &upload = uploads->front();
        g_assert_false(upload.in_use);
        ASSERT_STR(upload.trouble, "");
        ASSERT_STR(upload.notes.at("url"), "http://server/1");
        g_assert_cmpuint(upload.acked, ==, 1000);
        g_assert_cmpuint(upload.begin, ==, 0);
        g_assert_cmpuint(upload.end, ==, 300 * kKiB);
        g_assert_cmpuint(upload.disk_bytes, ==, 300 * kKiB);

        const auto recovered = reopen();
        ASSERT_STR(recovered.cut, "");
        g_assert_cmpuint(recovered.store->begin(), ==, 0);
        g_assert_cmpuint(recovered.store->end(), ==, 300 * kKiB);
        g_assert_cmpuint(recovered.store->acked(), ==, 1000);
        ASSERT_STR(recovered.store->notes().at("url"), "http://server/1");
        g_assert_cmpuint(recovered.store->notes().count("empty"), ==, 1);
        g_assert_cmpuint(recovered.store->notes().at("long").size(), ==, 200000);
        assert_holds_all(*recovered.store);
    }

    void recovered_store_shrinks_grows_and_goes()
    {
        {
            ReplayStore store(config(SpoolMode::kAlways));
            while (store.end() < 40 * kKiB * kKiB)
                append(store, kKiB * kKiB);
        }
        {
            const auto recovered = reopen();
            recovered.store->release(30 * kKiB * kKiB);
            g_assert_cmpuint(dir.count(".spill"), ==, 2);
            recovered.store->note("again", "1");
            append(*recovered.store, 5000);
            assert_holds_all(*recovered.store);
        }
        const auto again = reopen();
        g_assert_cmpuint(again.store->acked(), ==, 30 * kKiB * kKiB);
        g_assert_cmpuint(again.store->end(), ==, 40 * kKiB * kKiB + 5000);
        g_assert_cmpuint(again.store->notes().count("again"), ==, 1);
        assert_holds_all(*again.store);
        again.store->release(again.store->end());
        again.store->discard();
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 0);
    }

    void keep_writes_memory_out()
    {
        {
            ReplayStore store(config(SpoolMode::kOverflow));
            store.note("url", "u");
            append(store, kWindow + 50000);
            store.release(10000);
            const auto before = store.begin();
            const auto kept = store.keep();
            g_assert_true(kept.ok());
            ASSERT_STR(*kept, store.folder());
            g_assert_cmpuint(store.in_memory(), ==, 0);
            g_assert_cmpuint(store.begin(), ==, before);
            assert_holds_all(store);
            append(store, 3000); // goes on, recoverable
        }
        const auto recovered = reopen();
        g_assert_cmpuint(recovered.store->begin(), <=, 10000);
        g_assert_cmpuint(recovered.store->acked(), ==, 10000);
        g_assert_cmpuint(recovered.store->end(), ==, kWindow + 53000);
        assert_holds_all(*recovered.store);
    }

    void keep_without_a_disk_says_so()
    {
        ReplayStore store(config(SpoolMode::kNever));
        append(store, 100);
        g_assert_true(store.keep().error().kind == ErrorKind::kSettings);
        g_assert_null(store.sync_to_disk().get());
        g_assert_false(fs::exists(dir.spool()));
    }

    void keep_on_a_dying_disk_tells_the_truth()
    {
        for (std::uint64_t n = 0;; ++n) {
            FaultyOps faulty;
            bool ok = false;
            std::uint64_t until = 0;
            {
                ReplayStore store(config(SpoolMode::kOverflow), faulty);
                append(store, kWindow + 30000);
                store.release(9000);
                faulty.fail_from = faulty.calls + n;
                faulty.failures = ~std::uint64_t{0} >> 1;
                faulty.partial = n % 2 == 1;
                const auto kept = store.keep();
                ok = kept.ok();
                until = ok ? store.end() : kept.error().offset.value();
                assert_holds_all(store);
            }
            faulty.failures = 0;
            if (const auto opened = open_upload(dir.spool(), only_id()); opened) {
                assert_holds_all(*opened->store);
                g_assert_cmpuint(opened->store->acked(), ==, 9000);
                if (opened->store->begin() > 9000) // what had spilled is there, but not before
                    g_assert_cmpuint(until, ==, 9000);
                else
                    g_assert_cmpuint(opened->store->end(), ==, until);
            } else {
                g_assert_cmpuint(until, ==, 9000);
            }
            fs::remove_all(dir.spool());
            if (ok)
                break;
            g_assert_cmpuint(n, <, 200);
        }
    }

    void keep_on_a_disk_that_fails_once_keeps_all()
    {
        for (std::uint64_t n = 0;; ++n) {
            FaultyOps faulty;
            bool reached = false;
            {
                ReplayStore store(config(SpoolMode::kOverflow), faulty);
                append(store, kWindow + 30000);
                faulty.fail_from = faulty.calls + n;
                faulty.failures = 1;
                g_assert_true(store.keep().ok());
                reached = faulty.calls > faulty.fail_from;
            }
            const auto opened = reopen();
            assert_holds_all(*opened.store);
            g_assert_cmpuint(opened.store->end(), ==, kWindow + 30000);
            opened.store->discard();
            fs::remove_all(dir.spool());
            if (!reached)
                break;
            g_assert_cmpuint(n, <, 200);
        }
    }

    static void spill(ReplayStore &store)
    {
        while (auto work = store.begin_spill()) {
            (void)work->run();
            store.end_spill(std::move(work));
        }
    }

    // Until memory and disk are full.
    static void fill(ReplayStore &store)
    {
        while (append(store, 4 * kKiB) > 0)
            spill(store);
    }

    // max-spool-size is more than the disk has; an outage fills it; then comes a stop that keeps.
    void full_disk_keeps_what_is_on_it()
    {
        for (const bool by_thread : {true, false}) {
            SmallDisk small(dir.path(), 4096 * kKiB);
            std::uint64_t until = 0, end = 0;
            {
                ReplayStore store(config(SpoolMode::kOverflow), small);
                if (by_thread)
                    store.spill_by_thread();
                fill(store);
                end = store.end();
                // by thread, the journal is there too
                g_assert_cmpuint(store.on_disk(), <=, 4096 * kKiB);
                g_assert_cmpuint(store.on_disk(), >=, (by_thread ? 4000 : 4096) * kKiB);
                const auto kept = store.keep();
                g_assert_false(kept.ok()); // memory has no room there
                until = kept.error().offset.value();
            }
            const auto opened = reopen();
            assert_holds_all(*opened.store);
            g_assert_cmpuint(opened.store->begin(), ==, 0);
            g_assert_cmpuint(opened.store->end(), ==, until);
            g_assert_cmpuint(until, >=, end - kWindow - 16 * kKiB); // the journal
            opened.store->discard();
        }
    }

    void what_the_server_has_makes_room_on_a_full_disk()
    {
        auto bounded = config(SpoolMode::kOverflow);
        bounded.max_spool_size = 8192 * kKiB; // files of 1 MiB
        for (const std::uint64_t margin : {std::uint64_t{0}, 8192 * kKiB}) {
            bounded.rollback_margin = margin;
            SmallDisk small(dir.path(), 4096 * kKiB);
            std::uint64_t end = 0;
            {
                ReplayStore store(bounded, small);
                store.spill_by_thread();
                fill(store);
                end = store.end();
                store.release(2048 * kKiB, ReplayStore::Deletion::kLater);
                const auto kept = store.keep();
                if (!kept)
                    g_error("%s", kept.error().message.c_str());
            }
            const auto opened = reopen();
            assert_holds_all(*opened.store);
            g_assert_cmpuint(opened.store->begin(), <=, 2048 * kKiB);
            g_assert_cmpuint(opened.store->end(), ==, end);
            opened.store->discard();
        }
    }

    // What a recovery has read is on the disk, with a journal: that stays as it is.
    void full_disk_takes_nothing_from_what_was_kept()
    {
        for (const bool notes : {false, true}) {
            {
                ReplayStore store(config(SpoolMode::kOverflow));
                append(store, 3072 * kKiB);
                g_assert_true(store.keep().ok());
            }
            SmallDisk full(dir.path(), 0);
            {
                auto opened = open_upload(dir.spool(), only_id(), full);
                g_assert_true(opened.ok());
                if (notes)
                    opened->store->note("upload-url", "http://server/2");
                opened->store->release(100000);
                const auto kept = opened->store->keep();
                g_assert_cmpuint(kept ? opened->store->end() : *kept.error().offset, ==,
                                 3072 * kKiB);
            }
            const auto opened = reopen();
            assert_holds_all(*opened.store);
            g_assert_cmpuint(opened.store->end(), ==, 3072 * kKiB);
            opened.store->discard();
        }
    }

    // Where the newest journal is not good, the one before it is all that there is.
    void full_disk_leaves_the_journal_that_serves()
    {
        std::string folder;
        {
            ReplayStore store(config(SpoolMode::kAlways));
            append(store, 100 * kKiB);
            folder = store.folder();
        }
        fs::rename(folder + "/journal", folder + "/journal.old");
        write_file(folder + "/journal", "torn");
        {
            SmallDisk full(dir.path(), 0);
            auto opened = open_upload(dir.spool(), only_id(), full);
            g_assert_true(opened.ok());
            opened->store->note("upload-url", "http://server/2");
            g_assert_false(opened->store->keep().ok());
        }
        const auto opened = reopen();
        g_assert_cmpuint(opened.store->end(), ==, 100 * kKiB);
        assert_holds_all(*opened.store);
    }

    // One record of the journal does not get onto the disk; a kill before anything else is said.
    void files_stay_as_long_as_the_journal_needs_them()
    {
        auto small = config(SpoolMode::kAlways);
        small.max_spool_size = 2048 * kKiB; // files of 256 KiB
        for (const int error : {ENOSPC, EIO}) {
            FaultyOps faulty;
            ReplayStore store(small, faulty);
            g_assert_cmpuint(append(store, 1024 * kKiB), ==, 1024 * kKiB);
            faulty.fail_from = faulty.calls; // the record, and the truncation after it
            faulty.failures = 2;
            faulty.error = error;
            store.release(512 * kKiB, ReplayStore::Deletion::kLater);
            if (const auto work = store.clean_up())
                g_assert_true(work->run().ok());
            {
                const TempDir copy;
                crash_copy(store, copy);
                const auto opened = open_upload(copy.spool(), only_id());
                g_assert_true(opened.ok());
                g_assert_cmpuint(opened->store->end(), ==, 1024 * kKiB);
                assert_holds_all(*opened->store);
            }
            // once it says so, they go
            faulty.failures = 0;
            faulty.seconds_passed += 2;
            store.release(512 * kKiB + 1);
            g_assert_cmpuint(store.begin(), ==, 512 * kKiB);
            g_assert_cmpuint(dir.count(".spill"), ==, 2);
            store.discard();
        }
    }

    // --- damage ---------------------------------------------------------------------------------

    // 40 appends of 97 bytes with notes and a release between.
    std::string small_upload()
    {
        ReplayStore store(config(SpoolMode::kAlways));
        for (int i = 0; i < 40; ++i) {
            append(store, 97);
            if (i % 8 == 3)
                store.note("count", std::to_string(i));
            if (i == 20)
                store.release(500);
        }
        return store.folder();
    }

    static constexpr std::uint64_t kSmallEnd = std::uint64_t{40} * 97;

    void journal_cut_anywhere_gives_a_prefix()
    {
        const std::string journal = small_upload() + "/journal";
        const std::string whole = read_file(journal);
        std::uint64_t last_end = 0;
        std::size_t refused = 0;
        for (std::size_t length = 0; length <= whole.size(); ++length) {
            write_file(journal, whole.substr(0, length));
            const auto opened = open_upload(dir.spool(), only_id());
            if (!opened) {
                g_assert_cmpuint(last_end, ==, 0);
                ++refused;
                continue;
            }
            const auto end = opened->store->end();
            g_assert_cmpuint(end % 97, ==, 0);
            g_assert_cmpuint(end, >=, last_end);
            assert_holds_all(*opened->store);
            last_end = end;
        }
        g_assert_cmpuint(last_end, ==, kSmallEnd);
        g_assert_cmpuint(refused, <, 80); // header and the first, empty snapshot
    }

    void journal_damaged_anywhere_never_gives_wrong_bytes()
    {
        const std::string journal = small_upload() + "/journal";
        const std::string whole = read_file(journal);
        for (std::size_t i = 0; i < whole.size(); ++i) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
            write_file(journal, damaged);
            const auto opened = open_upload(dir.spool(), only_id());
            if (!opened)
                continue;
            g_assert_cmpstr(opened->cut.c_str(), !=, "");
            g_assert_cmpuint(opened->store->end(), <, kSmallEnd + 1);
            assert_holds_all(*opened->store);
        }
    }

    void data_damaged_anywhere_is_cut_there()
    {
        const std::string data = small_upload() + "/00000001.spill";
        const std::string whole = read_file(data);
        g_assert_cmpuint(whole.size(), ==, kSmallEnd);
        for (std::size_t i = 0; i < whole.size(); i += 13) {
            std::string damaged = whole;
            damaged[i] = static_cast<char>(~damaged[i]);
            write_file(data, damaged);
            const auto opened = open_upload(dir.spool(), only_id());
            g_assert_true(opened.ok());
            const std::uint64_t record = i / 97 * 97;
            if (record + 97 <= 500) { // the server has those: begins behind
                g_assert_cmpuint(opened->store->begin(), ==, record + 97);
                g_assert_cmpuint(opened->store->end(), ==, kSmallEnd);
            } else {
                g_assert_cmpuint(opened->store->end(), ==, std::max<std::uint64_t>(record, 500));
                g_assert_cmpstr(opened->cut.c_str(), !=, "");
            }
            assert_holds_all(*opened->store);
        }
    }

    void data_cut_anywhere_gives_a_prefix()
    {
        const std::string data = small_upload() + "/00000001.spill";
        for (std::uint64_t length = kSmallEnd; length-- > 500;) {
            fs::resize_file(data, length);
            const auto opened = open_upload(dir.spool(), only_id());
            g_assert_true(opened.ok());
            const auto end = length / 97 * 97;
            g_assert_cmpuint(opened->store->end(), ==, end < 500 ? 500 : end);
            assert_holds_all(*opened->store);
        }
    }

    void journal_of_a_newer_version_is_left_alone()
    {
        const std::string journal = small_upload() + "/journal";
        std::string newer = read_file(journal);
        write_file(journal + ".old", newer); // which does not serve in its place
        newer[8] = 3;
        const auto crc = gsttus::crc_of(0, std::as_bytes(std::span(newer).first(20)));
        for (std::size_t i = 0; i < 4; ++i)
            newer[20 + i] = static_cast<char>(crc >> (8 * i));
        write_file(journal, newer);
        const auto opened = open_upload(dir.spool(), only_id());
        g_assert_false(opened.ok());
        g_assert_nonnull(strstr(opened.error().message.c_str(), "version 3"));
        g_assert_nonnull(strstr(list_uploads(dir.spool())->front().trouble.c_str(), "version 3"));
        ReplayStore other(config(SpoolMode::kOverflow));
        append(other, 2 * kWindow);
        ASSERT_STR(read_file(journal), newer);
    }

    void bytes_behind_a_gap_are_not_used_and_the_gap_is_closed()
    {
        ReplayStore store(config(SpoolMode::kAlways), disk);
        append(store, 10000);
        disk.fail_from = disk.calls;
        g_assert_cmpuint(append(store, 10000), ==, 10000); // into memory
        g_assert_true(store.take_disk_warning().has_value());
        {
            const TempDir copy;
            crash_copy(store, copy);
            const auto opened =
                open_upload(copy.spool(), fs::path(store.folder()).filename().string());
            g_assert_cmpuint(opened->store->end(), ==, 10000);
        }
        disk.seconds_passed += 1;
        store.spill_by_thread();
        append(store, 10);
        store.set_due(gsttus::TimePoint::max());
        spill(store);
        g_assert_cmpuint(store.in_memory(), ==, 0);
        const TempDir copy;
        crash_copy(store, copy);
        const auto opened = open_upload(copy.spool(), fs::path(store.folder()).filename().string());
        g_assert_cmpuint(opened->store->end(), ==, store.end());
        assert_holds_all(*opened->store);
    }

    void a_gap_ends_what_is_used()
    {
        small_upload();
        const std::string journal = dir.spool() + "/" + only_id() + "/journal";
        std::vector<std::byte> bytes(read_file(journal).size());
        std::memcpy(bytes.data(), read_file(journal).data(), bytes.size());
        auto state = gsttus::parse_journal(bytes).state;
        state.data.erase(state.data.begin() + 20);
        gsttus::Journal rewritten(gsttus::real_file_ops());
        const auto folder = gsttus::open_file(gsttus::real_file_ops(), AT_FDCWD,
                                              (dir.spool() + "/" + only_id() + "/.").c_str(),
                                              O_RDONLY | O_DIRECTORY);
        g_assert_cmpint(rewritten.rewrite(folder->get(), state), ==, 0);
        const auto opened = reopen();
        g_assert_cmpuint(opened.store->end(), ==, 20 * 97);
        g_assert_nonnull(strstr(opened.cut.c_str(), "1940"));
    }

    // After a power cut: files are gone whose confirmation the journal does not know of.
    void missing_files_are_confirmed_at_the_front_and_lost_behind()
    {
        struct Row {
            std::vector<int> missing;
            std::uint64_t noted; // that the server has it
            std::uint64_t begin, end;
        };

        constexpr std::uint64_t kFile = 1024 * kKiB;
        const std::vector<Row> rows = {
            {{}, 0, 0, 5 * kFile},
            {{1}, 0, kFile, 5 * kFile},
            {{1, 2}, 0, 2 * kFile, 5 * kFile},
            {{1, 2}, kFile + 5000, 2 * kFile, 5 * kFile},
            {{1, 2, 3, 4, 5}, 0, 0, 0}, // nothing behind them says that they went by rule
            {{2}, 0, 0, kFile},
            {{1, 3}, 0, kFile, 2 * kFile},
            {{2}, kFile, 0, kFile}, // the server may have that, but what is behind is not here
            {{2}, kFile + 5000, kFile + 5000, kFile + 5000},
        };
        for (const Row &row : rows) {
            std::string folder;
            {
                ReplayConfig bounded = config(SpoolMode::kAlways);
                bounded.max_spool_size = 8 * kFile;
                bounded.rollback_margin = 8 * kFile;
                ReplayStore store(bounded);
                g_assert_cmpuint(append(store, 5 * kFile), ==, 5 * kFile);
                store.release(row.noted);
                folder = store.folder();
            }
            for (const int number : row.missing)
                fs::remove(folder + "/0000000" + std::to_string(number) + ".spill");
            const auto upload = list_uploads(dir.spool())->front();
            g_assert_cmpuint(upload.begin, ==, row.begin);
            g_assert_cmpuint(upload.end, ==, row.end);
            const auto opened = reopen();
            g_assert_cmpuint(opened.store->begin(), ==, row.begin);
            g_assert_cmpuint(opened.store->end(), ==, row.end);
            g_assert_cmpuint(opened.store->acked(), ==, std::max(row.noted, row.begin));
            g_assert_cmpint(opened.cut.empty(), ==, row.end == 5 * kFile);
            assert_holds_all(*opened.store);
            fs::remove_all(dir.spool());
        }
    }

    // The disk dies for good at call n, then the process: what was safe until then comes back.
    void death_of_the_disk_at_any_call_keeps_what_was_safe()
    {
        for (std::uint64_t n = 0;; ++n) {
            bool died = false;
            std::uint64_t safe = 0, acked = 0;
            {
                FaultyOps faulty;
                faulty.fail_from = n;
                faulty.failures = ~std::uint64_t{0} >> 1;
                faulty.partial = n % 2 == 0;
                ReplayStore store(config(SpoolMode::kAlways), faulty);
                for (int i = 0; i < 40; ++i) {
                    append(store, 1000);
                    store.note("i", std::to_string(i));
                    died = died || store.take_disk_warning().has_value();
                    if (!died)
                        safe = store.end();
                    if (i % 10 == 9)
                        store.release(acked = store.end() - 2500);
                    faulty.seconds_passed += 1;
                }
            }
            const auto ids = dir.entries(dir.spool());
            if (ids.empty()) {
                g_assert_cmpuint(safe, ==, 0);
            } else if (const auto opened = open_upload(dir.spool(), ids.front()); opened) {
                assert_holds_all(*opened->store);
                g_assert_cmpuint(opened->store->end(), >=, safe);
                g_assert_cmpuint(opened->store->acked(), <=, acked);
                g_assert_cmpuint(opened->store->begin(), <=, opened->store->acked());
            } else {
                g_assert_cmpuint(safe, ==, 0);
            }
            fs::remove_all(dir.path() + "/cache");
            if (!died)
                break;
            g_assert_cmpuint(n, <, 1000);
        }
    }

    void long_journals_are_renewed_and_the_one_before_still_serves()
    {
        {
            ReplayStore store(config(SpoolMode::kAlways));
            for (int i = 0; i < 60000; ++i)
                append(store, 11);
        }
        const std::string folder = dir.spool() + "/" + only_id();
        g_assert_cmpuint(fs::file_size(folder + "/journal"), <, 2 * kKiB * kKiB);
        g_assert_true(fs::exists(folder + "/journal.old"));
        {
            const auto opened = reopen();
            g_assert_cmpuint(opened.store->end(), ==, 60000 * 11);
            assert_holds_all(*opened.store);
        }
        // After a power cut the new one may be empty.
        write_file(folder + "/journal", "");
        const auto opened = reopen();
        g_assert_cmpuint(opened.store->end(), >, 10000 * 11);
        g_assert_cmpstr(opened.cut.c_str(), !=, "");
        assert_holds_all(*opened.store);
    }

    // Whatever the disk refuses, and from when on: of two destinations there is one.
    void anew_has_all_notes_or_those_from_before()
    {
        const gsttus::Notes old = {{"target.endpoint", "http://a/"}, {"upload-url", "http://a/1"}};
        const gsttus::Notes fresh = {{"target.endpoint", "http://b/"}, {"sha256", "0"}};
        for (const std::uint64_t failures : {std::uint64_t{1}, std::uint64_t{1000}}) {
            for (std::uint64_t n = 0;; ++n) {
                {
                    ReplayStore store(config(SpoolMode::kAlways));
                    append(store, 5000);
                    for (const auto &[name, value] : old)
                        store.note(name, value);
                    store.release(1000);
                }
                FaultyOps faulty;
                auto opened = open_upload(dir.spool(), only_id(), faulty);
                g_assert_true(opened.ok());
                faulty.failures = failures;
                faulty.fail_from = faulty.calls + n;
                const bool done = opened->store->begin_anew(fresh).ok();
                g_assert_true(opened->store->notes() == (done ? fresh : old));
                g_assert_cmpuint(opened->store->acked(), ==, done ? 0 : 1000);
                const bool failed = faulty.calls > faulty.fail_from;
                opened->store.reset();
                const auto again = reopen();
                g_assert_true(again.store->notes() == (done ? fresh : old));
                g_assert_cmpuint(again.store->acked(), ==, done ? 0 : 1000);
                assert_holds_all(*again.store);
                again.store->discard();
                if (!failed)
                    break;
                g_assert_cmpuint(n, <, 100);
            }
        }
    }

    // --- the process dies -----------------------------------------------------------------------

    [[noreturn]] static void record_until_killed(const ReplayConfig &config, int out,
                                                 std::uint32_t seed)
    {
        std::mt19937 random(seed);
        ReplayStore store(config);
        std::uint64_t acked = 0;
        while (true) {
            append(store, random() % 20000);
            const std::uint64_t end = store.end();
            if (::write(out, &end, sizeof end) != sizeof end)
                ::_exit(1);
            if (random() % 8 == 0) {
                acked += (end - acked) / 2;
                store.note("offset", std::to_string(acked));
                store.release(acked);
            }
        }
    }

    void kill_at_any_moment_loses_nothing_accepted()
    {
        const auto seed = static_cast<std::uint32_t>(g_test_rand_int_range(0, 1 << 30));
        g_test_message("seed %u", seed);
        std::mt19937 random(seed);
        for (int round = 0; round < 30; ++round) {
            int ends[2];
            g_assert_cmpint(::pipe(ends), ==, 0);
            const pid_t child = ::fork();
            g_assert_cmpint(child, >=, 0);
            if (child == 0)
                record_until_killed(config(SpoolMode::kAlways), ends[1], random());
            ::close(ends[1]);
            // Killed while it works: after so many appends, and some part of the next ones.
            std::uint64_t accepted = 0, end = 0;
            const auto appends = random() % 200 + 1;
            for (std::uint32_t i = 0; i < appends; ++i) {
                g_assert_cmpint(::read(ends[0], &end, sizeof end), ==, sizeof end);
                accepted = end;
            }
            g_assert_cmpint(::kill(child, SIGKILL), ==, 0);
            while (::read(ends[0], &end, sizeof end) == sizeof end)
                accepted = end;
            ::close(ends[0]);
            int status = 0;
            g_assert_cmpint(::waitpid(child, &status, 0), ==, child);
            const auto recovered = reopen();
            g_assert_cmpuint(recovered.store->end(), >=, accepted);
            g_assert_cmpuint(recovered.store->end(), <=, accepted + 20000);
            g_assert_cmpuint(recovered.store->begin(), <=, recovered.store->acked());
            assert_holds_all(*recovered.store);
            recovered.store->discard();
        }
    }

    // --- folders --------------------------------------------------------------------------------

    void upload_in_use_is_left_alone()
    {
        ReplayStore store(config(SpoolMode::kAlways));
        append(store, 100);
        const auto uploads = list_uploads(dir.spool());
        g_assert_cmpuint(uploads->size(), ==, 1);
        g_assert_true(uploads->front().in_use);
        const auto opened = open_upload(dir.spool(), only_id());
        g_assert_false(opened.ok());
        g_assert_true(opened.error().retryable);
        g_assert_false(delete_upload(dir.spool(), only_id()).ok());
        assert_holds_all(store);
        append(store, 100);
    }

    void what_is_not_ours_is_neither_listed_nor_deleted()
    {
        g_assert_cmpuint(list_uploads(dir.spool())->size(), ==, 0);
        small_upload();
        const std::string id = only_id();
        const std::string target = dir.path() + "/elsewhere";
        fs::rename(dir.spool() + "/" + id, target);
        fs::create_symlink(target, dir.spool() + "/" + id);
        fs::create_directories(dir.spool() + "/upload-1f"); // no lock
        fs::create_directories(dir.spool() + "/photos");
        write_file(dir.spool() + "/upload-2f", "a file");
        g_assert_cmpuint(list_uploads(dir.spool())->size(), ==, 0);
        for (const std::string &bad :
             {id, std::string("../elsewhere"), std::string("upload-/../../elsewhere"),
              std::string("upload-2f"), std::string("photos"), std::string(".."), std::string()}) {
            g_assert_true(delete_upload(dir.spool(), bad).error().kind == ErrorKind::kNotFound);
            g_assert_true(open_upload(dir.spool(), bad).error().kind == ErrorKind::kNotFound);
        }
        g_assert_true(fs::exists(target + "/journal"));
        g_assert_true(fs::exists(dir.spool() + "/photos"));
    }

    void folder_of_another_user_is_listed_as_theirs()
    {
        if (::geteuid() != 0)
            return g_test_skip("only root can be somebody else");
        constexpr uid_t kOther = 12345;
        small_upload();
        const std::string folder = dir.spool() + "/" + only_id();
        const auto check = [&](uid_t me, uid_t owner) {
            for (const auto &path : {dir.path(), dir.path() + "/cache", dir.spool()})
                fs::permissions(path, fs::perms(0755));
            g_assert_cmpint(::chown(folder.c_str(), owner, 0), ==, 0);
            g_assert_cmpint(::seteuid(me), ==, 0);
            const auto uploads = list_uploads(dir.spool());
            const auto deleted = delete_upload(dir.spool(), only_id());
            g_assert_cmpint(::seteuid(0), ==, 0);
            g_assert_cmpuint(uploads->size(), ==, 1);
            g_assert_true(uploads->front().owner == owner);
            ASSERT_STR(uploads->front().trouble, "");
            g_assert_true(deleted.error().kind == ErrorKind::kNotAuthorized);
        };
        check(0, kOther);
        check(kOther, 0); // which cannot even look into it
    }

    void deleting_takes_only_our_files()
    {
        small_upload();
        const std::string id = only_id();
        const std::string folder = dir.spool() + "/" + id;
        const std::string precious = dir.path() + "/precious";
        write_file(precious, "precious");
        write_file(folder + "/foreign", "x");
        fs::create_symlink(precious, folder + "/00000009.spill");
        g_assert_false(delete_upload(dir.spool(), id).ok());
        g_assert_false(fs::exists(folder + "/journal"));
        g_assert_true(fs::exists(folder + "/foreign"));
        ASSERT_STR(read_file(precious), "precious");
        g_assert_true(fs::is_symlink(folder + "/00000009.spill"));

        fs::remove_all(folder);
        small_upload();
        g_assert_true(delete_upload(dir.spool(), only_id()).ok());
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 0);
    }

    void linked_files_are_not_read()
    {
        const std::string folder = small_upload();
        const std::string data = folder + "/00000001.spill";
        fs::rename(data, dir.path() + "/moved");
        fs::create_symlink(dir.path() + "/moved", data);
        const auto opened = reopen();
        g_assert_cmpuint(opened.store->end(), ==, 500);
        g_assert_cmpuint(opened.store->begin(), ==, 500);
    }

    void syncing_reports_a_disk_that_fails()
    {
        ReplayStore store(config(SpoolMode::kAlways), disk);
        g_assert_null(store.sync_to_disk().get());
        append(store, 100);
        auto sync = store.sync_to_disk();
        append(store, 100);
        store.release(200);
        g_assert_true(sync->run().ok()); // its file is gone by now
        append(store, 100);
        sync = store.sync_to_disk();
        disk.fail_from = disk.calls;
        const auto synced = sync->run();
        g_assert_false(synced.ok());
        g_assert_true(synced.error().kind == ErrorKind::kDisk);
        store.synced(false);
        sync = store.sync_to_disk(); // of the same
        g_assert_true(sync && sync->run().ok());
        store.synced(true);
        g_assert_null(store.sync_to_disk().get());
    }
};

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
#define CASE(path, name) add_test<Recovering, &Recovering::name>("/recovery/" path)
    CASE("always-mode-leaves-every-byte-and-fact", always_mode_leaves_every_byte_and_fact);
    CASE("recovered-store-shrinks-grows-and-goes", recovered_store_shrinks_grows_and_goes);
    CASE("keep/writes-memory-out", keep_writes_memory_out);
    CASE("keep/without-a-disk-says-so", keep_without_a_disk_says_so);
    CASE("keep/on-a-dying-disk-tells-the-truth", keep_on_a_dying_disk_tells_the_truth);
    CASE("damage/journal-cut-anywhere-gives-a-prefix", journal_cut_anywhere_gives_a_prefix);
    CASE("damage/journal-damaged-anywhere-never-gives-wrong-bytes",
         journal_damaged_anywhere_never_gives_wrong_bytes);
    CASE("damage/data-damaged-anywhere-is-cut-there", data_damaged_anywhere_is_cut_there);
    CASE("damage/data-cut-anywhere-gives-a-prefix", data_cut_anywhere_gives_a_prefix);
    CASE("damage/journal-of-a-newer-version-is-left-alone",
         journal_of_a_newer_version_is_left_alone);
    CASE("damage/gap-is-not-used-and-closed-when-the-disk-works-again",
         bytes_behind_a_gap_are_not_used_and_the_gap_is_closed);
    CASE("damage/gap-ends-what-is-used", a_gap_ends_what_is_used);
    CASE("damage/missing-files", missing_files_are_confirmed_at_the_front_and_lost_behind);
    CASE("damage/death-of-the-disk-at-any-call-keeps-what-was-safe",
         death_of_the_disk_at_any_call_keeps_what_was_safe);
    CASE("damage/long-journals-are-renewed",
         long_journals_are_renewed_and_the_one_before_still_serves);
    CASE("journal/anew", anew_has_all_notes_or_those_from_before);
    CASE("crash/kill-at-any-moment-loses-nothing-accepted",
         kill_at_any_moment_loses_nothing_accepted);
    CASE("folder/upload-in-use-is-left-alone", upload_in_use_is_left_alone);
    CASE("folder/what-is-not-ours-is-neither-listed-nor-deleted",
         what_is_not_ours_is_neither_listed_nor_deleted);
    CASE("folder/of-another-user", folder_of_another_user_is_listed_as_theirs);
    CASE("folder/deleting-takes-only-our-files", deleting_takes_only_our_files);
    CASE("folder/linked-files-are-not-read", linked_files_are_not_read);
    CASE("keep/disk-that-fails-once", keep_on_a_disk_that_fails_once_keeps_all);
    CASE("keep/full-disk", full_disk_keeps_what_is_on_it);
    CASE("keep/full-disk-after-a-recovery", full_disk_takes_nothing_from_what_was_kept);
    CASE("journal/full-disk-after-a-power-cut", full_disk_leaves_the_journal_that_serves);
    CASE("keep/makes-room", what_the_server_has_makes_room_on_a_full_disk);
    CASE("journal/files-stay-as-long-as-it-needs-them",
         files_stay_as_long_as_the_journal_needs_them);
    CASE("sync/reports-a-disk-that-fails", syncing_reports_a_disk_that_fails);
#undef CASE
    return g_test_run();
}
