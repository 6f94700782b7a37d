// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// length-mode=deferred: created without a length, which travels with the last bytes (Creation:
// Upload-Defer-Length). Also an upload that somebody else created: what it knows, HEAD tells.
#include "tus/length_plan.h"

namespace gsttus {

namespace {

class DeferredPlan final : public LengthPlan {
public:
    LengthMode mode() const override { return LengthMode::kDeferred; }

    Step next(const PlanView &view) override
    {
        return view.route.has_upload() ? next_of_upload(view) : Step(CreateUpload{});
    }

    // Nothing came at all: known before it is created, and some servers take it in no other way.
    std::optional<std::uint64_t> created_length(const PlanView &view) const override
    {
        const bool is_empty = view.input.ended && view.input.produced == 0;
        if (is_empty && view.server.may_create_empty())
            return 0;
        return std::nullopt;
    }
};

} // namespace

std::unique_ptr<LengthPlan> make_deferred_plan()
{
    return std::make_unique<DeferredPlan>();
}

} // namespace gsttus
