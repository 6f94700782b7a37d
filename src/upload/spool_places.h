// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where recordings are kept unless a folder is named: one list for the sinks, which take the first
// place, and gst-tus-recover, which looks at all. Any thread; looks at folders, makes none.
#pragma once

#include <string>
#include <vector>

namespace gsttus {

// What the environment says. A value, so that the choice can be tried without it.
struct UserPlaces {
    std::string state_directory; // $STATE_DIRECTORY: systemd's, several with ":" between
    std::string home;            // $HOME
    std::string xdg_state_home;  // $XDG_STATE_HOME
    std::string state_home;      // g_get_user_state_dir()
    std::string cache_home;      // g_get_user_cache_dir()
    std::string shared = "/var/tmp";
    unsigned uid = 0;
};

UserPlaces user_places(); // of this process

// The first of systemd's state directories; else below the user's state folder; else, where there
// is no home that can be used, shared_spool_dir(). Always absolute.
std::string default_spool_dir(const UserPlaces &places);
std::string default_spool_dir();

// Every place where default_spool_dir() of this user may have been, now or in earlier versions, in
// that order, each once; none has to exist.
std::vector<std::string> usual_spool_dirs(const UserPlaces &places);
std::vector<std::string> usual_spool_dirs();

// /var/tmp/gst-tus-UID. Everybody can make a folder there.
std::string shared_spool_dir(const UserPlaces &places);
std::string shared_spool_dir();

// A folder, not a link to one, that is this user's and that nobody else can write to.
bool is_own_folder(const std::string &path);

} // namespace gsttus
