// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The replay store as the machine sees it: positions and room. Counts instead of bytes, or, with
// Schedule::real_store, the real ReplayStore with real bytes. With Schedule::real_disk it spills to
// files; what a thread does in a recording is done here step by step, at random moments.
#pragma once

#include "random.h"
#include "replay/file_ops.h"
#include "replay/replay_store.h"
#include "schedule.h"

#include <algorithm>
#include <cstdint>
#include <memory>

namespace gsttus::sim {

class ModelStore {
public:
    explicit ModelStore(const Schedule &schedule)
        : capacity_(schedule.capacity), margin_(schedule.margin),
          least_(schedule.chunk_align * 2 + schedule.min_chunk_size + 2), random_(schedule.seed)
    {
        if (schedule.real_store)
            make_real(schedule);
    }

    ~ModelStore() { end_spill(); }

    ModelStore(const ModelStore &) = delete;
    ModelStore &operator=(const ModelStore &) = delete;

    std::uint64_t begin() const { return real_ ? real_->begin() : begin_; }

    std::uint64_t end() const { return real_ ? real_->end() : end_; }

    std::uint64_t held() const
    {
        return real_ ? real_->in_memory() + real_->on_disk() : end_ - begin_;
    }

    // A writer that has to wait, but not for the server.
    bool awaits_spill() const { return real_ && real_->awaits_spill(); }

    void set_time(TimePoint now) { disk_.time = now; }

    void step_of_spilling();

    std::uint64_t bound() const { return capacity_; }

    std::uint64_t append(std::uint64_t size)
    {
        if (real_)
            return append_bytes(size);
        const std::uint64_t room = room_ - std::min(room_, end_ - acked_);
        const std::uint64_t taken = std::min(size, room);
        end_ += taken;
        // the margin gives way to what is new
        begin_ = std::max(begin_, std::min(acked_, end_ - std::min(end_, room_)));
        return taken;
    }

    void release(std::uint64_t acked)
    {
        if (real_)
            return real_->release(acked);
        acked_ = std::clamp(acked, begin_, end_);
        begin_ = std::max(begin_, acked_ - std::min(acked_, margin_));
    }

    // A disk that is full: little room from now on, what is held stays.
    void shrink()
    {
        room_ = std::min(capacity_, std::max(capacity_ / 4, least_));
        disk_.full = true;
    }

    // What would be sent is there, and is what was written.
    bool readable(std::uint64_t from, std::uint64_t to) const;

private:
    // Its time is the simulation's.
    struct Disk final : FileOps {
        ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override;

        TimePoint now() override { return time; }

        TimePoint time{};
        bool full = false;
    };

    void make_real(const Schedule &schedule);
    void end_spill();
    std::uint64_t append_bytes(std::uint64_t size);

    std::uint64_t capacity_, margin_;
    std::uint64_t least_; // what alignment and min-chunk-size need
    std::uint64_t room_ = capacity_;
    std::uint64_t begin_ = 0, end_ = 0, acked_ = 0;
    Random random_;
    Disk disk_;
    std::unique_ptr<ReplayStore> real_;
    std::unique_ptr<ReplayStore::Spill> spill_;
};

} // namespace gsttus::sim
