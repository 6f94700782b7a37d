// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What heals costs no byte: every fault of the table, a server that goes away, a network that
// changes; and what counts as an outage.
#include "live_upload_fixture.h"

#include <atomic>
#include <cstring>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

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
    if (std::string(row.name) == "413-then-smaller") { // or the first request is small
        recording.write(bytes);
        recording.upload->start();
    } else {
        recording.upload->start();
        recording.write(bytes);
    }
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

std::atomic<int> lines_that_explain;

// One line says what it means, another what the library said.
void failure_is_explained_once_an_attempt()
{
    Recording recording;
    recording.server->go_away();
    lines_that_explain = 0;
    set_log_sink([](LogLevel, const char *, std::string_view text, const LogPlace &) {
        lines_that_explain += text.find("nobody accepts connections") != text.npos ? 1 : 0;
    });
    recording.upload->start();
    recording.write(noise(1000));
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return now.stalls_.size() > 2; }));
    recording.upload->stop(OnStop::kTerminate);
    set_log_sink(nullptr);
    g_assert_cmpint(lines_that_explain, ==, static_cast<int>(recording.listener.stalls_.size()));
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

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        for (const FaultRow &row : kFaults)
            add_row_test(std::string("/live-upload/fault/") + row.name, row, fault_costs_no_byte);
        add_test("/live-upload/outage/server-goes-away", server_that_goes_away_is_waited_for);
        add_test("/live-upload/outage/explained-once", failure_is_explained_once_an_attempt);
        add_test("/live-upload/outage/network-changed", changed_network_ends_a_wait_at_once);
        add_test("/live-upload/outage-timeout/bytes-move", bytes_that_move_are_no_outage);
        for (const NoProgressRow &row : kNoProgress)
            add_row_test(std::string("/live-upload/outage-timeout/") + row.name, row,
                         bytes_that_arrive_nowhere_are_an_outage);
    });
}
