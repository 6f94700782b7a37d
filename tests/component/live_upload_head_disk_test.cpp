// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The head of a recording (seekable-header) and what can go wrong with disk and memory: in which
// order things get to the disk, a full one, one that can not be used, a system without memory.
#include "base/text.h"
#include "live_upload_fixture.h"
#include "replay/block_memory.h"
#include "replay/file_ops.h"
#include "replay/head_file.h"
#include "replay/segment.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>

using namespace gsttus;
using namespace gsttus::test;

namespace fs = std::filesystem;

namespace {

std::atomic<bool> no_memory{false};

constexpr std::uint64_t kHeader = 70000, kSize = 900000;
constexpr std::string_view kMark = "the head as it is at its end";

} // namespace

// In place of block_memory.cpp: it gives nothing while that is so.
void gsttus::UnmapBlock::operator()(std::byte *bytes) const
{
    std::free(bytes);
}

BlockBytes gsttus::map_block(std::size_t size)
{
    void *const bytes = no_memory ? nullptr : std::calloc(size, 1);
    return {static_cast<std::byte *>(bytes), UnmapBlock{size}};
}

namespace {

// Sees what gets to the disk before what.
class WatchedDisk final : public FileOps {
public:
    int open_at(int dir, const char *name, int flags, mode_t mode) override
    {
        const int fd = FileOps::open_at(dir, name, flags, mode);
        MutexLock lock(mutex_);
        if (fd >= 0)
            names_[fd] = name;
        return fd;
    }

    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override
    {
        MutexLock lock(mutex_);
        const std::string &name = names_[fd];
        const bool is_head = name.starts_with(kHeadName);
        if (is_head && head_failures_ > 0 && head_failures_-- > 0) {
            errno = EIO;
            return -1;
        }
        const std::uint64_t room = capacity_ - std::min(capacity_, used());
        if (room == 0) {
            full_ = true;
            errno = ENOSPC;
            return -1;
        }
        length = std::min<std::uint64_t>(length, room);
        const std::string_view text(static_cast<const char *>(data), length);
        const bool has_mark = text.find(kMark) != text.npos;
        if (is_head && has_mark && !marked_)
            before_head_ = body_;
        marked_ = marked_ || (is_head && has_mark);
        body_ += is_head || name.starts_with("journal") ? 0 : length;
        const bool in_spill = !is_head && has_mark;
        const bool in_note = name.starts_with("journal") && text.find("head-at") != text.npos;
        early_ = early_ || (in_spill && !safe_);
        early_note_ = early_note_ || (in_note && !safe_);
        spilled_ = spilled_ || in_spill;
        return FileOps::write_at(fd, data, length, offset);
    }

    int sync_data(int fd) override
    {
        MutexLock lock(mutex_);
        safe_ = safe_ || (marked_ && names_[fd].starts_with(kHeadName));
        return FileOps::sync_data(fd);
    }

    TimePoint now() override
    {
        ++looks_;
        return FileOps::now();
    }

    void watch(std::string folder)
    {
        MutexLock lock(mutex_);
        folder_ = std::move(folder);
    }

    void fail_head(int times)
    {
        MutexLock lock(mutex_);
        head_failures_ = times;
    }

    // No more than now, and so much.
    void fill(std::uint64_t more)
    {
        MutexLock lock(mutex_);
        capacity_ = used() + more;
    }

    // It was, at least once.
    bool full()
    {
        MutexLock lock(mutex_);
        return full_;
    }

    bool spilled()
    {
        MutexLock lock(mutex_);
        return spilled_;
    }

    bool early()
    {
        MutexLock lock(mutex_);
        return early_;
    }

    bool early_note()
    {
        MutexLock lock(mutex_);
        return early_note_;
    }

    // So much of what is behind the head was written before what came last of that.
    std::uint64_t before_head()
    {
        MutexLock lock(mutex_);
        return before_head_;
    }

    int looks() const { return looks_; }

private:
    std::uint64_t used() const REQUIRES(mutex_)
    {
        std::uint64_t sum = 0;
        std::error_code error;
        for (const auto &entry : fs::recursive_directory_iterator(folder_, error))
            sum += entry.is_regular_file(error) ? entry.file_size(error) : 0;
        return sum;
    }

    mutable Mutex mutex_;
    std::map<int, std::string> names_ GUARDED_BY(mutex_);
    std::string folder_ GUARDED_BY(mutex_);
    std::uint64_t capacity_ GUARDED_BY(mutex_) = std::uint64_t{1} << 40;
    std::uint64_t body_ GUARDED_BY(mutex_) = 0, before_head_ GUARDED_BY(mutex_) = 0;
    int head_failures_ GUARDED_BY(mutex_) = 0;
    bool marked_ GUARDED_BY(mutex_) = false, safe_ GUARDED_BY(mutex_) = false;
    bool spilled_ GUARDED_BY(mutex_) = false, early_ GUARDED_BY(mutex_) = false;
    bool early_note_ GUARDED_BY(mutex_) = false, full_ GUARDED_BY(mutex_) = false;
    std::atomic<int> looks_{0};
};

// A disk thread may outlive its test.
WatchedDisk &new_disk()
{
    static std::vector<std::unique_ptr<WatchedDisk>> disks;
    return *disks.emplace_back(std::make_unique<WatchedDisk>());
}

struct Watched {
    explicit Watched(SpoolMode mode = SpoolMode::kOverflow, std::string place = {},
                     bool away = false)
    {
        config.seekable_header = kHeader;
        config.replay.spool_mode = mode;
        config.replay.spool_dir = place.empty() ? std::string(folder.get()) : place;
        config.replay.max_memory = 2 << 20; // blocks of 128 KiB
        config.replay.rollback_margin = 0;
        config.stop_timeout = milliseconds(100);
        disk.watch(folder.get());
        StandinOptions options;
        options.extensions = {"creation", "concatenation"};
        recording = std::make_unique<Recording>(std::move(options), config);
        recording->begin(config, recording->server->files_url(),
                         std::make_unique<ReplayStore>(config.replay, disk));
        if (away)
            recording->server->go_away();
        recording->upload->start();
    }

    ~Watched()
    {
        recording.reset();
        fs::remove_all(folder.get());
    }

    Watched(const Watched &) = delete;
    Watched &operator=(const Watched &) = delete;

    LiveUpload &upload() { return *recording->upload; }

    // All but the end of the recording, of which the server has some.
    void record(bool away = true)
    {
        recording->write(std::span(file).first(kSize / 2));
        g_assert_true(recording->server->wait_for(
            [](const Snapshot &now) { return now.bytes_received > 0; }, kPatience));
        if (away)
            recording->server->go_away();
        recording->write(std::span(file).subspan(kSize / 2));
    }

    // What comes last, with what is known by.
    void rewrite()
    {
        const auto bytes = noise(kHeader, 9);
        std::copy(bytes.begin(), bytes.end(), file.begin());
        for (const std::size_t at : {std::size_t{0}, std::size_t{1000}, std::size_t{50000}})
            std::memcpy(file.data() + at, kMark.data(), kMark.size());
        g_assert_true(upload().rewrite_head(0, std::span(file).first(kHeader)) == WriteStatus::kOk);
    }

    bool head_is_saved() const
    {
        for (const auto &entry : fs::recursive_directory_iterator(folder.get())) {
            if (entry.path().filename() == kHeadName)
                return true;
        }
        return false;
    }

    std::string recovered()
    {
        recording->upload.reset();
        g_assert_true(recording->server->come_back().ok());
        const char *argv[] = {g_getenv("GST_TUS_RECOVER"), folder.get(), nullptr};
        int status = -1;
        g_assert_true(g_spawn_sync(nullptr, const_cast<char **>(argv), nullptr, G_SPAWN_DEFAULT,
                                   nullptr, nullptr, nullptr, nullptr, &status, nullptr));
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
        const Snapshot snapshot = recording->server->snapshot();
        g_assert_nonnull(snapshot.only_finished());
        char *text = nullptr;
        gsize length = 0;
        g_assert_true(
            g_file_get_contents(snapshot.only_finished()->path.c_str(), &text, &length, nullptr));
        const GCharOwn own(text);
        return {text, length};
    }

    std::uint64_t expect_recovered(std::uint64_t least)
    {
        const std::string found = recovered();
        g_assert_cmpuint(found.size(), >=, least);
        g_assert_cmpuint(found.size(), <=, file.size());
        g_assert_cmpint(std::memcmp(found.data(), file.data(), found.size()), ==, 0);
        return found.size();
    }

    std::vector<std::byte> file = noise(kSize);
    WatchedDisk &disk = new_disk();
    GCharOwn folder{g_dir_make_tmp("head-disk-XXXXXX", nullptr)};
    UploadConfig config = quick_config();
    std::unique_ptr<Recording> recording;
};

// --- in which order ------------------------------------------------------------------------------

struct OrderRow {
    const char *name;
    SpoolMode mode;
    bool saved;        // an older head is on the disk
    int failures;      // of the disk with the last one
    bool stops;        // at once, else the disk thread brings it there
    bool away = false; // the server, from the start: there is no folder before
};

const std::vector<OrderRow> kOrders = {
    {"ended", SpoolMode::kOverflow, true, 0, false},
    {"ended-refused", SpoolMode::kOverflow, true, 2, false},
    {"ended-always", SpoolMode::kAlways, true, 0, false},
    {"stopped", SpoolMode::kOverflow, false, 0, true},
    {"stopped-saved", SpoolMode::kOverflow, true, 0, true},
    {"stopped-refused", SpoolMode::kOverflow, true, 1, true},
    {"away", SpoolMode::kOverflow, false, 0, false, true},
    {"away-stopped", SpoolMode::kOverflow, false, 0, true, true},
};

void head_is_on_the_disk_before_its_copy(const OrderRow &row)
{
    Watched watched(row.mode, {}, row.away);
    if (row.away)
        watched.recording->write(watched.file);
    else
        watched.record();
    if (row.saved)
        g_assert_true(comes_true([&] { return watched.head_is_saved(); }));
    watched.disk.fail_head(row.failures);
    watched.rewrite();
    watched.upload().finish();
    if (!row.stops)
        g_assert_true(comes_true([&] { return watched.disk.spilled(); }));
    watched.upload().stop(OnStop::kKeep);
    g_assert_true(watched.disk.spilled());
    g_assert_false(watched.disk.early());
    if (row.away && !row.stops) // an index at the end, which it speaks of
        g_assert_cmpuint(watched.disk.before_head(), >=, kSize - kHeader);
    if (row.failures == 0) // else its check value says that it is not the one on the disk
        g_assert_false(watched.disk.early_note());
    watched.expect_recovered(kSize);
}

// --- a full disk ---------------------------------------------------------------------------------

struct FullRow {
    const char *name;
    bool in_files; // much of the recording is there already
    bool ended;
    std::uint64_t room; // for what is left
    bool taken = false; // by bytes, before the head comes
};

const std::vector<FullRow> kFull = {
    {"memory", false, false, 300000},
    {"memory-ended", false, true, 300000},
    {"files", true, false, 30000},
    {"files-ended", true, true, 30000},
    {"files-nothing", true, false, 0},
    {"files-nothing-ended", true, true, 0},
    {"nearly-all-ended", true, true, 90000},
    {"memory-taken", false, false, 300000, true},
    {"memory-taken-ended", false, true, 300000, true},
};

void full_disk_costs_the_end_not_the_head(const FullRow &row)
{
    Watched watched;
    watched.record();
    if (row.in_files)
        g_assert_true(comes_true([&] {
            return watched.head_is_saved() && watched.upload().stats().bytes_in_memory <= kHeader;
        }));
    if (!row.in_files) {
        const auto more = noise(kSize, 3);
        watched.recording->write(more);
        watched.file.insert(watched.file.end(), more.begin(), more.end());
    }
    watched.disk.fill(row.room);
    if (row.taken)
        g_assert_true(comes_true([&] { return watched.disk.full(); }));
    watched.rewrite();
    if (row.ended)
        watched.upload().finish();
    watched.upload().stop(OnStop::kKeep);
    watched.disk.fill(std::uint64_t{1} << 30);
    const auto &told = watched.recording->listener.kept_;
    g_assert_cmpuint(told.size(), ==, 1);
    const bool found_all = watched.expect_recovered(kHeader + 1) == watched.file.size();
    g_assert_true(found_all || !told.front().is_whole); // never more than there is
}

// --- a disk that can not be used -----------------------------------------------------------------

void useless_folder_is_told_once_and_left_alone()
{
    const GCharOwn parent(g_dir_make_tmp("head-disk-XXXXXX", nullptr));
    const GCharOwn file(g_build_filename(parent.get(), "file", nullptr));
    g_assert_true(g_file_set_contents(file.get(), "x", 1, nullptr));
    Watched watched(SpoolMode::kOverflow, cat(file.get(), "/spool"));
    watched.recording->write(std::span(watched.file).first(kHeader / 2)); // of the head alone
    g_assert_true(watched.recording->listener.wait_for(
        [](const Listener &now) { return !now.warnings_.empty(); }));
    const int before = watched.disk.looks();
    g_usleep(2000000);
    g_assert_cmpint(watched.disk.looks() - before, <, 100);
    watched.upload().stop(OnStop::kFinish);
    const auto &warnings = watched.recording->listener.warnings_;
    g_assert_cmpint(std::count_if(warnings.begin(), warnings.end(),
                                  [&](const Error &warning) {
                                      return warning.message.find(file.get()) != std::string::npos;
                                  }),
                    ==, 1);
    fs::remove_all(parent.get());
}

// --- no memory -----------------------------------------------------------------------------------

struct NoMemory {
    NoMemory()
    {
        no_memory = true;
        for (std::size_t size = 4096; size <= 4 << 20; size *= 2) // those that wait for another use
            while (auto block = allocate_block(size))
                spare.push_back(std::move(block));
    }

    ~NoMemory() { no_memory = false; }

    NoMemory(const NoMemory &) = delete;
    NoMemory &operator=(const NoMemory &) = delete;

    std::vector<std::shared_ptr<MemoryBlock>> spare;
};

void head_waits_for_memory(const SpoolMode &mode)
{
    Watched watched(mode);
    watched.record(false);
    watched.rewrite();
    {
        const NoMemory none;
        watched.upload().finish();
        g_usleep(400000); // tried in vain some times
    }
    g_assert_true(watched.upload().wait_drained() == DrainStatus::kComplete);
    watched.upload().stop(OnStop::kFinish);
    const Snapshot snapshot = watched.recording->server->snapshot();
    g_assert_nonnull(snapshot.only_finished());
    ASSERT_STR(snapshot.only_finished()->sha256, sha256(watched.file));
}

// Interrupted while there was no room for the first byte behind the head.
void checksum_survives_a_write_that_took_nothing()
{
    Watched watched(SpoolMode::kNever);
    const auto file = std::span(watched.file);
    watched.recording->write(file.first(kHeader));
    {
        const NoMemory none;
        std::thread stopper([&] {
            g_usleep(100000);
            watched.upload().interrupt();
        });
        const WriteResult result = watched.upload().write(file.subspan(kHeader, 10));
        stopper.join();
        g_assert_cmpint(static_cast<int>(result.status), ==,
                        static_cast<int>(WriteStatus::kInterrupted));
        g_assert_cmpuint(result.taken, ==, 0);
    }
    watched.upload().resume();
    watched.recording->write(file.subspan(kHeader));
    watched.upload().finish();
    g_assert_true(watched.upload().wait_drained() == DrainStatus::kComplete);
    watched.upload().stop(OnStop::kFinish);
    ASSERT_STR(watched.recording->listener.complete_->sha256, sha256(watched.file));
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        for (const OrderRow &row : kOrders)
            add_row_test(cat("/live-upload/head-disk/order/", row.name), row,
                         head_is_on_the_disk_before_its_copy);
        for (const FullRow &row : kFull)
            add_row_test(cat("/live-upload/head-disk/full/", row.name), row,
                         full_disk_costs_the_end_not_the_head);
        add_test("/live-upload/head-disk/useless", useless_folder_is_told_once_and_left_alone);
        static const SpoolMode kModes[] = {SpoolMode::kNever, SpoolMode::kOverflow};
        add_row_test("/live-upload/head-disk/no-memory/never", kModes[0], head_waits_for_memory);
        add_row_test("/live-upload/head-disk/no-memory/overflow", kModes[1], head_waits_for_memory);
        add_test("/live-upload/head-disk/no-memory/checksum",
                 checksum_survives_a_write_that_took_nothing);
    });
}
