// A request's body, pulled out of the replay store piece by piece while it is sent; the mutex is
// not held while it reads. Upload thread. Knows no request and no time.
#pragma once

#include "http/transport.h"
#include "upload/shared_state.h"

#include <functional>
#include <memory>

namespace gsttus {

class StoreBody final : public BodySource {
public:
    // Asked before every read, when there is room for so many bytes more: how many of them go now,
    // at least 1. An error ends the request.
    using GoAhead = std::function<Result<std::size_t>(std::size_t)>;

    // `from`: stream position of the first byte.
    StoreBody(LiveUpload::Core &core, std::uint64_t from, GoAhead go_ahead);
    ~StoreBody() override;

    Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t most) override;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override;

private:
    void close();

    LiveUpload::Core &core_;
    const std::uint64_t from_;
    const GoAhead go_ahead_;
    std::shared_ptr<const Piece> piece_; // that was shown last
};

} // namespace gsttus
