// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The replay store: see replay_store.h for the contract. Decides where bytes go, memory or disk,
// and when they may go away; how is the matter of the segments and the spool.
#include "replay/replay_store.h"

#include "base/log.h"
#include "base/text.h"
#include "replay/keeping.h"
#include "replay/placement.h"

#include <algorithm>
#include <utility>

namespace gsttus {

namespace {

constexpr std::size_t kMaxNote = std::size_t{256} << 10; // of 256 partial uploads, for instance

} // namespace

std::uint64_t ReplayConfig::useful_spool_size() const
{
    return max_spool_size - std::min(max_spool_size, Spool::file_size(max_spool_size));
}

ReplayStore::ReplayStore(ReplayConfig config) : ReplayStore(std::move(config), real_file_ops()) {}

ReplayStore::ReplayStore(ReplayConfig config, FileOps &ops)
    : config_(std::move(config)),
      segments_(config_.max_memory, config_.memory, config_.least_memory),
      spool_({config_.spool_dir, config_.max_spool_size, config_.beside}, ops,
             [this] { return journal_state(); }),
      journaling_(config_.spool_mode == SpoolMode::kAlways)
{
    if (journaling_)
        spool_.use_journal();
}

ReplayStore::ReplayStore(ReplayConfig config, FoundUpload found, FileOps &ops)
    : ReplayStore(std::move(config), ops)
{
    segments_ = std::move(found.segments);
    acked_ = found.acked;
    notes_ = std::move(found.notes);
    changed_ = std::move(found.changed);
    changed_.keep_only(begin(), end());
    kept_ = true;
    spool_.adopt(std::move(found.folder), found.next_file, end() - begin());
}

ReplayStore::~ReplayStore()
{
    const bool always = config_.spool_mode == SpoolMode::kAlways;
    if (always && spill_thread_ && segments_.has_memory()) // its thread did not come
        (void)keep();
    const bool stays = kept_ || (always && spool_.has_journal() && end() > 0);
    if (!stays)
        spool_.remove();
}

// --- where new bytes go --------------------------------------------------------------------------

std::size_t ReplayStore::append(std::span<const std::byte> data)
{
    if (discarded_)
        return 0;
    if (waiting_since_)
        waited_ += spool_.ops().now() - *std::exchange(waiting_since_, std::nullopt);
    yield_margin();
    std::size_t taken = 0;
    while (taken < data.size()) {
        const std::size_t n = append_some(data.subspan(taken));
        if (n > 0)
            taken += n;
        else if (held_gives_way() && !may_wait_for_disk())
            end_holding("the disk is too slow for it", {.kind = ErrorKind::kDisk});
        else if (awaits_spill() || !drop_from_margin())
            break;
    }
    return taken;
}

std::size_t ReplayStore::append_beyond(std::span<const std::byte> data)
{
    segments_.widen(data.size());
    return append(data);
}

void ReplayStore::skip_to(std::uint64_t position)
{
    if (position <= end())
        return;
    while (!segments_.empty())
        free_front(segments_, spool_);
    segments_.restart_at(position);
    acked_ = position;
    (void)spool_.acked(position);
}

std::size_t ReplayStore::append_some(std::span<const std::byte> data)
{
    if (journaling_) {
        if (const std::size_t n = write_to_disk(data); n > 0)
            return n;
    }
    if (const std::size_t n = segments_.append_to_memory(data, spool_.ops().now()); n > 0)
        return n;
    return may_spool() && !journaling_ ? write_to_disk(data) : 0;
}

std::size_t ReplayStore::write_to_disk(std::span<const std::byte> data)
{
    const std::size_t n = append_to_disk(segments_, spool_, data);
    if (n > 0 || spool_.busy() || !held_gives_way())
        return n;
    end_holding({}, spool_.trouble().last_error());
    return append_to_disk(segments_, spool_, data);
}

// append() writes to the disk itself.
bool ReplayStore::may_spool() const
{
    return config_.spool_mode != SpoolMode::kNever && end() < spill_end_ &&
           (!spill_thread_ || journaling_ || segments_.is_out_of_memory());
}

// Bytes of a block are changed where they are, unless the spill thread is reading it.
bool ReplayStore::rewrite(std::uint64_t position, std::span<const std::byte> data)
{
    if (discarded_ || position < begin() || position > end() || data.size() > end() - position)
        return false;
    if (data.empty() ||
        (!spool_.busy() && !changed_.covers_some(position, position + data.size()) &&
         segments_.rewrite_in_memory(position, data)))
        return true;
    if (data.size() > Overlay::kMost - std::min(Overlay::kMost, changed_.size()))
        return false;
    changed_.put(position, data);
    spool_.changed(position, {reinterpret_cast<const char *>(data.data()), data.size()});
    return true;
}

void ReplayStore::spill_by_thread()
{
    spill_thread_ = true;
    journaling_ = false;
    if (config_.spool_mode == SpoolMode::kNever)
        return;
    spool_.use_journal();
    spool_.defer();
}

void ReplayStore::hold_back(std::optional<std::uint64_t> from)
{
    spill_end_ = from.value_or(std::numeric_limits<std::uint64_t>::max());
}

void ReplayStore::set_due(TimePoint before, bool rests)
{
    due_ = before;
    rests_ = rests;
}

// The oldest that the server does not have.
std::optional<std::size_t> ReplayStore::oldest_block() const
{
    for (std::size_t i = segments_.first_from(acked_); i < segments_.size(); ++i) {
        if (segments_[i].block)
            return i;
    }
    return std::nullopt;
}

std::optional<TimePoint> ReplayStore::oldest_in_memory() const
{
    const auto oldest = oldest_block();
    if (!oldest || segments_[*oldest].end > spill_end_)
        return std::nullopt;
    return segments_[*oldest].arrival_from(acked_);
}

bool ReplayStore::awaits_safety(std::uint64_t position) const
{
    if (config_.spool_mode != SpoolMode::kAlways || !spill_thread_ || discarded_ || disk_refuses_)
        return false;
    const auto oldest = oldest_block();
    return (oldest && segments_[*oldest].begin < position) ||
           (changed_.covers_some(begin(), position) && spool_.owes_change());
}

std::optional<std::size_t> ReplayStore::next_spill() const
{
    const auto next = next_wanted();
    return next && segments_[*next].end <= spill_end_ ? next : std::nullopt;
}

// What is held goes first: it is read again only if all goes wrong.
std::optional<std::size_t> ReplayStore::next_wanted() const
{
    if (config_.spool_mode == SpoolMode::kNever || journaling_ || discarded_)
        return std::nullopt;
    const bool tight = segments_.is_out_of_memory() || segments_.is_tight();
    if (holds_) {
        const std::size_t oldest = segments_.oldest_memory_before(acked_);
        if (oldest + 1 < segments_.size() && segments_[oldest].block &&
            (tight || segments_[oldest].end + config_.rollback_margin <= acked_))
            return oldest;
    }
    if (const auto oldest = oldest_block();
        oldest && (segments_[*oldest].arrival_from(acked_) <= due_ ||
                   // the last one is still being filled
                   (tight && (*oldest + 1 < segments_.size() || segments_.size() == 1))))
        return oldest;
    return next_move();
}

// From files that somebody has deleted, which this program still has open; and what rests.
std::optional<std::size_t> ReplayStore::next_move() const
{
    if (!moves_ && !rests_)
        return std::nullopt;
    const TimePoint now = spool_.ops().now();
    for (std::size_t i = segments_.first_from(holds_ || rests_ ? begin() : acked_);
         i < segments_.size(); ++i) {
        const SpillFile *file = segments_[i].file.get();
        if (file ? file->gone && !file->lost && file->again <= now : rests_)
            return i;
    }
    return std::nullopt;
}

std::unique_ptr<ReplayStore::Spill> ReplayStore::begin_spill(bool facts)
{
    if (spool_.busy() || config_.spool_mode == SpoolMode::kNever || discarded_)
        return nullptr;
    const auto index = next_spill();
    if (!index && !(spill_thread_ && spool_.wants_visit(!facts)))
        return nullptr;
    auto spill = BlockSpill::begin(segments_, index, spool_);
    disk_took(spill != nullptr);
    if (!spill && !disk_refuses_) // something gave way
        return begin_spill(facts);
    return spill;
}

void ReplayStore::end_spill(std::unique_ptr<Spill> spill)
{
    std::shared_ptr<MemoryBlock> block = spill->block();
    disk_took(BlockSpill::end(std::move(spill), segments_, spool_));
    segments_.leave(std::move(block));
}

void ReplayStore::disk_took(bool some)
{
    disk_refuses_ = !some;
    if (!some && held_gives_way())
        end_holding({}, spool_.trouble().last_error());
}

// --- when they go away ---------------------------------------------------------------------------

void ReplayStore::release(std::uint64_t acked, Deletion deletion)
{
    acked = std::clamp(acked, begin(), end());
    if (acked != acked_ || spool_.is_stale())
        free_behind(acked);
    if (deletion == Deletion::kLater)
        return;
    spool_.delete_needless();
    (void)segments_.take_freed();
}

void ReplayStore::free_behind(std::uint64_t acked)
{
    const bool progress = acked > acked_;
    acked_ = acked;
    // Before any file goes: a recovery must not miss bytes that nobody needs.
    const bool told = spool_.acked(acked);
    const std::uint64_t keep_from = acked - std::min(acked, config_.rollback_margin);
    bool freed = false;
    while (!holds_ && !segments_.empty() && segments_.front().end <= keep_from &&
           (told || segments_.front().block)) {
        segments_.leave(free_front(segments_, spool_));
        freed = true;
    }
    segments_.forget_arrivals_before(acked);
    changed_.keep_only(begin(), end());
    yield_margin();
    if (progress || freed)
        disk_has_room();
}

// Where many share the memory, what the server has makes room before anything goes to the disk for
// that.
void ReplayStore::yield_margin()
{
    bool some = false;
    while (!holds_ && !segments_.empty() && segments_.front().block &&
           segments_.front().end <= acked_ && segments_.shares_too_much()) {
        free_front(segments_, spool_);
        some = true;
    }
    if (some)
        changed_.keep_only(begin(), end());
}

bool ReplayStore::drop_from_margin()
{
    if (segments_.empty() || segments_.front().end > acked_)
        return false;
    const bool on_disk = segments_.front().file != nullptr;
    free_front(segments_, spool_);
    changed_.keep_only(begin(), end());
    if (on_disk) {
        if (may_spool()) // else the spill thread does, before it writes
            spool_.delete_needless();
        disk_has_room();
    }
    return true;
}

void ReplayStore::disk_has_room() // perhaps
{
    spool_.trouble().retry_now();
    disk_refuses_ = false;
}

std::shared_ptr<const Piece> ReplayStore::piece(std::uint64_t at) const
{
    if (at < begin() || at >= end())
        return nullptr;
    return patched(make_piece(segments_[segments_.index_of(at)], spool_.ops()), changed_);
}

std::unique_ptr<SpoolLook> ReplayStore::look(const FdRef &other) const
{
    if (!spool_.has_folder() || !spool_.dir_fd() || spool_.busy() || kept_)
        return nullptr;
    std::vector<FdRef> files{other};
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (segments_[i].is_safe() && segments_[i].file->fd) // of the others it is known
            files.push_back(segments_[i].file->fd);
    }
    return std::make_unique<SpoolLook>(spool_.ops(), spool_.dir_fd(),
                                       spool_.has_journal() ? spool_.journal_fd() : nullptr,
                                       std::move(files));
}

void ReplayStore::looked(const SpoolLook &look)
{
    bool any = false;
    segments_.for_each_file([&any](const SpillFile &file) { any = any || file.gone; });
    moves_ = moves_ && any;
    if (!moves_)
        spool_.forget_left();
    if (!look.found_deleted())
        return;
    log(LogLevel::kWarning, "replay",
        cat("somebody has deleted files in ", spool_.path(), ": what is needed is written anew"));
    segments_.for_each_file([](SpillFile &file) { file.gone = true; });
    moves_ = true;
    spool_.leave_folder();
}

FdRef ReplayStore::folder_fd() const
{
    return spool_.has_folder() && spool_.has_journal() && !spool_.busy() && !discarded_
               ? spool_.dir_fd()
               : nullptr;
}

bool ReplayStore::rest()
{
    if (segments_.has_memory() || moves_ || spool_.busy() || spool_.wants_visit() ||
        spool_.has_unsynced() || !spool_.has_journal())
        return false;
    segments_.for_each_file([this](SpillFile &file) { spool_.rest_file(file); });
    spool_.rest();
    return true;
}

// --- what outlives the process -------------------------------------------------------------------

void ReplayStore::note(const std::string &name, const std::string &value)
{
    if (name.size() + value.size() > kMaxNote) {
        log(LogLevel::kError, "replay", cat("note '", name, "' is too long for the journal"));
        return;
    }
    const auto known = notes_.find(name);
    if (known != notes_.end() && known->second == value)
        return;
    notes_[name] = value;
    spool_.note(name, value);
}

Result<void> ReplayStore::begin_anew(Notes notes)
{
    notes_.swap(notes);
    const std::uint64_t acked = std::exchange(acked_, 0);
    if (spool_.renew_journal()) // as a whole, by a rename
        return {};
    notes_ = std::move(notes);
    acked_ = acked;
    return spool_.trouble().last_error();
}

void ReplayStore::begin_journal(bool needed)
{
    if (spill_thread_ && !discarded_)
        spool_.want_journal(needed);
}

JournalState ReplayStore::journal_state() const
{
    JournalState state{.notes = notes_, .acked = acked_, .data = {}, .changed = changed_};
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (segments_[i].is_safe())
            append_records(segments_[i], state.data);
    }
    return state;
}

Result<std::string> ReplayStore::keep(const KeepFirst &first)
{
    return keep_by(&Keeping::run, first);
}

Result<std::string> ReplayStore::keep_whole(const KeepFirst &first)
{
    if (kept_) // it is on the disk already: nothing may take that away
        return keep(first);
    auto folder = keep_by(&Keeping::run_whole, first);
    if (!folder)
        discard();
    return folder;
}

Result<std::string> ReplayStore::keep_by(Result<std::string> (Keeping::*how)(),
                                         const KeepFirst &first)
{
    if (config_.spool_mode == SpoolMode::kNever)
        return Error{.kind = ErrorKind::kSettings,
                     .message = "Nothing of the recording was kept on disk, since spool-mode is "
                                "never.",
                     .offset = acked_};
    if (discarded_)
        return Error{.kind = ErrorKind::kInternal, .message = "There is nothing left to keep."};
    journaling_ = true;
    spool_.use_journal();
    spool_.defer(false);
    Keeping keeping(segments_, spool_, acked_, first);
    auto folder = (keeping.*how)();
    kept_ = kept_ || keeping.is_described();
    return folder;
}

bool ReplayStore::move_to(const std::string &spool_dir)
{
    if (discarded_ || on_disk() > 0)
        return false;
    spool_.move_to(spool_dir);
    return true;
}

void ReplayStore::let_go()
{
    discarded_ = true;
    segments_.free_blocks();
}

void ReplayStore::discard()
{
    // Where the files can not be deleted, the last note says that nobody needs them.
    if (spool_.has_journal() && spool_.wants_visit())
        spool_.ensure_journal();
    discarded_ = true;
    segments_.clear();
    changed_ = {};
    acked_ = end();
    spool_.remove();
}

} // namespace gsttus
