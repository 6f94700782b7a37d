// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The threads of an upload give way to those of the source, and nobody else's do: GLib starts
// threads of the process's pool where one is wanted, also in the upload thread.
#include "live_upload_fixture.h"

#include <atomic>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr int kNobody = 65534;

struct Priority {
    int nice = 0, policy = 0;

    bool operator==(const Priority &) const = default;

    static Priority here()
    {
        return {.nice = getpriority(PRIO_PROCESS, 0), .policy = sched_getscheduler(0)};
    }
};

// Of a thread of the pool, which is new.
Priority of_the_pool()
{
    g_thread_pool_set_max_unused_threads(0);
    Priority found;
    GThreadPool *const pool = g_thread_pool_new(
        [](gpointer out, gpointer) { *static_cast<Priority *>(out) = Priority::here(); }, nullptr,
        1, FALSE, nullptr);
    g_thread_pool_push(pool, &found, nullptr);
    g_thread_pool_free(pool, FALSE, TRUE);
    return found;
}

class Looks final : public Target {
public:
    Looks(std::string endpoint, Priority &pool)
        : target_(std::move(endpoint), {{"filename", "noise.bin"}}), pool_(pool)
    {
    }

    TargetResult<Destination> resolve(TargetContext &context, bool refresh) override
    {
        pool_ = of_the_pool();
        return target_.resolve(context, refresh);
    }

    Result<Proof> finished(TargetContext &context, std::uint64_t bytes) override
    {
        return target_.finished(context, bytes);
    }

    void abandoned(TargetContext &, std::uint64_t) override {}

    std::string service() const override { return target_.service(); }

    std::vector<std::pair<std::string, std::string>> describe() const override
    {
        return target_.describe();
    }

private:
    TusTarget target_;
    Priority &pool_;
};

void record_without_root(bool app_is_first)
{
    if (geteuid() == 0)
        g_assert_cmpint(setresuid(kNobody, kNobody, kNobody), ==, 0);
    const Priority process = Priority::here();
    if (app_is_first) // what GLib 2.74 sees then, it wants for all
        g_assert_true(of_the_pool() == process);
    Recording recording;
    Priority pool;
    recording.upload = std::make_unique<LiveUpload>(
        quick_config(), std::make_unique<Looks>(recording.server->files_url(), pool),
        recording.transport, recording.listener);
    recording.upload->set_hints({});
    recording.upload->start();
    const auto bytes = noise(300000);
    recording.write(bytes);
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload.reset();
    recording.check_stored(bytes);
    g_assert_cmpint(pool.nice, ==, process.nice);
    g_assert_true(Priority::here() == process);
}

void pool_keeps_its_priority(const bool &app_is_first)
{
    if (g_test_subprocess())
        return record_without_root(app_is_first);
    g_test_trap_subprocess(nullptr, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

const bool kFirst[] = {true, false};

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_row_test("/live-upload/threads/pool/known", kFirst[0], pool_keeps_its_priority);
    add_row_test("/live-upload/threads/pool/new", kFirst[1], pool_keeps_its_priority);
    return g_test_run();
}
