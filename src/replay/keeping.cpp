// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The order in which bytes are written out, and given up where the disk is full. A gap is never
// made: bytes behind one would be of no use.
#include "replay/keeping.h"

#include "base/text.h"
#include "replay/placement.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr int kAttempts = 3; // on a disk that fails
// Checked runs: where these make no room for what comes first, the others do not either.
constexpr int kMostForFirst = 128;

} // namespace

Result<std::string> Keeping::run()
{
    const std::uint64_t whole = segments_.end();
    spool_.delete_needless();
    if (end_of(false, end_of(true, 0)) < segments_.size())
        spool_.seal(); // with older bytes behind it, which are in memory, a file could not be cut
    const bool first = write_first();
    Result<std::string> kept = write_bytes(whole);
    spool_.trouble().retry_now();
    if (!first && spool_.ensure_journal()) // a disk that works by now; and its owner hears of it
        (void)first_();
    return kept;
}

// Where those from `i` on end that are in files, or are not.
std::size_t Keeping::end_of(bool safe, std::size_t i) const
{
    while (i < segments_.size() && segments_[i].is_safe() == safe)
        ++i;
    return i;
}

// `whole`: where they ended before anything made room.
Result<std::string> Keeping::write_bytes(std::uint64_t whole)
{
    int attempts = 0;
    for (spool_.trouble().retry_now(); !write_out(Spool::Bound::kNone);
         spool_.trouble().retry_now()) {
        error_ = spool_.trouble().last_error();
        if (error_.kind == ErrorKind::kNoSpace ? !make_room() : ++attempts == kAttempts)
            return kept_in_part(whole);
    }
    if (segments_.end() != whole)
        return kept_in_part(whole);
    write_out_margin();
    return spool_.path();
}

Result<std::string> Keeping::run_whole()
{
    spool_.delete_needless();
    spool_.trouble().retry_now();
    if (first_ && spool_.ensure_journal())
        (void)first_(); // the bytes have it, too
    for (int attempts = 0;;) {
        spool_.trouble().retry_now();
        if (write_out(Spool::Bound::kConfigured))
            return spool_.path();
        const Error &error = spool_.trouble().last_error();
        if (error.kind == ErrorKind::kNoSpace || ++attempts == kAttempts)
            return error;
    }
}

// What came of it, its owner knows. FALSE: it is not there.
bool Keeping::write_first()
{
    int attempts = 0, given_up = 0;
    while (first_) {
        spool_.trouble().retry_now();
        // before what is to be noted, if it can be
        const bool is_there = spool_.has_journal() && spool_.dir_fd();
        const Result<void> result = is_there || spool_.ensure_journal()
                                        ? first_()
                                        : Result<void>(spool_.trouble().last_error());
        if (result)
            return true;
        error_ = result.error();
        const bool full = error_.kind == ErrorKind::kNoSpace;
        if (full ? !free_acked() && (++given_up > kMostForFirst || !take_back_last(0))
                 : ++attempts == kAttempts)
            return false;
        spool_.delete_needless();
    }
    return true;
}

// Journal and bytes, as far as the server does not have them.
bool Keeping::write_out(Spool::Bound bound)
{
    if (!spool_.ensure_journal())
        return false;
    for (std::size_t i = segments_.first_from(acked_); i < segments_.size();) {
        if (segments_[i].is_safe()) {
            ++i;
            continue;
        }
        const auto moved = move_to_disk(segments_, spool_, i, bound);
        if (!moved.whole)
            return false;
        i += moved.parts;
    }
    return true;
}

// What the server has, if there is room: it may go back. In a file of its own, which can go.
void Keeping::write_out_margin()
{
    spool_.seal();
    for (std::size_t i = segments_.first_from(acked_); i-- > 0;) {
        if (!segments_[i].is_safe() &&
            !move_to_disk(segments_, spool_, i, Spool::Bound::kNone).whole)
            break;
    }
}

// The disk is full. What the server has makes room; then what is newest, for what is of no use
// without something older. FALSE: there is nothing to give.
bool Keeping::make_room()
{
    if (!free_acked() && !give_up_newest())
        return false;
    spool_.delete_needless();
    return true;
}

bool Keeping::free_acked()
{
    bool freed = false;
    for (std::size_t i = segments_.first_from(acked_); i > 0; --i) {
        freed = freed || segments_.front().file;
        free_front(segments_, spool_);
    }
    return freed;
}

bool Keeping::give_up_newest()
{
    // What is in files from the beginning on stays, and what follows in memory has to be written:
    // only a file behind that can go.
    const std::size_t stays = spool_.is_described() ? end_of(true, 0) : 0;
    return take_back_last(end_of(false, stays));
}

// The last checked run in a file goes back to memory, to be written anew as far as there is room
// for it then. FALSE: from `first` on, nothing is in a file.
bool Keeping::take_back_last(std::size_t first)
{
    std::size_t i = segments_.size();
    while (i > first && !segments_[i - 1].is_safe())
        --i;
    if (i == first || must_stay(i - 1))
        return false;
    const Segment run = last_run(segments_[--i]);
    std::vector<std::byte> buffer;
    const auto bytes = movable(run, spool_.ops(), buffer);
    const bool moved = bytes && segments_.move_to_memory(i, *bytes, spool_.ops().now());
    if (!moved)
        give_up_from(i);
    if (run.offset + run.length() == run.file->size) // else others of its bytes are behind these
        spool_.cut_file(run.file, run.offset);
    spool_.release_file(run.file, moved ? run.length() : 0);
    spool_.delete_needless();
    spool_.trouble().retry_now();
    if (spool_.renew_journal()) { // else it is tried again
        left_behind_ = 0;
        cut_end(run.file);
    } else if (left_behind_ == 0) {
        left_behind_ = run.file->number;
    }
    return true;
}

// Nothing older is in a file, and the journal speaks of what was taken back from another one: if
// that is still there, a recovery would take what is older for acknowledged.
bool Keeping::must_stay(std::size_t index) const
{
    const Segment &segment = segments_[index];
    return index == end_of(false, 0) && segment.checks.size() == 1 && left_behind_ != 0 &&
           left_behind_ != segment.file->number && spool_.is_stale() && spool_.is_described();
}

// The journal speaks of nothing there that is not held.
void Keeping::cut_end(const std::shared_ptr<SpillFile> &file)
{
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (segments_[i].file == file)
            end = std::max(end, segments_[i].offset + segments_[i].length());
    }
    if (end > 0 && end < file->size) // else it is gone, or has no such end
        spool_.cut_file(file, end);
}

// The last checked run of that segment, which is of a file, and all that follows.
void Keeping::give_up_from(std::size_t index)
{
    while (segments_.size() > index + 1)
        free_back(segments_, spool_);
    const Segment &last = segments_.back();
    const std::uint64_t length = last.checks.back().length;
    if (last.checks.size() > 1 && last.end - length > acked_) {
        spool_.release_file(last.file, length);
        segments_.drop_last_run();
    } else {
        free_back(segments_, spool_);
    }
    if (segments_.empty())
        segments_.restart_at(acked_);
}

std::uint64_t Keeping::kept_until() const
{
    if (!spool_.is_described())
        return acked_;
    for (std::size_t i = segments_.first_from(acked_); i < segments_.size(); ++i) {
        if (!segments_[i].is_safe())
            return std::max(acked_, segments_[i].begin);
    }
    return std::max(acked_, segments_.end());
}

Error Keeping::kept_in_part(std::uint64_t whole) const
{
    Error error = error_;
    const std::uint64_t until = kept_until();
    error.message += cat(" Of the recording's bytes ", acked_, " to ", whole,
                         ", which the server does not have, those up to ", until,
                         " are kept in a spool folder.");
    error.offset = until;
    return error;
}

} // namespace gsttus
