// Inside of ReplayStore: the segments in order, and the choice between memory and disk.
// Shared by replay_store.cpp and recovery.cpp only.
#pragma once

#include "replay/replay_store.h"
#include "replay/segment.h"
#include "replay/spool.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace gsttus {

struct ReplayStore::Impl {
    Impl(ReplayConfig config, FileOps &ops);

    std::size_t append(std::span<const std::byte> data);
    void release(std::uint64_t acked);
    bool wants_spill() const;

    bool awaits_spill() const { return spill_thread_ && !disk_refuses_ && wants_spill(); }

    std::unique_ptr<Spill> begin_spill();
    void end_spill(std::unique_ptr<Spill> spill);
    std::optional<std::size_t> next_to_spill() const;

    std::uint64_t begin() const { return segments_.empty() ? end_ : segments_.front().begin; }

    std::size_t index_of(std::uint64_t at) const;
    Result<std::string> keep();
    void discard();

    // `segments` are of files, without gaps, the last one ending at `end`.
    void adopt(std::unique_ptr<SpoolFolder> folder, std::deque<Segment> segments, std::uint64_t end,
               std::uint64_t acked, Notes notes, std::uint32_t next_file);

    ReplayConfig config_;
    Spool spool_;
    Notes notes_;
    std::deque<Segment> segments_; // in order, without gaps; their ends meet end_
    std::uint64_t end_ = 0;
    std::uint64_t acked_ = 0;
    std::uint64_t memory_used_ = 0;
    bool journaling_ = false; // every byte goes to disk, with a record
    bool spill_thread_ = false;
    bool disk_refuses_ = false; // as the spill thread found it
    bool no_memory_ = false;    // the system gave none
    bool discarded_ = false;
    bool kept_ = false; // keep() was called, or a recovery has read it: the files stay

private:
    std::size_t append_some(std::span<const std::byte> data);
    std::size_t to_memory(std::span<const std::byte> data);
    std::size_t to_disk(std::span<const std::byte> data);
    bool drop_from_margin();
    void disk_has_room();
    void free_front();
    void free_back();
    void release_bytes(const Segment &segment);
    bool write_out();
    bool make_room();
    void cut_back();
    bool persist(std::size_t index, Spool::Bound bound, std::size_t &parts);
    bool moved_to_disk(std::size_t index, const Spool::Written &written);
    void backfill();
    std::size_t first_needed() const;
    std::uint64_t kept_until() const;
    Error kept_in_part(std::uint64_t whole) const;

    // append() writes to the disk itself.
    bool may_spool() const
    {
        return config_.spool_mode != SpoolMode::kNever &&
               (!spill_thread_ || journaling_ || no_memory_);
    }

    // So much of the window stays free for what comes in.
    std::uint64_t spill_reserve() const { return memory_limit_ / 4; }

    JournalState journal_state() const;

    std::uint64_t memory_limit_ = 0;
    std::size_t block_size_ = 0;
    std::size_t memory_segments_ = 0;
};

} // namespace gsttus
