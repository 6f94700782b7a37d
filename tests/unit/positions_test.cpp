// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Positions: what an offset means, what counts as progress, what is known of the length.
#include "test.h"
#include "tus/positions.h"

#include <array>
#include <string>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::uint64_t kEnd = UINT64_MAX;

const char *name_of(Offset meaning)
{
    constexpr std::array<const char *, 6> kNames = {"forward", "short",        "same",
                                                    "back",    "too far back", "beyond"};
    return kNames[static_cast<std::size_t>(meaning)];
}

// 100 bytes are confirmed, 300 were sent; counted from base, at the server from origin.
struct Upload {
    const char *name;
    std::uint64_t origin, base;

    Positions stands() const
    {
        Positions positions;
        if (origin > 0) {
            positions.continue_unknown();
            positions.found_origin(origin);
        }
        if (base > 0) {
            positions.send(base, false, false);
            positions.confirm(base, true);
            positions.begin_part();
        }
        positions.send(base + 100, false, false);
        positions.confirm(base + 100, true);
        positions.send(base + 300, false, false);
        return positions;
    }
};

constexpr std::array kUploads = {
    Upload{"plain", 0, 0},
    Upload{"continued", 1000, 0},
    Upload{"part", 0, 200},
};

struct Meaning {
    std::uint64_t offset; // less the origin
    Offset patch, head;   // held from the 50th byte on
};

constexpr std::array kMeanings = {
    Meaning{0, Offset::kBack, Offset::kTooFarBack},
    Meaning{49, Offset::kBack, Offset::kTooFarBack},
    Meaning{50, Offset::kBack, Offset::kBack},
    Meaning{99, Offset::kBack, Offset::kBack},
    Meaning{100, Offset::kSame, Offset::kSame},
    Meaning{101, Offset::kShort, Offset::kForward},
    Meaning{299, Offset::kShort, Offset::kForward},
    Meaning{300, Offset::kForward, Offset::kForward},
    Meaning{301, Offset::kBeyond, Offset::kBeyond},
    Meaning{1'000'000, Offset::kBeyond, Offset::kBeyond},
};

void every_offset_has_its_meaning(const Upload &upload)
{
    const Positions positions = upload.stands();
    for (const Meaning &row : kMeanings) {
        const std::uint64_t offset = upload.origin + row.offset;
        ASSERT_STR(name_of(positions.patch_says(offset)), name_of(row.patch));
        ASSERT_STR(name_of(positions.head_says(offset, upload.base + 50)), name_of(row.head));
    }
    ASSERT_STR(name_of(positions.head_says(upload.origin, upload.base)), name_of(Offset::kBack));
    ASSERT_STR(name_of(positions.head_says(kEnd, upload.base)), name_of(Offset::kBeyond));
    const Offset absurd = positions.patch_says(kEnd);
    g_assert_true(absurd == Offset::kBeyond || absurd == Offset::kBack);
}

void what_is_before_the_origin_is_not_of_this_upload()
{
    const Positions positions = kUploads[1].stands();
    for (const std::uint64_t offset : {0U, 999U}) {
        ASSERT_STR(name_of(positions.patch_says(offset)), name_of(Offset::kBack));
        ASSERT_STR(name_of(positions.head_says(offset, 0)), name_of(Offset::kBeyond));
        g_assert_cmpuint(positions.position_of(offset), ==, 0);
    }
    Positions fresh; // nothing is confirmed yet: before the origin is not "as before"
    fresh.found_origin(1000);
    fresh.send(50, false, false);
    ASSERT_STR(name_of(fresh.patch_says(999)), name_of(Offset::kBack));
    ASSERT_STR(name_of(fresh.patch_says(1000)), name_of(Offset::kSame));
}

void positions_and_offsets_are_each_others_image(const Upload &upload)
{
    const Positions positions = upload.stands();
    for (const std::uint64_t bytes : {0U, 1U, 100U, 300U, 5000U}) {
        g_assert_cmpuint(positions.offset_of(upload.base + bytes), ==, upload.origin + bytes);
        g_assert_cmpuint(positions.position_of(upload.origin + bytes), ==, upload.base + bytes);
    }
    g_assert_cmpuint(positions.acked_offset(), ==, upload.origin + 100);
    g_assert_cmpuint(positions.sent_offset(), ==, upload.origin + 300);
    g_assert_cmpuint(positions.acked(), ==, upload.base + 100);
    g_assert_cmpuint(positions.sent(), ==, upload.base + 300);
}

void an_empty_request_is_answered_by_all_that_it_carried()
{
    Positions positions;
    positions.send(100, false, false);
    positions.confirm(100, true);
    positions.send(100, true, true);
    ASSERT_STR(name_of(positions.patch_says(100)), name_of(Offset::kForward));
    g_assert_true(positions.patch_declares() && positions.patch_finishes());
    positions.send(100, false, false);
    g_assert_false(positions.patch_declares() || positions.patch_finishes());
}

void an_origin_is_unknown_until_it_is_told()
{
    Positions positions;
    g_assert_true(positions.origin_known());
    positions.continue_unknown();
    g_assert_false(positions.origin_known());
    g_assert_cmpuint(positions.origin(), ==, 0);
    positions.found_origin(0);
    g_assert_true(positions.origin_known());
}

void an_upload_of_another_process_is_taken_up()
{
    Positions positions;
    positions.resume(20, 40, 250);
    g_assert_cmpuint(positions.acked(), ==, 40);
    g_assert_cmpuint(positions.taken(), ==, 250);
    g_assert_cmpuint(positions.sent_offset(), ==, 270);
    g_assert_cmpuint(positions.patch_to(), ==, 0);
    ASSERT_STR(name_of(positions.head_says(270, 40)), name_of(Offset::kForward));
    ASSERT_STR(name_of(positions.head_says(271, 40)), name_of(Offset::kBeyond));
    Positions unknown;
    unknown.resume(std::nullopt, 0, 250);
    g_assert_false(unknown.origin_known());
}

// --- progress ------------------------------------------------------------------------------------

void says(const Positions::Progress &progress, bool news, bool record)
{
    g_assert_cmpint(progress.news, ==, news);
    g_assert_cmpint(progress.record, ==, record);
}

void what_a_patch_brought_is_news()
{
    Positions positions;
    positions.send(100, false, false);
    says(positions.confirm(40, true), true, true);
    g_assert_cmpuint(positions.acked(), ==, 40);
    says(positions.confirm(40, true), false, false);
    says(positions.confirm(30, true), false, false); // going back is relocate()'s
    g_assert_cmpuint(positions.acked(), ==, 40);
}

void what_a_head_says_is_news_only_beyond_what_ever_was()
{
    Positions positions;
    positions.send(300, false, false);
    positions.confirm(200, true);
    positions.relocate(100);
    says(positions.confirm(200, false), false, false);
    g_assert_cmpuint(positions.acked(), ==, 200);
    positions.relocate(100);
    says(positions.confirm(150, true), true, false); // sent again, and it arrived
    says(positions.confirm(201, false), true, true);
}

void a_length_that_arrived_alone_is_news()
{
    Positions positions;
    positions.send(100, false, false);
    positions.confirm(100, true);
    positions.send(100, true, true);
    says(positions.confirm(100, false), false, false);
    says(positions.confirm(100, true), true, false);
    says(positions.confirm(99, true), false, false);
}

void an_upload_made_anew_has_news_but_no_record_until_it_is_further()
{
    Positions positions;
    positions.send(300, false, false);
    positions.confirm(200, true);
    positions.restart();
    g_assert_cmpuint(positions.acked(), ==, 0);
    says(positions.confirm(50, false), true, false);
    says(positions.confirm(200, true), true, false);
    says(positions.confirm(201, true), true, true);
}

void a_partial_upload_restarts_where_it_began()
{
    Positions positions = kUploads[2].stands();
    positions.restart();
    g_assert_cmpuint(positions.acked(), ==, 200);
    g_assert_cmpuint(positions.acked_offset(), ==, 0);
    g_assert_cmpuint(positions.sent(), ==, 500);
    says(positions.confirm(250, false), true, false);
}

void relocating_goes_only_back()
{
    Positions positions = kUploads[0].stands();
    positions.relocate(250);
    g_assert_cmpuint(positions.acked(), ==, 100);
    positions.relocate(30);
    g_assert_cmpuint(positions.acked(), ==, 30);
    g_assert_cmpuint(positions.sent(), ==, 300);
}

void what_is_sent_twice_is_counted()
{
    Positions positions;
    positions.send(100, false, false);
    g_assert_cmpuint(positions.bytes_resent(), ==, 0);
    positions.confirm(40, true);
    positions.send(150, false, false);
    g_assert_cmpuint(positions.bytes_resent(), ==, 60);
    positions.send(70, false, false);
    g_assert_cmpuint(positions.bytes_resent(), ==, 90);
    g_assert_cmpuint(positions.sent(), ==, 150);
    g_assert_cmpuint(positions.patch_to(), ==, 70);
    positions.confirm(150, false);
    positions.send(200, false, false);
    g_assert_cmpuint(positions.bytes_resent(), ==, 90);
}

// --- pacing --------------------------------------------------------------------------------------

void bytes_that_go_again_are_in_a_hurry()
{
    Positions positions;
    positions.send(100, false, false);
    g_assert_false(positions.hurry());
    positions.confirm(100, true);
    g_assert_false(positions.hurry());
    positions.send(200, false, false);
    positions.confirm(150, true);
    g_assert_true(positions.hurry());
    positions.send(200, false, false);
    g_assert_false(positions.hurry());
    positions.relocate(150);
    g_assert_true(positions.hurry());
    positions.send(200, false, false);
    positions.restart();
    g_assert_true(positions.hurry());
    positions.send(200, false, false);
    positions.created(); // bytes were sent to the one before
    g_assert_true(positions.hurry());
    positions.send(200, false, false);
    positions.confirm(200, true);
    positions.created();
    g_assert_false(positions.hurry());
    positions.hurry_on();
    g_assert_true(positions.hurry());
}

void what_is_taken_stays_taken()
{
    Positions positions;
    positions.take(100);
    positions.take(50);
    g_assert_cmpuint(positions.taken(), ==, 100);
    g_assert_cmpuint(positions.sent(), ==, 0);
    positions.send(150, false, false);
    positions.restart();
    g_assert_cmpuint(positions.taken(), ==, 150);
}

// --- the length ----------------------------------------------------------------------------------

Positions created_with(std::optional<std::uint64_t> length)
{
    Positions positions;
    positions.creates_with(length);
    g_assert_false(positions.server_length().has_value()); // not before it is there
    positions.created();
    g_assert_true(positions.server_length() == length);
    return positions;
}

void a_length_of_the_creation_stays_known()
{
    Positions positions = created_with(150);
    positions.length_told(std::nullopt, false);
    g_assert_true(positions.server_length() == 150U);
    positions.length_told(std::nullopt, true);
    g_assert_true(positions.server_length() == 150U);
    positions.length_told(200, false);
    g_assert_true(positions.server_length() == 200U);
    g_assert_false(positions.length_unclear());
}

void a_deferred_length_is_known_when_it_is_confirmed_or_told()
{
    Positions confirmed = created_with(std::nullopt);
    confirmed.length_acknowledged(80);
    confirmed.length_told(std::nullopt, false); // silence takes nothing back
    g_assert_true(confirmed.server_length() == 80U);
    confirmed.length_told(std::nullopt, true); // the server has no length: it was lost
    g_assert_false(confirmed.server_length().has_value());
    Positions told = created_with(std::nullopt);
    told.length_told(80, false);
    g_assert_true(told.server_length() == 80U);
}

void a_length_is_unclear_when_it_was_sent_and_nobody_speaks_of_it()
{
    Positions positions = created_with(std::nullopt);
    positions.length_told(std::nullopt, false);
    g_assert_false(positions.length_unclear()); // it was not sent yet
    positions.send(50, true, true);
    g_assert_false(positions.length_unclear());
    positions.length_told(std::nullopt, false);
    g_assert_true(positions.length_unclear());
    positions.length_told(std::nullopt, true);
    g_assert_false(positions.length_unclear());
    positions.send(50, false, false); // that it was sent once is not forgotten
    positions.length_told(std::nullopt, false);
    g_assert_true(positions.length_unclear());
    positions.length_told(50, false);
    g_assert_false(positions.length_unclear());
}

void an_upload_made_anew_knows_nothing_of_the_length_of_the_one_before()
{
    Positions positions = created_with(std::nullopt);
    positions.send(50, true, true);
    positions.length_told(std::nullopt, false);
    positions.length_acknowledged(50);
    positions.restart();
    g_assert_false(positions.server_length().has_value());
    positions.created();
    g_assert_false(positions.length_unclear());
    positions.length_told(std::nullopt, false);
    g_assert_false(positions.length_unclear());
    Positions parts = created_with(50);
    parts.begin_part();
    g_assert_false(parts.server_length().has_value());
}

// --- a server that has more than the disk --------------------------------------------------------

void a_surplus_is_certain_when_it_is_the_length_or_does_not_grow()
{
    Positions known;
    known.resume(0, 0, 250);
    g_assert_false(known.surplus_was_seen());
    g_assert_true(known.surplus_is_certain(300, true));
    Positions twice;
    twice.resume(0, 0, 250);
    g_assert_false(twice.surplus_is_certain(300, false));
    g_assert_true(twice.surplus_was_seen());
    g_assert_true(twice.surplus_is_certain(300, false));
    Positions grows;
    grows.resume(0, 0, 250);
    g_assert_false(grows.surplus_is_certain(300, false));
    g_assert_false(grows.surplus_is_certain(301, false));
    g_assert_false(grows.surplus_is_certain(301, false)); // once is enough to know
}

void a_surplus_that_is_accepted_was_sent()
{
    Positions positions;
    positions.resume(20, 40, 250);
    ASSERT_STR(name_of(positions.head_says(320, 40)), name_of(Offset::kBeyond));
    positions.accept_surplus(320);
    g_assert_cmpuint(positions.sent(), ==, 300);
    ASSERT_STR(name_of(positions.head_says(320, 40)), name_of(Offset::kForward));
    ASSERT_STR(name_of(positions.head_says(321, 40)), name_of(Offset::kBeyond));
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    for (const Upload &upload : kUploads) {
        add_row_test(std::string("/positions/meaning/") + upload.name, upload,
                     every_offset_has_its_meaning);
        add_row_test(std::string("/positions/offsets/") + upload.name, upload,
                     positions_and_offsets_are_each_others_image);
    }
    add_test("/positions/meaning/before-the-origin",
             what_is_before_the_origin_is_not_of_this_upload);
    add_test("/positions/meaning/empty-request",
             an_empty_request_is_answered_by_all_that_it_carried);
    add_test("/positions/beginning/origin", an_origin_is_unknown_until_it_is_told);
    add_test("/positions/beginning/resumed", an_upload_of_another_process_is_taken_up);
    add_test("/positions/beginning/part-again", a_partial_upload_restarts_where_it_began);
    add_test("/positions/progress/patch", what_a_patch_brought_is_news);
    add_test("/positions/progress/head", what_a_head_says_is_news_only_beyond_what_ever_was);
    add_test("/positions/progress/length", a_length_that_arrived_alone_is_news);
    add_test("/positions/progress/anew",
             an_upload_made_anew_has_news_but_no_record_until_it_is_further);
    add_test("/positions/progress/back", relocating_goes_only_back);
    add_test("/positions/progress/resent", what_is_sent_twice_is_counted);
    add_test("/positions/pacing/hurry", bytes_that_go_again_are_in_a_hurry);
    add_test("/positions/pacing/taken", what_is_taken_stays_taken);
    add_test("/positions/length/creation", a_length_of_the_creation_stays_known);
    add_test("/positions/length/deferred", a_deferred_length_is_known_when_it_is_confirmed_or_told);
    add_test("/positions/length/unclear",
             a_length_is_unclear_when_it_was_sent_and_nobody_speaks_of_it);
    add_test("/positions/length/anew",
             an_upload_made_anew_knows_nothing_of_the_length_of_the_one_before);
    add_test("/positions/surplus/certain",
             a_surplus_is_certain_when_it_is_the_length_or_does_not_grow);
    add_test("/positions/surplus/accepted", a_surplus_that_is_accepted_was_sent);
    return g_test_run();
}
