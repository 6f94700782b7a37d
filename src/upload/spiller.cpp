#include "upload/spiller.h"

#include <utility>

namespace gsttus {

namespace {
constexpr seconds kDiskRetry{1};
// With less, the streaming thread writes to the disk itself.
constexpr std::uint64_t kLeastWindow = std::uint64_t{1} << 20;
} // namespace

void Spiller::start()
{
    const ReplayConfig &replay = core_.config.replay;
    if (replay.spool_mode != SpoolMode::kOverflow || replay.max_memory < kLeastWindow ||
        core_.config.recovery)
        return;
    {
        MutexLock lock(core_.mutex);
        core_.store->spill_by_thread();
    }
    thread_ = std::thread([this] { run(); });
}

void Spiller::stop()
{
    if (!thread_.joinable())
        return;
    {
        MutexLock lock(core_.mutex);
        core_.spill_over = true;
        core_.disk_wake.notify_all();
    }
    thread_.join();
}

void Spiller::run()
{
    MutexLock lock(core_.mutex);
    while (!core_.spill_over) {
        auto spill = core_.store->begin_spill();
        core_.take_disk_warning();
        if (!spill) {
            // A disk that refuses is asked again; nobody says when it has room.
            core_.spill_idle = !core_.store->wants_spill();
            if (core_.writers_waiting > 0)
                core_.app_wake.notify_all();
            if (core_.spill_idle)
                core_.disk_wake.wait(lock);
            else
                core_.disk_wake.wait_until(lock, Clock::now() + kDiskRetry);
            core_.spill_idle = false;
            continue;
        }
        lock.unlock();
        (void)spill->run();
        lock.lock();
        core_.store->end_spill(std::move(spill));
        core_.take_disk_warning();
        if (core_.writers_waiting > 0)
            core_.app_wake.notify_all();
    }
}

} // namespace gsttus
