// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What one process leaves on disk, gst-tus-recover brings to the server. The program itself is run,
// its path comes in GST_TUS_RECOVER.
#include "base/text.h"
#include "crasher.h"
#include "gcore/gcore_target.h"
#include "glib/ptr.h"
#include "http/soup_transport.h"
#include "noise.h"
#include "patience.h"
#include "raw_http.h"
#include "recover_fixture.h"
#include "replay/journal.h"
#include "replay/recovery.h"
#include "standin/standin.h"
#include "test.h"
#include "upload/live_upload.h"
#include "upload/tus_target.h"

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

using namespace gsttus;
using gsttus::standin::Snapshot;
using gsttus::standin::Standin;
using gsttus::standin::StandinOptions;
using gsttus::standin::UploadRecord;
using gsttus::test::AckObserver;
using gsttus::test::add_row_test;
using gsttus::test::add_test;
using gsttus::test::Case;
using gsttus::test::Crasher;
using gsttus::test::DeafObserver;
using gsttus::test::host_of;
using gsttus::test::kKey;
using gsttus::test::noise;
using gsttus::test::patience;
using gsttus::test::Run;
using gsttus::test::sha256;

namespace {

class BytesBody final : public BodySource {
public:
    explicit BytesBody(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::size_t size() const { return bytes_.size(); }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        const auto rest = bytes_.subspan(static_cast<std::size_t>(offset));
        const auto piece = rest.first(std::min(out.size(), rest.size()));
        std::copy(piece.begin(), piece.end(), out.begin());
        return piece.size();
    }

private:
    std::span<const std::byte> bytes_;
};

struct LeaveRow {
    const char *name;
    SpoolMode mode;
    std::vector<std::string> extensions;
    bool away;
    OnStop policy;
};

const std::vector<LeaveRow> kLeft = {
    {"kept", SpoolMode::kOverflow, StandinOptions::all_extensions(), true, OnStop::kKeep},
    {"not-finished-in-time", SpoolMode::kOverflow, StandinOptions::all_extensions(), true,
     OnStop::kFinish},
    {"always", SpoolMode::kAlways, StandinOptions::all_extensions(), true, OnStop::kKeep},
    {"kept-while-the-server-is-there", SpoolMode::kOverflow, StandinOptions::all_extensions(),
     false, OnStop::kKeep},
    {"concatenation", SpoolMode::kOverflow, {"creation", "concatenation"}, true, OnStop::kKeep},
    {"spool", SpoolMode::kOverflow, {"creation"}, false, OnStop::kKeep},
};

void left_upload_is_finished(const LeaveRow &row)
{
    StandinOptions options;
    options.extensions = row.extensions;
    Case test(std::move(options));
    const std::vector<std::byte> bytes = noise(1500000);
    test.leave(test.tus_target(), row.mode, bytes, row.away, row.policy);
    if (row.away)
        g_assert_true(test.server->come_back().ok());
    const Run listed = test.recover({"--list"});
    g_assert_cmpint(listed.status, ==, 0);
    g_assert_nonnull(strstr(listed.out.c_str(), "left-behind.bin"));
    const Run run = test.recover({});
    g_assert_cmpint(run.status, ==, 0);
    test.check_stored(bytes);
    g_assert_cmpint(test.recover({}).status, ==, 0); // again: nothing to do
}

struct PartsRow {
    const char *name;
    SpoolMode mode;
    OnStop policy;
    bool away;
    const char *fault = nullptr; // until it is recovered
};

const std::vector<PartsRow> kParts = {
    {"join-refused", SpoolMode::kOverflow, OnStop::kFinish, false, "on POST from 3: answer 431"},
    {"join-refused-always", SpoolMode::kAlways, OnStop::kFinish, false,
     "on POST from 3: answer 400"},
    {"kept", SpoolMode::kOverflow, OnStop::kKeep, false},
    {"kept-always", SpoolMode::kAlways, OnStop::kKeep, false},
    {"joined-not-seen", SpoolMode::kOverflow, OnStop::kKeep, false, "on HEAD any: answer 503"},
    {"joined-not-seen-always", SpoolMode::kAlways, OnStop::kKeep, false, "on HEAD any: answer 503"},
    {"not-joined-in-time", SpoolMode::kOverflow, OnStop::kFinish, true},
    {"not-joined-in-time-always", SpoolMode::kAlways, OnStop::kFinish, true},
};

bool was_joined_and_asked(const Snapshot &snapshot)
{
    return !snapshot.faults_hit.empty() &&
           std::any_of(snapshot.uploads.begin(), snapshot.uploads.end(),
                       [](const auto &entry) { return entry.second.final; });
}

// All bytes are at the server, in partial uploads that only the journal can still join.
void partial_uploads_are_joined(const PartsRow &row)
{
    StandinOptions options;
    options.extensions = {"creation", "concatenation"};
    Case test(std::move(options));
    const std::vector<std::byte> bytes = noise(128 << 10); // two parts, nothing is held back
    {
        UploadConfig config = test.config(row.mode);
        config.runtime.progress_interval = milliseconds(1);
        AckObserver observer;
        LiveUpload upload(
            std::move(config), test.tus_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.set_hints({});
        if (row.fault)
            g_assert_true(test.server->add_fault(row.fault).ok());
        upload.start();
        g_assert_true(upload.write(bytes).status == WriteStatus::kOk);
        observer.wait_acked(bytes.size());
        if (row.away)
            test.server->go_away();
        if (row.fault) {
            upload.finish();
            if (row.policy == OnStop::kFinish)
                g_assert_true(upload.wait_drained() == DrainStatus::kFailed);
            else // it is joined, and nobody can see that
                g_assert_true(test.server->wait_for(was_joined_and_asked, patience(seconds(30))));
        }
        upload.stop(row.policy);
    }
    if (row.away)
        g_assert_true(test.server->come_back().ok());
    test.server->clear_faults();
    g_assert_cmpint(test.recover({}).status, ==, 0);
    test.check_stored(bytes);
}

// Those in use need no work at all: the program ends as soon as it has begun.
void nothing_to_do_ends_at_once()
{
    Case test;
    DeafObserver observer;
    LiveUpload upload(
        test.config(SpoolMode::kAlways), test.tus_target(),
        [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
    upload.start();
    g_assert_true(upload.write(noise(1000)).status == WriteStatus::kOk);
    for (int round = 0; round < 100; ++round)
        g_assert_cmpint(test.recover({}).status, ==, 1); // what is under way is not finished
    upload.stop(OnStop::kFinish);
}

struct QuickerRow {
    const char *name;
    bool gone; // else it is still under way
    const char *says;
};

const std::vector<QuickerRow> kQuicker = {
    {"under-way", false, "  in use by a running program\n"},
    {"finished", true, "  gone: finished or deleted by another program\n"},
};

// While the program is at one of two uploads, another one takes the second.
void upload_that_another_program_took_is_no_failure(const QuickerRow &row)
{
    Case test;
    for (int i = 0; i < 2; ++i) {
        test.leave(test.tus_target(), SpoolMode::kOverflow, noise(300000), true);
        g_assert_true(test.server->come_back().ok());
    }
    g_assert_true(test.server->add_fault("on ANY any: answer 503").ok());
    Run run;
    std::thread program([&] { run = test.recover({}); });
    g_assert_true(test.server->wait_for([](const Snapshot &now) { return !now.faults_hit.empty(); },
                                        patience(seconds(20))));
    const auto uploads = list_uploads(test.folder.get());
    g_assert_cmpuint(uploads->size(), ==, 2);
    g_assert_cmpint(uploads->front().in_use, !=, uploads->back().in_use);
    const std::string id = (uploads->front().in_use ? uploads->back() : uploads->front()).id;
    {
        Result<RecoveredUpload> taken = open_upload(test.folder.get(), id);
        g_assert_true(taken.ok());
        if (row.gone)
            taken->store->discard();
        test.server->clear_faults();
        program.join();
    }
    g_assert_cmpint(run.status, ==, row.gone ? 0 : 1);
    g_assert_nonnull(strstr(run.out.c_str(), row.says));
    g_assert_nonnull(strstr(run.out.c_str(), "1 upload finished, 0 not, "));
    g_assert_cmpint(test.recover({}).status, ==, 0);
}

void credentials_do_not_travel_unencrypted()
{
    Case test;
    {
        DeafObserver observer; // never started: all that it knows is the address
        LiveUpload upload(
            test.config(SpoolMode::kAlways),
            std::make_unique<TusTarget>("http://0.0.0.0:1/files/", Metadata{}),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        g_assert_true(upload.write(noise(1000)).status == WriteStatus::kOk);
    }
    for (const std::vector<const char *> &arguments :
         {std::vector<const char *>{"--authorization", "0.0.0.0:1=Bearer marker"},
          std::vector<const char *>{"--header", "0.0.0.0:1=X-Key: marker"}}) {
        const Run run = test.recover(arguments);
        g_assert_cmpint(run.status, ==, 1);
        g_assert_nonnull(strstr(run.out.c_str(), "unencrypted"));
        g_assert_null(strstr(run.out.c_str(), "marker"));
    }
    const std::string listed = test.recover({"--list"}).out;
    const std::string id = listed.substr(0, listed.find(' '));
    g_assert_cmpint(test.recover({"--delete", id.c_str()}).status, ==, 0);
}

// --- what the journal does not keep --------------------------------------------------------------

// The query of the endpoint and the token have to be given anew.
void secrets_that_are_not_kept_are_asked_for()
{
    Case test;
    const std::vector<std::byte> bytes = noise(300000);
    const std::string endpoint = cat(test.server->files_url(), "?key=querymarker");
    {
        DeafObserver observer; // never started: nothing is at the server
        LiveUpload upload(
            test.config(SpoolMode::kAlways),
            std::make_unique<TusTarget>(endpoint,
                                        Metadata{{"filename", "a.bin"}, {"token", "tokenmarker"}}),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        g_assert_true(upload.write(bytes).status == WriteStatus::kOk);
    }
    const Run bare = test.recover({});
    g_assert_cmpint(bare.status, ==, 1);
    g_assert_nonnull(strstr(bare.out.c_str(), "--url"));
    const Run half = test.recover({"--url", endpoint.c_str()});
    g_assert_cmpint(half.status, ==, 1);
    g_assert_nonnull(strstr(half.out.c_str(), "--metadata token="));
    const Run whole = test.recover({"--url", endpoint.c_str(), "--metadata", "token=tokenmarker"});
    g_assert_cmpint(whole.status, ==, 0);
    for (const Run *run : {&bare, &half, &whole})
        g_assert_null(strstr(cat(run->out, run->err).c_str(), "marker"));
    test.check_stored(bytes);
    const Snapshot snapshot = test.server->snapshot();
    const auto posted = std::find_if(snapshot.requests.begin(), snapshot.requests.end(),
                                     [](const auto &one) { return one.request.method == "POST"; });
    g_assert_true(posted != snapshot.requests.end());
    ASSERT_STR(posted->request.query, "key=querymarker");
}

struct SignedRow {
    const char *name;
    bool begun;       // bytes are at the server and not here any more
    bool given;       // the query
    const char *says; // nullptr: nothing of it
};

const std::vector<SignedRow> kSigned = {
    {"given", true, true, nullptr},
    {"all-here", false, false, "sent anew"},
};

// The server signed the upload's address.
void signed_upload_is_finished(const SignedRow &row)
{
    Case test;
    const std::vector<std::byte> bytes = noise(1500000);
    if (row.begun) {
        test.leave(test.tus_target(), SpoolMode::kOverflow, bytes, true);
    } else {
        test.server->go_away();
        DeafObserver observer;
        LiveUpload upload(
            test.config(SpoolMode::kAlways), test.tus_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.start();
        g_assert_true(upload.write(bytes).status == WriteStatus::kOk);
    }
    g_assert_true(test.server->come_back().ok());
    const std::string folder =
        cat(test.folder.get(), '/', list_uploads(test.folder.get())->front().id);
    JournalState state = Case::read_journal(folder);
    std::string &url = state.notes["upload-url"];
    const std::string signed_url =
        cat(url.empty() ? test.server->files_url() : url, "?sig=querymarker");
    url = noted_url(signed_url);
    Case::write_journal(folder, state);
    if (row.begun) {
        const Run refused = test.recover({});
        g_assert_cmpint(refused.status, ==, 1);
        g_assert_nonnull(strstr(refused.out.c_str(), "has a query, which is not kept"));
    }
    const Run run = row.given ? test.recover({"--url", signed_url.c_str()}) : test.recover({});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_null(strstr(cat(run.out, run.err).c_str(), "marker"));
    if (row.says)
        g_assert_nonnull(strstr(run.err.c_str(), row.says));
    test.check_stored(bytes);
}

// Recorded until `enough` returns; what the server does not have then is on disk.
void record_and_keep(UploadConfig config, std::unique_ptr<Target> target, UploadObserver &observer,
                     const std::vector<std::byte> &bytes, const std::function<void()> &enough)
{
    LiveUpload upload(
        std::move(config), std::move(target),
        [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
    upload.set_hints({});
    upload.start();
    g_assert_true(upload.write(bytes).status == WriteStatus::kOk);
    enough();
    upload.stop(OnStop::kKeep);
}

struct HomeRow {
    const char *name;
    bool continued; // with upload-url, else created
    bool redirected;
    bool told; // the credentials
};

const std::vector<HomeRow> kHomes = {
    {"created", false, false, true},
    {"created-elsewhere", false, true, false},
    {"continued", true, false, true},
    {"continued-elsewhere", true, true, false},
};

// Whom the sink tells them, and whom not, whoever leads to the upload.
void credentials_go_where_the_sink_sent_them(const HomeRow &row)
{
    Case test;
    auto other = Standin::start({});
    g_assert_true(other.ok());
    Standin &holder = row.redirected ? **other : *test.server;
    UploadConfig config = test.config(SpoolMode::kAlways);
    config.runtime.progress_interval = milliseconds(1);
    config.runtime.authorization = "Bearer marker";
    std::string endpoint = test.server->files_url();
    std::string leads_to = holder.files_url();
    if (row.continued) {
        leads_to = gsttus::test::ask(holder.url(), "POST", "/files/",
                                     "Tus-Resumable: 1.0.0\r\nUpload-Defer-Length: 1\r\n")
                       .header("location");
        config.upload_url = row.redirected ? test.server->files_url() + "1" : leads_to;
        endpoint = (*other)->files_url(); // is not used
    }
    if (row.redirected)
        g_assert_true(test.server->add_fault(cat("on ANY any: redirect 307 to ", leads_to)).ok());
    const std::string continued = config.upload_url;
    const std::uint64_t before = holder.snapshot().requests_total;
    const std::vector<std::byte> bytes = noise(300000);
    AckObserver observer;
    record_and_keep(std::move(config), std::make_unique<TusTarget>(endpoint, Metadata{}), observer,
                    bytes, [&] { observer.wait_acked(200000); });
    const std::uint64_t sent = holder.snapshot().requests_total;
    const std::string home = host_of(row.continued ? continued : endpoint);
    const Run run = test.recover({"--authorization", cat(home, "=Bearer marker").c_str(),
                                  "--header", cat(home, "=X-Key: marker").c_str()});
    g_assert_cmpint(run.status, ==, 0);
    const Snapshot snapshot = holder.snapshot();
    ASSERT_STR(snapshot.only_finished()->sha256, sha256(bytes));
    g_assert_cmpuint(snapshot.requests.size(), >, sent);
    for (std::size_t i = before; i < snapshot.requests.size(); ++i) {
        const auto &request = snapshot.requests[i].request;
        g_assert_cmpint(request.header("authorization") != nullptr, ==, row.told);
        g_assert_cmpint(request.header("x-key") != nullptr, ==, row.told && i >= sent);
    }
}

// It was made for more than is here; that is between the backend and its server.
void upload_of_a_backend_is_not_replaced()
{
    Case test;
    const std::vector<std::byte> bytes = noise(300000);
    UploadConfig config = test.config(SpoolMode::kAlways);
    config.replay.rollback_margin = 64 << 20; // every byte stays here
    config.upload_url = gsttus::test::ask(test.server->url(), "POST", "/files/",
                                          "Tus-Resumable: 1.0.0\r\nUpload-Length: 400000\r\n")
                            .header("location");
    AckObserver observer;
    record_and_keep(std::move(config), test.tus_target(), observer, bytes,
                    [&] { observer.wait_acked(200000); });
    g_assert_cmpint(test.recover({}).status, ==, 1);
    const Snapshot snapshot = test.server->snapshot();
    g_assert_cmpuint(snapshot.uploads.size(), ==, 1);
    for (const auto &exchange : snapshot.requests)
        g_assert_cmpstr(exchange.request.method.c_str(), !=, "DELETE");
    gsttus::test::assert_can_be_deleted(test.folder.get());
    g_assert_cmpint(g_mkdir(test.folder.get(), 0700), ==, 0); // as the case expects it
}

void upload_that_is_gone_is_made_anew()
{
    Case test;
    const std::vector<std::byte> bytes = noise(900000);
    UploadConfig config = test.config(SpoolMode::kAlways);
    config.replay.rollback_margin = 64 << 20; // every byte stays here
    DeafObserver observer;
    record_and_keep(std::move(config), test.tus_target(), observer, bytes, [&test] {
        g_assert_true(
            test.server->wait_for([](const Snapshot &now) { return now.bytes_received > 200000; },
                                  patience(seconds(20))));
    });
    g_assert_true(test.server->add_fault("on HEAD 1: forget").ok());
    g_assert_cmpint(test.recover({}).status, ==, 0);
    test.check_stored(bytes);
}

struct LostNoteRow {
    const char *name;
    const char *fault; // or nullptr
};

const std::vector<LostNoteRow> kLostNotes = {
    {"server-has-it", nullptr},
    {"server-has-less", "on HEAD any: rollback 9000000 bytes"},
};

// After a power cut: the files of what the server has confirmed are gone, the note of it came too
// late. Only the server knows.
void lost_note_of_what_is_confirmed_is_asked_for(const LostNoteRow &row)
{
    Case test;
    const std::vector<std::byte> bytes = noise(4000000);
    {
        UploadConfig config = test.config(SpoolMode::kAlways);
        config.replay.max_spool_size = 8 << 20; // files of 1 MiB
        config.keep_until_proved = false;       // what is confirmed goes
        config.runtime.progress_interval = milliseconds(1);
        AckObserver observer;
        LiveUpload upload(
            std::move(config), test.tus_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.set_hints({});
        upload.start();
        g_assert_true(upload.write(std::span(bytes).first(2000000)).status == WriteStatus::kOk);
        observer.wait_acked(1500000);
        test.server->go_away();
        g_assert_true(upload.write(std::span(bytes).subspan(2000000)).status == WriteStatus::kOk);
        upload.stop(OnStop::kKeep);
    }
    const std::string id = list_uploads(test.folder.get())->front().id;
    const GCharOwn folder(g_build_filename(test.folder.get(), id.c_str(), nullptr));
    JournalState state = Case::read_journal(folder.get());
    g_assert_cmpuint(state.acked, >, 0);
    state.acked = 0;
    state.notes["released"] = "0";
    Case::write_journal(folder.get(), state);
    g_assert_true(test.server->come_back().ok());
    if (row.fault)
        g_assert_true(test.server->add_fault(row.fault).ok());
    const Run run = test.recover({});
    g_assert_cmpint(run.status, ==, row.fault ? 1 : 0);
    if (!row.fault)
        return test.check_stored(bytes);
    g_assert_nonnull(strstr(run.out.c_str(), "not finished: The server went back to byte"));
    g_assert_true(delete_upload(test.folder.get(), id).ok()); // else it is kept
}

// A full disk could not keep the end of it.
void recording_whose_end_is_not_here_is_said_to_be_cut()
{
    Case test;
    const std::vector<std::byte> bytes = noise(600000);
    test.leave(test.tus_target(), SpoolMode::kAlways, bytes, true, OnStop::kFinish);
    const std::string folder = list_uploads(test.folder.get())->front().folder;
    JournalState state = Case::read_journal(folder);
    ASSERT_STR(state.notes.at("length"), "600000");
    const std::uint64_t end = state.data.back().position;
    state.data.pop_back();
    Case::write_journal(folder, state);
    const std::string says = cat("  The recording has 600000 bytes, of which the first ", end,
                                 " are here: the upload ends there.\n");
    const Run first = test.recover({"--outage-timeout", "1"});
    g_assert_cmpint(first.status, ==, 1);
    g_assert_nonnull(strstr(first.err.c_str(), says.c_str()));
    g_assert_true(test.server->come_back().ok());
    const Run second = test.recover({});
    g_assert_cmpint(second.status, ==, 0); // all that there is
    g_assert_nonnull(strstr(second.err.c_str(), says.c_str()));
    test.check_stored(std::span(bytes).first(end));
}

// A power cut took the disk's last bytes, the server has them.
void server_that_has_more_than_the_disk_keeps_it()
{
    Case test;
    const std::vector<std::byte> bytes = noise(301000);
    test.leave(test.tus_target(), SpoolMode::kAlways, std::span(bytes).first(300000), true);
    g_assert_true(test.server->come_back().ok());
    auto http = make_soup_transport(HttpConfig{.user_agent = "test"});
    HttpRequest request;
    request.method = "HEAD";
    request.url = cat(test.server->url(), test.server->snapshot().uploads.begin()->second.url_path);
    request.headers = {{"Tus-Resumable", "1.0.0"}};
    const HttpOutcome asked = (*http)->send(request, nullptr);
    const std::string offset = *asked.response()->header("Upload-Offset");
    BytesBody rest{std::span(bytes).subspan(std::stoull(offset))};
    request.method = "PATCH";
    request.headers.emplace_back("Upload-Offset", offset);
    request.content_type = "application/offset+octet-stream";
    request.body = &rest;
    request.body_length = rest.size();
    g_assert_cmpint((*http)->send(request, nullptr).response()->status, ==, 204);
    const Run run = test.recover({});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_nonnull(strstr((run.out + run.err).c_str(), "1000 bytes more"));
    test.check_stored(bytes);
}

void gcore_upload_is_finished_in_its_video()
{
    Case test;
    const std::vector<std::byte> bytes = noise(800000);
    test.leave(test.gcore_target(), SpoolMode::kOverflow, bytes, true);
    g_assert_true(test.server->come_back().ok());
    g_assert_cmpint(
        test.recover({"--api-key", kKey, "--api-url", test.server->url().c_str()}).status, ==, 0);
    test.check_stored(bytes);
    g_assert_cmpuint(test.server->snapshot().videos.size(), ==, 1);
}

void gcore_recording_that_never_reached_the_api_gets_a_video()
{
    Case test;
    const std::vector<std::byte> bytes = noise(300000);
    test.server->go_away();
    test.leave(test.gcore_target(), SpoolMode::kOverflow, bytes, false);
    g_assert_true(test.server->come_back().ok());
    const Run without_key = test.recover({});
    g_assert_cmpint(without_key.status, ==, 1); // and says what is missing
    g_assert_nonnull(strstr(without_key.out.c_str(), "GCORE_API_KEY"));
    g_assert_cmpint(
        test.recover({"--api-key", kKey, "--api-url", test.server->url().c_str()}).status, ==, 0);
    test.check_stored(bytes);
    ASSERT_STR(test.server->snapshot().videos.begin()->second.name, "left behind");
}

// No byte had arrived, but the recording is here: it will need the video.
void gcore_video_of_what_is_kept_is_not_deleted()
{
    Case test;
    const std::vector<std::byte> bytes = noise(300000);
    g_assert_true(test.server->add_fault("on PATCH any: answer 403").ok());
    {
        DeafObserver observer;
        LiveUpload upload(
            test.config(SpoolMode::kAlways), test.gcore_target(),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.set_hints({});
        upload.start();
        g_assert_true(upload.write(bytes).status == WriteStatus::kOk);
        upload.finish();
        g_assert_true(upload.wait_drained() == DrainStatus::kFailed);
        upload.stop(OnStop::kKeep);
    }
    test.server->clear_faults();
    g_assert_cmpint(
        test.recover({"--api-key", kKey, "--api-url", test.server->url().c_str()}).status, ==, 0);
    test.check_stored(bytes);
    const Snapshot snapshot = test.server->snapshot();
    g_assert_cmpuint(snapshot.videos.size(), ==, 1);
    g_assert_false(snapshot.videos.begin()->second.deleted);
}

void server_that_is_not_there_leaves_all_for_next_time()
{
    Case test;
    const std::vector<std::byte> bytes = noise(300000);
    test.leave(test.tus_target(), SpoolMode::kOverflow, bytes, true);
    g_assert_cmpint(test.recover({"--outage-timeout", "1"}).status, ==, 1);
    g_assert_true(test.server->come_back().ok());
    g_assert_cmpint(test.recover({}).status, ==, 0);
    test.check_stored(bytes);
}

void one_upload_can_be_deleted()
{
    Case test;
    test.leave(test.tus_target(), SpoolMode::kOverflow, noise(300000), true);
    const std::string listed = test.recover({"--list"}).out;
    const std::string id = listed.substr(0, listed.find(' '));
    g_assert_cmpint(test.recover({"--delete", "upload-0"}).status, ==, 1);
    g_assert_cmpint(test.recover({"--delete", "../etc"}).status, ==, 2);
    g_assert_cmpint(test.recover({"--delete", id.c_str()}).status, ==, 0);
    g_assert_nonnull(strstr(test.recover({"--list"}).out.c_str(), "0 uploads"));
}

// Killed while the files of a finished upload were removed: the journal goes first.
void rest_of_a_finished_upload_is_no_failure()
{
    Case test;
    test.leave(test.tus_target(), SpoolMode::kOverflow, noise(300000), true);
    const std::string listed = test.recover({"--list"}).out;
    const std::string id = listed.substr(0, listed.find(' '));
    const GCharOwn journal(g_build_filename(test.folder.get(), id.c_str(), "journal", nullptr));
    g_assert_cmpint(unlink(journal.get()), ==, 0);
    const std::string only_said = test.recover({"--list"}).out;
    g_assert_nonnull(strstr(only_said.c_str(), "left over, nothing to recover ("));
    const GCharOwn folder(g_build_filename(test.folder.get(), id.c_str(), nullptr));
    g_assert_true(g_file_test(folder.get(), G_FILE_TEST_IS_DIR));
    const Run run = test.recover({});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_nonnull(strstr(run.out.c_str(), "left over, nothing to recover: removed\n"));
    g_assert_nonnull(strstr(run.out.c_str(), "0 uploads finished, 0 not"));
    g_assert_false(g_file_test(folder.get(), G_FILE_TEST_EXISTS));
}

void leftover_with_a_foreign_file_is_said_to_stay()
{
    Case test;
    const GCharOwn folder(
        g_build_filename(test.folder.get(), "upload-20240101T000000Z-1-0badcafe", nullptr));
    g_assert_cmpint(g_mkdir(folder.get(), 0700), ==, 0);
    const GCharOwn lock(g_build_filename(folder.get(), "lock", nullptr));
    const GCharOwn foreign(g_build_filename(folder.get(), "notes.txt", nullptr));
    for (const char *path : {lock.get(), foreign.get()})
        g_assert_true(g_file_set_contents(path, "", 0, nullptr));
    const Run run = test.recover({});
    g_assert_cmpint(run.status, ==, 0);
    g_assert_nonnull(strstr(run.out.c_str(), "left over, nothing to recover: not removed."));
    g_assert_true(g_file_test(foreign.get(), G_FILE_TEST_EXISTS));
    g_assert_cmpint(unlink(foreign.get()), ==, 0);
    // Without its lock it is not listed, and goes all the same.
    g_assert_nonnull(strstr(test.recover({"--list"}).out.c_str(), "0 uploads in"));
    g_assert_true(g_file_test(folder.get(), G_FILE_TEST_IS_DIR));
    g_assert_cmpint(test.recover({}).status, ==, 0);
    g_assert_false(g_file_test(folder.get(), G_FILE_TEST_EXISTS));
}

void upload_of_another_user_is_said_and_not_finished()
{
    Case test;
    if (geteuid() != 0)
        return g_test_skip("only root can give a folder away");
    const GCharOwn folder(
        g_build_filename(test.folder.get(), "upload-20240101T000000Z-1-0badcafe", nullptr));
    g_assert_cmpint(g_mkdir(folder.get(), 0700), ==, 0);
    const GCharOwn lock(g_build_filename(folder.get(), "lock", nullptr));
    g_assert_true(g_file_set_contents(lock.get(), "", 0, nullptr));
    g_assert_cmpint(chown(folder.get(), 12345, 0), ==, 0);
    test.leave(test.tus_target(), SpoolMode::kOverflow, noise(300000), false);
    for (const bool only_list : {true, false}) {
        const Run run = only_list ? test.recover({"--list"}) : test.recover({});
        g_assert_cmpint(run.status, ==, only_list ? 0 : 1);
        g_assert_nonnull(strstr(run.out.c_str(), "belongs to user 12345: run gst-tus-recover as"));
        if (!only_list)
            g_assert_nonnull(
                strstr(run.out.c_str(), "1 upload finished, 0 not, 0 in use, 1 of other users\n"));
    }
    g_assert_cmpint(unlink(lock.get()), ==, 0);
    g_assert_cmpint(rmdir(folder.get()), ==, 0);
}

void wrong_usage_is_told_apart()
{
    Case test;
    g_assert_cmpint(test.recover({"--no-such-option"}).status, ==, 2);
    g_assert_cmpint(test.recover({"one", "two"}).status, ==, 2);
    g_assert_cmpint(test.recover({"--header", "no colon"}).status, ==, 2);
    g_assert_cmpint(test.recover({"--list"}).status, ==, 0);
}

struct KilledRow {
    const char *name;
    std::vector<std::string> extensions;
};

const std::vector<KilledRow> kKilled = {
    {"deferred", StandinOptions::all_extensions()},
    {"concatenation", {"creation", "concatenation"}},
    {"spool", {"creation"}},
};

// A process is killed in the middle; how much it had accepted it says in a pipe, after each write.
void killed_recording_is_finished_with_all_that_was_accepted(const KilledRow &row)
{
    for (int round = 0; round < 10; ++round) {
        StandinOptions options;
        options.extensions = row.extensions;
        Case test(std::move(options));
        const std::vector<std::byte> bytes = noise(2000000);
        Crasher program(test.server->files_url(), test.folder.get(), "always");
        program.run_until(30000 + static_cast<std::uint64_t>(round) * 150000);
        program.kill_it();
        g_assert_cmpint(test.recover({}).status, ==, 0);
        const Snapshot snapshot = test.server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        // at least what was accepted; perhaps the write whose return was not seen any more
        g_assert_cmpuint(record->offset, >=, program.accepted());
        g_assert_cmpuint(record->offset, <=, program.accepted() + 10000);
        ASSERT_STR(record->sha256, sha256(std::span(bytes).first(record->offset)));
    }
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const LeaveRow &row : kLeft)
        add_row_test(std::string("/recover/finish/") + row.name, row, left_upload_is_finished);
    for (const PartsRow &row : kParts)
        add_row_test(std::string("/recover/partial-uploads/") + row.name, row,
                     partial_uploads_are_joined);
    add_test("/recover/nothing-to-do", nothing_to_do_ends_at_once);
    for (const QuickerRow &row : kQuicker)
        add_row_test(std::string("/recover/another-was-quicker/") + row.name, row,
                     upload_that_another_program_took_is_no_failure);
    add_test("/recover/unencrypted", credentials_do_not_travel_unencrypted);
    add_test("/recover/secrets-are-asked-for", secrets_that_are_not_kept_are_asked_for);
    for (const SignedRow &row : kSigned)
        add_row_test(std::string("/recover/signed/") + row.name, row, signed_upload_is_finished);
    for (const HomeRow &row : kHomes)
        add_row_test(std::string("/recover/credentials/") + row.name, row,
                     credentials_go_where_the_sink_sent_them);
    add_test("/recover/upload-of-a-backend", upload_of_a_backend_is_not_replaced);
    add_test("/recover/upload-is-gone", upload_that_is_gone_is_made_anew);
    for (const LostNoteRow &row : kLostNotes)
        add_row_test(std::string("/recover/lost-note/") + row.name, row,
                     lost_note_of_what_is_confirmed_is_asked_for);
    add_test("/recover/cut", recording_whose_end_is_not_here_is_said_to_be_cut);
    add_test("/recover/server-has-more", server_that_has_more_than_the_disk_keeps_it);
    add_test("/recover/gcore/video-exists", gcore_upload_is_finished_in_its_video);
    add_test("/recover/gcore/no-video-yet",
             gcore_recording_that_never_reached_the_api_gets_a_video);
    add_test("/recover/gcore/kept", gcore_video_of_what_is_kept_is_not_deleted);
    add_test("/recover/server-away", server_that_is_not_there_leaves_all_for_next_time);
    add_test("/recover/delete", one_upload_can_be_deleted);
    add_test("/recover/leftover", rest_of_a_finished_upload_is_no_failure);
    add_test("/recover/leftover-foreign-file", leftover_with_a_foreign_file_is_said_to_stay);
    add_test("/recover/of-another-user", upload_of_another_user_is_said_and_not_finished);
    add_test("/recover/usage", wrong_usage_is_told_apart);
    for (const KilledRow &row : kKilled)
        add_row_test(std::string("/recover/killed/") + row.name, row,
                     killed_recording_is_finished_with_all_that_was_accepted);
    return g_test_run();
}
