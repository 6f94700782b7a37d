// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-tus-recover --to: what was recorded for one destination is sent to another, as a whole or not
// at all, once, and with nothing for the first.
#include "recover/elsewhere.h"
#include "recover_fixture.h"

#include <cerrno>
#include <csignal>
#include <functional>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::size_t kSize = 1500000;
constexpr const char *kNobody = "http://127.0.0.1:9/files/";

std::unique_ptr<Standin> another(StandinOptions options = {})
{
    options.api_key = kKey;
    options.examine = false;
    auto started = Standin::start(std::move(options));
    g_assert_true(started.ok());
    return std::move(*started);
}

std::unique_ptr<Target> tus_at(const std::string &endpoint, Metadata more = {})
{
    more.insert(more.begin(), {"filename", "left-behind.bin"});
    return std::make_unique<TusTarget>(endpoint, std::move(more));
}

std::unique_ptr<Target> gcore_at(const std::string &api, std::uint64_t video = 0)
{
    GcoreConfig config;
    config.api_key = kKey;
    config.api_url = api;
    config.video_id = video;
    config.location = "left-behind.bin";
    config.video_options = {{"client_user_id", std::int64_t{7}},
                            {"quality_set_id", std::int64_t{3}}};
    auto target = make_gcore_target(std::move(config));
    g_assert_true(target.ok());
    return std::move(*target);
}

// One recording whose server nobody reaches, or that nothing is sent to. Its folder.
std::string leave_unsent(const Case &test, std::unique_ptr<Target> target,
                         const std::function<void(UploadConfig &)> &change = nullptr)
{
    UploadConfig config = test.config(SpoolMode::kAlways);
    config.runtime.paused = true;
    if (change)
        change(config);
    DeafObserver observer;
    LiveUpload upload(
        std::move(config), std::move(target),
        [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
    upload.set_hints({});
    upload.start();
    g_assert_true(upload.write(noise(kSize)).status == WriteStatus::kOk);
    upload.stop(OnStop::kKeep);
    return upload.stats().spool_path;
}

std::string only_upload_in(const Case &test)
{
    const auto ids = upload_ids(test.folder.get());
    g_assert_true(ids.ok());
    g_assert_cmpuint(ids->size(), ==, 1);
    return cat(test.folder.get(), '/', ids->front());
}

// For the API of that server.
Run send_to(const std::string &to, const std::string &folder, Standin &server,
            std::vector<std::string> more = {})
{
    std::vector<std::string> arguments = {"--to", to, "--api-url", server.url(), folder};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_recover(arguments, {cat("GCORE_API_KEY=", kKey)});
}

const UploadRecord &check_arrived(const Snapshot &snapshot)
{
    const UploadRecord *record = snapshot.only_finished();
    g_assert_nonnull(record);
    ASSERT_STR(record->sha256, sha256(noise(kSize)));
    ASSERT_STR(record->metadata.at("filename"), "left-behind.bin");
    return *record;
}

// --- nothing of it was anywhere ------------------------------------------------------------------

struct NeverRow {
    const char *name;
    bool from_gcore, to_gcore;
    bool has_header;
};

constexpr NeverRow kNever[] = {
    {"tus-to-tus", false, false, false},     {"tus-to-gcore", false, true, false},
    {"gcore-to-tus", true, false, false},    {"gcore-to-gcore", true, true, false},
    {"seekable-header", false, false, true},
};

void wrong_address_is_replaced(const NeverRow &row)
{
    Case test;
    const std::string folder = leave_unsent(
        test, row.from_gcore ? gcore_at("http://127.0.0.1:9") : tus_at(kNobody),
        [&](UploadConfig &config) { config.seekable_header = row.has_header ? 4096 : 0; });
    // where it is going, before there is anything
    const Run listed = run_recover({"--list", "--json", folder});
    g_assert_true(listed.says(row.from_gcore ? "\"endpoint\":\"http://127.0.0.1:9\""
                                             : cat("\"endpoint\":\"", kNobody, '"')));
    const std::string way_out = cat("If the address is wrong: gst-tus-recover --to ",
                                    row.from_gcore ? "gcore" : "URL", " '", folder, "'.");
    g_assert_true(run_recover({"--outage-timeout=1", "--api-url", "http://127.0.0.1:9", folder},
                              {cat("GCORE_API_KEY=", kKey)})
                      .says(way_out));
    const Run run =
        send_to(row.to_gcore ? "gcore" : test.server->files_url(), folder, *test.server);
    g_assert_cmpint(run.status, ==, 0);
    g_assert_false(run.says("stays there")); // nothing does
    const Snapshot snapshot = test.server->snapshot();
    const UploadRecord &record = check_arrived(snapshot);
    g_assert_cmpuint(snapshot.uploads.size(), ==, 1);
    g_assert_cmpint(record.video_id != 0, ==, row.to_gcore);
    if (row.from_gcore && row.to_gcore)
        g_assert_true(snapshot.videos.at(record.video_id).fields.find("client_user_id") !=
                      std::string::npos);
}

// All that is in it, whatever each was for.
void spool_folder_is_sent_as_a_whole()
{
    Case test;
    leave_unsent(test, tus_at(kNobody));
    leave_unsent(test, gcore_at("http://127.0.0.1:9"));
    const std::string endpoint = test.server->files_url() + "?signed=marker";
    const Run run = send_to(endpoint, test.folder.get(), *test.server);
    g_assert_cmpint(run.status, ==, 0);
    g_assert_false(run.says("marker"));
    const Snapshot snapshot = test.server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 2);
    for (const auto &[id, record] : snapshot.uploads)
        ASSERT_STR(record.sha256, sha256(noise(kSize)));
}

// Gcore has made the video: its address is right, and only the upload server is away.
void address_that_was_right_is_not_doubted()
{
    Case test;
    const std::string folder = leave_unsent(test, gcore_at(test.server->url()));
    const std::vector<std::string> key = {cat("GCORE_API_KEY=", kKey)};
    const auto fails = [&] {
        return run_recover({"--outage-timeout=1", "--api-url", test.server->url(), folder}, key);
    };
    test.server->go_away();
    g_assert_true(fails().says("If the address is wrong"));
    g_assert_true(test.server->come_back().ok());
    g_assert_true(test.server->add_fault("on POST any: cut").ok());
    const Run run = fails();
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says("created video"));
    g_assert_false(run.says("If the address is wrong"));
    g_assert_cmpint(run_recover({"--delete", folder}).status, ==, 0);
}

// --- a part of it was ----------------------------------------------------------------------------

// Its requests since `before` were so many.
void assert_silent(Standin &server, std::uint64_t before)
{
    g_assert_cmpuint(server.snapshot().requests_total, ==, before);
}

void part_at_the_old_server_stays_there()
{
    Case test;
    const std::unique_ptr<Standin> other = another();
    test.leave(test.tus_target(), SpoolMode::kAlways, noise(kSize), true);
    const std::string folder = only_upload_in(test);
    // the address has been right
    g_assert_false(run_recover({"--outage-timeout=1", folder}).says("If the address is wrong"));
    g_assert_true(test.server->come_back().ok());
    const std::uint64_t before = test.server->snapshot().requests_total;
    const Run run = send_to(other->files_url(), folder, *other,
                            {"--authorization", test.named("Bearer oldmarker")});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_true(run.says(cat("what is at ", test.server->url())));
    g_assert_true(run.says("stays there, unfinished"));
    check_arrived(other->snapshot());
    assert_silent(*test.server, before);
    for (const auto &one : other->snapshot().requests)
        g_assert_cmpuint(one.request.headers.count("authorization"), ==, 0);
}

// All that could be sent would be a part that looks like the whole.
void beginning_at_the_old_server_is_needed()
{
    Case test;
    const std::unique_ptr<Standin> other = another();
    test.leave(test.tus_target(), SpoolMode::kOverflow, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    const Notes notes = Case::read_journal(folder).notes;
    const Run run = send_to(other->files_url(), folder, *other);
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says("Its first "));
    g_assert_true(run.says("it can not be sent elsewhere as a whole"));
    assert_silent(*other, 0);
    g_assert_true(Case::read_journal(folder).notes == notes);
    g_assert_cmpint(test.recover({}).status, ==, 0);
    test.check_stored(noise(kSize));
}

struct NotedRow {
    const char *name;
    const char *note, *value;
    const char *says;
};

constexpr NotedRow kNoted[] = {
    {"complete", "finished", "1", "already"},
    {"continued", "origin", "4096", "Its first 4096 bytes are not here"},
    {"continued-unseen", "homes", "http://127.0.0.1:9/files/1\n", "is only there"},
};

void what_the_journal_forbids_is_not_done(const NotedRow &row)
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    JournalState state = Case::read_journal(folder);
    state.notes["upload-url"] = cat(kNobody, "1");
    state.notes.erase("origin");
    state.notes[row.note] = row.value;
    Case::write_journal(folder, state);
    const Run run = send_to(test.server->files_url(), folder, *test.server);
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says(row.says));
    assert_silent(*test.server, 0);
    g_assert_true(Case::read_journal(folder).notes == state.notes);
    g_assert_cmpint(run_recover({"--delete", folder}).status, ==, 0);
}

// The old server may have it complete: two would be made of one, in the dark.
void all_at_the_old_server_is_looked_at_there()
{
    Case test;
    const std::unique_ptr<Standin> other = another();
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    JournalState state = Case::read_journal(folder);
    state.notes["upload-url"] = cat(kNobody, "1");
    state.notes["homes"] = cat(kNobody, '\n');
    state.notes["length"] = std::to_string(kSize);
    state.acked = kSize;
    Case::write_journal(folder, state);
    const Run run = send_to(other->files_url(), folder, *other);
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says(cat("All its bytes are at ", kNobody, "1: gst-tus-recover ")));
    g_assert_true(Case::read_journal(folder).notes == state.notes);
    assert_silent(*other, 0);
    g_assert_cmpint(run_recover({"--to", other->files_url(), "--send-again", folder}).status, ==,
                    0);
    check_arrived(other->snapshot());
}

// The application made the upload itself, say, and knows that it was empty.
void continuation_is_sent_as_a_whole_when_asked_for()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    JournalState state = Case::read_journal(folder);
    state.notes["upload-url"] = cat(kNobody, "1");
    state.notes["homes"] = cat(kNobody, "1\n");
    state.notes.erase("origin");
    Case::write_journal(folder, state);
    const Run run = run_recover({"--to", test.server->files_url(), "--send-again", folder});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_true(run.says("what it had before this recording, if anything, is not here"));
    check_arrived(test.server->snapshot());
}

// One that was sent is sent to another as to the same: by who asks for that.
void what_was_sent_is_sent_again_elsewhere()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    JournalState state = Case::read_journal(folder);
    state.notes["sent"] = kNobody;
    Case::write_journal(folder, state);
    const Run refused = send_to(test.server->files_url(), folder, *test.server);
    g_assert_cmpint(refused.status, ==, 1);
    g_assert_true(refused.says("--send-again"));
    g_assert_true(Case::read_journal(folder).notes == state.notes);
    g_assert_cmpint(run_recover({"--to", test.server->files_url(), "--send-again", folder}).status,
                    ==, 0);
    check_arrived(test.server->snapshot());
}

// Fails to sync once the new journal has its name.
class LateFailure final : public FileOps {
public:
    int rename_at(int dir, const char *from, const char *to) override
    {
        const int done = FileOps::rename_at(dir, from, to);
        fails_ = fails_ || done == 0;
        return done;
    }

    int sync_data(int fd) override { return fails_ ? fail() : FileOps::sync_data(fd); }

    int sync_all(int fd) override { return fails_ ? fail() : FileOps::sync_all(fd); }

private:
    static int fail()
    {
        errno = EIO;
        return -1;
    }

    bool fails_ = false;
};

// It is noted then, even if a power cut might take that back: who reads the error has to know.
void destination_is_told_where_the_disk_fails()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    auto listed = list_uploads(test.folder.get());
    g_assert_true(listed.ok());
    {
        LateFailure ops;
        auto opened = open_upload(test.folder.get(), listed->front().id, ops);
        g_assert_true(opened.ok());
        RecoverOptions options;
        options.to = test.server->files_url();
        options.whole_urls = {options.to};
        std::string told;
        const auto sent = send_elsewhere(
            *opened, listed->front(), options, [&](const std::string &line) { told += line; },
            nullptr);
        g_assert_false(sent.ok());
        g_assert_true(told.find(cat("to ", options.to, " now")) != std::string::npos);
    }
    ASSERT_STR(Case::read_journal(folder).notes.at("target.endpoint"), test.server->files_url());
    g_assert_cmpint(run_recover({folder}).status, ==, 0);
    check_arrived(test.server->snapshot());
}

// --- the same in other words
// ----------------------------------------------------------------------

void other_spelling_is_no_other_server()
{
    for (const bool has_slash : {false, true}) {
        Case test;
        test.leave(test.tus_target(), SpoolMode::kAlways, noise(kSize), true);
        g_assert_true(test.server->come_back().ok());
        std::string to = test.server->files_url();
        if (!has_slash)
            to.pop_back();
        to.replace(0, 4, "HTTP");
        const Run run = send_to(to, only_upload_in(test), *test.server);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_false(run.says("stays there"));
        g_assert_cmpuint(test.server->snapshot().uploads.size(), ==, 1);
        test.check_stored(noise(kSize));
    }
}

// Where nothing was made yet, that slash may be what was wrong.
void slash_is_put_right()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at("http://127.0.0.1:9/files"));
    g_assert_cmpint(send_to(kNobody, folder, *test.server, {"--outage-timeout=1"}).status, ==, 1);
    ASSERT_STR(Case::read_journal(folder).notes.at("target.endpoint"), kNobody);
    g_assert_cmpint(run_recover({"--delete", folder}).status, ==, 0);
}

// --- the new one is wrong, too
// --------------------------------------------------------------------

struct WrongRow {
    const char *name;
    const char *answer; // nullptr: nobody is there
    const char *says;
};

constexpr WrongRow kWrong[] = {
    {"away", nullptr, "did not answer."},
    {"unauthorized", "401", "answered 401."},
    {"forbidden", "403", "answered 403."},
    {"not-found", "404", "answered 404."},
};

// The journal of the first says so, and no other one.
void wrong_destination_is_noted_once(const WrongRow &row)
{
    Case test;
    for (int i = 0; i < 3; ++i)
        leave_unsent(test, tus_at("http://127.0.0.1:9/old/"));
    if (row.answer)
        g_assert_true(test.server->add_fault(cat("on POST any: answer ", row.answer)).ok());
    const std::string to = row.answer ? test.server->files_url() : std::string(kNobody);
    const Run run = send_to(to, test.folder.get(), *test.server, {"--outage-timeout=1"});
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says(cat("Not tried: ", to, ' ', row.says)));
    const auto ids = upload_ids(test.folder.get());
    g_assert_true(ids.ok());
    g_assert_cmpuint(ids->size(), ==, 3);
    for (std::size_t i = 0; i < 3; ++i)
        ASSERT_STR(
            Case::read_journal(cat(test.folder.get(), '/', (*ids)[i])).notes.at("target.endpoint"),
            i == 0 ? to : "http://127.0.0.1:9/old/");
    test.server->clear_faults();
    g_assert_cmpint(send_to(test.server->files_url(), test.folder.get(), *test.server).status, ==,
                    0);
    g_assert_cmpuint(test.server->snapshot().uploads.size(), ==, 3);
}

// --- it is interrupted ---------------------------------------------------------------------------

struct AgainRow {
    const char *name;
    bool to_gcore;
    bool says_it_again; // else a plain gst-tus-recover
};

constexpr AgainRow kAgain[] = {
    {"tus", false, false},
    {"tus-again", false, true},
    {"gcore", true, false},
    {"gcore-again", true, true},
};

void kill_when(const std::vector<std::string> &arguments, Standin &server,
               const std::function<bool(const Snapshot &)> &holds)
{
    std::vector<const char *> argv = {g_getenv("GST_TUS_RECOVER")};
    for (const std::string &argument : arguments)
        argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    GPid pid = 0;
    g_assert_true(g_spawn_async(nullptr, const_cast<char **>(argv.data()), nullptr,
                                static_cast<GSpawnFlags>(G_SPAWN_DO_NOT_REAP_CHILD |
                                                         G_SPAWN_STDOUT_TO_DEV_NULL |
                                                         G_SPAWN_STDERR_TO_DEV_NULL),
                                nullptr, nullptr, &pid, nullptr));
    g_assert_true(server.wait_for(holds, patience(seconds(20))));
    kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
}

// In the middle of the second destination: it goes on there, with what it had made.
void killed_recovery_goes_on_elsewhere(const AgainRow &row)
{
    Case test;
    const std::unique_ptr<Standin> other = another();
    test.leave(row.to_gcore ? test.gcore_target() : test.tus_target(), SpoolMode::kAlways,
               noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    JournalState state = Case::read_journal(folder);
    const std::string name = row.to_gcore ? "target.location" : "target.metadata.filename";
    state.notes[name] = "left-behind.bin";
    Case::write_journal(folder, state);
    const std::uint64_t before = test.server->snapshot().requests_total;
    const std::string to = row.to_gcore ? "gcore" : other->files_url();
    g_assert_true(other->add_fault("on PATCH any: stall 60 s after 70000 bytes").ok());
    kill_when({"--to", to, "--api-key", kKey, "--api-url", other->url(), folder}, *other,
              [](const Snapshot &now) { return now.bytes_received >= 70000; });
    other->clear_faults();
    const Run run = row.says_it_again ? send_to(to, folder, *other)
                                      : run_recover({"--api-url", other->url(), folder},
                                                    {cat("GCORE_API_KEY=", kKey)});
    g_assert_cmpint(run.status, ==, 0);
    const Snapshot snapshot = other->snapshot();
    check_arrived(snapshot);
    g_assert_cmpuint(snapshot.uploads.size(), ==, 1);
    g_assert_cmpuint(snapshot.videos.size(), ==, row.to_gcore ? 1 : 0);
    assert_silent(*test.server, before);
}

// --- an account of Gcore's -----------------------------------------------------------------------

void remove_video(Standin &server, const std::string &id)
{
    auto http = make_soup_transport(HttpConfig{.user_agent = "test"});
    g_assert_true(http.ok());
    HttpRequest request;
    request.method = "DELETE";
    request.url = cat(server.url(), "/streaming/videos/", id);
    request.headers = {{"Authorization", cat("APIKey ", kKey)}};
    const HttpOutcome outcome = (*http)->send(request, nullptr);
    g_assert_nonnull(outcome.response());
    g_assert_cmpint(outcome.response()->status / 100, ==, 2);
}

bool has_field(const Snapshot &snapshot, std::uint64_t video, const char *name)
{
    return snapshot.videos.at(video).fields.find(name) != std::string::npos;
}

struct AccountRow {
    const char *name;
    bool has_it; // the account of the key has the video
};

constexpr AccountRow kAccounts[] = {{"same", true}, {"removed", false}};

// At the same API it is the video that says whose recording it is. One that was removed is nobody's
// any more: what was asked for it stays asked for.
void account_without_the_video_gets_a_new_one(const AccountRow &row)
{
    Case test;
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    const std::string old = Case::read_journal(folder).notes.at("target.video_id");
    if (!row.has_it)
        remove_video(*test.server, old);
    const Run run = send_to("gcore", folder, *test.server);
    g_assert_cmpint(run.status, ==, 0);
    g_assert_false(run.says("of the other account"));
    const Snapshot snapshot = test.server->snapshot();
    const UploadRecord &record = check_arrived(snapshot);
    g_assert_cmpint(std::to_string(record.video_id) == old, ==, row.has_it);
    g_assert_cmpuint(snapshot.videos.size(), ==, row.has_it ? 1 : 2);
    g_assert_true(has_field(snapshot, record.video_id, "quality_set_id"));
}

struct UnclearRow {
    const char *name;
    const char *answer;
    const char *says;
};

constexpr UnclearRow kUnclear[] = {
    {"forbidden", "403 with JSON", "the video may be another account's, or the key's role"},
    {"forbidden-by-a-page", "403 with HTML", "the video may be another account's"},
    {"page", "404 with HTML", "not as Gcore's API does"},
    {"gone-page", "410 with HTML", "not as Gcore's API does"},
};

// Nor does an answer that may be of something in front of the API, or of a key with few rights.
void unclear_answer_decides_nothing(const UnclearRow &row)
{
    Case test;
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    const Notes notes = Case::read_journal(folder).notes;
    g_assert_true(test.server->add_fault(cat("on GET /streaming 1: answer ", row.answer)).ok());
    const Run run = send_to("gcore", folder, *test.server);
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says(row.says));
    g_assert_true(Case::read_journal(folder).notes == notes);
    g_assert_cmpint(send_to("gcore", folder, *test.server).status, ==, 0);
    check_arrived(test.server->snapshot());
    g_assert_cmpuint(test.server->snapshot().videos.size(), ==, 1);
}

// The way out, for who knows that it is another account's.
void forbidden_video_is_left_when_asked_for()
{
    Case test;
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    g_assert_true(test.server->add_fault("on GET /streaming 1: answer 403 with JSON").ok());
    g_assert_cmpint(
        run_recover({"--to", "gcore", "--api-url", test.server->url(), "--send-again", folder},
                    {cat("GCORE_API_KEY=", kKey)})
            .status,
        ==, 0);
    const Snapshot snapshot = test.server->snapshot();
    const std::uint64_t video = check_arrived(snapshot).video_id;
    g_assert_cmpuint(snapshot.videos.size(), ==, 2);
    g_assert_true(has_field(snapshot, video, "client_user_id"));
    g_assert_false(has_field(snapshot, video, "quality_set_id"));
}

// An account that has not got the quality set refuses the video: also then there is a way on.
void ids_are_left_out_later()
{
    Case test;
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    remove_video(*test.server, Case::read_journal(folder).notes.at("target.video_id"));
    g_assert_true(test.server->add_fault("on POST /streaming any: answer 422 with JSON").ok());
    const Run run = send_to("gcore", folder, *test.server);
    g_assert_cmpint(run.status, ==, 1);
    g_assert_true(run.says("--send-again leaves them out"));
    test.server->clear_faults();
    const Run again =
        run_recover({"--to", "gcore", "--api-url", test.server->url(), "--send-again", folder},
                    {cat("GCORE_API_KEY=", kKey)});
    g_assert_cmpint(again.status, ==, 0);
    g_assert_true(again.says("left out, as --send-again wants it: quality_set_id"));
    const Snapshot snapshot = test.server->snapshot();
    const std::uint64_t video = check_arrived(snapshot).video_id;
    g_assert_true(has_field(snapshot, video, "client_user_id"));
    g_assert_false(has_field(snapshot, video, "quality_set_id"));
}

// What is only that account's is nothing to the other.
void other_api_gets_no_ids_of_the_account()
{
    Case test;
    const std::unique_ptr<Standin> other = another();
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const Run run = send_to("gcore", only_upload_in(test), *other);
    g_assert_cmpint(run.status, ==, 0);
    g_assert_true(run.says("left out, since it is of the other account: quality_set_id"));
    const Snapshot snapshot = other->snapshot();
    const std::uint64_t video = check_arrived(snapshot).video_id;
    g_assert_true(has_field(snapshot, video, "client_user_id"));
    g_assert_false(has_field(snapshot, video, "quality_set_id"));
}

// It is there already: as for tus, what is here is cleared away.
void complete_video_is_complete()
{
    Case test;
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    g_assert_true(test.server->come_back().ok());
    const std::string folder = only_upload_in(test);
    JournalState state = Case::read_journal(folder);
    state.notes["finished"] = "1";
    Case::write_journal(folder, state);
    g_assert_cmpint(send_to("gcore", folder, *test.server).status, ==, 0);
    g_assert_cmpuint(test.server->snapshot().videos.size(), ==, 1);
}

// The application named one that nobody has seen.
void video_that_is_nowhere_does_not_stay()
{
    for (const bool to_gcore : {true, false}) {
        Case test;
        const std::string folder = leave_unsent(test, gcore_at(test.server->url(), 777));
        const Run run =
            send_to(to_gcore ? "gcore" : test.server->files_url(), folder, *test.server);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_false(run.says("empty"));
        g_assert_cmpint(run.says("stays"), ==, !to_gcore);
        g_assert_cmpint(run.says("video 777, if it is there, stays as it is"), ==, !to_gcore);
        check_arrived(test.server->snapshot());
    }
}

// Then nobody knows, and nothing changes.
void api_that_is_away_decides_nothing()
{
    Case test;
    test.leave(gcore_at(test.server->url()), SpoolMode::kAlways, noise(kSize), true);
    const std::string folder = only_upload_in(test);
    const Notes notes = Case::read_journal(folder).notes;
    g_assert_cmpint(send_to("gcore", folder, *test.server).status, ==, 1);
    g_assert_true(Case::read_journal(folder).notes == notes);
    g_assert_true(test.server->come_back().ok());
    g_assert_cmpint(send_to("gcore", folder, *test.server).status, ==, 0);
    check_arrived(test.server->snapshot());
}

// --- secrets, and what is no destination ---------------------------------------------------------

void secrets_are_given_for_the_new_server()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody, {{"token", "oldmarker"}}));
    const Notes notes = Case::read_journal(folder).notes;
    const Run missing = send_to(test.server->files_url(), folder, *test.server);
    g_assert_cmpint(missing.status, ==, 1);
    g_assert_true(missing.says("Give it with --metadata token=VALUE"));
    g_assert_true(Case::read_journal(folder).notes == notes); // the old address, too
    const Run run = send_to(
        test.server->files_url(), folder, *test.server,
        {"--metadata", "token=newmarker", "--authorization", test.named("Bearer hostmarker")});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_false(run.says("marker"));
    const Snapshot snapshot = test.server->snapshot();
    ASSERT_STR(check_arrived(snapshot).metadata.at("token"), "newmarker");
    g_assert_true(
        std::any_of(snapshot.requests.begin(), snapshot.requests.end(), [](const auto &one) {
            const auto found = one.request.headers.find("authorization");
            return found != one.request.headers.end() && found->second == "Bearer hostmarker";
        }));
}

// No other user sees it in a list of processes.
void signed_address_comes_from_the_environment()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    const Notes notes = Case::read_journal(folder).notes;
    const std::string bare = test.server->files_url() + "?";
    const Run missing = send_to(bare, folder, *test.server);
    g_assert_cmpint(missing.status, ==, 1);
    g_assert_true(missing.says("GST_TUS_URLS"));
    g_assert_true(Case::read_journal(folder).notes == notes);
    const Run run = run_recover({"--to", bare, folder}, {cat("GST_TUS_URLS=", bare, "sig=marker")});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_false(run.says("marker"));
    check_arrived(test.server->snapshot());
}

void what_is_no_destination_is_wrong_usage()
{
    Case test;
    const std::string folder = leave_unsent(test, tus_at(kNobody));
    const Notes notes = Case::read_journal(folder).notes;
    using Words = std::vector<std::string>;
    for (const Words &words :
         {Words{"--to", "", folder}, Words{"--to", "example.com", folder},
          Words{"--to", "ftp://example.com/", folder}, Words{"--to", "http:///files/", folder},
          Words{"--to", "https://u:usagemarker@example.com/", folder}, Words{"--to", kNobody},
          Words{"--to", kNobody, "--list", folder}, Words{"--to", kNobody, "--watch", folder},
          Words{"--to", kNobody, "--delete", folder}, Words{"--to", "gcore", folder},
          Words{"--to", "gcore", "-k", "1$k", "--api-url", "http://example.com", folder},
          Words{"--to", "gcore", "-k", " ", folder}, Words{"--to", "gcore", "-k", "a b", folder},
          Words{"--to", kNobody, "--ca-file", "/nowhere/ca.pem", folder},
          Words{"--to", kNobody, "--cert-file", "/nowhere/cert.pem", folder},
          Words{"--to", "http://example.com/", "--authorization", "example.com=Bearer usagemarker",
                folder}}) {
        const Run run = run_recover(words, {"GCORE_API_KEY", "GCORE_BASE_URL"});
        g_assert_cmpint(run.status, ==, 2);
        g_assert_false(run.err.empty());
        g_assert_false(run.says("usagemarker"));
    }
    g_assert_true(Case::read_journal(folder).notes == notes);
    g_assert_cmpint(run_recover({"--delete", folder}).status, ==, 0);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const NeverRow &row : kNever)
        add_row_test(cat("/recover-elsewhere/never/", row.name), row, wrong_address_is_replaced);
    add_test("/recover-elsewhere/right", address_that_was_right_is_not_doubted);
    add_test("/recover-elsewhere/folder", spool_folder_is_sent_as_a_whole);
    add_test("/recover-elsewhere/part", part_at_the_old_server_stays_there);
    add_test("/recover-elsewhere/beginning", beginning_at_the_old_server_is_needed);
    for (const NotedRow &row : kNoted)
        add_row_test(cat("/recover-elsewhere/noted/", row.name), row,
                     what_the_journal_forbids_is_not_done);
    add_test("/recover-elsewhere/all-there", all_at_the_old_server_is_looked_at_there);
    add_test("/recover-elsewhere/continuation", continuation_is_sent_as_a_whole_when_asked_for);
    add_test("/recover-elsewhere/disk", destination_is_told_where_the_disk_fails);
    add_test("/recover-elsewhere/spelling", other_spelling_is_no_other_server);
    add_test("/recover-elsewhere/slash", slash_is_put_right);
    for (const WrongRow &row : kWrong)
        add_row_test(cat("/recover-elsewhere/wrong/", row.name), row,
                     wrong_destination_is_noted_once);
    add_test("/recover-elsewhere/sent", what_was_sent_is_sent_again_elsewhere);
    for (const AgainRow &row : kAgain)
        add_row_test(cat("/recover-elsewhere/killed/", row.name), row,
                     killed_recovery_goes_on_elsewhere);
    for (const AccountRow &row : kAccounts)
        add_row_test(cat("/recover-elsewhere/account/", row.name), row,
                     account_without_the_video_gets_a_new_one);
    for (const UnclearRow &row : kUnclear)
        add_row_test(cat("/recover-elsewhere/account/", row.name), row,
                     unclear_answer_decides_nothing);
    add_test("/recover-elsewhere/account/forced", forbidden_video_is_left_when_asked_for);
    add_test("/recover-elsewhere/account/ids", ids_are_left_out_later);
    add_test("/recover-elsewhere/account/other-api", other_api_gets_no_ids_of_the_account);
    add_test("/recover-elsewhere/account/complete", complete_video_is_complete);
    add_test("/recover-elsewhere/account/nowhere", video_that_is_nowhere_does_not_stay);
    add_test("/recover-elsewhere/account/away", api_that_is_away_decides_nothing);
    add_test("/recover-elsewhere/secrets", secrets_are_given_for_the_new_server);
    add_test("/recover-elsewhere/signed", signed_address_comes_from_the_environment);
    add_test("/recover-elsewhere/usage", what_is_no_destination_is_wrong_usage);
    return g_test_run();
}
