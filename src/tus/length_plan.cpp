// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the plans share: where the end is, when bytes go, and the transfer of a single upload.
#include "tus/length_plan.h"

#include "base/text.h"

#include <algorithm>

namespace gsttus {

namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t step)
{
    return (value + step - 1) / step * step;
}

CannotGoOn cannot_go_on(ErrorKind kind, std::string message)
{
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    return {std::move(error)};
}

// Everything is acknowledged: is it finished?
Step complete(const PlanView &view, std::uint64_t total)
{
    const std::uint64_t length = view.positions.offset_of(total);
    const std::optional<std::uint64_t> known = view.positions.server_length();
    if (!known) // only after faults: the length travels with the last bytes
        return SendBytes{total, length};
    if (*known != length)
        return cannot_go_on(ErrorKind::kProtocol,
                            cat("The server expects ", *known, " bytes, the recording has ", length,
                                " (", view.route.text(), ")."));
    return Done{};
}

// Stream position up to which a PATCH may stay open while bytes come; 0: it may not. What an open
// body can not do: have a checksum, or a size that is a multiple of something. A backlog has its
// bytes already, and a full store waits for a request to end.
std::uint64_t open_limit(const PlanView &view)
{
    const MachineConfig &config = view.config;
    const Positions &positions = view.positions;
    if (!view.open.wanted() || view.server.refuses_head() || view.server.overrides_method() ||
        !view.server.checksum().empty() || config.chunk_align > 1 || config.min_chunk_size > 0 ||
        positions.server_length() || view.input.writer_blocked || has_backlog(view))
        return 0;
    const std::uint64_t limit = positions.acked() + request_limit(view);
    if (!view.server.max_size())
        return limit;
    // the last byte that fits ends the upload, and has to say so
    const std::uint64_t origin = positions.origin(), most = *view.server.max_size();
    return std::min(limit, most - std::min(most, origin + 1));
}

} // namespace

std::unique_ptr<LengthPlan> make_length_plan(LengthMode mode)
{
    switch (mode) {
    case LengthMode::kDeferred:
        return make_deferred_plan();
    case LengthMode::kConcatenation:
        return make_concatenation_plan();
    case LengthMode::kSpool:
        return make_spool_plan();
    case LengthMode::kAuto:
        break;
    }
    return nullptr;
}

bool LengthPlan::stored(const Positions &positions) const
{
    return positions.server_length() && !positions.length_is_claimed() &&
           positions.acked_offset() >= *positions.server_length();
}

bool LengthPlan::finishes(const Positions &positions, std::uint64_t to) const
{
    return positions.server_length() == positions.offset_of(to);
}

const std::vector<std::string> &LengthPlan::parts() const
{
    static const std::vector<std::string> none;
    return none;
}

bool is_cut_off(const Server &server, const Positions &positions, const Input &input)
{
    return server.max_size() &&
           positions.origin() + input.produced + input.head_to_come > *server.max_size();
}

End end_of(const PlanView &view)
{
    const Positions &positions = view.positions;
    if (!is_cut_off(view.server, positions, view.input)) // a recovery: the server may have more
        return {std::max(view.input.produced, positions.acked()), view.input.ended};
    const std::uint64_t most = *view.server.max_size();
    // a server that took more than it said it would: what it has, it has
    return {std::max(most - std::min(most, positions.origin()), positions.acked()), true};
}

bool has_backlog(const PlanView &view)
{
    return end_of(view).total - view.positions.acked() > view.config.chunk_size;
}

std::uint64_t request_limit(const PlanView &view)
{
    const MachineConfig &config = view.config;
    // a full store has room only when a request ends: not too late
    const std::uint64_t most = has_backlog(view) && !view.input.writer_blocked
                                   ? view.growth.limit(config.chunk_size, config.max_chunk_size)
                                   : config.chunk_size;
    return view.server.request_limit(most, config.chunk_align);
}

Wait wait_for_enough(const PlanView &view, std::uint64_t least, std::uint64_t held_back)
{
    Wait wait = wait_from(view.input);
    wait.until_ended = true;
    wait.until_produced = view.positions.acked() + least + held_back;
    return wait;
}

std::optional<Wait> wait_for_more(const PlanView &view, std::uint64_t size, std::uint64_t most,
                                  std::uint64_t held_back)
{
    const Input &input = view.input;
    const bool waited =
        !input.pending_since || input.now >= *input.pending_since + input.flush_interval;
    if (view.positions.hurry() || waited || size >= most || input.writer_blocked)
        return std::nullopt;
    Wait wait = wait_for_enough(view, most, held_back);
    wait.until = *input.pending_since + input.flush_interval;
    wait.until_writer_blocked = true;
    return wait;
}

Step next_of_upload(const PlanView &view)
{
    const Positions &positions = view.positions;
    const End end = end_of(view);
    const std::optional<std::uint64_t> known = positions.server_length();
    const std::uint64_t acked = positions.acked();
    if (known && positions.offset_of(end.total) > *known)
        return cannot_go_on(ErrorKind::kTooLarge, cat("The upload at the server takes ", *known,
                                                      " bytes in all, the recording has more (",
                                                      view.route.text(), ")."));
    if (end.certain && acked >= end.total)
        return complete(view, end.total);

    // One byte stays here until the end, so that the last request has a body (servers refuse or
    // mishandle empty ones); not needed when the server knows the length already.
    const std::uint64_t held_back = end.certain || known ? 0 : 1;
    const std::uint64_t pending = end.total - std::min(acked, end.total);
    const std::uint64_t available = pending - std::min(held_back, pending);
    const std::uint64_t limit = request_limit(view);
    std::uint64_t size = std::min(available, limit);
    if (end.certain && size == pending) {
        SendBytes last{end.total, std::nullopt};
        if (!known)
            last.declare = positions.offset_of(end.total);
        return last;
    }
    const std::uint64_t align = view.config.chunk_align;
    size -= size % align;
    if (!end.certain) {
        const std::uint64_t least =
            std::min(limit, std::max(round_up(view.config.min_chunk_size, align), align));
        if (size < least)
            return WaitForBytes{wait_for_enough(view, least, held_back)};
        if (const std::uint64_t open_to = open_limit(view); open_to > acked + size)
            return SendBytes{acked + size, std::nullopt, open_to};
        const std::uint64_t usual = view.server.request_limit(view.config.chunk_size, align);
        if (std::optional<Wait> wait = wait_for_more(view, size, std::min(limit, usual), held_back))
            return WaitForBytes{*wait};
    }
    return SendBytes{acked + size, std::nullopt};
}

} // namespace gsttus
