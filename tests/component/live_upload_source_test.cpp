// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A source that can wait is held back while the server takes what it gets, instead of being written
// to disk; as soon as it does not, nothing holds the source up.
#include "live_upload_fixture.h"

#include <atomic>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::size_t kWindow = std::size_t{1} << 20;
constexpr std::size_t kBytes = std::size_t{6} << 20;

// With a spool folder of its own, which is empty in the end.
struct Source {
    explicit Source(UploadConfig config = quick_config(), StandinOptions options = {},
                    bool waits = true)
        : can_wait(waits), recording(std::move(options), in_folder(std::move(config), folder.get()))
    {
        recording.upload->set_source([this] {
            ++asked;
            return can_wait.load();
        });
    }

    ~Source() { g_assert_cmpint(remove_spool(folder.get()), ==, 0); }

    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;

    static UploadConfig in_folder(UploadConfig config, const char *folder)
    {
        config.replay.spool_mode = SpoolMode::kOverflow;
        config.replay.spool_dir = folder;
        config.replay.max_memory = kWindow;
        config.replay.rollback_margin =
            std::min<std::uint64_t>(config.replay.rollback_margin, 64 << 10);
        return config;
    }

    std::uint64_t on_disk() const { return recording.upload->stats().bytes_on_disk; }

    void slow_server() { g_assert_true(recording.server->add_fault("connection: 8 MB/s").ok()); }

    // The most that was on the disk meanwhile.
    std::uint64_t write(std::span<const std::byte> data)
    {
        std::uint64_t most = 0;
        for (std::size_t at = 0; at < data.size(); at += 50000) {
            recording.write(data.subspan(at, std::min<std::size_t>(50000, data.size() - at)));
            most = std::max(most, on_disk());
        }
        return most;
    }

    void finish(std::span<const std::byte> all)
    {
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload->stop(OnStop::kFinish);
        recording.check_stored(all);
    }

    std::atomic<bool> can_wait;
    std::atomic<unsigned> asked = 0;
    const GCharOwn folder{g_dir_make_tmp("live-upload-XXXXXX", nullptr)};
    Recording recording;
};

void what_is_faster_than_the_server_waits_at_its_source()
{
    const std::vector<std::byte> bytes = noise(kBytes);
    for (const bool can_wait : {true, false}) {
        Source source(quick_config(), {}, can_wait);
        source.slow_server();
        source.recording.upload->start();
        const std::uint64_t most = source.write(bytes);
        g_test_message("%" G_GUINT64_FORMAT " bytes on disk", most);
        if (can_wait)
            g_assert_cmpuint(most, <, kWindow);
        else
            g_assert_cmpuint(most, >, kWindow);
        source.finish(bytes);
        g_assert_cmpuint(source.recording.listener.warnings_.size(), ==, 0);
    }
}

// What is held up now may have been joined by what must not be. Nobody asks where nothing is held
// up, and who said no once is not asked again.
void a_source_that_can_not_wait_any_longer_is_let_go()
{
    Source source;
    g_assert_true(source.recording.server->add_fault("on PATCH any: stall 60 s").ok());
    source.recording.upload->start();
    const std::vector<std::byte> bytes = noise(kBytes);
    source.write(std::span(bytes).first(50000));
    g_assert_cmpuint(source.asked, ==, 0);
    std::thread writer([&] { source.write(std::span(bytes).subspan(50000)); });
    g_assert_true(comes_true([&] { return source.asked > 1; })); // held up, and asked again
    g_assert_cmpuint(source.recording.upload->stats().bytes_rendered, <, kWindow);
    source.can_wait = false;
    writer.join(); // all of it is taken, although the server takes nothing
    const unsigned asked = source.asked;
    source.write(std::span(bytes).first(50000));
    g_assert_cmpuint(source.asked, ==, asked);
    source.recording.upload->stop(OnStop::kTerminate);
}

struct Row {
    const char *name;
    void (*change)(UploadConfig &config);
    std::vector<std::string> extensions = {};
};

const Row kRows[] = {
    {"plain", [](UploadConfig &) {}},
    {"parts", [](UploadConfig &config) { config.length_mode = LengthMode::kConcatenation; }},
    {"must-know-the-length", [](UploadConfig &) {}, {"creation"}},
    {"large-requests", [](UploadConfig &config) { config.chunk_size = 64 << 20; }},
    {"large-least-request",
     [](UploadConfig &config) {
         config.min_chunk_size = 2 * kWindow;
         config.chunk_size = 4 * kWindow;
     }},
    {"aligned",
     [](UploadConfig &config) {
         config.chunk_size = kWindow;
         config.chunk_align = kWindow;
     }},
    {"rarely", [](UploadConfig &config) { config.runtime.flush_interval = seconds(60); }},
    {"whole-margin", [](UploadConfig &config) { config.replay.rollback_margin = 8 << 20; }},
    {"kept", [](UploadConfig &config) { config.keep_until_proved = true; }},
};

// Whatever a request waits for, it is there before the source is held back for good.
void nothing_waits_for_each_other(const Row &row)
{
    UploadConfig config = quick_config();
    row.change(config);
    StandinOptions options;
    if (!row.extensions.empty())
        options.extensions = row.extensions;
    Source source(config, std::move(options));
    source.recording.upload->start();
    const std::vector<std::byte> bytes = noise(kBytes);
    source.write(bytes);
    source.finish(bytes);
}

void what_may_be_rewritten_is_not_waited_for()
{
    Source source;
    source.recording.upload->start();
    std::vector<std::byte> bytes = noise(kBytes);
    const std::size_t begin = kWindow / 4;
    source.write(std::span(bytes).first(begin));
    source.recording.upload->hold_from(begin);
    source.write(std::span(bytes).subspan(begin));
    source.recording.upload->hold_from(std::nullopt);
    source.finish(bytes);
}

// The server is away from the start, or in the middle; nothing is sent because that is wished.
void trouble_holds_nobody_up()
{
    const std::vector<std::byte> bytes = noise(kBytes);
    enum class Moment { kStart, kMiddle, kPause };
    for (const Moment moment : {Moment::kStart, Moment::kMiddle, Moment::kPause}) {
        Source source;
        RuntimeConfig runtime = quick_config().runtime;
        if (moment == Moment::kStart)
            source.recording.server->go_away();
        source.recording.upload->start();
        const std::size_t before = moment == Moment::kStart ? 0 : kBytes / 2;
        source.write(std::span(bytes).first(before));
        if (moment == Moment::kMiddle)
            source.recording.server->go_away();
        runtime.paused = moment == Moment::kPause;
        source.recording.upload->update(runtime);
        const std::uint64_t most = source.write(std::span(bytes).subspan(before));
        g_assert_cmpuint(most, >, kWindow / 2); // what the server does not take
        if (moment != Moment::kPause)
            g_assert_true(source.recording.server->come_back().ok());
        runtime.paused = false;
        source.recording.upload->update(runtime);
        source.finish(bytes);
    }
}

// Nobody has to come for who waits in write().
void stop_and_interrupt_end_the_waiting()
{
    for (const bool interrupt : {true, false}) {
        Source source;
        g_assert_true(source.recording.server->add_fault("on PATCH any: stall 60 s").ok());
        source.recording.upload->start();
        const std::vector<std::byte> bytes = noise(kBytes);
        WriteStatus status = WriteStatus::kOk;
        std::thread writer([&] {
            while (status == WriteStatus::kOk)
                status = source.recording.upload->write(std::span(bytes).first(50000)).status;
        });
        g_assert_true(comes_true(
            [&] { return source.recording.upload->stats().bytes_rendered > kWindow / 3; }));
        if (interrupt)
            source.recording.upload->interrupt();
        else
            source.recording.upload->stop(OnStop::kTerminate);
        writer.join();
        g_assert_true(status == (interrupt ? WriteStatus::kInterrupted : WriteStatus::kEnded) ||
                      status == WriteStatus::kFailed);
        source.recording.upload->stop(OnStop::kTerminate);
    }
}

void add_tests()
{
    add_test("/live-upload-source/waits", what_is_faster_than_the_server_waits_at_its_source);
    add_test("/live-upload-source/let-go", a_source_that_can_not_wait_any_longer_is_let_go);
    for (const Row &row : kRows)
        add_row_test(std::string("/live-upload-source/goes-on/") + row.name, row,
                     nothing_waits_for_each_other);
    add_test("/live-upload-source/held", what_may_be_rewritten_is_not_waited_for);
    add_test("/live-upload-source/trouble", trouble_holds_nobody_up);
    add_test("/live-upload-source/ends", stop_and_interrupt_end_the_waiting);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add_tests);
}
