// Bytes arrive: of any number, in every length mode, and while the memory for them is full.
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
        add_test("/live-upload/memory/full-store-blocks",
                 full_store_blocks_the_writer_until_interrupted);
    });
}
