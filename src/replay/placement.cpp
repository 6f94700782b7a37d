// Every function leaves segments and spool of one mind.
#include "replay/placement.h"

namespace gsttus {

namespace {

void release_file(const Segment &segment, Spool &spool)
{
    if (segment.file)
        spool.release_file(segment.file, segment.length());
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

Moved move_to_disk(Segments &segments, Spool &spool, std::size_t index, Spool::Bound bound)
{
    Moved moved;
    while (!moved.whole) {
        const std::size_t rest = index + moved.parts;
        const auto data = segments[rest].bytes();
        const auto written = spool.write(segments[rest].begin, data, bound);
        if (!written)
            break;
        moved.whole = written->length == data.size();
        moved.parts += segments.move_to_disk(rest, *written) ? 1 : 0;
    }
    return moved;
}

void free_front(Segments &segments, Spool &spool)
{
    release_file(segments.take_front(), spool);
}

void free_back(Segments &segments, Spool &spool)
{
    release_file(segments.take_back(), spool);
}

} // namespace gsttus
