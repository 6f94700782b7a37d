// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps every byte of the stream from the oldest that may be needed again to the newest.
// Bytes are addressed by their position in the stream (0 is the first byte written).
// Memory first, then spill files: what memory has no room for, and what has been there for too long
// (SpoolMode). No threads, no locks, no GLib: the owner guards it with a mutex. Only Piece::read(),
// Spill::run() and DiskWork::run() may run without that mutex; with spill_by_thread() nothing else
// waits for a disk, but keep() and discard().
#pragma once

#include "base/result.h"
#include "replay/block_spill.h"
#include "replay/disk_work.h"
#include "replay/journal.h"
#include "replay/overlay.h"
#include "replay/piece.h"
#include "replay/segments.h"
#include "replay/spool.h"
#include "replay/spool_folder.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gsttus {

enum class SpoolMode { kNever, kOverflow, kAlways };

struct ReplayConfig {
    std::uint64_t max_memory = std::uint64_t{32} << 20; // bytes
    std::uint64_t rollback_margin = std::uint64_t{8} << 20;
    SpoolMode spool_mode = SpoolMode::kOverflow;
    std::string spool_dir; // parent folder; a folder per upload is made in it, mode 0700
    std::vector<std::string> other_dirs;  // tried by the owner where that one fails
    std::uint64_t max_spool_size = 0;     // bytes; 0: what the disk has, less 256 MiB
    std::shared_ptr<MemoryBudget> memory; // of all stores of a process; none: max_memory alone
    std::uint64_t least_memory = 0;       // bytes that are there beyond that
    std::uint64_t beside = 0; // bytes that another file in the folder takes of the disk's room

    // So much of max_spool_size is there for bytes that are needed: the rest may be taken by a file
    // of which the end is.
    std::uint64_t useful_spool_size() const;
};

// What a recovery has read from the folder of an upload; a store can go on with it.
struct FoundUpload {
    std::unique_ptr<SpoolFolder> folder;
    Segments segments; // of files
    std::uint64_t acked = 0;
    Notes notes;
    Overlay changed{};
    std::uint32_t next_file = 1; // number of the next spill file
};

class Keeping;

// What has to be in the folder before any byte is kept, where there is a journal by then: without
// it, they are of no use. It has precedence where the disk is full. An Error: may be tried again.
using KeepFirst = std::function<Result<void>()>;

class ReplayStore {
public:
    explicit ReplayStore(ReplayConfig config);
    ReplayStore(ReplayConfig config, FileOps &ops); // tests: a disk that fails on demand
    // Goes on with what a recovery has found; its files stay. The mode is kAlways.
    ReplayStore(ReplayConfig config, FoundUpload found, FileOps &ops);
    // Files of an unfinished upload stay with SpoolMode::kAlways or if kept (see keep()), else are
    // deleted.
    ~ReplayStore();
    ReplayStore(const ReplayStore &) = delete;
    ReplayStore &operator=(const ReplayStore &) = delete;

    // Appends as much as there is room for and returns how much. Less than all means: full, try
    // again after release(), or after a second or more (somebody may have made room on the disk),
    // or when the spill thread has made room.
    // A disk that fails is not an error here (see take_disk_warning()).
    std::size_t append(std::span<const std::byte> data);

    // The same for bytes that others have held in memory until now: room for them is made.
    std::size_t append_beyond(std::span<const std::byte> data);

    // A recovery: what comes next goes there, since others have all bytes before it. No effect
    // where more is held.
    void skip_to(std::uint64_t position);

    // Changes bytes that were appended, wherever they are now; whoever has a Piece does not read
    // them. With a journal, a recovery has the change too, as append() says of bytes (with a spill
    // thread: see awaits_safety()). FALSE, and nothing has changed: some of them are not held, or
    // too much has been changed (Overlay::kMost, of what is held in files).
    bool rewrite(std::uint64_t position, std::span<const std::byte> data);

    // Bytes before `acked` are at the server. Frees what lies more than the rollback margin behind.
    // Both this and append() free what is in memory of the margin while the memory budget is short;
    // append() frees from it too before it says full (but lets the spill thread try first).
    // `acked` may be less than last time: a server that went back. What is not acknowledged is
    // never freed. With Deletion::kLater, files that are not needed any more stay until clean_up()
    // is run, and blocks of memory until who calls has done with take_freed().
    enum class Deletion { kNow, kLater };
    void release(std::uint64_t acked, Deletion deletion = Deletion::kNow);

    // The memory of blocks that release(), end_spill() and let_go() have left, to be given back to
    // the system without the mutex. It counts nowhere any more.
    FreedBlocks take_freed() { return segments_.take_freed(); }

    std::uint64_t begin() const { return segments_.begin(); } // oldest position held

    std::uint64_t end() const { return segments_.end(); } // position after the newest byte

    std::uint64_t acked() const { return acked_; } // as last told to release()

    std::uint64_t in_memory() const { return segments_.memory_used(); } // bytes used by blocks

    std::uint64_t on_disk() const { return spool_.used(); } // bytes in spill files

    // The piece that holds `at` (begin() <= at < end()).
    std::shared_ptr<const Piece> piece(std::uint64_t at) const;

    // A disk trouble since the last call (full, failing): once per trouble, for a WARNING; and that
    // hold_all() had to end.
    std::optional<Error> take_disk_warning();

    using DiskWork = gsttus::DiskWork; // needs no mutex, and may be slow

    // Deletes the files that release() left; nullptr: there are none.
    std::unique_ptr<DiskWork> clean_up() { return spool_clean_up(spool_); }

    // --- a thread for the disk ------------------------------------------------------------------
    // With one, nobody else writes: as long as there is something to do, that thread calls
    // begin_spill() and end_spill() with the mutex, and between the two Spill::run() without it.
    // One at a time; while spilling(), keep(), discard() and the destructor must not be called. To
    // disk goes the oldest that the server does not have: when three quarters of the window are
    // used, when it has been in memory for too long (see set_due()), or see hold_all(). What there
    // is to note in the journal goes with it, or alone.
    using Spill = BlockSpill;

    // From now on.
    void spill_by_thread();

    // What came into memory before that is due: `rests`: all of it, also what the server has.
    void set_due(TimePoint before, bool rests = false);
    // When the oldest came that the server does not have; nullopt: nothing of that is in memory.
    std::optional<TimePoint> oldest_in_memory() const;

    bool wants_spill() const { return next_spill().has_value(); }

    // Bytes from there on go to no file until that is taken back (nullopt), but with keep(): what
    // they belong to is not on the disk yet.
    void hold_back(std::optional<std::uint64_t> from);

    // nullptr: nothing to do, or the disk refuses for now. `facts`: also to say no more than how
    // far the server is.
    std::unique_ptr<Spill> begin_spill(bool facts = true);
    void end_spill(std::unique_ptr<Spill> spill);

    bool spilling() const { return spool_.busy(); } // between begin_spill() and end_spill()

    // The thread has something to do, and the disk did not refuse: where append() took nothing, it
    // soon will.
    bool awaits_spill() const { return spill_thread_ && !disk_refuses_ && wants_spill(); }

    bool disk_refuses() const { return disk_refuses_; } // as the thread found it

    // With SpoolMode::kAlways: bytes before `position`, or what was changed of them, are not in the
    // files yet, and will be.
    bool awaits_safety(std::uint64_t position) const;

    // There is a journal with the next visit to the disk, also without a byte: an upload exists.
    // `needed`: take_disk_warning() tells if there can be none.
    void begin_journal(bool needed = false);

    // Looks whether somebody deletes what is on the disk; nullptr: there is nothing. If so, all
    // that is needed goes to a new folder.
    // `other`: a file that is ours besides, or null.
    std::unique_ptr<SpoolLook> look(const FdRef &other = nullptr) const;
    void looked(const SpoolLook &look);

    // TRUE: all is in files, and closed but for the lock. Nothing is to come for a while.
    bool rest();

    // --- holding what is acknowledged -----------------------------------------------------------
    // While this is so, release() frees nothing: what lies behind the rollback margin is moved to
    // the disk (by the spill thread, or kAlways has it there). It gives way to what is not
    // acknowledged: when the disk refuses, or a writer would wait for what only this put into
    // memory, it ends for good, and all of that is freed at once: without its beginning, the rest
    // is of no use. take_disk_warning() tells. No effect when a byte is gone already, with
    // SpoolMode::kNever, or where append() itself would have to write (no spill thread).
    void hold_all(bool wanted);

    bool holds_all() const { return holds_; }

    // --- crash safety (journal); no effect with SpoolMode::kNever -------------------------------
    // Without spill_by_thread(), with SpoolMode::kAlways every byte that append() took, every note
    // and every release() is in the files before the call returns: kill -9 loses nothing. With it,
    // facts and bytes get there in order. A power cut: see sync_to_disk().

    // Facts about the upload that a recovery needs (URL, offsets, target). Later values replace
    // earlier ones of the same name. Written through to the journal when there is one (the first
    // appended byte makes it). No secrets: they would lie on the disk. At most 64 KiB.
    void note(const std::string &name, const std::string &value);

    const Notes &notes() const { return notes_; }

    // All of them at once, for a recovery that begins anew elsewhere: after a crash there are these
    // or those from before, never some of each. What is acknowledged counts no more: acked() is 0.
    // Needs begin() to be 0. Error: the disk refuses, and nothing has changed.
    Result<void> begin_anew(Notes notes);

    // Makes everything held recoverable: memory is written out (if need be beyond max_spool_size),
    // a journal is there afterwards. The files then survive this object, and it goes on as with
    // SpoolMode::kAlways. Returns the folder. An Error says what was kept all the same, its offset
    // is where that ends; folder() is empty if nothing was. `first`: see KeepFirst.
    Result<std::string> keep(const KeepFirst &first = nullptr);
    // The same for what the server has as well: only as a whole, and not beyond max_spool_size. On
    // an Error nothing is left, but what a recovery has read.
    Result<std::string> keep_whole(const KeepFirst &first = nullptr);
    // The upload is complete: frees everything and deletes the files. Nothing is held afterwards.
    void discard();
    // The same for memory only, and at once: discard() is to follow, when the disk answers.
    void let_go();

    // Another spool folder, as long as no byte is in the first one. FALSE: there is.
    bool move_to(const std::string &spool_dir);

    // Folder of this upload on disk; empty while there is none.
    std::string folder() const { return spool_.path(); }

    // The same, open; null while there is no journal in it, it rests, or while spilling().
    FdRef folder_fd() const;

    FileOps &file_ops() const { return spool_.ops(); }

    // Brings what is written so far onto the disk itself (fdatasync); nullptr: nothing to sync.
    // When it has run, synced() says whether all of that got there: else the next one tries it
    // again.
    std::unique_ptr<DiskWork> sync_to_disk() { return spool_sync(spool_); }

    void synced(bool all) { spool_.synced(all); }

private:
    Result<std::string> keep_by(Result<std::string> (Keeping::*how)(), const KeepFirst &first);
    std::size_t append_some(std::span<const std::byte> data);
    bool may_spool() const;
    void free_behind(std::uint64_t acked);
    void yield_margin();
    bool drop_from_margin();
    void disk_has_room();
    std::optional<std::size_t> next_spill() const;
    std::optional<std::size_t> oldest_block() const;
    std::optional<std::size_t> next_move() const;
    std::optional<std::size_t> next_wanted() const;
    std::size_t write_to_disk(std::span<const std::byte> data);
    void disk_took(bool some);
    bool held_gives_way() const;
    bool may_wait_for_disk();
    void end_holding(std::string_view why, Error error);
    JournalState journal_state() const;

    const ReplayConfig config_;
    Segments segments_;
    Spool spool_;
    Overlay changed_; // of what is in files, or was on its way to one
    Notes notes_;
    std::uint64_t acked_ = 0;
    bool journaling_ = false; // every byte goes to disk, with a record
    bool spill_thread_ = false;
    TimePoint due_ = TimePoint::min(); // see set_due()
    bool rests_ = false;
    std::uint64_t spill_end_ = std::numeric_limits<std::uint64_t>::max(); // see hold_back()
    bool moves_ = false;        // bytes are in files that are gone
    bool disk_refuses_ = false; // as the spill thread found it
    bool discarded_ = false;
    bool holds_ = false;      // hold_all()
    bool hold_ended_ = false; // for want of room
    std::optional<Error> hold_warning_;
    std::optional<TimePoint> waiting_since_; // a writer, for what is held
    Duration waited_{};                      // in all
    bool kept_ = false; // keep() was called, or a recovery has read it: the files stay
};

} // namespace gsttus
