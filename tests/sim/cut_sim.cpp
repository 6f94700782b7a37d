// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// cut-sim: thousands of recordings whose computer loses its power. Without options: the tests
// (TAP). See --help.
#include "base/text.h"
#include "by_hand.h"
#include "cut_run.h"
#include "test.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <unistd.h>

using namespace gsttus;
using namespace gsttus::sim;

namespace {

constexpr std::uint64_t kSchedules = 2000;
constexpr std::uint64_t kSchedulesForMutant = 2000;
constexpr std::size_t kSeedsOfKind = 8;

// In memory where that is possible.
class Folder {
public:
    Folder()
    {
        const bool usable = ::access("/dev/shm", W_OK | X_OK) == 0;
        path_ = cat(usable ? "/dev/shm" : g_get_tmp_dir(), "/gst-tus-cut-XXXXXX");
        g_assert_nonnull(::mkdtemp(path_.data()));
    }

    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    const std::string &path() const { return path_; }

private:
    std::string path_;
};

std::string kind_of(std::string violation)
{
    std::replace_if(
        violation.begin(), violation.end(), [](char c) { return c >= '0' && c <= '9'; }, '#');
    violation.erase(std::unique(violation.begin(), violation.end(),
                                [](char a, char b) { return a == '#' && b == '#'; }),
                    violation.end());
    return violation;
}

struct Totals {
    std::uint64_t schedules = 0, found = 0, promised = 0, again = 0, failing = 0;
    std::map<std::string, std::vector<std::uint64_t>> kinds;
    double seconds = 0;
};

Totals run_many(std::uint64_t first, std::uint64_t count, CutMutation mutation)
{
    const Folder folder;
    Totals totals;
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const CutOutcome outcome = run_cut(seed, mutation, folder.path());
        ++totals.schedules;
        totals.found += outcome.found ? 1 : 0;
        totals.promised += outcome.promised ? 1 : 0;
        totals.again += outcome.again ? 1 : 0;
        if (outcome.violation.empty())
            continue;
        ++totals.failing;
        totals.kinds[kind_of(outcome.violation)].push_back(seed);
    }
    totals.seconds = to_seconds(std::chrono::steady_clock::now() - start);
    return totals;
}

std::string text_of(const Totals &totals)
{
    std::string text;
    for (const auto &[violation, seeds] : totals.kinds) {
        text += cat(seeds.size(), ": ", violation, "\n   seeds");
        for (std::size_t n = 0; n < std::min(seeds.size(), kSeedsOfKind); ++n)
            text += cat(' ', seeds[n]);
        text += '\n';
    }
    const auto per_second = static_cast<std::uint64_t>(static_cast<double>(totals.schedules) /
                                                       std::max(totals.seconds, 1e-9));
    return cat(text, totals.schedules, " cuts, after ", totals.failing,
               " of them a recovery found something else than it should; ", totals.promised,
               " with synced bytes that the server did not have, ", totals.found,
               " with bytes to be found, ", totals.again, " cut off once more; ", per_second,
               " per second");
}

void every_cut_leaves_a_right_prefix()
{
    std::uint64_t count = kSchedules;
    if (const char *wanted = g_getenv("GST_TUS_SIM_SCHEDULES"))
        count = std::max<std::uint64_t>(g_ascii_strtoull(wanted, nullptr, 10) / 10, 1);
    const Totals totals = run_many(1, count, CutMutation::kNone);
    g_test_message("%s", text_of(totals).c_str());
    g_assert_cmpuint(totals.failing, ==, 0);
    // there must be something to lose
    g_assert_cmpuint(totals.promised * 4, >, totals.schedules);
    g_assert_cmpuint(totals.again * 20, >, totals.schedules);
}

void the_same_seed_runs_the_same_way()
{
    const Folder folder;
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
        std::vector<std::string> a, b;
        run_cut(seed, CutMutation::kNone, folder.path(), &a);
        run_cut(seed, CutMutation::kNone, folder.path(), &b);
        // the names of the folders are new each time
        for (auto *lines : {&a, &b})
            std::erase_if(*lines, [](const std::string &line) {
                return line.find("upload-") != std::string::npos;
            });
        g_assert_true(a == b && !a.empty());
    }
}

void mutant_is_caught(const CutMutation &mutation)
{
    const Folder folder;
    for (std::uint64_t seed = 1; seed <= kSchedulesForMutant; ++seed) {
        const CutOutcome outcome = run_cut(seed, mutation, folder.path());
        if (outcome.violation.empty())
            continue;
        g_test_message("caught by cut %" G_GUINT64_FORMAT ": %s", seed, outcome.violation.c_str());
        return;
    }
    g_error("nobody noticed: %s", sim::to_string(mutation));
}

int run_tests(int argc, char **argv)
{
    static std::array<CutMutation, static_cast<std::size_t>(CutMutation::kCount)> mutations;
    test::init(argc, argv);
    test::add_test("/cut/schedules", every_cut_leaves_a_right_prefix);
    test::add_test("/cut/same-seed", the_same_seed_runs_the_same_way);
    for (std::size_t n = 1; n < mutations.size(); ++n) {
        mutations[n] = static_cast<CutMutation>(n);
        test::add_row_test(cat("/cut/mutant/", sim::to_string(mutations[n])), mutations[n],
                           mutant_is_caught);
    }
    return g_test_run();
}

// --- command line --------------------------------------------------------------------------------

int show(std::uint64_t seed, CutMutation mutation)
{
    const Folder folder;
    std::vector<std::string> trace;
    const CutOutcome outcome = run_cut(seed, mutation, folder.path(), &trace);
    for (const std::string &line : trace)
        g_print("%s\n", line.c_str());
    return outcome.violation.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv)
{
    const auto wanted = by_hand(argc, argv);
    if (!wanted)
        return run_tests(argc, argv);
    const auto mutation = mutation_of<CutMutation>(wanted->mutant);
    if (wanted->show > 0)
        return show(wanted->show, mutation);
    const Totals totals = run_many(wanted->seed, wanted->schedules, mutation);
    g_print("%s\n", text_of(totals).c_str());
    return totals.failing == 0 ? 0 : 1;
}
