// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// ReplayStore::hold_all(): what is acknowledged is held too, in memory and on disk, as long as it
// is in nobody's way.
#include "replay/recovery.h"
#include "replay_fixture.h"

#include <cerrno>
#include <cstring>
#include <random>

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct Hold : StoreTest {
    ReplayConfig config(SpoolMode mode = SpoolMode::kOverflow,
                        std::uint64_t margin = 4 * kBlock) const
    {
        return StoreTest::config(mode, margin);
    }

    // As the disk thread does.
    static bool spill_one(ReplayStore &store)
    {
        auto spill = store.begin_spill();
        if (!spill)
            return false;
        g_assert_true(spill->run().ok());
        store.end_spill(std::move(spill));
        return true;
    }

    static void spill_all(ReplayStore &store)
    {
        while (spill_one(store)) {
        }
    }

    static void append_all(ReplayStore &store, std::size_t length)
    {
        g_assert_cmpuint(append(store, length), ==, length);
    }

    static void assert_warns_once(ReplayStore &store, const char *words)
    {
        const auto warning = store.take_disk_warning();
        g_assert_true(warning.has_value());
        g_test_message("%s", warning->message.c_str());
        g_assert_nonnull(std::strstr(warning->message.c_str(), words));
        g_assert_nonnull(std::strstr(warning->message.c_str(), "once more"));
        g_assert_false(store.take_disk_warning().has_value());
    }

    void small_recording_stays_in_memory()
    {
        ReplayStore store(config(SpoolMode::kOverflow, 8 * kBlock), disk);
        store.spill_by_thread();
        store.hold_all(true);
        append_all(store, 8 * kBlock);
        store.release(8 * kBlock);
        g_assert_false(store.wants_spill());
        g_assert_cmpuint(store.begin(), ==, 0);
        g_assert_false(exists(fs::path(dir.spool())));
        assert_holds_all(store);
    }

    void what_is_behind_the_margin_goes_to_disk()
    {
        ReplayStore store(config(), disk);
        store.spill_by_thread();
        store.hold_all(true);
        for (int i = 0; i < 400; ++i) {
            append_all(store, kBlock);
            store.release(store.end(), ReplayStore::Deletion::kLater);
            spill_all(store);
            g_assert_cmpuint(store.in_memory(), <=, 6 * kBlock);
        }
        g_assert_cmpuint(store.begin(), ==, 0);
        g_assert_cmpuint(store.on_disk() + store.in_memory(), >=, store.end());
        assert_holds_all(store);
        g_assert_false(store.take_disk_warning().has_value());
    }

    void outage_while_held_goes_to_disk_in_order()
    {
        ReplayStore store(config(), disk);
        store.spill_by_thread();
        store.hold_all(true);
        std::uint64_t acked = 0;
        std::mt19937 random(4);
        for (int i = 0; i < 500; ++i) {
            (void)append(store, random() % (3 * kBlock));
            spill_all(store);
            if (i % 100 > 50) // else nothing is acknowledged
                acked += random() % (store.end() - acked + 1);
            store.release(acked, ReplayStore::Deletion::kLater);
            g_assert_cmpuint(store.in_memory(), <=, kWindow);
            g_assert_cmpuint(store.begin(), ==, 0);
        }
        assert_holds_all(store);
    }

    void proof_frees_at_once()
    {
        for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
            ReplayStore store(config(mode), disk);
            store.spill_by_thread();
            store.hold_all(true);
            for (int i = 0; i < 200; ++i) {
                append_all(store, kBlock);
                spill_all(store);
            }
            store.release(store.end());
            g_assert_cmpuint(store.begin(), ==, 0);
            store.hold_all(false);
            g_assert_cmpuint(store.end() - store.begin(), <=, 5 * kBlock + 256 * kKiB * 64);
            g_assert_cmpuint(store.on_disk(), <=, store.end() - store.begin());
            store.hold_all(true); // too late
            g_assert_true(store.begin() == 0 || !store.holds_all());
            assert_holds_all(store);
        }
    }

    // It gives way before anything that the server lacks has to wait.
    void full_spool_ends_it()
    {
        for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
            auto bounded = config(mode);
            bounded.max_spool_size = kMiB;
            ReplayStore store(bounded, disk);
            store.spill_by_thread();
            store.hold_all(true);
            while (store.holds_all()) {
                append_all(store, kBlock);
                store.release(store.end());
                spill_all(store);
                g_assert_cmpuint(store.end(), <, 2 * kMiB);
            }
            g_assert_cmpuint(store.end(), >=, kMiB);
            assert_warns_once(store, "no room");
            for (int i = 0; i < 500; ++i) {
                append_all(store, kBlock);
                store.release(store.end());
                spill_all(store);
                store.hold_all(true);
                g_assert_false(store.holds_all());
                g_assert_cmpuint(store.on_disk(), <=, kMiB);
            }
            assert_holds_all(store);
            g_assert_false(store.take_disk_warning().has_value());
        }
    }

    // An outage fills the disk behind what is held: that gives way, and the outage goes on.
    void outage_takes_the_disk_from_what_is_held()
    {
        auto bounded = config();
        bounded.max_spool_size = 8 * kMiB;
        ReplayStore store(bounded, disk);
        store.spill_by_thread();
        store.hold_all(true);
        for (int i = 0; i < 1024; ++i) { // 4 MiB are held
            append_all(store, kBlock);
            store.release(store.end());
            spill_all(store);
        }
        const std::uint64_t acked = store.acked();
        while (store.end() < acked + 6 * kMiB) {
            append_all(store, kBlock);
            spill_all(store);
            if (const auto files = store.clean_up())
                g_assert_true(files->run().ok());
        }
        g_assert_false(store.holds_all());
        assert_warns_once(store, "no room");
        assert_holds(store, acked, store.end());
    }

    void what_is_not_acknowledged_keeps_its_place()
    {
        // Nothing is acknowledged: nothing is only held, and a full disk is what it always was.
        auto bounded = config();
        bounded.max_spool_size = kMiB;
        ReplayStore store(bounded, disk);
        store.spill_by_thread();
        store.hold_all(true);
        while (append(store, kBlock) == kBlock)
            spill_all(store);
        g_assert_cmpuint(store.end(), >=, kMiB);
        g_assert_true(store.holds_all());
        const auto warning = store.take_disk_warning();
        g_assert_true(warning.has_value());
        g_assert_nonnull(std::strstr(warning->message.c_str(), "the pipeline waits"));
        // With the first acknowledgement there is room.
        store.release(kMiB / 2, ReplayStore::Deletion::kLater);
        (void)append(store, kBlock);
        spill_all(store);
        append_all(store, kBlock);
        g_assert_false(store.holds_all());
        assert_warns_once(store, "not kept any longer");
        assert_holds_all(store);
    }

    void disk_that_fails_ends_it_with_one_warning()
    {
        for (const int error : {EROFS, EACCES, EIO, ENOSPC, EDQUOT}) {
            disk.fail_from = disk.calls;
            disk.failures = ~std::uint64_t{0} >> 1;
            disk.error = error;
            ReplayStore store(config(), disk);
            store.spill_by_thread();
            store.hold_all(true);
            for (int i = 0; i < 200; ++i) {
                append_all(store, kBlock);
                store.release(store.end(), ReplayStore::Deletion::kLater);
                spill_all(store);
            }
            g_assert_false(store.holds_all());
            assert_warns_once(store, "not kept any longer");
            g_assert_cmpuint(store.in_memory(), <=, kWindow);
            assert_holds_all(store);
        }
    }

    void disk_that_hangs_costs_a_writer_a_moment_once()
    {
        ReplayStore store(config(), disk);
        store.spill_by_thread();
        store.hold_all(true);
        append_all(store, kWindow - kBlock);
        store.release(store.end(), ReplayStore::Deletion::kLater);
        auto spill = store.begin_spill();
        g_assert_nonnull(spill.get()); // and it never returns
        append_all(store, kBlock);
        store.release(store.end(), ReplayStore::Deletion::kLater);
        g_assert_cmpuint(append(store, 1), ==, 0);
        g_assert_true(store.holds_all());
        g_assert_true(store.awaits_spill());
        disk.seconds_passed += 1;
        for (int i = 0; i < 100; ++i) {
            append_all(store, kBlock);
            store.release(store.end(), ReplayStore::Deletion::kLater);
        }
        g_assert_false(store.holds_all());
        assert_warns_once(store, "too slow");
        g_assert_true(spill->run().ok());
        store.end_spill(std::move(spill));
        g_assert_cmpuint(store.on_disk(), ==, 0); // nobody needs it any more
        assert_holds_all(store);
    }

    // A source that is quicker than network and disk waits for the disk with or without it.
    void source_that_waits_anyway_costs_nothing()
    {
        ReplayStore store(config(), disk);
        store.spill_by_thread();
        store.hold_all(true);
        std::uint64_t acked = 0;
        for (int i = 0; i < 1000; ++i) {
            g_assert_cmpuint(append(store, kWindow), <=, kWindow);
            disk.seconds_passed += 1;
            g_assert_true(spill_one(store));
            acked = std::min(acked + kBlock / 2, store.end());
            store.release(acked, ReplayStore::Deletion::kLater);
        }
        g_assert_true(store.holds_all());
        g_assert_false(store.take_disk_warning().has_value());
        assert_holds_all(store);
    }

    void nothing_is_held_where_append_would_write()
    {
        for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kOverflow}) {
            ReplayStore store(config(mode), disk);
            store.hold_all(true);
            g_assert_false(store.holds_all());
            append(store, kWindow);
            store.release(store.end());
            g_assert_cmpuint(store.in_memory(), ==, 4 * kBlock);
            g_assert_false(exists(fs::path(dir.spool())));
        }
    }

    // A stop, or a server that did not note the length: all of it can be sent again.
    void everything_held_can_be_kept()
    {
        for (const SpoolMode mode : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
            std::string id;
            std::uint64_t end = 0;
            {
                ReplayStore store(config(mode), disk);
                store.spill_by_thread();
                store.hold_all(true);
                for (int i = 0; i < 300; ++i) {
                    append_all(store, kBlock - 1);
                    store.release(store.end(), ReplayStore::Deletion::kLater);
                    spill_all(store);
                }
                end = store.end();
                store.release(0); // it is needed again
                const auto folder = store.keep();
                g_assert_true(folder.ok());
                id = fs::path(*folder).filename().string();
            }
            auto opened = open_upload(dir.spool(), id);
            g_assert_true(opened.ok());
            g_assert_cmpuint(opened->store->begin(), ==, 0);
            g_assert_cmpuint(opened->store->acked(), ==, 0);
            g_assert_cmpuint(opened->store->end(), ==, end);
            assert_holds_all(*opened->store);
            // a recovery holds what is there as well
            opened->store->hold_all(true);
            opened->store->release(end);
            g_assert_cmpuint(opened->store->begin(), ==, 0);
            opened->store->discard();
        }
    }

    // What the server has too takes nothing from others: max-spool-size holds, and the reserve.
    void what_the_server_has_too_is_kept_whole_or_not_at_all()
    {
        constexpr std::uint64_t kReserve = std::uint64_t{256} << 20;

        struct Row {
            std::uint64_t max_size, free, appended;
            bool fits;
        };

        for (const Row &row :
             {Row{0, kReserve + kMiB, 14 * kBlock, true}, Row{0, kReserve, kBlock, false},
              Row{8 * kBlock, 0, 4 * kBlock, true}, Row{8 * kBlock, 0, 14 * kBlock, false}}) {
            auto bounded = config(SpoolMode::kOverflow, kWindow);
            bounded.max_spool_size = row.max_size;
            disk.free_bytes = row.free;
            ReplayStore store(bounded, disk);
            store.spill_by_thread();
            append_all(store, row.appended);
            store.release(0);
            const auto folder = store.keep_whole();
            g_assert_true(folder.ok() == row.fits);
            g_assert_true(row.fits || folder.error().kind == ErrorKind::kNoSpace);
            g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, row.fits ? 1 : 0);
            store.discard();
        }
    }

    void disk_that_fails_leaves_nothing_of_what_the_server_has_too()
    {
        const auto keep = [this] {
            ReplayStore store(config(), disk);
            store.spill_by_thread();
            append_all(store, 12 * kBlock);
            store.release(0);
            return store.keep_whole();
        };
        const std::uint64_t before = disk.calls;
        g_assert_true(keep().ok());
        const std::uint64_t calls = disk.calls - before;
        for (std::uint64_t call = 0; call < calls; ++call) {
            for (const int error : {ENOSPC, EIO}) {
                fs::remove_all(dir.spool());
                disk.fail_from = disk.calls + call;
                disk.error = error;
                const auto folder = keep();
                disk.fail_from = ~std::uint64_t{0};
                (void)remove_leftovers(dir.spool());
                const auto listed = list_uploads(dir.spool());
                g_assert_true(listed.ok());
                g_assert_cmpuint(listed->size(), ==, folder.ok() ? 1 : 0);
                if (folder)
                    g_assert_cmpuint(listed->front().end, ==, 12 * kBlock);
            }
        }
    }

    // A recovery that tried in vain must not cost the only copy.
    void what_was_kept_before_stays_whatever_the_disk_says()
    {
        std::string id;
        {
            ReplayStore store(config(), disk);
            append_all(store, 12 * kBlock);
            const auto folder = store.keep();
            g_assert_true(folder.ok());
            id = fs::path(*folder).filename().string();
        }
        {
            auto opened = open_upload(dir.spool(), id, disk);
            g_assert_true(opened.ok());
            opened->store->release(0);
            disk.fail_from = disk.calls;
            disk.failures = ~std::uint64_t{0} >> 1;
            disk.error = ENOSPC;
            (void)opened->store->keep_whole();
        }
        disk.fail_from = ~std::uint64_t{0};
        auto opened = open_upload(dir.spool(), id);
        g_assert_true(opened.ok());
        g_assert_cmpuint(opened->store->begin(), ==, 0);
        g_assert_cmpuint(opened->store->end(), ==, 12 * kBlock);
        assert_holds_all(*opened->store);
        opened->store->discard();
    }

    void files_of_a_held_recording_go_with_it()
    {
        {
            ReplayStore store(config(), disk);
            store.spill_by_thread();
            store.hold_all(true);
            append_all(store, kWindow - kBlock);
            store.release(store.end());
            spill_all(store);
            g_assert_cmpuint(dir.count(".spill"), ==, 1);
        }
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 0);
    }
};

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test<Hold, &Hold::small_recording_stays_in_memory>("/replay-store/hold/memory-only");
    add_test<Hold, &Hold::what_is_behind_the_margin_goes_to_disk>("/replay-store/hold/spilled");
    add_test<Hold, &Hold::outage_while_held_goes_to_disk_in_order>("/replay-store/hold/outage");
    add_test<Hold, &Hold::proof_frees_at_once>("/replay-store/hold/proof");
    add_test<Hold, &Hold::full_spool_ends_it>("/replay-store/hold/full-spool");
    add_test<Hold, &Hold::outage_takes_the_disk_from_what_is_held>(
        "/replay-store/hold/gives-way-to-an-outage");
    add_test<Hold, &Hold::what_is_not_acknowledged_keeps_its_place>(
        "/replay-store/hold/nothing-acknowledged");
    add_test<Hold, &Hold::disk_that_fails_ends_it_with_one_warning>(
        "/replay-store/hold/disk-fails");
    add_test<Hold, &Hold::disk_that_hangs_costs_a_writer_a_moment_once>(
        "/replay-store/hold/disk-hangs");
    add_test<Hold, &Hold::source_that_waits_anyway_costs_nothing>("/replay-store/hold/fast-source");
    add_test<Hold, &Hold::nothing_is_held_where_append_would_write>(
        "/replay-store/hold/not-possible");
    add_test<Hold, &Hold::everything_held_can_be_kept>("/replay-store/hold/kept");
    add_test<Hold, &Hold::what_the_server_has_too_is_kept_whole_or_not_at_all>(
        "/replay-store/hold/kept-within-bounds");
    add_test<Hold, &Hold::disk_that_fails_leaves_nothing_of_what_the_server_has_too>(
        "/replay-store/hold/kept-on-a-bad-disk");
    add_test<Hold, &Hold::what_was_kept_before_stays_whatever_the_disk_says>(
        "/replay-store/hold/kept-before");
    add_test<Hold, &Hold::files_of_a_held_recording_go_with_it>(
        "/replay-store/hold/crash-free-end");
    return g_test_run();
}
