// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "replay/disk_trouble.h"
#include "replay_fixture.h"

using gsttus::DiskTrouble;
using gsttus::Error;
using gsttus::ErrorKind;
using gsttus::test::add_test;
using gsttus::test::FaultyOps;

namespace {

struct Disk {
    FaultyOps clock;
    DiskTrouble trouble{clock};

    void report(ErrorKind kind, std::uint64_t used)
    {
        trouble.report(Error{.kind = kind, .message = "The disk says no."}, used);
    }

    void it_is_asked_again_after_a_second()
    {
        g_assert_true(trouble.may_try());
        report(ErrorKind::kDisk, 0);
        g_assert_false(trouble.may_try());
        clock.seconds_passed = 1;
        g_assert_true(trouble.may_try());
        report(ErrorKind::kDisk, 0);
        g_assert_false(trouble.may_try());
    }

    void it_is_asked_at_once_when_something_has_changed()
    {
        report(ErrorKind::kNoSpace, 10);
        trouble.retry_now();
        g_assert_true(trouble.may_try());
    }

    void warning_says_what_to_do()
    {
        report(ErrorKind::kNoSpace, 10);
        const auto full = trouble.take_warning();
        g_assert_true(full.has_value());
        g_assert_true(full->message.starts_with("The disk says no. Until it can, only memory"));
        g_assert_true(full->message.ends_with("Free space on the disk or raise max-spool-size."));
        g_assert_false(trouble.take_warning().has_value());
        ASSERT_STR(trouble.last_error().message, "The disk says no.");

        DiskTrouble other(clock);
        other.report(Error{.kind = ErrorKind::kDisk, .message = "It fails."}, 10);
        g_assert_true(other.take_warning()->message.ends_with("the pipeline waits."));
    }

    void trouble_that_goes_on_is_one_warning()
    {
        report(ErrorKind::kDisk, 100);
        g_assert_true(trouble.take_warning().has_value());
        clock.seconds_passed = 5;
        report(ErrorKind::kNoSpace, 100);
        g_assert_false(trouble.take_warning().has_value());
        g_assert_true(trouble.last_error().kind == ErrorKind::kNoSpace); // the newest all the same
        trouble.freed(0); // but nothing was written since
        report(ErrorKind::kDisk, 100);
        g_assert_false(trouble.take_warning().has_value());
    }

    void full_disk_is_over_when_half_of_it_is_free_again()
    {
        report(ErrorKind::kNoSpace, 100);
        g_assert_true(trouble.take_warning().has_value());
        trouble.freed(51);
        report(ErrorKind::kNoSpace, 51);
        g_assert_false(trouble.take_warning().has_value());
        trouble.freed(50);
        report(ErrorKind::kNoSpace, 50);
        g_assert_true(trouble.take_warning().has_value());
    }

    void failing_disk_is_over_when_it_has_written_too()
    {
        report(ErrorKind::kDisk, 100);
        g_assert_true(trouble.take_warning().has_value());
        trouble.wrote();
        trouble.freed(50);
        report(ErrorKind::kDisk, 50);
        g_assert_true(trouble.take_warning().has_value());
    }

    void disk_full_of_what_others_have_is_over_when_it_takes_bytes()
    {
        report(ErrorKind::kNoSpace, 0);
        g_assert_true(trouble.take_warning().has_value());
        trouble.freed(0);
        report(ErrorKind::kNoSpace, 0);
        g_assert_false(trouble.take_warning().has_value());
        trouble.wrote();
        trouble.freed(0);
        report(ErrorKind::kNoSpace, 0);
        g_assert_true(trouble.take_warning().has_value());
    }
};

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
#define CASE(path, name) add_test<Disk, &Disk::name>("/replay-disk-trouble/" path)
    CASE("retry/after-a-second", it_is_asked_again_after_a_second);
    CASE("retry/at-once-when-something-has-changed",
         it_is_asked_at_once_when_something_has_changed);
    CASE("warning/says-what-to-do", warning_says_what_to_do);
    CASE("warning/trouble-that-goes-on-is-one", trouble_that_goes_on_is_one_warning);
    CASE("warning/full-disk-is-over-when-half-of-it-is-free-again",
         full_disk_is_over_when_half_of_it_is_free_again);
    CASE("warning/failing-disk-is-over-when-it-has-written-too",
         failing_disk_is_over_when_it_has_written_too);
    CASE("warning/disk-full-of-what-others-have-is-over-when-it-takes-bytes",
         disk_full_of_what_others_have_is_over_when_it_takes_bytes);
#undef CASE
    return g_test_run();
}
