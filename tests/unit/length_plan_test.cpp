// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// LengthPlan: the modes that send one upload (deferred, spool), when bytes go, and where the end
// is. Concatenation: concatenation_plan_test.cpp.
#include "plan_rooms.h"

#include <array>
#include <string>

using namespace gsttus;
using namespace gsttus::test;

namespace {

Rooms deferred()
{
    Rooms rooms(LengthMode::kDeferred);
    rooms.next().creates();
    return rooms;
}

Rooms spooled(std::uint64_t total)
{
    Rooms rooms(LengthMode::kSpool);
    rooms.produces(total).ends().next().expect<ResolveAgain>();
    rooms.step = CreateUpload{};
    rooms.creates();
    return rooms;
}

// --- the modes -----------------------------------------------------------------------------------

void every_mode_has_its_plan()
{
    g_assert_null(make_length_plan(LengthMode::kAuto).get());
    for (const LengthMode mode :
         {LengthMode::kDeferred, LengthMode::kConcatenation, LengthMode::kSpool})
        g_assert_true(make_length_plan(mode)->mode() == mode);
}

void one_upload_is_what_its_name_says()
{
    for (const LengthMode mode : {LengthMode::kDeferred, LengthMode::kSpool}) {
        const Rooms rooms(mode);
        g_assert_true(rooms.plan->is_one_upload() && rooms.plan->announces());
        g_assert_false(rooms.plan->creates_partial());
        g_assert_false(rooms.plan->only_joins(rooms.positions));
        g_assert_cmpuint(rooms.plan->parts().size(), ==, 0);
    }
}

// --- deferred ------------------------------------------------------------------------------------

void a_deferred_upload_is_created_at_once_without_a_length()
{
    Rooms rooms(LengthMode::kDeferred);
    rooms.next().expect<CreateUpload>();
    rooms.produces(50).ends();
    g_assert_false(rooms.plan->created_length(rooms.view()).has_value());
}

void one_byte_stays_here_until_the_end()
{
    Rooms rooms = deferred();
    rooms.next().expect_wait(rooms.expect<WaitForBytes>().wait, 2U, true, false);
    rooms.produces(1).next().expect<WaitForBytes>();
    rooms.produces(50).input.pending_since.reset();
    rooms.next().expect_send(49);
    rooms.sends().next();
    rooms.expect_wait(rooms.expect<WaitForBytes>().wait, 51U, true, false);
    rooms.ends().next().expect_send(50, 50);
    rooms.sends().next().expect<Done>();
}

void the_length_goes_with_the_last_bytes_only()
{
    Rooms rooms = deferred();
    rooms.produces(250).ends().next().expect_send(100);
    rooms.sends().next().expect_send(200);
    rooms.sends().next().expect_send(250, 250);
    rooms.positions.send(250, true, true); // the bytes arrived, the length did not
    rooms.positions.confirm(250, false);
    rooms.next().expect_send(250, 250);
    Rooms empty = deferred();
    empty.ends().next().expect_send(0, 0);
}

void the_length_counts_from_the_origin()
{
    Rooms rooms(LengthMode::kDeferred);
    rooms.route.goes_to(kUpload);
    rooms.positions.found_origin(1000);
    rooms.produces(30).ends().next().expect_send(30, 1030);
    rooms.positions.confirm(30, true);
    rooms.next().expect_send(30, 1030);
    rooms.positions.length_acknowledged(1030);
    rooms.next().expect<Done>();
}

void a_length_that_is_known_holds_nothing_back_and_is_not_sent()
{
    Rooms rooms = deferred();
    rooms.positions.length_told(60, false);
    rooms.produces(50).input.pending_since.reset();
    rooms.next().expect_send(50);
    rooms.produces(60).ends().next().expect_send(60);
}

void a_length_that_does_not_fit_is_an_error()
{
    Rooms more = deferred();
    more.positions.length_told(60, false);
    more.produces(61).next().expect_error(ErrorKind::kTooLarge);
    Rooms less = deferred();
    less.positions.length_told(60, false);
    less.produces(59).ends().next().sends().next();
    g_assert_true(less.expect_error(ErrorKind::kProtocol).message.find("60 bytes") !=
                  std::string::npos);
}

void what_is_stored_and_what_finishes_hangs_on_the_length()
{
    for (const LengthMode mode : {LengthMode::kDeferred, LengthMode::kSpool}) {
        Rooms rooms(mode);
        const LengthPlan &plan = *rooms.plan;
        Positions &positions = rooms.positions;
        positions.found_origin(1000);
        positions.send(50, false, false);
        positions.confirm(50, true);
        g_assert_cmpuint(plan.releasable(positions), ==, 50);
        g_assert_false(plan.stored(positions) || plan.finishes(positions, 50));
        positions.length_told(1060, false);
        g_assert_false(plan.stored(positions) || plan.finishes(positions, 59));
        g_assert_true(plan.finishes(positions, 60));
        positions.confirm(60, true);
        g_assert_true(plan.stored(positions));
        positions.length_told(1050, false); // more than the length is stored too
        g_assert_true(plan.stored(positions));
    }
}

// --- when bytes go -------------------------------------------------------------------------------

void bytes_wait_until_there_is_a_reason()
{
    Rooms rooms = deferred();
    rooms.produces(50).next();
    rooms.expect_wait(rooms.expect<WaitForBytes>().wait, 101U, true, true,
                      rooms.input.now + seconds(1));
    rooms.input.now += seconds(1) - milliseconds(1);
    rooms.next().expect<WaitForBytes>();
    rooms.input.now += milliseconds(1); // it waited long enough
    rooms.next().expect_send(49);
    Rooms full = deferred();
    full.produces(100).next().expect<WaitForBytes>();
    full.produces(101).next().expect_send(100);
    Rooms blocked = deferred();
    blocked.input.writer_blocked = true;
    blocked.produces(50).next().expect_send(49);
    Rooms again = deferred();
    again.positions.hurry_on();
    again.produces(50).next().expect_send(49);
    Rooms ended = deferred();
    ended.produces(50).ends().next().expect_send(50, 50);
}

void requests_are_aligned_and_not_small_before_the_end()
{
    Rooms rooms = deferred();
    rooms.config.chunk_align = 16;
    rooms.config.min_chunk_size = 40;
    rooms.positions.hurry_on();
    rooms.produces(48).next();
    rooms.expect_wait(rooms.expect<WaitForBytes>().wait, 49U, true, false); // 48, and one stays
    rooms.produces(60).next().expect_send(48);
    rooms.produces(300).next().expect_send(96);
    rooms.sends().ends().next().expect_send(192);
    rooms.sends().next().expect_send(288);
    rooms.sends().next().expect_send(300, 300);
    Rooms small = deferred(); // one request is enough, however much min_chunk_size wishes for
    small.config.min_chunk_size = 1000;
    small.produces(101).next().expect_send(100);
}

void a_server_that_takes_less_gets_less()
{
    Rooms rooms = deferred();
    rooms.server.shrink_to(30);
    rooms.produces(31).next().expect_send(30);
    rooms.config.chunk_align = 8;
    rooms.next().expect_send(24);
    g_assert_cmpuint(request_limit(rooms.view()), ==, 24);
}

// --- spool ---------------------------------------------------------------------------------------

void a_spooled_recording_waits_for_its_end()
{
    Rooms rooms(LengthMode::kSpool);
    rooms.next().expect_wait(rooms.expect<WaitForEnd>().wait, std::nullopt, true, true);
    rooms.produces(5000).next();
    rooms.expect_wait(rooms.expect<WaitForEnd>().wait, std::nullopt, true, true);
    g_assert_cmpuint(rooms.positions.taken(), ==, 0);
    rooms.ends().next().expect<ResolveAgain>();
    g_assert_cmpuint(rooms.positions.taken(), ==, 5000);
    g_assert_true(rooms.plan->created_length(rooms.view()) == 5000U);
}

void a_spool_that_is_full_before_the_end_is_an_error()
{
    Rooms rooms(LengthMode::kSpool);
    rooms.input.writer_blocked = true;
    const std::string text = rooms.produces(5000).next().expect_error(ErrorKind::kNoSpace).message;
    g_assert_true(text.find("5000 bytes") != std::string::npos);
    g_assert_true(text.find("max-spool-size") != std::string::npos);
    rooms.ends().next().expect<ResolveAgain>(); // all of it is there
}

void a_spooled_recording_goes_without_another_word_of_its_length()
{
    Rooms rooms = spooled(150);
    g_assert_true(rooms.positions.server_length() == 150U);
    rooms.next().expect_send(100);
    rooms.sends().next().expect_send(150);
    g_assert_true(rooms.plan->finishes(rooms.positions, 150));
    rooms.sends().next().expect<Done>();
    g_assert_true(rooms.plan->stored(rooms.positions));
    Rooms empty = spooled(0);
    empty.next().expect<Done>();
    Rooms lost = spooled(150); // made anew: parameters first, then the same again
    lost.next().sends();
    lost.route.forget_upload();
    lost.positions.restart();
    lost.next().expect<ResolveAgain>();
    g_assert_true(lost.plan->created_length(lost.view()) == 150U);
}

// --- where the end is ----------------------------------------------------------------------------

struct Ending {
    const char *name;
    std::optional<std::uint64_t> most; // Tus-Max-Size
    std::uint64_t origin, produced, acked;
    bool ended, cut_off;
    std::uint64_t total;
    bool certain;
};

constexpr std::array kEndings = {
    Ending{"open", std::nullopt, 0, 150, 0, false, false, 150, false},
    Ending{"ended", std::nullopt, 0, 150, 0, true, false, 150, true},
    Ending{"server-has-more", std::nullopt, 0, 150, 170, true, false, 170, true},
    Ending{"fits", 150, 0, 149, 0, false, false, 149, false},
    Ending{"exactly", 150, 0, 150, 0, false, false, 150, false},
    Ending{"exactly-ended", 150, 0, 150, 0, true, false, 150, true},
    Ending{"more", 150, 0, 151, 0, false, true, 150, true},
    Ending{"more-taken", 150, 0, 200, 170, false, true, 170, true},
    Ending{"nothing-fits", 0, 0, 1, 0, false, true, 0, true},
    Ending{"origin-fits", 1150, 1000, 150, 0, false, false, 150, false},
    Ending{"origin-more", 1150, 1000, 151, 0, false, true, 150, true},
    Ending{"origin-beyond", 900, 1000, 1, 0, false, true, 0, true},
    Ending{"origin-beyond-taken", 900, 1000, 20, 10, false, true, 10, true},
};

void the_end_is_where_it_is_certain(const Ending &row)
{
    Rooms rooms(LengthMode::kDeferred);
    if (row.most)
        rooms.may_have(*row.most);
    rooms.positions.resume(row.origin, row.acked, row.produced);
    rooms.produces(row.produced).input.ended = row.ended;
    g_assert_cmpint(is_cut_off(rooms.server, rooms.positions, rooms.input), ==, row.cut_off);
    const End end = end_of(rooms.view());
    g_assert_cmpuint(end.total, ==, row.total);
    g_assert_cmpint(end.certain, ==, row.certain);
}

void what_fits_is_finished_in_every_mode()
{
    Rooms rooms = deferred();
    rooms.may_have(150).produces(180).next().expect_send(100);
    rooms.sends().next().expect_send(150, 150);
    rooms.sends().next().expect<Done>();

    Rooms spool(LengthMode::kSpool);
    spool.may_have(150).produces(180).next().expect<WaitForEnd>(); // not before the end
    spool.ends().next().expect<ResolveAgain>();
    g_assert_true(spool.plan->created_length(spool.view()) == 150U);

    Rooms parts(LengthMode::kConcatenation);
    parts.may_have(150).produces(180).next().creates();
    g_assert_true(parts.positions.server_length() == 150U);
    parts.next().sends().next().sends().next().expect<JoinParts>();
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/length-plan/modes", every_mode_has_its_plan);
    add_test("/length-plan/one-upload", one_upload_is_what_its_name_says);
    add_test("/length-plan/deferred/created",
             a_deferred_upload_is_created_at_once_without_a_length);
    add_test("/length-plan/deferred/held-back", one_byte_stays_here_until_the_end);
    add_test("/length-plan/deferred/length", the_length_goes_with_the_last_bytes_only);
    add_test("/length-plan/deferred/origin", the_length_counts_from_the_origin);
    add_test("/length-plan/deferred/known",
             a_length_that_is_known_holds_nothing_back_and_is_not_sent);
    add_test("/length-plan/deferred/other-length", a_length_that_does_not_fit_is_an_error);
    add_test("/length-plan/stored", what_is_stored_and_what_finishes_hangs_on_the_length);
    add_test("/length-plan/pacing/reasons", bytes_wait_until_there_is_a_reason);
    add_test("/length-plan/pacing/aligned", requests_are_aligned_and_not_small_before_the_end);
    add_test("/length-plan/pacing/shrunk", a_server_that_takes_less_gets_less);
    add_test("/length-plan/spool/waits", a_spooled_recording_waits_for_its_end);
    add_test("/length-plan/spool/full", a_spool_that_is_full_before_the_end_is_an_error);
    add_test("/length-plan/spool/goes",
             a_spooled_recording_goes_without_another_word_of_its_length);
    for (const Ending &row : kEndings)
        add_row_test(std::string("/length-plan/end/") + row.name, row,
                     the_end_is_where_it_is_certain);
    add_test("/length-plan/max-size", what_fits_is_finished_in_every_mode);
    return g_test_run();
}
