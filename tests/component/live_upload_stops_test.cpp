// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// stop() before the end, in its three ways: what it leaves at the server, and that nothing holds
// it up.
#include "live_upload_fixture.h"

#include <cstring>

using namespace gsttus;
using namespace gsttus::test;

namespace {

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

    Result<Proof> finished(TargetContext &context, std::uint64_t) override
    {
        if (context.sleep(seconds(600)))
            return Proof::kUnknown;
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
    return run(argc, argv, [] {
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
        add_test("/live-upload/stop/callback-blocks",
                 stop_does_not_wait_for_a_callback_that_blocks);
        add_test("/live-upload/stop/from-a-callback", stop_from_a_callback_is_bounded_too);
        add_test("/live-upload/stop/while-following",
                 stop_does_not_wait_for_what_follows_the_upload);
        add_test("/live-upload/stop/terminate-parts", stop_removes_partial_uploads_too);
    });
}
