// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// request-mode=stream: whether a PATCH may stay open while bytes come, so that they need not wait
// for the next one. It helps only where the server has bytes before the request ends, which nobody
// says of himself: so the first one is a proof. It carries what there is, falls silent, and is cut;
// HEAD shows whether the server has it. What speaks against it ends it, for this upload, and
// PATCHes are bounded as ever. A value: the machine tells it what became of each.
#pragma once

#include <cstdint>

namespace gsttus {

class OpenRequests {
public:
    explicit OpenRequests(bool wanted) : trust_(wanted ? Trust::kUntried : Trust::kOff) {}

    bool wanted() const { return trust_ != Trust::kOff; } // the next PATCH may stay open

    bool is_proved() const { return trust_ == Trust::kProved; }

    bool under_way() const { return under_way_; }

    void sent() { under_way_ = true; }

    // What came of it
    // ------------------------------------------------------------------------------

    void answered()
    {
        under_way_ = false;
        broken_ = 0;
    }

    // It was a proof, and ended as it should.
    void cut()
    {
        under_way_ = false;
        asks_ = Asks::kProof;
    }

    // It broke: perhaps because it was open.
    void broke()
    {
        under_way_ = false;
        asks_ = Asks::kBroken;
    }

    bool awaits_proof() const { return asks_ == Asks::kProof; }

    // HEAD has told: of the last one the server has `all`, or `some`. FALSE: that speaks against
    // it.
    bool located(bool some, bool all)
    {
        const Asks asked = asks_;
        asks_ = Asks::kNothing;
        if (asked == Asks::kProof) {
            if (all)
                trust_ = Trust::kProved;
            return all;
        }
        if (asked == Asks::kBroken)
            broken_ = some ? 0 : broken_ + 1;
        return broken_ < kMostBroken;
    }

    void refuse()
    {
        forget();
        trust_ = Trust::kOff;
        broken_ = 0;
    }

    // What became of the last one shows nothing: its server was not reached, or its upload is gone.
    void forget()
    {
        under_way_ = false;
        asks_ = Asks::kNothing;
    }

private:
    static constexpr unsigned kMostBroken = 2; // in a row, of which nothing came

    enum class Trust { kOff, kUntried, kProved };
    enum class Asks { kNothing, kProof, kBroken }; // what HEAD is to tell

    Trust trust_;
    Asks asks_ = Asks::kNothing;
    bool under_way_ = false;
    unsigned broken_ = 0;
};

} // namespace gsttus
