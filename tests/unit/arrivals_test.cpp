// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// How long the oldest byte that no request has taken has waited.
#include "test.h"
#include "upload/arrivals.h"

using namespace gsttus;
using gsttus::test::add_test;

namespace {

constexpr TimePoint kStart{seconds(1000)};

TimePoint at(int milliseconds_later)
{
    return kStart + milliseconds(milliseconds_later);
}

void nothing_waits_before_the_first_byte()
{
    Arrivals arrivals;
    g_assert_false(arrivals.pending_since(0).has_value());
}

void the_newest_byte_does_not_count()
{
    Arrivals arrivals;
    arrivals.add(0, at(0), milliseconds(10));
    g_assert_false(arrivals.pending_since(1).has_value());
    g_assert_true(arrivals.pending_since(2) == at(0));
    arrivals.set_taken(99);
    g_assert_false(arrivals.pending_since(100).has_value());
}

void what_is_taken_waits_no_longer()
{
    Arrivals arrivals;
    arrivals.add(0, at(0), milliseconds(10));
    arrivals.add(100, at(20), milliseconds(10));
    arrivals.add(200, at(40), milliseconds(10));
    g_assert_true(arrivals.pending_since(300) == at(0));
    arrivals.set_taken(50);
    g_assert_true(arrivals.pending_since(300) == at(0));
    arrivals.set_taken(100);
    g_assert_true(arrivals.pending_since(300) == at(20));
    arrivals.set_taken(250);
    g_assert_true(arrivals.pending_since(300) == at(40));
    arrivals.set_taken(300);
    g_assert_false(arrivals.pending_since(300).has_value());
}

// Bytes that are sent again have waited as long as the oldest mark that is left says.
void bytes_that_come_again_wait_again()
{
    Arrivals arrivals;
    arrivals.add(0, at(0), milliseconds(10));
    arrivals.add(100, at(20), milliseconds(10));
    arrivals.set_taken(150);
    g_assert_true(arrivals.pending_since(200) == at(20));
    arrivals.set_taken(0);
    g_assert_true(arrivals.pending_since(200) == at(20));
}

void marks_are_as_coarse_as_asked()
{
    Arrivals arrivals;
    arrivals.add(0, at(0), milliseconds(10));
    arrivals.add(100, at(9), milliseconds(10)); // within the resolution: one mark
    arrivals.set_taken(150);
    g_assert_true(arrivals.pending_since(200) == at(0));
    arrivals.add(200, at(10), milliseconds(10));
    arrivals.set_taken(200);
    g_assert_true(arrivals.pending_since(300) == at(10));
}

// During a long outage marks in between give way: the oldest byte is never said to be younger.
void the_oldest_and_the_newest_are_remembered()
{
    Arrivals arrivals;
    constexpr std::uint64_t kMany = 10000;
    for (std::uint64_t byte = 0; byte < kMany; ++byte)
        arrivals.add(byte, at(static_cast<int>(byte) * 10), milliseconds(10));
    g_assert_true(arrivals.pending_since(kMany) == at(0));
    arrivals.set_taken(5000);
    g_assert_true(*arrivals.pending_since(kMany) <= at(50010));
    arrivals.set_taken(kMany - 2);
    g_assert_false(arrivals.pending_since(kMany - 1).has_value());
    g_assert_true(*arrivals.pending_since(kMany) == at((kMany - 1) * 10));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/arrivals/none", nothing_waits_before_the_first_byte);
    add_test("/arrivals/newest", the_newest_byte_does_not_count);
    add_test("/arrivals/taken", what_is_taken_waits_no_longer);
    add_test("/arrivals/again", bytes_that_come_again_wait_again);
    add_test("/arrivals/resolution", marks_are_as_coarse_as_asked);
    add_test("/arrivals/many", the_oldest_and_the_newest_are_remembered);
    return g_test_run();
}
