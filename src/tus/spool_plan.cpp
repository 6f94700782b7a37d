// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// length-mode=spool: the server needs the length first, so everything waits on disk for the end.
// From then on an upload like another one.
#include "base/text.h"
#include "tus/length_plan.h"

namespace gsttus {

namespace {

class SpoolPlan final : public LengthPlan {
public:
    LengthMode mode() const override { return LengthMode::kSpool; }

    Step next(const PlanView &view) override
    {
        return view.route.has_upload() ? next_of_upload(view) : before_upload(view);
    }

    std::optional<std::uint64_t> created_length(const PlanView &view) const override
    {
        return end_of(view).total;
    }

private:
    static Step before_upload(const PlanView &view)
    {
        const Input &input = view.input;
        if (input.ended) {
            view.positions.take(input.produced);
            return ResolveAgain{};
        }
        if (input.writer_blocked) {
            Error error;
            error.kind = ErrorKind::kNoSpace;
            error.message =
                cat("The server needs the length first, and there is no more room to keep the "
                    "recording after ",
                    input.produced, " bytes: raise max-spool-size or free disk space.");
            return CannotGoOn{std::move(error)};
        }
        Wait wait = wait_from(input);
        wait.until_ended = true;
        wait.until_writer_blocked = true;
        return WaitForEnd{wait};
    }
};

} // namespace

std::unique_ptr<LengthPlan> make_spool_plan()
{
    return std::make_unique<SpoolPlan>();
}

} // namespace gsttus
