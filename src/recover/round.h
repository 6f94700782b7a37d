// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One upload after the other: what is done with each, and what is told of it. Worker thread; blocks
// for as long as servers and disks need.
#pragma once

#include "recover/finisher.h"
#include "recover/teller.h"

#include <optional>
#include <set>
#include <string>

namespace gsttus {

enum class Outcome {
    kFinished,
    kFailed,    // last_error() says why
    kInUse,     // by a program that is still running
    kOfAnother, // user
    kGone,      // or a leftover, which went
    kLeftover,  // which could not be removed
    kNotTried,  // cancelled before
};

// What was told of an upload before; by who remembers it.
struct Told {
    Outcome outcome = Outcome::kNotTried;
    std::string error;
};

class Round {
public:
    // All of which outlive it.
    Round(const RecoverOptions &options, Teller &teller, GCancellable *cancel)
        : options_(options), teller_(teller), cancel_(cancel)
    {
    }

    // As it was listed. `before` is told again only where there is news.
    Outcome finish(const SpooledUpload &upload, const Told &before = {});

    const Error &last_error() const { return error_; }

private:
    Outcome open_and_finish(const SpooledUpload &upload, const Told &before);
    Outcome finish_elsewhere(SpooledUpload upload, RecoveredUpload opened, const Told &before);
    Outcome finish_opened(const SpooledUpload &upload, RecoveredUpload opened, const Told &before);
    Outcome failed(const SpooledUpload &upload, Error error, const Told &before);
    std::optional<Error> lasting_trouble(const SpooledUpload &upload) const;
    RecoverOptions options_for(const SpooledUpload &upload) const;

    const RecoverOptions &options_;
    Teller &teller_;
    GCancellable *const cancel_;          // the caller's
    std::set<std::string> away_;          // servers that did not answer, and have not since
    std::optional<Error> no_destination_; // why that of --to took nothing just now
    Error error_;
};

} // namespace gsttus
