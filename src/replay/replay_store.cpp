// The replay store: see replay_store.h for the contract. Decides where bytes go and when they may
// go away; the disk itself is the Spool's matter.
#include "replay/replay_store.h"

#include "base/log.h"
#include "base/text.h"
#include "replay/replay_store_impl.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::size_t kLargestBlock = std::size_t{256} << 10;
constexpr std::size_t kSmallestBlock = std::size_t{4} << 10;
// So much is used when max_memory is 0 and there is no disk: something must hold the bytes.
constexpr std::uint64_t kLeastMemory = std::uint64_t{64} << 10;
constexpr std::size_t kMaxNote = std::size_t{64} << 10;
constexpr int kKeepAttempts = 3; // on a disk that fails

// Small windows have small blocks, so that they do not empty and fill as a whole.
std::size_t block_size_for(std::uint64_t memory)
{
    const auto part = std::clamp<std::uint64_t>(memory / 16, kSmallestBlock, kLargestBlock);
    return static_cast<std::size_t>(std::min(part, memory));
}

} // namespace

std::uint64_t ReplayConfig::useful_spool_size() const
{
    return max_spool_size - std::min(max_spool_size, Spool::file_size(max_spool_size));
}

// --- Impl
// -----------------------------------------------------------------------------------------

ReplayStore::Impl::Impl(ReplayConfig config, FileOps &ops)
    : config_(std::move(config)),
      spool_(config_.spool_dir, config_.max_spool_size, ops, [this] { return journal_state(); }),
      journaling_(config_.spool_mode == SpoolMode::kAlways),
      memory_limit_(config_.max_memory > 0 ? config_.max_memory : kLeastMemory),
      block_size_(block_size_for(memory_limit_))
{
    if (journaling_)
        spool_.use_journal();
}

std::size_t ReplayStore::Impl::append(std::span<const std::byte> data)
{
    if (discarded_)
        return 0;
    if (journaling_ && memory_segments_ > 0)
        backfill();
    std::size_t taken = 0;
    while (taken < data.size()) {
        const std::size_t n = append_some(data.subspan(taken));
        if (n > 0)
            taken += n;
        else if (awaits_spill() || !drop_from_margin())
            break;
    }
    return taken;
}

std::size_t ReplayStore::Impl::append_some(std::span<const std::byte> data)
{
    bool disk_first = journaling_ || (may_spool() && config_.max_memory == 0);
    if (!disk_first && may_spool() && !segments_.empty() && segments_.back().file) {
        // Having spilled, go on in that file until a good part of the window is free again, or
        // every freed block would mean one more file.
        const std::uint64_t free = memory_limit_ - std::min(memory_limit_, memory_used_);
        disk_first = segments_.back().file->writer && !spool_.is_full(*segments_.back().file) &&
                     free < spill_reserve();
    }
    if (disk_first) {
        if (const std::size_t n = to_disk(data); n > 0)
            return n;
    }
    if (const std::size_t n = to_memory(data); n > 0)
        return n;
    return may_spool() && !disk_first ? to_disk(data) : 0;
}

std::size_t ReplayStore::Impl::to_memory(std::span<const std::byte> data)
{
    const auto has_room = [](const Segment &segment) {
        return segment.block && segment.offset + segment.length() < segment.block->capacity;
    };
    if (segments_.empty() || !has_room(segments_.back())) {
        if (memory_used_ + block_size_ > memory_limit_)
            return 0;
        auto block = allocate_block(block_size_);
        no_memory_ = !block;
        if (!block)
            return 0;
        segments_.push_back({.begin = end_, .end = end_, .block = std::move(block)});
        memory_used_ += block_size_;
        ++memory_segments_;
    }
    Segment &segment = segments_.back();
    const std::size_t used = segment.offset + static_cast<std::size_t>(segment.length());
    const std::size_t n = std::min(data.size(), segment.block->capacity - used);
    std::memcpy(segment.block->bytes.get() + used, data.data(), n);
    segment.end += n;
    end_ += n;
    return n;
}

std::size_t ReplayStore::Impl::to_disk(std::span<const std::byte> data)
{
    const auto written = spool_.write(end_, data, Spool::Bound::kConfigured);
    if (!written)
        return 0;
    if (!segments_.empty() && continues(segments_.back(), end_, *written))
        extend(segments_.back(), *written);
    else
        segments_.push_back(segment_of(end_, *written));
    end_ += written->length;
    return written->length;
}

void ReplayStore::Impl::release(std::uint64_t acked)
{
    acked = std::clamp(acked, begin(), end_);
    if (acked == acked_ && !spool_.is_stale())
        return;
    const bool progress = acked > acked_;
    acked_ = acked;
    // Before any file goes: a recovery must not miss bytes that nobody needs.
    const bool told = spool_.acked(acked);
    const std::uint64_t keep_from = acked - std::min(acked, config_.rollback_margin);
    bool freed = false;
    while (!segments_.empty() && segments_.front().end <= keep_from &&
           (told || segments_.front().block)) {
        free_front();
        freed = true;
    }
    if (progress || freed)
        disk_has_room();
}

bool ReplayStore::Impl::drop_from_margin()
{
    if (segments_.empty() || segments_.front().end > acked_)
        return false;
    const bool on_disk = segments_.front().file != nullptr;
    free_front();
    if (on_disk) {
        if (may_spool()) // else the spill thread does, before it writes
            spool_.delete_needless();
        disk_has_room();
    }
    return true;
}

void ReplayStore::Impl::disk_has_room() // perhaps
{
    spool_.retry_now();
    disk_refuses_ = false;
}

void ReplayStore::Impl::free_front()
{
    release_bytes(segments_.front());
    segments_.pop_front();
}

void ReplayStore::Impl::free_back()
{
    release_bytes(segments_.back());
    segments_.pop_back();
}

void ReplayStore::Impl::release_bytes(const Segment &segment)
{
    if (segment.block) {
        memory_used_ -= segment.block->capacity;
        --memory_segments_;
    } else {
        spool_.release_file(segment.file, segment.length());
    }
}

std::size_t ReplayStore::Impl::index_of(std::uint64_t at) const
{
    const auto after =
        std::upper_bound(segments_.begin(), segments_.end(), at,
                         [](std::uint64_t p, const Segment &s) { return p < s.begin; });
    return static_cast<std::size_t>(after - segments_.begin()) - 1;
}

// Moves the memory segment at `index` to disk, where it becomes `parts` segments (none if it only
// continues the one before, two at the end of a file). FALSE: the disk did not take all of it; the
// rest is still in memory, behind those parts.
bool ReplayStore::Impl::persist(std::size_t index, Spool::Bound bound, std::size_t &parts)
{
    parts = 0;
    while (true) {
        const Segment &segment = segments_[index + parts];
        const std::span data(segment.block->bytes.get() + segment.offset,
                             static_cast<std::size_t>(segment.length()));
        const auto written = spool_.write(segment.begin, data, bound);
        if (!written)
            return false;
        const bool whole = written->length == data.size();
        parts += moved_to_disk(index + parts, *written) ? 1 : 0;
        if (whole)
            return true;
    }
}

// The memory segment at `index`, or its beginning, is on disk now. FALSE: as a part of the segment
// before it, else as one of its own.
bool ReplayStore::Impl::moved_to_disk(std::size_t index, const Spool::Written &written)
{
    const auto at = segments_.begin() + static_cast<std::ptrdiff_t>(index);
    const std::uint64_t begin = at->begin;
    const bool joins = index > 0 && continues(segments_[index - 1], begin, written);
    const bool whole = written.length == at->length();
    if (whole) {
        memory_used_ -= at->block->capacity;
        --memory_segments_;
    } else {
        at->begin += written.length;
        at->offset += written.length;
    }
    if (joins)
        extend(segments_[index - 1], written);
    if (joins && whole)
        segments_.erase(at);
    else if (whole)
        *at = segment_of(begin, written);
    else if (!joins)
        segments_.insert(at, segment_of(begin, written));
    return !joins;
}

// --- spilling ahead
// --------------------------------------------------------------------------------

namespace {

class BlockSpill final : public ReplayStore::Spill {
public:
    BlockSpill(const Segment &segment, std::unique_ptr<Spool::Write> write)
        : block_(segment.block), begin_(segment.begin),
          data_(segment.block->bytes.get() + segment.offset,
                static_cast<std::size_t>(segment.length())),
          write_(std::move(write))
    {
    }

    Result<void> run() override
    {
        write_->run(data_);
        return {}; // end_spill() knows
    }

    std::uint64_t begin() const { return begin_; }

    const MemoryBlock *block() const { return block_.get(); }

    std::unique_ptr<Spool::Write> take_write() { return std::move(write_); }

private:
    std::shared_ptr<const MemoryBlock> block_;
    std::uint64_t begin_;
    std::span<const std::byte> data_; // in block_
    std::unique_ptr<Spool::Write> write_;
};

} // namespace

// The oldest full block that the server does not have: what comes in goes on to memory, and what is
// sent in good times lies there.
std::optional<std::size_t> ReplayStore::Impl::next_to_spill() const
{
    if (acked_ >= end_)
        return std::nullopt;
    for (std::size_t i = index_of(acked_); i + 1 < segments_.size(); ++i) {
        if (segments_[i].block)
            return i;
    }
    return std::nullopt; // the last one is still being filled
}

bool ReplayStore::Impl::wants_spill() const
{
    return config_.spool_mode == SpoolMode::kOverflow && !journaling_ && !discarded_ &&
           (no_memory_ || memory_used_ > memory_limit_ - spill_reserve()) &&
           next_to_spill().has_value();
}

std::unique_ptr<ReplayStore::Spill> ReplayStore::Impl::begin_spill()
{
    if (!wants_spill() || spool_.busy())
        return nullptr;
    auto write = spool_.begin(Spool::Bound::kConfigured);
    disk_refuses_ = !write;
    if (!write)
        return nullptr;
    return std::make_unique<BlockSpill>(segments_[*next_to_spill()], std::move(write));
}

void ReplayStore::Impl::end_spill(std::unique_ptr<Spill> spill)
{
    auto &done = static_cast<BlockSpill &>(*spill);
    const auto written = spool_.end(done.begin(), done.take_write());
    disk_refuses_ = !written;
    if (!written)
        return;
    if (done.begin() >= begin() && done.begin() < end_) {
        const std::size_t index = index_of(done.begin());
        if (segments_[index].block.get() == done.block()) {
            moved_to_disk(index, *written);
            return;
        }
    }
    spool_.release_file(written->file, written->length); // the server has it by now
}

// The disk works again after bytes had to stay in memory: one block at a time, so that no single
// append() takes long.
void ReplayStore::Impl::backfill()
{
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (!segments_[i].block || segments_[i].end <= acked_)
            continue;
        std::size_t parts = 0;
        (void)persist(i, Spool::Bound::kConfigured, parts);
        return;
    }
}

// --- keeping
// ---------------------------------------------------------------------------------------

// The first segment with bytes that the server does not have.
std::size_t ReplayStore::Impl::first_needed() const
{
    std::size_t first = 0;
    while (first < segments_.size() && segments_[first].end <= acked_)
        ++first;
    return first;
}

// Journal and bytes, as far as the server does not have them.
bool ReplayStore::Impl::write_out()
{
    if (!spool_.ensure_journal())
        return false;
    kept_ = true;
    std::size_t parts = 1;
    for (std::size_t i = first_needed(); i < segments_.size(); i += parts) {
        parts = 1;
        if (segments_[i].block && !persist(i, Spool::Bound::kNone, parts))
            return false;
    }
    return true;
}

// The disk is full. What the server has makes room; then what is newest, for what is of no use
// without something older. FALSE: there is nothing to give.
bool ReplayStore::Impl::make_room()
{
    bool freed = false;
    for (std::size_t i = first_needed(); i > 0; --i) {
        freed = freed || segments_.front().file;
        free_front();
    }
    if (!freed) {
        std::size_t older = 0; // what comes first has to be written
        while (spool_.is_described() && older < segments_.size() && segments_[older].file)
            ++older;
        const auto on_disk = [](const Segment &segment) { return segment.file != nullptr; };
        if (!std::any_of(segments_.begin() + static_cast<std::ptrdiff_t>(older), segments_.end(),
                         on_disk))
            return false;
        while (!on_disk(segments_.back()))
            free_back();
        cut_back();
    }
    spool_.delete_needless();
    return true;
}

// Gives up the last checked run of the last segment, which is of a file.
void ReplayStore::Impl::cut_back()
{
    Segment &last = segments_.back();
    const std::uint32_t length = last.checks.back().length;
    if (last.checks.size() == 1 || last.end - length <= acked_) {
        free_back();
    } else {
        const bool file_ends_here = last.offset + last.length() == last.file->size;
        last.checks.pop_back();
        last.end -= length;
        if (file_ends_here) // else others of its bytes are behind these
            spool_.cut_file(last.file, last.offset + last.length());
    }
    end_ = segments_.empty() ? acked_ : segments_.back().end;
}

std::uint64_t ReplayStore::Impl::kept_until() const
{
    if (!spool_.is_described())
        return acked_;
    for (const auto &segment : segments_) {
        if (segment.end > acked_ && segment.block)
            return std::max(acked_, segment.begin);
    }
    return end_;
}

Result<std::string> ReplayStore::Impl::keep()
{
    if (config_.spool_mode == SpoolMode::kNever)
        return Error{.kind = ErrorKind::kSettings,
                     .message = "Nothing of the recording was kept on disk, since spool-mode is "
                                "never.",
                     .offset = acked_};
    if (discarded_)
        return Error{.kind = ErrorKind::kInternal, .message = "There is nothing left to keep."};
    const std::uint64_t whole = end_;
    journaling_ = true;
    spool_.use_journal();
    spool_.delete_needless();
    int attempts = 0;
    for (spool_.retry_now(); !write_out(); spool_.retry_now()) {
        const bool full = spool_.last_error().kind == ErrorKind::kNoSpace;
        if (full ? !make_room() : ++attempts == kKeepAttempts)
            return kept_in_part(whole);
    }
    // the margin too if there is room
    std::size_t parts = 0;
    for (std::size_t i = end_ == whole ? first_needed() : 0; i-- > 0;) {
        if (segments_[i].block && !persist(i, Spool::Bound::kNone, parts))
            break;
    }
    if (end_ == whole)
        return spool_.path();
    return kept_in_part(whole);
}

Error ReplayStore::Impl::kept_in_part(std::uint64_t whole) const
{
    Error error = spool_.last_error();
    const std::uint64_t until = kept_until();
    error.message += cat(" Of the recording's bytes ", acked_, " to ", whole,
                         ", which the server does not have, those up to ", until,
                         " are kept in a spool folder.");
    error.offset = until;
    return error;
}

void ReplayStore::Impl::discard()
{
    discarded_ = true;
    segments_.clear();
    memory_used_ = 0;
    memory_segments_ = 0;
    acked_ = end_;
    spool_.remove();
}

void ReplayStore::Impl::adopt(std::unique_ptr<SpoolFolder> folder, std::deque<Segment> segments,
                              std::uint64_t end, std::uint64_t acked, Notes notes,
                              std::uint32_t next_file)
{
    std::uint64_t used = 0;
    for (const auto &segment : segments)
        used += segment.length();
    segments_ = std::move(segments);
    end_ = end;
    acked_ = acked;
    notes_ = std::move(notes);
    journaling_ = true;
    kept_ = true;
    spool_.adopt(std::move(folder), next_file, used);
}

JournalState ReplayStore::Impl::journal_state() const
{
    JournalState state{.notes = notes_, .acked = acked_, .data = {}};
    for (const auto &segment : segments_) {
        if (segment.file)
            append_records(segment, state.data);
    }
    return state;
}

// --- work without the mutex
// ------------------------------------------------------------------------

namespace {

// Has its own references: the store may change or go away meanwhile.
class SpoolSync final : public ReplayStore::DiskWork {
public:
    SpoolSync(FileOps &ops, FdRef dir, FdRef journal, std::set<std::uint32_t> files,
              std::string path)
        : ops_(ops), dir_(std::move(dir)), journal_(std::move(journal)), files_(std::move(files)),
          path_(std::move(path))
    {
    }

    Result<void> run() override
    {
        for (const auto number : files_) {
            // Synced through a descriptor of its own; the store may have closed its one.
            const FdRef file = open_file(ops_, dir_->get(), spill_name(number).c_str(), O_RDONLY);
            if (!file && errno == ENOENT)
                continue; // acknowledged and deleted by now
            if (!file || ops_.sync_data(file->get()) != 0)
                return failure(errno);
        }
        // The journal last: it speaks of files.
        if (ops_.sync_all(dir_->get()) != 0 || ops_.sync_data(journal_->get()) != 0)
            return failure(errno);
        return {};
    }

private:
    Error failure(int error) const
    {
        return disk_error(error, cat("The spooled bytes in ", path_,
                                     " could not be brought onto the disk; a power cut may lose "
                                     "them."));
    }

    FileOps &ops_; // outlives this by contract
    FdRef dir_, journal_;
    std::set<std::uint32_t> files_;
    std::string path_;
};

class SpoolCleanUp final : public ReplayStore::DiskWork {
public:
    SpoolCleanUp(FileOps &ops, FdRef dir, Spool::Needless needless, std::string path)
        : ops_(ops), dir_(std::move(dir)), needless_(std::move(needless)), path_(std::move(path))
    {
    }

    Result<void> run() override
    {
        needless_.open.clear();
        for (const auto number : needless_.files)
            delete_spill_file(ops_, dir_->get(), number, path_);
        return {};
    }

private:
    FileOps &ops_; // outlives this by contract
    FdRef dir_;
    Spool::Needless needless_;
    std::string path_;
};

} // namespace

// --- ReplayStore
// ----------------------------------------------------------------------------------

ReplayStore::ReplayStore(ReplayConfig config) : ReplayStore(std::move(config), real_file_ops()) {}

ReplayStore::ReplayStore(ReplayConfig config, FileOps &ops)
    : impl_(std::make_unique<Impl>(std::move(config), ops))
{
}

ReplayStore::ReplayStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ReplayStore::~ReplayStore()
{
    const bool stays = impl_->kept_ || (impl_->spool_.has_journal() && impl_->end_ > 0);
    if (!stays)
        impl_->spool_.remove();
}

std::size_t ReplayStore::append(std::span<const std::byte> data)
{
    return impl_->append(data);
}

void ReplayStore::release(std::uint64_t acked, Deletion deletion)
{
    impl_->release(acked);
    if (deletion == Deletion::kNow)
        impl_->spool_.delete_needless();
}

std::uint64_t ReplayStore::begin() const
{
    return impl_->begin();
}

std::uint64_t ReplayStore::end() const
{
    return impl_->end_;
}

std::uint64_t ReplayStore::acked() const
{
    return impl_->acked_;
}

std::uint64_t ReplayStore::in_memory() const
{
    return impl_->memory_used_;
}

std::uint64_t ReplayStore::on_disk() const
{
    return impl_->spool_.used();
}

std::shared_ptr<const Piece> ReplayStore::piece(std::uint64_t at) const
{
    if (at < impl_->begin() || at >= impl_->end_)
        return nullptr;
    return make_piece(impl_->segments_[impl_->index_of(at)], impl_->spool_);
}

std::optional<Error> ReplayStore::take_disk_warning()
{
    return impl_->spool_.take_warning();
}

void ReplayStore::note(const std::string &name, const std::string &value)
{
    if (name.size() + value.size() > kMaxNote) {
        log(LogLevel::kError, "replay", cat("note '", name, "' is too long for the journal"));
        return;
    }
    const auto known = impl_->notes_.find(name);
    if (known != impl_->notes_.end() && known->second == value)
        return;
    impl_->notes_[name] = value;
    impl_->spool_.note(name, value);
}

const std::map<std::string, std::string> &ReplayStore::notes() const
{
    return impl_->notes_;
}

Result<std::string> ReplayStore::keep()
{
    return impl_->keep();
}

void ReplayStore::discard()
{
    impl_->discard();
}

std::string ReplayStore::folder() const
{
    return impl_->spool_.path();
}

std::unique_ptr<ReplayStore::DiskWork> ReplayStore::sync_to_disk() const
{
    Spool &spool = impl_->spool_;
    if (!spool.has_journal())
        return nullptr;
    return std::make_unique<SpoolSync>(spool.ops(), spool.dir_fd(), spool.journal().fd(),
                                       spool.take_unsynced(), spool.path());
}

std::unique_ptr<ReplayStore::DiskWork> ReplayStore::clean_up()
{
    Spool &spool = impl_->spool_;
    auto needless = spool.take_needless();
    if (needless.empty())
        return nullptr;
    return std::make_unique<SpoolCleanUp>(spool.ops(), spool.dir_fd(), std::move(needless),
                                          spool.path());
}

bool ReplayStore::wants_spill() const
{
    return impl_->wants_spill();
}

void ReplayStore::spill_by_thread(bool there)
{
    impl_->spill_thread_ = there;
}

bool ReplayStore::spilling() const
{
    return impl_->spool_.busy();
}

bool ReplayStore::awaits_spill() const
{
    return impl_->awaits_spill();
}

std::unique_ptr<ReplayStore::Spill> ReplayStore::begin_spill()
{
    return impl_->begin_spill();
}

void ReplayStore::end_spill(std::unique_ptr<Spill> spill)
{
    impl_->end_spill(std::move(spill));
}

} // namespace gsttus
