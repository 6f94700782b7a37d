// LiveUpload with the real transport against the stand-in's faults. Every case ends with the same
// question: does the server have exactly the bytes that were written, and did every PATCH go to an
// offset that the server had announced?
#include "base/log.h"
#include "glib/ptr.h"
#include "http/soup_transport.h"
#include "noise.h"
#include "patience.h"
#include "replay/file_ops.h"
#include "replay/recovery.h"
#include "standin/standin.h"
#include "test.h"
#include "upload/live_upload.h"
#include "upload/tus_target.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <glib/gstdio.h>

using namespace gsttus;
using gsttus::standin::Snapshot;
using gsttus::standin::Standin;
using gsttus::standin::StandinOptions;
using gsttus::standin::UploadRecord;
using gsttus::test::add_row_test;
using gsttus::test::add_test;
using gsttus::test::noise;
using gsttus::test::sha256;

namespace {

const seconds kPatience = gsttus::test::patience(seconds(30));

// Everything that the observer is told, for tests to wait on.
class Listener final : public UploadObserver {
public:
    void on_created(const UploadCreated &created) override
    {
        note([&] { created_.push_back(created); });
    }

    void on_progress(const UploadProgress &progress) override
    {
        note([&] { progress_ = progress; });
    }

    void on_stalled(const UploadStalled &stalled) override
    {
        note([&] { stalls_.push_back(stalled); });
        if (stop_when_stalled_)
            std::exchange(stop_when_stalled_, nullptr)->stop(OnStop::kFinish);
    }

    void on_resumed(const UploadResumed &resumed) override
    {
        note([&] { resumes_.push_back(resumed); });
    }

    void on_warning(const Error &error) override
    {
        note([&] { warnings_.push_back(error); });
    }

    void on_target_notice(const TargetNotice &) override {}

    void on_complete(const UploadComplete &complete) override
    {
        note([&] { complete_ = complete; });
    }

    void on_failed(const Error &error, const std::string &, const std::string &spool_path) override
    {
        note([&] {
            failure_ = error;
            spool_path_ = spool_path;
        });
    }

    std::optional<std::string> on_refresh_authorization(int) override
    {
        MutexLock lock(mutex_);
        ++refreshes_;
        changed_.notify_all();
        while (hold_refresh_)
            changed_.wait(lock);
        return fresh_authorization_;
    }

    template <typename Holds>
    bool wait_for(Holds holds)
    {
        const TimePoint deadline = Clock::now() + kPatience;
        MutexLock lock(mutex_);
        while (!holds(*this)) {
            if (Clock::now() >= deadline)
                return false;
            changed_.wait_until(lock, deadline);
        }
        return true;
    }

    void let_go()
    {
        note([&] { hold_refresh_ = false; });
    }

    bool hold_refresh_ = false;               // on_refresh_authorization() blocks until let_go()
    LiveUpload *stop_when_stalled_ = nullptr; // the upload thread stops itself

    // read under wait_for(), or after the upload has stopped
    UploadProgress progress_;
    std::vector<UploadCreated> created_;
    std::vector<UploadStalled> stalls_;
    std::vector<UploadResumed> resumes_;
    std::vector<Error> warnings_;
    std::optional<UploadComplete> complete_;
    std::optional<Error> failure_;
    std::string spool_path_;
    int refreshes_ = 0;
    std::optional<std::string> fresh_authorization_;

private:
    template <typename Change>
    void note(Change change)
    {
        MutexLock lock(mutex_);
        change();
        changed_.notify_all();
    }

    Mutex mutex_;
    Condition changed_;
};

UploadConfig quick_config()
{
    UploadConfig config;
    config.chunk_size = 64 << 10;
    config.replay.spool_mode = SpoolMode::kNever;
    config.runtime.flush_interval = milliseconds(20);
    config.runtime.timeout = seconds(3);
    config.stop_timeout = gsttus::test::patience(milliseconds(3000));
    config.seed = 1;
    return config;
}

struct Recording {
    explicit Recording(StandinOptions options = {}, UploadConfig config = quick_config())
    {
        Result<std::unique_ptr<Standin>> started = Standin::start(std::move(options));
        if (!started)
            g_error("stand-in: %s", started.error().message.c_str());
        server = std::move(*started);
        begin(std::move(config), server->files_url());
    }

    void begin(UploadConfig config, const std::string &endpoint,
               std::unique_ptr<ReplayStore> store = nullptr)
    {
        upload = std::make_unique<LiveUpload>(
            std::move(config),
            std::make_unique<TusTarget>(endpoint, Metadata{{"filename", "noise.bin"}}), transport,
            listener, std::move(store));
        upload->set_hints({});
    }

    void write(std::span<const std::byte> bytes, std::size_t piece = 10000)
    {
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            const auto part = bytes.subspan(at, std::min(piece, bytes.size() - at));
            const WriteResult result = upload->write(part);
            g_assert_true(result.status == WriteStatus::kOk);
            g_assert_cmpuint(result.taken, ==, part.size());
        }
    }

    // `bytes` are at the server, once, and no request was out of order.
    void check_stored(std::span<const std::byte> bytes, bool silent_server = false) const
    {
        const Snapshot snapshot = server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        g_assert_cmpuint(record->offset, ==, bytes.size());
        ASSERT_STR(record->sha256, sha256(bytes));
        g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
        if (!silent_server) // which does not see that a connection was given up
            g_assert_cmpuint(snapshot.interrupted_patches, ==, 0);
    }

    Listener listener;
    TransportFactory transport = [] {
        return make_soup_transport(HttpConfig{.user_agent = "test"});
    };
    std::unique_ptr<Standin> server;
    std::unique_ptr<LiveUpload> upload;
};

// --- sizes ---------------------------------------------------------------------------------------

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

// --- faults --------------------------------------------------------------------------------------

// A connection that breaks once may pass for a kept-alive one that was dead: no outage.
enum class Outage { kNo, kYes, kPerhaps };

struct FaultRow {
    const char *name;
    std::vector<const char *> faults;
    Outage outage;
};

const std::vector<FaultRow> kFaults = {
    {"cut-in-mid-body", {"on PATCH 3: cut after 20000 bytes"}, Outage::kPerhaps},
    {"cut-before-body", {"on PATCH 2: cut"}, Outage::kPerhaps},
    {"answer-lost", {"on PATCH 2: store, then drop the answer"}, Outage::kPerhaps},
    {"answer-lost-at-the-end", {"on PATCH from 6: store, then drop the answer"}, Outage::kPerhaps},
    {"short-acknowledgement", {"on PATCH any: accept only 10000 bytes"}, Outage::kNo},
    {"503-with-retry-after", {"on PATCH 2: answer 503, Retry-After 1"}, Outage::kYes},
    {"stored-then-500", {"on PATCH 2: store, then answer 500"}, Outage::kYes},
    {"429", {"on PATCH 2: answer 429, Retry-After 1"}, Outage::kYes},
    {"stall-without-reset", {"on PATCH 2: stall 60 s after 1000 bytes"}, Outage::kYes},
    {"creation-500", {"on POST 1: answer 500"}, Outage::kYes},
    {"creation-cut", {"on POST 1: store, then drop the answer"}, Outage::kPerhaps},
    {"options-not-there", {"on OPTIONS any: answer 404"}, Outage::kNo},
    {"options-500", {"on OPTIONS 1: answer 500"}, Outage::kYes},
    {"head-500", {"on PATCH 2: cut after 1000 bytes", "on HEAD 1-3: answer 502"}, Outage::kPerhaps},
    {"head-423", {"on PATCH 2: cut after 1000 bytes", "on HEAD 1: answer 423"}, Outage::kPerhaps},
    {"patch-423", {"on PATCH 2-3: answer 423"}, Outage::kYes},
    {"patch-409", {"on PATCH 2: answer 409"}, Outage::kNo},
    {"rollback-in-the-margin", {"on PATCH 4: rollback 30000 bytes"}, Outage::kNo},
    {"offset-missing", {"on PATCH 2: no header"}, Outage::kYes},
    {"relative-location", {"on POST 1: location relative"}, Outage::kNo},
    {"path-absolute-location", {"on POST 1: location path-absolute"}, Outage::kNo},
    {"redirected-creation", {"on POST 1: redirect 308"}, Outage::kNo},
    {"redirected-patch", {"on PATCH 2: redirect 307"}, Outage::kNo},
    {"redirected-to-nowhere",
     {"on PATCH 2: redirect 307 to http://127.0.0.1:1/portal"},
     Outage::kYes},
    {"early-short-answer", {"on PATCH 2: early answer after 10000 bytes"}, Outage::kNo},
    {"413-then-smaller", {"on PATCH 1: answer 413"}, Outage::kNo},
    {"405-then-override", {"on PATCH 1: answer 405"}, Outage::kNo},
    {"gone-while-all-is-held", {"on PATCH 2: forget"}, Outage::kYes},
    {"kept-alive-connection-dies", {"connection: close when idle"}, Outage::kPerhaps},
};

void fault_costs_no_byte(const FaultRow &row)
{
    UploadConfig config = quick_config();
    if (std::string(row.name) == "413-then-smaller")
        config.chunk_size = 1 << 20;
    Recording recording({}, std::move(config));
    for (const char *fault : row.faults) {
        if (const Result<void> added = recording.server->add_fault(fault); !added)
            g_error("%s: %s", fault, added.error().message.c_str());
    }
    const std::vector<std::byte> bytes = noise(700000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    const DrainStatus status = recording.upload->wait_drained();
    recording.upload->stop(OnStop::kFinish);
    if (recording.listener.failure_)
        g_test_message("%s %s", recording.listener.failure_->message.c_str(),
                       recording.listener.failure_->detail.c_str());
    g_assert_true(status == DrainStatus::kComplete);
    const std::string fault = row.faults.front();
    recording.check_stored(bytes, fault.find("stall") != std::string::npos);
    std::uint64_t hits = 0;
    for (const auto &[name, count] : recording.server->snapshot().faults_hit)
        hits += count;
    if (fault.starts_with("on ")) // the fault did happen
        g_assert_cmpuint(hits, >, 0);
    const UploadStats stats = recording.upload->stats();
    if (row.outage != Outage::kPerhaps)
        g_assert_cmpint(stats.outages > 0, ==, row.outage == Outage::kYes);
    g_assert_cmpint(recording.listener.stalls_.empty(), ==, stats.outages == 0);
    // one outage, one begin and one end
    g_assert_cmpuint(recording.listener.resumes_.size(), ==, stats.outages);
}

void server_that_goes_away_is_waited_for()
{
    Recording recording;
    const std::vector<std::byte> bytes = noise(1000000);
    recording.upload->start();
    recording.write(std::span(bytes).first(200000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 100000; }, kPatience));
    recording.server->go_away();
    recording.write(std::span(bytes).subspan(200000)); // goes on without noticing
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return now.stalls_.size() > 2; }));
    g_assert_true(recording.server->come_back().ok());
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpuint(recording.upload->stats().outages, ==, 1);
}

void changed_network_ends_a_wait_at_once()
{
    Recording recording;
    recording.server->go_away();
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(1000);
    recording.write(bytes);
    for (std::size_t attempts = 5; attempts < 9; ++attempts) {
        g_assert_true(recording.listener.wait_for(
            [&](const Listener &now) { return now.stalls_.size() >= attempts; }));
        recording.upload->network_changed();
    }
    g_assert_true(recording.server->come_back().ok());
    recording.upload->network_changed();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
}

// --- a slow disk ---------------------------------------------------------------------------------

// A disk that does some things with spill files only when it is healed.
class HangingDisk final : public FileOps {
public:
    enum Call { kWrite = 1, kRemove = 2, kOpenToRead = 4, kRead = 8 };

    int open_at(int dir, const char *name, int flags, mode_t mode) override
    {
        if ((flags & (O_ACCMODE | O_CREAT | O_DIRECTORY)) == O_RDONLY && strstr(name, ".spill"))
            wait_while_it_hangs(kOpenToRead);
        return FileOps::open_at(dir, name, flags, mode);
    }

    ssize_t read_at(int fd, void *data, std::size_t length, off_t offset) override
    {
        wait_while_it_hangs(kRead);
        return FileOps::read_at(fd, data, length, offset);
    }

    int sync_data(int fd) override
    {
        ++syncs_;
        return FileOps::sync_data(fd);
    }

    int syncs() const { return syncs_; }

    void fail_next_write() { fail_next_write_ = true; }

    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override
    {
        {
            MutexLock lock(mutex_);
            ++writes_;
            changed_.notify_all();
        }
        if (fail_next_write_.exchange(false)) {
            errno = EIO;
            return -1;
        }
        wait_while_it_hangs(kWrite);
        return FileOps::write_at(fd, data, length, offset);
    }

    int writes()
    {
        MutexLock lock(mutex_);
        return writes_;
    }

    void wait_for_write()
    {
        MutexLock lock(mutex_);
        while (writes_ == 0)
            changed_.wait(lock);
    }

    int remove_at(int dir, const char *name, int flags) override
    {
        wait_while_it_hangs(kRemove);
        return FileOps::remove_at(dir, name, flags);
    }

    void hang(int calls = kWrite | kRemove)
    {
        MutexLock lock(mutex_);
        hangs_ = calls;
        changed_.notify_all();
    }

    void wait_until_it_hangs()
    {
        MutexLock lock(mutex_);
        while (!hung_)
            changed_.wait(lock);
    }

    void heal() { hang(0); }

private:
    void wait_while_it_hangs(Call call)
    {
        MutexLock lock(mutex_);
        while (hangs_ & call) {
            hung_ = true;
            changed_.notify_all();
            changed_.wait(lock);
        }
    }

    Mutex mutex_;
    Condition changed_;
    int hangs_ GUARDED_BY(mutex_) = kWrite | kRemove;
    bool hung_ GUARDED_BY(mutex_) = false;
    int writes_ GUARDED_BY(mutex_) = 0;
    std::atomic<int> syncs_{0};
    std::atomic<bool> fail_next_write_{false};
};

// Stays: nobody waits for a disk thread whose disk hangs.
HangingDisk &new_disk()
{
    static std::vector<std::unique_ptr<HangingDisk>> disks;
    return *disks.emplace_back(std::make_unique<HangingDisk>());
}

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

struct Hung {
    explicit Hung(UploadConfig config = quick_config(), StandinOptions options = {})
        : recording(std::move(options), prepared(config, folder.get()))
    {
        recording.begin(
            prepared(std::move(config), folder.get()), recording.server->files_url(),
            std::make_unique<ReplayStore>(prepared(quick_config(), folder.get()).replay, disk));
    }

    static UploadConfig prepared(UploadConfig config, const char *folder)
    {
        config.replay.spool_mode = SpoolMode::kOverflow;
        config.replay.spool_dir = folder;
        config.replay.max_memory = 1 << 20;
        config.replay.rollback_margin = 0;
        return config;
    }

    HangingDisk &disk = new_disk();
    GCharOwn folder{g_dir_make_tmp("live-upload-XXXXXX", nullptr)};
    Recording recording;
};

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
    hung.disk.fail_next_write(); // the file that was begun for it goes again
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

// --- failures ------------------------------------------------------------------------------------

struct FailureRow {
    const char *name;
    std::vector<const char *> faults;
    ErrorKind kind;
    int status;
};

const std::vector<FailureRow> kFailures = {
    {"401-at-creation", {"on POST any: answer 401"}, ErrorKind::kNotAuthorized, 401},
    {"403-at-creation", {"on POST any: answer 403"}, ErrorKind::kNotAuthorized, 403},
    {"404-at-creation", {"on POST any: answer 404"}, ErrorKind::kNotFound, 404},
    {"400-at-creation", {"on POST any: answer 400"}, ErrorKind::kServer, 400},
    {"html-at-creation", {"on POST any: answer 200 with HTML"}, ErrorKind::kProtocol, 0},
    {"moved", {"on POST any: redirect 301"}, ErrorKind::kProtocol, 301},
    {"415", {"on PATCH any: answer 415"}, ErrorKind::kProtocol, 415},
};

void what_cannot_heal_fails_at_once(const FailureRow &row)
{
    Recording recording;
    for (const char *fault : row.faults)
        g_assert_true(recording.server->add_fault(fault).ok());
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(1000);
    (void)recording.upload->write(bytes);
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return now.failure_.has_value(); }));
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
    g_assert_true(recording.upload->write(bytes).status == WriteStatus::kFailed);
    recording.upload->stop(OnStop::kFinish);
    g_test_message("%s", recording.listener.failure_->message.c_str());
    ASSERT_STR(to_string(recording.listener.failure_->kind), to_string(row.kind));
    g_assert_cmpint(recording.listener.failure_->http_status, ==, row.status);
}

void outage_timeout_gives_up()
{
    UploadConfig config = quick_config();
    config.runtime.outage_timeout = milliseconds(700);
    Recording recording({}, std::move(config));
    recording.server->go_away();
    recording.upload->start();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
    recording.upload->stop(OnStop::kFinish);
    g_assert_true(recording.listener.failure_->retryable);
}

// Takes bodies from the upload as slowly as a link of 4 Mbit/s does.
class SlowTransport final : public Transport {
public:
    explicit SlowTransport(std::unique_ptr<Transport> inner) : inner_(std::move(inner)) {}

    HttpOutcome send(const HttpRequest &request, GCancellable *cancel) override
    {
        SlowBody body(request.body);
        HttpRequest slow = request;
        slow.body = request.body ? &body : nullptr;
        return inner_->send(slow, cancel);
    }

private:
    class SlowBody final : public BodySource {
    public:
        explicit SlowBody(BodySource *inner) : inner_(inner) {}

        Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
        {
            std::this_thread::sleep_for(milliseconds(250));
            return inner_->read(offset, out);
        }

    private:
        BodySource *inner_;
    };

    std::unique_ptr<Transport> inner_;
};

void bytes_that_move_are_no_outage()
{
    UploadConfig config = quick_config();
    config.chunk_size = 2 << 20;
    config.runtime.outage_timeout = gsttus::test::patience(milliseconds(1000));
    Recording recording;
    recording.transport = []() -> Result<std::unique_ptr<Transport>> {
        auto inner = make_soup_transport(HttpConfig{.user_agent = "test"});
        return std::unique_ptr<Transport>(std::make_unique<SlowTransport>(std::move(*inner)));
    };
    recording.begin(std::move(config), recording.server->files_url());
    g_assert_true(recording.server->add_fault("on PATCH 1: answer 503").ok());
    const std::vector<std::byte> bytes = noise(1000000);
    recording.write(bytes, bytes.size());
    recording.upload->start();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
}

struct NoProgressRow {
    const char *name, *fault;
};

const std::vector<NoProgressRow> kNoProgress = {
    {"silent", "on PATCH from 2: stall 600 s"},
    {"cut", "on PATCH from 2: cut after 1 MiB"},
};

// Bytes that a request takes along count while it lasts, and no longer.
void bytes_that_arrive_nowhere_are_an_outage(const NoProgressRow &row)
{
    UploadConfig config = quick_config();
    config.chunk_size = 12 << 20;
    config.runtime.timeout = seconds(600);
    config.runtime.outage_timeout = milliseconds(700);
    Recording recording({}, std::move(config));
    g_assert_true(recording.server->add_fault("on PATCH 1: answer 503").ok());
    g_assert_true(recording.server->add_fault(row.fault).ok());
    g_assert_true(recording.server->add_fault("on HEAD any: answer 200, Upload-Offset 0").ok());
    recording.upload->start();
    const std::vector<std::byte> bytes = noise(12000000);
    recording.write(bytes, bytes.size());
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
    recording.upload->stop(OnStop::kFinish);
    g_assert_nonnull(strstr(recording.listener.failure_->message.c_str(), "outage-timeout"));
}

// Passes everything on and notes the credentials that went with it.
class NotingTransport final : public Transport {
public:
    NotingTransport(std::unique_ptr<Transport> inner, std::vector<std::string> &sent)
        : inner_(std::move(inner)), sent_(sent)
    {
    }

    HttpOutcome send(const HttpRequest &request, GCancellable *cancel) override
    {
        HttpResponse headers;
        headers.headers = request.headers;
        const std::string *value = headers.header("Authorization");
        sent_.push_back(value ? *value : "");
        return inner_->send(request, cancel);
    }

private:
    std::unique_ptr<Transport> inner_;
    std::vector<std::string> &sent_;
};

void authorization_is_renewed_in_mid_recording()
{
    UploadConfig config = quick_config();
    config.runtime.authorization = "Bearer old-credentials";
    Recording recording;
    std::vector<std::string> sent;
    recording.transport = [&sent]() -> Result<std::unique_ptr<Transport>> {
        auto inner = make_soup_transport(HttpConfig{.user_agent = "test"});
        return std::unique_ptr<Transport>(
            std::make_unique<NotingTransport>(std::move(*inner), sent));
    };
    recording.begin(std::move(config), recording.server->files_url());
    recording.listener.fresh_authorization_ = "Bearer new-credentials";
    g_assert_true(recording.server->add_fault("on PATCH 2: answer 401").ok());
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_cmpint(recording.listener.refreshes_, ==, 1);
    ASSERT_STR(sent.front(), "Bearer old-credentials");
    ASSERT_STR(sent.back(), "Bearer new-credentials");
}

// --- length modes --------------------------------------------------------------------------------

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
        g_assert_cmpuint(recording.listener.warnings_.size(), ==,
                         std::string(row.mode) == "deferred" ? 0 : 1);
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

// --- memory, waiting, stopping -------------------------------------------------------------------

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

void stop_finishes_what_was_written()
{
    Recording recording;
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_true(recording.listener.complete_.has_value());
    recording.upload->stop(OnStop::kFinish); // again: nothing
}

std::uint64_t offset_of(const std::string &url)
{
    const auto http = make_soup_transport(HttpConfig{.user_agent = "test"});
    HttpRequest request;
    request.method = "HEAD";
    request.url = url;
    request.headers = {{"Tus-Resumable", "1.0.0"}};
    const HttpOutcome outcome = (*http)->send(request, nullptr);
    g_assert_nonnull(outcome.response());
    return g_ascii_strtoull(outcome.response()->header("Upload-Offset")->c_str(), nullptr, 10);
}

void stop_can_keep_the_upload_for_later()
{
    Recording recording;
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload->start();
    recording.write(std::span(bytes).first(200000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 100000; }, kPatience));
    recording.upload->stop(OnStop::kKeep);
    const std::string url = recording.upload->stats().upload_url;
    g_assert_null(recording.server->snapshot().only_finished());
    const std::uint64_t stored = offset_of(url);
    g_assert_cmpuint(stored, >=, 100000);

    UploadConfig config = quick_config();
    config.upload_url = url;
    recording.begin(std::move(config), "");
    recording.upload->start();
    recording.write(std::span(bytes).subspan(stored));
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes, true);
    g_assert_cmpuint(recording.server->snapshot().count("POST"), ==, 1);
}

void stop_can_remove_the_upload()
{
    Recording recording;
    recording.upload->start();
    recording.write(noise(100000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 10000; }, kPatience));
    recording.upload->stop(OnStop::kTerminate);
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_cmpuint(snapshot.count("DELETE"), ==, 1);
    g_assert_true(snapshot.uploads.begin()->second.removed);
}

struct BusyRow {
    const char *name;
    const char *fault;
    std::uint64_t requests;
};

const std::vector<BusyRow> kBusy = {
    {"locked", "on DELETE 1-2: answer 423", 3},
    {"conflict", "on DELETE 1: answer 409", 2},
    {"too-many", "on DELETE 1: answer 429, Retry-After 60", 2},
    {"error", "on DELETE 1: answer 500", 2},
    {"refused", "on DELETE any: answer 403", 1},
    {"not-implemented", "on DELETE any: answer 501", 1},
};

void removing_is_tried_again_while_the_server_is_busy(const BusyRow &row)
{
    Recording recording;
    g_assert_true(recording.server->add_fault(row.fault).ok());
    recording.upload->start();
    recording.write(noise(100000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 10000; }, kPatience));
    recording.upload->stop(OnStop::kTerminate);
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_cmpuint(snapshot.count("DELETE"), ==, row.requests);
    const bool removed = row.requests > 1;
    g_assert_cmpint(snapshot.uploads.begin()->second.removed, ==, removed);
    g_assert_cmpuint(recording.listener.warnings_.size(), ==, removed ? 0 : 1);
}

// stop-timeout ends the pauses too.
void removing_from_a_busy_server_is_bounded()
{
    UploadConfig config = quick_config();
    config.stop_timeout = milliseconds(100);
    Recording recording({}, std::move(config));
    g_assert_true(recording.server->add_fault("on DELETE any: answer 423").ok());
    recording.upload->start();
    recording.write(noise(100000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return now.bytes_received > 10000; }, kPatience));
    recording.upload->stop(OnStop::kTerminate);
    g_assert_cmpuint(recording.server->snapshot().count("DELETE"), <=, 1);
    g_assert_cmpuint(recording.listener.warnings_.size(), ==, 1);
}

struct SilentRow {
    const char *name;
    const char *fault;
    OnStop policy;
};

const std::vector<SilentRow> kSilent = {
    {"patch-finish", "on PATCH any: stall 60 s", OnStop::kFinish},
    {"patch-keep", "on PATCH any: stall 60 s", OnStop::kKeep},
    {"patch-terminate", "on PATCH any: stall 60 s", OnStop::kTerminate},
    {"creation-finish", "on POST any: stall 60 s", OnStop::kFinish},
    {"all-terminate", "on ANY any: stall 60 s", OnStop::kTerminate},
};

// The test's own time limit would find a hang.
void stop_is_bounded_against_a_silent_server(const SilentRow &row)
{
    UploadConfig config = quick_config();
    config.runtime.timeout = seconds(60);
    config.stop_timeout = milliseconds(500);
    Recording recording({}, std::move(config));
    g_assert_true(recording.server->add_fault(row.fault).ok());
    recording.upload->start();
    recording.write(noise(100000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return !now.faults_hit.empty(); }, kPatience));
    recording.upload->stop(row.policy);
    g_assert_false(recording.listener.complete_.has_value());
    if (row.policy == OnStop::kFinish) // somebody is told that bytes are missing
        g_assert_true(recording.listener.failure_.has_value());
}

void two_stops_at_once_are_one()
{
    for (int round = 0; round < 20; ++round) {
        UploadConfig config = quick_config();
        config.stop_timeout = milliseconds(50);
        Recording recording({}, std::move(config));
        g_assert_true(recording.server->add_fault("on POST any: stall 60 s").ok());
        recording.upload->start();
        GThread *thread = g_thread_new(
            "stopper",
            [](gpointer data) -> gpointer {
                static_cast<LiveUpload *>(data)->stop(OnStop::kFinish);
                return nullptr;
            },
            recording.upload.get());
        recording.upload->stop(OnStop::kFinish);
        g_thread_join(thread);
    }
}

// The upload thread waits in the application's code; what belongs to it lives on until it returns.
void stop_does_not_wait_for_a_callback_that_blocks()
{
    StandinOptions options;
    Result<std::unique_ptr<Standin>> server = Standin::start(std::move(options));
    g_assert_true(server.ok());
    g_assert_true((*server)->add_fault("on PATCH any: answer 401").ok());
    const auto listener = std::make_shared<Listener>();
    listener->hold_refresh_ = true;
    UploadConfig config = quick_config();
    config.stop_timeout = milliseconds(100);
    {
        LiveUpload upload(
            std::move(config), std::make_unique<TusTarget>((*server)->files_url(), Metadata{}),
            [listener] { return make_soup_transport(HttpConfig{.user_agent = "test"}); },
            *listener);
        upload.start();
        g_assert_true(upload.write(noise(1000)).status == WriteStatus::kOk);
        g_assert_true(listener->wait_for([](const Listener &now) { return now.refreshes_ > 0; }));
        upload.stop(OnStop::kFinish);
    }
    listener->let_go();
    g_assert_true(listener->wait_for([](const Listener &now) { return now.failure_.has_value(); }));
}

void stop_from_a_callback_is_bounded_too()
{
    UploadConfig config = quick_config();
    config.stop_timeout = milliseconds(300);
    Recording recording({}, std::move(config));
    recording.server->go_away();
    recording.listener.stop_when_stalled_ = recording.upload.get();
    recording.upload->start();
    recording.write(noise(1000));
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return now.failure_.has_value(); }));
    g_assert_false(recording.listener.complete_.has_value());
}

// A target that goes on following after the upload, as for wait-status.
class FollowingTarget final : public Target {
public:
    explicit FollowingTarget(std::string endpoint) : endpoint_(std::move(endpoint)) {}

    TargetResult<Destination> resolve(TargetContext &, bool) override
    {
        return Destination{{endpoint_}, {}, false};
    }

    Result<void> finished(TargetContext &context, std::uint64_t) override
    {
        if (context.sleep(seconds(600)))
            return {};
        Error error;
        error.kind = ErrorKind::kCancelled;
        return error;
    }

    void abandoned(TargetContext &, std::uint64_t) override {}

    std::vector<std::pair<std::string, std::string>> describe() const override { return {}; }

private:
    std::string endpoint_;
};

// The test's own time limit would find that it does.
void stop_does_not_wait_for_what_follows_the_upload()
{
    UploadConfig config = quick_config();
    config.stop_timeout = seconds(600);
    Recording recording;
    recording.upload = std::make_unique<LiveUpload>(
        std::move(config), std::make_unique<FollowingTarget>(recording.server->files_url()),
        recording.transport, recording.listener);
    const std::vector<std::byte> bytes = noise(100000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return now.complete_.has_value(); }));
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_false(recording.listener.failure_.has_value());
}

// The test's own time limit would find that nothing bounds it.
void drain_timeout_bounds_a_request_that_began_before_the_end()
{
    UploadConfig config = quick_config();
    config.runtime.timeout = seconds(600);
    config.runtime.drain_timeout = milliseconds(300);
    Recording recording({}, std::move(config));
    g_assert_true(recording.server->add_fault("on PATCH any: stall 600 s").ok());
    recording.upload->start();
    recording.write(noise(100000));
    g_assert_true(recording.server->wait_for(
        [](const Snapshot &now) { return !now.faults_hit.empty(); }, kPatience));
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
    recording.upload->stop(OnStop::kFinish);
    ASSERT_STR(to_string(recording.listener.failure_->kind), to_string(ErrorKind::kTimeout));
    g_assert_true(recording.listener.failure_->retryable);
    g_assert_nonnull(strstr(recording.listener.failure_->message.c_str(), "drain-timeout"));
}

void stop_removes_partial_uploads_too()
{
    StandinOptions options;
    options.extensions = {"creation", "concatenation", "termination"};
    UploadConfig config = quick_config();
    config.runtime.progress_interval = milliseconds(1);
    Recording recording(std::move(options), std::move(config));
    recording.upload->start();
    recording.write(noise(128 << 10), 128 << 10);
    g_assert_true(recording.listener.wait_for(
        [](const Listener &now) { return now.progress_.bytes_acked == 128 << 10; }));
    recording.upload->stop(OnStop::kTerminate);
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), >, 1);
    for (const auto &[path, upload] : snapshot.uploads)
        g_assert_true(upload.removed);
}

void many_starts_and_stops_end_clean()
{
    Result<std::unique_ptr<Standin>> server = Standin::start({});
    g_assert_true(server.ok());
    for (int round = 0; round < 20; ++round) {
        Listener listener;
        LiveUpload upload(
            quick_config(), std::make_unique<TusTarget>((*server)->files_url(), Metadata{}),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, listener);
        if (round % 4 != 3)
            upload.start();
        (void)upload.write(noise(static_cast<std::size_t>(round) * 1000 + 1));
        upload.stop(round % 2 == 0 ? OnStop::kKeep : OnStop::kTerminate);
    }
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    // seen with --verbose, and when a case fails
    set_log_sink([](LogLevel, const char *area, std::string_view text) {
        g_test_message("%s: %.*s", area, static_cast<int>(text.size()), text.data());
    });
    for (const SizeRow &row : kSizes)
        add_row_test(std::string("/live-upload/size/") + row.name, row, any_size_arrives);
    for (const FaultRow &row : kFaults)
        add_row_test(std::string("/live-upload/fault/") + row.name, row, fault_costs_no_byte);
    add_test("/live-upload/outage/server-goes-away", server_that_goes_away_is_waited_for);
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
    add_test("/live-upload/outage/network-changed", changed_network_ends_a_wait_at_once);
    for (const FailureRow &row : kFailures)
        add_row_test(std::string("/live-upload/failure/") + row.name, row,
                     what_cannot_heal_fails_at_once);
    add_test("/live-upload/failure/outage-timeout", outage_timeout_gives_up);
    add_test("/live-upload/outage-timeout/bytes-move", bytes_that_move_are_no_outage);
    for (const NoProgressRow &row : kNoProgress)
        add_row_test(std::string("/live-upload/outage-timeout/") + row.name, row,
                     bytes_that_arrive_nowhere_are_an_outage);
    add_test("/live-upload/authorization/renewed", authorization_is_renewed_in_mid_recording);
    for (const ModeRow &row : kModes)
        add_row_test(std::string("/live-upload/length-mode/") + row.name, row,
                     length_mode_follows_the_server);
    add_test("/live-upload/length-mode/dead-partial-upload", dead_partial_upload_is_replaced);
    add_test("/live-upload/memory/full-store-blocks",
             full_store_blocks_the_writer_until_interrupted);
    add_test("/live-upload/stop/finish", stop_finishes_what_was_written);
    add_test("/live-upload/stop/keep", stop_can_keep_the_upload_for_later);
    add_test("/live-upload/stop/terminate", stop_can_remove_the_upload);
    for (const BusyRow &row : kBusy)
        add_row_test(std::string("/live-upload/stop/busy-server/") + row.name, row,
                     removing_is_tried_again_while_the_server_is_busy);
    add_test("/live-upload/stop/busy-server/bounded", removing_from_a_busy_server_is_bounded);
    for (const SilentRow &row : kSilent)
        add_row_test(std::string("/live-upload/stop/silent-server/") + row.name, row,
                     stop_is_bounded_against_a_silent_server);
    add_test("/live-upload/stop/many", many_starts_and_stops_end_clean);
    add_test("/live-upload/stop/two-at-once", two_stops_at_once_are_one);
    add_test("/live-upload/stop/callback-blocks", stop_does_not_wait_for_a_callback_that_blocks);
    add_test("/live-upload/stop/from-a-callback", stop_from_a_callback_is_bounded_too);
    add_test("/live-upload/stop/while-following", stop_does_not_wait_for_what_follows_the_upload);
    add_test("/live-upload/stop/terminate-parts", stop_removes_partial_uploads_too);
    add_test("/live-upload/drain-timeout/request-under-way",
             drain_timeout_bounds_a_request_that_began_before_the_end);
    return g_test_run();
}
