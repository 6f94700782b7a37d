// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// length-mode=concatenation: partial uploads of a known length, made of what is there, joined at
// the end (Concatenation). One that dies is made again as a whole.
//
// positions.base() is where the one under way begins, part_end_ where it ends.
//
// The request that joins them lists them all in one header, which servers and proxies take up to
// some size. Partial uploads grow with the recording, the faster the less room there is; when it is
// used up, one takes all the rest. docs/decisions/0004
//
// Where the first bytes of the file may change until the end (Input::head), they come behind all
// others, and are a partial upload of their own that is listed first. docs/decisions/0010
#include "tus/length_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace gsttus {

namespace {

constexpr std::uint64_t kMostHeaders = 6 << 10; // bytes, of the request that joins
constexpr std::uint64_t kLeastList = 1 << 10;   // of its list, whatever the rest takes
constexpr std::uint64_t kMostParts = 256;       // each is a line in the journal
// The room is spread over the doublings up to 4 TiB, a month at 12 Mbit/s; what is longer grows on.
constexpr int kHorizon = 42;
constexpr int kLeastDoublings = 6;

// Bytes of a partial upload after `total`, when as many as `left` may follow.
std::uint64_t grown(std::uint64_t total, std::uint64_t left)
{
    const int doublings =
        std::max(kHorizon - static_cast<int>(std::bit_width(total)), kLeastDoublings);
    const double factor = std::exp2(doublings / static_cast<double>(left));
    return static_cast<std::uint64_t>(static_cast<double>(total) * (factor - 1));
}

class ConcatenationPlan final : public LengthPlan {
public:
    ConcatenationPlan(std::vector<std::string> parts, std::uint64_t until)
        : parts_(std::move(parts)), part_end_(until)
    {
    }

    LengthMode mode() const override { return LengthMode::kConcatenation; }

    Step next(const PlanView &view) override
    {
        Positions &positions = view.positions;
        if (view.route.has_upload()) {
            if (part_end_ == 0) // was complete when it was created
                return Done{};
            if (positions.acked() < part_end_)
                return SendBytes{std::min(part_end_, positions.acked() + request_limit(view)),
                                 std::nullopt};
            // of a recording that has ended, and nothing before the head is left
            const bool is_head =
                view.input.head > 0 && positions.base() + view.input.head == view.input.produced;
            parts_.insert(is_head ? parts_.begin() : parts_.end(), view.route.take_upload());
            positions.begin_part();
        }
        if (positions.base() < part_end_) // the partial upload is gone: again
            return CreateUpload{};
        return next_part(view);
    }

    std::optional<std::uint64_t> created_length(const PlanView &view) const override
    {
        return part_end_ - view.positions.base();
    }

    // A recording without a byte: a plain upload.
    bool creates_partial() const override { return part_end_ > 0; }

    // A partial upload that dies is made again: its bytes are needed until it is complete.
    std::uint64_t releasable(const Positions &positions) const override { return positions.base(); }

    // Before the parts are joined nothing is, but for a recording without a byte.
    bool stored(const Positions &positions) const override
    {
        return part_end_ == 0 && positions.server_length() == std::uint64_t{0};
    }

    bool finishes(const Positions &, std::uint64_t) const override { return false; }

    bool is_one_upload() const override { return false; }

    bool announces() const override { return parts_.empty(); }

    bool only_joins(const Positions &positions) const override
    {
        return !parts_.empty() && positions.base() == part_end_;
    }

    const std::vector<std::string> &parts() const override { return parts_; }

    std::optional<std::uint64_t> left_out_from() const override { return cut_at_; }

private:
    static bool has_head(const PlanView &view)
    {
        return view.input.head_to_come > 0 || view.input.head > 0;
    }

    // How many more may be made.
    std::uint64_t parts_left(const PlanView &view) const
    {
        std::uint64_t used = 0, longest = 1;
        for (const std::string &part : parts_) {
            const std::uint64_t size = view.route.listed_size(part);
            used += size;
            longest = std::max(longest, size);
        }
        const std::uint64_t others = std::min(view.route.header_size(), kMostHeaders - kLeastList);
        const std::uint64_t room = kMostHeaders - others;
        const std::uint64_t most = kMostParts - std::min<std::uint64_t>(kMostParts, parts_.size());
        const std::uint64_t left = std::min((room - std::min(used, room)) / longest, most);
        return left - std::min<std::uint64_t>(left, view.input.head_to_come > 0 ? 1 : 0);
    }

    Step next_part(const PlanView &view)
    {
        const std::uint64_t begin = view.positions.acked();
        End end = end_of(view);
        if (cut_at_)
            end = {*cut_at_, true};
        if (has_head(view) && (cut_at_ || is_cut_off(view.server, view.positions, view.input)))
            return Done{}; // that is an error: without its head, or a part of it, it is no file
        const std::uint64_t head_at = view.input.produced - view.input.head;
        if (begin < head_at)
            end.total = std::min(end.total, head_at);
        const std::uint64_t available = end.total - std::min(begin, end.total);
        if (end.certain && available == 0)
            return parts_.empty() ? Step(CreateUpload{}) : Step(JoinParts{});
        if (end.certain)
            return make_part(view, available);
        const std::uint64_t left = parts_left(view);
        return left > 1 ? grow(view, available, grown(begin, left)) : last_part(view, available);
    }

    Step grow(const PlanView &view, std::uint64_t available, std::uint64_t share)
    {
        const Input &input = view.input;
        const std::uint64_t usual = std::max({view.config.min_chunk_size, std::uint64_t{1}, share});
        // a full store takes no more: a partial upload is made of what is there
        const std::uint64_t least = input.writer_blocked ? 1 : usual;
        const std::uint64_t most = std::max(view.config.chunk_size, usual);
        const std::uint64_t size = std::min(available, most);
        if (size < least) {
            Wait wait = wait_for_enough(view, least, 0);
            wait.until_writer_blocked = !input.writer_blocked;
            return WaitForBytes{wait};
        }
        if (std::optional<Wait> wait = wait_for_more(view, size, most, 0))
            return WaitForBytes{*wait};
        return make_part(view, size);
    }

    // All the rest, when the recording ends. Where there is no room to wait for that, what is there
    // is joined: better than to lose it all.
    Step last_part(const PlanView &view, std::uint64_t available)
    {
        if (view.input.writer_blocked && available > 0) {
            cut_at_ = view.positions.acked() + available;
            return has_head(view) ? Step(Done{}) : make_part(view, available);
        }
        if (view.input.writer_blocked) // what was just released lets it write, and block again
            return WaitForBytes{wait_for_enough(view, 1, 0)};
        Wait wait = wait_from(view.input);
        wait.until_ended = true;
        wait.until_writer_blocked = true;
        return WaitForBytes{wait};
    }

    Step make_part(const PlanView &view, std::uint64_t size)
    {
        part_end_ = view.positions.acked() + size;
        view.positions.take(part_end_);
        return CreateUpload{};
    }

    std::vector<std::string> parts_;
    std::uint64_t part_end_;
    std::optional<std::uint64_t> cut_at_; // there was no room to go on
};

} // namespace

std::unique_ptr<LengthPlan> make_concatenation_plan(std::vector<std::string> parts,
                                                    std::uint64_t until)
{
    return std::make_unique<ConcatenationPlan>(std::move(parts), until);
}

} // namespace gsttus
