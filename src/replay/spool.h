// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The disk side of a replay store: spill files, the journal, how much may be written, and what to
// do when the disk refuses. Knows no segments and no memory; not thread-safe.
#pragma once

#include "replay/disk_trouble.h"
#include "replay/file_ops.h"
#include "replay/journal.h"
#include "replay/spill_file.h"
#include "replay/spool_folder.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gsttus {

class SpoolWrite;

class Spool {
public:
    // Bytes of a spill file. A file goes only as a whole: with a small bound, small files keep what
    // is not needed any more from filling it.
    static std::uint64_t file_size(std::uint64_t max_size);

    struct Room {
        std::string spool_dir;
        std::uint64_t max_size = 0; // of all files; 0: what the disk has, less a reserve
        std::uint64_t beside = 0;   // so much of that takes somebody else's file in the folder
    };

    // `state` gives what a new journal must hold; called during write(), end(), note(), acked().
    Spool(Room room, FileOps &ops, std::function<JournalState()> state);

    // Continues a folder that a recovery has read; files are numbered from `next_file`.
    void adopt(std::unique_ptr<SpoolFolder> folder, std::uint32_t next_file, std::uint64_t used);

    enum class Bound { kConfigured, kNone };

    // Writes a beginning of `data` (as much as one file takes), and its journal record if there is
    // a journal. nullopt: the disk takes nothing now; the reason is in trouble().
    std::optional<SpilledRun> write(std::uint64_t position, std::span<const std::byte> data,
                                    Bound bound);

    // The same in three steps, so that the slow one, SpoolWrite::run(), needs no lock. From begin()
    // to end() the Spool is busy(): it refuses both, and facts wait. ensure_journal() and remove()
    // must not be called then. The bytes may be none: what there is to note gets to the disk.
    std::unique_ptr<SpoolWrite> begin(std::uint64_t position, Bound bound); // null: as write()
    std::unique_ptr<SpoolWrite> begin_facts();                              // the same
    std::optional<SpilledRun> end(std::unique_ptr<SpoolWrite> write);

    bool busy() const { return busy_; }

    // From now on nothing is written but by begin() and end(): what is to be noted waits for that.
    void defer(bool all = true) { deferred_ = all; }

    // Facts wait, or the journal is wanted and not there, and the disk may be asked. `urgent`: how
    // far the server is may wait.
    bool wants_visit(bool urgent = false);

    // What waits for somebody who has time for the disk.
    struct Needless {
        struct File {
            FdRef dir; // null: in `folder`
            std::string folder;
            std::uint32_t number = 0;
        };

        std::vector<File> files; // to delete
        std::vector<FdRef> open; // to close, which may be slow too
        // To delete, with all that is ours. They were given up: see leave_folder().
        std::vector<std::unique_ptr<SpoolFolder>> folders;

        bool empty() const { return files.empty() && open.empty() && folders.empty(); }
    };

    // A file that nobody needs any more is deleted by delete_needless(), or take_needless() hands
    // it over.
    void release_file(const std::shared_ptr<SpillFile> &file, std::uint64_t bytes);

    // Nobody needs what the file has from `offset` on.
    void cut_file(const std::shared_ptr<SpillFile> &file, std::uint64_t offset);

    // What is written from now on goes to another file.
    void seal();

    void delete_needless();

    // Files not before the journal knows that they may go, if the disk takes that.
    Needless take_needless();

    // From now on every byte and fact is journaled; the journal itself comes with the next write.
    void use_journal() { journal_is_.used = true; }

    // With the next visit there is a journal, also without bytes. Needs use_journal(). `needed`:
    // that there can be none is a trouble to tell.
    void want_journal(bool needed = false);

    // Makes folder and journal now if they are not there. FALSE: the reason is in trouble().
    bool ensure_journal();

    // The same, and what it says of files is not so any more.
    bool renew_journal();

    bool has_journal() const { return journal_is_.there; }

    // A journal on disk knows of every byte in a spill file.
    bool is_described() const { return journal_is_.there || journal_is_.adopted; }

    void note(const std::string &name, const std::string &value);
    // Of bytes that are in files, or on their way to one.
    void changed(std::uint64_t position, std::string bytes);
    // The journal does not have all of that yet, and will.
    bool owes_change() const;
    // FALSE: the journal on disk does not say so, and needs the bytes before `position` still. (If
    // facts wait, the files wait too: see take_needless().)
    bool acked(std::uint64_t position);

    bool is_stale() const
    {
        return journal_is_.stale || (!deferred_ && !facts_.empty());
    } // the journal: acked() tries again

    std::uint64_t used() const { return used_; }

    std::string path() const { return folder_ ? folder_->path() : std::string(); }

    FileOps &ops() const { return ops_; }

    // What it refused; retry_now() when something has changed.
    DiskTrouble &trouble() { return trouble_; }

    const DiskTrouble &trouble() const { return trouble_; }

    // What a power cut would take: files, the journal. Nothing while busy().
    struct Unsynced {
        struct File {
            FdRef fd;  // null: opened anew
            FdRef dir; // null: in the folder that is synced
            std::uint32_t number = 0;
        };

        std::vector<File> files;
        FdRef dir, parent, journal; // parent may be null: it knows the folder
    };

    bool has_unsynced() const { return !busy_ && (journal_is_.unsynced || !unsynced_.empty()); }

    Unsynced take_unsynced();

    // How it went with them: what did not get there is unsynced still.
    void synced(bool all);

    // Somebody has deleted the folder, its journal or a file: the folder is given up, and another
    // one begins with the next visit. Bytes in its files are to move: see SpillFile::gone. When
    // they have, forget_left() lets go of what is left of it.
    void leave_folder();
    void forget_left();

    const FdRef &journal_fd() const { return journal_.fd(); } // not while busy()

    const FdRef &dir_fd() const { return folder_->dir_fd(); } // null: it rests

    bool has_folder() const { return folder_ != nullptr; }

    void rest_file(SpillFile &file); // its directory is not held open; the file as others are

    // Nothing is added for now: folder and journal are closed, their lock stays.
    void rest();

    void remove(); // the folder and everything of ours in it

    // From now on below another folder, what was made before is removed: it must hold no bytes.
    void move_to(std::string spool_dir);

private:
    bool is_full(const SpillFile &file) const { return file.size >= file_size_; }

    std::unique_ptr<SpoolWrite> begin(Bound bound, bool with_bytes);
    void prepare_telling(SpoolWrite &write);
    std::optional<SpilledRun> take_over(SpoolWrite &write);
    void take_over_telling(SpoolWrite &write);
    void tell(Fact fact);
    std::string where() const; // for messages
    void fail(Error error);

    Room room_;
    const std::uint64_t file_size_;
    FileOps &ops_;
    const std::function<JournalState()> state_;

    std::unique_ptr<SpoolFolder> folder_;
    std::vector<std::unique_ptr<SpoolFolder>> left_; // bytes in them have not moved yet
    Journal journal_;                                // of who visits the disk, while busy_
    std::vector<Fact> facts_;

    struct {
        bool used = false;
        bool there = false;          // on the disk, and ours to add to
        bool adopted = false;        // a recovery has read one: it is replaced at the first chance
        bool stale = false;          // begin a new one: there is none, or a fact is not in it
        bool unsynced = false;       // and worth a sync
        bool told_of_change = false; // just now, while busy_
        bool needed = false;         // see want_journal()
    } journal_is_;

    bool deferred_ = false;
    bool busy_ = false;
    std::shared_ptr<SpillFile> out_;
    std::uint32_t next_file_ = 1;
    std::uint64_t used_ = 0;
    std::uint64_t until_check_ = 0; // bytes that may be written before the disk is asked again
    std::map<std::uint32_t, Unsynced::File> unsynced_, syncing_;
    Needless needless_;

    DiskTrouble trouble_;
};

} // namespace gsttus
