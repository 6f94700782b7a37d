// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Bounds and growth of the pauses between attempts.
#include "test.h"
#include "tus/retry_policy.h"

#include <algorithm>
#include <array>

using namespace gsttus;

namespace {

struct Row {
    const char *name;
    Trouble trouble;
    milliseconds most;
};

constexpr std::array kRows = {
    Row{"unreachable", Trouble::kUnreachable, milliseconds(2000)},
    Row{"broken", Trouble::kBroken, milliseconds(2000)},
    Row{"busy", Trouble::kBusy, milliseconds(15000)},
    Row{"locked", Trouble::kLocked, milliseconds(3000)},
};

void pauses_grow_to_their_bound(const Row &row)
{
    RetryPolicy policy(7);
    Duration longest{};
    for (std::uint64_t attempt = 1; attempt < 200; ++attempt) {
        const Duration delay = policy.delay(row.trouble, attempt, Duration::zero());
        const milliseconds ceiling =
            std::min(row.most, milliseconds(250 << std::min<std::uint64_t>(attempt - 1, 10)));
        g_assert_true(delay >= ceiling / 2);
        g_assert_true(delay <= ceiling);
        longest = std::max(longest, delay);
    }
    g_assert_true(longest > row.most * 3 / 4);
}

void a_dead_kept_alive_connection_is_replaced_at_once()
{
    RetryPolicy policy(1);
    g_assert_true(policy.delay(Trouble::kStale, 9, seconds(9)) == Duration::zero());
}

void retry_after_is_honoured_within_reason()
{
    RetryPolicy policy(1);
    g_assert_true(policy.delay(Trouble::kBusy, 1, seconds(40)) == seconds(40));
    g_assert_true(policy.delay(Trouble::kBusy, 1, seconds(90000)) == seconds(300));
    g_assert_true(policy.delay(Trouble::kBusy, 1, milliseconds(1)) >= milliseconds(125));
}

void the_same_seed_gives_the_same_pauses_and_another_seed_others()
{
    RetryPolicy a(5), b(5), c(6);
    bool differs = false;
    for (std::uint64_t attempt = 1; attempt < 50; ++attempt) {
        const Duration delay = a.delay(Trouble::kBusy, attempt, Duration::zero());
        g_assert_true(delay == b.delay(Trouble::kBusy, attempt, Duration::zero()));
        differs = differs || delay != c.delay(Trouble::kBusy, attempt, Duration::zero());
    }
    g_assert_true(differs);
}

void any_attempt_number_is_fine()
{
    RetryPolicy policy(0);
    g_assert_true(policy.delay(Trouble::kBusy, 0, Duration::zero()) > Duration::zero());
    g_assert_true(policy.delay(Trouble::kBusy, UINT64_MAX, Duration::zero()) <= seconds(15));
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    for (const Row &row : kRows)
        test::add_row_test(std::string("/retry-policy/bounds/") + row.name, row,
                           pauses_grow_to_their_bound);
    test::add_test("/retry-policy/stale", a_dead_kept_alive_connection_is_replaced_at_once);
    test::add_test("/retry-policy/retry-after", retry_after_is_honoured_within_reason);
    test::add_test("/retry-policy/seed",
                   the_same_seed_gives_the_same_pauses_and_another_seed_others);
    test::add_test("/retry-policy/any-attempt", any_attempt_number_is_fine);
    return g_test_run();
}
