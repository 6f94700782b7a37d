// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "schedule.h"

#include "base/text.h"
#include "random.h"

#include <algorithm>

namespace gsttus::sim {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::uint64_t argument_of(FaultKind kind, Random &random, const Schedule &schedule)
{
    switch (kind) {
    case FaultKind::kOutage:
        return random.chance(80) ? random.between(1, 4000) : random.between(4000, 90000);
    case FaultKind::kCut:
    case FaultKind::kStall:
    case FaultKind::kShort:
    case FaultKind::kLate:
        return random.below(1001);
    case FaultKind::kStatus:
    case FaultKind::kStatusAfter:
        // passing troubles mostly: the others end too many schedules
        return random.chance(80) ? random.below(13) : random.below(kStatuses.size());
    case FaultKind::kRollback:
        return random.between(1, std::max<std::uint64_t>(schedule.margin, 1));
    case FaultKind::kRollbackFar:
        return random.between(1, schedule.chunk_size * 3 + schedule.margin);
    case FaultKind::kStranger:
        return random.chance(70) ? random.between(1, 4000) : random.between(4000, 40000);
    case FaultKind::kOddOffset:
        return random.chance(50) ? random.below(10) : random.below(schedule.chunk_size * 5);
    case FaultKind::kLock:
        return random.between(100, 20000);
    default:
        return random.below(1000);
    }
}

FaultKind kind_of(Random &random)
{
    constexpr std::array kCommon = {
        FaultKind::kOutage,   FaultKind::kResetBefore, FaultKind::kResetAfter,
        FaultKind::kCut,      FaultKind::kStall,       FaultKind::kStale,
        FaultKind::kStatus,   FaultKind::kStatusAfter, FaultKind::kShort,
        FaultKind::kLie,      FaultKind::kNoOffset,    FaultKind::kLate,
        FaultKind::kRollback, FaultKind::kLock,        FaultKind::kExpired,
        FaultKind::kStatus,   FaultKind::kShort,       FaultKind::kUnknown,
        FaultKind::kGone,     FaultKind::kRedirect,    FaultKind::kUnknownOnce,
        FaultKind::kStranger, FaultKind::kStranger,    FaultKind::kOddOffset,
    };
    if (random.chance(92))
        return kCommon[random.below(kCommon.size())];
    return static_cast<FaultKind>(random.below(static_cast<std::uint64_t>(FaultKind::kCount)));
}

void choose_sizes(Schedule &s, Random &random)
{
    const bool large = random.chance(30); // where 413 can be halved
    s.chunk_size = large ? random.between(1, 16) * kMiB : random.between(1, 200);
    if (random.chance(20)) {
        s.chunk_align = large ? kMiB / 4 : random.between(2, 32);
        s.chunk_size = std::max(s.chunk_size, s.chunk_align);
    }
    if (random.chance(15))
        s.min_chunk_size = random.between(1, s.chunk_size);
    s.margin = random.chance(50) ? 0 : random.between(1, s.chunk_size * 2);
    // room for what the settings ask for, and often not for much more
    const std::uint64_t least =
        s.margin + std::max(s.chunk_align, s.min_chunk_size) + s.chunk_align + 2;
    s.capacity =
        least + s.chunk_size / 8 + random.below(s.chunk_size * (random.chance(50) ? 3 : 20));
    const std::size_t pieces = random.chance(5) ? 0 : random.between(1, 12);
    for (std::size_t n = 0; n < pieces; ++n) {
        Piece piece;
        piece.bytes = random.chance(20) ? s.chunk_size : random.between(1, s.chunk_size * 2);
        piece.gap = milliseconds(random.chance(70) ? random.below(300) : random.below(20000));
        s.pieces.push_back(piece);
    }
    s.end_gap = milliseconds(random.chance(70) ? 0 : random.below(5000));
    s.flush_interval = milliseconds(random.chance(30) ? 0 : random.between(1, 2000));
    if (random.chance(10))
        s.outage_timeout = milliseconds(random.between(500, 60000));
    if (random.chance(10))
        s.drain_timeout = milliseconds(random.between(500, 60000));
    if (large && random.chance(20))
        s.proxy_limit = random.between(kMiB / 4, s.chunk_size);
}

void choose_server(Schedule &s, Random &random)
{
    constexpr std::array kModes = {LengthMode::kDeferred, LengthMode::kConcatenation,
                                   LengthMode::kSpool};
    if (random.chance(20))
        s.length_mode = kModes[random.below(kModes.size())];
    s.defers = random.chance(70);
    s.concatenates = random.chance(50);
    s.can_spool = random.chance(80);
    s.silent_options = random.chance(10);
    s.checks = random.chance(50);
    s.checksum = random.chance(10);
    s.keeps_cut_bodies = random.chance(80);
    s.length_before_body = random.chance(60);
    s.refuses_empty_patch = random.chance(10);
    s.refuses_patch = random.chance(5);
    s.marks_answers = random.chance(85);
    s.knows_override = s.refuses_patch || random.chance(70);
    s.refuses_head = random.chance(5);
    s.dead_endpoints = random.chance(10) ? 1 : 0;
    s.secret = random.chance(30);
    s.renewal = random.chance(70) ? 0 : static_cast<unsigned>(random.between(1, 2));
    if (random.chance(8)) {
        s.max_size = random.between(0, s.chunk_size * 8);
        s.announces_max_size = random.chance(60);
    }
    if (s.renewal == 2 && s.drain_timeout == Duration::zero())
        s.drain_timeout = seconds(60); // somebody has to say when it is enough
    if (random.chance(8)) {
        s.origin = random.between(1, 100000);
        s.refuses_head = false; // nothing else tells where it begins
        s.defers = true;
    }
    const bool spools = s.length_mode == LengthMode::kSpool || (!s.defers && !s.concatenates);
    if (spools && s.can_spool && random.chance(95)) { // a disk has room
        for (const Piece &piece : s.pieces)
            s.capacity += piece.bytes;
    }
}

void choose_end(Schedule &s, Random &random)
{
    s.proved = random.chance(50);
    if (random.chance(30))
        s.end_habit = static_cast<EndHabit>(random.between(1, 4));
    if (random.chance(15))
        s.finish_fails = static_cast<unsigned>(random.chance(70) ? random.between(1, 3) : 30);
    s.moves_away = random.chance(15);
    if (random.chance(30))
        s.assembly = static_cast<unsigned>(random.chance(80) ? random.between(1, 6) : 100);
    s.joins_wrongly = random.chance(5);
    if (random.chance(10))
        s.join_conflicts = static_cast<unsigned>(random.between(1, 20));
    if (random.chance(40)) { // what is acknowledged is kept, where there is room
        s.margin = std::uint64_t{1} << 40;
        if (random.chance(70)) {
            for (const Piece &piece : s.pieces)
                s.capacity += piece.bytes;
        }
    }
}

} // namespace

const char *to_string(EndHabit habit)
{
    constexpr std::array kNames = {"notes", "forgets", "forgets-once", "empty", "silent"};
    return kNames[static_cast<std::size_t>(habit)];
}

const char *to_string(FaultKind kind)
{
    constexpr std::array<const char *, static_cast<std::size_t>(FaultKind::kCount)> kNames = {
        "outage",       "reset-before", "reset-after",  "cut",       "stall",     "stale",
        "status",       "status-after", "short",        "lie",       "no-offset", "no-length",
        "late",         "rollback",     "rollback-far", "lock",      "gone",      "unknown",
        "unknown-once", "odd-offset",   "odd-length",   "stranger",  "expired",   "redirect",
        "hook",         "no-location",  "metadata",     "disk-full", "expires"};
    return kNames[static_cast<std::size_t>(kind)];
}

Schedule make_schedule(std::uint64_t seed)
{
    Random random(seed * 0x2545f4914f6cdd1dULL + 1);
    Schedule s;
    s.seed = seed;
    choose_sizes(s, random);
    choose_server(s, random);
    if (s.capacity < 4096 && random.chance(10)) {
        s.real_store = true;
        s.capacity += 4096 * 4; // in blocks of 4096
        s.chunk_size *= 32;
        for (Piece &piece : s.pieces)
            piece.bytes *= random.between(1, 40);
        s.real_disk = s.can_spool && random.chance(60);
        if (s.real_disk) {
            s.capacity += 4096 * random.between(4, 24);
            for (Piece &piece : s.pieces)
                piece.bytes *= 8;
        }
    }
    s.growth = seed % 3 == 0 ? 1 : 1 + seed % 7;
    s.open_requests = seed % 5 == 2;
    s.holds_bodies = s.open_requests && seed % 4 == 0;
    const std::size_t faults = random.chance(10) ? 0 : random.between(1, 8);
    for (std::size_t n = 0; n < faults; ++n) {
        Fault fault;
        fault.at = static_cast<std::uint32_t>(random.below(random.chance(50) ? 8 : 30));
        fault.kind = kind_of(random);
        fault.arg = argument_of(fault.kind, random, s);
        s.faults.push_back(fault);
    }
    std::stable_sort(s.faults.begin(), s.faults.end(),
                     [](const Fault &a, const Fault &b) { return a.at < b.at; });
    if (!s.real_store)
        choose_end(s, random);
    return s;
}

std::string describe(const Fault &fault)
{
    std::string text = cat("request ", fault.at, ": ", to_string(fault.kind), ' ', fault.arg);
    if (fault.kind == FaultKind::kStatus || fault.kind == FaultKind::kStatusAfter) {
        const StatusRow &row = kStatuses[fault.arg % kStatuses.size()];
        text += cat(" (", row.status, ' ', row.text, ')');
    }
    return text;
}

std::string describe(const Schedule &s)
{
    const auto ms = [](Duration span) {
        return std::chrono::duration_cast<milliseconds>(span).count();
    };
    std::string text =
        cat("seed ", s.seed, "\n  settings: chunk ", s.chunk_size, " growth ", s.growth, " min ",
            s.min_chunk_size, " align ", s.chunk_align, " capacity ", s.capacity, " margin ",
            s.margin, " mode ", gsttus::to_string(s.length_mode));
    text += cat(" flush ", ms(s.flush_interval), " ms outage-timeout ", ms(s.outage_timeout),
                " drain-timeout ", ms(s.drain_timeout), s.can_spool ? " spool" : "",
                s.checksum ? " checksum" : "", s.open_requests ? " open-requests" : "",
                s.real_store ? " real-store" : "", s.real_disk ? " real-disk" : "",
                " upload-url-offset ", s.origin);
    text += cat(
        "\n  server:", s.silent_options ? " silent-options" : "", s.defers ? " defers" : "",
        s.concatenates ? " concatenates" : "", s.checks ? " checksum" : "",
        s.keeps_cut_bodies ? " keeps-cut-bodies" : "", s.holds_bodies ? " holds-bodies" : "",
        s.length_before_body ? " length-before-body" : "",
        s.refuses_empty_patch ? " refuses-empty-patch" : "",
        s.refuses_patch ? " refuses-patch" : "", s.knows_override ? "" : " no-override",
        s.marks_answers ? "" : " unmarked", s.refuses_head ? " refuses-head" : "", " max-size ",
        s.max_size, s.announces_max_size ? " announced" : "", " proxy-limit ", s.proxy_limit,
        " dead-endpoints ", s.dead_endpoints, s.secret ? " secret" : "", " renewal ", s.renewal);
    text += cat("\n  end:", s.proved ? " proved" : "", " habit ", to_string(s.end_habit),
                " finish-fails ", s.finish_fails, s.moves_away ? " moves-away" : "", " assembly ",
                s.assembly, s.joins_wrongly ? " joins-wrongly" : "", " join-conflicts ",
                s.join_conflicts);
    text += "\n  source:";
    for (const Piece &piece : s.pieces)
        text += cat(" +", ms(piece.gap), "ms ", piece.bytes, "B");
    text += cat(" +", ms(s.end_gap), "ms end");
    for (const Fault &fault : s.faults)
        text += cat("\n  ", describe(fault));
    return text;
}

} // namespace gsttus::sim
