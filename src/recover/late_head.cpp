// A crash may have come at any moment: before the head was put behind the rest, or while it was.
#include "recover/late_head.h"

#include "base/text.h"
#include "upload/note_names.h"
#include "upload/recording_hash.h"

#include <algorithm>
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

bool add_run(const ReplayStore &store, std::uint64_t from, std::uint64_t to, RecordingHash &hash)
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
        hash.add(std::span(buffer).first(*got));
        from += *got;
    }
    return true;
}

} // namespace

Result<std::uint64_t> place_head(const HeadNotes &notes, const std::vector<std::byte> &head,
                                 std::uint64_t released, ReplayStore &store)
{
    if (notes.header == 0)
        return std::uint64_t{0};
    if (notes.at && store.end() >= *notes.at + notes.size)
        return notes.size;
    std::span<const std::byte> rest(head);
    if (notes.at && store.end() > *notes.at) { // a part of it is there
        if (head.size() != notes.size)
            return lost(head.size(), notes.size);
        rest = rest.subspan(static_cast<std::size_t>(store.end() - *notes.at));
    } else {
        store.skip_to(released);
        // what comes behind the head was there only when that was full
        const std::uint64_t least = notes.at ? notes.size : store.end() > 0 ? notes.header : 0;
        if (head.size() < least)
            return lost(head.size(), least);
        if (head.empty())
            return std::uint64_t{0};
        store.note(note_name::kHeadAt, cat(store.end(), ' ', head.size()));
    }
    if (store.append_beyond(rest) == rest.size())
        return std::uint64_t{head.size()};
    return Error{.kind = ErrorKind::kDisk,
                 .message = "There is no room for the recording's first bytes, which are uploaded "
                            "last."};
}

std::string hash_of_file(const ReplayStore &store, std::uint64_t head)
{
    RecordingHash hash;
    const std::uint64_t body = store.end() - std::min(head, store.end());
    const bool whole = add_run(store, body, store.end(), hash) && add_run(store, 0, body, hash);
    return whole ? hash.of(store.end()) : std::string();
}

} // namespace gsttus
