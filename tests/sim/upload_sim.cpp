// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// upload-sim: thousands of uploads with random faults against a model server, on a clock of their
// own. Without options: the tests (TAP). See --help.
#include "base/text.h"
#include "by_hand.h"
#include "simulation.h"
#include "test.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

using namespace gsttus;
using namespace gsttus::sim;

namespace {

constexpr std::uint64_t kSchedules = 20000;
constexpr std::uint64_t kSchedulesForMutant = 20000;
constexpr std::size_t kSeedsOfKind = 8;
constexpr std::size_t kTraceHead = 40, kTraceTail = 25;

struct Totals {
    std::uint64_t schedules = 0, finished = 0, requests = 0, faults = 0, failing = 0;
    std::array<std::uint64_t, 4> modes{};                    // of those that finished
    std::map<std::string, std::vector<std::uint64_t>> kinds; // seeds of those that failed
    double seconds = 0;
};

// The same for all violations that differ in numbers only.
std::string kind_of(std::string violation)
{
    std::replace_if(
        violation.begin(), violation.end(), [](char c) { return c >= '0' && c <= '9'; }, '#');
    violation.erase(std::unique(violation.begin(), violation.end(),
                                [](char a, char b) { return a == '#' && b == '#'; }),
                    violation.end());
    return violation;
}

std::string report(const Schedule &found, Mutation mutation)
{
    const Schedule schedule = shrink(found, mutation);
    std::vector<std::string> trace;
    const Outcome outcome = run(schedule, mutation, &trace);
    std::string text =
        cat("seed ", found.seed, ": ", outcome.violation, "\nshrunk from ", found.faults.size(),
            " to ", schedule.faults.size(), " faults\n", describe(schedule), '\n');
    for (std::size_t n = 0; n < trace.size(); ++n) {
        if (n == kTraceHead && trace.size() > kTraceHead + kTraceTail) {
            n = trace.size() - kTraceTail;
            text += "  ...\n";
        }
        text += cat("  ", trace[n], '\n');
    }
    return text;
}

Totals run_many(std::uint64_t first, std::uint64_t count, std::uint64_t most_reports)
{
    Totals totals;
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const Schedule schedule = make_schedule(seed);
        const Outcome outcome = run(schedule);
        ++totals.schedules;
        totals.requests += outcome.requests;
        totals.faults += outcome.faults;
        if (outcome.finished && outcome.violation.empty()) {
            ++totals.finished;
            ++totals.modes[static_cast<std::size_t>(outcome.mode)];
        }
        if (outcome.violation.empty())
            continue;
        totals.kinds[kind_of(outcome.violation)].push_back(seed);
        if (totals.failing++ < most_reports)
            g_printerr("%s\n", report(schedule, Mutation::kNone).c_str());
    }
    totals.seconds = to_seconds(std::chrono::steady_clock::now() - start);
    return totals;
}

std::string text_of(const Totals &t)
{
    const auto per_second =
        static_cast<std::uint64_t>(static_cast<double>(t.schedules) / std::max(t.seconds, 1e-9));
    return cat(t.schedules, " schedules, ", t.failing, " broke an invariant, ", t.finished,
               " uploads finished (deferred ", t.modes[1], ", concatenation ", t.modes[2],
               ", spool ", t.modes[3], "), ", t.requests, " requests, ", t.faults, " faults, ",
               per_second, " schedules per second");
}

// --- tests ---------------------------------------------------------------------------------------

void every_schedule_keeps_the_invariants()
{
    std::uint64_t count = kSchedules;
    if (const char *wanted = g_getenv("GST_TUS_SIM_SCHEDULES"))
        count = std::max<std::uint64_t>(g_ascii_strtoull(wanted, nullptr, 10), 1);
    const Totals totals = run_many(1, count, 1);
    g_test_message("%s", text_of(totals).c_str());
    g_assert_cmpuint(totals.failing, ==, 0);
    // the faults must not end so many uploads that nothing is tried any more
    g_assert_cmpuint(totals.finished * 10, >, totals.schedules * 5);
    for (const LengthMode mode :
         {LengthMode::kDeferred, LengthMode::kConcatenation, LengthMode::kSpool})
        g_assert_true(count < 1000 || totals.modes[static_cast<std::size_t>(mode)] > count / 50);
}

void the_same_seed_runs_the_same_way()
{
    for (std::uint64_t seed = 1; seed < 200; ++seed) {
        std::vector<std::string> a, b;
        run(make_schedule(seed), Mutation::kNone, &a);
        run(make_schedule(seed), Mutation::kNone, &b);
        g_assert_true(a == b && !a.empty());
    }
}

void uploads_without_faults_finish()
{
    for (std::uint64_t seed = 1; seed < 2000; ++seed) {
        Schedule schedule = make_schedule(seed);
        schedule.faults.clear();
        schedule.max_size = 0;
        schedule.can_spool = true;
        schedule.capacity = std::uint64_t{1} << 40;
        schedule.real_store = schedule.real_disk = false;
        schedule.length_mode = LengthMode::kAuto;
        schedule.drain_timeout = schedule.outage_timeout = Duration::zero();
        schedule.proxy_limit = 0;
        schedule.refuses_empty_patch = false;
        schedule.join_conflicts = 0;
        schedule.assembly = schedule.assembly % 10;
        schedule.joins_wrongly = false;
        schedule.finish_fails =
            schedule.end_habit == EndHabit::kSilent ? 0 : schedule.finish_fails % 4;
        if (schedule.origin > 0) // somebody else's bytes are not here to be sent anew
            schedule.end_habit = EndHabit::kNotes;
        schedule.margin = std::uint64_t{1} << 40;
        const Outcome outcome = run(schedule);
        if (!outcome.violation.empty() || !outcome.finished)
            g_error("%s", report(schedule, Mutation::kNone).c_str());
    }
}

void mutant_is_caught(const Mutation &mutation)
{
    for (std::uint64_t seed = 1; seed <= kSchedulesForMutant; ++seed) {
        const Outcome outcome = run(make_schedule(seed), mutation);
        if (outcome.violation.empty())
            continue;
        g_test_message("caught by schedule %" G_GUINT64_FORMAT ": %s", seed,
                       outcome.violation.c_str());
        return;
    }
    g_error("nobody noticed: %s", sim::to_string(mutation));
}

// What is printed for a failing seed is short and fails in the same way.
void a_failing_schedule_shrinks()
{
    std::size_t faults = 0, pieces = 0, schedules = 0;
    for (std::uint64_t seed = 1; schedules < 20; ++seed) {
        const Schedule found = make_schedule(seed);
        const Outcome outcome = run(found, Mutation::kIgnoresRollback);
        if (outcome.violation.empty())
            continue;
        const Schedule schedule = shrink(found, Mutation::kIgnoresRollback);
        ASSERT_STR(run(schedule, Mutation::kIgnoresRollback).violation.substr(0, 30),
                   outcome.violation.substr(0, 30));
        g_assert_cmpuint(schedule.faults.size(), <=, found.faults.size());
        faults += schedule.faults.size();
        pieces += schedule.pieces.size();
        ++schedules;
    }
    g_assert_cmpuint(faults, <=, 3 * schedules);
    g_assert_cmpuint(pieces, <=, 6 * schedules);
}

int run_tests(int argc, char **argv)
{
    static std::array<Mutation, static_cast<std::size_t>(Mutation::kCount)> mutations;
    test::init(argc, argv);
    test::add_test("/sim/schedules", every_schedule_keeps_the_invariants);
    test::add_test("/sim/same-seed", the_same_seed_runs_the_same_way);
    test::add_test("/sim/no-faults", uploads_without_faults_finish);
    test::add_test("/sim/shrinks", a_failing_schedule_shrinks);
    for (std::size_t n = 1; n < mutations.size(); ++n) {
        mutations[n] = static_cast<Mutation>(n);
        test::add_row_test(cat("/sim/mutant/", sim::to_string(mutations[n])), mutations[n],
                           mutant_is_caught);
    }
    return g_test_run();
}

// --- command line --------------------------------------------------------------------------------

int show(std::uint64_t seed, Mutation mutation)
{
    const Schedule schedule = make_schedule(seed);
    std::vector<std::string> trace;
    const Outcome outcome = run(schedule, mutation, &trace);
    g_print("%s\n", describe(schedule).c_str());
    for (const std::string &line : trace)
        g_print("  %s\n", line.c_str());
    if (outcome.violation.empty())
        return 0;
    g_print("\n%s", report(schedule, mutation).c_str());
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    const auto wanted = by_hand(argc, argv);
    if (!wanted)
        return run_tests(argc, argv);
    if (wanted->show > 0)
        return show(wanted->show, mutation_of<Mutation>(wanted->mutant));
    const Totals totals = run_many(wanted->seed, wanted->schedules, 1);
    for (const auto &[violation, seeds] : totals.kinds) {
        g_print("%zu: %s\n   seeds", seeds.size(), violation.c_str());
        for (std::size_t n = 0; n < std::min(seeds.size(), kSeedsOfKind); ++n)
            g_print(" %" G_GUINT64_FORMAT, seeds[n]);
        g_print("\n");
    }
    g_print("%s\n", text_of(totals).c_str());
    return totals.failing == 0 ? 0 : 1;
}
