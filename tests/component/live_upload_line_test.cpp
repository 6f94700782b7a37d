// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What an application asks of the line while a recording runs: a limit of the rate, and pauses.
#include "base/text.h"
#include "live_upload_fixture.h"
#include "upload/store_body.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr milliseconds kBeat{50};

// The upload thread has gone round so often, with a beat in between: whatever it would do, it has.
bool lets_beats_pass(Recording &recording, std::uint64_t count)
{
    std::uint64_t begin = 0;
    recording.listener.wait_for([&](const Listener &now) {
        begin = now.beats_;
        return true;
    });
    return recording.listener.wait_for(
        [&](const Listener &now) { return now.beats_ >= begin + count; });
}

// The server gets no byte and no request any more.
bool gets_quiet(Recording &recording)
{
    const TimePoint deadline = Clock::now() + kPatience;
    for (Snapshot before = recording.server->snapshot(); Clock::now() < deadline;) {
        if (!lets_beats_pass(recording, 4))
            return false;
        Snapshot now = recording.server->snapshot();
        if (now.bytes_received == before.bytes_received &&
            now.requests_total == before.requests_total)
            return true;
        before = std::move(now);
    }
    return false;
}

// --- max-upload-rate -----------------------------------------------------------------------------

void server_gets_no_more_than_the_rate()
{
    UploadConfig config = quick_config();
    config.chunk_size = 1 << 20;
    config.runtime.max_upload_rate = 1600000; // 200000 bytes/s
    Recording recording({}, config);
    const std::vector<std::byte> bytes = noise(1500000);
    recording.write(bytes, bytes.size()); // is not held up
    const TimePoint begin = Clock::now();
    recording.upload->start();
    recording.upload->finish();
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 300000; }, kPatience));
    // nothing but time lets bytes through, so a slow machine can only help
    const std::uint64_t received = recording.server->snapshot().bytes_received;
    const double span = to_seconds(Clock::now() - begin);
    g_assert_cmpfloat(static_cast<double>(received), <, 1.2 * 200000 * (span + 0.2));
    config.runtime.max_upload_rate = 0; // at once, also for the request that is under way
    recording.upload->update(config.runtime);
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_true(recording.listener.stalls_.empty());
}

// Slower than any time-out: as long as bytes move, all is well.
void tiny_rate_is_no_trouble()
{
    UploadConfig config = quick_config();
    config.runtime.timeout = seconds(1);
    config.runtime.outage_timeout = seconds(1);
    config.runtime.max_upload_rate = 8000; // 1000 bytes/s
    Recording recording({}, config);
    const std::vector<std::byte> bytes = noise(4000);
    recording.write(bytes);
    recording.upload->start();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpuint(recording.upload->stats().outages, ==, 0);
}

// What may go is used up also where blocks of memory end: else the rate would be less than asked
// for.
void all_that_may_go_goes()
{
    constexpr std::size_t kRoom = 64 << 10, kBlock = 40000;
    UploadConfig config = quick_config();
    config.replay.max_memory = 16 * kBlock;
    Listener listener;
    const auto core = std::make_shared<LiveUpload::Core>(
        config, std::make_unique<TusTarget>("http://127.0.0.1/", Metadata{}), TransportFactory{},
        listener, nullptr);
    const std::vector<std::byte> bytes = noise(10 * kBlock);
    {
        MutexLock lock(core->mutex);
        g_assert_cmpuint(core->append(bytes), ==, bytes.size());
    }
    std::size_t allowed = 0;
    StoreBody body(*core, 0, [&allowed](std::size_t wanted) -> Result<std::size_t> {
        allowed += wanted;
        return wanted;
    });
    for (std::size_t at = 0; at < bytes.size();) {
        const auto shown = body.view(at, std::min(kRoom, bytes.size() - at));
        g_assert_true(shown.ok());
        g_assert_true(std::equal(shown->begin(), shown->end(),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(at)));
        at += shown->size();
        g_assert_cmpuint(at, <=, allowed);
    }
    g_assert_cmpuint(allowed, ==, bytes.size());
}

// --- upload-paused -------------------------------------------------------------------------------

struct ModeRow {
    const char *name;
    std::vector<std::string> extensions;
};

const std::vector<ModeRow> kModes = {
    {"deferred", {"creation", "creation-defer-length", "termination"}},
    {"concatenation", {"creation", "concatenation", "termination"}},
    {"spool", {"creation"}},
};

StandinOptions options_of(const ModeRow &row)
{
    StandinOptions options;
    options.extensions = row.extensions;
    return options;
}

UploadConfig config_of(const ModeRow &)
{
    UploadConfig config = quick_config();
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = g_get_user_cache_dir();
    config.runtime.progress_interval = kBeat;
    return config;
}

void nothing_is_sent_before_a_pause_is_over(const ModeRow &row)
{
    UploadConfig config = config_of(row);
    config.runtime.paused = true;
    config.replay.max_memory = 200000;
    Recording recording(options_of(row), config);
    const std::vector<std::byte> bytes = noise(700000);
    recording.upload->start();
    recording.write(bytes); // memory, then disk
    recording.upload->finish();
    g_assert_true(lets_beats_pass(recording, 4)); // they begin when it waits for no title any more
    g_assert_cmpuint(recording.server->snapshot().requests_total, ==, 0);
    ASSERT_STR(recording.upload->stats().state, "paused");
    config.runtime.paused = false;
    recording.upload->update(config.runtime);
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_true(recording.listener.stalls_.empty());
    ASSERT_STR(recording.upload->stats().state, "finished");
}

// What has waited for the server goes in fewer, larger requests, and every byte of it is right.
void a_backlog_goes_in_larger_requests(const ModeRow &row)
{
    UploadConfig config = config_of(row);
    config.max_chunk_size = 1 << 20;
    Recording recording(options_of(row), config);
    const std::vector<std::byte> bytes = noise(5000000);
    recording.write(bytes, bytes.size());
    recording.upload->start();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes, true);
    std::uint64_t largest = 0;
    for (const auto &record : recording.server->snapshot().requests)
        if (record.request.method == "PATCH")
            largest = std::max(largest, record.body_bytes);
    g_assert_cmpuint(largest, >, 500000);
    g_assert_cmpuint(largest, <=, 1 << 20);
}

void a_pause_ends_a_request_and_is_no_trouble(const ModeRow &row)
{
    UploadConfig config = config_of(row);
    config.chunk_size = 4 << 20;
    config.runtime.outage_timeout = milliseconds(500);
    config.runtime.max_upload_rate = 1600000;
    Recording recording(options_of(row), config);
    const std::vector<std::byte> bytes = noise(1500000);
    recording.upload->start();
    recording.write(bytes, bytes.size());
    recording.upload->finish();
    for (const std::uint64_t until : {20000, 60000, 120000}) {
        g_assert_true(recording.server->wait_for(
            [until](const Snapshot &now) { return now.bytes_received > until; }, kPatience));
        config.runtime.paused = true;
        recording.upload->update(config.runtime);
        g_assert_true(gets_quiet(recording));
        ASSERT_STR(recording.upload->stats().state, "paused");
        g_assert_cmpuint(recording.server->snapshot().bytes_received, <, bytes.size());
        config.runtime.paused = false;
        recording.upload->update(config.runtime);
    }
    config.runtime.max_upload_rate = 0;
    recording.upload->update(config.runtime);
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes, true);
    g_assert_true(recording.listener.stalls_.empty());
    g_assert_cmpuint(recording.upload->stats().outages, ==, 0);
}

void an_outage_is_not_counted_in_a_pause()
{
    UploadConfig config = quick_config();
    config.runtime.outage_timeout = seconds(2);
    config.runtime.progress_interval = kBeat;
    Recording recording({}, config);
    recording.server->go_away();
    const std::vector<std::byte> bytes = noise(1000);
    recording.write(bytes);
    recording.upload->start();
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return !now.stalls_.empty(); }));
    config.runtime.paused = true;
    recording.upload->update(config.runtime);
    g_assert_true(lets_beats_pass(recording, seconds(2) / kBeat + 10));
    const std::size_t stalls = recording.listener.stalls_.size();
    g_assert_true(recording.server->come_back().ok());
    config.runtime.paused = false;
    recording.upload->update(config.runtime);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpuint(recording.listener.stalls_.size(), ==, stalls);
}

void drain_timeout_counts_in_a_pause()
{
    for (const bool ended_before : {false, true}) {
        UploadConfig config = quick_config();
        config.runtime.drain_timeout = milliseconds(300);
        config.runtime.paused = true;
        Recording recording({}, config);
        recording.write(noise(1000));
        if (ended_before)
            recording.upload->finish();
        recording.upload->start();
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
        recording.upload->stop(OnStop::kFinish);
        g_assert_nonnull(strstr(recording.listener.failure_->message.c_str(), "drain-timeout"));
        g_assert_nonnull(strstr(recording.listener.failure_->message.c_str(), "paused"));
        g_assert_cmpuint(recording.server->snapshot().requests_total, ==, 0);
    }
}

void what_is_missing_at_a_stop_in_a_pause_is_kept(const ModeRow &row)
{
    UploadConfig config = config_of(row);
    config.stop_timeout = seconds(600); // is not waited for
    config.runtime.paused = true;
    Recording recording(options_of(row), config);
    recording.upload->start();
    recording.write(noise(100000));
    recording.upload->stop(OnStop::kFinish);
    g_assert_true(recording.listener.failure_.has_value());
    g_assert_cmpstr(recording.listener.spool_path_.c_str(), !=, "");
    g_assert_cmpuint(recording.server->snapshot().requests_total, ==, 0);
}

// Some of it is at the server when it is paused.
void records_and_pauses(Recording &recording, UploadConfig &config)
{
    recording.upload->start();
    recording.write(noise(200000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 0; }, kPatience));
    config.runtime.paused = true;
    recording.upload->update(config.runtime);
}

// What is not wanted is removed all the same: that carries no byte of the recording.
void a_stop_in_a_pause_removes_what_it_should(const ModeRow &row)
{
    UploadConfig config = config_of(row);
    config.on_stop = OnStop::kTerminate;
    Recording recording(options_of(row), config);
    records_and_pauses(recording, config);
    g_assert_true(gets_quiet(recording));
    recording.write(noise(100000));
    const std::uint64_t received = recording.server->snapshot().bytes_received;
    recording.upload->stop(OnStop::kTerminate);
    const Snapshot now = recording.server->snapshot();
    g_assert_cmpuint(now.uploads.size(), >=, 1);
    for (const auto &[id, upload] : now.uploads)
        g_assert_true(upload.removed);
    g_assert_cmpuint(now.bytes_received, ==, received);
    ASSERT_STR(recording.listener.spool_path_, "");
    g_assert_false(recording.listener.failure_.has_value());
}

void a_stop_in_a_pause_that_never_ended_removes_nothing()
{
    UploadConfig config = config_of(kModes.front());
    config.runtime.paused = true;
    Recording recording({}, config);
    recording.upload->start();
    recording.write(noise(100000));
    recording.upload->stop(OnStop::kTerminate);
    g_assert_cmpuint(recording.server->snapshot().requests_total, ==, 0);
    g_assert_true(recording.listener.warnings_.empty());
}

void a_silent_server_holds_up_no_stop_in_a_pause()
{
    UploadConfig config = config_of(kModes.front());
    config.stop_timeout = seconds(1);
    Recording recording({}, config);
    g_assert_true(recording.server->add_fault("on DELETE any: stall 60 s").ok());
    records_and_pauses(recording, config);
    recording.upload->stop(OnStop::kTerminate);
    g_assert_cmpuint(recording.listener.warnings_.size(), ==, 1); // what is left there
    g_assert_nonnull(strstr(recording.listener.warnings_[0].message.c_str(), "removed"));
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/rate/most", server_gets_no_more_than_the_rate);
        add_test("/live-upload/rate/tiny", tiny_rate_is_no_trouble);
        add_test("/live-upload/rate/used-up", all_that_may_go_goes);
        for (const ModeRow &row : kModes) {
            const std::string name = cat("/live-upload/pause/", row.name);
            add_row_test(name + "/from-the-start", row, nothing_is_sent_before_a_pause_is_over);
            add_row_test(cat("/line/backlog/", row.name), row, a_backlog_goes_in_larger_requests);
            add_row_test(name + "/ends-a-request", row, a_pause_ends_a_request_and_is_no_trouble);
            add_row_test(name + "/stop", row, what_is_missing_at_a_stop_in_a_pause_is_kept);
            if (std::strcmp(row.name, "spool") != 0) // which has nothing there before the end
                add_row_test(name + "/terminate", row, a_stop_in_a_pause_removes_what_it_should);
        }
        add_test("/live-upload/pause/terminate/nothing-there",
                 a_stop_in_a_pause_that_never_ended_removes_nothing);
        add_test("/live-upload/pause/terminate/silent-server",
                 a_silent_server_holds_up_no_stop_in_a_pause);
        add_test("/live-upload/pause/outage-timeout", an_outage_is_not_counted_in_a_pause);
        add_test("/live-upload/pause/drain-timeout", drain_timeout_counts_in_a_pause);
    });
}
