// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The bytes, and then what an open body waits for. A disk may take long to answer: InDisk tells
// stop() while one is asked.
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

// What ends a proof: no server may take it for an end.
Error cut()
{
    Error error;
    error.kind = ErrorKind::kNetwork;
    error.message = "The request was cut, to see what of it is at the server.";
    error.retryable = true;
    return error;
}

constexpr std::uint64_t kEnough = 16 << 10; // bytes: no need to gather more
constexpr seconds kSilence{1};

} // namespace

StoreBody::StoreBody(LiveUpload::Core &core, std::uint64_t from, GoAhead go_ahead,
                     std::optional<OpenBody> open)
    : core_(core), from_(from), go_ahead_(std::move(go_ahead)), open_(std::move(open)),
      taken_(open_ ? open_->sure : 0)
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
    if (is_cut_)
        return cut();
    if (open_)
        most = static_cast<std::size_t>(std::min<std::uint64_t>(most, taken_ - offset));
    if (allowed_ == 0) { // more were allowed than lay together
        const Result<std::size_t> allowed = go_ahead_(most);
        if (!allowed)
            return allowed.error();
        allowed_ = *allowed;
    }
    StorePlace place;
    {
        MutexLock lock(core_.mutex);
        place = core_.place_of(from_ + offset);
    }
    const std::uint64_t at = place.at;
    if (!piece_ || at < piece_->begin() || at >= piece_end_)
        find_piece(offset, at);
    if (!piece_)
        return gone();
    const Result<std::span<const std::byte>> got = [&] {
        const InDisk scope(core_);
        return piece_->view(at, static_cast<std::size_t>(std::min<std::uint64_t>(
                                    {allowed_, most, place.length, piece_end_ - at})));
    }();
    if (got) {
        allowed_ -= got->size();
        shown_ = std::max(shown_, offset + got->size());
        return got;
    }
    MutexLock lock(core_.mutex);
    return at < core_.store->begin() ? gone() : got.error();
}

// Of an open body a muxer may still change what has not been taken, which a piece would not show.
void StoreBody::find_piece(std::uint64_t offset, std::uint64_t at)
{
    close();
    MutexLock lock(core_.mutex);
    piece_ = core_.store->piece(at);
    piece_end_ = piece_ ? piece_->end() : 0;
    if (open_)
        piece_end_ = std::min(piece_end_, at + (taken_ - offset));
}

// --- an open one ---------------------------------------------------------------------------------

BodySource::Coming StoreBody::coming(std::uint64_t offset, Duration most)
{
    if (!open_)
        return Coming::kEnd;
    open_->idle();
    const TimePoint until = Clock::now() + most;
    MutexLock lock(core_.mutex);
    while (true) {
        const TimePoint now = Clock::now();
        if (const std::optional<Coming> known = look(offset, now))
            return *known;
        if (now >= until)
            return Coming::kNothingYet;
        wait(offset, until, lock);
    }
}

std::optional<BodySource::Coming> StoreBody::look(std::uint64_t offset, TimePoint now)
{
    if (offset < taken_)
        return Coming::kBytes;
    if (has_to_end())
        return Coming::kEnd;
    if (open_->is_proof)
        return prove(now);
    if (offset >= open_->most || now >= open_->until)
        return Coming::kEnd;
    // the last byte stays here for the request that declares the length
    const std::uint64_t sendable = core_.sendable();
    const std::uint64_t ready =
        std::min(sendable - std::min<std::uint64_t>(sendable, 1 + from_), open_->most);
    if (ready <= offset)
        return std::nullopt;
    const auto since = core_.source.arrivals.pending_since(sendable);
    if (ready - offset < kEnough && since && now < *since + open_->gather)
        return std::nullopt;
    take(ready);
    return Coming::kBytes;
}

std::optional<BodySource::Coming> StoreBody::prove(TimePoint now)
{
    if (!silent_since_)
        silent_since_ = now;
    if (now < *silent_since_ + kSilence)
        return std::nullopt;
    is_cut_ = true;
    return Coming::kBytes;
}

bool StoreBody::has_to_end()
{
    return core_.ended() || core_.stop.asked || core_.runtime.paused || core_.waiters.blocked > 0;
}

// Nobody may change these any more.
void StoreBody::take(std::uint64_t size)
{
    taken_ = size;
    Tail &tail = core_.source.tail;
    tail.taken = std::max(tail.taken, from_ + size);
    core_.source.arrivals.set_taken(from_ + size);
}

void StoreBody::wait(std::uint64_t offset, TimePoint until, MutexLock &lock)
{
    Wait wait;
    wait.until_produced = from_ + offset + 1 + (open_->is_proof ? open_->most : kEnough);
    TimePoint next = std::min(until, open_->until);
    if (silent_since_)
        next = std::min<TimePoint>(next, *silent_since_ + kSilence);
    else if (const auto since = core_.source.arrivals.pending_since(core_.sendable()))
        next = std::min<TimePoint>(next, *since + open_->gather);
    else
        wait.until_produced = from_ + offset + 2;
    core_.thread.waiting = wait;
    core_.wake.worker.wait_until(lock, next);
    core_.thread.waiting.reset();
}

void StoreBody::close()
{
    const InDisk scope(core_);
    piece_.reset();
}

} // namespace gsttus
