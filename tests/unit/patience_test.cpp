// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Patience: how often each mishap may happen and what makes its count begin anew, outages and
// their counters, pauses and what ends them, and when it is enough.
#include "test.h"
#include "tus/patience.h"

#include <array>
#include <string>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr TimePoint kStart = TimePoint{} + seconds(1000);
constexpr std::uint64_t kWithoutEnd = 0;

// --- how often -----------------------------------------------------------------------------------

struct Row {
    const char *name;
    Mishap mishap;
    std::uint64_t most;
    bool until_progress, until_loss;
};

constexpr std::array kRows = {
    Row{"dead-connection", Mishap::kDeadConnection, 1, true, false},
    Row{"redirect", Mishap::kRedirect, 5, true, false},
    Row{"absence", Mishap::kAbsence, 3, true, true},
    Row{"lost", Mishap::kLost, kWithoutEnd, true, true},
    Row{"odd-offset", Mishap::kOddOffset, kWithoutEnd, true, true},
    Row{"contradiction", Mishap::kContradiction, kWithoutEnd, true, true},
    Row{"refusal", Mishap::kRefusal, kWithoutEnd, true, false},
    Row{"no-head", Mishap::kNoHead, kWithoutEnd, true, false},
    Row{"blind", Mishap::kBlind, kWithoutEnd, true, true},
    Row{"unmarked", Mishap::kUnmarked, kWithoutEnd, true, false},
    Row{"methods", Mishap::kMethods, kWithoutEnd, true, true},
    Row{"known-length", Mishap::kKnownLength, kWithoutEnd, true, true},
    Row{"conflict", Mishap::kConflict, 5, true, true},
    Row{"doubt", Mishap::kDoubt, 1, true, true},
    Row{"head-doubt", Mishap::kHeadDoubt, 1, true, true},
    Row{"mismatch", Mishap::kMismatch, 2, true, false},
    Row{"crumb", Mishap::kCrumb, 1, true, false},
    Row{"renewal", Mishap::kRenewal, 2, true, false},
    Row{"nobody", Mishap::kNobody, 5, true, false},
    Row{"impossible", Mishap::kImpossible, kWithoutEnd, true, true},
    Row{"token", Mishap::kToken, 1, false, false},
    Row{"probe", Mishap::kProbe, 2, false, false},
    Row{"slow-creation", Mishap::kSlowCreation, kWithoutEnd, false, false},
    Row{"no-checksum", Mishap::kNoChecksum, 1, false, false},
    Row{"other-host", Mishap::kOtherHost, 1, false, false},
    Row{"empty-anew", Mishap::kEmptyAnew, 1, false, false},
    Row{"handshake", Mishap::kHandshake, 5, false, false},
    Row{"recreation", Mishap::kRecreation, 3, false, false},
    Row{"head-warning", Mishap::kHeadWarning, 1, false, false},
    Row{"expiry-warning", Mishap::kExpiryWarning, 1, false, false},
    Row{"look", Mishap::kLook, 2, true, true},
    Row{"silence", Mishap::kSilence, 2, true, true},
    Row{"proof-doubt", Mishap::kProofDoubt, kWithoutEnd, true, true},
    Row{"finish", Mishap::kFinish, 6, true, true},
    Row{"join", Mishap::kJoin, 15, false, false},
    Row{"assembly", Mishap::kAssembly, 20, false, false},
    Row{"joined-gone", Mishap::kJoinedGone, 6, false, false},
    Row{"read-back", Mishap::kReadBack, 10, true, false},
    Row{"still-held", Mishap::kStillHeld, 20, true, false},
};
static_assert(kRows.size() == kMishaps);

// Several answers over ten seconds: not one, not many at once, not with something else between.
void a_row_of_answers_is_the_truth_when_it_lasts()
{
    Patience patience(1);
    for (int n = 0; n < 100; ++n)
        g_assert_false(patience.persists(Mishap::kLost, kStart + milliseconds(n)));
    g_assert_true(patience.persists(Mishap::kLost, kStart + seconds(10)));
    g_assert_true(patience.persists(Mishap::kLost, kStart + seconds(11)));
    g_assert_false(patience.persists(Mishap::kOddOffset, kStart + seconds(11)));
    g_assert_false(patience.persists(Mishap::kOddOffset, kStart + seconds(3600)));
    for (const int how : {0, 1, 2, 3}) {
        if (how == 0)
            patience.break_rows();
        else if (how == 1)
            patience.forget(Mishap::kLost);
        else if (how == 2)
            patience.forget_upload();
        else
            (void)patience.progress(1, kStart, 0);
        for (int n = 0; n < 3; ++n)
            g_assert_false(patience.persists(Mishap::kLost, kStart + seconds(20 + 10 * n)));
        g_assert_true(patience.persists(Mishap::kLost, kStart + seconds(50)));
    }
    (void)patience.allows(Mishap::kRecreation); // no row: nothing breaks it
    patience.break_rows();
    g_assert_cmpuint(patience.times(Mishap::kRecreation), ==, 1);
}

// Counts up to the most that is allowed.
Patience used_up(const Row &row, std::uint64_t factor = 1)
{
    Patience patience(1);
    const std::uint64_t most = row.most == kWithoutEnd ? 1000 : row.most * factor;
    for (std::uint64_t n = 0; n < most; ++n) {
        g_assert_cmpuint(patience.times(row.mishap), ==, n);
        g_assert_true(patience.allows(row.mishap, factor));
    }
    return patience;
}

void a_mishap_is_allowed_so_often(const Row &row)
{
    Patience patience = used_up(row);
    g_assert_cmpint(patience.exhausted(row.mishap), ==, row.most != kWithoutEnd);
    g_assert_cmpint(patience.allows(row.mishap), ==, row.most == kWithoutEnd);
    for (const Row &other : kRows) {
        if (other.mishap != row.mishap)
            g_assert_cmpuint(patience.times(other.mishap), ==, 0);
    }
    if (row.most == kWithoutEnd)
        return;
    g_assert_false(patience.allows(row.mishap)); // nor the next
    Patience several = used_up(row, 3);
    g_assert_false(several.allows(row.mishap, 3));
    Patience not_yet(1);
    for (std::uint64_t n = 0; n < row.most; ++n) {
        g_assert_false(not_yet.exhausted(row.mishap));
        (void)not_yet.allows(row.mishap);
    }
}

void a_count_begins_anew_after_what_the_table_says(const Row &row)
{
    Patience moved = used_up(row);
    const std::uint64_t most = moved.times(row.mishap);
    g_assert_false(moved.progress(0, kStart, 0).has_value()); // no outage, progress all the same
    g_assert_cmpuint(moved.times(row.mishap), ==, row.until_progress ? 0 : most);
    Patience lost = used_up(row);
    lost.forget_upload();
    g_assert_cmpuint(lost.times(row.mishap), ==, row.until_loss ? 0 : most);
    Patience asked = used_up(row);
    g_assert_true(asked.allows(Mishap::kDoubt) || row.mishap == Mishap::kDoubt);
    asked.forget(row.mishap);
    g_assert_cmpuint(asked.times(row.mishap), ==, 0);
    g_assert_true(asked.allows(row.mishap));
    if (row.mishap != Mishap::kDoubt)
        g_assert_cmpuint(asked.times(Mishap::kDoubt), ==, 1);
}

// --- trouble -------------------------------------------------------------------------------------

Error reason(const char *message, ErrorKind kind = ErrorKind::kServer)
{
    Error error;
    error.kind = kind;
    error.message = message;
    error.detail = std::string("detail of ") + message;
    error.http_status = 503;
    return error;
}

void an_outage_lasts_from_the_first_failure_to_the_first_progress()
{
    Patience patience(1);
    g_assert_false(patience.in_trouble());
    patience.failed(reason("one"), kStart, 10);
    patience.failed(reason("two"), kStart + seconds(3), 30);
    g_assert_true(patience.in_trouble());
    g_assert_cmpuint(patience.attempts(), ==, 2);
    ASSERT_STR(patience.last_trouble().message, "two");
    g_assert_true(patience.last_trouble().retryable);
    const std::optional<ReportResumed> resumed = patience.progress(77, kStart + seconds(5), 45);
    g_assert_true(resumed.has_value());
    g_assert_cmpuint(resumed->offset, ==, 77);
    g_assert_true(resumed->outage_time == seconds(5));
    g_assert_cmpuint(resumed->bytes_resent, ==, 35); // of this outage
    g_assert_false(patience.in_trouble());
    g_assert_cmpuint(patience.attempts(), ==, 0);
    g_assert_false(patience.progress(78, kStart + seconds(6), 45).has_value());
}

void outages_and_retries_are_counted()
{
    Patience patience(1);
    patience.failed(reason("one"), kStart, 0);
    patience.failed(reason("two"), kStart + seconds(1), 0);
    g_assert_true(patience.counters().outage_time == Duration::zero()); // when it is over
    (void)patience.progress(1, kStart + seconds(2), 0);
    patience.failed(reason("three"), kStart + seconds(10), 0);
    g_assert_cmpuint(patience.attempts(), ==, 1);
    const std::optional<ReportResumed> resumed = patience.progress(2, kStart + seconds(13), 0);
    g_assert_true(resumed && resumed->outage_time == seconds(3));
    g_assert_cmpuint(patience.counters().outages, ==, 2);
    g_assert_cmpuint(patience.counters().retries, ==, 3);
    g_assert_true(patience.counters().outage_time == seconds(5));
    g_assert_cmpuint(patience.counters().bytes_resent, ==, 0); // not known here
}

// --- pauses --------------------------------------------------------------------------------------

Input at(TimePoint now)
{
    Input input;
    input.now = now;
    return input;
}

void a_pause_is_told_and_waited_for()
{
    Patience patience(1);
    Input input = at(kStart);
    input.network_changes = 3;
    input.credential_changes = 4;
    patience.failed(reason("busy"), kStart, 0);
    const ReportStalled stalled = patience.pause(Trouble::kBusy, input, seconds(20));
    ASSERT_STR(stalled.reason.message, "busy");
    g_assert_cmpuint(stalled.attempt, ==, 1);
    g_assert_true(stalled.retry_in == seconds(20));
    const Wait wait = patience.wait(input);
    g_assert_true(wait.until == kStart + seconds(20));
    g_assert_cmpuint(wait.network_seen, ==, 3);
    g_assert_cmpuint(wait.credentials_seen, ==, 4);
    g_assert_false(wait.until_ended || wait.until_writer_blocked || wait.until_produced);
    g_assert_false(patience.pause_is_over(input));
    input.now = kStart + seconds(20) - milliseconds(1);
    g_assert_false(patience.pause_is_over(input));
    input.now += milliseconds(1);
    g_assert_true(patience.pause_is_over(input));
}

void pauses_grow_by_kind_until_there_is_progress()
{
    Patience patience(1);
    const Input input = at(kStart);
    const auto pause = [&](Trouble trouble) {
        patience.failed(reason("again"), kStart, 0);
        return patience.pause(trouble, input, Duration::zero()).retry_in;
    };
    Duration last{};
    for (int n = 0; n < 10; ++n)
        last = pause(Trouble::kBusy);
    g_assert_true(last >= milliseconds(7500));
    for (const Trouble other : {Trouble::kUnreachable, Trouble::kBroken, Trouble::kLocked})
        g_assert_true(pause(other) <= milliseconds(250));
    g_assert_true(pause(Trouble::kBusy) >= milliseconds(7500));
    g_assert_cmpuint(patience.attempts(), ==, 14);
    (void)patience.progress(1, kStart, 0);
    g_assert_true(pause(Trouble::kBusy) <= milliseconds(250));
}

struct Wakes {
    const char *name;
    Trouble trouble;
    bool by_network;
};

constexpr std::array kWakes = {
    Wakes{"unreachable", Trouble::kUnreachable, true},
    Wakes{"broken", Trouble::kBroken, true},
    Wakes{"busy", Trouble::kBusy, false},
    Wakes{"locked", Trouble::kLocked, false},
};

void a_pause_ends_early_when_what_was_wrong_changes(const Wakes &row)
{
    Patience patience(1);
    Input input = at(kStart);
    input.network_changes = 7;
    input.credential_changes = 7;
    patience.failed(reason("trouble"), kStart, 0);
    (void)patience.pause(row.trouble, input, seconds(10));
    g_assert_false(patience.pause_is_over(input));
    Input network = input;
    ++network.network_changes;
    g_assert_cmpint(patience.pause_is_over(network), ==, row.by_network);
    Input credentials = input;
    ++credentials.credential_changes;
    g_assert_true(patience.pause_is_over(credentials));
    (void)patience.pause(row.trouble, network, seconds(10)); // what was seen wakes once
    g_assert_false(patience.pause_is_over(network));
}

void a_rest_is_no_failure()
{
    Patience patience(1);
    Input input = at(kStart);
    patience.failed(reason("away"), kStart, 0);
    (void)patience.pause(Trouble::kUnreachable, input, Duration::zero());
    (void)patience.progress(1, kStart, 0);
    patience.rest(seconds(3), input);
    g_assert_false(patience.in_trouble());
    g_assert_cmpuint(patience.counters().retries, ==, 1);
    g_assert_true(patience.wait(input).until == kStart + seconds(3));
    ++input.network_changes; // the pause before would have ended
    g_assert_false(patience.pause_is_over(input));
    ++input.credential_changes;
    g_assert_true(patience.pause_is_over(input));
    --input.credential_changes;
    input.now += seconds(3);
    g_assert_true(patience.pause_is_over(input));
}

void a_pause_does_not_outlast_the_deadline()
{
    Patience patience(1);
    Input input = at(kStart);
    input.outage_timeout = seconds(8);
    patience.failed(reason("busy"), kStart, 0);
    (void)patience.pause(Trouble::kBusy, input, seconds(20));
    g_assert_true(patience.wait(input).until == kStart + seconds(8));
    input.outage_timeout = seconds(30);
    g_assert_true(patience.wait(input).until == kStart + seconds(20));
}

// --- when it is enough ---------------------------------------------------------------------------

void an_outage_has_its_deadline()
{
    Patience patience(1);
    Input input = at(kStart);
    g_assert_false(patience.deadline(input).has_value());
    input.outage_timeout = seconds(60);
    g_assert_false(patience.deadline(input).has_value()); // no outage
    patience.failed(reason("one"), kStart, 0);
    patience.failed(reason("two"), kStart + seconds(30), 0);
    g_assert_true(patience.deadline(input) == kStart + seconds(60));
    // a body that moves is no outage; when it began to move does not matter
    g_assert_true(patience.deadline(input, kStart + seconds(50)) == kStart + seconds(110));
    g_assert_true(patience.deadline(input, kStart - seconds(50)) == kStart + seconds(60));
    input.outage_timeout = Duration::zero(); // never
    g_assert_false(patience.deadline(input).has_value());
    input.outage_timeout = seconds(60);
    (void)patience.progress(1, kStart + seconds(40), 0);
    g_assert_false(patience.deadline(input).has_value());
}

void the_end_has_its_deadline()
{
    Patience patience(1);
    Input input = at(kStart);
    input.drain_timeout = seconds(10);
    g_assert_false(patience.deadline(input).has_value()); // not ended
    input.ended_at = kStart;
    g_assert_true(patience.deadline(input) == kStart + seconds(10));
    // a body that moves does not put it off
    g_assert_true(patience.deadline(input, kStart + seconds(5)) == kStart + seconds(10));
    patience.failed(reason("one"), kStart, 0);
    input.outage_timeout = seconds(60);
    g_assert_true(patience.deadline(input) == kStart + seconds(10)); // what comes first
    input.outage_timeout = seconds(4);
    g_assert_true(patience.deadline(input) == kStart + seconds(4));
    input.drain_timeout = Duration::zero();
    g_assert_true(patience.deadline(input) == kStart + seconds(4));
}

void an_outage_that_lasts_too_long_is_given_up()
{
    Patience patience(1);
    Input input = at(kStart);
    input.outage_timeout = seconds(60);
    patience.failed(reason("The server is busy.", ErrorKind::kNetwork), kStart, 0);
    input.now = kStart + seconds(60) - milliseconds(1);
    g_assert_false(patience.given_up(input).has_value());
    input.now = kStart + seconds(60);
    const std::optional<Error> error = patience.given_up(input);
    g_assert_true(error.has_value());
    ASSERT_STR(error->message, "The upload made no progress for as long as outage-timeout allows. "
                               "Last trouble: The server is busy.");
    g_assert_cmpstr(to_string(error->kind), ==, to_string(ErrorKind::kNetwork));
    ASSERT_STR(error->detail, "detail of The server is busy.");
    g_assert_cmpint(error->http_status, ==, 503);
    g_assert_true(error->retryable);
}

void an_end_that_is_not_confirmed_in_time_is_given_up()
{
    Patience patience(1);
    Input input = at(kStart + seconds(10));
    input.drain_timeout = seconds(10);
    g_assert_false(patience.given_up(input).has_value());
    input.ended_at = kStart;
    std::optional<Error> error = patience.given_up(input);
    g_assert_true(error.has_value());
    ASSERT_STR(error->message, "The server has not confirmed everything within drain-timeout.");
    g_assert_cmpstr(to_string(error->kind), ==, to_string(ErrorKind::kTimeout));
    g_assert_true(error->retryable);
    patience.failed(reason("It broke.", ErrorKind::kNetwork), kStart, 0);
    error = patience.given_up(input);
    ASSERT_STR(error->message, "The server has not confirmed everything within drain-timeout. "
                               "Last trouble: It broke.");
    g_assert_cmpstr(to_string(error->kind), ==, to_string(ErrorKind::kNetwork));
    input.outage_timeout = seconds(5); // both have passed: the end is told
    g_assert_true(patience.given_up(input)->message.find("drain-timeout") != std::string::npos);
    input.drain_timeout = seconds(20); // only the outage has
    g_assert_true(patience.given_up(input)->message.find("outage-timeout") != std::string::npos);
    input.now = kStart + seconds(4);
    g_assert_false(patience.given_up(input).has_value());
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/patience/row", a_row_of_answers_is_the_truth_when_it_lasts);
    for (const Row &row : kRows) {
        add_row_test(std::string("/patience/most/") + row.name, row, a_mishap_is_allowed_so_often);
        add_row_test(std::string("/patience/anew/") + row.name, row,
                     a_count_begins_anew_after_what_the_table_says);
    }
    add_test("/patience/trouble/lasts",
             an_outage_lasts_from_the_first_failure_to_the_first_progress);
    add_test("/patience/trouble/counted", outages_and_retries_are_counted);
    add_test("/patience/pause/told", a_pause_is_told_and_waited_for);
    add_test("/patience/pause/grows", pauses_grow_by_kind_until_there_is_progress);
    for (const Wakes &row : kWakes)
        add_row_test(std::string("/patience/pause/wakes/") + row.name, row,
                     a_pause_ends_early_when_what_was_wrong_changes);
    add_test("/patience/pause/rest", a_rest_is_no_failure);
    add_test("/patience/pause/deadline", a_pause_does_not_outlast_the_deadline);
    add_test("/patience/enough/outage-deadline", an_outage_has_its_deadline);
    add_test("/patience/enough/drain-deadline", the_end_has_its_deadline);
    add_test("/patience/enough/outage", an_outage_that_lasts_too_long_is_given_up);
    add_test("/patience/enough/drain", an_end_that_is_not_confirmed_in_time_is_given_up);
    return g_test_run();
}
