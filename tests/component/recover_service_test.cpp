// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-tus-recover as a service: which folders it takes, who may see what, what it tells to
// programs, and that it stays. The program itself is run, its path comes in GST_TUS_RECOVER.
#include "raw_http.h"
#include "recover_fixture.h"

#include <csignal>
#include <thread>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <sys/stat.h>

using namespace gsttus;
using gsttus::standin::Snapshot;
using gsttus::standin::Standin;
using gsttus::test::add_row_test;
using gsttus::test::add_test;
using gsttus::test::Case;
using gsttus::test::DeafObserver;
using gsttus::test::host_of;
using gsttus::test::kKey;
using gsttus::test::noise;
using gsttus::test::patience;
using gsttus::test::remove_spool;
using gsttus::test::Run;
using gsttus::test::run_recover;

namespace {

constexpr std::size_t kSize = 20000;

// A recording that was never sent, in `folder`, which is made. Returns its folder.
std::string leave_in(const Case &test, const std::string &folder, std::unique_ptr<Target> target)
{
    UploadConfig config = test.config(SpoolMode::kAlways);
    config.replay.spool_dir = folder;
    config.runtime.paused = true;
    DeafObserver observer;
    LiveUpload upload(
        std::move(config), std::move(target),
        [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
    upload.start();
    g_assert_true(upload.write(noise(kSize)).status == WriteStatus::kOk);
    return upload.stats().spool_path;
}

std::string leave_in(const Case &test, const std::string &folder)
{
    return leave_in(test, folder, test.tus_target());
}

std::size_t finished_of(const Snapshot &snapshot)
{
    return static_cast<std::size_t>(
        std::count_if(snapshot.uploads.begin(), snapshot.uploads.end(),
                      [](const auto &entry) { return entry.second.finished; }));
}

bool is_there(const std::string &path)
{
    return g_file_test(path.c_str(), G_FILE_TEST_EXISTS) != FALSE;
}

// What a service has that was not told anything.
std::vector<std::string> without_places()
{
    return {"HOME=/nonexistent",
            "XDG_STATE_HOME=/nonexistent/state",
            "XDG_CACHE_HOME=/nonexistent/cache",
            "STATE_DIRECTORY",
            "CREDENTIALS_DIRECTORY",
            "GST_TUS_AUTHORIZATION",
            "GCORE_API_KEY",
            "GCORE_BASE_URL"};
}

std::vector<std::string> with(std::vector<std::string> some, std::vector<std::string> more)
{
    some.insert(some.end(), more.begin(), more.end());
    return some;
}

// --- folders -------------------------------------------------------------------------------------

void folder_of_an_upload_is_taken()
{
    Case test;
    const std::string one = leave_in(test, test.folder.get());
    const std::string other = leave_in(test, test.folder.get());
    g_assert_true(run_recover({"--list", one}).says("1 upload in "));
    const Run run = run_recover({one + "/"});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_true(run.says("1 upload finished, 0 not"));
    g_assert_false(is_there(one));
    g_assert_true(is_there(other));
    g_assert_cmpuint(finished_of(test.server->snapshot()), ==, 1);
    g_assert_cmpint(run_recover({one}).status, ==, 2); // there is none any more
    const GCharOwn id(g_path_get_basename(other.c_str()));
    g_assert_cmpint(run_recover({"--send-again", id.get(), other}).status, ==, 0);
    const std::string third = leave_in(test, test.folder.get());
    g_assert_cmpint(run_recover({"--delete", "upload-0", third}).status, ==, 1);
    g_assert_cmpint(run_recover({"--delete", third}).status, ==, 0);
    g_assert_false(is_there(third));
}

void several_folders_are_taken_each_once()
{
    Case test;
    const std::string one = cat(test.folder.get(), "/one");
    const std::string two = cat(test.folder.get(), "/two");
    const std::string link = cat(test.folder.get(), "/link");
    leave_in(test, one);
    leave_in(test, two);
    g_assert_cmpint(symlink(one.c_str(), link.c_str()), ==, 0);
    const Run run = run_recover({one, two + "/", link, one});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_true(run.says("2 uploads finished, 0 not, 0 in use\n"));
    g_assert_cmpint(unlink(link.c_str()), ==, 0);
    for (const std::string &path : {one, two})
        g_assert_cmpint(remove_spool(path.c_str()), ==, 0);
}

void without_a_folder_all_usual_ones_are_taken()
{
    Case test;
    const auto in = [&](const char *name) { return cat(test.folder.get(), '/', name); };
    const std::vector<std::string> places = {in("service-1"), in("service-2"), in("state/gst-tus"),
                                             in("cache/gst-tus")};
    const std::vector<std::string> environment =
        with(without_places(), {cat("STATE_DIRECTORY=", places[0], ":", places[1]),
                                "XDG_STATE_HOME=" + in("state"), "XDG_CACHE_HOME=" + in("cache")});
    const Run nothing = run_recover({}, environment);
    g_assert_cmpint(nothing.status, ==, 0);
    g_assert_true(nothing.says("0 uploads"));
    for (const std::string &place : places) {
        leave_in(test, place);
        const Run run = run_recover({}, environment);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_true(run.says("1 upload finished"));
    }
    for (const std::string &place : places)
        leave_in(test, place);
    g_assert_true(run_recover({"-l"}, environment).says("4 uploads in "));
    g_assert_cmpint(run_recover({}, environment).status, ==, 0);
    g_assert_cmpuint(finished_of(test.server->snapshot()), ==, 8);
    for (const std::string &place : places)
        g_assert_cmpint(remove_spool(place.c_str()), ==, 0);
    for (const char *name : {"state", "cache"})
        g_assert_cmpint(rmdir(in(name).c_str()), ==, 0);
}

// Not what is there, but that nothing is finished, has to be said.
void upload_that_is_damaged_is_not_finished()
{
    Case test;
    const auto remove_of = [](const std::string &upload, const char *name) {
        g_assert_cmpint(unlink(cat(upload, '/', name).c_str()), ==, 0);
    };
    // a cleaner has been there
    const std::string unlocked = leave_in(test, test.folder.get());
    remove_of(unlocked, "lock");
    for (const std::string &path : {unlocked, std::string(test.folder.get())}) {
        g_assert_true(run_recover({"--list", path}).says("has lost its lock file"));
        const Run run = run_recover({path});
        g_assert_cmpint(run.status, ==, 1);
        g_assert_true(run.says("has lost its lock file"));
    }
    g_assert_true(g_file_set_contents((unlocked + "/lock").c_str(), "", 0, nullptr));
    g_assert_cmpint(run_recover({unlocked}).status, ==, 0);
    // a pipe in its place
    const std::string piped = leave_in(test, test.folder.get());
    remove_of(piped, "lock");
    g_assert_cmpint(mkfifo((piped + "/lock").c_str(), 0600), ==, 0);
    g_assert_cmpint(run_recover({piped}).status, ==, 1);
    remove_of(piped, "lock");
    // nothing is left of the bytes: that is no recording
    g_assert_true(g_file_set_contents((piped + "/lock").c_str(), "", 0, nullptr));
    remove_of(piped, "00000001.spill");
    const Run run = run_recover({piped});
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says("Nothing of it is left"));
    g_assert_cmpuint(finished_of(test.server->snapshot()), ==, 1);
    // and no upload at all
    g_assert_cmpint(run_recover({"--delete", piped}).status, ==, 0);
    g_assert_cmpint(g_mkdir(piped.c_str(), 0700), ==, 0);
    g_assert_cmpint(run_recover({piped}).status, ==, 1);
    g_assert_cmpint(rmdir(piped.c_str()), ==, 0);
}

void folder_in_var_tmp_is_taken_if_it_is_ours()
{
    Case test;
    // a user who has none, or it would be that of who runs the tests
    const std::string shared = cat("/var/tmp/gst-tus-", geteuid());
    if (is_there(shared))
        return g_test_skip("there is one already");
    leave_in(test, shared);
    g_assert_cmpint(g_chmod(shared.c_str(), 0777), ==, 0);
    const Run refused = run_recover({}, without_places());
    g_assert_cmpint(refused.status, ==, 0);
    g_assert_true(refused.says("is not ours alone, and is left out"));
    g_assert_cmpint(g_chmod(shared.c_str(), 0700), ==, 0);
    const Run run = run_recover({}, without_places());
    g_assert_true(run.says("1 upload finished"));
    g_assert_cmpint(remove_spool(shared.c_str()), ==, 0);
}

void what_is_no_folder_is_wrong_usage()
{
    Case test;
    const std::string file = cat(test.folder.get(), "/file");
    g_assert_true(g_file_set_contents(file.c_str(), "", 0, nullptr));
    const std::string pipe = cat(test.folder.get(), "/pipe");
    g_assert_cmpint(mkfifo(pipe.c_str(), 0600), ==, 0);
    const std::string gone = cat(test.folder.get(), "/\x1b[31mgone");
    for (const std::string &path : {file, pipe, gone, std::string("/usr"), std::string()}) {
        for (const char *option : {"--list", "--json"}) {
            const Run run = run_recover({option, path});
            g_assert_cmpint(run.status, ==, 2);
            g_assert_false(run.err.empty());
            g_assert_false(run.says("\x1b"));
        }
    }
    for (const std::vector<std::string> &arguments :
         std::vector<std::vector<std::string>>{{"--watch", "--list"},
                                               {"--watch", "--send-again", "upload-1"},
                                               {"--delete", ""},
                                               {"--max-rate", "fast"},
                                               {"--command-timeout", "0"},
                                               {"--authorization", "Bearer usagemarker"},
                                               {"--authorization", "Basic usagemarker=="},
                                               {"--header", "X-Key: usagemarker"}}) {
        const Run run = run_recover(with(arguments, {test.folder.get()}));
        g_assert_cmpint(run.status, ==, 2);
        g_assert_false(run.says("usagemarker"));
    }
    const Run run = run_recover({test.folder.get()}, {"GST_TUS_AUTHORIZATION=Bearer usagemarker"});
    g_assert_cmpint(run.status, ==, 2);
    g_assert_true(run.says("GST_TUS_AUTHORIZATION takes HOST=VALUE"));
    g_assert_false(run.says("usagemarker"));
    g_assert_cmpint(unlink(file.c_str()) | unlink(pipe.c_str()), ==, 0);
}

// --- who may see what ----------------------------------------------------------------------------

bool was_told(Standin &server, const char *marker)
{
    const Snapshot snapshot = server.snapshot();
    return std::any_of(snapshot.requests.begin(), snapshot.requests.end(), [&](const auto &one) {
        const auto &headers = one.request.headers;
        return std::any_of(headers.begin(), headers.end(), [&](const auto &header) {
            return header.second.find(marker) != std::string::npos;
        });
    });
}

struct WayRow {
    const char *name;
    const char *option;   // before HOST=
    const char *variable; // or this one
    bool credential;      // or a service's
};

const std::vector<WayRow> kWays = {
    {"option", "--authorization", nullptr, false},
    {"header", "--header", nullptr, false},
    {"variable", nullptr, "GST_TUS_AUTHORIZATION", false},
    {"credential", nullptr, nullptr, true},
};

// Of two recordings, one is for a server that only its journal names.
void credentials_go_to_the_named_host_only(const WayRow &row)
{
    Case test;
    auto other = Standin::start({});
    g_assert_true(other.ok());
    leave_in(test, test.folder.get());
    leave_in(test, test.folder.get(),
             std::make_unique<TusTarget>((*other)->files_url(), Metadata{}));
    const std::string value =
        g_strcmp0(row.option, "--header") == 0 ? "X-Key: hostmarker" : "Bearer hostmarker";
    const std::string bound = test.named(value);
    std::vector<std::string> arguments;
    std::vector<std::string> environment = without_places();
    const GCharOwn credentials(g_dir_make_tmp("credentials-XXXXXX", nullptr));
    const std::string file = cat(credentials.get(), "/gst-tus-authorization");
    if (row.option)
        arguments = {row.option, bound};
    if (row.variable)
        environment.push_back(cat(row.variable, "=", bound, "\n"));
    g_assert_true(g_file_set_contents(file.c_str(), (bound + "\n").c_str(), -1, nullptr));
    if (row.credential)
        environment.push_back(cat("CREDENTIALS_DIRECTORY=", credentials.get()));
    arguments.emplace_back(test.folder.get());
    const Run run = run_recover(arguments, environment);
    g_assert_cmpint(run.status, ==, 0);
    g_assert_true(was_told(*test.server, "hostmarker"));
    g_assert_cmpuint(finished_of((*other)->snapshot()), ==, 1);
    g_assert_false(was_told(**other, "hostmarker"));
    g_assert_false(run.says("hostmarker"));
    g_assert_cmpint(unlink(file.c_str()) | rmdir(credentials.get()), ==, 0);
}

// The host is the named one, the port another's.
void refusal_says_which_credentials_are_missing()
{
    Case test;
    const std::string upload = leave_in(test, test.folder.get());
    g_assert_true(test.server->add_fault("on POST any: answer 401").ok());
    const Run run = run_recover({"--authorization", "127.0.0.1=Bearer hostmarker", upload});
    g_assert_cmpint(run.status, ==, 1);
    g_assert_false(was_told(*test.server, "hostmarker"));
    g_assert_true(run.says(cat("--authorization ", host_of(test.server->url()), "='…'")));
    test.server->clear_faults();
    g_assert_cmpint(run_recover({upload}).status, ==, 0);
}

void api_key_goes_to_the_given_api_only()
{
    Case test;
    const std::string upload = leave_in(test, test.folder.get(), test.gcore_target());
    for (const std::vector<std::string> &variables :
         std::vector<std::vector<std::string>>{{}, {"GCORE_BASE_URL=https://127.0.0.1:1"}}) {
        const Run run = run_recover(
            {upload}, with(with(without_places(), {cat("GCORE_API_KEY=", kKey)}), variables));
        g_assert_cmpint(run.status, ==, 1);
        g_assert_true(run.says(cat("--api-url ", test.server->url())));
        g_assert_cmpuint(test.server->snapshot().requests_total, ==, 0);
    }
    const GCharOwn credentials(g_dir_make_tmp("credentials-XXXXXX", nullptr));
    const std::string file = cat(credentials.get(), "/gcore-api-key");
    g_assert_true(g_file_set_contents(file.c_str(), cat(kKey, "\n").c_str(), -1, nullptr));
    const Run run = run_recover(
        {upload}, with(without_places(), {cat("CREDENTIALS_DIRECTORY=", credentials.get()),
                                          cat("GCORE_BASE_URL=", test.server->url(), "/")}));
    g_assert_cmpint(run.status, ==, 0);
    g_assert_cmpuint(finished_of(test.server->snapshot()), ==, 1);
    g_assert_cmpint(unlink(file.c_str()) | rmdir(credentials.get()), ==, 0);
}

// With the key Gcore gives a token, which is for its own servers.
void token_goes_to_a_given_endpoint_only()
{
    Case test;
    auto other = Standin::start({});
    g_assert_true(other.ok());
    GcoreConfig config;
    config.api_key = kKey;
    config.api_url = test.server->url();
    config.endpoint = (*other)->files_url();
    auto target = make_gcore_target(std::move(config));
    g_assert_true(target.ok());
    const std::string upload = leave_in(test, test.folder.get(), std::move(*target));
    const Run run = run_recover({"-k", kKey, "--api-url", test.server->url(), upload});
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says(cat("give --url ", (*other)->files_url())));
    g_assert_cmpuint((*other)->snapshot().requests_total, ==, 0);
    g_assert_cmpint(run_recover({"--delete", upload}).status, ==, 0);
}

// As a credential: the journal names a server, the user has to.
void secret_metadata_goes_to_a_given_server_only()
{
    Case test;
    const std::string upload =
        leave_in(test, test.folder.get(),
                 std::make_unique<TusTarget>(test.server->files_url(),
                                             Metadata{{"filename", "a"}, {"token", "metamarker"}}));
    for (const std::string &url :
         {std::string("http://127.0.0.1:1/files/"), std::string("https://elsewhere.example/")}) {
        const Run run = run_recover({"--metadata", "token=metamarker", "--url", url, upload});
        g_assert_cmpint(run.status, ==, 1);
        g_assert_true(run.says(cat("--metadata token=VALUE --url ", test.server->files_url())));
        g_assert_false(run.says("metamarker"));
        g_assert_cmpuint(test.server->snapshot().requests_total, ==, 0);
    }
    g_assert_cmpint(
        run_recover({"--metadata", "token=metamarker", "--url", test.server->files_url(), upload})
            .status,
        ==, 0);
    const Snapshot snapshot = test.server->snapshot();
    ASSERT_STR(snapshot.only_finished()->metadata.at("token"), "metamarker");
}

// --- what is told --------------------------------------------------------------------------------

constexpr const char *kHostile = "\x1b[31m\x1b]0;t\x07 a\nnot finished: b\xe2\x80\xae\xff'$(x)\"";

void assert_is_printable(const std::string &text)
{
    g_assert_true(g_utf8_validate(text.c_str(), -1, nullptr));
    for (const char *at = text.c_str(); *at; at = g_utf8_next_char(at)) {
        const gunichar character = g_utf8_get_char(at);
        g_assert_true(character == '\n' || (!g_unichar_iscntrl(character) &&
                                            g_unichar_type(character) != G_UNICODE_FORMAT));
    }
}

// Objects, one a line; sorted: of two uploads of one second, either may come first.
std::vector<std::string> events_of(const std::string &out)
{
    std::vector<std::string> events;
    std::unique_ptr<char *, GDelete<&g_strfreev>> lines(g_strsplit(out.c_str(), "\n", -1));
    for (char **line = lines.get(); *line; ++line) {
        if (!**line)
            continue;
        const auto parser = GRef<JsonParser>::adopt(json_parser_new());
        g_assert_true(json_parser_load_from_data(parser.get(), *line, -1, nullptr));
        JsonObject *object = json_node_get_object(json_parser_get_root(parser.get()));
        events.emplace_back(json_object_get_string_member(object, "event"));
    }
    std::sort(events.begin(), events.end());
    return events;
}

void hostile_names_do_not_reach_the_terminal()
{
    Case test;
    const std::string upload =
        leave_in(test, test.folder.get(),
                 std::make_unique<TusTarget>(test.server->files_url(),
                                             Metadata{{"filename", kHostile}, {kHostile, "x"}}));
    JournalState state = Case::read_journal(upload);
    state.notes["sent"] = kHostile;
    Case::write_journal(upload, state);
    const std::string output = cat(test.folder.get(), ".name");
    for (const char *format : {"--json", "--outage-timeout=60"}) {
        for (const char *job : {"--list", "--max-rate=0"}) {
            const Run run = run_recover({format, job, upload});
            g_assert_cmpint(run.status, ==, g_strcmp0(job, "--list") == 0 ? 0 : 1);
            assert_is_printable(run.out);
            assert_is_printable(run.err);
            g_assert_false(run.says("\nnot finished: b"));
        }
    }
    state.notes.erase("sent");
    Case::write_journal(upload, state);
    const Run run = run_recover(
        {"--on-complete", cat("printf %s \"$GST_TUS_NAME\" > ", output), "--json", upload});
    assert_is_printable(run.out);
    assert_is_printable(run.err);
    g_assert_true(events_of(run.out) == (std::vector<std::string>{"end", "finished"}));
    char *name = nullptr;
    g_assert_true(g_file_get_contents(output.c_str(), &name, nullptr, nullptr));
    assert_is_printable(name);
    g_assert_null(strchr(name, '\n'));
    g_free(name);
    g_assert_cmpint(unlink(output.c_str()), ==, 0);
}

void json_is_all_that_is_on_stdout()
{
    Case test;
    leave_in(test, test.folder.get());
    const std::string used = leave_in(test, test.folder.get());
    const GCharOwn id(g_path_get_basename(used.c_str()));
    Result<RecoveredUpload> taken = open_upload(test.folder.get(), id.get());
    g_assert_true(taken.ok());
    using Events = std::vector<std::string>;
    g_assert_true(events_of(test.recover({"--json", "--list"}).out) ==
                  (Events{"upload", "upload"}));
    g_assert_true(test.server->add_fault("on POST 1: answer 403").ok());
    const Run failed = test.recover({"--json", "--on-failure", "echo noise; exit 7"});
    g_assert_cmpint(failed.status, ==, 1);
    g_assert_true(events_of(failed.out) ==
                  (Events{"command-failed", "end", "in-use", "not-finished"}));
    g_assert_nonnull(strstr(failed.err.c_str(), "noise"));
    g_assert_nonnull(strstr(failed.err.c_str(), "exit status 7"));
    const Run run = test.recover({"--json", "--on-complete", "echo noise"});
    g_assert_cmpint(run.status, ==, 1); // one is in use
    g_assert_true(events_of(run.out) == (Events{"end", "finished", "in-use"}));
    taken->store.reset();
    g_assert_cmpint(test.recover({}).status, ==, 0);
}

void commands_get_the_facts()
{
    Case test;
    const std::string output = cat(test.folder.get(), ".facts");
    const std::string show =
        cat("echo \"$GST_TUS_URL|$GST_TUS_NAME|$GST_TUS_BYTES|$GST_TUS_SHA256|$GST_TUS_VIDEO_ID|"
            "$GST_TUS_PATH|$GST_TUS_ERROR\" > ",
            output);
    const auto said = [&] {
        char *text = nullptr;
        g_assert_true(g_file_get_contents(output.c_str(), &text, nullptr, nullptr));
        const GCharOwn own(text);
        g_assert_cmpint(unlink(output.c_str()), ==, 0);
        return std::string(text);
    };
    const std::string upload = leave_in(test, test.folder.get(), test.gcore_target());
    g_assert_cmpint(run_recover({"--on-failure", show, "--on-complete", "exit 1", upload}).status,
                    ==, 1);
    const std::string failure = said();
    g_assert_true(failure.starts_with(cat("|left behind|", kSize, "||", "|", upload, "|")));
    g_assert_true(failure.find("GCORE_API_KEY") != std::string::npos);
    g_assert_cmpint(run_recover({"--api-url", test.server->url(), "--on-failure", "exit 1",
                                 "--on-complete", show, upload},
                                {cat("GCORE_API_KEY=", kKey)})
                        .status,
                    ==, 0);
    const Snapshot snapshot = test.server->snapshot();
    const auto *record = snapshot.only_finished();
    g_assert_nonnull(record);
    ASSERT_STR(said(), cat(test.server->url(), record->url_path, "|left behind|", kSize, "|",
                           record->sha256, "|", record->video_id, "|", upload, "|\n"));
}

// --- staying -------------------------------------------------------------------------------------

// The program while it runs. Ends it, if nobody did.
class Watcher {
public:
    explicit Watcher(std::vector<std::string> arguments,
                     const std::vector<std::string> &environment = {})
        : log_(g_build_filename(g_get_tmp_dir(), "watch-XXXXXX", nullptr))
    {
        const int fd = g_mkstemp(log_.get());
        std::vector<const char *> argv = {g_getenv("GST_TUS_RECOVER"), "--watch"};
        for (const std::string &argument : arguments)
            argv.push_back(argument.c_str());
        argv.push_back(nullptr);
        std::unique_ptr<char *, GDelete<&g_strfreev>> variables(g_get_environ());
        for (const std::string &change : environment) {
            const std::size_t equals = change.find('=');
            if (equals != std::string::npos)
                variables.reset(g_environ_setenv(variables.release(),
                                                 change.substr(0, equals).c_str(),
                                                 change.c_str() + equals + 1, TRUE));
        }
        g_assert_true(g_spawn_async_with_fds(nullptr, const_cast<char **>(argv.data()),
                                             variables.get(), G_SPAWN_DO_NOT_REAP_CHILD, nullptr,
                                             nullptr, &pid_, -1, fd, fd, nullptr));
        close(fd);
    }

    ~Watcher()
    {
        if (pid_ != 0)
            end(SIGKILL);
        g_assert_cmpint(unlink(log_.get()), ==, 0);
    }

    int end(int signal)
    {
        kill(pid_, signal);
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = 0;
        g_test_message("%s", said().c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::string said() const
    {
        char *text = nullptr;
        g_assert_true(g_file_get_contents(log_.get(), &text, nullptr, nullptr));
        const GCharOwn own(text);
        return text;
    }

    // Said so often.
    void wait_for(std::string_view text, std::size_t count = 1) const
    {
        const gint64 end = g_get_monotonic_time() + 1000000 * 60;
        const auto times = [&] {
            const std::string all = said();
            std::size_t found = 0;
            for (std::size_t at = 0; (at = all.find(text, at)) != std::string::npos; ++at)
                ++found;
            return found;
        };
        while (times() < count) {
            g_assert_cmpint(g_get_monotonic_time(), <, end);
            g_usleep(20000);
        }
    }

private:
    GCharOwn log_;
    GPid pid_ = 0;
};

// The server has said so, and the files are gone.
void wait_finished(const Watcher &watcher, std::size_t count)
{
    watcher.wait_for("  finished: ", count);
}

void watcher_finishes_what_appears()
{
    Case test;
    const std::string late = cat(test.folder.get(), "/late");
    Watcher watcher({late, "--json"});
    leave_in(test, late);
    wait_finished(watcher, 1);
    leave_in(test, late);
    wait_finished(watcher, 2);
    // one that is still recorded, until its process ends
    DeafObserver observer;
    UploadConfig config = test.config(SpoolMode::kAlways);
    config.replay.spool_dir = late;
    config.runtime.paused = true;
    {
        LiveUpload upload(
            std::move(config), test.tus_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.start();
        g_assert_true(upload.write(noise(kSize)).status == WriteStatus::kOk);
        watcher.wait_for("in-use");
    }
    wait_finished(watcher, 3);
    g_assert_cmpint(watcher.end(SIGTERM), ==, 0);
    g_assert_true(watcher.said().find("3 uploads finished, 0 not, 0 in use\n") !=
                  std::string::npos);
    g_assert_cmpint(remove_spool(late.c_str()), ==, 0);
}

void watcher_sees_all_usual_places()
{
    Case test;
    const std::string state = cat(test.folder.get(), "/state");
    Watcher watcher({}, with(without_places(), {"STATE_DIRECTORY=" + state}));
    leave_in(test, state);
    wait_finished(watcher, 1);
    g_assert_cmpint(watcher.end(SIGINT), ==, 0);
    g_assert_cmpint(remove_spool(state.c_str()), ==, 0);
}

// What it is at when it is told to end stays, whole.
void watcher_ends_and_keeps_what_is_under_way()
{
    Case test;
    const std::string upload = leave_in(test, test.folder.get());
    g_assert_true(test.server->add_fault("on ANY any: answer 503").ok());
    Watcher watcher({test.folder.get(), "--outage-timeout=0", "--on-failure", "echo noise"});
    watcher.wait_for("waiting: ");
    g_assert_cmpint(watcher.end(SIGTERM), ==, 0);
    g_assert_true(watcher.said().find("1 not, 0 in use") != std::string::npos);
    g_assert_true(watcher.said().find("noise") == std::string::npos); // it has not failed
    g_assert_true(is_there(upload));
    test.server->clear_faults();
    g_assert_cmpint(test.recover({}).status, ==, 0);
    test.check_stored(noise(kSize));
}

// One that fails does not hold up the next, nor is it tried without a pause.
void watcher_goes_on_after_a_failure()
{
    Case test;
    const std::string poor = leave_in(
        test, test.folder.get(), std::make_unique<TusTarget>("http://127.0.0.1:1/", Metadata{}));
    Watcher watcher({test.folder.get(), "--outage-timeout=1", "--on-failure", "echo told"});
    watcher.wait_for("told");
    leave_in(test, test.folder.get());
    wait_finished(watcher, 1);
    leave_in(test, test.folder.get());
    wait_finished(watcher, 2);
    g_assert_cmpint(watcher.end(SIGTERM), ==, 0);
    // told once, for the same reason
    const std::string said = watcher.said();
    g_assert_true(said.find("told") == said.rfind("told"));
    g_assert_cmpint(run_recover({"--delete", poor}).status, ==, 0);
}

void folder_that_vanishes_is_no_failure()
{
    Case test;
    const std::string upload = leave_in(test, test.folder.get());
    g_assert_true(test.server->add_fault("on POST any: answer 503").ok());
    Watcher watcher({test.folder.get()});
    watcher.wait_for("waiting: ");
    for (const std::string &name : {std::string("journal"), std::string("lock")})
        g_assert_cmpint(unlink(cat(upload, '/', name).c_str()), ==, 0);
    test.server->clear_faults();
    // the bytes are still open
    wait_finished(watcher, 1);
    g_assert_cmpint(watcher.end(SIGTERM), ==, 0);
    test.check_stored(noise(kSize));
}

// --- what was refused when it began --------------------------------------------------------------

struct RefusedRow {
    const char *name;
    const char *fault;
    bool to_gcore;
    bool by_name; // else --send-again
};

constexpr RefusedRow kRefused[] = {
    {"key", "on POST any: answer 401", true, true},
    {"authorization", "on POST any: answer 401", false, true},
    {"forbidden", "on POST any: answer 403", false, false},
    {"address", "on POST any: answer 404", false, true},
};

// The first moments of each try with a wrong key are nothing that somebody wants to find at the
// server when the key is right.
void refused_upload_waits_for_its_name(const RefusedRow &row)
{
    Case test;
    g_assert_true(test.server->add_fault(row.fault).ok());
    std::string folder;
    {
        DeafObserver observer;
        LiveUpload upload(
            test.config(SpoolMode::kOverflow),
            row.to_gcore ? test.gcore_target() : test.tus_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.set_hints({});
        upload.start();
        (void)upload.write(noise(kSize));
        upload.finish();
        g_assert_true(upload.wait_drained() == DrainStatus::kFailed);
        folder = upload.stats().spool_path;
        upload.stop(OnStop::kKeep);
    }
    g_assert_cmpstr(folder.c_str(), !=, "");
    test.server->clear_faults();
    const std::vector<std::string> keys = {cat("GCORE_API_KEY=", kKey)};
    std::vector<std::string> with = {"--api-url", test.server->url()};
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), with.begin(), with.end());
        return run_recover(more, keys);
    };
    const std::uint64_t before = test.server->snapshot().count("POST");
    const Run all = run({test.folder.get()});
    g_assert_cmpint(all.status, ==, 1);
    g_assert_true(all.says("It was refused when it began"));
    g_assert_true(all.says(folder));
    g_assert_cmpuint(test.server->snapshot().count("POST"), ==, before);
    const std::string id = folder.substr(folder.rfind('/') + 1);
    const Run one = row.by_name ? run({folder}) : run({"--send-again", id, test.folder.get()});
    g_assert_cmpint(one.status, ==, 0);
    test.check_stored(noise(kSize));
}

struct LateRow {
    const char *name;
    const char *fault;
    void (*change)(UploadConfig &config);
};

const LateRow kLate[] = {
    {"spool", "on POST any: answer 403",
     [](UploadConfig &config) { config.length_mode = LengthMode::kSpool; }},
    {"outage", "on POST 1: answer 503", [](UploadConfig &) {}},
    {"pause", "on POST any: answer 403",
     [](UploadConfig &config) { config.runtime.paused = true; }},
};

// Here hours of it may be on the disk when the server refuses it.
void late_refusal_is_tried_again(const LateRow &row)
{
    Case test;
    g_assert_true(test.server->add_fault(row.fault).ok());
    g_assert_true(test.server->add_fault("on POST from 2: answer 403").ok());
    {
        UploadConfig config = test.config(SpoolMode::kOverflow);
        row.change(config);
        RuntimeConfig runtime = config.runtime;
        runtime.paused = false;
        DeafObserver observer;
        LiveUpload upload(
            std::move(config), test.tus_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.set_hints({});
        upload.start();
        g_assert_true(upload.write(noise(kSize)).status == WriteStatus::kOk);
        upload.finish();
        upload.update(runtime);
        g_assert_true(upload.wait_drained() == DrainStatus::kFailed);
        upload.stop(OnStop::kKeep);
    }
    test.server->clear_faults();
    g_assert_cmpint(test.recover({}).status, ==, 0);
    test.check_stored(noise(kSize));
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/recover-service/folder-of-an-upload", folder_of_an_upload_is_taken);
    add_test("/recover-service/several-folders", several_folders_are_taken_each_once);
    add_test("/recover-service/no-folder", without_a_folder_all_usual_ones_are_taken);
    add_test("/recover-service/damaged", upload_that_is_damaged_is_not_finished);
    add_test("/recover-service/var-tmp", folder_in_var_tmp_is_taken_if_it_is_ours);
    add_test("/recover-service/usage", what_is_no_folder_is_wrong_usage);
    for (const WayRow &row : kWays)
        add_row_test(std::string("/recover-service/named-host/") + row.name, row,
                     credentials_go_to_the_named_host_only);
    add_test("/recover-service/credentials-missing", refusal_says_which_credentials_are_missing);
    add_test("/recover-service/api-key", api_key_goes_to_the_given_api_only);
    add_test("/recover-service/gcore-token", token_goes_to_a_given_endpoint_only);
    add_test("/recover-service/secret-metadata", secret_metadata_goes_to_a_given_server_only);
    add_test("/recover-service/hostile-names", hostile_names_do_not_reach_the_terminal);
    add_test("/recover-service/json", json_is_all_that_is_on_stdout);
    add_test("/recover-service/commands", commands_get_the_facts);
    for (const RefusedRow &row : kRefused)
        add_row_test(std::string("/recover-service/refused/") + row.name, row,
                     refused_upload_waits_for_its_name);
    for (const LateRow &row : kLate)
        add_row_test(std::string("/recover-service/refused-late/") + row.name, row,
                     late_refusal_is_tried_again);
    add_test("/recover-service/watch/appears", watcher_finishes_what_appears);
    add_test("/recover-service/watch/usual-places", watcher_sees_all_usual_places);
    add_test("/recover-service/watch/ends", watcher_ends_and_keeps_what_is_under_way);
    add_test("/recover-service/watch/failure", watcher_goes_on_after_a_failure);
    add_test("/recover-service/watch/vanishes", folder_that_vanishes_is_no_failure);
    return g_test_run();
}
