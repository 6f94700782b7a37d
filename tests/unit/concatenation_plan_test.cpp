// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
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
    large.produces(6400 + 523).next(); // 29 doublings to go, 255 parts
    large.expect_wait(large.expect<WaitForBytes>().wait, 6924U, true, true);
    large.produces(6924).next().expect<CreateUpload>();
    g_assert_true(large.plan->created_length(large.view()) == 524U);

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

// --- the list of them ----------------------------------------------------------------------------

constexpr std::uint64_t kSecond = 1'000'000; // bytes
constexpr std::uint64_t kMonth = std::uint64_t{30} * 86400 * kSecond;
constexpr std::uint64_t kHeaders = 900; // of the other headers

// URLs of so many characters behind the host.
struct Long {
    explicit Long(std::size_t characters) : rooms(LengthMode::kConcatenation), size(characters)
    {
        rooms.config.chunk_size = std::uint64_t{8} << 20;
        Resolved there{{"https://host/files/"}, true};
        there.header_size = kHeaders;
        rooms.route.resolved(there);
    }

    std::string url()
    {
        std::string path = "/files/" + std::to_string(number++);
        path.resize(std::max(size, path.size()), 'x');
        return "https://host" + path;
    }

    // Records up to `end`, second by second, faster where nothing happens.
    void record(std::uint64_t end)
    {
        Rooms &r = rooms;
        while (r.input.produced < end) {
            r.next();
            if (std::holds_alternative<CreateUpload>(r.step)) {
                r.creates(url().c_str());
            } else if (std::holds_alternative<SendBytes>(r.step)) {
                r.sends().input.pending_since.reset();
            } else {
                const Wait &wait = r.expect<WaitForBytes>().wait;
                const std::uint64_t next = wait.until_produced.value_or(end);
                r.produces(std::max(next, r.input.produced + kSecond));
                r.input.now += seconds(1);
            }
        }
        r.ends();
    }

    void join()
    {
        rooms.next();
        while (!std::holds_alternative<JoinParts>(rooms.step)) {
            if (std::holds_alternative<CreateUpload>(rooms.step))
                rooms.creates(url().c_str());
            else
                rooms.sends();
            rooms.next();
        }
    }

    std::uint64_t list() const
    {
        std::uint64_t bytes = 0;
        for (const std::string &part : rooms.plan->parts())
            bytes += rooms.route.listed_size(part);
        return bytes;
    }

    Rooms rooms;
    std::size_t size;
    std::size_t number = 0;
};

void a_list_fits_into_a_header_however_long_the_recording_and_the_urls()
{
    for (const std::size_t characters : {20, 36, 45, 100, 200, 350, 500, 1500}) {
        for (const std::uint64_t end : {60 * kSecond, 7200 * kSecond, 86400 * kSecond, kMonth}) {
            Long recording(characters);
            recording.record(end);
            const std::uint64_t before = recording.rooms.positions.acked();
            recording.join();
            g_test_message("%zu characters, %" G_GUINT64_FORMAT " s: %zu parts, %" G_GUINT64_FORMAT
                           " bytes, the last with %" G_GUINT64_FORMAT " %% of it",
                           characters, end / kSecond, recording.rooms.plan->parts().size(),
                           recording.list(), (end - before) * 100 / end);
            g_assert_cmpuint(recording.list() + kHeaders, <=, 6 << 10);
            g_assert_true(recording.rooms.positions.acked() >= end);
            g_assert_false(recording.rooms.plan->left_out_from().has_value());
        }
    }
}

void urls_of_another_host_are_listed_whole_and_other_headers_count()
{
    Route route;
    route.resolved({{"https://host:8443/files/?x=1"}, true});
    g_assert_cmpuint(route.listed_size("https://host:8443/f/1"), ==, 5);
    g_assert_cmpuint(route.listed_size("https://host/f/1"), ==, 17);
    g_assert_cmpuint(route.listed_size("https://host:84435/f/1"), ==, 23);
    Long plain(100), crowded(100);
    Resolved there{{"https://host/files/"}, true};
    there.header_size = 9000; // a token without measure: some parts all the same
    crowded.rooms.route.resolved(there);
    plain.record(kMonth);
    crowded.record(kMonth);
    g_assert_cmpuint(plain.rooms.plan->parts().size(), >, crowded.rooms.plan->parts().size());
    g_assert_cmpuint(crowded.rooms.plan->parts().size(), >, 5);
}

// The last one waits for the end; a store that takes no more ends it before.
void without_room_for_the_rest_what_is_there_is_joined()
{
    Long recording(1500);
    Rooms &rooms = recording.rooms;
    recording.record(kMonth);
    rooms.input.ended = false;
    rooms.produces(kMonth + 5).next();
    const Wait wait = rooms.expect<WaitForBytes>().wait;
    rooms.expect_wait(wait, std::nullopt, true, true);
    rooms.input.writer_blocked = true;
    recording.rooms.next().expect<CreateUpload>();
    g_assert_true(rooms.plan->left_out_from() == kMonth + 5);
    rooms.produces(kMonth + 500); // for whom there was room then
    recording.join();
    g_assert_cmpuint(rooms.positions.acked(), ==, kMonth + 5);
    g_assert_cmpuint(recording.list() + kHeaders, <=, 6 << 10);

    Long waiting(1500); // nothing new is there: nothing is left out
    waiting.record(kMonth);
    waiting.rooms.input.ended = false;
    waiting.rooms.input.writer_blocked = true;
    waiting.rooms.input.produced = waiting.rooms.positions.acked();
    waiting.rooms.next().expect<WaitForBytes>();
    g_assert_false(waiting.rooms.plan->left_out_from().has_value());
}

// As earlier versions made them.
void a_list_that_is_too_long_already_is_finished_with_one_more()
{
    std::vector<std::string> parts(400, "https://host/files/0123456789012345678901234567890");
    Rooms rooms(LengthMode::kConcatenation);
    rooms.plan = make_concatenation_plan(parts, 1000);
    rooms.positions.resume(0, 1000, 1000);
    rooms.positions.begin_part();
    rooms.produces(5000).next();
    rooms.expect_wait(rooms.expect<WaitForBytes>().wait, std::nullopt, true, true);
    rooms.ends().next().creates("https://host/files/last");
    g_assert_true(rooms.positions.server_length() == 4000U);
    rooms.next();
    while (std::holds_alternative<SendBytes>(rooms.step))
        rooms.sends().next();
    rooms.expect<JoinParts>();
    g_assert_cmpuint(rooms.plan->parts().size(), ==, 401);
}

// --- the head goes last -------------------------------------------------------------------------

// The recording ends; the head is behind what was there.
void end_with_head(Rooms &rooms, std::uint64_t head)
{
    rooms.input.head_to_come = 0;
    rooms.input.head = head;
    rooms.produces(rooms.input.produced + head).ends();
}

void head_is_a_part_of_its_own_and_listed_first()
{
    for (const std::uint64_t pending : {0, 1, 70}) {
        Rooms rooms(LengthMode::kConcatenation);
        rooms.input.head_to_come = 40;
        rooms.produces(100).next().creates("https://host/files/p1");
        rooms.next().sends().input.pending_since.reset();
        rooms.next().expect<WaitForBytes>();
        rooms.produces(100 + pending);
        end_with_head(rooms, 33); // less than it may be
        if (pending > 0) {
            rooms.next().creates("https://host/files/p2");
            g_assert_true(rooms.positions.server_length() == pending);
            rooms.next().expect_send(100 + pending);
            rooms.sends();
        }
        rooms.next().creates("https://host/files/head");
        g_assert_true(rooms.positions.server_length() == 33U);
        g_assert_false(rooms.plan->only_joins(rooms.positions));
        // it is needed until it is there
        g_assert_cmpuint(rooms.plan->releasable(rooms.positions), ==, 100 + pending);
        rooms.next().expect_send(133 + pending);
        rooms.sends().next().expect<JoinParts>();
        g_assert_true(rooms.plan->only_joins(rooms.positions));
        ASSERT_STR(rooms.plan->parts()[0], "https://host/files/head");
        ASSERT_STR(rooms.plan->parts()[1], "https://host/files/p1");
        g_assert_cmpuint(rooms.plan->parts().size(), ==, pending > 0 ? 3 : 2);
        rooms.next().expect<JoinParts>();
    }
}

void recording_that_is_all_head_is_one_part()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.input.head_to_come = 40;
    rooms.next().expect<WaitForBytes>();
    end_with_head(rooms, 20);
    rooms.next().creates("https://host/files/head").next().expect_send(20);
    rooms.sends().next().expect<JoinParts>();
    g_assert_cmpuint(rooms.plan->parts().size(), ==, 1);

    Rooms empty(LengthMode::kConcatenation);
    empty.input.head_to_come = 40;
    end_with_head(empty, 0);
    empty.next().expect<CreateUpload>();
    g_assert_false(empty.plan->creates_partial());
}

void head_that_is_gone_is_made_again()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.input.head_to_come = 40;
    rooms.produces(100).next().creates("https://host/files/p1").next().sends();
    end_with_head(rooms, 40);
    rooms.next().creates("https://host/files/h1").next().expect_send(140);
    rooms.positions.send(140, false, false);
    rooms.positions.confirm(110, true);
    rooms.route.forget_upload();
    rooms.positions.restart();
    rooms.next().creates("https://host/files/h2").next().expect_send(140);
    g_assert_true(rooms.positions.server_length() == 40U);
    rooms.sends().next().expect<JoinParts>();
    ASSERT_STR(rooms.plan->parts()[0], "https://host/files/h2");
}

// Of another process: between any two of its steps.
void head_of_another_process_is_finished()
{
    for (const bool has_head : {false, true}) {
        Rooms rooms(LengthMode::kConcatenation);
        std::vector<std::string> parts = {"https://host/files/p1"};
        if (has_head)
            parts.insert(parts.begin(), "https://host/files/h");
        const std::uint64_t joined = has_head ? 240 : 200;
        rooms.plan = make_concatenation_plan(parts, joined);
        rooms.positions.resume(0, joined, joined);
        rooms.positions.begin_part();
        rooms.produces(200);
        end_with_head(rooms, 40);
        if (!has_head) {
            rooms.next().creates("https://host/files/h").next().expect_send(240);
            rooms.sends();
        }
        rooms.next().expect<JoinParts>();
        ASSERT_STR(rooms.plan->parts()[0], "https://host/files/h");
        ASSERT_STR(rooms.plan->parts()[1], "https://host/files/p1");
    }
}

// A file that is cut off has no right head: it is not joined, and what is there is kept.
void without_room_for_all_nothing_is_joined()
{
    Rooms rooms(LengthMode::kConcatenation);
    rooms.may_have(130).input.head_to_come = 40;
    rooms.produces(90).next();
    rooms.input.now += seconds(1);
    rooms.next().creates("https://host/files/p1").next().sends();
    rooms.produces(91).next().expect<Done>();
    g_assert_true(is_cut_off(rooms.server, rooms.positions, rooms.input));
    rooms.produces(90);
    end_with_head(rooms, 40); // it fits
    rooms.next().expect<CreateUpload>();

    Rooms full(LengthMode::kConcatenation); // of parts
    full.plan = make_concatenation_plan(std::vector<std::string>(255, "https://host/files/p"), 900);
    full.positions.resume(0, 900, 900);
    full.positions.begin_part();
    full.input.head_to_come = 40;
    full.input.writer_blocked = true;
    full.produces(950).next().expect<Done>();
    g_assert_true(full.plan->left_out_from().has_value());
}

// -------------------------------------------------------------------------------------------------

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
    add_test("/length-plan/concatenation/list",
             a_list_fits_into_a_header_however_long_the_recording_and_the_urls);
    add_test("/length-plan/concatenation/list-whole",
             urls_of_another_host_are_listed_whole_and_other_headers_count);
    add_test("/length-plan/concatenation/no-room",
             without_room_for_the_rest_what_is_there_is_joined);
    add_test("/length-plan/concatenation/list-of-earlier",
             a_list_that_is_too_long_already_is_finished_with_one_more);
    add_test("/length-plan/concatenation/empty",
             a_recording_without_a_byte_is_a_plain_empty_upload);
    add_test("/length-plan/concatenation/head", head_is_a_part_of_its_own_and_listed_first);
    add_test("/length-plan/concatenation/head-only", recording_that_is_all_head_is_one_part);
    add_test("/length-plan/concatenation/head-gone", head_that_is_gone_is_made_again);
    add_test("/length-plan/concatenation/head-of-another", head_of_another_process_is_finished);
    add_test("/length-plan/concatenation/head-no-room", without_room_for_all_nothing_is_joined);
    add_test("/length-plan/concatenation/another-process", parts_of_another_process_are_kept);
    return g_test_run();
}
