// length-mode=concatenation: partial uploads of a known length, made of what is there, joined at
// the end (Concatenation). One that dies is made again as a whole.
//
// positions.base() is where the one under way begins, part_end_ where it ends.
#include "tus/length_plan.h"

#include <algorithm>
#include <utility>

namespace gsttus {

namespace {

// Partial uploads grow with the recording, so that the list of their URLs stays within the
// header size that servers take (8 to 16 KiB): about 32 per e-fold of the total.
constexpr std::uint64_t kPartGrowth = 32;

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
            parts_.push_back(view.route.take_upload());
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

private:
    Step next_part(const PlanView &view)
    {
        const Input &input = view.input;
        const std::uint64_t begin = view.positions.acked();
        const End end = end_of(view);
        const std::uint64_t available = end.total - std::min(begin, end.total);
        if (end.certain && available == 0)
            return parts_.empty() ? Step(CreateUpload{}) : Step(JoinParts{});
        if (end.certain)
            return make_part(view, available);
        const std::uint64_t usual =
            std::max({view.config.min_chunk_size, std::uint64_t{1}, begin / kPartGrowth});
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

    Step make_part(const PlanView &view, std::uint64_t size)
    {
        part_end_ = view.positions.acked() + size;
        view.positions.take(part_end_);
        return CreateUpload{};
    }

    std::vector<std::string> parts_;
    std::uint64_t part_end_;
};

} // namespace

std::unique_ptr<LengthPlan> make_concatenation_plan(std::vector<std::string> parts,
                                                    std::uint64_t until)
{
    return std::make_unique<ConcatenationPlan>(std::move(parts), until);
}

} // namespace gsttus
