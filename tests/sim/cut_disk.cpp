// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What is synced is kept apart from what is not; what is not survives a cut by chance.
#include "cut_disk.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus::sim {

namespace {

constexpr std::size_t kPage = 4096;

std::vector<std::string> parts_of(const std::string &path)
{
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t slash = std::min(path.find('/', at), path.size());
        const std::string part = path.substr(at, slash - at);
        if (!part.empty() && part != ".")
            parts.push_back(part);
        at = slash + 1;
    }
    return parts;
}

} // namespace

const char *to_string(Survives survives)
{
    constexpr std::array kNames = {"nothing", "everything", "in order", "any"};
    return kNames[static_cast<std::size_t>(survives)];
}

const char *to_string(CutMutation mutation)
{
    constexpr std::array kNames = {"none", "forgets-files", "forgets-journal", "forgets-names",
                                   "forgets-folder"};
    return kNames[static_cast<std::size_t>(mutation)];
}

void CutDisk::load(Node &dir, const std::string &path)
{
    for (const auto &entry : std::filesystem::directory_iterator(path)) {
        auto node = std::make_shared<Node>();
        node->name = entry.path().filename().string();
        node->is_dir = entry.is_directory();
        node->is_synced = true;
        if (node->is_dir) {
            load(*node, entry.path().string());
        } else {
            std::ifstream file(entry.path(), std::ios::binary);
            node->content.assign(std::istreambuf_iterator<char>(file), {});
        }
        dir.names[node->name] = dir.names_now[node->name] = node;
    }
}

// --- the calls -----------------------------------------------------------------------------------

// Of a call that changes something. errno is set.
bool CutDisk::goes_wrong()
{
    if (others_run_)
        others_wrote_ = true;
    else if (others_ && random_.chance(20)) {
        others_run_ = true;
        others_();
        others_run_ = false;
    }
    off_ = off_ || ++calls_ > cut_at_;
    errno = off_ || random_.chance(50) ? EIO : ENOSPC;
    return off_ || (!spared_ && random_.chance(failing_));
}

CutDisk::Ref CutDisk::node_of(int fd) const
{
    const auto found = open_.find(fd);
    return found == open_.end() ? nullptr : found->second;
}

CutDisk::Place CutDisk::find(int dir, const char *name) const
{
    std::string path = name;
    Ref at = node_of(dir);
    if (dir == AT_FDCWD) {
        if (path != root_ && !path.starts_with(root_ + "/"))
            return {};
        at = top_;
        path = path.substr(root_.size());
    }
    Place place{.dir = nullptr, .name = {}, .node = at};
    for (const std::string &part : parts_of(path)) {
        if (!place.node)
            return {};
        const Ref in = place.node;
        const auto found = in->names_now.find(part);
        place = {in, part, found == in->names_now.end() ? nullptr : found->second};
    }
    return place;
}

int CutDisk::open_at(int dir, const char *name, int flags, mode_t mode)
{
    const bool changes = (flags & O_CREAT) != 0;
    if (changes && goes_wrong())
        return -1;
    const int fd = FileOps::open_at(dir, name, flags, mode);
    if (fd < 0)
        return fd;
    Place place = find(dir, name);
    if (!place.node && place.dir && changes) {
        place.node = std::make_shared<Node>();
        place.node->name = place.name;
        rename_in(place.dir, {.from = {}, .to = place.name, .node = place.node});
    } else if (place.node && (flags & O_TRUNC) != 0) {
        place.node->changes.push_back({.offset = 0, .bytes = {}});
    }
    open_[fd] = place.node;
    return fd;
}

int CutDisk::make_dir_at(int dir, const char *name, mode_t mode)
{
    if (goes_wrong())
        return -1;
    const int done = FileOps::make_dir_at(dir, name, mode);
    if (done != 0)
        return done;
    const Place place = find(dir, name);
    if (place.dir) {
        auto node = std::make_shared<Node>(Node{.name = place.name, .is_dir = true});
        rename_in(place.dir, {.from = {}, .to = place.name, .node = node});
    }
    return 0;
}

int CutDisk::remove_at(int dir, const char *name, int flags)
{
    spared_ = (flags & AT_REMOVEDIR) != 0; // what could not be made is not there
    const bool wrong = goes_wrong();
    spared_ = false;
    if (wrong)
        return -1;
    const Place place = find(dir, name);
    const int done = FileOps::remove_at(dir, name, flags);
    if (done == 0 && place.dir && place.node)
        rename_in(place.dir, {.from = place.name, .to = {}, .node = place.node});
    return done;
}

void CutDisk::remove_behind_the_back(const std::string &path)
{
    const Place place = find(AT_FDCWD, path.c_str());
    if (place.node && FileOps::remove_at(AT_FDCWD, path.c_str(), 0) == 0)
        rename_in(place.dir, {.from = place.name, .to = {}, .node = place.node});
}

int CutDisk::rename_at(int dir, const char *from, const char *to)
{
    if (goes_wrong())
        return -1;
    const Place place = find(dir, from);
    const int done = FileOps::rename_at(dir, from, to);
    if (done == 0 && place.node)
        rename_in(place.dir, {.from = from, .to = to, .node = place.node});
    return done;
}

ssize_t CutDisk::write_at(int fd, const void *data, std::size_t length, off_t offset)
{
    if (goes_wrong()) {
        if (off_ || length < 2 || random_.chance(50))
            return -1;
        length = random_.between(1, length - 1);
    }
    const ssize_t written = FileOps::write_at(fd, data, length, offset);
    const Ref node = node_of(fd);
    if (written > 0 && node)
        node->changes.push_back({.offset = static_cast<std::uint64_t>(offset),
                                 .bytes = std::string(static_cast<const char *>(data),
                                                      static_cast<std::size_t>(written))});
    return written;
}

ssize_t CutDisk::read_at(int fd, void *data, std::size_t length, off_t offset)
{
    errno = EIO;
    return off_ ? -1 : FileOps::read_at(fd, data, length, offset);
}

int CutDisk::truncate(int fd, off_t length)
{
    if (goes_wrong())
        return -1;
    const int done = FileOps::truncate(fd, length);
    if (const Ref node = node_of(fd); done == 0 && node)
        node->changes.push_back({.offset = static_cast<std::uint64_t>(length), .bytes = {}});
    return done;
}

int CutDisk::sync_data(int fd)
{
    return sync(fd, false);
}

int CutDisk::sync_all(int fd)
{
    return sync(fd, true);
}

bool CutDisk::is_mutated(const Node &node, bool all) const
{
    switch (mutation_) {
    case CutMutation::kForgetsFiles:
        return node.name.ends_with(".spill");
    case CutMutation::kForgetsJournal:
        return !all && node.is_synced && node.name == "journal.new";
    case CutMutation::kForgetsNames:
        return node.is_dir && node.name.starts_with("upload-");
    case CutMutation::kForgetsFolder:
        return node.is_dir && !node.name.starts_with("upload-");
    default:
        return false;
    }
}

int CutDisk::sync(int fd, bool all)
{
    if (goes_wrong())
        return -1;
    const Ref node = node_of(fd);
    if (!node)
        return 0;
    const bool mutated = is_mutated(*node, all);
    node->is_synced = true; // the first one of it is over
    if (mutated)
        return 0;
    for (const Change &change : node->changes)
        apply(change, node->content);
    node->changes.clear();
    for (const Naming &naming : node->namings) {
        apply(naming, node->names);
        last_in_order_ = std::max(last_in_order_, naming.number);
    }
    node->namings.clear();
    return 0;
}

std::optional<std::uint64_t> CutDisk::free_space(int)
{
    return std::uint64_t{1} << 40;
}

// --- what is left --------------------------------------------------------------------------------

void CutDisk::rename_in(const Ref &dir, Naming naming)
{
    naming.number = ++namings_;
    apply(naming, dir->names_now);
    dir->namings.push_back(std::move(naming));
}

void CutDisk::apply(const Naming &naming, Names &names)
{
    if (!naming.to.empty())
        names[naming.to] = naming.node;
    const auto old = naming.from.empty() ? names.end() : names.find(naming.from);
    if (old != names.end() && old->second == naming.node)
        names.erase(old);
}

void CutDisk::apply(const Change &change, std::string &content)
{
    if (change.bytes.empty()) {
        content.resize(change.offset);
        return;
    }
    content.resize(std::max<std::size_t>(content.size(), change.offset + change.bytes.size()));
    content.replace(change.offset, change.bytes.size(), change.bytes);
}

CutDisk::Names CutDisk::names_after(const Node &dir, Survives survives)
{
    Names names = dir.names;
    bool made = true; // what is new comes in order
    for (const Naming &naming : dir.namings) {
        const bool is_new = naming.from.empty();
        bool there = survives == Survives::kEverything;
        if (survives == Survives::kInOrder)
            there = naming.number <= last_in_order_;
        else if (survives == Survives::kAny && (made || !is_new))
            there = random_.chance(50);
        made = made && (!is_new || there);
        if (there)
            apply(naming, names);
    }
    return names;
}

// Page by page: as after one of the changes. So is the length.
std::string CutDisk::content_after(const Node &file, Survives survives)
{
    std::string content = file.content;
    if (survives == Survives::kNothing)
        return content;
    const std::size_t last = file.changes.size();
    const unsigned habit = static_cast<unsigned>(random_.below(3));
    const auto choose = [&]() -> std::size_t {
        if (survives == Survives::kEverything || habit == 0)
            return last;
        return habit == 1 ? random_.below(2) * last : random_.below(last + 1);
    };
    const std::size_t sized = choose();
    std::size_t size = content.size();
    std::vector<std::string> pages;
    std::vector<std::size_t> chosen;
    for (std::size_t n = 0; n <= last; ++n) {
        if (n > 0)
            apply(file.changes[n - 1], content);
        if (n == sized)
            size = content.size();
        while (pages.size() * kPage < content.size()) {
            pages.emplace_back(kPage, '\0');
            chosen.push_back(choose());
        }
        for (std::size_t p = 0; p < pages.size(); ++p) {
            if (chosen[p] != n || p * kPage >= content.size())
                continue;
            pages[p] = content.substr(p * kPage, kPage);
            pages[p].resize(kPage);
        }
    }
    std::string out;
    for (const std::string &page : pages)
        out += page;
    out.resize(size);
    return out;
}

void CutDisk::write_out(const Node &dir, Survives survives, const std::string &into)
{
    for (const auto &[name, node] : names_after(dir, survives)) {
        const std::string path = cat(into, '/', name);
        if (node->is_dir) {
            ::mkdir(path.c_str(), 0700);
            write_out(*node, survives, path);
        } else {
            std::ofstream(path, std::ios::binary) << content_after(*node, survives);
        }
    }
}

void CutDisk::leave(Survives survives, const std::string &into)
{
    last_in_order_ = random_.between(last_in_order_, namings_);
    write_out(*top_, survives, into);
}

} // namespace gsttus::sim
