// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A request's body, pulled out of the replay store piece by piece while it is sent; the mutex is
// not held while it reads. One that stays open waits for what is still to come. Upload thread.
// Knows no request.
#pragma once

#include "http/transport.h"
#include "upload/shared_state.h"

#include <functional>
#include <memory>
#include <optional>

namespace gsttus {

// A body that goes on while bytes come. It ends early where a request has to: at the end of the
// recording, at a stop or a pause, and when somebody waits for room.
struct OpenBody {
    std::uint64_t sure = 0; // so many bytes are there already
    std::uint64_t most = 0;
    TimePoint until{};     // and no longer
    Duration gather{};     // what has waited for so long goes
    bool is_proof = false; // what is sure; then silence, and an error as its end: see was_cut()
    std::function<void()> idle; // called now and then, without the mutex
};

class StoreBody final : public BodySource {
public:
    // Asked when there is room for so many bytes more: how many of them go now, at least 1. All of
    // those go before it is asked again. An error ends the request.
    using GoAhead = std::function<Result<std::size_t>(std::size_t)>;

    // `from`: stream position of the first byte.
    StoreBody(LiveUpload::Core &core, std::uint64_t from, GoAhead go_ahead,
              std::optional<OpenBody> open = std::nullopt);
    ~StoreBody() override;

    Result<std::span<const std::byte>> view(std::uint64_t offset, std::size_t most) override;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override;
    Coming coming(std::uint64_t offset, Duration most) override;

    std::uint64_t shown() const { return shown_; } // bytes that went, at most

    bool was_cut() const { return is_cut_; }

private:
    std::optional<Coming> look(std::uint64_t offset, TimePoint now) REQUIRES(core_.mutex);
    std::optional<Coming> prove(TimePoint now) REQUIRES(core_.mutex);
    bool has_to_end() REQUIRES(core_.mutex);
    void take(std::uint64_t size) REQUIRES(core_.mutex);
    void wait(std::uint64_t offset, TimePoint until, MutexLock &lock) REQUIRES(core_.mutex);
    void find_piece(std::uint64_t offset, std::uint64_t at);
    void close();

    LiveUpload::Core &core_;
    const std::uint64_t from_;
    const GoAhead go_ahead_;
    std::size_t allowed_ = 0;            // that have not gone yet
    std::shared_ptr<const Piece> piece_; // that was shown last
    std::uint64_t piece_end_ = 0;        // up to there; what is behind may have been changed since
    const std::optional<OpenBody> open_;
    std::uint64_t taken_ = 0; // of an open one: bytes that may go
    std::uint64_t shown_ = 0;
    std::optional<TimePoint> silent_since_; // a proof
    bool is_cut_ = false;
};

} // namespace gsttus
