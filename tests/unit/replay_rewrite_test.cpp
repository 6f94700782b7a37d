// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// ReplayStore::rewrite(): bytes that are held are changed, wherever they lie, also when a crash
// comes; what is read is what was written last.
#include "replay/recovery.h"
#include "replay_fixture.h"

#include <random>
#include <set>
#include <thread>
#include <utility>

using namespace gsttus;
using namespace gsttus::test;

namespace {

std::vector<std::byte> filled(std::size_t size, int value)
{
    return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

std::vector<std::byte> read_all(const ReplayStore &store)
{
    std::vector<std::byte> out(static_cast<std::size_t>(store.end() - store.begin()));
    for (std::size_t done = 0; done < out.size();) {
        const auto piece = store.piece(store.begin() + done);
        g_assert_nonnull(piece.get());
        const auto got = piece->read(store.begin() + done, std::span(out).subspan(done));
        g_assert_true(got.ok());
        done += *got;
    }
    return out;
}

// A store, and what it must hold.
struct Pair {
    Pair(const ReplayConfig &config, FileOps &ops, bool thread) : store(config, ops)
    {
        if (thread)
            store.spill_by_thread();
    }

    void append(std::size_t length)
    {
        const std::size_t taken = test::append(store, length);
        const auto bytes = stream_bytes(stream.size(), taken);
        stream.insert(stream.end(), bytes.begin(), bytes.end());
    }

    bool rewrite(std::uint64_t position, const std::vector<std::byte> &data)
    {
        if (!store.rewrite(position, data))
            return false;
        std::copy(data.begin(), data.end(), stream.begin() + static_cast<std::ptrdiff_t>(position));
        return true;
    }

    bool is_in(const ReplayStore &other) const
    {
        const auto held = read_all(other);
        return std::equal(held.begin(), held.end(),
                          stream.begin() + static_cast<std::ptrdiff_t>(other.begin()));
    }

    void assert_right() const { g_assert_true(is_in(store)); }

    void spill_all()
    {
        while (auto spill = store.begin_spill()) {
            g_assert_true(spill->run().ok());
            store.end_spill(std::move(spill));
        }
    }

    ReplayStore store;
    std::vector<std::byte> stream;
};

struct Rewrite : StoreTest {
    // What a crash would leave now; the store still has its lock.
    Result<RecoveredUpload> after_a_crash()
    {
        fs::remove_all(copy());
        fs::copy(spool_->spool(), copy(), fs::copy_options::recursive);
        const auto ids = upload_ids(copy());
        g_assert_cmpuint(ids->size(), ==, 1);
        return open_upload(copy(), ids->front());
    }

    std::string copy() const { return dir.path() + "/copy"; }

    void memory_is_changed_in_place()
    {
        for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kOverflow}) {
            Pair pair(config(mode), disk, true);
            pair.append(3 * kBlock);
            g_assert_true(pair.rewrite(0, filled(8, 1)));
            g_assert_true(pair.rewrite(kBlock - 4, filled(8, 2))); // in two blocks
            g_assert_true(pair.rewrite(100, filled(2 * kBlock, 3)));
            g_assert_true(pair.rewrite(3 * kBlock - 1, filled(1, 4)));
            g_assert_true(pair.rewrite(5, {}));
            pair.assert_right();
            pair.append(kBlock);
            pair.assert_right();
        }
    }

    void what_is_not_there_is_refused()
    {
        Pair pair(config(SpoolMode::kNever), disk, true);
        g_assert_false(pair.rewrite(0, filled(1, 1)));
        pair.append(4 * kBlock);
        g_assert_false(pair.rewrite(4 * kBlock - 1, filled(2, 1))); // beyond the end
        g_assert_false(pair.rewrite(4 * kBlock, filled(1, 1)));
        g_assert_false(pair.rewrite(~std::uint64_t{0}, filled(2, 1)));
        pair.store.release(2 * kBlock);
        g_assert_false(pair.rewrite(2 * kBlock - 1, filled(2, 1))); // freed in part
        g_assert_true(pair.rewrite(2 * kBlock, filled(2, 1)));
        pair.assert_right();
        pair.store.discard();
        g_assert_false(pair.store.rewrite(4 * kBlock, {}));
    }

    void what_is_in_files_is_changed_and_recovered()
    {
        for (const bool thread : {false, true}) {
            for (const SpoolMode mode : {SpoolMode::kAlways, SpoolMode::kOverflow}) {
                TempDir other;
                dir_of(other);
                Pair pair(of(mode, other), disk, thread);
                pair.append(10 * kBlock);
                pair.store.set_due(TimePoint::max());
                pair.spill_all();
                g_assert_true(pair.rewrite(kBlock - 4, filled(8, 1)));
                g_assert_true(pair.rewrite(kBlock, filled(8, 2)));
                pair.assert_right();
                pair.spill_all();
                pair.append(kBlock);
                pair.spill_all();
                g_assert_true(pair.store.keep().ok());
                pair.assert_right();
                const auto opened = after_a_crash();
                g_assert_true(opened.ok());
                g_assert_cmpuint(opened->store->end(), ==, pair.store.end());
                g_assert_true(pair.is_in(*opened->store));
            }
        }
    }

    // The spill thread has read the old bytes, or not: nobody knows.
    void change_while_it_is_written_is_not_lost()
    {
        Pair pair(config(SpoolMode::kAlways), disk, true);
        pair.append(kBlock);
        pair.store.set_due(TimePoint::max());
        auto spill = pair.store.begin_spill();
        g_assert_true(pair.rewrite(10, filled(8, 1)));
        pair.assert_right();
        g_assert_true(spill->run().ok());
        g_assert_true(pair.rewrite(14, filled(8, 2)));
        pair.store.end_spill(std::move(spill));
        pair.assert_right();
        g_assert_true(pair.store.awaits_safety(kBlock)); // the change is not there yet
        g_assert_true(pair.rewrite(20, filled(8, 3)));
        pair.spill_all();
        g_assert_false(pair.store.awaits_safety(kBlock));
        const auto opened = after_a_crash();
        g_assert_true(opened.ok());
        g_assert_cmpuint(opened->store->end(), ==, kBlock);
        g_assert_true(pair.is_in(*opened->store));
    }

    // What a request is being sent from stays as it was shown, and a change shows beside it.
    void what_is_shown_stays()
    {
        Pair pair(config(SpoolMode::kAlways), disk, true);
        pair.append(kBlock);
        const std::vector<std::byte> before = pair.stream;
        pair.store.set_due(TimePoint::max());
        const auto first = pair.store.piece(0);
        const auto shown = first->view(0, kWindow);
        g_assert_true(shown.ok() && shown->size() == kBlock);
        auto spill = pair.store.begin_spill(); // from now on changes lie over it
        g_assert_true(pair.rewrite(10, filled(8, 1)));
        const auto changed = pair.store.piece(0);
        const auto shown_changed = changed->view(5, kWindow);
        g_assert_true(shown_changed.ok() && shown_changed->size() == kBlock - 5);
        g_assert_true(
            std::equal(shown_changed->begin(), shown_changed->end(), pair.stream.begin() + 5));
        const auto behind = changed->view(18, 100); // no copy
        g_assert_true(behind->data() == shown->data() + 18 && behind->size() == 100);
        g_assert_true(spill->run().ok());
        pair.store.end_spill(std::move(spill)); // the block has gone
        pair.spill_all();
        pair.store.release(kBlock);
        pair.append(2 * kBlock); // in memory that may have been its
        g_assert_true(std::equal(shown->begin(), shown->end(), before.begin()));
    }

    // A request is sent from what is before the bytes that a muxer may still change.
    void what_is_behind_what_is_shown_is_changed_meanwhile()
    {
        Pair pair(config(SpoolMode::kOverflow), disk, true);
        pair.append(kBlock);
        pair.store.set_due(TimePoint::max());
        auto spill = pair.store.begin_spill();
        g_assert_true(pair.rewrite(10, filled(8, 1))); // lies over it
        disk.fail_from = disk.calls;
        disk.failures = 1000000;
        (void)spill->run();
        pair.store.end_spill(std::move(spill)); // and the block stays
        const auto piece = pair.store.piece(0);
        const std::vector<std::byte> sent(pair.stream.begin(), pair.stream.begin() + 100);
        std::thread reader([&] {
            for (int i = 0; i < 1000; ++i) {
                const auto shown = piece->view(0, sent.size());
                g_assert_true(shown.ok() && std::ranges::equal(*shown, sent));
            }
        });
        for (int i = 0; i < 1000; ++i)
            g_assert_true(pair.rewrite(200, filled(8, i)));
        reader.join();
        pair.assert_right();
    }

    // The journal is begun anew by the recovery, and by whoever recovers from that.
    void recovery_goes_on_with_what_was_changed()
    {
        Pair pair(config(SpoolMode::kAlways), disk, false);
        pair.append(3 * kBlock);
        g_assert_true(pair.rewrite(kBlock, filled(100, 1)));
        {
            auto opened = after_a_crash();
            g_assert_true(opened.ok());
            opened->store->note("name", "value");
            opened->store->release(kBlock);
        }
        const auto again = open_upload(copy(), upload_ids(copy())->front());
        g_assert_true(again.ok());
        g_assert_cmpuint(again->store->end(), ==, 3 * kBlock);
        g_assert_true(pair.is_in(*again->store));
    }

    // A long change is several records; what is changed in all has a bound.
    void change_has_a_bound()
    {
        ReplayConfig large = config(SpoolMode::kAlways);
        Pair pair(large, disk, false);
        pair.append(Overlay::kMost + kMiB);
        g_assert_false(pair.rewrite(0, filled(Overlay::kMost + 1, 1)));
        g_assert_true(pair.rewrite(1, filled(Overlay::kMost, 1)));
        g_assert_false(pair.rewrite(Overlay::kMost + 10, filled(1, 2)));
        pair.assert_right();
        const auto opened = after_a_crash();
        g_assert_true(opened.ok());
        g_assert_true(pair.is_in(*opened->store));
        pair.store.release(pair.store.end()); // room again
        pair.append(kBlock);
        g_assert_true(pair.rewrite(pair.store.end() - kBlock, filled(8, 2)));
        pair.assert_right();
    }

    // The record is in the journal, the bytes are not: it is ignored.
    void change_without_its_bytes_is_ignored()
    {
        Pair pair(config(SpoolMode::kOverflow), disk, true);
        pair.append(2 * kBlock);
        pair.store.set_due(TimePoint::max());
        auto spill = pair.store.begin_spill(); // of the first block
        g_assert_true(pair.rewrite(kBlock - 2, filled(kBlock, 1)));
        g_assert_true(pair.rewrite(2 * kBlock - 8, filled(8, 2)));
        g_assert_true(spill->run().ok());
        pair.store.end_spill(std::move(spill));
        pair.store.set_due(TimePoint::min());
        pair.spill_all(); // of facts
        const auto opened = after_a_crash();
        g_assert_true(opened.ok());
        g_assert_cmpuint(opened->store->end(), ==, kBlock);
        g_assert_true(pair.is_in(*opened->store));
    }

    void disk_that_fails_gets_the_change_later()
    {
        for (std::uint64_t at = 0; at < 12; ++at) {
            TempDir other;
            dir_of(other);
            FaultyOps ops;
            Pair pair(of(SpoolMode::kAlways, other), ops, true);
            pair.append(kBlock);
            pair.store.set_due(TimePoint::max());
            pair.spill_all();
            g_assert_true(pair.rewrite(10, filled(8, 1)));
            ops.fail_from = ops.calls + at;
            ops.error = at % 2 == 0 ? EIO : ENOSPC;
            pair.append(kBlock);
            pair.spill_all();
            g_assert_true(pair.rewrite(kBlock + 10, filled(8, 1)));
            for (int visits = 0; visits < 2; ++visits) { // it may fail as late as in the first
                ops.seconds_passed += 100;
                pair.spill_all();
            }
            pair.assert_right();
            g_assert_false(pair.store.awaits_safety(pair.store.end()));
            const auto opened = after_a_crash();
            g_assert_true(opened.ok());
            g_assert_cmpuint(opened->store->end(), ==, pair.store.end());
            g_assert_true(pair.is_in(*opened->store));
        }
    }

    // Whatever comes in which order: what is read is what was written last, and a crash leaves no
    // byte that never was.
    void random_schedules()
    {
        for (unsigned seed = 0; seed < 250; ++seed)
            random_schedule(seed);
    }

    void random_schedule(unsigned seed)
    {
        std::mt19937 random(seed);
        TempDir other;
        dir_of(other);
        const bool always = random() % 2 == 0;
        Pair pair(of(always ? SpoolMode::kAlways : SpoolMode::kOverflow, other), disk, true);
        std::vector<std::set<std::byte>> seen;
        std::unique_ptr<ReplayStore::Spill> spill;
        bool run = false;
        const auto look = [&] {
            seen.resize(pair.stream.size());
            for (std::size_t i = pair.store.begin(); i < seen.size(); ++i)
                seen[i].insert(pair.stream[i]);
        };
        for (int step = 0; step < 60; ++step) {
            const std::uint64_t held = pair.store.end() - pair.store.begin();
            switch (random() % 7) {
            case 0:
            case 1:
                pair.append(random() % (kBlock + 500));
                break;
            case 2:
            case 3:
                if (held > 0) {
                    const std::uint64_t from = pair.store.begin() + random() % held;
                    const std::uint64_t most = std::min<std::uint64_t>(pair.store.end() - from, 30);
                    g_assert_true(pair.rewrite(from, filled(1 + random() % most, seed + step)));
                }
                break;
            case 4:
                if (!spill) {
                    pair.store.set_due(random() % 2 == 0 ? TimePoint::max() : TimePoint::min());
                    spill = pair.store.begin_spill();
                    run = false;
                }
                break;
            case 5:
                if (spill && !std::exchange(run, true))
                    g_assert_true(spill->run().ok());
                else if (spill)
                    pair.store.end_spill(std::move(spill));
                break;
            default:
                if (random() % 4 == 0)
                    pair.store.release(pair.store.acked() + random() % kBlock,
                                       ReplayStore::Deletion::kLater);
                if (const auto work = pair.store.clean_up())
                    g_assert_true(work->run().ok());
            }
            look();
            pair.assert_right();
            if (step % 10 == 0 && !spill && !pair.store.folder().empty())
                check_crash(pair, seen, always);
        }
        if (spill) {
            if (!run)
                g_assert_true(spill->run().ok());
            pair.store.end_spill(std::move(spill));
        }
        pair.store.set_due(TimePoint::max());
        pair.spill_all();
        pair.assert_right();
        if (pair.store.end() > pair.store.acked()) {
            g_assert_true(pair.store.keep().ok());
            const auto kept = after_a_crash();
            g_assert_true(kept.ok());
            g_assert_cmpuint(kept->store->end(), ==, pair.store.end());
            g_assert_true(pair.is_in(*kept->store));
        }
    }

    void check_crash(const Pair &pair, const std::vector<std::set<std::byte>> &seen, bool always)
    {
        const auto opened = after_a_crash();
        if (!opened) // no journal yet
            return;
        const ReplayStore &store = *opened->store;
        const auto bytes = read_all(store);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            g_assert_true(seen[store.begin() + i].count(bytes[i]) == 1);
        if (always && !pair.store.awaits_safety(pair.store.end()) &&
            pair.store.end() > pair.store.acked()) {
            g_assert_cmpuint(store.end(), ==, pair.store.end());
            g_assert_true(pair.is_in(store));
        }
    }

private:
    void dir_of(const TempDir &other) { spool_ = &other; }

    ReplayConfig of(SpoolMode mode, const TempDir &other) const
    {
        ReplayConfig out = config(mode);
        out.spool_dir = other.spool();
        return out;
    }

    const TempDir *spool_ = &dir; // of the test
};

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
#define CASE(path, name) add_test<Rewrite, &Rewrite::name>("/replay-store/rewrite/" path)
    CASE("memory", memory_is_changed_in_place);
    CASE("not-there", what_is_not_there_is_refused);
    CASE("files", what_is_in_files_is_changed_and_recovered);
    CASE("while-it-is-written", change_while_it_is_written_is_not_lost);
    CASE("shown", what_is_shown_stays);
    CASE("shown-before", what_is_behind_what_is_shown_is_changed_meanwhile);
    CASE("recovered-twice", recovery_goes_on_with_what_was_changed);
    CASE("bound", change_has_a_bound);
    CASE("without-its-bytes", change_without_its_bytes_is_ignored);
    CASE("disk-fails", disk_that_fails_gets_the_change_later);
    CASE("random-schedules", random_schedules);
#undef CASE
    return g_test_run();
}
