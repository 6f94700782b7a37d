// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes a failing schedule shorter: whatever can be left out or made plainer is, as long as the
// same invariant stays broken.
#include "simulation.h"

#include <algorithm>

namespace gsttus::sim {

namespace {

constexpr std::uint64_t kFewRequests = 50;

class Shrinker {
public:
    Shrinker(const Schedule &schedule, Mutation mutation)
        : best_(schedule), mutation_(mutation), wanted_(kind(run(schedule, mutation).violation))
    {
    }

    Schedule shortest()
    {
        for (bool shorter = true; shorter;) {
            shorter = drop_faults();
            shorter = drop_pieces() || shorter;
            shorter = simplify() || shorter;
        }
        return best_;
    }

private:
    // numbers in the text of an error may differ
    static std::string kind(const std::string &violation) { return violation.substr(0, 40); }

    bool keep_if_failing(const Schedule &candidate)
    {
        if (kind(run(candidate, mutation_).violation) != wanted_)
            return false;
        best_ = candidate;
        return true;
    }

    bool drop_faults()
    {
        bool dropped = false;
        for (std::size_t n = best_.faults.size(); n-- > 0;) {
            Schedule candidate = best_;
            candidate.faults.erase(candidate.faults.begin() + static_cast<std::ptrdiff_t>(n));
            dropped = keep_if_failing(candidate) || dropped;
        }
        return dropped;
    }

    bool drop_pieces()
    {
        bool dropped = false;
        for (std::size_t n = best_.pieces.size(); n-- > 0;) {
            // with fewer pieces the faults come earlier
            bool without = false;
            for (std::uint32_t earlier = 0; earlier < 4 && !without; ++earlier) {
                Schedule candidate = best_;
                candidate.pieces.erase(candidate.pieces.begin() + static_cast<std::ptrdiff_t>(n));
                for (Fault &fault : candidate.faults)
                    fault.at -= std::min(fault.at, earlier);
                without = keep_if_failing(candidate);
            }
            dropped = dropped || without;
        }
        return dropped;
    }

    template <typename T>
    bool plain(T Schedule::*member, T value)
    {
        if (best_.*member == value)
            return false;
        Schedule candidate = best_;
        candidate.*member = value;
        return keep_if_failing(candidate);
    }

    bool simplify()
    {
        bool simpler = plain(&Schedule::checksum, false);
        simpler = plain(&Schedule::checks, false) || simpler;
        simpler = plain(&Schedule::real_disk, false) || simpler;
        simpler = plain(&Schedule::real_store, false) || simpler;
        simpler = plain(&Schedule::secret, false) || simpler;
        simpler = plain(&Schedule::silent_options, false) || simpler;
        simpler = plain(&Schedule::refuses_empty_patch, false) || simpler;
        simpler = plain(&Schedule::refuses_patch, false) || simpler;
        simpler = plain(&Schedule::proved, true) || simpler;
        simpler = plain(&Schedule::end_habit, EndHabit::kNotes) || simpler;
        simpler = plain(&Schedule::finish_fails, 0U) || simpler;
        simpler = plain(&Schedule::moves_away, false) || simpler;
        simpler = plain(&Schedule::assembly, 0U) || simpler;
        simpler = plain(&Schedule::joins_wrongly, false) || simpler;
        simpler = plain(&Schedule::join_conflicts, 0U) || simpler;
        simpler = plain(&Schedule::knows_override, true) || simpler;
        simpler = plain(&Schedule::marks_answers, true) || simpler;
        simpler = plain(&Schedule::refuses_head, false) || simpler;
        simpler = plain(&Schedule::keeps_cut_bodies, true) || simpler;
        simpler = plain(&Schedule::open_requests, false) || simpler;
        simpler = plain(&Schedule::holds_bodies, false) || simpler;
        simpler = plain(&Schedule::length_before_body, true) || simpler;
        simpler = plain(&Schedule::dead_endpoints, 0U) || simpler;
        simpler = plain(&Schedule::renewal, 0U) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::origin, 0) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::max_size, 0) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::proxy_limit, 0) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::growth, 1) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::min_chunk_size, 0) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::chunk_align, 1) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::margin, 0) || simpler;
        if (best_.pieces.empty() || bytes() < kFewRequests * 100)
            simpler = plain<std::uint64_t>(&Schedule::chunk_size, 100) || simpler;
        simpler = plain<std::uint64_t>(&Schedule::capacity, 100000) || simpler;
        simpler = plain(&Schedule::outage_timeout, Duration::zero()) || simpler;
        simpler = plain(&Schedule::drain_timeout, Duration::zero()) || simpler;
        simpler = plain(&Schedule::flush_interval, Duration::zero()) || simpler;
        simpler = plain(&Schedule::end_gap, Duration::zero()) || simpler;
        for (std::size_t n = 0; n < best_.pieces.size(); ++n) {
            for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{150}}) {
                if (best_.pieces[n].bytes <= bytes)
                    continue;
                Schedule candidate = best_;
                candidate.pieces[n].bytes = bytes;
                simpler = keep_if_failing(candidate) || simpler;
            }
            if (best_.pieces[n].gap != Duration::zero()) {
                Schedule candidate = best_;
                candidate.pieces[n].gap = Duration::zero();
                simpler = keep_if_failing(candidate) || simpler;
            }
        }
        return simpler;
    }

    std::uint64_t bytes() const
    {
        std::uint64_t total = 0;
        for (const Piece &piece : best_.pieces)
            total += piece.bytes;
        return total;
    }

    Schedule best_;
    Mutation mutation_;
    std::string wanted_;
};

} // namespace

Schedule shrink(const Schedule &schedule, Mutation mutation)
{
    return Shrinker(schedule, mutation).shortest();
}

} // namespace gsttus::sim
