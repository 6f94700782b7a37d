// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Patches in order, merged where they touch; and the Piece that shows them.
#include "replay/overlay.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace gsttus {

namespace {

std::string_view text_of(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

constexpr std::size_t kMostShown = std::size_t{64} << 10; // what is changed in it is copied

class PatchedPiece final : public Piece {
public:
    PatchedPiece(std::shared_ptr<const Piece> piece, Overlay overlay)
        : piece_(std::move(piece)), overlay_(std::move(overlay))
    {
    }

    std::uint64_t begin() const override { return piece_->begin(); }

    std::uint64_t end() const override { return piece_->end(); }

    Result<std::span<const std::byte>> view(std::uint64_t at, std::size_t most) const override
    {
        const Result<std::span<const std::byte>> run = piece_->view(at, std::min(most, kMostShown));
        if (!run || !overlay_.covers_some(at, at + run->size()))
            return run;
        changed_.assign(run->begin(), run->end()); // what it shows is not ours to change
        overlay_.apply(at, changed_);
        return std::span<const std::byte>(changed_);
    }

private:
    std::shared_ptr<const Piece> piece_;
    const Overlay overlay_;
    mutable std::vector<std::byte> changed_; // what was shown last
};

} // namespace

void Overlay::put(std::uint64_t position, std::span<const std::byte> bytes)
{
    if (bytes.empty())
        return;
    const std::uint64_t end = position + bytes.size();
    auto at = patches_.upper_bound(position);
    if (at != patches_.begin() && std::prev(at)->first + std::prev(at)->second.size() >= position)
        --at;
    else
        at = patches_.emplace_hint(at, position, std::string());
    std::string &text = at->second;
    const auto offset = static_cast<std::size_t>(position - at->first);
    size_ -= text.size();
    text.replace(offset, std::min(bytes.size(), text.size() - offset), text_of(bytes));
    auto next = std::next(at);
    while (next != patches_.end() && next->first <= end) {
        size_ -= next->second.size();
        if (next->first + next->second.size() > end)
            text += std::string_view(next->second).substr(end - next->first);
        next = patches_.erase(next);
    }
    size_ += text.size();
}

bool Overlay::covers_some(std::uint64_t begin, std::uint64_t end) const
{
    const auto next = patches_.lower_bound(end);
    if (begin >= end || next == patches_.begin())
        return false;
    const auto last = std::prev(next);
    return last->first + last->second.size() > begin;
}

void Overlay::apply(std::uint64_t at, std::span<std::byte> out) const
{
    const std::uint64_t end = at + out.size();
    auto patch = patches_.upper_bound(at);
    if (patch != patches_.begin())
        --patch;
    for (; patch != patches_.end() && patch->first < end; ++patch) {
        const std::uint64_t from = std::max(at, patch->first);
        const std::uint64_t to = std::min(end, patch->first + patch->second.size());
        if (from < to)
            std::memcpy(out.data() + (from - at), patch->second.data() + (from - patch->first),
                        static_cast<std::size_t>(to - from));
    }
}

Overlay Overlay::part(std::uint64_t begin, std::uint64_t end) const
{
    Overlay out;
    auto patch = patches_.upper_bound(begin);
    if (patch != patches_.begin())
        --patch;
    for (; patch != patches_.end() && patch->first < end; ++patch) {
        const std::uint64_t from = std::max(begin, patch->first);
        const std::uint64_t to = std::min(end, patch->first + patch->second.size());
        if (from < to)
            out.put(from, std::as_bytes(std::span(patch->second)
                                            .subspan(static_cast<std::size_t>(from - patch->first),
                                                     static_cast<std::size_t>(to - from))));
    }
    return out;
}

void Overlay::keep_only(std::uint64_t begin, std::uint64_t end)
{
    const auto end_of = [](const auto &patch) { return patch.first + patch.second.size(); };
    while (!empty() && end_of(*patches_.begin()) <= begin)
        drop(patches_.begin());
    while (!empty() && patches_.rbegin()->first >= end)
        drop(std::prev(patches_.end()));
    if (!empty() && patches_.begin()->first < begin) {
        const auto [at, text] = drop(patches_.begin());
        put(begin, std::as_bytes(std::span(text)).subspan(static_cast<std::size_t>(begin - at)));
    }
    if (!empty() && end_of(*patches_.rbegin()) > end) {
        const auto [at, text] = drop(std::prev(patches_.end()));
        put(at, std::as_bytes(std::span(text)).first(static_cast<std::size_t>(end - at)));
    }
}

std::pair<std::uint64_t, std::string> Overlay::drop(Patches::const_iterator patch)
{
    auto node = patches_.extract(patch);
    size_ -= node.mapped().size();
    return {node.key(), std::move(node.mapped())};
}

std::shared_ptr<const Piece> patched(std::shared_ptr<const Piece> piece, const Overlay &overlay)
{
    if (!piece || !overlay.covers_some(piece->begin(), piece->end()))
        return piece;
    Overlay part = overlay.part(piece->begin(), piece->end());
    return std::make_shared<PatchedPiece>(std::move(piece), std::move(part));
}

} // namespace gsttus
