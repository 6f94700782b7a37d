// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What servers have shown: remembered for each service, whatever is in the file, and whoever else
// writes it.
#include "replay_fixture.h"
#include "upload/proofs.h"

#include <ctime>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <utime.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kServer = "https://tus.example.org/files/";

struct Folder {
    TempDir dir;

    std::string file() const { return dir.spool() + "/proofs"; }

    void remembered_until_it_fails()
    {
        const Proofs proofs(dir.spool(), kServer);
        g_assert_false(proofs.has());
        proofs.set(false); // nothing to note
        g_assert_false(fs::exists(dir.spool()));
        proofs.set(true);
        g_assert_true(Proofs(dir.spool(), kServer).has());
        g_assert_false(Proofs(dir.spool(), "https://tus.example.org/other/").has());
        g_assert_false(Proofs(dir.spool(), "http://tus.example.org/files/").has());
        Proofs(dir.spool(), "https://api.example.com").set(true);
        proofs.set(false);
        g_assert_false(proofs.has());
        g_assert_true(Proofs(dir.spool(), "https://api.example.com").has());

        struct stat info {};

        g_assert_cmpint(::stat(file().c_str(), &info), ==, 0);
        g_assert_cmpuint(info.st_mode & 0777, ==, 0600);
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 1);
    }

    void no_secret_is_written()
    {
        const Proofs proofs(dir.spool(), "https://user:pa5sw0rd@h.example/f/?key=s3cret#fr4gment");
        proofs.set(true);
        g_assert_true(proofs.has());
        g_assert_true(Proofs(dir.spool(), "https://h.example/f/?key=another").has());
        const std::string text = read_file(file());
        for (const char *secret : {"user", "pa5sw0rd", "s3cret", "fr4gment", "?"})
            g_assert_true(text.find(secret) == std::string::npos);
    }

    void nothing_to_remember_by()
    {
        for (const char *service : {"", "not a url", "/path", "https://"}) {
            const Proofs proofs(dir.spool(), service);
            proofs.set(true);
            g_assert_false(proofs.has());
        }
        const Proofs nowhere("", kServer);
        nowhere.set(true);
        g_assert_false(nowhere.has());
        const Proofs too_long(dir.spool(),
                              std::string("https://h.example/") + std::string(5000, 'x'));
        too_long.set(true);
        g_assert_false(too_long.has());
        g_assert_false(fs::exists(dir.spool()));
    }

    void garbage_never_hurts()
    {
        fs::create_directories(dir.spool());
        const Proofs proofs(dir.spool(), kServer);
        const std::string good = std::string("notes-length ") + kServer + "\n";
        const std::vector<std::string> garbage = {
            std::string(100, '\0'),
            std::string(200000, '\n'),
            std::string(70000, 'x') + "\n",
            "notes-length \xff\xfe\n",
            "notes-length",
            "\r\n",
            std::string("notes-length ") + kServer,
        };
        for (const std::string &text : garbage) {
            write_file(file(), text);
            g_assert_false(proofs.has());
            proofs.set(true);
            g_assert_true(proofs.has());
            g_assert_cmpuint(fs::file_size(file()), <, 64 << 10);
            proofs.set(false);
        }
        write_file(file(), "x\n" + good + "notes-something-else https://h.example\n");
        ::chmod(file().c_str(), 0600);
        g_assert_true(proofs.has());
        ::chmod(file().c_str(), 0666); // anybody may have written that
        g_assert_false(proofs.has());
    }

    void other_things_of_that_name_are_left_alone()
    {
        fs::create_directories(dir.spool());
        const Proofs proofs(dir.spool(), kServer);
        const std::string elsewhere = dir.path() + "/elsewhere";
        write_file(elsewhere, std::string("notes-length ") + kServer + "\n");
        fs::create_symlink(elsewhere, file());
        g_assert_false(proofs.has());
        fs::remove(file());
        g_assert_cmpint(::mkfifo(file().c_str(), 0600), ==, 0);
        g_assert_false(proofs.has()); // does not wait for a writer
        fs::remove(file());
        fs::create_directory(file());
        g_assert_false(proofs.has());
        proofs.set(true); // the log says that it could not
        g_assert_false(proofs.has());
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 1);
    }

    void not_writable_is_no_trouble()
    {
        write_file(dir.path() + "/file", "");
        const Proofs proofs(dir.path() + "/file/spool", kServer);
        proofs.set(true);
        g_assert_false(proofs.has());
    }

    void what_a_crash_left_is_cleared_away()
    {
        fs::create_directories(dir.spool());
        const Proofs proofs(dir.spool(), kServer);
        write_file(file() + ".new", "half");
        const utimbuf old{::time(nullptr) - 3600, ::time(nullptr) - 3600};
        g_assert_cmpint(::utime((file() + ".new").c_str(), &old), ==, 0);
        proofs.set(true);
        g_assert_true(proofs.has());
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 1);
        // somebody else is writing: it is not ours to end that
        write_file(file() + ".new", "half");
        proofs.set(false);
        g_assert_true(proofs.has());
        g_assert_true(fs::exists(file() + ".new"));
    }

    void many_are_bounded()
    {
        for (int i = 0; i < 700; ++i)
            Proofs(dir.spool(), "https://h.example/" + std::to_string(i)).set(true);
        g_assert_true(Proofs(dir.spool(), "https://h.example/699").has());
        g_assert_false(Proofs(dir.spool(), "https://h.example/0").has());
        g_assert_cmpuint(fs::file_size(file()), <=, 16 << 10);
    }

    void several_writers_do_not_spoil_it()
    {
        std::vector<std::thread> writers;
        for (int i = 0; i < 8; ++i) {
            writers.emplace_back([this, i] {
                const Proofs proofs(dir.spool(), "https://h.example/" + std::to_string(i));
                for (int round = 0; round < 20; ++round)
                    proofs.set(round % 2 == 0);
            });
        }
        for (std::thread &writer : writers)
            writer.join();
        g_assert_cmpuint(dir.entries(dir.spool()).size(), ==, 1);
        const std::string text = read_file(file());
        g_assert_true(text.empty() || text.ends_with('\n'));
    }
};

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test<Folder, &Folder::remembered_until_it_fails>("/proofs/remembered");
    add_test<Folder, &Folder::no_secret_is_written>("/proofs/no-secret");
    add_test<Folder, &Folder::nothing_to_remember_by>("/proofs/nothing-to-remember-by");
    add_test<Folder, &Folder::garbage_never_hurts>("/proofs/garbage");
    add_test<Folder, &Folder::other_things_of_that_name_are_left_alone>("/proofs/other-things");
    add_test<Folder, &Folder::not_writable_is_no_trouble>("/proofs/not-writable");
    add_test<Folder, &Folder::what_a_crash_left_is_cleared_away>("/proofs/crash");
    add_test<Folder, &Folder::many_are_bounded>("/proofs/bounded");
    add_test<Folder, &Folder::several_writers_do_not_spoil_it>("/proofs/several-writers");
    return g_test_run();
}
