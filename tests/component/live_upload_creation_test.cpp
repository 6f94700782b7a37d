// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The way to an upload, with a server or something in front of it that makes it hard: OPTIONS that
// is not answered, creations that are slow or cut, a first PATCH that is refused, empty recordings.
#include "live_upload_fixture.h"
#include "raw_server.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

struct WayRow {
    const char *name;
    const char *habit = nullptr, *fault = nullptr;
    LengthMode mode = LengthMode::kDeferred; // that it leads to
    std::size_t most_uploads = 1;
};

// The time-out of a request is a second.
const std::vector<WayRow> kWays = {
    {"options-cut", "options-cut"},
    {"options-swallowed", nullptr, "on OPTIONS any: stall 600 s"},
    {"options-with-version", "extensions-only-with-resumable", nullptr, LengthMode::kConcatenation,
     10},
    {"options-inside-405", "extensions-only-with-resumable=405", nullptr,
     LengthMode::kConcatenation, 10},
    // every creation takes longer than the time-out: one orphan
    {"slow-create", "slow-create=3", nullptr, LengthMode::kDeferred, 2},
    {"needs-filetype", "needs-filetype", "on PATCH 2: cut"},
    {"patch-403-by-a-stranger", nullptr,
     "on PATCH 1: answer 403 with HTML, no header Tus-Resumable"},
    {"patch-404-by-a-stranger", nullptr,
     "on PATCH 1: answer 404 with HTML, no header Tus-Resumable"},
};

StandinOptions with_habit(const char *habit)
{
    StandinOptions options;
    if (habit)
        options.habits = {habit};
    return options;
}

void bytes_arrive_all_the_same(const WayRow &row)
{
    UploadConfig config = quick_config();
    config.runtime.timeout = seconds(1);
    StandinOptions options = with_habit(row.habit);
    if (row.mode == LengthMode::kConcatenation)
        options.extensions = {"creation", "concatenation"};
    Recording recording(std::move(options), std::move(config));
    if (row.fault) {
        if (const Result<void> added = recording.server->add_fault(row.fault); !added)
            g_error("%s: %s", row.fault, added.error().message.c_str());
    }
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload->start();
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes, true);
    ASSERT_STR(recording.upload->stats().length_mode, to_string(row.mode));
    g_assert_cmpuint(recording.server->snapshot().uploads.size(), <=, row.most_uploads);
}

// --- servers that are written here ---------------------------------------------------------------

constexpr const char *kTus = "Tus-Resumable: 1.0.0\r\n";

std::size_t header_number(const std::string &request, const std::string &name)
{
    const std::size_t at = request.find("\r\n" + name + ": ");
    return at == std::string::npos ? 0 : std::stoul(request.substr(at + name.size() + 4));
}

struct Scripted {
    // Answers POST by `creation` (and closes), HEAD by `head`, PATCH by `patch` or as it should be.
    Scripted(std::string creation, std::string head, std::string patch = {})
        : creation_(std::move(creation)), head_(std::move(head)), patch_(std::move(patch)),
          server_({[this](RawConnection &peer) { serve(peer); }})
    {
    }

    void serve(RawConnection &peer)
    {
        for (std::string request = peer.read_request(); !request.empty();
             request = peer.read_request()) {
            server_.note(request.substr(0, request.find("\r\n")));
            if (request.starts_with("OPTIONS")) {
                peer.answer("204 No Content",
                            std::string(kTus) +
                                "Tus-Extension: creation,creation-defer-length\r\n");
            } else if (request.starts_with("POST")) {
                peer.write(creation_);
                return;
            } else if (request.starts_with("HEAD")) {
                peer.write(head_);
            } else if (!patch_.empty()) {
                peer.write(patch_);
            } else {
                const std::size_t end = header_number(request, "Upload-Offset") +
                                        header_number(request, "Content-Length");
                peer.answer("204 No Content",
                            std::string(kTus) + "Upload-Offset: " + std::to_string(end) + "\r\n");
            }
        }
    }

    std::size_t count(std::string_view method)
    {
        std::size_t number = 0;
        for (const std::string &line : server_.notes())
            number += line.starts_with(method) ? 1 : 0;
        return number;
    }

    std::string url() { return server_.url("/api/files/"); }

private:
    std::string creation_, head_, patch_;
    RawServer server_;
};

Recording &start_on(Recording &recording, const std::string &endpoint)
{
    recording.upload.reset();
    recording.begin(quick_config(), endpoint);
    recording.upload->start();
    return recording;
}

// A second one would be litter.
void an_answer_that_breaks_off_behind_its_location_is_used()
{
    Scripted server("HTTP/1.1 201 Created\r\nTus-Resumable: 1.0.0\r\n"
                    "Location: /api/files/1\r\nContent-Length: 100\r\n\r\nabc",
                    "HTTP/1.1 200 OK\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                    "Upload-Defer-Length: 1\r\n\r\n");
    Recording recording;
    start_on(recording, server.url()).write(noise(1000));
    g_assert_true(recording.listener.wait_for(
        [](const Listener &now) { return now.progress_.bytes_acked > 0; }));
    recording.upload->stop(OnStop::kKeep);
    g_assert_cmpuint(server.count("POST"), ==, 1);
}

void a_server_whose_proxy_changes_the_path_is_told_so_and_asked_once()
{
    for (const bool is_tus : {false, true}) {
        const std::string gone = std::string("HTTP/1.1 404 Not Found\r\n") + (is_tus ? kTus : "") +
                                 "Content-Length: 0\r\n\r\n";
        Scripted server("HTTP/1.1 201 Created\r\nTus-Resumable: 1.0.0\r\n"
                        "Location: /files/1\r\nContent-Length: 0\r\n\r\n",
                        gone, gone);
        Recording recording;
        start_on(recording, server.url());
        (void)recording.upload->write(noise(1000));
        g_assert_true(recording.listener.wait_for(
            [](const Listener &now) { return now.failure_.has_value(); }));
        recording.upload->stop(OnStop::kKeep);
        const std::string &text = recording.listener.failure_->message;
        g_test_message("%s", text.c_str());
        g_assert_true(text.find("/files/1") != std::string::npos);
        g_assert_true(text.find("/api/files/") != std::string::npos);
        g_assert_cmpuint(server.count("POST"), ==, 1);
    }
}

// --- what it is created with ---------------------------------------------------------------------

void a_filetype_is_always_sent()
{
    struct TypeRow {
        Metadata metadata;
        const char *caps, *expected;
    };

    const std::vector<TypeRow> rows = {
        {{}, "", "application/octet-stream"},
        {{}, "video/mp4", "video/mp4"},
        {{{"filetype", "video/x-mine"}}, "video/mp4", "video/x-mine"},
        {{{"filetype", "video/x-mine"}}, "", "video/x-mine"},
    };
    for (const TypeRow &row : rows) {
        Recording recording;
        recording.upload.reset();
        recording.upload = std::make_unique<LiveUpload>(
            quick_config(),
            std::make_unique<TusTarget>(recording.server->files_url(), row.metadata),
            recording.transport, recording.listener);
        StreamHints hints;
        hints.mime_type = row.caps;
        recording.upload->set_hints(hints);
        recording.upload->start();
        recording.upload->finish();
        g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
        recording.upload->stop(OnStop::kFinish);
        const Snapshot snapshot = recording.server->snapshot();
        g_assert_nonnull(snapshot.only_finished());
        ASSERT_STR(snapshot.only_finished()->metadata.at("filetype"), row.expected);
    }
}

// --- empty recordings ----------------------------------------------------------------------------

void an_empty_recording_is_created_with_its_length()
{
    Recording recording;
    recording.upload->finish();
    recording.upload->start();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored({});
    g_assert_cmpuint(recording.server->snapshot().count("PATCH"), ==, 0);
}

// As rustus and drf-tus do.
void an_empty_recording_that_can_not_be_finished_is_made_again()
{
    Recording recording(with_habit("refuses-empty-deferred"));
    recording.upload->start();
    g_assert_true(
        recording.listener.wait_for([](const Listener &now) { return !now.created_.empty(); }));
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored({});
    const Snapshot snapshot = recording.server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 2);
    for (const auto &[id, upload] : snapshot.uploads)
        g_assert_true(upload.finished || upload.removed);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, [] {
        for (const WayRow &row : kWays)
            add_row_test(std::string("/live-upload/creation/") + row.name, row,
                         bytes_arrive_all_the_same);
        add_test("/live-upload/creation/broken-off",
                 an_answer_that_breaks_off_behind_its_location_is_used);
        add_test("/live-upload/creation/filetype", a_filetype_is_always_sent);
        add_test("/live-upload/creation/empty", an_empty_recording_is_created_with_its_length);
        add_test("/live-upload/creation/empty-again",
                 an_empty_recording_that_can_not_be_finished_is_made_again);
        add_test("/live-upload/creation/path",
                 a_server_whose_proxy_changes_the_path_is_told_so_and_asked_once);
    });
}
