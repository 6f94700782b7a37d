// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Stays, and finishes what appears. Worker thread; returns when it is cancelled.
#pragma once

#include "base/clock.h"
#include "recover/folders.h"
#include "recover/round.h"

#include <map>
#include <string>
#include <vector>

namespace gsttus {

class Watch {
public:
    // `named`: empty: all usual places, which may come and go. All of which outlive it.
    Watch(std::vector<Place> named, const RecoverOptions &options, Teller &teller,
          GCancellable *cancel)
        : named_(std::move(named)), round_(options, teller, cancel), teller_(teller),
          cancel_(cancel)
    {
    }

    void run();

    // What was finished, and what is left of what it has seen.
    Counts counts() const;

private:
    struct Memory {
        Told told;
        unsigned failures = 0;
        TimePoint next{}; // not before
    };

    struct Found {
        std::string spool_dir, id;

        bool operator<(const Found &other) const
        {
            return id != other.id ? id < other.id : spool_dir < other.spool_dir;
        }
    };

    std::vector<Place> places();
    std::vector<Found> look();
    void forget_others(const std::vector<Found> &found);
    std::vector<Found> due(const std::vector<Found> &found) const;
    bool go_on(const std::vector<Found> &in_order); // FALSE: there was nothing to do
    Outcome take(const Found &found);
    void wait() const;

    const std::vector<Place> named_;
    Round round_;
    Teller &teller_;
    GCancellable *const cancel_; // the caller's
    std::map<Found, Memory> known_;
    std::map<std::string, std::string> complaints_; // of which folder
};

// How long an upload is left alone after it has failed so many times.
Duration pause_after(unsigned failures);

} // namespace gsttus
