// The disk side of a replay store: spill files, the journal, how much may be written, and what to
// do when the disk refuses. Knows no segments and no memory; not thread-safe.
#pragma once

#include "replay/file_ops.h"
#include "replay/journal.h"
#include "replay/spool_folder.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace gsttus {

// One file of spilled bytes. Whoever drops the last reference but one tells Spool::release_file().
struct SpillFile {
    std::uint32_t number = 0;
    std::uint64_t size = 0;              // bytes that count; more may be there after an error
    FdRef writer;                        // open while bytes are added
    std::weak_ptr<const Fd> last_reader; // shared by Pieces
};

class Spool {
public:
    static constexpr std::uint64_t kFileSize = std::uint64_t{16} << 20;

    // `state` gives what a new journal must hold; called during write(), note(), acked().
    Spool(std::string spool_dir, std::uint64_t max_size, FileOps &ops,
          std::function<JournalState()> state);

    // Continues a folder that a recovery has read; files are numbered from `next_file`.
    void adopt(std::unique_ptr<SpoolFolder> folder, std::uint32_t next_file, std::uint64_t used);

    struct Written {
        std::shared_ptr<SpillFile> file;
        std::uint64_t file_offset = 0;
        std::uint32_t length = 0;
        std::uint32_t crc = 0;
    };

    enum class Bound { kConfigured, kNone };

    // Writes a beginning of `data` (as much as one file takes), and its journal record if there is
    // a journal. nullopt: the disk takes nothing now; the reason is in take_warning().
    std::optional<Written> write(std::uint64_t position, std::span<const std::byte> data,
                                 Bound bound);
    void release_file(const std::shared_ptr<SpillFile> &file, std::uint64_t bytes);
    FdRef reader(SpillFile &file) const; // null and errno: cannot be opened

    // From now on every byte and fact is journaled; the journal itself comes with the next write.
    void use_journal() { journaling_ = true; }

    // Makes folder and journal now if they are not there. FALSE: the reason is in last_error().
    bool ensure_journal();

    bool has_journal() const { return journal_.is_open(); }

    void note(const std::string &name, const std::string &value);
    void acked(std::uint64_t position);

    void retry_now() { healthy_ = true; } // something has changed: the disk may work again

    std::uint64_t used() const { return used_; }

    std::string path() const { return folder_ ? folder_->path() : std::string(); }

    const FdRef &dir_fd() const { return folder_->dir_fd(); }

    FileOps &ops() const { return ops_; }

    std::optional<Error> take_warning() { return std::exchange(warning_, std::nullopt); }

    const Error &last_error() const { return last_error_; }

    std::set<std::uint32_t> take_unsynced() { return std::exchange(unsynced_, {}); }

    const Journal &journal() const { return journal_; }

    void remove(); // the folder and everything of ours in it

private:
    bool usable();
    bool make_folder();
    bool prepare(Bound bound, std::uint64_t &allowed);
    bool new_file();
    int journal_written(std::uint64_t position, const Written &written);
    void seal();
    std::uint64_t room(Bound bound);
    void fail(int error, const char *what);
    void fail(Error error);

    const std::string spool_dir_;
    const std::uint64_t max_size_;
    FileOps &ops_;
    const std::function<JournalState()> state_;

    std::unique_ptr<SpoolFolder> folder_;
    Journal journal_;
    bool journaling_ = false;
    bool journal_stale_ = false; // a fact could not be written: begin a new journal
    std::shared_ptr<SpillFile> out_;
    std::uint32_t next_file_ = 1;
    std::uint64_t used_ = 0;
    std::uint64_t until_check_ = 0; // bytes that may be written before the disk is asked again
    std::set<std::uint32_t> unsynced_;

    bool healthy_ = true;
    TimePoint retry_at_{};
    bool warned_ = false;
    bool may_be_over_ = false; // the trouble: bytes were written, or deleting files can heal it
    std::uint64_t used_at_warning_ = 0;
    std::optional<Error> warning_;
    Error last_error_;
};

} // namespace gsttus
