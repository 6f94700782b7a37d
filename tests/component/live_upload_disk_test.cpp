// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk that is slow, hangs or fails holds up neither the source nor the upload nor the end.
#include "hanging_disk.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cstring>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

void disk_that_hangs_does_not_hold_up_the_source()
{
    HangingDisk &disk = new_disk();
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    UploadConfig config = quick_config();
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder.get();
    config.replay.max_memory = 1 << 20;
    config.replay.rollback_margin = 0;
    Recording recording({}, config);
    recording.begin(config, recording.server->files_url(),
                    std::make_unique<ReplayStore>(config.replay, disk));
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(3 << 20);
    const std::size_t window = config.replay.max_memory;
    recording.write(std::span(bytes).first(window)); // returns although the disk does not
    disk.wait_for_write();
    g_assert_cmpint(disk.writes(), ==, 1);
    g_assert_cmpuint(recording.upload->stats().bytes_on_disk, ==, 0);

    // Now there is no room: the source waits, and is told why.
    std::thread source([&] { recording.write(std::span(bytes).subspan(window)); });
    g_assert_true(recording.listener.wait_for([](const Listener &now) {
        return std::any_of(now.warnings_.begin(), now.warnings_.end(),
                           [](const Error &w) { return w.kind == ErrorKind::kNoSpace; });
    }));
    disk.heal();
    source.join();
    g_assert_true(recording.server->come_back().ok());
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpuint(recording.listener.warnings_.size(), ==, 1);
    g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
}

// What the disk thread still writes when all is at the server is of no use to anybody.
void disk_that_hangs_does_not_hold_up_the_end()
{
    for (const OnStop policy : {OnStop::kFinish, OnStop::kTerminate}) {
        HangingDisk &disk = new_disk();
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        UploadConfig config = quick_config();
        config.replay.spool_mode = SpoolMode::kOverflow;
        config.replay.spool_dir = folder.get();
        config.replay.max_memory = 1 << 20;
        config.replay.rollback_margin = 0;
        Recording recording({}, config);
        recording.begin(config, recording.server->files_url(),
                        std::make_unique<ReplayStore>(config.replay, disk));
        recording.server->go_away();
        recording.upload->start();
        const std::vector<std::byte> bytes = noise(900000);
        recording.write(bytes);
        disk.wait_for_write();
        g_assert_true(recording.server->come_back().ok());
        if (policy == OnStop::kFinish) {
            recording.upload->finish();
            g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        }
        recording.upload->stop(policy); // returns although the disk does not
        if (policy == OnStop::kFinish)
            recording.check_stored(bytes);
        disk.heal();
        while (g_rmdir(folder.get()) != 0) // the disk thread clears up
            std::this_thread::yield();
    }
}

void stop_leaves_a_hanging_disk_to_keep_what_it_can()
{
    UploadConfig config = quick_config();
    config.disk_patience = milliseconds(200);
    Hung hung(config);
    Recording &recording = hung.recording;
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(900000);
    recording.write(bytes);
    hung.disk.wait_for_write();
    recording.upload->stop(OnStop::kKeep);
    g_assert_cmpuint(recording.upload->stats().bytes_rendered, ==, bytes.size());
    const std::string said = recording.listener.warnings_.back().message;
    g_assert_nonnull(strstr(said.c_str(), "has not answered"));
    hung.disk.heal();
    std::vector<SpooledUpload> kept;
    while (kept.empty() || kept.front().in_use) {
        auto listed = list_uploads(hung.folder.get());
        g_assert_true(listed.ok());
        kept = std::move(*listed);
        recording.upload.reset();
    }
    g_assert_cmpuint(kept.size(), ==, 1);
    g_assert_cmpuint(kept.front().begin, ==, 0);
    g_assert_cmpuint(kept.front().end, ==, bytes.size());
    g_assert_true(delete_upload(hung.folder.get(), kept.front().id).ok());
    g_assert_cmpint(g_rmdir(hung.folder.get()), ==, 0);
}

// The server may wait for more than memory holds.
void disk_that_hangs_does_not_stop_partial_uploads()
{
    UploadConfig config = quick_config();
    config.length_mode = LengthMode::kConcatenation;
    config.min_chunk_size = 2 << 20;
    config.chunk_size = 4 << 20;
    StandinOptions options;
    options.extensions = {"creation", "concatenation"};
    Hung hung(config, std::move(options));
    Recording &recording = hung.recording;
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(3 << 20);
    std::thread source([&] { recording.write(bytes); });
    hung.disk.wait_for_write();
    source.join(); // the server takes it although the disk hangs
    hung.disk.heal();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(g_rmdir(hung.folder.get()), ==, 0);
}

void disk_that_hangs_when_it_deletes_does_not_hold_up_the_end()
{
    Hung hung;
    Recording &recording = hung.recording;
    hung.disk.heal();
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(20 << 20);
    recording.write(bytes);
    hung.disk.hang();
    g_assert_true(recording.server->come_back().ok());
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    recording.upload.reset();
    hung.disk.heal();
    while (g_rmdir(hung.folder.get()) != 0)
        std::this_thread::yield();
}

// After an outage: what was spilled is read back, and that hangs.
void disk_that_hangs_when_it_is_read_holds_up_nobody_else()
{
    for (const auto call : {HangingDisk::kOpenToRead, HangingDisk::kRead}) {
        std::vector<OpenSlot> all(512); // nobody else's file stays open
        for (OpenSlot &slot : all)
            (void)slot.take();
        UploadConfig config = quick_config();
        config.disk_patience = config.stop_timeout = milliseconds(200);
        Hung hung(config);
        Recording &recording = hung.recording;
        hung.disk.heal();
        recording.server->go_away();
        recording.upload->start();
        const std::vector<std::byte> bytes = noise(20 << 20);
        const std::size_t most = bytes.size() - 1;
        recording.write(std::span(bytes).first(most));
        hung.disk.hang(call);
        g_assert_true(recording.server->come_back().ok());
        hung.disk.wait_until_it_hangs();
        recording.write(std::span(bytes).subspan(most)); // there is room
        g_assert_cmpuint(recording.upload->stats().bytes_rendered, ==, bytes.size());
        recording.upload->stop(OnStop::kFinish);
        const std::string said = recording.listener.warnings_.back().message;
        g_assert_nonnull(strstr(said.c_str(), "has not answered"));
        hung.disk.heal(); // the upload thread goes on, and keeps what is left
        g_assert_true(recording.listener.wait_for(
            [](const Listener &now) { return now.failure_.has_value(); }));
        recording.upload.reset();
        std::vector<SpooledUpload> kept;
        while (kept.empty() || kept.front().in_use) {
            auto listed = list_uploads(hung.folder.get());
            g_assert_true(listed.ok());
            kept = std::move(*listed);
        }
        g_assert_cmpuint(kept.front().end, ==, bytes.size());
        g_assert_true(delete_upload(hung.folder.get(), kept.front().id).ok());
        g_assert_cmpint(g_rmdir(hung.folder.get()), ==, 0);
    }
}

void disk_that_fails_and_hangs_does_not_hold_up_the_source()
{
    Hung hung;
    Recording &recording = hung.recording;
    hung.disk.hang(HangingDisk::kRemove);
    hung.disk.fail_write(2); // behind the journal: the file that was begun goes again
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(900000);
    recording.write(std::span(bytes).first(850000));
    hung.disk.wait_until_it_hangs();
    recording.write(std::span(bytes).subspan(850000));
    hung.disk.heal();
    g_assert_true(recording.server->come_back().ok());
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(g_rmdir(hung.folder.get()), ==, 0);
}

// A power cut does not wait for the answer to a request.
void bytes_reach_the_disk_while_a_request_is_under_way()
{
    UploadConfig config = quick_config();
    config.runtime.timeout = seconds(600);
    config.stop_timeout = milliseconds(100);
    Recording recording({}, config);
    HangingDisk disk;
    disk.heal();
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    config.replay.spool_mode = SpoolMode::kAlways;
    config.replay.spool_dir = folder.get();
    recording.begin(config, recording.server->files_url(),
                    std::make_unique<ReplayStore>(config.replay, disk));
    g_assert_true(recording.server->add_fault("on PATCH any: delay 600 s").ok());
    recording.upload->start();
    recording.write(noise(1000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 0; }, kPatience));
    const int before = disk.syncs();
    recording.write(noise(1000));
    while (disk.syncs() < before + 2) // the journal's, and the bytes'
        std::this_thread::yield();
    recording.upload->stop(OnStop::kTerminate);
    recording.upload.reset();
    g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
}

void small_spool_does_not_stop_a_large_chunk()
{
    UploadConfig config = quick_config();
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder.get();
    config.replay.max_memory = 1 << 20;
    config.replay.max_spool_size = 16 << 20;
    config.replay.rollback_margin = 0;
    config.chunk_size = config.min_chunk_size = 5 << 20;
    Recording recording({}, config);
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(40 << 20);
    std::thread source([&] { recording.write(bytes, 100000); });
    g_assert_true(recording.listener.wait_for([](const Listener &now) {
        return std::any_of(now.warnings_.begin(), now.warnings_.end(),
                           [](const Error &w) { return w.kind == ErrorKind::kNoSpace; });
    }));
    g_assert_true(recording.server->come_back().ok());
    source.join(); // did for ever wait for room that whole files took
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
}

void slow_disk_fails_no_upload_that_waits_for_it()
{
    // In length-mode spool a source that has to wait is an error, but not one that waits for a
    // write.
    HangingDisk &disk = new_disk();
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    UploadConfig config = quick_config();
    config.length_mode = LengthMode::kSpool;
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder.get();
    config.replay.max_memory = 1 << 20;
    Recording recording({}, config);
    recording.begin(config, recording.server->files_url(),
                    std::make_unique<ReplayStore>(config.replay, disk));
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(3 << 20);
    std::thread source([&] { recording.write(bytes); });
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return !now.warnings_.empty(); }));
    disk.heal();
    source.join();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/disk/hangs-at-the-end", disk_that_hangs_does_not_hold_up_the_end);
        add_test("/live-upload/disk/hangs-at-a-stop-that-keeps",
                 stop_leaves_a_hanging_disk_to_keep_what_it_can);
        add_test("/live-upload/disk/hangs-when-it-deletes",
                 disk_that_hangs_when_it_deletes_does_not_hold_up_the_end);
        add_test("/live-upload/disk/hangs-with-partial-uploads",
                 disk_that_hangs_does_not_stop_partial_uploads);
        add_test("/live-upload/disk/small-bound-and-large-chunks",
                 small_spool_does_not_stop_a_large_chunk);
        add_test("/live-upload/disk/hangs-when-it-is-read",
                 disk_that_hangs_when_it_is_read_holds_up_nobody_else);
        add_test("/live-upload/disk/fails-and-hangs",
                 disk_that_fails_and_hangs_does_not_hold_up_the_source);
        add_test("/live-upload/disk/synced-while-a-request-is-under-way",
                 bytes_reach_the_disk_while_a_request_is_under_way);
        add_test("/live-upload/disk/hangs", disk_that_hangs_does_not_hold_up_the_source);
        add_test("/live-upload/disk/slow-in-length-mode-spool",
                 slow_disk_fails_no_upload_that_waits_for_it);
    });
}
