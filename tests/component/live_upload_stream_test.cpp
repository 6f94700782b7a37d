// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// request-mode=stream: bytes are at the server while the PATCH that carries them is still open;
// what does not work with that gets bounded ones, and in either case nothing is lost.
#include "live_upload_fixture.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

UploadConfig stream_config()
{
    UploadConfig config = quick_config();
    config.request_mode = RequestMode::kStream;
    config.chunk_size = 1 << 20;
    config.runtime.flush_interval = milliseconds(100);
    return config;
}

StandinOptions with_habit(const char *habit)
{
    StandinOptions options;
    if (habit)
        options.habits = {habit};
    return options;
}

// A recording that is written bit by bit.
struct Live {
    explicit Live(StandinOptions options = {}, UploadConfig config = stream_config())
        : recording(std::move(options), std::move(config))
    {
        recording.upload->start();
    }

    Standin &server() { return *recording.server; }

    LiveUpload &upload() { return *recording.upload; }

    void write(std::size_t size)
    {
        g_assert_cmpuint(at + size, <=, all.size());
        recording.write(std::span(all).subspan(at, size));
        at += size;
    }

    std::uint64_t stored()
    {
        std::uint64_t most = 0;
        for (const auto &[id, record] : server().snapshot().uploads)
            most = std::max(most, record.offset);
        return most;
    }

    // All but the byte that stays here until the end.
    void wait_until_there()
    {
        g_assert_true(comes_true([&] { return stored() >= at - 1; }));
    }

    static bool is_open(const standin::RequestRecord &record)
    {
        return record.request.method == "PATCH" && !record.request.header("content-length");
    }

    std::size_t open_requests()
    {
        const Snapshot now = server().snapshot();
        return static_cast<std::size_t>(
            std::count_if(now.requests.begin(), now.requests.end(), is_open));
    }

    // The first one was cut, and another is under way.
    void wait_until_proved()
    {
        g_assert_true(comes_true([&] {
            const Snapshot now = server().snapshot();
            return open_requests() >= 2 && is_open(now.requests.back()) &&
                   !now.requests.back().answered;
        }));
    }

    bool has_open() { return is_open(server().snapshot().requests.back()); }

    void finish()
    {
        upload().finish();
        g_assert_true(upload().wait_drained() == DrainStatus::kComplete);
        upload().stop(OnStop::kFinish);
        recording.check_stored(std::span(all).first(at));
    }

    bool warned_of(const char *text)
    {
        const auto &warnings = recording.listener.warnings_;
        return std::any_of(warnings.begin(), warnings.end(), [text](const Error &warning) {
            g_test_message("%s", warning.message.c_str());
            return warning.message.find(text) != std::string::npos;
        });
    }

    const std::vector<std::byte> all = noise(std::size_t{4} << 20);
    std::size_t at = 0;
    Recording recording;
};

// More and more of it, until a PATCH stays open that is no proof.
void prove(Live &live)
{
    live.write(5000);
    g_assert_true(comes_true([&] { return live.open_requests() >= 1; }));
    live.write(5000); // these wait for what the proof shows
    live.wait_until_proved();
}

void bytes_are_there_while_the_request_is_open()
{
    Live live;
    prove(live);
    std::size_t in_an_open_one = 0;
    for (int n = 0; n < 20; ++n) {
        live.write(3000);
        live.wait_until_there();
        const Snapshot now = live.server().snapshot();
        in_an_open_one += Live::is_open(now.requests.back()) && !now.requests.back().answered;
    }
    g_assert_cmpuint(in_an_open_one, >=, 15); // each lasts for seconds
    live.finish();
    g_assert_cmpuint(live.recording.listener.warnings_.size(), ==, 0);
    g_assert_cmpuint(live.recording.listener.stalls_.size(), ==, 0); // a proof is no outage
    g_assert_cmpuint(live.server().snapshot().count("PATCH"), <, 10);
}

// Not of a byte, and not of the recording's length.
void an_end_at_any_time()
{
    for (const std::size_t size : {0, 1, 2, 5000, 200000}) {
        Live live;
        if (size > 0)
            live.write(size);
        live.finish();
    }
    for (const std::size_t size : {1, 40000}) {
        Live live;
        prove(live);
        live.write(size);
        live.finish();
    }
    Live silent; // the end comes while one waits for bytes
    prove(silent);
    silent.wait_until_there();
    silent.finish();
}

void a_request_takes_no_more_than_a_chunk()
{
    UploadConfig config = stream_config();
    config.chunk_size = 100000;
    Live live({}, config);
    prove(live);
    for (int n = 0; n < 20; ++n) {
        live.write(50000);
        live.wait_until_there();
    }
    for (const auto &record : live.server().snapshot().requests)
        if (Live::is_open(record))
            g_assert_cmpuint(record.body_bytes, <=, 100000);
    live.finish();
    g_assert_cmpuint(live.recording.listener.stalls_.size(), ==, 0);
}

// --- what does not work with it ------------------------------------------------------------------

struct Row {
    const char *name;
    const char *habit;
    const char *warning; // nullptr: none
    void (*change)(UploadConfig &config) = nullptr;
};

const Row kRows[] = {
    {"buffering", "holds-bodies", "was not there before it ended"},
    {"length-required", "refuses-chunked", "HTTP 411"},
    {"unprocessable", "refuses-chunked=422", "HTTP 422"},
    {"not-implemented", "refuses-chunked=501", "HTTP 501"},
    {"checksum", nullptr, nullptr, [](UploadConfig &config) { config.checksum = Checksum::kSha1; }},
    {"alignment", nullptr, nullptr, [](UploadConfig &config) { config.chunk_align = 1000; }},
    {"smallest", nullptr, nullptr, [](UploadConfig &config) { config.min_chunk_size = 3000; }},
    {"bounded", nullptr, nullptr,
     [](UploadConfig &config) { config.request_mode = RequestMode::kBounded; }},
};

void falls_back(const Row &row)
{
    UploadConfig config = stream_config();
    if (row.change)
        row.change(config);
    Live live(with_habit(row.habit), config);
    live.write(50000);
    if (row.warning)
        g_assert_true(live.recording.listener.wait_for(
            [](const Listener &heard) { return !heard.warnings_.empty(); }));
    const std::size_t tried = live.open_requests();
    g_assert_cmpuint(tried, ==, row.warning ? 1 : 0);
    for (int n = 0; n < 5; ++n) {
        live.write(50000);
        g_assert_true(comes_true([&] { return live.stored() > live.at - 3000; }));
    }
    live.finish();
    g_assert_cmpuint(live.open_requests(), ==, tried);
    g_assert_cmpuint(live.recording.listener.stalls_.size(), ==, 0);
    g_assert_cmpuint(live.recording.listener.warnings_.size(), ==, row.warning ? 1 : 0);
    if (row.warning)
        g_assert_true(live.warned_of(row.warning));
}

// The server ends a second request for a held upload, or refuses it for a while.
void proof_of_a_server_that_locks()
{
    StandinOptions options;
    options.lock_conflict_423 = true;
    options.faults = {"on HEAD 2-4: answer 423"};
    Live live(options);
    prove(live);
    live.finish();
    g_assert_cmpuint(live.recording.listener.stalls_.size(), ==, 0);
}

// --- what goes wrong meanwhile -------------------------------------------------------------------

struct Fault {
    const char *name;
    const char *fault; // of the PATCHes from now on; nullptr: the server goes away
};

constexpr Fault kFaults[] = {
    {"cut", "on PATCH 1: cut after 20000 bytes"},
    {"cut-twice", "on PATCH 1-2: cut after 20000 bytes"},
    {"early-503", "on PATCH 1: answer 503"},
    {"short", "on PATCH 1: accept only 100 bytes"},
    {"lost-answer", "on PATCH 1: store, then cut"},
    {"away", nullptr},
};

void goes_on_after(const Fault &fault)
{
    Live live;
    prove(live);
    live.wait_until_there();
    if (fault.fault) {
        g_assert_true(live.server().add_fault(fault.fault).ok());
        for (int n = 0; n < 30; ++n)
            live.write(4000);
    } else {
        live.server().go_away();
        live.write(100000);
        g_assert_true(live.recording.listener.wait_for(
            [](const Listener &heard) { return !heard.stalls_.empty(); }));
        g_assert_true(live.server().come_back().ok());
    }
    live.wait_until_there();
    live.write(50000);
    live.finish();
}

void a_pause_ends_the_request()
{
    UploadConfig config = stream_config();
    Live live({}, config);
    prove(live);
    live.wait_until_there();
    config.runtime.paused = true;
    live.upload().update(config.runtime);
    g_assert_true(comes_true([&] { return live.server().snapshot().requests.back().answered; }));
    live.write(300000);
    config.runtime.paused = false;
    live.upload().update(config.runtime);
    live.wait_until_there();
    live.finish();
    g_assert_cmpuint(live.recording.listener.stalls_.size(), ==, 0);
}

void a_stop_ends_the_request()
{
    for (const OnStop policy : {OnStop::kFinish, OnStop::kTerminate}) {
        Live live;
        prove(live);
        live.write(7000);
        live.upload().stop(policy);
        if (policy == OnStop::kFinish)
            live.recording.check_stored(std::span(live.all).first(live.at));
    }
}

// Room comes when a request ends: so it ends.
void a_full_store_ends_the_request()
{
    for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kOverflow}) {
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        UploadConfig config = stream_config();
        config.replay.spool_mode = mode;
        config.replay.spool_dir = folder.get();
        config.replay.max_memory = 512 << 10;
        config.replay.rollback_margin = 0;
        {
            Live live({}, config);
            live.upload().set_source([mode] { return mode == SpoolMode::kOverflow; });
            prove(live);
            for (int n = 0; n < 30; ++n)
                live.write(100000);
            live.finish();
        }
        g_assert_cmpint(remove_spool(folder.get()), ==, 0);
    }
}

// What a muxer may still change is not sent, and what has been sent is not changed.
void held_bytes_are_rewritten_before_they_go()
{
    Live live;
    prove(live);
    live.wait_until_there();
    std::vector<std::byte> expected(live.all.begin(), live.all.end());
    for (int n = 0; n < 20; ++n) {
        const std::size_t unit = live.at;
        live.upload().hold_from(unit);
        live.write(5000);
        g_assert_cmpuint(live.stored(), <=, unit);
        const std::byte fresh[] = {std::byte{1}, std::byte{2}, std::byte{3}};
        g_assert_true(live.upload().rewrite(unit + 100, fresh));
        std::memcpy(expected.data() + unit + 100, fresh, sizeof fresh);
        live.upload().hold_from(live.at);
        g_assert_true(comes_true([&] { return live.stored() >= unit + 4000; }));
    }
    live.upload().finish();
    g_assert_true(live.upload().wait_drained() == DrainStatus::kComplete);
    live.upload().stop(OnStop::kFinish);
    expected.resize(live.at);
    live.recording.check_stored(expected);
}

// Bytes that lie together with some that have gone are changed in memory, or over a file.
void what_is_changed_behind_sent_bytes_goes_as_it_is()
{
    for (const SpoolMode mode : {SpoolMode::kNever, SpoolMode::kAlways}) {
        const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
        UploadConfig config = stream_config();
        config.replay.spool_mode = mode;
        config.replay.spool_dir = folder.get();
        {
            Live live({}, config);
            prove(live);
            live.wait_until_there();
            std::vector<std::byte> expected(live.all.begin(), live.all.end());
            for (int n = 0; n < 5; ++n) {
                const std::size_t unit = live.at;
                live.upload().hold_from(unit + 2000);
                live.write(5000);
                g_assert_true(comes_true([&] { return live.stored() >= unit + 1000; }));
                const std::byte fresh[] = {std::byte{1}, std::byte{2}, std::byte{3}};
                g_assert_true(live.upload().rewrite(unit + 3000, fresh));
                std::memcpy(expected.data() + unit + 3000, fresh, sizeof fresh);
                live.upload().hold_from(live.at);
                g_assert_true(comes_true([&] { return live.stored() >= unit + 4000; }));
            }
            live.upload().finish();
            g_assert_true(live.upload().wait_drained() == DrainStatus::kComplete);
            live.upload().stop(OnStop::kFinish);
            expected.resize(live.at);
            live.recording.check_stored(expected);
        }
        g_assert_cmpint(remove_spool(folder.get()), ==, 0);
    }
}

constexpr RequestMode kModes[] = {RequestMode::kBounded, RequestMode::kStream};

// With a disk a request ends before what it carries would have to go there; and a block that takes
// long to fill is no older than what of it is not confirmed.
void nothing_goes_to_the_disk(const RequestMode &mode)
{
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    UploadConfig config = stream_config();
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder.get();
    config.request_mode = mode;
    {
        Live live({}, config);
        if (mode == RequestMode::kStream)
            prove(live);
        for (int n = 0; n < 100; ++n) {
            live.write(2000);
            live.wait_until_there();
            g_assert_cmpuint(live.upload().stats().bytes_on_disk, ==, 0);
            g_usleep(50000); // so that it lasts longer than a byte may be in memory only
        }
        live.finish();
        if (mode == RequestMode::kStream)
            g_assert_cmpuint(live.open_requests(), >=, 4);
    }
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

void add()
{
    add_test("/stream/while-open", bytes_are_there_while_the_request_is_open);
    add_test("/stream/ends", an_end_at_any_time);
    add_test("/stream/chunk-size", a_request_takes_no_more_than_a_chunk);
    for (const Row &row : kRows)
        add_row_test(std::string("/stream/falls-back/") + row.name, row, falls_back);
    add_test("/stream/locks", proof_of_a_server_that_locks);
    for (const Fault &fault : kFaults)
        add_row_test(std::string("/stream/after/") + fault.name, fault, goes_on_after);
    add_test("/stream/pause", a_pause_ends_the_request);
    add_test("/stream/stop", a_stop_ends_the_request);
    add_test("/stream/full", a_full_store_ends_the_request);
    add_test("/stream/held", held_bytes_are_rewritten_before_they_go);
    add_test("/stream/changed", what_is_changed_behind_sent_bytes_goes_as_it_is);
    for (const RequestMode &mode : kModes)
        add_row_test(mode == RequestMode::kStream ? "/stream/disk" : "/stream/disk-when-bounded",
                     mode, nothing_goes_to_the_disk);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add);
}
