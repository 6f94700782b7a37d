// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A folder is what it is on the disk, not what it is called: device and inode tell.
#include "recover/folders.h"

#include "base/text.h"
#include "glib/ptr.h"
#include "replay/spool_folder.h"
#include "upload/spool_places.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include <dirent.h>
#include <sys/stat.h>

namespace gsttus {

namespace {

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const std::string &path)
{
    struct stat info {};

    if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
        return std::nullopt;
    return Identity{info.st_dev, info.st_ino};
}

std::string parent_of(std::string path)
{
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    const GCharOwn parent(g_path_get_dirname(path.c_str()));
    return parent.get();
}

std::string name_of(const std::string &path)
{
    const GCharOwn name(g_path_get_basename(path.c_str()));
    return name.get();
}

// What lies there is what sinks put there, or nothing yet: another folder was named by mistake.
bool looks_like_a_spool(const std::string &path)
{
    DIR *stream = ::opendir(path.c_str());
    if (!stream)
        return true; // who reads it says why it cannot be read
    bool empty = true;
    bool ours = false;
    while (const dirent *entry = ::readdir(stream)) { // NOLINT(concurrency-mt-unsafe): own stream
        const std::string_view name = entry->d_name;
        ours = ours || is_upload_id(name) || name == "proofs";
        empty = empty && (name == "." || name == ".." || name == "lost+found");
    }
    ::closedir(stream);
    return empty || ours;
}

Error wrong(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

// An upload by its folder, wherever links lead.
Place upload_place(const std::string &path)
{
    const std::unique_ptr<char, GDelete<&std::free>> real(::realpath(path.c_str(), nullptr));
    const std::string whole = real ? real.get() : path;
    return {parent_of(whole), name_of(whole)};
}

// Commands and messages name it: that shall not depend on where we are.
std::string absolute(const std::string &path)
{
    const GCharOwn here(g_get_current_dir());
    return path.starts_with('/') ? path : cat(here.get(), '/', path);
}

Result<Place> place_of(const std::string &given, MayBeAbsent absent)
{
    const std::string path = absolute(given);

    struct stat info {};

    if (::stat(path.c_str(), &info) != 0) {
        const int error = errno;
        if (error == EACCES)
            return Error{.kind = ErrorKind::kNotAuthorized,
                         .message = cat(path, " belongs to another user: run gst-tus-recover as "
                                              "that user")};
        if (error != ENOENT)
            return wrong(cat(path, " can not be looked at: ", g_strerror(error)));
        if (absent == MayBeAbsent::kNo)
            return wrong(cat("there is no folder ", path));
        const bool upload = is_upload_id(name_of(path));
        return upload ? Place{parent_of(path), name_of(path)} : Place{path, {}};
    }
    if (!S_ISDIR(info.st_mode))
        return wrong(cat(path, " is no folder"));
    if (const Place upload = upload_place(path); is_upload_id(upload.only))
        return upload;
    if (!looks_like_a_spool(path))
        return wrong(cat(path, " is neither a spool folder nor the folder of an upload"));
    return Place{path, {}};
}

bool covers(const Place &one, const Place &other)
{
    if (!one.only.empty() && one.only != other.only)
        return false;
    const auto identity = identity_of(one.spool_dir);
    return one.spool_dir == other.spool_dir ||
           (identity && identity == identity_of(other.spool_dir));
}

// What another one includes is left out.
std::vector<Place> each_once(const std::vector<Place> &places)
{
    std::vector<Place> once;
    for (const Place &place : places) {
        const auto covered = [&](const Place &other) { return covers(other, place); };
        if (std::any_of(once.begin(), once.end(), covered))
            continue;
        std::erase_if(once, [&](const Place &other) { return covers(place, other); });
        once.push_back(place);
    }
    return once;
}

} // namespace

Result<std::vector<Place>> named_places(const std::vector<std::string> &paths, MayBeAbsent absent)
{
    std::vector<Place> places;
    for (const std::string &path : paths) {
        Result<Place> place = place_of(path, absent);
        if (!place)
            return place.error();
        places.push_back(std::move(*place));
    }
    return each_once(places);
}

std::vector<Place> usual_places(std::vector<std::string> &refused)
{
    std::vector<Place> places;
    for (const std::string &path : usual_spool_dirs()) {
        if (!identity_of(path))
            continue;
        if (path == shared_spool_dir() && !is_own_folder(path))
            refused.push_back(path);
        else
            places.push_back({path, {}});
    }
    return each_once(places);
}

} // namespace gsttus
