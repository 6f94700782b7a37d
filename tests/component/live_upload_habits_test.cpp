// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Uploads to servers with an odd habit, one at a time: each was seen to break something. What the
// server has at the end, and what the application is told of it.
#include "base/text.h"
#include "live_upload_fixture.h"
#include "replay/recovery.h"
#include "standin/habits.h"

#include <algorithm>

using namespace gsttus;
using namespace gsttus::test;

namespace {

enum class Then {
    kComplete,  // every byte is at the server, which knows that it is all
    kAnew,      // the same, in another upload; a WARNING says so
    kComplains, // complete, with a WARNING
    kKept,      // the same, and the recording is kept: nobody could look whether it is complete
    kHeals,     // complete, after an outage that was told
    kFails,     // an ERROR, and what was recorded is kept
    kGivesUp,   // the same when outage-timeout has passed; the outage was told before
};

struct Row {
    const char *name;
    const char *habit; // nullptr: none; what it does happens for once, by a fault
    Then then = Then::kComplete;
    const char *text = nullptr; // in the ERROR or WARNING, or in what was told of the outage
    const char *fault = nullptr;
    LengthMode mode = LengthMode::kAuto;
    std::vector<std::string> extensions = StandinOptions::all_extensions();
    std::size_t size = 3000000; // bytes
};

const std::vector<std::string> kWithoutJoining = {"creation", "creation-defer-length",
                                                  "termination"};
const std::vector<std::string> kWithoutDeferring = {"creation", "concatenation", "termination"};

const std::vector<Row> kRows = {
    {"forget-length", "forget-length", Then::kAnew, "does not note the length", nullptr,
     LengthMode::kAuto, kWithoutJoining},
    {"stale-head", "stale-head=1000000"},
    {"ahead-head", "ahead-head=1000000"},
    {"cookie", "cookie"},
    {"signed", "signed"},
    {"lost-after", "lost-after"},
    {"lost-after-410", "lost-after=410"},
    {"lost-after-403", "lost-after=403"},
    {"slow-create", "slow-create=2"},
    {"options-cut", "options-cut"},
    {"length-zero", "length-zero", Then::kComplains, "unknown length", nullptr, LengthMode::kAuto,
     kWithoutJoining},
    {"length-untold", "length-zero=untold", Then::kComplains, "unknown length", nullptr,
     LengthMode::kAuto, kWithoutJoining},
    {"no-head", "no-head", Then::kKept, "HEAD"},
    {"no-head-and-a-cut", "no-head", Then::kKept, "HEAD", "on PATCH 3: cut"},
    {"head-is-get", "head-is-get", Then::kComplete, nullptr, "on PATCH 3: cut"},
    {"finish-500", "finish-500"},
    {"finish-504", "finish-504"},
    {"finish-500-for-ever", "finish-500=never", Then::kFails, "could not finish"},
    {"needs-filetype", "needs-filetype", Then::kComplete, nullptr, "on PATCH 3: cut"},
    {"joining-is-held", "join-409=3", Then::kComplains, "concatenation", nullptr, LengthMode::kAuto,
     kWithoutDeferring},
    {"joins-too-little", "join-short", Then::kFails, "joined", nullptr, LengthMode::kConcatenation,
     kWithoutDeferring},
    {"joins-too-little-not-asked-for", "join-short"},
    {"extensions-only-with-resumable", "extensions-only-with-resumable"},
    {"extensions-only-with-resumable-405", "extensions-only-with-resumable=405"},
    {"empty", "refuses-empty-deferred", Then::kComplete, nullptr, nullptr, LengthMode::kAuto,
     StandinOptions::all_extensions(), 0},
    {"slow-headers", "slow-headers", Then::kGivesUp, "not answered for 1 s"},
    {"slow-headers-from-the-first", "slow-headers=1", Then::kGivesUp, "not answered for 1 s"},
    {"slow-headers-for-a-while", nullptr, Then::kHeals, "not answered for 1 s",
     "on PATCH 2-3: slow headers 2 s"},
    {"slow-headers-of-what-is-stored", nullptr, Then::kHeals, "not answered for 1 s",
     "on PATCH 2-3: store, then slow headers 2 s"},
    {"one-byte", "one-byte", Then::kGivesUp, "took only 1 of"},
    {"one-byte-for-a-while", nullptr, Then::kHeals, "took only 1 of",
     "on PATCH 2-5: accept only 1 byte"},
    {"echo", "echo", Then::kFails, "unknown token"},
    // of requests that stay open: live_upload_stream_test.cpp
    {"holds-bodies", "holds-bodies"},
    {"refuses-chunked", "refuses-chunked"},
};

constexpr const char *kSecret = "marker-of-a-secret";

struct Odd {
    explicit Odd(const Row &row)
    {
        config.chunk_size = 256 << 10;
        config.length_mode = row.mode;
        config.keep_until_proved = true;
        config.replay.spool_mode = SpoolMode::kOverflow;
        config.replay.spool_dir = folder.get();
        config.replay.rollback_margin = 64 << 10; // less than what is uploaded
        config.runtime.timeout = seconds(1);
        config.runtime.authorization = cat("Bearer ", kSecret);
        if (row.then == Then::kGivesUp)
            config.runtime.outage_timeout = seconds(3);
        StandinOptions options;
        if (row.habit)
            options.habits = {row.habit};
        options.extensions = row.extensions;
        if (row.fault)
            options.faults = {row.fault};
        recording.emplace(std::move(options), config);
        recording->begin(config, cat(recording->server->files_url(), "?key=", kSecret));
    }

    GCharOwn folder{g_dir_make_tmp("gst-tus-habits-XXXXXX", nullptr)};
    UploadConfig config = quick_config();
    std::optional<Recording> recording;
};

bool has(const std::string &text, const char *part)
{
    return text.find(part) != std::string::npos;
}

bool says(const std::vector<Error> &errors, const char *text)
{
    return std::any_of(errors.begin(), errors.end(),
                       [&](const Error &error) { return has(error.message, text); });
}

bool told_outage(const Listener &told, const char *text)
{
    return std::any_of(told.stalls_.begin(), told.stalls_.end(),
                       [&](const UploadStalled &stall) { return has(stall.reason.message, text); });
}

// Whatever the server repeats of what it was sent.
void shows_no_secret(const Listener &told)
{
    std::vector<Error> all = told.warnings_;
    for (const UploadStalled &stall : told.stalls_)
        all.push_back(stall.reason);
    if (told.failure_)
        all.push_back(*told.failure_);
    for (const Error &error : all) {
        g_test_message("told: %s [%s]", error.message.c_str(), error.detail.c_str());
        g_assert_false(has(error.message, kSecret) || has(error.detail, kSecret));
    }
}

std::size_t whole_uploads(const Snapshot &snapshot, std::span<const std::byte> bytes)
{
    const std::string sum = sha256(bytes);
    std::size_t whole = 0;
    for (const auto &[id, record] : snapshot.uploads)
        whole += record.finished && !record.partial && record.sha256 == sum ? 1 : 0;
    return whole;
}

void nothing_is_lost(const Row &row, const Listener &told)
{
    g_assert_true(has(told.failure_->message + told.failure_->detail, row.text));
    g_assert_false(told.spool_path_.empty());
    g_assert_false(told.complete_.has_value());
}

void everything_is_there(const Row &row, const Recording &recording,
                         std::span<const std::byte> bytes)
{
    const Listener &told = recording.listener;
    g_assert_cmpuint(whole_uploads(recording.server->snapshot(), bytes), ==, 1);
    g_assert_cmpuint(told.complete_->bytes, ==, bytes.size());
    ASSERT_STR(told.complete_->sha256, sha256(bytes));
    if (row.then == Then::kHeals)
        g_assert_cmpuint(told.resumes_.size(), >=, 1);
    else if (row.text)
        g_assert_true(says(told.warnings_, row.text));
    if (row.then == Then::kComplete)
        g_assert_cmpuint(told.warnings_.size(), <=, 1); // of an outage
}

void the_outcome_is_true(const Row &row)
{
    Odd odd(row);
    Recording &recording = *odd.recording;
    const std::vector<std::byte> bytes = noise(row.size);
    const bool fails = row.then == Then::kFails || row.then == Then::kGivesUp;
    if (fails) // afterwards nothing is taken any more
        recording.write(bytes);
    recording.upload->start();
    if (!fails)
        recording.write(bytes);
    if (row.then == Then::kComplains ||
        row.then == Then::kKept) // while it is recorded: that it lasts is not known yet
        g_assert_true(recording.listener.wait_for(
            [&](const Listener &told) { return says(told.warnings_, row.text); }));
    recording.upload->finish();
    const DrainStatus drained = recording.upload->wait_drained();
    recording.upload->stop(OnStop::kFinish);
    const Listener &told = recording.listener;
    shows_no_secret(told);
    g_assert_true(drained == (fails ? DrainStatus::kFailed : DrainStatus::kComplete));
    if (row.then == Then::kHeals || row.then == Then::kGivesUp)
        g_assert_true(told_outage(told, row.text));
    if (fails)
        return nothing_is_lost(row, told);
    everything_is_there(row, recording, bytes);
    recording.upload.reset(); // it has the folder
    const std::size_t kept = row.then == Then::kKept ? 1 : 0;
    g_assert_cmpuint(told.kept_.size(), ==, kept);
    for (const UploadKept &copy : told.kept_) {
        const GCharOwn id(g_path_get_basename(copy.path.c_str()));
        g_assert_true(delete_upload(odd.folder.get(), id.get()).ok());
    }
    g_assert_cmpint(remove_spool(odd.folder.get()), ==, 0);
}

void every_habit_has_a_row()
{
    for (const standin::HabitName &known : standin::all_habits()) {
        g_test_message("%s", std::string(known.name).c_str());
        g_assert_true(std::any_of(kRows.begin(), kRows.end(), [&](const Row &row) {
            const std::string_view habit = row.habit ? row.habit : "";
            return habit.substr(0, habit.find('=')) == known.name;
        }));
    }
}

void add()
{
    add_test("/live-upload/habits/all", every_habit_has_a_row);
    for (const Row &row : kRows)
        add_row_test(cat("/live-upload/habits/", row.name), row, the_outcome_is_true);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add);
}
