// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Nobody waits for a mutex while memory is given back to the system: a thread that gives way to the
// source may be held up in that for long, and the source must not be.
#include "live_upload_fixture.h"
#include "replay/segment.h"

#include <atomic>
#include <cstdlib>
#include <future>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// What a source does meanwhile; runs within UnmapBlock, while it is watched. Set before that.
std::function<void()> meanwhile;
std::atomic<bool> watched{false};
std::atomic<bool> tried{false};
std::atomic<unsigned> times{0}, stuck{0};
std::vector<std::future<void>> late; // as long as `tried`

} // namespace

// In place of block_memory.cpp.
void gsttus::UnmapBlock::operator()(std::byte *bytes) const
{
    if (watched && !tried.exchange(true)) {
        if (watched) { // still
            std::future<void> other = std::async(std::launch::async, meanwhile);
            if (other.wait_for(patience(milliseconds(500))) != std::future_status::ready) {
                ++stuck;
                late.push_back(std::move(other)); // to be waited for when this has let go
            }
            ++times;
        }
        tried = false;
    }
    std::free(bytes);
}

BlockBytes gsttus::map_block(std::size_t size)
{
    return {static_cast<std::byte *>(std::calloc(size, 1)), UnmapBlock{size}};
}

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;

void a_block_is_to_be_had_meanwhile()
{
    times = stuck = 0;
    meanwhile = [] { g_assert_nonnull(allocate_block(kBlock).get()); };
    watched = true;
    std::vector<std::shared_ptr<MemoryBlock>> blocks;
    for (int n = 0; n < 40; ++n)
        blocks.push_back(allocate_block(kBlock));
    blocks.clear();
    watched = false;
    g_assert_cmpuint(times, >, 0);
    g_assert_cmpuint(stuck, ==, 0);
}

enum class Way { kAcknowledged, kSpilled, kGivenUp };

void an_upload_takes_bytes_meanwhile(Way way)
{
    times = stuck = 0;
    const GCharOwn folder(g_dir_make_tmp("live-upload-XXXXXX", nullptr));
    UploadConfig config = quick_config();
    config.chunk_size = 8 << 20;
    config.replay.spool_mode = SpoolMode::kOverflow;
    config.replay.spool_dir = folder.get();
    config.replay.max_memory = 16 << 20;
    config.replay.rollback_margin = 0;
    {
        Recording recording({}, config);
        if (way != Way::kAcknowledged)
            recording.server->go_away();
        meanwhile = [&recording] { (void)recording.upload->status(); };
        watched = true;
        recording.upload->start();
        // less than goes to the disk for want of room, or more
        recording.write(noise(way == Way::kSpilled ? 24 << 20 : 8 << 20), kBlock);
        if (way == Way::kGivenUp)
            recording.upload->stop(OnStop::kTerminate);
        g_assert_true(comes_true([] { return times > 0; }));
        watched = false;
        while (tried)
            g_usleep(1000);
        recording.upload->stop(OnStop::kTerminate);
    }
    g_assert_cmpuint(stuck, ==, 0);
    g_assert_cmpint(remove_spool(folder.get()), ==, 0);
}

void add_tests()
{
    add_test("/live-upload-memory/block", a_block_is_to_be_had_meanwhile);
    add_test("/live-upload-memory/acknowledged",
             [] { an_upload_takes_bytes_meanwhile(Way::kAcknowledged); });
    add_test("/live-upload-memory/spilled", [] { an_upload_takes_bytes_meanwhile(Way::kSpilled); });
    add_test("/live-upload-memory/given-up",
             [] { an_upload_takes_bytes_meanwhile(Way::kGivenUp); });
}

} // namespace

int main(int argc, char **argv)
{
    return run(argc, argv, add_tests);
}
