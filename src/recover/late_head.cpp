// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A crash may have come at any moment: before the head was put behind the rest, or while it was.
#include "recover/late_head.h"

#include "base/text.h"
#include "upload/journal_notes.h"
#include "upload/note_names.h"
#include "upload/recording_hash.h"

#include <algorithm>
#include <functional>
#include <span>

namespace gsttus {

namespace {

Error lost(std::uint64_t there, std::uint64_t wanted)
{
    return {.kind = ErrorKind::kUploadLost,
            .message = cat("Of the recording's first ", wanted,
                           " bytes (seekable-header), which are uploaded last, only ", there,
                           " had been brought to the disk.")};
}

Error nothing_there()
{
    return {.kind = ErrorKind::kUploadLost,
            .message = "The recording is lost: its program ended before any byte of it had been "
                       "brought to the disk."};
}

Error of_two_moments()
{
    return {.kind = ErrorKind::kUploadLost,
            .message = "The recording's first bytes (seekable-header), which are uploaded last, "
                       "are not on the disk as they were when a part of them was uploaded."};
}

constexpr const char *kOlder =
    "The recording's first bytes (seekable-header) are not on the disk as they were at its end: "
    "they are uploaded as they were before, perhaps without its duration and index.";

// FALSE: not all of it could be read.
bool read_run(const ReplayStore &store, std::uint64_t from, std::uint64_t to,
              const std::function<void(std::span<const std::byte>)> &take)
{
    std::vector<std::byte> buffer(std::size_t{256} << 10);
    while (from < to) {
        const auto piece = store.piece(from);
        const auto most =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), to - from));
        const auto got =
            piece ? piece->read(from, std::span(buffer).first(most)) : Result<std::size_t>(Error{});
        if (!got)
            return false;
        take(std::span(buffer).first(*got));
        from += *got;
    }
    return true;
}

// What is in the store of it, and `head`, make the one that was noted.
bool is_last(const HeadNotes &notes, const std::vector<std::byte> &head, const ReplayStore &store)
{
    std::vector<std::byte> both = head;
    if (notes.at && store.end() > *notes.at) {
        const std::uint64_t from = std::max(*notes.at, store.begin());
        auto out = both.begin() + static_cast<std::ptrdiff_t>(from - *notes.at);
        if (!read_run(store, from, store.end(), [&out](std::span<const std::byte> run) {
                out = std::copy(run.begin(), run.end(), out);
            }))
            return false;
    }
    return notes.check ? crc_of(0, both) == *notes.check : both == head;
}

// What there is must be enough.
Result<void> check_size(const HeadNotes &notes, std::uint64_t size, std::uint64_t part,
                        std::uint64_t end)
{
    if (part > 0 && size != notes.size)
        return lost(size, notes.size);
    // what comes behind the head was there only when that was full
    const std::uint64_t least = notes.at ? notes.size : end > 0 ? notes.header : 0;
    if (size < least)
        return lost(size, least);
    if (size == 0 && notes.length != std::uint64_t{0})
        return nothing_there();
    return {};
}

} // namespace

Result<LateHead> place_head(const HeadNotes &notes, const std::vector<std::byte> &head,
                            const HeadAtServer &there, ReplayStore &store)
{
    LateHead out;
    if (notes.header == 0)
        return out;
    store.skip_to(there.released); // the head may be at the server, too
    out.size = notes.size;
    if (notes.at && store.end() >= *notes.at + notes.size)
        return out;
    const std::uint64_t part = notes.at && store.end() > *notes.at ? store.end() - *notes.at : 0;
    if (const auto enough = check_size(notes, head.size(), part, store.end()); !enough)
        return enough.error();
    out.size = head.size();
    if (head.empty())
        return out;
    const std::uint64_t at = store.end() - part;
    if (!is_last(notes, head, store)) {
        if (there.begun || there.released > at)
            return of_two_moments();
        out.told = kOlder;
    }
    if (part == 0 || !out.told.empty())
        store.note(note_name::kHeadAt, head_note(at, head));
    const auto begin = std::span(head).first(static_cast<std::size_t>(part));
    if (!out.told.empty() && !store.rewrite(at, begin))
        return of_two_moments();
    const auto rest = std::span(head).subspan(begin.size());
    if (store.append_beyond(rest) == rest.size())
        return out;
    return Error{.kind = ErrorKind::kDisk,
                 .message = "There is no room for the recording's first bytes, which are uploaded "
                            "last."};
}

std::string hash_of_file(const ReplayStore &store, std::uint64_t head)
{
    RecordingHash hash;
    const auto add = [&hash](std::span<const std::byte> run) { hash.add(run); };
    const std::uint64_t body = store.end() - std::min(head, store.end());
    const bool whole = read_run(store, body, store.end(), add) && read_run(store, 0, body, add);
    return whole ? hash.of(store.end()) : std::string();
}

} // namespace gsttus
