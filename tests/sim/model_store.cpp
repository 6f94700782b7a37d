#include "model_store.h"

#include <array>
#include <vector>

namespace gsttus::sim {

namespace {

std::byte byte_at(std::uint64_t position)
{
    return static_cast<std::byte>((position * 0x9e3779b97f4a7c15ULL) >> 56);
}

} // namespace

std::uint64_t ModelStore::append_bytes(std::uint64_t size)
{
    std::vector<std::byte> bytes(size);
    const std::uint64_t at = real_->end();
    for (std::uint64_t n = 0; n < size; ++n)
        bytes[n] = byte_at(at + n);
    return real_->append(bytes);
}

bool ModelStore::readable(std::uint64_t from, std::uint64_t to) const
{
    if (from < begin() || to > end() || from > to)
        return false;
    if (!real_)
        return true;
    std::array<std::byte, 512> buffer{};
    while (from < to) {
        const std::shared_ptr<const gsttus::Piece> piece = real_->piece(from);
        if (!piece || from < piece->begin() || from >= piece->end())
            return false;
        const std::size_t want = std::min<std::uint64_t>(buffer.size(), to - from);
        const Result<std::size_t> got = piece->read(from, std::span(buffer).first(want));
        if (!got || *got == 0 || *got > want)
            return false;
        for (std::size_t n = 0; n < *got; ++n)
            if (buffer[n] != byte_at(from + n))
                return false;
        from += *got;
    }
    return true;
}

} // namespace gsttus::sim
