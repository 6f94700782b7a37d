// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where recordings are kept unless a folder is named: the choice, the list, and whose a folder is.
#include "base/text.h"
#include "glib/ptr.h"
#include "test.h"
#include "upload/spool_places.h"

#include <algorithm>
#include <string>
#include <vector>

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

struct Folder {
    Folder() : path(g_dir_make_tmp("places-XXXXXX", nullptr)) {}

    std::string in(std::string_view name) const { return cat(path.get(), '/', name); }

    const GCharOwn path;
};

// A user with a home, whose state is in its usual place.
UserPlaces with_home(const std::string &home)
{
    UserPlaces places;
    places.home = home;
    places.state_home = cat(home, "/.local/state");
    places.cache_home = cat(home, "/.cache");
    places.uid = 1234;
    return places;
}

struct Row {
    const char *name;
    const char *state_directory;
    const char *xdg_state_home; // "HOME/…": below the home
    const char *home;           // the name in the test's folder; empty: not set
    const char *chosen;
};

const std::vector<Row> kRows = {
    {"home", "", "", "home", "HOME/.local/state/gst-tus"},
    {"xdg", "", "HOME/x", "home", "HOME/x/gst-tus"},
    {"xdg-without-home", "", "HOME/x", "", "HOME/x/gst-tus"},
    {"xdg-relative", "", "x", "home", "HOME/.local/state/gst-tus"},
    {"systemd", "/var/lib/one", "HOME/x", "home", "/var/lib/one"},
    {"systemd-several", "/var/lib/one:/var/lib/two", "", "home", "/var/lib/one"},
    {"systemd-odd", "::relative:/var/lib/two:", "", "home", "/var/lib/two"},
    {"systemd-empty", ":", "", "home", "HOME/.local/state/gst-tus"},
    {"no-home", "", "", "", "/var/tmp/gst-tus-1234"},
    {"home-not-there", "", "", "gone", "/var/tmp/gst-tus-1234"},
    {"home-is-a-file", "", "", "file", "/var/tmp/gst-tus-1234"},
    {"state-is-a-file", "", "", "odd", "/var/tmp/gst-tus-1234"},
};

void the_first_place_is_chosen(const Row &row)
{
    const Folder folder;
    const std::string home = folder.in(*row.home ? row.home : "home");
    g_assert_cmpint(g_mkdir(folder.in("home").c_str(), 0700), ==, 0);
    g_assert_true(g_file_set_contents(folder.in("file").c_str(), "", 0, nullptr));
    g_assert_cmpint(g_mkdir(folder.in("odd").c_str(), 0700), ==, 0);
    g_assert_true(g_file_set_contents(folder.in("odd/.local").c_str(), "", 0, nullptr));
    const auto with = [&](std::string text) {
        return text.starts_with("HOME") ? home + text.substr(4) : text;
    };
    UserPlaces places = with_home(home);
    places.state_directory = row.state_directory;
    places.xdg_state_home = with(row.xdg_state_home);
    if (places.xdg_state_home.starts_with('/'))
        places.state_home = places.xdg_state_home;
    if (!*row.home)
        places.home.clear();
    ASSERT_STR(default_spool_dir(places), with(row.chosen));
    // whatever is chosen, a recovery finds
    const auto all = usual_spool_dirs(places);
    g_assert_true(std::find(all.begin(), all.end(), with(row.chosen)) != all.end());
}

void home_that_cannot_be_written_is_not_used()
{
    if (geteuid() == 0)
        return g_test_skip("root can write everywhere");
    const Folder folder;
    g_assert_cmpint(g_chmod(folder.path.get(), 0500), ==, 0);
    UserPlaces places = with_home(folder.path.get());
    ASSERT_STR(default_spool_dir(places), "/var/tmp/gst-tus-1234");
    g_assert_cmpint(g_chmod(folder.path.get(), 0700), ==, 0);
    g_assert_cmpint(g_mkdir_with_parents(places.state_home.c_str(), 0700), ==, 0);
    g_assert_cmpint(g_chmod(folder.path.get(), 0500), ==, 0); // the state is there already
    ASSERT_STR(default_spool_dir(places), places.state_home + "/gst-tus");
}

void all_places_are_listed_once()
{
    UserPlaces places = with_home("/srv/a");
    places.state_directory = "/var/lib/a:/srv/a/.cache/gst-tus:/var/lib/a";
    const std::vector<std::string> wanted = {"/var/lib/a", "/srv/a/.cache/gst-tus",
                                             "/srv/a/.local/state/gst-tus",
                                             "/var/tmp/gst-tus-1234"};
    g_assert_true(usual_spool_dirs(places) == wanted);
    g_assert_false(usual_spool_dirs().empty());
    g_assert_true(default_spool_dir().starts_with('/'));
}

void only_ones_own_folder_is_own()
{
    const Folder folder;
    const std::string own = folder.in("own");
    g_assert_false(is_own_folder(own));
    g_assert_cmpint(g_mkdir(own.c_str(), 0700), ==, 0);
    g_assert_true(is_own_folder(own));
    g_assert_true(is_own_folder(own + "/"));
    for (const int mode : {0720, 0702, 01777}) {
        g_assert_cmpint(g_chmod(own.c_str(), mode), ==, 0);
        g_assert_false(is_own_folder(own));
    }
    g_assert_cmpint(g_chmod(own.c_str(), 0755), ==, 0); // may be looked into
    g_assert_true(is_own_folder(own));
    const std::string link = folder.in("link");
    g_assert_cmpint(symlink(own.c_str(), link.c_str()), ==, 0);
    g_assert_false(is_own_folder(link));
    g_assert_false(is_own_folder(link + "/"));
    const std::string file = folder.in("file");
    g_assert_true(g_file_set_contents(file.c_str(), "", 0, nullptr));
    g_assert_false(is_own_folder(file));
    const std::string fifo = folder.in("fifo");
    g_assert_cmpint(mkfifo(fifo.c_str(), 0600), ==, 0);
    g_assert_false(is_own_folder(fifo));
    if (geteuid() != 0)
        return;
    g_assert_cmpint(chown(own.c_str(), 12345, 0), ==, 0);
    g_assert_false(is_own_folder(own));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const Row &row : kRows)
        add_row_test(std::string("/spool-places/chosen/") + row.name, row,
                     the_first_place_is_chosen);
    add_test("/spool-places/not-writable", home_that_cannot_be_written_is_not_used);
    add_test("/spool-places/listed", all_places_are_listed_once);
    add_test("/spool-places/own", only_ones_own_folder_is_own);
    return g_test_run();
}
