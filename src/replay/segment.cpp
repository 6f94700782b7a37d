// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Segments of the replay store and their Pieces. A Piece shares the block or has the file open, and
// the bytes below its end never change, so it needs no lock.
#include "replay/segment.h"

#include "base/mutex.h"
#include "base/text.h"
#include "replay/spool_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <zlib.h>

namespace gsttus {

namespace {

// What is read at a time; a recovery cuts at the end of such a run.
constexpr std::uint32_t kCheckLength = 1U << 18;

class MemoryPiece final : public Piece {
public:
    explicit MemoryPiece(const Segment &segment)
        : block_(segment.block), data_(segment.block->bytes.get() + segment.offset),
          begin_(segment.begin), end_(segment.end)
    {
    }

    std::uint64_t begin() const override { return begin_; }

    std::uint64_t end() const override { return end_; }

    Result<std::span<const std::byte>> view(std::uint64_t at, std::size_t most) const override
    {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - at, most));
        return std::span(data_ + (at - begin_), size);
    }

private:
    std::shared_ptr<const MemoryBlock> block_;
    const std::byte *data_; // in block_
    std::uint64_t begin_, end_;
};

class FilePiece final : public Piece {
public:
    FilePiece(const Segment &segment, FileOps &ops)
        : ops_(ops), dir_(segment.file->dir), folder_(segment.file->folder),
          number_(segment.file->number), fd_(segment.file->fd), offset_(segment.offset),
          begin_(segment.begin), end_(segment.end), checks_(segment.checks)
    {
    }

    std::uint64_t begin() const override { return begin_; }

    std::uint64_t end() const override { return end_; }

    Result<std::span<const std::byte>> view(std::uint64_t at, std::size_t most) const override
    {
        if (at < run_begin_ || at >= run_begin_ + run_.size()) {
            if (const Result<void> got = load(at); !got)
                return got.error();
        }
        const auto rest =
            std::span<const std::byte>(run_).subspan(static_cast<std::size_t>(at - run_begin_));
        return rest.first(std::min(rest.size(), most));
    }

private:
    // The checked run that has `at`, into memory.
    Result<void> load(std::uint64_t at) const
    {
        std::uint64_t begin = begin_;
        std::size_t i = 0;
        while (begin + checks_[i].length <= at)
            begin += checks_[i++].length;
        run_.assign(checks_[i].length, std::byte{});
        run_begin_ = begin;
        Result<void> result;
        for (int attempt = 0; attempt < 2; ++attempt) { // a bit may have fallen over on the way
            result = fetch(offset_ + (begin - begin_));
            if (!result)
                break;
            if (crc_of(0, run_) == checks_[i].crc)
                return {};
            result = damaged(begin, begin + checks_[i].length);
        }
        run_.clear();
        return result;
    }

    Result<void> fetch(std::uint64_t offset) const
    {
        if (!fd_)
            fd_ = open_spill(ops_, {.number = number_, .dir = dir_, .folder = folder_}, O_RDONLY);
        if (!fd_)
            return failure(errno);
        for (std::size_t done = 0; done < run_.size();) {
            const ssize_t n = ops_.read_at(fd_->get(), run_.data() + done, run_.size() - done,
                                           static_cast<off_t>(offset + done));
            if (n > 0)
                done += static_cast<std::size_t>(n);
            else if (n == 0) // nothing where bytes were written: somebody has cut the file
                return failure(EIO);
            else if (errno != EINTR)
                return failure(errno);
        }
        return {};
    }

    std::string path() const { return cat(folder_, '/', spill_name(number_)); }

    // The disk may think better of it.
    Error failure(int error) const
    {
        auto result =
            disk_error(error, cat("Bytes that were spooled to ", path(), " cannot be read back."));
        result.kind = ErrorKind::kDisk;
        return result;
    }

    Error damaged(std::uint64_t from, std::uint64_t to) const
    {
        return {.kind = ErrorKind::kDisk,
                .message =
                    cat("Of the recording, the bytes ", from, " to ", to,
                        ", which were spooled to ", path(), " at ", offset_ + (from - begin_),
                        ", have changed on the disk: they are not sent."),
                .retryable = false,
                .offset = from};
    }

    FileOps &ops_; // outlives every Piece by contract
    FdRef dir_;
    std::string folder_;
    std::uint32_t number_;
    mutable FdRef fd_; // null: not opened yet, which may take time
    std::uint64_t offset_, begin_, end_;
    std::vector<Check> checks_;
    mutable std::vector<std::byte> run_; // the one that was read last
    mutable std::uint64_t run_begin_ = 0;
};

// Memory of blocks that are gone, for the next ones: what is given back to the system costs a page
// fault for each page when it comes again. An answer gives back what a request had, many at once.
// Of all uploads of the process.
class SpareBlocks {
public:
    // A block is in use from here on, also when there is no spare one.
    BlockBytes take(std::size_t capacity)
    {
        if (capacity > kLargestSpare)
            return {}; // the head of a recording
        const MutexLock lock(mutex_);
        ++in_use_;
        if (capacity != capacity_ || spare_.empty())
            return {};
        BlockBytes bytes = std::move(spare_.back());
        spare_.pop_back();
        return bytes;
    }

    // `bytes` may be empty: there was no memory.
    void put(BlockBytes bytes, std::size_t capacity)
    {
        if (capacity > kLargestSpare)
            return;
        std::vector<BlockBytes> gone; // given back to the system without the lock: that takes long
        const MutexLock lock(mutex_);
        --in_use_;
        if (capacity > capacity_) { // the large ones are worth it
            gone.swap(spare_);
            capacity_ = capacity;
        }
        if (bytes && capacity == capacity_)
            spare_.push_back(std::move(bytes));
        // as many as may be wanted again, and few when nobody uploads
        while (spare_.size() > std::min(in_use_ / 2 + kFewSpare, kMostSpare)) {
            gone.push_back(std::move(spare_.back()));
            spare_.pop_back();
        }
    }

private:
    static constexpr std::size_t kFewSpare = 4;
    static constexpr std::size_t kMostSpare = 64;
    static constexpr std::size_t kLargestSpare = std::size_t{256} << 10;

    Mutex mutex_;
    std::vector<BlockBytes> spare_ GUARDED_BY(mutex_);
    std::size_t capacity_ GUARDED_BY(mutex_) = 0; // of each
    std::size_t in_use_ GUARDED_BY(mutex_) = 0;
};

SpareBlocks &spare_blocks()
{
    static auto *const all = new SpareBlocks; // blocks may outlive everything
    return *all;
}

} // namespace

void Segment::note_arrival(TimePoint now)
{
    constexpr Duration kCoarse = milliseconds(250);
    if (arrivals.empty() || now - arrivals.back().second >= kCoarse)
        arrivals.emplace_back(end, now);
}

TimePoint Segment::arrival_from(std::uint64_t position) const
{
    TimePoint found = arrivals.front().second;
    for (const auto &[from, at] : arrivals) {
        if (from > position)
            break;
        found = at;
    }
    return found;
}

void Segment::forget_arrivals_before(std::uint64_t position)
{
    while (arrivals.size() > 1 && arrivals[1].first <= position)
        arrivals.erase(arrivals.begin());
}

Result<std::size_t> Piece::read(std::uint64_t at, std::span<std::byte> out) const
{
    const Result<std::span<const std::byte>> shown = view(at, out.size());
    if (!shown)
        return shown.error();
    std::memcpy(out.data(), shown->data(), shown->size());
    return shown->size();
}

MemoryBlock::~MemoryBlock()
{
    if (capacity > 0)
        spare_blocks().put(std::move(bytes), capacity);
    if (budget)
        budget->give_back(capacity);
}

std::shared_ptr<MemoryBlock> allocate_block(std::size_t capacity,
                                            std::shared_ptr<MemoryBudget> budget)
{
    auto block = std::make_shared<MemoryBlock>();
    block->capacity = capacity;
    block->budget = std::move(budget);
    block->bytes = spare_blocks().take(capacity);
    if (!block->bytes)
        block->bytes = map_block(capacity);
    return block->bytes ? block : nullptr;
}

void FreedBlocks::add(std::shared_ptr<MemoryBlock> block)
{
    if (!block || block.use_count() > 1) // the last who reads it gives it back
        return;
    if (const auto budget = std::exchange(block->budget, nullptr))
        budget->give_back(block->capacity);
    blocks_.push_back(std::move(block));
}

bool continues(const Segment &segment, std::uint64_t position, const SpilledRun &written)
{
    return segment.file == written.file && segment.end == position &&
           segment.offset + segment.length() == written.file_offset;
}

void extend(Segment &segment, const SpilledRun &written)
{
    segment.end += written.length;
    if (!segment.checks.empty()) {
        auto &last = segment.checks.back();
        if (last.length + written.length <= kCheckLength) {
            last.crc = static_cast<std::uint32_t>(
                crc32_combine(last.crc, written.crc, static_cast<z_off_t>(written.length)));
            last.length += written.length;
            return;
        }
    }
    segment.checks.push_back({written.length, written.crc});
}

Segment segment_of(std::uint64_t position, const SpilledRun &written)
{
    return {.begin = position,
            .end = position + written.length,
            .file = written.file,
            .offset = written.file_offset,
            .checks = {{written.length, written.crc}}};
}

Segment last_run(const Segment &segment)
{
    const Check last = segment.checks.back();
    return {.begin = segment.end - last.length,
            .end = segment.end,
            .file = segment.file,
            .offset = segment.offset + segment.length() - last.length,
            .checks = {last}};
}

void append_records(const Segment &segment, std::vector<DataRecord> &out)
{
    std::uint64_t done = 0;
    for (const auto &check : segment.checks) {
        out.push_back({.position = segment.begin + done,
                       .file_offset = segment.offset + done,
                       .file = segment.file->number,
                       .length = check.length,
                       .crc = check.crc});
        done += check.length;
    }
}

std::shared_ptr<const Piece> make_piece(const Segment &segment, FileOps &ops)
{
    if (segment.block)
        return std::make_shared<MemoryPiece>(segment);
    return std::make_shared<FilePiece>(segment, ops);
}

} // namespace gsttus
