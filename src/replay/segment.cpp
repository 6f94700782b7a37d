// Segments of the replay store and their Pieces. A Piece shares the block or has the file open, and
// the bytes below its end never change, so it needs no lock.
#include "replay/segment.h"

#include "base/text.h"
#include "replay/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <zlib.h>

namespace gsttus {

namespace {

constexpr std::uint32_t kCheckLength = 1U << 20; // a recovery cuts at the end of such a run

class MemoryPiece final : public Piece {
public:
    explicit MemoryPiece(const Segment &segment)
        : block_(segment.block), data_(segment.block->bytes.get() + segment.offset),
          begin_(segment.begin), end_(segment.end)
    {
    }

    std::uint64_t begin() const override { return begin_; }

    std::uint64_t end() const override { return end_; }

    Result<std::size_t> read(std::uint64_t at, std::span<std::byte> out) const override
    {
        const auto n = std::min(out.size(), static_cast<std::size_t>(end_ - at));
        std::memcpy(out.data(), data_ + (at - begin_), n);
        return n;
    }

private:
    std::shared_ptr<const MemoryBlock> block_;
    const std::byte *data_; // in block_
    std::uint64_t begin_, end_;
};

class FilePiece final : public Piece {
public:
    FilePiece(const Segment &segment, const Spool &spool)
        : ops_(spool.ops()), dir_(spool.dir_fd()), folder_(spool.path()),
          number_(segment.file->number), fd_(segment.file->writer), offset_(segment.offset),
          begin_(segment.begin), end_(segment.end)
    {
    }

    std::uint64_t begin() const override { return begin_; }

    std::uint64_t end() const override { return end_; }

    Result<std::size_t> read(std::uint64_t at, std::span<std::byte> out) const override
    {
        if (!fd_)
            fd_ = open_file(ops_, dir_->get(), spill_name(number_).c_str(), O_RDONLY);
        if (!fd_)
            return failure(errno);
        const auto most = std::min(out.size(), static_cast<std::size_t>(end_ - at));
        ssize_t n = 0;
        do
            n = ops_.read_at(fd_->get(), out.data(), most,
                             static_cast<off_t>(offset_ + (at - begin_)));
        while (n < 0 && errno == EINTR);
        if (n <= 0) // nothing where bytes were written: somebody has cut the file
            return failure(n == 0 ? EIO : errno);
        return static_cast<std::size_t>(n);
    }

private:
    Error failure(int error) const
    {
        auto result =
            disk_error(error, cat("Bytes that were spooled to ", folder_, " cannot be read back."));
        result.kind = ErrorKind::kDisk;
        return result;
    }

    FileOps &ops_; // outlives every Piece by contract
    FdRef dir_;
    std::string folder_;
    std::uint32_t number_;
    mutable FdRef fd_; // null: not opened yet, which may take time
    std::uint64_t offset_, begin_, end_;
};

} // namespace

std::shared_ptr<MemoryBlock> allocate_block(std::size_t capacity)
{
    std::unique_ptr<std::byte[]> bytes(new (std::nothrow) std::byte[capacity]);
    if (!bytes)
        return nullptr;
    auto block = std::make_shared<MemoryBlock>();
    block->bytes = std::move(bytes);
    block->capacity = capacity;
    return block;
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

std::shared_ptr<const Piece> make_piece(const Segment &segment, const Spool &spool)
{
    if (segment.block)
        return std::make_shared<MemoryPiece>(segment);
    return std::make_shared<FilePiece>(segment, spool);
}

} // namespace gsttus
