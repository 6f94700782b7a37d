// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fragments.h"

#include <algorithm>

namespace gsttus::standin {

namespace {

constexpr std::uint64_t kLargestBox = 1 << 20; // of those that are read whole
constexpr std::size_t kMostBoxes = 8 * kMostFragments;
constexpr std::uint32_t kNoSyncSample = 0x10000;

// Big-endian; what is not there is 0.
std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size)
{
    std::uint64_t value = 0;
    for (std::size_t i = at; i < at + size; ++i)
        value = value << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
    return value;
}

std::uint32_t number32(std::string_view bytes, std::size_t at)
{
    return static_cast<std::uint32_t>(number(bytes, at, 4));
}

std::string text(std::string_view bytes, std::size_t at, std::size_t size)
{
    return std::string(bytes.substr(std::min(at, bytes.size()), size));
}

struct Box {
    std::string type{};
    std::uint64_t head = 0; // size of its own header
    std::uint64_t size = 0; // with it
};

// The box that begins with these bytes, of which `left` are there; nothing: there is none.
std::optional<Box> read_box(std::string_view start, std::uint64_t left)
{
    if (start.size() < 8)
        return std::nullopt;
    Box box{.type = std::string(start.substr(4, 4)), .head = 8, .size = number(start, 0, 4)};
    if (box.size == 1) {
        box.head = 16;
        box.size = number(start, 8, 8);
    } else if (box.size == 0) {
        box.size = left;
    }
    if (box.size < box.head || box.size > left)
        return std::nullopt;
    return box;
}

// Calls each(type, content, place of the box) for the boxes that lie in these bytes.
template <typename Each>
void for_boxes(std::string_view bytes, Each each)
{
    std::size_t at = 0;
    while (const auto box = read_box(bytes.substr(at), bytes.size() - at)) {
        each(std::string_view(box->type), bytes.substr(at + box->head, box->size - box->head), at);
        at += box->size;
    }
}

// The content of the first of that type; empty: there is none.
std::string_view child(std::string_view bytes, std::string_view wanted)
{
    std::string_view found;
    for_boxes(bytes, [&](std::string_view type, std::string_view content, std::size_t) {
        if (type == wanted && found.empty())
            found = content;
    });
    return found;
}

std::uint32_t id_of_trak(std::string_view trak)
{
    const std::string_view tkhd = child(trak, "tkhd");
    return number32(tkhd, number(tkhd, 0, 1) ? 20 : 12);
}

// Nothing: it is not made for fragments.
std::vector<Track> read_tracks(std::string_view moov)
{
    std::vector<Track> tracks;
    const std::string_view mvex = child(moov, "mvex");
    if (mvex.empty())
        return tracks;
    for_boxes(moov, [&](std::string_view type, std::string_view trak, std::size_t) {
        if (type != "trak")
            return;
        const std::string_view mdia = child(trak, "mdia");
        const std::string_view mdhd = child(mdia, "mdhd");
        const std::uint32_t timescale = number32(mdhd, number(mdhd, 0, 1) ? 20 : 12);
        tracks.push_back({.id = id_of_trak(trak),
                          .handler = text(child(mdia, "hdlr"), 8, 4),
                          .timescale = std::max<std::uint32_t>(timescale, 1)});
    });
    for_boxes(mvex, [&](std::string_view type, std::string_view trex, std::size_t) {
        if (type != "trex")
            return;
        for (Track &track : tracks) {
            if (track.id != number32(trex, 4))
                continue;
            track.default_duration = number32(trex, 12);
            track.default_flags = number32(trex, 20);
        }
    });
    return tracks;
}

// What of one track is in a fragment.
class TrackRun {
public:
    TrackRun(std::size_t index, const Track &track, std::uint64_t start)
        : duration_(track.default_duration),
          flags_(track.default_flags), fragment_{.track = index, .start = start}
    {
    }

    const Fragment &fragment() const { return fragment_; }

    // False: it is not as the standard wants it.
    bool read(std::string_view traf)
    {
        bool good = true;
        for_boxes(traf, [&](std::string_view type, std::string_view content, std::size_t) {
            if (type == "tfhd")
                good = good && read_defaults(content);
            else if (type == "tfdt")
                fragment_.start = number(content, 4, number(content, 0, 1) ? 8 : 4);
            else if (type == "trun")
                good = good && read_samples(content);
        });
        return good;
    }

private:
    bool read_defaults(std::string_view tfhd)
    {
        const std::uint64_t flags = number(tfhd, 1, 3);
        std::size_t at = 8;
        if (flags & 0x1) // its samples are at a place in the file, not behind it
            return false;
        if (flags & 0x2)
            at += 4;
        if (flags & 0x8) {
            duration_ = number32(tfhd, at);
            at += 4;
        }
        if (flags & 0x10)
            at += 4;
        if (flags & 0x20)
            flags_ = number32(tfhd, at);
        return true;
    }

    bool read_samples(std::string_view trun)
    {
        const std::uint64_t flags = number(trun, 1, 3);
        const std::uint64_t count = number(trun, 4, 4);
        std::size_t at = 8 + (flags & 0x1 ? 4 : 0);
        std::uint32_t first = flags_;
        if (flags & 0x4) {
            first = number32(trun, at);
            at += 4;
        }
        const std::size_t sizes[] = {flags & 0x100 ? 4U : 0U, flags & 0x200 ? 4U : 0U,
                                     flags & 0x400 ? 4U : 0U, flags & 0x800 ? 4U : 0U};
        const std::size_t each = sizes[0] + sizes[1] + sizes[2] + sizes[3];
        if (at > trun.size() || (each > 0 && count > (trun.size() - at) / each))
            return false;
        if (count > 0 && sizes[2])
            first = number32(trun, at + sizes[0] + sizes[1]);
        if (count > 0 && samples_ == 0)
            fragment_.sync = !(first & kNoSyncSample);
        samples_ += count;
        if (!sizes[0])
            fragment_.duration += count * duration_;
        for (std::uint64_t i = 0; sizes[0] && i < count; ++i)
            fragment_.duration += number32(trun, at + i * each);
        return true;
    }

    std::uint32_t duration_;
    std::uint32_t flags_;
    Fragment fragment_;
    std::uint64_t samples_ = 0;
};

// Goes through the boxes of a file, one after the other.
class Scan {
public:
    Scan(const ReadAt &read, std::uint64_t size) : read_(read), size_(size) {}

    std::optional<Fragments> run()
    {
        std::uint64_t at = 0;
        for (std::size_t n = 0; n < kMostBoxes; ++n) {
            const auto box = read_box(read_(at, 16), size_ - at);
            if (!box)
                break;
            if (!take(*box, at))
                return std::nullopt;
            at += box->size;
        }
        if (found_.all.empty())
            return std::nullopt;
        return std::move(found_);
    }

private:
    bool take(const Box &box, std::uint64_t at)
    {
        const auto content = [&] {
            return box.size > kLargestBox
                       ? std::string()
                       : read_(at + box.head, static_cast<std::size_t>(box.size - box.head));
        };
        if (at == 0)
            return box.type == "ftyp" || box.type == "styp";
        if (box.type == "moov") {
            if (found_.header > 0)
                return false;
            found_.tracks = read_tracks(content());
            ends_.resize(found_.tracks.size());
            found_.header = done_ = at + box.size;
            return !found_.tracks.empty() && found_.header <= kLargestHeader;
        }
        if (box.type == "moof")
            return found_.header > 0 && begin(content());
        if (box.type != "mdat")
            return true;
        // samples without a fragment before them are those of the header
        return (open_ || !found_.all.empty()) && end(at + box.size);
    }

    bool begin(std::string_view moof)
    {
        open_.reset();
        bool good = true;
        for_boxes(moof, [&](std::string_view type, std::string_view traf, std::size_t) {
            if (type == "traf")
                good = good && add(traf);
        });
        return good && open_;
    }

    bool add(std::string_view traf)
    {
        const std::uint32_t id = number32(child(traf, "tfhd"), 4);
        const auto track = std::find_if(found_.tracks.begin(), found_.tracks.end(),
                                        [&](const Track &one) { return one.id == id; });
        if (track == found_.tracks.end())
            return false;
        const auto index = static_cast<std::size_t>(track - found_.tracks.begin());
        TrackRun run(index, *track, ends_[index]);
        if (!run.read(traf))
            return false;
        const Fragment &one = run.fragment();
        ends_[index] = one.start + one.duration;
        found_.mixed = found_.mixed || open_;
        if (!open_ || (track->video() && !found_.tracks[open_->track].video()))
            open_ = one;
        return true;
    }

    bool end(std::uint64_t at)
    {
        if (open_) {
            open_->bytes.first = done_;
            found_.all.push_back(*open_);
            open_.reset();
        }
        Fragment &last = found_.all.back();
        last.bytes.size = at - last.bytes.first;
        done_ = at;
        return found_.all.size() <= kMostFragments;
    }

    const ReadAt &read_;
    const std::uint64_t size_;
    Fragments found_{};
    std::uint64_t done_ = 0;            // where the last whole fragment, or the header, ends
    std::optional<Fragment> open_{};    // whose samples have not come yet
    std::vector<std::uint64_t> ends_{}; // of each track so far, in its units
};

void blank(std::string &bytes, std::size_t at)
{
    bytes.replace(at + 4, 4, "free");
}

} // namespace

std::optional<Fragments> find_fragments(const ReadAt &read, std::uint64_t size)
{
    return Scan(read, size).run();
}

// Nothing moves: what is of other tracks becomes free space.
std::string header_of_track(std::string header, std::uint64_t track)
{
    const std::string before = header;
    const std::string_view moov = child(before, "moov");
    if (moov.empty())
        return header;
    const auto place = [&](std::string_view inner) {
        return static_cast<std::size_t>(inner.data() - before.data());
    };
    for_boxes(moov, [&](std::string_view type, std::string_view content, std::size_t at) {
        if (type == "trak" && id_of_trak(content) != track)
            blank(header, place(moov) + at);
        if (type != "mvex")
            return;
        for_boxes(content, [&](std::string_view inner, std::string_view trex, std::size_t where) {
            if (inner == "trex" && number32(trex, 4) != track)
                blank(header, place(content) + where);
        });
    });
    return header;
}

} // namespace gsttus::standin
