// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What answers in the server's place for three seconds, with any status, while a recording goes on
// or drains: every recording goes on and arrives byte for byte. All statuses of a row at the same
// time, each with a stand-in of its own; each row is a test.
#include "base/text.h"
#include "live_upload_fixture.h"

#include <array>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::array kStatuses = {
    200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 402, 404, 405, 406,
    407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 424, 425, 426, 428,
    429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 508, 511, 401, 403, 423, 520, 599};

struct Row {
    const char *name;
    const char *before; // the faults: what makes the strangers come, with two '%'
    bool concatenation = false;
    bool draining = false; // EOS before they go
};

// The first request of the kind is the server's: the upload has worked then.
const std::vector<Row> kRows = {
    {"patch/recording", "on PATCH 2 for 3 s: %"},
    {"patch/draining", "on PATCH 2 for 3 s: %", false, true},
    {"head/recording", "on PATCH 2: cut; on HEAD 2 for 3 s: %"},
    {"head/draining", "on PATCH 2: cut; on HEAD 2 for 3 s: %", false, true},
    {"first-head/recording", "on HEAD 1 for 3 s: %"},
    {"post/recording", "on POST 2 for 3 s: %", true},
    {"post/draining", "on POST 2 for 3 s: %", true, true},
    {"everything/recording", "on PATCH 2: cut; on ANY 6 for 3 s: %"},
    {"everything/draining", "on PATCH 2: cut; on ANY 6 for 3 s: %", false, true},
};

std::vector<std::string> faults_of(const Row &row, int status)
{
    std::vector<std::string> faults;
    const std::string text = row.before;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find("; ", at), text.size());
        std::string fault = text.substr(at, end - at);
        if (const std::size_t mark = fault.find('%'); mark != std::string::npos) {
            const bool leads = status >= 300 && status < 400;
            fault.replace(mark, 1,
                          cat("answer ", status, " with HTML, ", leads ? "Location /login, " : "",
                              "no header Tus-Resumable"));
        }
        faults.push_back(std::move(fault));
        at = end + 2;
    }
    return faults;
}

// A program of one case: it may not fail alone, the others would be lost.
struct Case {
    Case(const Row &row, int status) : status_(status)
    {
        StandinOptions options;
        options.faults = faults_of(row, status);
        if (row.concatenation)
            options.extensions = {"creation", "concatenation", "termination"};
        UploadConfig config = quick_config();
        config.runtime.timeout = seconds(1);
        recording.emplace(std::move(options), std::move(config));
        recording->upload->start();
    }

    bool arrived(std::span<const std::byte> bytes)
    {
        const Snapshot snapshot = recording->server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        return record && record->offset == bytes.size() && record->sha256 == sha256(bytes);
    }

    const int status_;
    std::optional<Recording> recording;
};

void every_recording_goes_on(const Row &row)
{
    const std::vector<std::byte> bytes = noise(200000);
    std::vector<std::unique_ptr<Case>> cases;
    for (const int status : kStatuses)
        cases.push_back(std::make_unique<Case>(row, status));
    // some of it first: the upload is one that has worked
    const std::size_t half = bytes.size() / 2;
    for (const auto &one : cases)
        one->recording->write(std::span(bytes).first(half));
    for (const auto &one : cases) {
        const bool began = one->recording->listener.wait_for([](const Listener &told) {
            return !told.stalls_.empty() || !told.warnings_.empty() || told.failure_;
        });
        if (!began)
            g_error("%d: nobody came", one->status_);
    }
    for (const auto &one : cases) {
        one->recording->write(std::span(bytes).subspan(half));
        if (row.draining)
            one->recording->upload->finish();
    }
    for (const auto &one : cases) { // they go while it is recorded
        if (row.draining)
            continue;
        const bool over = one->recording->listener.wait_for([](const Listener &told) {
            return !told.resumes_.empty() || told.stalls_.empty() || told.failure_;
        });
        if (!over)
            g_test_message("%d: does not go on", one->status_);
        one->recording->upload->finish();
    }
    int lost = 0;
    for (const auto &one : cases) {
        const DrainStatus drained = one->recording->upload->wait_drained();
        one->recording->upload->stop(OnStop::kFinish);
        if (drained == DrainStatus::kComplete && one->arrived(bytes))
            continue;
        ++lost;
        g_test_message("%d: %s", one->status_,
                       one->recording->listener.failure_
                           ? one->recording->listener.failure_->message.c_str()
                           : "other bytes");
    }
    g_assert_cmpint(lost, ==, 0);
}

void add()
{
    for (const Row &row : kRows)
        add_row_test(cat("/live-upload/strangers/", row.name), row, every_recording_goes_on);
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add);
}
