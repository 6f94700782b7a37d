// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What does not heal ends the upload, at once or when its time is over.
#include "live_upload_fixture.h"

#include <cstring>
#include <filesystem>

using namespace gsttus;
using namespace gsttus::test;

namespace {

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

// What is kept finishes no upload that is not there, and was not begun here.
void an_upload_that_was_never_there_is_not_promised_to_be_finished()
{
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    UploadConfig config = quick_config();
    config.replay.spool_mode = SpoolMode::kAlways;
    config.replay.spool_dir = folder.get();
    Recording recording;
    config.upload_url = recording.server->files_url() + "nowhere";
    recording.begin(std::move(config), recording.server->files_url());
    recording.write(noise(1000)); // before it is known
    recording.upload->start();
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kFailed);
    recording.upload->stop(OnStop::kFinish);
    const std::string text = recording.listener.failure_->message;
    g_test_message("%s", text.c_str());
    g_assert_nonnull(strstr(text.c_str(), "should it be there again"));
    g_assert_null(strstr(text.c_str(), "no longer here"));
    g_assert_cmpuint(recording.listener.kept_.size(), ==, 1);
    recording.upload.reset();
    std::filesystem::remove_all(folder.get());
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

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        for (const FailureRow &row : kFailures)
            add_row_test(std::string("/live-upload/failure/") + row.name, row,
                         what_cannot_heal_fails_at_once);
        add_test("/live-upload/failure/never-there",
                 an_upload_that_was_never_there_is_not_promised_to_be_finished);
        add_test("/live-upload/failure/outage-timeout", outage_timeout_gives_up);
        add_test("/live-upload/drain-timeout/request-under-way",
                 drain_timeout_bounds_a_request_that_began_before_the_end);
    });
}
