// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes arrive: of any number, in every length mode, and while the memory for them is full. How
// many requests the end takes.
#include "live_upload_fixture.h"

#include <glib/gstdio.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct SizeRow {
    const char *name;
    std::size_t size;
};

const std::vector<SizeRow> kSizes = {
    {"0-bytes", 0},          {"1-byte", 1},
    {"2-bytes", 2},          {"one-chunk-less-1", (64 << 10) - 1},
    {"one-chunk", 64 << 10}, {"one-chunk-and-1", (64 << 10) + 1},
    {"8-chunks", 512 << 10}, {"1234567-bytes", 1234567},
};

void any_size_arrives(const SizeRow &row)
{
    Recording recording;
    const std::vector<std::byte> bytes = noise(row.size);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpuint(recording.listener.stalls_.size(), ==, 0);
    g_assert_true(recording.listener.complete_.has_value());
    g_assert_cmpuint(recording.listener.complete_->bytes, ==, row.size);
    const UploadStats stats = recording.upload->stats();
    g_assert_cmpuint(stats.bytes_acked, ==, row.size);
    g_assert_cmpuint(stats.bytes_resent, ==, 0);
    ASSERT_STR(stats.state, "finished");
}

struct ModeRow {
    const char *name;
    std::vector<std::string> extensions;
    const char *mode;
    std::size_t size;
};

const std::vector<ModeRow> kModes = {
    {"deferred", {"creation", "creation-defer-length", "concatenation"}, "deferred", 500000},
    {"concatenation", {"creation", "concatenation"}, "concatenation", 500000},
    {"concatenation-1-byte", {"creation", "concatenation"}, "concatenation", 1},
    {"concatenation-0-bytes", {"creation", "concatenation"}, "concatenation", 0},
    {"spool", {"creation"}, "spool", 500000},
    {"spool-1-byte", {"creation"}, "spool", 1},
    {"spool-0-bytes", {"creation"}, "spool", 0},
};

void length_mode_follows_the_server(const ModeRow &row)
{
    StandinOptions options;
    options.extensions = row.extensions;
    UploadConfig config = quick_config();
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder.get();
    config.replay.max_memory = 256 << 10;
    const std::vector<std::byte> bytes = noise(row.size);
    {
        Recording recording(std::move(options), std::move(config));
        recording.upload->start();
        recording.write(bytes);
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload->stop(OnStop::kFinish);
        recording.check_stored(bytes);
        ASSERT_STR(recording.upload->stats().length_mode, row.mode);
        const unsigned about_mode = std::string(row.mode) == "deferred" ? 0 : 1;
        const unsigned about_nothing = row.size == 0 ? 1 : 0;
        g_assert_cmpuint(recording.listener.warnings_.size(), ==, about_mode + about_nothing);
    }
    g_assert_cmpint(g_rmdir(folder.get()), ==, 0); // nothing is left in it
}

void dead_partial_upload_is_replaced()
{
    StandinOptions options;
    options.extensions = {"creation", "concatenation"};
    Recording recording(std::move(options));
    g_assert_true(recording.server->add_fault("on PATCH 3: expire").ok());
    const std::vector<std::byte> bytes = noise(500000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
}

void full_store_blocks_the_writer_until_interrupted()
{
    UploadConfig config = quick_config();
    config.replay.max_memory = 256 << 10;
    config.replay.rollback_margin = 0;
    Recording recording({}, std::move(config));
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(1 << 20);
    GThread *thread = g_thread_new(
        "interrupter",
        [](gpointer data) -> gpointer {
            auto &self = *static_cast<Recording *>(data);
            // the warning says that the writer waits
            g_assert_true(
                self.listener.wait_for([](const Listener &now) { return !now.warnings_.empty(); }));
            self.upload->interrupt();
            return nullptr;
        },
        &recording);
    const WriteResult blocked = recording.upload->write(bytes);
    g_thread_join(thread);
    g_assert_true(blocked.status == WriteStatus::kInterrupted);
    g_assert_cmpuint(blocked.taken, >, 0);
    g_assert_cmpuint(blocked.taken, <=, 256 << 10);
    g_assert_cmpuint(recording.upload->stats().bytes_in_memory, <=, 256 << 10);
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kInterrupted);

    recording.upload->resume();
    g_assert_true(recording.server->come_back().ok());
    recording.write(std::span(bytes).subspan(blocked.taken));
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpuint(recording.listener.warnings_.size(), ==, 1);
}

// --- the end -------------------------------------------------------------------------------------

constexpr std::size_t kChunk = 64 << 10;

struct EndRow {
    const char *name;
    std::vector<std::string> extensions;
    std::size_t waits;                   // bytes that no request has taken at the end
    std::vector<std::string> after = {}; // the requests that begin after it
    bool under_way = false;              // a PATCH is
    bool held = false;                   // what waits might have been written anew
    std::uint64_t align = 1, least = 0;  // of requests
};

const std::vector<std::string> kDefer = {"creation", "creation-defer-length"};
const std::vector<std::string> kJoins = {"creation", "concatenation"};

const std::vector<EndRow> kEnds = {
    {"nothing-waits", kDefer, 0, {"PATCH", "HEAD"}},
    {"a-byte-waits", kDefer, 1, {"PATCH", "HEAD"}},
    {"half-a-request-waits", kDefer, kChunk / 2, {"PATCH", "HEAD"}},
    {"a-request-waits", kDefer, kChunk - 1, {"PATCH", "HEAD"}},
    {.name = "a-request-is-under-way",
     .extensions = kDefer,
     .waits = kChunk / 2,
     .after = {"PATCH", "HEAD"},
     .under_way = true},
    {.name = "held",
     .extensions = kDefer,
     .waits = kChunk / 2,
     .after = {"PATCH", "HEAD"},
     .held = true},
    {.name = "aligned",
     .extensions = kDefer,
     .waits = kChunk / 2 + 7,
     .after = {"PATCH", "HEAD"},
     .align = kChunk / 4},
    {.name = "too-little",
     .extensions = kDefer,
     .waits = kChunk / 2,
     .after = {"PATCH", "HEAD"},
     .least = kChunk},
    {"parts-nothing-waits", kJoins, 0, {"POST", "HEAD"}},
    {"parts-half-a-request-waits", kJoins, kChunk / 2, {"POST", "PATCH", "POST", "HEAD"}},
    {.name = "parts-a-request-is-under-way",
     .extensions = kJoins,
     .waits = kChunk / 2,
     .after = {"POST", "PATCH", "POST", "HEAD"},
     .under_way = true},
};

std::vector<std::string> methods_from(const Snapshot &now, std::size_t first)
{
    std::vector<std::string> methods;
    for (std::size_t i = first; i < now.requests.size(); ++i)
        methods.push_back(now.requests[i].request.method);
    return methods;
}

// A request of which some has come and more is to come.
void wait_until_under_way(Recording &recording, std::uint64_t taken)
{
    g_assert_true(recording.server->wait_for(
        [taken](const Snapshot &now) { return now.bytes_received > taken; }, kPatience));
    g_assert_cmpuint(recording.server->snapshot().bytes_received, <, taken + kChunk);
}

// What is left goes with one request that says the length, and one shows that it was noted: two
// round trips, and the end of what is under way.
void end_takes_few_requests(const EndRow &row)
{
    UploadConfig config = quick_config();
    config.chunk_size = kChunk;
    config.chunk_align = row.align;
    config.min_chunk_size = row.least;
    config.runtime.flush_interval = seconds(3600); // it is the end that lets it go
    config.runtime.timeout = kPatience;
    StandinOptions options;
    options.extensions = row.extensions;
    Recording recording(options, config);
    const std::size_t held_back = row.extensions == kDefer ? 1 : 0;
    const std::size_t sent = 2 * kChunk + held_back;
    const std::size_t more = row.under_way ? kChunk : 0;
    const std::vector<std::byte> bytes = noise(sent + more + row.waits);
    recording.upload->start();
    recording.write(std::span(bytes).first(sent));
    g_assert_true(comes_true([&] { return recording.upload->stats().bytes_acked == 2 * kChunk; }));
    if (row.under_way) {
        config.runtime.max_upload_rate = 8000;
        recording.upload->update(config.runtime);
        recording.write(std::span(bytes).subspan(sent, more));
        wait_until_under_way(recording, 2 * kChunk);
    }
    if (row.held)
        recording.upload->hold_from(sent);
    recording.write(std::span(bytes).subspan(sent + more));
    const std::size_t before = recording.server->snapshot().requests.size();
    recording.upload->finish();
    config.runtime.max_upload_rate = 0;
    recording.upload->update(config.runtime);
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    const Snapshot now = recording.server->snapshot();
    g_assert_true(methods_from(now, before) == row.after);
    g_assert_cmpuint(now.connections, ==, 1);
    if (held_back > 0) {
        g_assert_cmpuint(now.requests[before].body_bytes, ==, row.waits + held_back);
        g_assert_nonnull(now.requests[before].request.header("upload-length"));
    }
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        for (const SizeRow &row : kSizes)
            add_row_test(std::string("/live-upload/size/") + row.name, row, any_size_arrives);
        for (const ModeRow &row : kModes)
            add_row_test(std::string("/live-upload/length-mode/") + row.name, row,
                         length_mode_follows_the_server);
        add_test("/live-upload/length-mode/dead-partial-upload", dead_partial_upload_is_replaced);
        for (const EndRow &row : kEnds)
            add_row_test(std::string("/live-upload/end/") + row.name, row, end_takes_few_requests);
        add_test("/live-upload/memory/full-store-blocks",
                 full_store_blocks_the_writer_until_interrupted);
    });
}
