// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings whose first bytes may be rewritten until they end (seekable-header): uploaded last,
// joined in front, through outages, kills and lost partial uploads.
#include "base/text.h"
#include "crasher.h"
#include "live_upload_fixture.h"
#include "recover_fixture.h"
#include "replay/recovery.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

using namespace gsttus;
using namespace gsttus::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kHeader = 70000;

struct Row {
    const char *name;
    LengthMode mode;
    SpoolMode spool;
    std::vector<std::string> extensions;
    std::uint64_t size, header = kHeader;
    const char *fault = nullptr;
    bool away = false; // from the middle on, until all is there
};

const std::vector<std::string> kParts = {"creation", "concatenation"};
const std::vector<std::string> kPlain = {"creation"};

const std::vector<Row> kRows = {
    {"auto", LengthMode::kAuto, SpoolMode::kOverflow, StandinOptions::all_extensions(), 900000},
    {"parts", LengthMode::kConcatenation, SpoolMode::kOverflow, kParts, 900000},
    {"no-disk", LengthMode::kAuto, SpoolMode::kNever, kParts, 900000},
    {"always", LengthMode::kAuto, SpoolMode::kAlways, kParts, 900000},
    {"spool", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, 900000},
    {"spool-always", LengthMode::kSpool, SpoolMode::kAlways, kPlain, 900000},
    {"all-of-it", LengthMode::kAuto, SpoolMode::kOverflow, kParts, kHeader},
    {"one-byte-less", LengthMode::kAuto, SpoolMode::kOverflow, kParts, kHeader - 1},
    {"one-byte-more", LengthMode::kAuto, SpoolMode::kOverflow, kParts, kHeader + 1},
    {"one-byte", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 1},
    {"nothing", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 0},
    {"spool-all-of-it", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, kHeader},
    {"spool-one-byte-more", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, kHeader + 1},
    {"spool-nothing", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, 0},
    {"of-one-byte", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 900000, 1},
    {"larger-than-memory", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 3 << 20, 2 << 20},
    {"outage", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 3 << 20, kHeader, nullptr, true},
    {"outage-no-disk", LengthMode::kAuto, SpoolMode::kNever, kParts, 900000, kHeader, nullptr,
     true},
    {"outage-always", LengthMode::kAuto, SpoolMode::kAlways, kParts, 900000, kHeader, nullptr,
     true},
    {"outage-spool", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, 900000, kHeader, nullptr,
     true},
    {"cut", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 900000, kHeader,
     "on PATCH every 2: cut after 20000 bytes"},
    {"lost-answers", LengthMode::kAuto, SpoolMode::kOverflow, kParts, 400000, kHeader,
     "on PATCH every 3: store, then drop the answer"},
    {"spool-cut", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, 900000, kHeader,
     "on PATCH every 2: cut after 20000 bytes"},
    {"spool-rollback", LengthMode::kSpool, SpoolMode::kOverflow, kPlain, 900000, kHeader,
     "on PATCH 4: rollback 150000 bytes"},
};

UploadConfig config_of(const Row &row, const char *folder)
{
    UploadConfig config = quick_config();
    config.length_mode = row.mode;
    config.seekable_header = row.header;
    config.replay.spool_mode = row.spool;
    config.replay.spool_dir = folder;
    config.replay.max_memory = row.spool == SpoolMode::kNever ? 4 << 20 : 1 << 20;
    config.runtime.outage_timeout = kPatience;
    return config;
}

// Changes the file and the upload in the same way: at its ends, in the middle, all of it.
void rewrite(LiveUpload &upload, std::vector<std::byte> &file, std::uint64_t header, unsigned seed)
{
    const std::uint64_t size = std::min<std::uint64_t>(file.size(), header);
    const std::uint64_t places[][2] = {{0, 1}, {size / 3, size / 3}, {size - 1, 1}, {0, size}};
    for (const auto &[at, length] : places) {
        if (at + length > size || length == 0)
            continue;
        const auto bytes = noise(length, ++seed);
        std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
        g_assert_true(upload.rewrite_head(at, bytes) == WriteStatus::kOk);
    }
}

void file_arrives_as_it_is_at_its_end(const Row &row)
{
    const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
    StandinOptions options;
    options.extensions = row.extensions;
    Recording recording(std::move(options), config_of(row, folder.get()));
    if (row.fault)
        g_assert_true(recording.server->add_fault(row.fault).ok());
    recording.upload->start();
    std::vector<std::byte> file = noise(row.size);
    const std::size_t half = row.size / 2;
    recording.write(std::span(file).first(half));
    if (row.away)
        recording.server->go_away();
    std::vector<std::byte> rest(file.begin() + static_cast<std::ptrdiff_t>(half), file.end());
    file.resize(half);
    if (half > 0)
        rewrite(*recording.upload, file, row.header, 1000);
    recording.write(rest, 33333);
    file.insert(file.end(), rest.begin(), rest.end());
    if (!file.empty())
        rewrite(*recording.upload, file, row.header, 2000);
    g_assert_cmpuint(recording.upload->stats().bytes_rendered, ==, row.size);
    recording.upload->finish();
    g_assert_true(recording.upload->rewrite_head(0, {}) == WriteStatus::kEnded);
    if (row.away)
        g_assert_true(recording.server->come_back().ok());
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    const Snapshot snapshot = recording.server->snapshot();
    const UploadRecord *record = snapshot.only_finished();
    g_assert_nonnull(record);
    g_assert_cmpuint(record->offset, ==, file.size());
    ASSERT_STR(record->sha256, sha256(file));
    g_assert_true(recording.listener.complete_.has_value());
    g_assert_cmpuint(recording.listener.complete_->bytes, ==, row.size);
    const std::string told = recording.listener.complete_->sha256;
    if (row.size > row.header)
        ASSERT_STR(told, "");
    else
        ASSERT_STR(told, sha256(file));
    ASSERT_STR(recording.upload->stats().sha256, told);
    g_assert_cmpuint(recording.upload->stats().bytes_rendered, ==, row.size);
    recording.upload.reset();
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

// What nobody has changed after more had come has its SHA-256.
void head_that_stays_has_a_checksum()
{
    const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
    Recording recording({}, config_of(kRows[0], folder.get()));
    recording.upload->start();
    std::vector<std::byte> file = noise(kHeader);
    recording.write(file);
    rewrite(*recording.upload, file, kHeader, 5);
    const auto rest = noise(300000, 6);
    recording.write(rest);
    file.insert(file.end(), rest.begin(), rest.end());
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(file);
    ASSERT_STR(recording.listener.complete_->sha256, sha256(file));
    recording.upload.reset();
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

// The body is one partial upload, the head another: either is forgotten by the server.
void part_that_is_gone_is_made_again(const char *const &fault)
{
    const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
    UploadConfig config = config_of(kRows[1], folder.get());
    config.runtime.paused = true;
    StandinOptions options;
    options.extensions = kParts;
    Recording recording(std::move(options), config);
    g_assert_true(recording.server->add_fault(fault).ok());
    recording.upload->start();
    std::vector<std::byte> file = noise(kHeader + 50000);
    recording.write(file);
    rewrite(*recording.upload, file, kHeader, 7);
    recording.upload->finish();
    config.runtime.paused = false;
    recording.upload->update(config.runtime);
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_cmpuint(snapshot.faults_hit.size(), ==, 1);
    g_assert_nonnull(snapshot.only_finished());
    ASSERT_STR(snapshot.only_finished()->sha256, sha256(file));
    recording.upload.reset();
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

// --- it can not be -------------------------------------------------------------------------------

void server_without_concatenation_is_told_at_the_start()
{
    for (const LengthMode mode : {LengthMode::kAuto, LengthMode::kConcatenation}) {
        const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
        UploadConfig config = config_of(kRows[0], folder.get());
        config.length_mode = mode;
        StandinOptions options;
        options.extensions = {"creation", "creation-defer-length", "termination"};
        Recording recording(std::move(options), config);
        recording.upload->start();
        g_assert_true(
            recording.listener.wait_for([](const Listener &now) { return now.failure_; }));
        g_assert_true(recording.listener.failure_->kind == ErrorKind::kSettings);
        g_assert_nonnull(strstr(recording.listener.failure_->message.c_str(), "length-mode=spool"));
        g_assert_cmpuint(recording.server->snapshot().count("POST"), ==, 0);
        recording.upload.reset();
        g_assert_cmpint(remove_spool(folder.get()), ==, 0);
    }
}

void server_that_takes_less_joins_nothing()
{
    const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
    StandinOptions options;
    options.max_size = 300000;
    Recording recording(std::move(options), config_of(kRows[0], folder.get()));
    recording.upload->start();
    const auto bytes = noise(400000);
    (void)recording.upload->write(bytes);
    g_assert_true(recording.listener.wait_for([](const Listener &now) { return now.failure_; }));
    g_assert_true(recording.listener.failure_->kind == ErrorKind::kTooLarge);
    g_assert_null(recording.server->snapshot().only_finished());
    recording.upload->stop(OnStop::kFinish);
    recording.upload.reset();
    fs::remove_all(folder.get());
}

// --- kept, killed --------------------------------------------------------------------------------

struct KeptRow {
    const char *name;
    LengthMode mode;
    SpoolMode spool;
    std::uint64_t size;
    OnStop policy;
    bool away, ends;
};

const std::vector<KeptRow> kKept = {
    {"parts", LengthMode::kAuto, SpoolMode::kOverflow, 900000, OnStop::kKeep, false, false},
    {"parts-away", LengthMode::kAuto, SpoolMode::kOverflow, 900000, OnStop::kKeep, true, false},
    {"parts-finish-away", LengthMode::kAuto, SpoolMode::kOverflow, 900000, OnStop::kFinish, true,
     false},
    {"parts-ended-away", LengthMode::kAuto, SpoolMode::kOverflow, 900000, OnStop::kFinish, true,
     true},
    {"parts-ended-keep", LengthMode::kAuto, SpoolMode::kAlways, 900000, OnStop::kKeep, true, true},
    {"always", LengthMode::kAuto, SpoolMode::kAlways, 900000, OnStop::kKeep, true, false},
    {"head-only", LengthMode::kAuto, SpoolMode::kOverflow, 30000, OnStop::kKeep, false, false},
    {"head-only-away", LengthMode::kAuto, SpoolMode::kOverflow, 30000, OnStop::kFinish, true,
     false},
    {"spool", LengthMode::kSpool, SpoolMode::kOverflow, 900000, OnStop::kKeep, false, false},
    {"spool-ended-away", LengthMode::kSpool, SpoolMode::kOverflow, 900000, OnStop::kFinish, true,
     true},
    {"spool-head-only", LengthMode::kSpool, SpoolMode::kOverflow, 30000, OnStop::kKeep, false,
     false},
};

void what_is_kept_is_finished_with_its_head(const KeptRow &row)
{
    const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
    UploadConfig config = config_of({row.name, row.mode, row.spool, {}, row.size}, folder.get());
    config.replay.rollback_margin = 0;
    config.stop_timeout = patience(milliseconds(300));
    Recording recording({}, config);
    recording.upload->start();
    std::vector<std::byte> file = noise(row.size);
    const std::size_t half = row.size / 2;
    recording.write(std::span(file).first(half));
    if (row.away) {
        if (row.mode == LengthMode::kAuto && half > kHeader)
            g_assert_true(recording.server->wait_for(
                [](const Snapshot &now) { return now.bytes_received > 0; }, kPatience));
        recording.server->go_away();
    }
    recording.write(std::span(file).subspan(half));
    rewrite(*recording.upload, file, kHeader, 11);
    if (row.ends)
        recording.upload->finish();
    recording.upload->stop(row.policy);
    recording.upload.reset();
    if (row.away)
        g_assert_true(recording.server->come_back().ok());
    g_assert_null(recording.server->snapshot().only_finished());
    g_assert_cmpint(run_recover({folder.get()}).status, ==, 0);
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_nonnull(snapshot.only_finished());
    g_assert_cmpuint(snapshot.only_finished()->offset, ==, file.size());
    ASSERT_STR(snapshot.only_finished()->sha256, sha256(file));
    g_assert_cmpint(run_recover({folder.get()}).status, ==, 0);
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

struct KillRow {
    const char *name;
    bool always, away;
};

const std::vector<KillRow> kKills = {
    {"header-always", true, false},    {"header-always", true, true}, {"header-spool", true, false},
    {"header-overflow", false, false}, {"header-ended", true, true},
};

// The crasher's: it puts how much it has written into the head, at its beginning and its end.
constexpr std::uint64_t kPiece = 10000, kKilledSize = 2000000, kKilledHeader = 100000;

std::uint64_t number_at(const std::string &file, std::size_t at)
{
    std::uint64_t number = 0;
    std::memcpy(&number, file.data() + at, sizeof number);
    return number;
}

void check_killed(const UploadRecord &record, const KillRow &row, std::uint64_t accepted)
{
    char *text = nullptr;
    gsize length = 0;
    g_assert_true(g_file_get_contents(record.path.c_str(), &text, &length, nullptr));
    const GCharOwn own(text);
    const std::string file(text, length);
    g_assert_cmpuint(length, ==, record.offset);
    auto expected = noise(kKilledSize);
    std::string body(reinterpret_cast<const char *>(expected.data()), length);
    const std::uint64_t first = number_at(file, 0), last = number_at(file, kKilledHeader - 8);
    for (const std::size_t at : {std::size_t{0}, std::size_t{kKilledHeader - 8}})
        body.replace(at, 8, file, at, 8);
    g_assert_true(body == file);
    // in the order in which they were written, and no older than what was said to be accepted
    if (last <= kKilledSize) // else nothing had been put there
        g_assert_true(first == last || first == last + kPiece);
    if (row.always) {
        g_assert_cmpuint(length, >=, accepted);
        g_assert_cmpuint(length, <=, accepted + kPiece);
        g_assert_cmpuint(first, >=, accepted);
        g_assert_cmpuint(last, >=, accepted);
    }
}

void killed_recording_has_the_head_that_it_had(const KillRow &row)
{
    for (std::uint64_t round = 0; round < 6; ++round) {
        const GCharOwn folder(g_dir_make_tmp("header-XXXXXX", nullptr));
        auto started = Standin::start({});
        g_assert_true(started.ok());
        const auto server = std::move(*started);
        Crasher program(server->files_url(), folder.get(), row.name);
        if (row.away) {
            g_assert_true(server->wait_for(
                [](const Snapshot &now) { return now.bytes_received > 0; }, kPatience));
            server->go_away();
        }
        const bool ended = std::string_view(row.name) == "header-ended";
        const std::uint64_t enough = ended ? kKilledSize : 200000 + round * 250000;
        if (!row.always) // what is younger than three seconds may be lost, the head with it
            g_assert_true(comes_true([&] {
                const auto listed = list_uploads(folder.get());
                for (const auto &entry : fs::recursive_directory_iterator(folder.get()))
                    if (entry.path().filename() == "head" && fs::file_size(entry) > kKilledHeader)
                        return true;
                return false;
            }));
        program.run_until(enough);
        program.kill_it();
        if (row.away)
            g_assert_true(server->come_back().ok());
        g_assert_cmpint(run_recover({folder.get()}).status, ==, 0);
        const Snapshot snapshot = server->snapshot();
        g_assert_nonnull(snapshot.only_finished());
        check_killed(*snapshot.only_finished(), row, program.accepted());
        g_assert_cmpint(run_recover({folder.get()}).status, ==, 0);
        fs::remove_all(folder.get());
    }
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        for (const Row &row : kRows)
            add_row_test(std::string("/live-upload/header/") + row.name, row,
                         file_arrives_as_it_is_at_its_end);
        add_test("/live-upload/header/checksum", head_that_stays_has_a_checksum);
        static const char *const kGone[] = {"on PATCH 1: forget", "on PATCH 2: forget"};
        add_row_test("/live-upload/header/gone/body", kGone[0], part_that_is_gone_is_made_again);
        add_row_test("/live-upload/header/gone/head", kGone[1], part_that_is_gone_is_made_again);
        add_test("/live-upload/header/no-concatenation",
                 server_without_concatenation_is_told_at_the_start);
        add_test("/live-upload/header/max-size", server_that_takes_less_joins_nothing);
        for (const KeptRow &row : kKept)
            add_row_test(std::string("/live-upload/header/kept/") + row.name, row,
                         what_is_kept_is_finished_with_its_head);
        for (const KillRow &row : kKills)
            add_row_test(cat("/live-upload/header/killed/", row.name, row.away ? "-away" : ""), row,
                         killed_recording_has_the_head_that_it_had);
    });
}
