// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replay/segments.h"
#include "replay_fixture.h"

#include <algorithm>
#include <random>

#include <malloc.h>
#include <zlib.h>

using gsttus::Segments;
using gsttus::SpilledRun;
using gsttus::SpillFile;
using gsttus::test::add_test;
using gsttus::test::kBlock;
using gsttus::test::kWindow;
using gsttus::test::stream_bytes;

namespace {

struct Held {
    Segments segments{kWindow};
    std::shared_ptr<SpillFile> file = std::make_shared<SpillFile>();

    // As append() of the store without a disk.
    std::size_t append(std::size_t length)
    {
        std::size_t taken = 0;
        while (taken < length) {
            const auto n =
                segments.append_to_memory(stream_bytes(segments.end(), length - taken), {});
            if (n == 0)
                break;
            taken += n;
        }
        return taken;
    }

    // What the spool says when it has written so much more to the file.
    SpilledRun write(std::uint64_t length)
    {
        const SpilledRun run{.file = file,
                             .file_offset = file->size,
                             .length = static_cast<std::uint32_t>(length),
                             .crc = 0};
        file->size += length;
        return run;
    }

    // A block takes long to fill where little comes: what is confirmed of it does not count.
    void block_is_as_old_as_what_is_not_confirmed()
    {
        using gsttus::milliseconds;
        const gsttus::TimePoint start = gsttus::TimePoint{} + gsttus::seconds(1000);
        const auto came = [&](std::size_t index, std::uint64_t position) {
            return segments[index].arrival_from(position) - start;
        };
        const auto next = [&](milliseconds at) {
            segments.append_to_memory(stream_bytes(segments.end(), 100), start + at);
        };
        for (int n = 0; n < 10; ++n)
            next(milliseconds(n * 400));
        g_assert_true(came(0, 0) == milliseconds(0));
        g_assert_true(came(0, 99) == milliseconds(0));
        for (const bool forget : {false, true}) {
            if (forget)
                segments.forget_arrivals_before(100);
            g_assert_true(came(0, 100) == milliseconds(400));
            g_assert_true(came(0, 550) == milliseconds(2000));
        }
        segments.move_to_disk(0, write(700)); // a part of it
        g_assert_true(came(1, 700) == milliseconds(2800));
        segments.forget_arrivals_before(1000);
        next(milliseconds(9000)); // long after all of it was confirmed
        g_assert_true(came(1, 1000) == milliseconds(9000));
        segments.forget_arrivals_before(1000);
        segments.forget_arrivals_before(720); // the server has gone back
        g_assert_true(came(1, 720) >= milliseconds(2800));
    }

    void assert_in_order() const
    {
        std::uint64_t at = segments.begin();
        std::uint64_t blocks = 0;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const auto &segment = segments[i];
            g_assert_cmpuint(segment.begin, ==, at);
            g_assert_cmpuint(segment.length(), >, 0);
            g_assert_true((segment.block != nullptr) != (segment.file != nullptr));
            at = segment.end;
            if (segment.block) {
                blocks += segment.block->capacity;
                const auto expected =
                    stream_bytes(segment.begin, static_cast<std::size_t>(segment.length()));
                g_assert_true(std::ranges::equal(segment.bytes(), expected));
            } else {
                std::uint64_t checked = 0;
                for (const auto &check : segment.checks)
                    checked += check.length;
                g_assert_cmpuint(checked, ==, segment.length());
            }
        }
        g_assert_cmpuint(at, ==, segments.end());
        g_assert_cmpuint(blocks, ==, segments.memory_used());
        g_assert_cmpint(segments.has_memory(), ==, blocks > 0);
    }

    void memory_is_taken_block_by_block_up_to_the_window()
    {
        g_assert_cmpuint(append(1), ==, 1);
        g_assert_cmpuint(segments.memory_used(), ==, kBlock);
        g_assert_cmpuint(append(kBlock), ==, kBlock);
        g_assert_cmpuint(segments.memory_used(), ==, 2 * kBlock);
        g_assert_cmpuint(append(kWindow), ==, kWindow - kBlock - 1);
        g_assert_cmpuint(segments.size(), ==, 16);
        g_assert_cmpuint(segments.memory_used(), ==, kWindow);
        g_assert_cmpuint(segments.append_to_memory(stream_bytes(0, 1), {}), ==, 0);
        g_assert_false(segments.is_out_of_memory()); // the window is full, the system is not
        assert_in_order();
    }

    void window_of_nothing_still_holds_something()
    {
        segments = Segments(0);
        g_assert_cmpuint(append(kWindow + 1), ==, kWindow);
        assert_in_order();
    }

    void tight_is_when_less_than_a_quarter_is_free()
    {
        append(12 * kBlock);
        g_assert_false(segments.is_tight());
        append(1);
        g_assert_true(segments.is_tight());
        segments.take_front();
        g_assert_false(segments.is_tight());
    }

    void position_is_found_in_its_segment()
    {
        append(3 * kBlock);
        segments.append(write(10));
        g_assert_cmpuint(segments.index_of(0), ==, 0);
        g_assert_cmpuint(segments.index_of(kBlock - 1), ==, 0);
        g_assert_cmpuint(segments.index_of(kBlock), ==, 1);
        g_assert_cmpuint(segments.index_of(segments.end() - 1), ==, 3);
        g_assert_cmpuint(segments.first_from(0), ==, 0);
        g_assert_cmpuint(segments.first_from(kBlock), ==, 1);
        g_assert_cmpuint(segments.first_from(segments.end() - 1), ==, 3);
        g_assert_cmpuint(segments.first_from(segments.end()), ==, 4);
        segments.take_front();
        g_assert_cmpuint(segments.first_from(0), ==, 0); // behind it all the same
        g_assert_cmpuint(segments.index_of(kBlock), ==, 0);
    }

    void bytes_that_go_on_in_a_file_are_one_segment()
    {
        segments.append(write(100));
        segments.append(write(50));
        g_assert_cmpuint(segments.size(), ==, 1);
        (void)write(7); // somebody else's, or lost
        segments.append(write(20));
        g_assert_cmpuint(segments.size(), ==, 2);
        file = std::make_shared<SpillFile>();
        segments.append(write(5));
        g_assert_cmpuint(segments.size(), ==, 3);
        g_assert_cmpuint(segments.memory_used(), ==, 0);
        assert_in_order();
    }

    void block_that_a_file_took_gives_its_memory_back()
    {
        append(3 * kBlock);
        g_assert_true(segments.move_to_disk(0, write(kBlock)));
        g_assert_cmpuint(segments.memory_used(), ==, 2 * kBlock);
        g_assert_false(segments.move_to_disk(1, write(kBlock))); // goes on in the one before
        g_assert_cmpuint(segments.size(), ==, 2);
        g_assert_cmpuint(segments.memory_used(), ==, kBlock);
        assert_in_order();
    }

    void block_of_which_a_file_took_the_beginning_is_split()
    {
        append(2 * kBlock);
        g_assert_true(segments.move_to_disk(1, write(1000)));
        g_assert_cmpuint(segments.size(), ==, 3);
        g_assert_cmpuint(segments.memory_used(), ==, 2 * kBlock);
        assert_in_order();
        g_assert_false(segments.move_to_disk(2, write(1000))); // still more of it
        g_assert_cmpuint(segments.size(), ==, 3);
        assert_in_order();
        file = std::make_shared<SpillFile>();
        g_assert_true(segments.move_to_disk(2, write(kBlock - 2000)));
        g_assert_cmpuint(segments.size(), ==, 3);
        g_assert_cmpuint(segments.memory_used(), ==, kBlock);
        assert_in_order();
    }

    void last_block_is_filled_up_although_its_beginning_went_to_a_file()
    {
        append(1000);
        g_assert_true(segments.move_to_disk(0, write(600)));
        g_assert_cmpuint(append(kBlock - 1000), ==, kBlock - 1000);
        g_assert_cmpuint(segments.memory_used(), ==, kBlock);
        g_assert_cmpuint(segments.size(), ==, 2);
        assert_in_order();
    }

    void front_goes_and_the_end_stays()
    {
        append(kBlock + 1);
        g_assert_cmpuint(segments.take_front().end, ==, kBlock);
        g_assert_cmpuint(segments.begin(), ==, kBlock);
        segments.take_front();
        g_assert_true(segments.empty());
        g_assert_cmpuint(segments.begin(), ==, kBlock + 1);
        g_assert_cmpuint(segments.end(), ==, kBlock + 1);
        assert_in_order();
        append(10);
        assert_in_order();
    }

    void back_goes_and_new_bytes_take_its_place()
    {
        append(kBlock);
        segments.append(write(100));
        g_assert_cmpuint(segments.take_back().begin, ==, kBlock);
        g_assert_cmpuint(segments.end(), ==, kBlock);
        g_assert_cmpuint(append(10), ==, 10);
        assert_in_order();
        segments.take_back();
        segments.take_back();
        g_assert_cmpuint(segments.end(), ==, 0);
        segments.restart_at(77);
        g_assert_cmpuint(segments.begin(), ==, 77);
        append(10);
        g_assert_cmpuint(segments.end(), ==, 87);
        assert_in_order();
    }

    void last_run_of_a_file_goes_alone()
    {
        constexpr std::uint64_t kRun = std::uint64_t{1} << 20; // never joined with another
        segments.append(write(kRun));
        segments.append(write(kRun));
        g_assert_cmpuint(segments.back().checks.size(), ==, 2);
        segments.drop_last_run();
        g_assert_cmpuint(segments.size(), ==, 1);
        g_assert_cmpuint(segments.end(), ==, kRun);
        assert_in_order();
    }

    void nothing_is_held_after_clear()
    {
        append(kBlock + 1);
        segments.append(write(9));
        segments.clear();
        g_assert_true(segments.empty());
        g_assert_cmpuint(segments.begin(), ==, kBlock + 10);
        assert_in_order();
    }

    void any_change_leaves_no_gap()
    {
        std::mt19937 random(static_cast<std::uint32_t>(g_test_rand_int()));
        const auto below = [&](std::uint64_t bound) { return random() % bound; };
        for (int step = 0; step < 5000; ++step) {
            switch (below(6)) {
            case 0:
            case 1:
                append(static_cast<std::size_t>(1 + below(2 * kBlock)));
                break;
            case 2:
                segments.append(write(1 + below(kBlock)));
                break;
            case 3:
                if (!segments.empty())
                    segments.take_front();
                break;
            case 4:
                if (!segments.empty())
                    segments.take_back();
                break;
            case 5:
                if (segments.empty())
                    break;
                if (const auto i = static_cast<std::size_t>(below(segments.size()));
                    segments[i].block)
                    segments.move_to_disk(i, write(1 + below(segments[i].length())));
                break;
            }
            if (below(10) == 0)
                file = std::make_shared<SpillFile>();
            assert_in_order();
        }
    }
};

// --- a budget that others share ------------------------------------------------------------------

std::size_t fill(Segments &segments, std::size_t length)
{
    std::size_t taken = 0;
    while (taken < length) {
        const auto n = segments.append_to_memory(stream_bytes(segments.end(), length - taken), {});
        if (n == 0)
            break;
        taken += n;
    }
    return taken;
}

void full_budget_leaves_two_blocks_for_each()
{
    auto budget = std::make_shared<gsttus::MemoryBudget>();
    budget->set_bound(3 * kBlock);
    Segments one(kWindow, budget), other(kWindow, budget);
    g_assert_cmpuint(fill(one, kWindow), ==, 3 * kBlock);
    g_assert_true(one.is_tight());
    g_assert_false(one.is_out_of_memory()); // which is another trouble
    g_assert_cmpuint(fill(other, kWindow), ==, 2 * kBlock);
    g_assert_cmpuint(budget->used(), ==, 5 * kBlock);
    // what one gives up, the other may have: but first the overshoot is paid back
    (void)one.take_front();
    (void)one.take_front();
    g_assert_cmpuint(fill(other, kWindow), ==, 0);
    (void)one.take_front();
    g_assert_cmpuint(fill(other, kWindow), ==, kBlock);
}

void least_memory_is_there_beyond_the_budget()
{
    auto budget = std::make_shared<gsttus::MemoryBudget>();
    budget->set_bound(1);
    Segments segments(kWindow, budget, 5 * kBlock);
    g_assert_cmpuint(fill(segments, kWindow), ==, 5 * kBlock);
    Segments small(kBlock, budget, 5 * kBlock); // never more than its window
    g_assert_cmpuint(fill(small, kWindow), ==, kBlock);
}

void block_counts_until_the_last_who_reads_it_is_gone()
{
    auto budget = std::make_shared<gsttus::MemoryBudget>();
    std::shared_ptr<const gsttus::MemoryBlock> reader;
    {
        Segments segments(kWindow, budget);
        fill(segments, 2 * kBlock);
        reader = segments[0].block;
    }
    g_assert_cmpuint(budget->used(), ==, reader->capacity);
    reader.reset();
    g_assert_cmpuint(budget->used(), ==, 0);
}

// Others may have the room before the memory is given back.
void freed_block_counts_no_more()
{
    auto budget = std::make_shared<gsttus::MemoryBudget>();
    Segments segments(kWindow, budget);
    fill(segments, 3 * kBlock);
    const std::weak_ptr<const gsttus::MemoryBlock> first = segments[0].block;
    std::shared_ptr<const gsttus::MemoryBlock> reader = segments[1].block;
    segments.leave(segments.take_front().block);
    segments.leave(segments.take_front().block);
    g_assert_cmpuint(segments.memory_used(), ==, kBlock);
    g_assert_false(first.expired());
    g_assert_cmpuint(budget->used(), ==, 2 * kBlock); // of which one is read
    reader.reset();
    g_assert_cmpuint(budget->used(), ==, kBlock);
    segments.free_blocks();
    g_assert_cmpuint(budget->used(), ==, 0);
    g_assert_false(segments.take_freed().empty());
    g_assert_true(first.expired());
    g_assert_true(segments.take_freed().empty());
    g_assert_cmpuint(budget->used(), ==, 0);
}

void pressure_comes_in_two_steps()
{
    using Pressure = gsttus::MemoryBudget::Pressure;
    gsttus::MemoryBudget budget;
    g_assert_true(budget.take(1 << 30, false)); // no bound: none
    g_assert_true(budget.pressure() == Pressure::kNone);
    budget.give_back(1 << 30);
    budget.set_bound(800);
    g_assert_true(budget.take(600, false) && budget.pressure() == Pressure::kNone);
    g_assert_true(budget.take(1, false) && budget.pressure() == Pressure::kEnded);
    g_assert_true(budget.take(100, false) && budget.pressure() == Pressure::kAll);
    g_assert_false(budget.take(100, false));
    g_assert_cmpuint(budget.used(), ==, 701);
    budget.set_bound(10); // somebody else has a smaller one
    g_assert_false(budget.take(1, false));
    g_assert_true(budget.take(1, true));
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
std::size_t heap_in_use()
{
    const struct mallinfo2 heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

// Also when blocks were given back before, from which on glibc would take them from its arenas.
void blocks_are_not_on_the_heap()
{
    constexpr std::uint64_t kMany = std::uint64_t{16} << 20; // more than is kept for the next ones
    const std::size_t before = heap_in_use();
    for (int round = 0; round < 3; ++round) {
        Segments segments(2 * kMany);
        g_assert_cmpuint(fill(segments, kMany), ==, kMany);
        g_assert_cmpuint(heap_in_use(), <, before + kMany / 16);
    }
}
#endif

// What an older version or another build wrote is read with the same values.
void check_value_is_zlibs()
{
    std::mt19937 random(1);
    std::vector<std::byte> bytes(70'000);
    for (auto &byte : bytes)
        byte = static_cast<std::byte>(random());
    for (const std::size_t length : {0, 1, 3, 15, 16, 17, 63, 64, 255, 4096, 4097, 65'000}) {
        for (const std::size_t from : {0, 1, 7, 33}) {
            const auto part = std::span(bytes).subspan(from, length);
            for (const std::uint32_t before : {0U, 1U, 0xffffffffU})
                g_assert_cmphex(
                    gsttus::crc_of(before, part), ==,
                    crc32_z(before, reinterpret_cast<const Bytef *>(part.data()), part.size()));
        }
    }
    g_assert_cmphex(gsttus::crc_of(0, {}), ==, 0);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
#define CASE(path, name) add_test<Held, &Held::name>("/replay-segments/" path)
    CASE("memory/is-taken-block-by-block-up-to-the-window",
         memory_is_taken_block_by_block_up_to_the_window);
    CASE("memory/window-of-nothing-still-holds-something", window_of_nothing_still_holds_something);
    CASE("memory/tight-is-when-less-than-a-quarter-is-free",
         tight_is_when_less_than_a_quarter_is_free);
    CASE("order/position-is-found-in-its-segment", position_is_found_in_its_segment);
    CASE("order/front-goes-and-the-end-stays", front_goes_and_the_end_stays);
    CASE("order/back-goes-and-new-bytes-take-its-place", back_goes_and_new_bytes_take_its_place);
    CASE("order/nothing-is-held-after-clear", nothing_is_held_after_clear);
    CASE("order/any-change-leaves-no-gap", any_change_leaves_no_gap);
    CASE("memory/block-is-as-old-as-what-is-not-confirmed",
         block_is_as_old_as_what_is_not_confirmed);
    CASE("disk/bytes-that-go-on-in-a-file-are-one-segment",
         bytes_that_go_on_in_a_file_are_one_segment);
    CASE("disk/last-run-of-a-file-goes-alone", last_run_of_a_file_goes_alone);
    CASE("disk/block-that-a-file-took-gives-its-memory-back",
         block_that_a_file_took_gives_its_memory_back);
    CASE("disk/block-of-which-a-file-took-the-beginning-is-split",
         block_of_which_a_file_took_the_beginning_is_split);
    CASE("disk/last-block-is-filled-up-although-its-beginning-went-to-a-file",
         last_block_is_filled_up_although_its_beginning_went_to_a_file);
#undef CASE
    add_test("/replay-segments/disk/check-value-is-zlibs", check_value_is_zlibs);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    add_test("/replay-segments/memory/is-not-on-the-heap", blocks_are_not_on_the_heap);
#endif
    add_test("/replay-segments/budget/full-one-leaves-two-blocks-for-each",
             full_budget_leaves_two_blocks_for_each);
    add_test("/replay-segments/budget/least-memory-is-there-beyond-it",
             least_memory_is_there_beyond_the_budget);
    add_test("/replay-segments/budget/block-counts-until-the-last-who-reads-it-is-gone",
             block_counts_until_the_last_who_reads_it_is_gone);
    add_test("/replay-segments/budget/freed", freed_block_counts_no_more);
    add_test("/replay-segments/budget/pressure-comes-in-two-steps", pressure_comes_in_two_steps);
    return g_test_run();
}
