// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The order is a promise: a service manager's word first, then the user's own folders, then the one
// that is always there. What is relative counts as not set, as for systemd and XDG.
#include "upload/spool_places.h"

#include "base/text.h"

#include <algorithm>

#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr const char *kName = "/gst-tus";

bool is_absolute(const std::string &path)
{
    return path.starts_with('/');
}

std::string variable(const char *name)
{
    const char *value = g_getenv(name);
    return value ? value : "";
}

std::vector<std::string> absolute_parts(const std::string &list)
{
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= list.size();) {
        const std::size_t end = std::min(list.find(':', from), list.size());
        std::string part = list.substr(from, end - from);
        if (is_absolute(part))
            parts.push_back(std::move(part));
        from = end + 1;
    }
    return parts;
}

bool is_folder(const std::string &path)
{
    struct stat info {};

    return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// As far as it exists, it is folders, and in the last of them one can be made.
bool can_be_made(std::string path)
{
    while (path.size() > 1 && ::access(path.c_str(), F_OK) != 0)
        path.resize(std::max<std::size_t>(path.rfind('/'), 1));
    return is_folder(path) && ::access(path.c_str(), W_OK | X_OK) == 0;
}

bool has_state_home(const UserPlaces &places)
{
    if (!is_absolute(places.state_home))
        return false;
    if (is_absolute(places.xdg_state_home))
        return true; // the user's word: where it cannot be used, that is to be said
    return is_absolute(places.home) && is_folder(places.home) && can_be_made(places.state_home);
}

} // namespace

UserPlaces user_places()
{
    UserPlaces places;
    places.state_directory = variable("STATE_DIRECTORY");
    places.home = variable("HOME");
    places.xdg_state_home = variable("XDG_STATE_HOME");
    places.state_home = g_get_user_state_dir();
    places.cache_home = g_get_user_cache_dir();
    places.uid = ::geteuid();
    return places;
}

std::string default_spool_dir(const UserPlaces &places)
{
    if (const auto given = absolute_parts(places.state_directory); !given.empty())
        return given.front();
    return has_state_home(places) ? cat(places.state_home, kName) : shared_spool_dir(places);
}

std::string default_spool_dir()
{
    return default_spool_dir(user_places());
}

std::vector<std::string> usual_spool_dirs(const UserPlaces &places)
{
    std::vector<std::string> all = absolute_parts(places.state_directory);
    for (const std::string &parent : {places.state_home, places.cache_home}) {
        if (is_absolute(parent))
            all.push_back(cat(parent, kName));
    }
    all.push_back(shared_spool_dir(places));
    std::vector<std::string> once;
    for (std::string &path : all) {
        if (std::find(once.begin(), once.end(), path) == once.end())
            once.push_back(std::move(path));
    }
    return once;
}

std::vector<std::string> usual_spool_dirs()
{
    return usual_spool_dirs(user_places());
}

std::string shared_spool_dir(const UserPlaces &places)
{
    return cat(places.shared, kName, '-', places.uid);
}

std::string shared_spool_dir()
{
    return shared_spool_dir(user_places());
}

bool is_own_folder(const std::string &path)
{
    // a slash at its end would follow a link
    const std::size_t last = path.find_last_not_of('/');
    const std::string name = last == std::string::npos ? path : path.substr(0, last + 1);

    struct stat info {};

    return ::lstat(name.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
           info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

} // namespace gsttus
