// LengthPlan of length-mode=concatenation: how parts are made, sent, made again and joined.
#include "plan_rooms.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

void parts_are_made_of_what_is_there_and_joined()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.next().expect_wait(rooms.expect<WaitForBytes>().wait, 1U, true, true);
    g_assert_true(rooms.plan->announces());
    rooms.produces(100).next().creates("https://host/files/p1");
    g_assert_true(rooms.plan->creates_partial());
    g_assert_true(rooms.positions.server_length() == 100U);
    g_assert_cmpuint(rooms.positions.taken(), ==, 100);
    rooms.produces(130).next().expect_send(100);
    g_assert_true(rooms.plan->announces()); // the first one is still under way
    rooms.sends().ends().next().creates("https://host/files/p2");
    g_assert_cmpuint(rooms.positions.base(), ==, 100);
    g_assert_true(rooms.positions.server_length() == 30U);
    g_assert_false(rooms.plan->announces());
    g_assert_false(rooms.plan->only_joins(rooms.positions));
    rooms.next().expect_send(130);
    rooms.sends().next().expect<JoinParts>();
    g_assert_true(rooms.plan->only_joins(rooms.positions));
    g_assert_false(rooms.route.has_upload());
    g_assert_cmpuint(rooms.plan->parts().size(), ==, 2);
    ASSERT_STR(rooms.plan->parts()[0], "https://host/files/p1");
    ASSERT_STR(rooms.plan->parts()[1], "https://host/files/p2");
    rooms.next().expect<JoinParts>(); // as often as needed
    g_assert_cmpuint(rooms.plan->parts().size(), ==, 2);
}

void a_part_is_needed_until_it_is_complete_and_never_all_there_is()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.produces(100).next().creates();
    rooms.positions.send(100, false, false);
    rooms.positions.confirm(99, true);
    g_assert_cmpuint(rooms.plan->releasable(rooms.positions), ==, 0);
    rooms.next().sends();
    g_assert_false(rooms.plan->stored(rooms.positions));
    g_assert_false(rooms.plan->finishes(rooms.positions, 100));
    g_assert_false(rooms.plan->is_one_upload());
    rooms.next();
    g_assert_cmpuint(rooms.plan->releasable(rooms.positions), ==, 100);
}

void a_part_whose_creation_fails_or_that_is_gone_is_the_same_again()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.produces(100).next().expect<CreateUpload>();
    rooms.produces(180).next().expect<CreateUpload>();
    g_assert_true(rooms.plan->created_length(rooms.view()) == 100U);
    rooms.creates().next().sends().input.pending_since.reset();
    rooms.next().creates("https://host/files/p2").next().expect_send(180);
    rooms.positions.send(180, false, false);
    rooms.positions.confirm(140, true);
    rooms.route.forget_upload();
    rooms.positions.restart();
    rooms.produces(500).ends().next().creates("https://host/files/p3");
    g_assert_true(rooms.positions.server_length() == 80U);
    rooms.next().expect_send(180);
    rooms.sends().next().expect<CreateUpload>();
    g_assert_true(rooms.plan->created_length(rooms.view()) == 320U); // at the end: all the rest
    ASSERT_STR(rooms.plan->parts().back(), "https://host/files/p3");
}

void a_part_goes_in_requests_that_the_server_takes()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.produces(250).ends().next().creates();
    rooms.next().expect_send(100);
    rooms.sends().server.shrink_to(30);
    rooms.next().expect_send(130);
}

void parts_wait_for_a_reason_and_grow_with_the_recording()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.produces(50).next();
    rooms.expect_wait(rooms.expect<WaitForBytes>().wait, 100U, true, true,
                      rooms.input.now + seconds(1));
    rooms.input.now += seconds(1);
    rooms.next().expect<CreateUpload>();
    g_assert_true(rooms.plan->created_length(rooms.view()) == 50U);

    Rooms large(LengthMode::kConcatenation);
    large.plan = make_concatenation_plan({"https://host/files/p1"}, 6400);
    large.positions.resume(0, 6400, 6400);
    large.positions.begin_part();
    large.produces(6400 + 199).next(); // 6400 / 32
    large.expect_wait(large.expect<WaitForBytes>().wait, 6600U, true, true);
    large.produces(6600).next().expect<CreateUpload>();
    g_assert_true(large.plan->created_length(large.view()) == 200U);

    Rooms wished(LengthMode::kConcatenation);
    wished.config.min_chunk_size = 60;
    wished.positions.hurry_on();
    wished.produces(59).next().expect_wait(wished.expect<WaitForBytes>().wait, 60U, true, true);
    wished.input.writer_blocked = true; // a full store: what is there
    wished.next().expect<CreateUpload>();
    g_assert_true(wished.plan->created_length(wished.view()) == 59U);

    Rooms full(LengthMode::kConcatenation); // it waits for bytes, not for what is so already
    full.input.writer_blocked = true;
    full.next().expect_wait(full.expect<WaitForBytes>().wait, 1U, true, false);
}

void a_recording_without_a_byte_is_a_plain_empty_upload()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.ends().next().expect<CreateUpload>();
    g_assert_false(rooms.plan->creates_partial());
    rooms.creates();
    g_assert_true(rooms.positions.server_length() == 0U);
    g_assert_true(rooms.plan->stored(rooms.positions));
    rooms.next().expect<Done>();
    g_assert_cmpuint(rooms.plan->parts().size(), ==, 0);
}

void parts_of_another_process_are_kept()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.plan = make_concatenation_plan({"https://host/files/p1"}, 200);
    rooms.positions.resume(0, 200, 200);
    rooms.positions.begin_part();
    g_assert_true(rooms.plan->only_joins(rooms.positions));
    g_assert_false(rooms.plan->announces());
    rooms.produces(250).ends().next().creates("https://host/files/p2");
    g_assert_false(rooms.plan->only_joins(rooms.positions));
    g_assert_true(rooms.positions.server_length() == 50U);
    rooms.next().expect_send(250);
    rooms.sends().next().expect<JoinParts>();
    g_assert_cmpuint(rooms.plan->parts().size(), ==, 2);
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/length-plan/concatenation/joined", parts_are_made_of_what_is_there_and_joined);
    add_test("/length-plan/concatenation/needed",
             a_part_is_needed_until_it_is_complete_and_never_all_there_is);
    add_test("/length-plan/concatenation/again",
             a_part_whose_creation_fails_or_that_is_gone_is_the_same_again);
    add_test("/length-plan/concatenation/requests", a_part_goes_in_requests_that_the_server_takes);
    add_test("/length-plan/concatenation/pacing",
             parts_wait_for_a_reason_and_grow_with_the_recording);
    add_test("/length-plan/concatenation/empty",
             a_recording_without_a_byte_is_a_plain_empty_upload);
    add_test("/length-plan/concatenation/another-process", parts_of_another_process_are_kept);
    return g_test_run();
}
