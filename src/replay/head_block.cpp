// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What of the head has changed, and how that gets into its file: added, as long as the file does
// not get much longer than the head is; else all of it in a new one that takes its place.
#include "replay/head_block.h"

#include "base/text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>

namespace gsttus {

namespace {

constexpr std::size_t kMostRuns = 256;
constexpr std::uint64_t kSlack = std::uint64_t{64} << 10;
constexpr seconds kRetry{1};

bool is_synced(int result) // a file system may know no syncing
{
    return result == 0 || errno == EINVAL;
}

} // namespace

// --- a visit to the disk -------------------------------------------------------------------------

Result<void> HeadSave::run()
{
    const int error = write();
    done_ = error == 0;
    if (done_)
        return {};
    return disk_error(error, cat("The head of the recording (seekable-header) can not be written "
                                 "to ",
                                 folder_, ": a crash would cost what changed in it."));
}

// 0 or errno.
int HeadSave::write()
{
    const bool is_new = !file_;
    if (is_new)
        file_ = open_file(ops_, dir_->get(), kNewHeadName, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (!file_)
        return errno;
    const WriteOutcome outcome =
        write_fully(ops_, file_->get(), std::as_bytes(std::span(bytes_)), offset_);
    if (outcome.error != 0)
        return outcome.error;
    // one that takes another's place must be whole after a power cut
    if ((sync_ || is_new) && !is_synced(ops_.sync_data(file_->get())))
        return errno;
    if (is_new && ops_.rename_at(dir_->get(), kNewHeadName, kHeadName) != 0)
        return errno;
    if (is_new && !is_synced(ops_.sync_all(dir_->get())))
        return errno;
    return 0;
}

// --- the head ------------------------------------------------------------------------------------

HeadBlock::HeadBlock(std::uint64_t limit, std::shared_ptr<MemoryBudget> budget) : limit_(limit)
{
    if (limit == 0)
        return;
    if (budget)
        (void)budget->take(limit, true);
    block_ = allocate_block(static_cast<std::size_t>(limit), std::move(budget));
}

std::span<const std::byte> HeadBlock::bytes() const
{
    if (!block_)
        return {};
    return {block_->bytes.get(), static_cast<std::size_t>(size_)};
}

std::size_t HeadBlock::append(std::span<const std::byte> data, TimePoint now)
{
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), limit_ - size_));
    std::memcpy(block_->bytes.get() + size_, data.data(), n);
    changed(size_, n, now);
    size_ += n;
    return n;
}

void HeadBlock::rewrite(std::uint64_t position, std::span<const std::byte> data, TimePoint now)
{
    std::memcpy(block_->bytes.get() + position, data.data(), data.size());
    changed(position, data.size(), now);
}

void HeadBlock::changed(std::uint64_t position, std::uint64_t length, TimePoint now)
{
    if (length == 0)
        return;
    if (!since_)
        since_ = now;
    if (!changes_.empty() && changes_.back().end == position)
        changes_.back().end += length;
    else
        changes_.push_back({position, position + length});
    if (changes_.size() > kMostRuns) // as one
        changes_ = {{0, std::max(size_, position + length)}};
}

std::uint64_t HeadBlock::most_on_disk(std::uint64_t limit)
{
    return limit == 0 ? 0 : 3 * limit + 2 * kSlack;
}

std::optional<TimePoint> HeadBlock::changed_since() const
{
    return saving_since_ ? saving_since_ : since_;
}

std::unique_ptr<HeadSave> HeadBlock::begin_save(FileOps &ops, FdRef dir, const std::string &folder,
                                                bool sync)
{
    if (!block_)
        return nullptr;
    std::uint64_t more = 0;
    for (const Run &run : changes_)
        more += run.end - run.begin + kSlack / kMostRuns;
    const bool anew = !file_ || folder != folder_ || file_size_ + more > 2 * limit_ + kSlack;
    std::unique_ptr<HeadSave> save(new HeadSave(ops));
    save->dir_ = std::move(dir);
    save->folder_ = folder;
    save->sync_ = sync;
    save->offset_ = anew ? 0 : file_size_;
    save->chain_ = anew ? 0 : chain_;
    save->file_ = anew ? nullptr : file_;
    if (anew) {
        changes_ = {{0, size_}};
        save->bytes_ = head_file_begin();
    }
    std::string payload;
    for (const Run &run : std::exchange(changes_, {}))
        add_head_bytes(payload, run.begin,
                       bytes().subspan(static_cast<std::size_t>(run.begin),
                                       static_cast<std::size_t>(run.end - run.begin)));
    if (!payload.empty())
        save->bytes_ += head_record(payload, save->chain_);
    saving_since_ = std::exchange(since_, std::nullopt);
    return save;
}

std::optional<Error> HeadBlock::end_save(std::unique_ptr<HeadSave> save, const Result<void> &result,
                                         TimePoint now)
{
    const auto since = std::exchange(saving_since_, std::nullopt);
    if (save->done_) {
        file_ = save->file_;
        folder_ = save->folder_;
        file_size_ = save->offset_ + save->bytes_.size();
        chain_ = save->chain_;
        unsynced_ = !save->sync_ && save->offset_ > 0;
        failed_ = false;
        again_ = {};
        return std::nullopt;
    }
    file_.reset(); // a new one next time, whatever is in it
    since_ = since ? since : since_;
    if (!since_ && size_ > 0)
        since_ = now;
    again_ = now + kRetry;
    if (std::exchange(failed_, true))
        return std::nullopt;
    return result.error();
}

} // namespace gsttus
