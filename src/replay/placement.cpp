// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Every function leaves segments and spool of one mind.
#include "replay/placement.h"

namespace gsttus {

namespace {

std::shared_ptr<MemoryBlock> release(Segment segment, Spool &spool)
{
    if (segment.file)
        spool.release_file(segment.file, segment.length());
    return std::move(segment.block);
}

} // namespace

std::size_t append_to_disk(Segments &segments, Spool &spool, std::span<const std::byte> data)
{
    const auto written = spool.write(segments.end(), data, Spool::Bound::kConfigured);
    if (!written)
        return 0;
    segments.append(*written);
    return written->length;
}

Result<std::span<const std::byte>> movable(const Segment &segment, FileOps &ops,
                                           std::vector<std::byte> &buffer)
{
    if (segment.block)
        return segment.bytes();
    const auto piece = make_piece(segment, ops);
    buffer.resize(segment.checks.front().length);
    for (std::size_t done = 0; done < buffer.size();) {
        const auto got = piece->read(segment.begin + done, std::span(buffer).subspan(done));
        if (!got)
            return got.error();
        done += *got;
    }
    return std::span<const std::byte>(buffer);
}

bool move_written(Segments &segments, Spool &spool, std::size_t index, const SpilledRun &written)
{
    // a run of a file moves as a whole: of a part there is no check value
    if (segments[index].file && written.length != segments[index].checks.front().length) {
        spool.release_file(written.file, written.length);
        return false;
    }
    const std::shared_ptr<SpillFile> old = segments[index].file;
    const bool own = segments.move_to_disk(index, written);
    if (old)
        spool.release_file(old, written.length);
    return own;
}

Moved move_to_disk(Segments &segments, Spool &spool, std::size_t index, Spool::Bound bound)
{
    Moved moved;
    std::vector<std::byte> buffer;
    while (!moved.whole) {
        const std::size_t rest = index + moved.parts;
        const std::uint64_t length = segments[rest].length();
        const auto data = movable(segments[rest], spool.ops(), buffer);
        if (!data) {
            spool.trouble().report(data.error(), spool.used());
            break;
        }
        const auto written = spool.write(segments[rest].begin, *data, bound);
        if (!written)
            break;
        if (move_written(segments, spool, rest, *written))
            ++moved.parts;
        moved.whole = written->length == length;
    }
    return moved;
}

std::shared_ptr<MemoryBlock> free_front(Segments &segments, Spool &spool)
{
    return release(segments.take_front(), spool);
}

void free_back(Segments &segments, Spool &spool)
{
    (void)release(segments.take_back(), spool);
}

} // namespace gsttus
