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
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gsttus {

class SpoolWrite;

// Where that fails, the log says so.
void delete_spill_file(FileOps &ops, int dir, std::uint32_t number, const std::string &path);

class Spool {
public:
    // Bytes of a spill file. A file goes only as a whole: with a small bound, small files keep what
    // is not needed any more from filling it.
    static std::uint64_t file_size(std::uint64_t max_size);

    // `state` gives what a new journal must hold; called during write(), end(), note(), acked().
    Spool(std::string spool_dir, std::uint64_t max_size, FileOps &ops,
          std::function<JournalState()> state);

    // Continues a folder that a recovery has read; files are numbered from `next_file`.
    void adopt(std::unique_ptr<SpoolFolder> folder, std::uint32_t next_file, std::uint64_t used);

    enum class Bound { kConfigured, kNone };

    // Writes a beginning of `data` (as much as one file takes), and its journal record if there is
    // a journal. nullopt: the disk takes nothing now; the reason is in trouble().
    std::optional<SpilledRun> write(std::uint64_t position, std::span<const std::byte> data,
                                    Bound bound);

    // The same in three steps, so that the slow one, SpoolWrite::run(), needs no lock. From begin()
    // to end() the Spool is busy(): write() and begin() refuse. note(), acked(), ensure_journal()
    // and remove() must not be called then.
    std::unique_ptr<SpoolWrite> begin(Bound bound); // null: as write()
    std::optional<SpilledRun> end(std::uint64_t position, std::unique_ptr<SpoolWrite> write);

    bool busy() const { return busy_; }

    // What waits for somebody who has time for the disk.
    struct Needless {
        std::vector<std::uint32_t> files; // to delete
        std::vector<FdRef> open;          // to close, which may be slow too

        bool empty() const { return files.empty() && open.empty(); }
    };

    // A file that nobody needs any more is deleted by delete_needless(), or take_needless() hands
    // it over.
    void release_file(const std::shared_ptr<SpillFile> &file, std::uint64_t bytes);

    // The same for bytes from `offset` on, to where the file ends.
    void cut_file(const std::shared_ptr<SpillFile> &file, std::uint64_t offset);

    bool is_full(const SpillFile &file) const { return file.size >= file_size_; }

    void delete_needless();

    Needless take_needless() { return std::exchange(needless_, {}); }

    // From now on every byte and fact is journaled; the journal itself comes with the next write.
    void use_journal() { journaling_ = true; }

    // Makes folder and journal now if they are not there. FALSE: the reason is in trouble().
    bool ensure_journal();

    bool has_journal() const { return journal_.is_open(); }

    // A journal on disk knows of every byte in a spill file.
    bool is_described() const { return journal_.is_open() || adopted_; }

    void note(const std::string &name, const std::string &value);
    // FALSE: the journal on disk does not say so, and needs the bytes before `position` still.
    bool acked(std::uint64_t position);

    bool is_stale() const { return journal_stale_; } // the journal: acked() tries again

    std::uint64_t used() const { return used_; }

    std::string path() const { return folder_ ? folder_->path() : std::string(); }

    const FdRef &dir_fd() const { return folder_->dir_fd(); }

    FileOps &ops() const { return ops_; }

    // What it refused; retry_now() when something has changed.
    DiskTrouble &trouble() { return trouble_; }

    const DiskTrouble &trouble() const { return trouble_; }

    std::set<std::uint32_t> take_unsynced() { return std::exchange(unsynced_, {}); }

    const Journal &journal() const { return journal_; }

    void remove(); // the folder and everything of ours in it

private:
    bool make_folder();
    std::optional<SpilledRun> take_over(std::uint64_t position, SpoolWrite &write);
    int journal_written(std::uint64_t position, const SpilledRun &written);
    void seal();
    std::string where() const; // for messages
    void fail(Error error);

    const std::string spool_dir_;
    const std::uint64_t max_size_;
    const std::uint64_t file_size_;
    FileOps &ops_;
    const std::function<JournalState()> state_;

    std::unique_ptr<SpoolFolder> folder_;
    Journal journal_;
    bool journaling_ = false;
    bool adopted_ = false;       // with a journal, which is replaced at the first chance
    bool journal_stale_ = false; // a fact could not be written: begin a new journal
    std::shared_ptr<SpillFile> out_;
    std::uint32_t next_file_ = 1;
    std::uint64_t used_ = 0;
    std::uint64_t until_check_ = 0; // bytes that may be written before the disk is asked again
    std::set<std::uint32_t> unsynced_;
    Needless needless_;
    bool busy_ = false;

    DiskTrouble trouble_;
};

} // namespace gsttus
