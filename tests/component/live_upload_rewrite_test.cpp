// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes that the source may still rewrite: none of them goes to a server before it does, wherever
// they wait meanwhile; what has gone is not changed; and nothing waits for ever.
#include "crasher.h"
#include "live_upload_fixture.h"
#include "recover_fixture.h"
#include "replay/recovery.h"

#include <cstring>
#include <filesystem>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUnit = 100000;
const std::vector<std::byte> kSize(8, std::byte{0x5a}); // a unit begins with it when it has ended

UploadConfig spooling(SpoolMode mode, const char *folder)
{
    UploadConfig config = quick_config();
    config.replay.spool_mode = mode;
    config.replay.spool_dir = folder;
    config.replay.max_memory = 1 << 20;
    config.replay.rollback_margin = 0;
    return config;
}

StandinOptions server_of(LengthMode mode)
{
    StandinOptions options;
    if (mode == LengthMode::kConcatenation)
        options.extensions = {"creation", "concatenation"};
    return options;
}

void wait_for_acked(const Recording &recording, std::uint64_t bytes)
{
    g_assert_true(comes_true([&] { return recording.upload->stats().bytes_acked >= bytes; }));
}

void end(Recording &recording)
{
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
}

// As muxers do: each unit gets its size when it ends.
void write_units(Recording &recording, std::vector<std::byte> &bytes, std::size_t from = 0)
{
    for (std::size_t at = from; at < bytes.size(); at += kUnit) {
        recording.upload->hold_from(at);
        const std::size_t size = std::min(kUnit, bytes.size() - at);
        recording.write(std::span(bytes).subspan(at, size), 9000);
        std::copy(kSize.begin(), kSize.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
        g_assert_true(recording.upload->rewrite(at, kSize));
    }
    recording.upload->hold_from(std::nullopt);
}

void nothing_held_is_sent()
{
    for (const LengthMode mode : {LengthMode::kDeferred, LengthMode::kConcatenation}) {
        UploadConfig config = quick_config();
        config.length_mode = mode;
        Recording recording(server_of(mode), config);
        recording.upload->start();
        std::vector<std::byte> bytes = noise(3 * kUnit);
        recording.upload->hold_from(kUnit);
        recording.write(bytes);
        wait_for_acked(recording, kUnit - 1); // a last byte stays here until the end
        g_usleep(5 * 20000);                  // several flush intervals
        g_assert_cmpuint(recording.upload->stats().bytes_acked, <=, kUnit);
        std::copy(kSize.begin(), kSize.end(), bytes.begin() + kUnit);
        g_assert_true(recording.upload->rewrite(kUnit, kSize));
        recording.upload->hold_from(2 * kUnit); // goes without another byte
        wait_for_acked(recording, 2 * kUnit - 1);
        g_assert_cmpuint(recording.upload->stats().bytes_acked, <=, 2 * kUnit);
        recording.upload->hold_from(std::nullopt);
        wait_for_acked(recording, 3 * kUnit - 1);
        end(recording);
        recording.check_stored(bytes);
        g_assert_cmpstr(recording.listener.complete_->sha256.c_str(), ==, "");
    }
}

void what_was_taken_is_not_changed()
{
    Recording recording;
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(kUnit);
    recording.write(bytes);
    wait_for_acked(recording, kUnit - 1);
    g_assert_false(recording.upload->rewrite(0, kSize));
    g_assert_false(recording.upload->rewrite(kUnit - 9, kSize));
    g_assert_false(recording.upload->rewrite(kUnit - 4, kSize)); // beyond the end
    g_assert_false(recording.upload->rewrite(kUnit + 4, kSize));
    recording.upload->hold_from(10); // too late: nothing is taken back
    end(recording);
    g_assert_false(recording.upload->rewrite(kUnit - 8, kSize));
    recording.check_stored(bytes);
    ASSERT_STR(recording.listener.complete_->sha256, sha256(bytes));
}

void units_are_whole_at_the_server()
{
    for (const LengthMode mode :
         {LengthMode::kDeferred, LengthMode::kConcatenation, LengthMode::kSpool}) {
        for (const SpoolMode spool :
             {SpoolMode::kNever, SpoolMode::kOverflow, SpoolMode::kAlways}) {
            if (mode == LengthMode::kSpool && spool == SpoolMode::kNever)
                continue;
            const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
            UploadConfig config = spooling(spool, folder.get());
            config.length_mode = mode;
            Recording recording(server_of(mode), config);
            recording.upload->start();
            std::vector<std::byte> bytes = noise(23 * kUnit + 77);
            write_units(recording, bytes);
            end(recording);
            recording.check_stored(bytes);
            g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
        }
    }
}

// Most of it goes to the disk, and is rewritten there.
void outage_changes_nothing()
{
    for (const SpoolMode spool : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        Recording recording({}, spooling(spool, folder.get()));
        recording.server->go_away();
        recording.upload->start();
        std::vector<std::byte> bytes = noise(40 * kUnit);
        recording.upload->hold_from(0);
        recording.write(bytes, 30000); // one large unit
        const std::size_t far = 39 * kUnit;
        for (const std::size_t at : {std::size_t{0}, 7 * kUnit, 20 * kUnit - 4, far}) {
            std::copy(kSize.begin(), kSize.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
            g_assert_true(recording.upload->rewrite(at, kSize));
        }
        g_assert_cmpuint(recording.upload->stats().bytes_on_disk, >, 2 << 20);
        recording.upload->hold_from(std::nullopt);
        g_assert_true(recording.server->come_back().ok());
        end(recording);
        recording.check_stored(bytes);
        g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
    }
}

void what_is_kept_has_the_changes()
{
    for (const SpoolMode spool : {SpoolMode::kOverflow, SpoolMode::kAlways}) {
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        Recording recording({}, spooling(spool, folder.get()));
        recording.server->go_away();
        recording.upload->start();
        std::vector<std::byte> bytes = noise(20 * kUnit);
        write_units(recording, bytes);
        recording.upload->hold_from(19 * kUnit); // does not matter any more
        recording.upload->stop(OnStop::kKeep);
        recording.upload.reset();
        const auto ids = upload_ids(folder.get());
        g_assert_true(ids.ok());
        g_assert_cmpuint(ids->size(), ==, 1);
        {
            const auto opened = open_upload(folder.get(), ids->front());
            g_assert_true(opened.ok());
            g_assert_cmpuint(opened->store->end(), ==, bytes.size());
            std::vector<std::byte> out(bytes.size());
            for (std::size_t done = 0; done < out.size();) {
                const auto got =
                    opened->store->piece(done)->read(done, std::span(out).subspan(done));
                g_assert_true(got.ok());
                done += *got;
            }
            g_assert_true(out == bytes);
            opened->store->discard();
        }
        g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
    }
}

// A unit that is larger than all there is room for: it goes as it is, and nobody waits for ever.
void hold_gives_way_when_all_is_full()
{
    struct Case {
        LengthMode mode;
        SpoolMode spool;
        std::uint64_t min_chunk_size, hold;
    };

    for (const Case &now : {Case{LengthMode::kDeferred, SpoolMode::kNever, 0, 0},
                            Case{LengthMode::kDeferred, SpoolMode::kNever, 0, 10},
                            Case{LengthMode::kDeferred, SpoolMode::kNever, 60000, 50000},
                            Case{LengthMode::kConcatenation, SpoolMode::kNever, 0, 70000},
                            Case{LengthMode::kConcatenation, SpoolMode::kNever, 60000, 50000},
                            Case{LengthMode::kDeferred, SpoolMode::kOverflow, 0, 300000},
                            Case{LengthMode::kConcatenation, SpoolMode::kAlways, 0, 300000}}) {
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        UploadConfig config = spooling(now.spool, folder.get());
        config.length_mode = now.mode;
        config.min_chunk_size = now.min_chunk_size;
        config.replay.max_spool_size = 1 << 20;
        Recording recording(server_of(now.mode), config);
        recording.upload->start();
        const std::vector<std::byte> bytes = noise(5 << 20);
        recording.upload->hold_from(now.hold);
        recording.write(std::span(bytes).first(4 << 20));
        wait_for_acked(recording, now.hold + 1);
        g_assert_false(recording.upload->rewrite(now.hold, kSize));
        recording.upload->hold_from(now.hold); // the same unit: not once more
        recording.write(std::span(bytes).subspan(4 << 20));
        end(recording);
        recording.check_stored(bytes);
        g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
    }
}

// In an outage it is not what is held that is in the way.
void outage_does_not_end_the_hold()
{
    UploadConfig config = quick_config();
    config.replay.max_memory = 1 << 20;
    config.replay.rollback_margin = 0;
    Recording recording({}, config);
    recording.server->go_away();
    recording.upload->start();
    std::vector<std::byte> bytes = noise(16 * kUnit);
    recording.upload->hold_from(8 * kUnit);
    std::thread source([&] { recording.write(bytes); });
    g_assert_true(recording.listener.wait_for([](const Listener &now) {
        return std::any_of(now.warnings_.begin(), now.warnings_.end(),
                           [](const Error &w) { return w.kind == ErrorKind::kNoSpace; });
    }));
    g_assert_true(recording.server->come_back().ok());
    source.join();
    std::copy(kSize.begin(), kSize.end(), bytes.begin() + 8 * kUnit);
    g_assert_true(recording.upload->rewrite(8 * kUnit, kSize));
    end(recording);
    recording.check_stored(bytes);
}

void end_lets_go()
{
    for (const bool stop : {false, true}) {
        Recording recording;
        recording.upload->start();
        const std::vector<std::byte> bytes = noise(kUnit);
        recording.upload->hold_from(0);
        recording.write(bytes);
        g_usleep(50000);
        g_assert_cmpuint(recording.upload->stats().bytes_acked, ==, 0);
        if (!stop)
            recording.upload->finish();
        g_assert_true(stop || recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload->stop(OnStop::kFinish);
        recording.check_stored(bytes);
    }
}

void others_ends_do_not_wait_for_it()
{
    for (const OnStop policy : {OnStop::kTerminate, OnStop::kKeep}) {
        Recording recording;
        recording.upload->start();
        const std::vector<std::byte> bytes = noise(kUnit);
        recording.upload->hold_from(0);
        recording.write(bytes);
        recording.upload->stop(policy);
        g_assert_false(recording.upload->rewrite(0, kSize));
    }
}

// --- killed --------------------------------------------------------------------------------------

// The crasher's units; see there.
void killed_recording_is_a_right_beginning()
{
    for (const std::uint64_t until : {1, 10, 24, 66}) {
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        Recording recording; // for its server
        Crasher program(recording.server->files_url(), folder.get(), "units");
        program.run_until(until * 10000);
        program.kill_it();
        g_assert_cmpint(run_recover({folder.get()}).status, ==, 0);

        const Snapshot snapshot = recording.server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        g_assert_cmpuint(record->offset, >=, program.accepted());
        std::vector<std::byte> bytes = noise(2000000);
        bytes.resize(record->offset);
        const std::size_t units = bytes.size() / kUnit;
        for (std::size_t i = 0; i < units; ++i)
            std::copy(kSize.begin(), kSize.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(i * kUnit));
        // of the last whole one the change may have come too late, or just not
        bool right = record->sha256 == sha256(bytes);
        if (!right && units > 0) {
            const std::vector<std::byte> plain = noise(2000000);
            const auto from = static_cast<std::ptrdiff_t>((units - 1) * kUnit);
            std::copy_n(plain.begin() + from, kSize.size(), bytes.begin() + from);
            right = record->sha256 == sha256(bytes);
        }
        g_assert_true(right);
        fs::remove_all(folder.get());
    }
}

void add()
{
    add_test("/live-upload/rewrite/held", nothing_held_is_sent);
    add_test("/live-upload/rewrite/sent", what_was_taken_is_not_changed);
    add_test("/live-upload/rewrite/units", units_are_whole_at_the_server);
    add_test("/live-upload/rewrite/outage", outage_changes_nothing);
    add_test("/live-upload/rewrite/kept", what_is_kept_has_the_changes);
    add_test("/live-upload/rewrite/full", hold_gives_way_when_all_is_full);
    add_test("/live-upload/rewrite/full-in-an-outage", outage_does_not_end_the_hold);
    add_test("/live-upload/rewrite/end", end_lets_go);
    add_test("/live-upload/rewrite/other-ends", others_ends_do_not_wait_for_it);
    add_test("/live-upload/rewrite/killed", killed_recording_is_a_right_beginning);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add);
}
