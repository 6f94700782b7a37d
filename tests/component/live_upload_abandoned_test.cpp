// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a target has made for a recording (a video) goes when nobody can finish that any more, and
// only then: in every way to end.
#include "live_upload_fixture.h"

#include <atomic>
#include <filesystem>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Counts how often it was abandoned.
class CountingTarget final : public Target {
public:
    CountingTarget(std::string endpoint, std::atomic<int> &abandoned)
        : endpoint_(std::move(endpoint)), abandoned_(abandoned)
    {
    }

    TargetResult<Destination> resolve(TargetContext &, bool) override
    {
        return Destination{{endpoint_}, {{"filename", "noise.bin"}}, false};
    }

    Result<Proof> finished(TargetContext &, std::uint64_t) override { return Proof::kUnknown; }

    void abandoned(TargetContext &, std::uint64_t) override { ++abandoned_; }

    std::vector<std::pair<std::string, std::string>> describe() const override
    {
        return {{"kind", "tus"}, {"endpoint", endpoint_}};
    }

private:
    std::string endpoint_;
    std::atomic<int> &abandoned_;
};

enum class Folder { kGood, kNone };

struct EndRow {
    const char *name;
    SpoolMode mode;
    Folder folder;
    std::optional<OnStop> stop; // none: outage-timeout ends it
    std::size_t bytes;
    bool abandoned;
};

constexpr EndRow kEnds[] = {
    {"stopped", SpoolMode::kOverflow, Folder::kGood, OnStop::kFinish, 1000, false},
    {"stopped-always", SpoolMode::kAlways, Folder::kGood, OnStop::kFinish, 1000, false},
    {"stopped-never", SpoolMode::kNever, Folder::kGood, OnStop::kFinish, 1000, true},
    {"stopped-no-disk", SpoolMode::kOverflow, Folder::kNone, OnStop::kFinish, 1000, true},
    {"outage", SpoolMode::kOverflow, Folder::kGood, std::nullopt, 1000, false},
    {"outage-never", SpoolMode::kNever, Folder::kGood, std::nullopt, 1000, true},
    {"outage-no-disk", SpoolMode::kOverflow, Folder::kNone, std::nullopt, 1000, true},
    {"kept", SpoolMode::kOverflow, Folder::kGood, OnStop::kKeep, 1000, false},
    {"kept-never", SpoolMode::kNever, Folder::kGood, OnStop::kKeep, 1000, false},
    {"kept-empty", SpoolMode::kOverflow, Folder::kGood, OnStop::kKeep, 0, true},
    {"stopped-empty", SpoolMode::kOverflow, Folder::kGood, OnStop::kFinish, 0, true},
    {"terminated", SpoolMode::kOverflow, Folder::kGood, OnStop::kTerminate, 1000, true},
};

void only_what_is_not_kept_is_abandoned(const EndRow &row)
{
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    const GCharOwn file(g_build_filename(folder.get(), "file", nullptr));
    g_assert_true(g_file_set_contents(file.get(), "", 0, nullptr));
    UploadConfig config = quick_config();
    config.replay.spool_mode = row.mode;
    config.replay.spool_dir = row.folder == Folder::kGood ? folder.get() : file.get();
    config.stop_timeout = milliseconds(100);
    if (!row.stop)
        config.runtime.outage_timeout = milliseconds(500);
    std::atomic<int> abandoned = 0;
    Recording recording;
    recording.server->go_away();
    recording.upload = std::make_unique<LiveUpload>(
        std::move(config),
        std::make_unique<CountingTarget>(recording.server->files_url(), abandoned),
        recording.transport, recording.listener);
    recording.upload->set_hints({});
    recording.upload->start();
    if (row.bytes > 0)
        recording.write(noise(row.bytes));
    if (row.stop)
        g_assert_true(
            recording.listener.wait_for([](const Listener &now) { return !now.stalls_.empty(); }));
    else
        g_assert_true(recording.listener.wait_for(
            [](const Listener &now) { return now.failure_.has_value(); }));
    recording.upload->stop(row.stop.value_or(OnStop::kFinish));
    g_assert_cmpint(abandoned, ==, row.abandoned ? 1 : 0);
    g_assert_cmpuint(recording.listener.kept_.size(), ==,
                     row.abandoned || row.mode == SpoolMode::kNever ? 0 : 1);
    recording.upload.reset();
    std::filesystem::remove_all(folder.get());
}

} // namespace

static void add_tests()
{
    for (const EndRow &row : kEnds)
        add_row_test(std::string("/live-upload/abandoned/") + row.name, row,
                     only_what_is_not_kept_is_abandoned);
}

int main(int argc, char **argv)
{
    return run(argc, argv, add_tests);
}
