// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What was recorded survives with the settings that most people use: the process is killed,
// somebody deletes the spool, the disk lies. What has ended and waits keeps nothing in memory.
#include "base/text.h"
#include "crasher.h"
#include "hanging_disk.h"
#include "recover_fixture.h"
#include "replay/journal.h"
#include "replay/recovery.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

namespace fs = std::filesystem;

// --- killed --------------------------------------------------------------------------------------

// What a journal in the folder knows by now; the program is still writing it.
JournalState journal_in(const std::string &folder)
{
    std::error_code gone;
    for (const auto &entry : fs::directory_iterator(folder, gone)) {
        std::ifstream in(entry.path() / "journal", std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        const ParsedJournal journal = parse_journal(std::as_bytes(std::span(text)));
        if (journal.complete)
            return journal.state;
    }
    return {};
}

std::uint64_t end_of(const JournalState &state)
{
    std::uint64_t end = state.acked;
    for (const DataRecord &record : state.data)
        end = std::max(end, record.position + record.length);
    return end;
}

struct Kill {
    Kill()
    {
        auto started = Standin::start({});
        g_assert_true(started.ok());
        server = std::move(*started);
    }

    ~Kill() { fs::remove_all(folder.get()); }

    // The server has a finished beginning of what was written; returns its length.
    std::uint64_t finished()
    {
        g_assert_cmpint(run_recover({folder.get()}).status, ==, 0);
        const Snapshot snapshot = server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        g_assert_cmpuint(record->offset, <=, bytes.size());
        ASSERT_STR(record->sha256, sha256(std::span(bytes).first(record->offset)));
        g_assert_cmpint(run_recover({folder.get()}).status, ==, 0); // and nothing is left
        g_assert_cmpuint(server->snapshot().uploads.size(), ==, 1);
        return record->offset;
    }

    const std::vector<std::byte> bytes = noise(2000000);
    GCharOwn folder{g_dir_make_tmp("survival-XXXXXX", nullptr)};
    std::unique_ptr<Standin> server;
};

// The upload's address is on disk from the moment when it exists.
void killed_while_the_server_is_well()
{
    for (int round = 0; round < 8; ++round) {
        Kill test;
        Crasher program(test.server->files_url(), test.folder.get(), "overflow");
        program.run_until(30000 + static_cast<std::uint64_t>(round) * 200000);
        g_assert_true(comes_true([&] {
            const Notes notes = journal_in(test.folder.get()).notes;
            const auto url = notes.find("upload-url");
            return url != notes.end() && !url->second.empty();
        }));
        program.kill_it();
        g_assert_cmpuint(test.finished(), <=, program.accepted() + 10000);
    }
}

void killed_in_an_outage(const char *mode)
{
    for (const bool begun : {true, false}) {
        Kill test;
        if (!begun)
            test.server->go_away();
        Crasher program(test.server->files_url(), test.folder.get(), mode);
        program.run_until(300000);
        if (begun) {
            g_assert_true(test.server->wait_for(
                [](const Snapshot &now) { return now.bytes_received > 0; }, kPatience));
            test.server->go_away();
        }
        program.run_until(test.bytes.size());
        g_assert_true(
            comes_true([&] { return end_of(journal_in(test.folder.get())) >= test.bytes.size(); }));
        program.kill_it();
        g_assert_true(test.server->come_back().ok());
        g_assert_cmpuint(test.finished(), ==, test.bytes.size());
    }
}

void killed_while_it_goes_on()
{
    killed_in_an_outage("overflow");
}

void killed_after_the_end()
{
    killed_in_an_outage("ended");
}

// --- deleted -------------------------------------------------------------------------------------

UploadConfig overflow_config(const char *folder)
{
    UploadConfig config = quick_config();
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder;
    config.replay.max_memory = 1 << 20;
    config.replay.rollback_margin = 0;
    return config;
}

struct DeletedRow {
    const char *name;
    const char *what; // files whose names end so; nullptr: the folder, with the one it is in
    bool kept;        // stopped then, and finished from the disk
};

const std::vector<DeletedRow> kDeleted = {
    {"all", nullptr, false},    {"all-kept", nullptr, true},       {"journal", "journal", false},
    {"spill", ".spill", false}, {"journal-kept", "journal", true}, {"spill-kept", ".spill", true},
    {"lock", "lock", false},
};

void delete_some(const std::string &spool_dir, const char *what)
{
    if (!what) {
        fs::remove_all(spool_dir);
        return;
    }
    std::vector<fs::path> paths;
    for (const auto &entry : fs::recursive_directory_iterator(spool_dir)) {
        if (entry.path().string().ends_with(what))
            paths.push_back(entry.path());
    }
    for (const fs::path &path : paths)
        fs::remove(path);
}

void files_that_somebody_deletes_are_written_anew(const DeletedRow &row)
{
    const GCharOwn folder(g_dir_make_tmp("survival-XXXXXX", nullptr));
    const std::string spool_dir = cat(folder.get(), "/spool");
    Recording recording;
    recording.begin(overflow_config(spool_dir.c_str()), recording.server->files_url());
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(20 << 20);
    recording.write(std::span(bytes).first(18 << 20)); // two files
    g_assert_true(
        comes_true([&] { return recording.upload->stats().bytes_on_disk > (17u << 20); }));
    const std::string before = recording.upload->stats().spool_path;
    delete_some(spool_dir, row.what);
    recording.write(std::span(bytes).subspan(18 << 20));
    g_assert_true(comes_true([&] {
        const UploadStats now = recording.upload->stats();
        return row.what && strcmp(row.what, "lock") == 0
                   ? now.bytes_on_disk == bytes.size()
                   : now.spool_path != before && end_of(journal_in(spool_dir)) == bytes.size();
    }));
    if (row.kept) {
        recording.upload->stop(OnStop::kKeep);
        recording.upload.reset();
        g_assert_cmpuint(recording.listener.kept_.size(), ==, 1);
    }
    g_assert_true(recording.server->come_back().ok());
    if (row.kept) {
        g_assert_cmpint(run_recover({spool_dir}).status, ==, 0);
    } else {
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload->stop(OnStop::kFinish);
        recording.upload.reset();
    }
    recording.check_stored(bytes);
    g_assert_false(recording.listener.failure_.has_value());
    for (const auto &entry : fs::directory_iterator(spool_dir)) // nor is anything left
        ASSERT_STR(entry.path().filename().string(), "proofs");
    fs::remove_all(folder.get());
}

// --- a disk that lies or sleeps ------------------------------------------------------------------

// spool-mode=always promises the pipeline that a byte is in a file: it waits, but not the stop.
void always_waits_for_the_disk_and_stops_all_the_same()
{
    UploadConfig config = quick_config();
    config.replay.spool_mode = SpoolMode::kAlways;
    config.disk_patience = config.stop_timeout = milliseconds(200);
    HangingDisk &disk = new_disk();
    const GCharOwn folder(g_dir_make_tmp("survival-XXXXXX", nullptr));
    config.replay.spool_dir = folder.get();
    Recording recording;
    recording.begin(config, recording.server->files_url(),
                    std::make_unique<ReplayStore>(config.replay, disk));
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(100000);
    std::thread source([&] { recording.write(bytes, bytes.size()); });
    g_assert_true(recording.listener.wait_for([](const Listener &now) {
        return std::any_of(now.warnings_.begin(), now.warnings_.end(), [](const Error &warning) {
            return strstr(warning.message.c_str(), "spool-mode=always") != nullptr;
        });
    }));
    g_assert_cmpuint(recording.upload->stats().bytes_rendered, ==, bytes.size()); // answers
    recording.upload->stop(OnStop::kKeep);
    source.join();
    disk.heal();
    recording.upload.reset();
    while (!fs::is_empty(folder.get())) {
        const auto listed = list_uploads(folder.get());
        g_assert_true(listed.ok());
        for (const SpooledUpload &upload : *listed)
            (void)delete_upload(folder.get(), upload.id);
        std::this_thread::yield();
    }
    fs::remove_all(folder.get());
}

// Twenty megabytes that lie in files; then the server is back.
struct OnDisk {
    explicit OnDisk(UploadConfig config = quick_config()) : hung(std::move(config))
    {
        hung.disk.heal();
        hung.recording.server->go_away();
        hung.recording.upload->start();
        hung.recording.write(bytes);
        g_assert_true(comes_true(
            [this] { return hung.recording.upload->stats().bytes_on_disk > (18u << 20); }));
    }

    ~OnDisk() { fs::remove_all(hung.folder.get()); }

    const std::vector<std::byte> bytes = noise(20 << 20);
    Hung hung;
};

void read_errors_are_tried_again()
{
    OnDisk test;
    test.hung.disk.fail_reads(3);
    g_assert_true(test.hung.recording.server->come_back().ok());
    test.hung.recording.upload->finish();
    g_assert_true(test.hung.recording.upload->wait_drained() == DrainStatus::kComplete);
    test.hung.recording.upload->stop(OnStop::kFinish);
    g_assert_cmpint(test.hung.disk.failing_reads(), <=, 0);
    test.hung.recording.check_stored(test.bytes, true);
}

void disk_that_can_not_be_read_at_all_is_an_error()
{
    UploadConfig config = quick_config();
    config.runtime.outage_timeout = seconds(1);
    OnDisk test(config);
    test.hung.disk.fail_reads(1 << 30);
    g_assert_true(test.hung.recording.server->come_back().ok());
    g_assert_true(test.hung.recording.listener.wait_for(
        [](const Listener &now) { return now.failure_.has_value(); }));
    const Error &failure = *test.hung.recording.listener.failure_;
    g_assert_nonnull(strstr(cat(failure.message, failure.detail).c_str(), "cannot be read back"));
    test.hung.recording.upload->stop(OnStop::kFinish);
}

void byte_that_changed_on_the_disk_is_not_sent()
{
    OnDisk test;
    const std::string folder = test.hung.recording.upload->stats().spool_path;
    std::fstream file(cat(folder, "/00000001.spill"),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(5000000);
    const char other = static_cast<char>(~static_cast<unsigned char>(test.bytes[5000000]));
    file.write(&other, 1);
    file.close();
    g_assert_true(test.hung.recording.server->come_back().ok());
    g_assert_true(test.hung.recording.listener.wait_for(
        [](const Listener &now) { return now.failure_.has_value(); }));
    const Error &failure = *test.hung.recording.listener.failure_;
    g_test_message("%s", failure.message.c_str());
    g_assert_nonnull(strstr(failure.message.c_str(), "have changed on the disk"));
    g_assert_nonnull(strstr(failure.message.c_str(), "00000001.spill at "));
    test.hung.recording.upload->stop(OnStop::kFinish);
    g_assert_cmpuint(test.hung.recording.listener.kept_.size(), ==, 1); // the rest is
    const Snapshot snapshot = test.hung.recording.server->snapshot();
    const UploadRecord &record = snapshot.uploads.begin()->second;
    g_assert_cmpuint(record.offset, <=, 5000000);
    g_assert_cmpuint(record.offset, >, 4000000);
}

// --- ended, and waiting --------------------------------------------------------------------------

int disk_threads()
{
    int count = 0;
    for (const auto &entry : fs::directory_iterator("/proc/self/task")) {
        std::ifstream in(entry.path() / "comm");
        std::string name;
        std::getline(in, name);
        count += name == "tus-disk" ? 1 : 0;
    }
    return count;
}

void what_has_ended_gives_memory_and_thread_back()
{
    const GCharOwn folder(g_dir_make_tmp("survival-XXXXXX", nullptr));
    Recording recording;
    UploadConfig config = overflow_config(folder.get());
    config.replay.max_memory = 32 << 20;
    config.replay.rollback_margin = 8 << 20;
    recording.begin(config, recording.server->files_url());
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(10 << 20);
    recording.write(std::span(bytes).first(2 << 20));
    g_assert_true(
        comes_true([&] { return recording.upload->stats().bytes_acked + 1 >= (2u << 20); }));
    recording.server->go_away();
    recording.write(std::span(bytes).subspan(2 << 20));
    recording.upload->finish();
    g_assert_true(comes_true([&] { return recording.upload->stats().bytes_in_memory == 0; }));
    g_assert_true(comes_true([] { return disk_threads() == 0; }));
    g_assert_cmpuint(recording.upload->stats().bytes_on_disk, ==, bytes.size());
    g_assert_true(recording.server->come_back().ok());
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(g_rmdir(folder.get()), ==, 0);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        add_test("/live-upload/survival/killed/server-well", killed_while_the_server_is_well);
        add_test("/live-upload/survival/killed/outage", killed_while_it_goes_on);
        add_test("/live-upload/survival/killed/after-the-end", killed_after_the_end);
        for (const DeletedRow &row : kDeleted)
            add_row_test(std::string("/live-upload/survival/deleted/") + row.name, row,
                         files_that_somebody_deletes_are_written_anew);
        add_test("/live-upload/survival/disk/always-and-hanging",
                 always_waits_for_the_disk_and_stops_all_the_same);
        add_test("/live-upload/survival/disk/read-errors", read_errors_are_tried_again);
        add_test("/live-upload/survival/disk/unreadable",
                 disk_that_can_not_be_read_at_all_is_an_error);
        add_test("/live-upload/survival/disk/changed", byte_that_changed_on_the_disk_is_not_sent);
        add_test("/live-upload/survival/ended/gives-back",
                 what_has_ended_gives_memory_and_thread_back);
    });
}
