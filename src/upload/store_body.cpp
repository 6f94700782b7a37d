// A disk may take long to answer: InDisk tells stop() while one is asked.
#include "upload/store_body.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gsttus {

namespace {

// Given up for room since the machine looked; asking again, it sees that they are gone.
Error gone()
{
    Error error;
    error.kind = ErrorKind::kUploadLost;
    error.message = "Bytes that have to be sent again are not held any more.";
    return error;
}

} // namespace

StoreBody::StoreBody(LiveUpload::Core &core, std::uint64_t from, GoAhead go_ahead)
    : core_(core), from_(from), go_ahead_(std::move(go_ahead))
{
}

StoreBody::~StoreBody()
{
    close();
}

Result<std::size_t> StoreBody::read(std::uint64_t offset, std::span<std::byte> out)
{
    const Result<std::span<const std::byte>> shown = view(offset, out.size());
    if (!shown)
        return shown.error();
    std::memcpy(out.data(), shown->data(), shown->size());
    return shown->size();
}

Result<std::span<const std::byte>> StoreBody::view(std::uint64_t offset, std::size_t most)
{
    const Result<std::size_t> allowed = go_ahead_(most);
    if (!allowed)
        return allowed.error();
    StorePlace place;
    {
        MutexLock lock(core_.mutex);
        place = core_.place_of(from_ + offset);
    }
    const std::uint64_t at = place.at;
    if (!piece_ || at < piece_->begin() || at >= piece_->end()) {
        close();
        MutexLock lock(core_.mutex);
        piece_ = core_.store->piece(at);
    }
    if (!piece_)
        return gone();
    const Result<std::span<const std::byte>> got = [&] {
        const InDisk scope(core_);
        return piece_->view(at);
    }();
    if (got)
        return got->first(static_cast<std::size_t>(
            std::min<std::uint64_t>({*allowed, place.length, got->size()})));
    MutexLock lock(core_.mutex);
    return at < core_.store->begin() ? gone() : got.error();
}

void StoreBody::close()
{
    const InDisk scope(core_);
    piece_.reset();
}

} // namespace gsttus
