// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What gst-tus-recover makes of words: credentials with their hosts, rates, names for a terminal,
// JSON lines, pauses, folders.
#include "base/text.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "recover/arguments.h"
#include "recover/command.h"
#include "recover/credentials.h"
#include "recover/elsewhere.h"
#include "recover/folders.h"
#include "recover/json_line.h"
#include "recover/watch.h"
#include "test.h"

#include <cstring>
#include <string>
#include <vector>

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace gsttus;
using gsttus::test::add_row_test;
using gsttus::test::add_test;

namespace {

struct AuthorizationRow {
    const char *text, *host, *value; // nullptr: refused
};

constexpr AuthorizationRow kAuthorizations[] = {
    {"h.example=Bearer abc", "h.example", "Bearer abc"},
    {"h:1080=Basic abc==", "h:1080", "Basic abc=="},
    {"[::1]:99=x", "[::1]:99", "x"},
    {"h= Bearer a ", "h", "Bearer a"},
    {"h=a=b", "h", "a=b"},
    {"Bearer abc", nullptr, nullptr},
    {"Basic abc==", nullptr, nullptr},
    {"Token token=abc", nullptr, nullptr},
    {"dG9rZW4=", nullptr, nullptr},
    {"dG9rZW4==", nullptr, nullptr},
    {"", nullptr, nullptr},
    {"=", nullptr, nullptr},
    {"=x", nullptr, nullptr},
    {"h=", nullptr, nullptr},
    {"h=  ", nullptr, nullptr},
    {"https://h/=x", nullptr, nullptr},
    {"u@h=x", nullptr, nullptr},
    {"h/p=x", nullptr, nullptr},
    {"h:0=x", nullptr, nullptr},
    {"h:70000=x", nullptr, nullptr},
    {"*=x", nullptr, nullptr},
    {"h=a\nX-Other: b", nullptr, nullptr},
    {"h=a\rb", nullptr, nullptr},
};

void authorization_has_a_host()
{
    for (const AuthorizationRow &row : kAuthorizations) {
        g_test_message("%s", row.text);
        const auto parsed = parse_authorization(row.text);
        g_assert_cmpint(parsed.ok(), ==, row.host != nullptr);
        if (!parsed) {
            // it may be a secret
            g_assert_true(strlen(row.text) < 4 ||
                          parsed.error().message.find(row.text) == std::string::npos);
            continue;
        }
        ASSERT_STR(parsed->host, row.host);
        ASSERT_STR(parsed->header.first, "Authorization");
        ASSERT_STR(parsed->header.second, row.value);
    }
}

struct HeaderRow {
    const char *text, *host, *name, *value; // nullptr: refused
};

constexpr HeaderRow kHeaders[] = {
    {"h=X-Key: abc", "h", "X-Key", "abc"},
    {"h:1=X-Key:a=b: c", "h:1", "X-Key", "a=b: c"},
    {"X-Key: abc", nullptr, nullptr, nullptr},
    {"X-Key: a=b", nullptr, nullptr, nullptr},
    {"X-Key:443=b", nullptr, nullptr, nullptr},
    {"h=X-Key", nullptr, nullptr, nullptr},
    {"h=: b", nullptr, nullptr, nullptr},
    {"h=X Key: b", nullptr, nullptr, nullptr},
    {"h=X-Key: a\r\nY: b", nullptr, nullptr, nullptr},
    {"h=X-Key:", nullptr, nullptr, nullptr},
};

void header_has_a_host()
{
    for (const HeaderRow &row : kHeaders) {
        g_test_message("%s", row.text);
        const auto parsed = parse_header(row.text);
        g_assert_cmpint(parsed.ok(), ==, row.host != nullptr);
        if (!parsed)
            continue;
        ASSERT_STR(parsed->host, row.host);
        ASSERT_STR(parsed->header.first, row.name);
        ASSERT_STR(parsed->header.second, row.value);
    }
}

void destination_is_gcore_or_an_address()
{
    for (const char *good : {"gcore", "https://h.example/files/", "http://127.0.0.1:1080/files",
                             "https://h.example/files/?signed=1"})
        g_assert_true(check_destination(good).ok());
    for (const char *bad : {"", "Gcore", "h.example", "/files/", "ftp://h.example/", "https://",
                            "https:///files/", "https://h .example/", "https://u:p@h.example/"})
        g_assert_false(check_destination(bad).ok());
}

void lines_of_authorizations()
{
    const auto parsed = parse_authorizations("\na=1\r\n  \nb:2=3\n", "X");
    g_assert_true(parsed.ok());
    g_assert_cmpuint(parsed->size(), ==, 2);
    ASSERT_STR((*parsed)[0].header.second, "1");
    ASSERT_STR((*parsed)[1].host, "b:2");
    const auto refused = parse_authorizations("a=1\nBearer geheim", "VARIABLE");
    g_assert_false(refused.ok());
    g_assert_true(refused.error().message.starts_with("VARIABLE takes HOST=VALUE"));
    g_assert_true(refused.error().message.find("geheim") == std::string::npos);
}

struct Folder {
    Folder() : path(g_dir_make_tmp("recover-values-XXXXXX", nullptr)) {}

    std::string in(std::string_view name) const { return cat(path.get(), '/', name); }

    std::string make(std::string_view name) const
    {
        g_assert_cmpint(g_mkdir_with_parents(in(name).c_str(), 0700), ==, 0);
        return in(name);
    }

    std::string write(std::string_view name, const std::string &text) const
    {
        g_assert_true(g_file_set_contents(in(name).c_str(), text.data(),
                                          static_cast<gssize>(text.size()), nullptr));
        return in(name);
    }

    const GCharOwn path;
};

void service_credentials_are_read_with_care()
{
    const Folder folder;
    g_unsetenv("CREDENTIALS_DIRECTORY");
    ASSERT_STR(*service_credential("key"), "");
    g_setenv("CREDENTIALS_DIRECTORY", folder.path.get(), TRUE);
    ASSERT_STR(*service_credential("key"), "");
    const std::string key = folder.write("key", "abc\n\n");
    ASSERT_STR(*service_credential("key"), "abc\n"); // one line end
    g_setenv("RECOVER_VALUES", "", TRUE);
    ASSERT_STR(*secret_from_outside("RECOVER_VALUES", "key"), "abc\n");
    g_setenv("RECOVER_VALUES", "xyz", TRUE);
    ASSERT_STR(*secret_from_outside("RECOVER_VALUES", "key"), "xyz");
    g_assert_cmpint(symlink(key.c_str(), folder.in("link").c_str()), ==, 0);
    g_assert_cmpint(mkfifo(folder.in("pipe").c_str(), 0600), ==, 0);
    folder.make("folder");
    folder.write("large", std::string(100000, 'x'));
    for (const char *name : {"link", "pipe", "folder", "large"}) {
        g_test_message("%s", name);
        const auto refused = service_credential(name);
        g_assert_false(refused.ok());
        g_assert_true(refused.error().message.find("xxx") == std::string::npos);
    }
    g_unsetenv("CREDENTIALS_DIRECTORY");
}

void rates_are_read()
{
    const auto is = [](const char *text, std::uint64_t rate) {
        const auto parsed = parse_rate(text);
        return parsed && *parsed == rate;
    };
    g_assert_true(is("0", 0) && is("1", 1) && is("2500000", 2500000) && is("800k", 800000));
    g_assert_true(is("800K", 800000) && is("2.5M", 2500000) && is("1G", 1000000000) &&
                  is("0.5k", 500) && is("0M", 0));
    for (const char *text : {"", "k", "M", "-1", "+1", "1m", "1kk", "1 k", "1e3", "nan", "inf",
                             "0x10", "1.2.3", ".", "0.1", "0.0001k", "99999999999999G", "1Mbit"}) {
        g_test_message("%s", text);
        g_assert_false(parse_rate(text).has_value());
    }
}

void names_are_made_printable()
{
    const std::pair<std::string, const char *> rows[] = {
        {"Fête – 東京 🎥 naïve.mp4", "Fête – 東京 🎥 naïve.mp4"},
        {"\x1b[31mred\x1b]0;title\x07", "?[31mred?]0;title?"},
        {"a\nb\rc\td", "a b c d"},
        {std::string("a\0b", 3), "a?b"},
        {"a\x7f\x62", "a?b"},
        {"\xc2\x9b"
         "31m",
         "?31m"}, // CSI as one character
        {"a\xe2\x80\xae"
         "4pm.exe",
         "a?4pm.exe"}, // right to left
        {"a\xe2\x81\xa6"
         "b\xe2\x80\x8b"
         "c",
         "a?b?c"}, // isolate, zero width
        {"a\xe2\x80\xa8"
         "b",
         "a b"}, // line separator
        {"\xef\xbb\xbf"
         "a",
         "?a"},                      // byte order mark
        {"a\xf3\xa0\x81\x81", "a?"}, // tag
        {"a\xe3\x85\xa4"
         "b",
         "a?b"}, // filler
        {"a\xff\xc3(\xc0\xaf", "a?\?(?\?"},
        {"a\xe2\x82", "a??"},
        {"\xed\xa0\x80", "???"}, // surrogate
        {"", ""},
    };
    for (const auto &[text, wanted] : rows) {
        ASSERT_STR(printable(text), wanted);
        g_assert_true(g_utf8_validate(printable(text).c_str(), -1, nullptr));
    }
    ASSERT_STR(printable("äöüß", 3), "äöü…");
    ASSERT_STR(printable("äöü", 3), "äöü");
}

void json_lines_are_lines()
{
    JsonLine line("finished");
    line.add("name", "a\"b\\\n\xff\x1b").add("url", "").add("bytes", std::uint64_t{1} << 63);
    const std::string text = line.text();
    ASSERT_STR(text, "{\"event\":\"finished\",\"name\":\"a\\\"b\\\\ ??\","
                     "\"bytes\":9223372036854775807}\n");
}

void pauses_grow()
{
    g_assert_true(pause_after(0) == Duration::zero());
    for (unsigned failures = 1; failures < 100; ++failures)
        g_assert_true(pause_after(failures) >= pause_after(failures - 1));
    g_assert_true(pause_after(1) > Duration::zero());
    g_assert_true(pause_after(1) < pause_after(2));
    g_assert_true(pause_after(4000000000U) == pause_after(100));
}

void commands_tell_how_they_ended()
{
    const Folder folder;
    const std::string out = folder.in("out");
    const std::string command = cat("echo \"$X\" > ", out, "; cat >> ", out);
    g_assert_false(run_command(command, {{"X", "$(id) `id` \"'"}}, seconds(60), nullptr));
    char *text = nullptr;
    g_assert_true(g_file_get_contents(out.c_str(), &text, nullptr, nullptr));
    ASSERT_STR(text, "$(id) `id` \"'\n"); // as it is, and nothing is to be read
    g_free(text);
    ASSERT_STR(*run_command("exit 3", {}, seconds(60), nullptr), "exit status 3");
    ASSERT_STR(*run_command("/not/there 2> /dev/null", {}, seconds(60), nullptr),
               "exit status 127");
    ASSERT_STR(*run_command("kill -9 $$", {}, seconds(60), nullptr), "it was ended by signal 9");
}

void commands_that_hang_are_ended()
{
    const Folder folder;
    const std::string out = folder.in("out");
    // with what it has started
    const std::string command = cat("sleep 1000 & echo $! > ", out, "; wait");
    ASSERT_STR(*run_command(command, {}, milliseconds(500), nullptr), "it did not end in time");
    char *text = nullptr;
    g_assert_true(g_file_get_contents(out.c_str(), &text, nullptr, nullptr));
    const std::string proc = cat("/proc/", std::string(text).substr(0, strlen(text) - 1), "/stat");
    g_free(text);
    // gone, or nobody has asked yet how it ended
    for (int round = 0; g_file_get_contents(proc.c_str(), &text, nullptr, nullptr); ++round) {
        const bool ended = strstr(text, ") Z ") != nullptr;
        g_free(text);
        if (ended)
            break;
        g_assert_cmpint(round, <, 1000);
        g_usleep(10000);
    }
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    g_cancellable_cancel(cancel.get());
    ASSERT_STR(
        *run_command("trap '' TERM; sleep 1000 & wait; wait", {}, seconds(1000), cancel.get()),
        "it was interrupted");
}

constexpr const char *kId = "upload-20240101T000000Z-1-0badcafe";

void folders_are_told_apart()
{
    const Folder folder;
    const std::string spool = folder.make("spool");
    const std::string upload = folder.make(cat("spool/", kId));
    const std::string empty = folder.make("empty");
    const std::string other = folder.make("other/files");
    const std::string file = folder.write("file", "");
    const std::string pipe = folder.in("pipe");
    g_assert_cmpint(mkfifo(pipe.c_str(), 0600), ==, 0);
    const std::string link = folder.in("link");
    g_assert_cmpint(symlink(spool.c_str(), link.c_str()), ==, 0);
    const std::string upload_link = folder.in("newest");
    g_assert_cmpint(symlink(upload.c_str(), upload_link.c_str()), ==, 0);
    const std::string loop = folder.in("loop");
    g_assert_cmpint(symlink(loop.c_str(), loop.c_str()), ==, 0);

    for (const std::string &path :
         {file, pipe, loop, folder.in("other"), folder.in("gone"), file + "/x",
          folder.in("dangling"), cat(spool, "/", "upload-20240101T000000Z-1-00000000")}) {
        g_test_message("%s", path.c_str());
        const auto places = named_places({spool, path}, MayBeAbsent::kNo);
        g_assert_false(places.ok());
        g_assert_true(places.error().message.find(path) != std::string::npos);
    }
    const auto only = [](const Result<std::vector<Place>> &places) {
        g_assert_true(places.ok());
        g_assert_cmpuint(places->size(), ==, 1);
        return places->front();
    };
    ASSERT_STR(only(named_places({empty}, MayBeAbsent::kNo)).spool_dir, empty);
    for (const std::string &path : {upload, upload + "/", upload_link, link + "/" + kId}) {
        const Place place = only(named_places({path}, MayBeAbsent::kNo));
        ASSERT_STR(place.spool_dir, spool);
        ASSERT_STR(place.only, kId);
    }
    // once, whatever it is called, and not besides what includes it
    for (const std::vector<std::string> &paths :
         {std::vector<std::string>{spool, spool + "/", spool + "/.", link},
          {upload, spool, upload},
          {link, upload_link}}) {
        const Place place = only(named_places(paths, MayBeAbsent::kNo));
        g_assert_true(place.only.empty());
    }
    g_assert_cmpuint(named_places({upload, empty}, MayBeAbsent::kNo)->size(), ==, 2);
    // a watcher waits for it
    ASSERT_STR(only(named_places({folder.in("gone")}, MayBeAbsent::kYes)).spool_dir,
               folder.in("gone"));
    ASSERT_STR(only(named_places({cat(folder.in("gone/"), kId, "/")}, MayBeAbsent::kYes)).only,
               kId);
    g_assert_false(named_places({pipe}, MayBeAbsent::kYes).ok());
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/recover-values/authorization", authorization_has_a_host);
    add_test("/recover-values/header", header_has_a_host);
    add_test("/recover-values/lines", lines_of_authorizations);
    add_test("/recover-values/destination", destination_is_gcore_or_an_address);
    add_test("/recover-values/service-credentials", service_credentials_are_read_with_care);
    add_test("/recover-values/rates", rates_are_read);
    add_test("/recover-values/printable", names_are_made_printable);
    add_test("/recover-values/json", json_lines_are_lines);
    add_test("/recover-values/pauses", pauses_grow);
    add_test("/recover-values/commands", commands_tell_how_they_ended);
    add_test("/recover-values/commands-that-hang", commands_that_hang_are_ended);
    add_test("/recover-values/folders", folders_are_told_apart);
    return g_test_run();
}
