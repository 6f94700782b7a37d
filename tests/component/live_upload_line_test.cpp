// What an application asks of the line while a recording runs: a limit of the rate, and pauses.
#include "base/text.h"
#include "live_upload_fixture.h"

#include <cstring>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// The server has not got a byte or a request for a while.
bool is_quiet(Standin &server)
{
    const Snapshot before = server.snapshot();
    std::this_thread::sleep_for(milliseconds(300));
    const Snapshot now = server.snapshot();
    return now.bytes_received == before.bytes_received &&
           now.requests_total == before.requests_total;
}

bool gets_quiet(Standin &server)
{
    const TimePoint deadline = Clock::now() + kPatience;
    while (!is_quiet(server))
        if (Clock::now() >= deadline)
            return false;
    return true;
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
    std::this_thread::sleep_for(milliseconds(800)); // longer than it waits for a title
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
        g_assert_true(gets_quiet(*recording.server));
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
    Recording recording({}, config);
    recording.server->go_away();
    const std::vector<std::byte> bytes = noise(1000);
    recording.write(bytes);
    recording.upload->start();
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return !now.stalls_.empty(); }));
    config.runtime.paused = true;
    recording.upload->update(config.runtime);
    std::this_thread::sleep_for(milliseconds(2500));
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

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/rate/most", server_gets_no_more_than_the_rate);
        add_test("/live-upload/rate/tiny", tiny_rate_is_no_trouble);
        for (const ModeRow &row : kModes) {
            const std::string name = cat("/live-upload/pause/", row.name);
            add_row_test(name + "/from-the-start", row, nothing_is_sent_before_a_pause_is_over);
            add_row_test(name + "/ends-a-request", row, a_pause_ends_a_request_and_is_no_trouble);
            add_row_test(name + "/stop", row, what_is_missing_at_a_stop_in_a_pause_is_kept);
        }
        add_test("/live-upload/pause/outage-timeout", an_outage_is_not_counted_in_a_pause);
        add_test("/live-upload/pause/drain-timeout", drain_timeout_counts_in_a_pause);
    });
}
