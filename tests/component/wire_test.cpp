// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What recordings send: every request, its headers in order as they were sent, the size of its body
// and the answer's status, held against files in tests/component/wire/, one a case. Ids, ports,
// tokens and versions are named instead of quoted. No size depends on time: chunks are sent when
// they are full, and the recording ends when the server has the full ones.
// GST_TUS_WIRE_REWRITE=1 writes the files anew: for changes of what is sent that are meant.
#include "base/log.h"
#include "gcore/gcore_target.h"
#include "http/soup_transport.h"
#include "noise.h"
#include "patience.h"
#include "recover/finisher.h"
#include "replay/recovery.h"
#include "standin/standin.h"
#include "test.h"
#include "upload/live_upload.h"
#include "upload/tus_target.h"
#include "wire_golden.h"
#include "wire_tap.h"

#include <thread>

#include <glib/gstdio.h>

using namespace gsttus;
using namespace gsttus::test;
using standin::Snapshot;
using standin::Standin;
using standin::StandinOptions;

namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;
constexpr const char *kKey = "1234$0d16599c";
const seconds kPatience = patience(seconds(30));

// --- what was sent, as text ----------------------------------------------------------------------

void replace_all(std::string &text, const std::string &what, const std::string &with)
{
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

// What stands between `before` and the next of `ends`.
void name_instead(std::string &text, std::string_view before, std::string_view ends,
                  std::string_view name)
{
    const std::size_t at = text.find(before);
    if (at == std::string::npos)
        return;
    const std::size_t from = at + before.size();
    text.replace(from, std::min(text.find_first_of(ends, from), text.size()) - from, name);
}

std::string to_text(const std::vector<WireRequest> &requests, std::uint16_t port)
{
    std::string text;
    std::vector<std::string> ids; // of uploads, as they were created
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const WireRequest &request = requests[i];
        std::string head = request.head;
        replace_all(head, "\r\n", "\n");
        replace_all(head, cat("127.0.0.1:", port), "127.0.0.1:<port>");
        for (std::size_t id = 0; id < ids.size(); ++id)
            replace_all(head, ids[id], cat("<upload ", id + 1, ">"));
        name_instead(head, "token ", ",\n", "<token>");
        name_instead(head, "gst-tus-recover/", " \n", "<version>");
        head.pop_back(); // the empty line
        const bool json = header_of(request.head, "content-type") == "application/json";
        text +=
            cat("request ", i + 1, ", connection ", request.connection, "\n", head, "body of ",
                request.body.size(), " bytes", json ? ": " + request.body : std::string(),
                "\nanswer ", request.answer.empty() ? "none" : request.answer.substr(9, 3), "\n\n");
        const std::string location = header_of(request.answer, "location");
        if (request.answer.starts_with("HTTP/1.1 201") && !location.empty())
            ids.push_back(location.substr(location.rfind('/') + 1));
    }
    return text;
}

// --- a recording ---------------------------------------------------------------------------------

class Listener final : public AckObserver {
public:
    void on_failed(const Error &error, const std::string &, const std::string &) override
    {
        g_test_message("failed: %s %s", error.message.c_str(), error.detail.c_str());
    }

    std::optional<std::string> on_refresh_authorization(int) override { return authorization_; }

    std::optional<std::string> authorization_;
};

struct Scene {
    explicit Scene(const std::vector<const char *> &faults = {},
                   std::vector<std::string> extensions = StandinOptions::all_extensions())
    {
        StandinOptions options;
        options.api_key = kKey;
        options.examine = false;
        options.extensions = std::move(extensions);
        Result<std::unique_ptr<Standin>> started = Standin::start(std::move(options));
        g_assert_true(started.ok());
        server = std::move(*started);
        for (const char *fault : faults)
            g_assert_true(server->add_fault(fault).ok());
        const std::string &url = server->url();
        tap = std::make_unique<WireTap>(static_cast<std::uint16_t>(
            g_ascii_strtoull(url.c_str() + url.rfind(':') + 1, nullptr, 10)));
        config.chunk_size = config.min_chunk_size = kChunk;
        config.max_chunk_size = 0;
        config.replay.spool_dir = folder.get();
        config.runtime.flush_interval = seconds(3600);
        config.runtime.progress_interval = milliseconds(1);
        config.runtime.timeout = kPatience;
        config.stop_timeout = kPatience;
        config.seed = 1;
        gcore.api_key = kKey;
        gcore.api_url = tap->url("");
        gcore.video_name = "a show";
        gcore.location = "show.mkv";
        gcore.description = "of one evening";
        gcore.video_options = {{"priority", std::int64_t{3}}};
    }

    ~Scene()
    {
        upload.reset();
        tap.reset();
        g_assert_cmpint(remove_spool(folder.get()), ==, 0); // nothing is left in it
    }

    Scene(const Scene &) = delete;
    Scene &operator=(const Scene &) = delete;

    void prepare(std::unique_ptr<Target> target = nullptr)
    {
        if (!target)
            target = std::make_unique<TusTarget>(
                tap->url("/files/"), Metadata{{"filename", "noise.bin"}, {"empty", ""}});
        upload = std::make_unique<LiveUpload>(
            config, std::move(target),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, listener);
        upload->set_hints({.title = "noise", .mime_type = "video/x-matroska"});
        if (ended_first)
            upload->finish();
    }

    void start()
    {
        prepare();
        upload->start();
    }

    void start_gcore()
    {
        Result<std::unique_ptr<Target>> target = make_gcore_target(gcore);
        g_assert_true(target.ok());
        prepare(std::move(*target));
        upload->start();
    }

    void write(std::span<const std::byte> data) const
    {
        constexpr std::size_t kPiece = 10000;
        for (; !data.empty(); data = data.subspan(std::min(kPiece, data.size())))
            g_assert_true(upload->write(data.first(std::min(kPiece, data.size()))).status ==
                          WriteStatus::kOk);
    }

    // Until the server has all but so many of the bytes that were written. Where it does not get
    // them, the comparison says more.
    void wait_stored(std::size_t written, std::size_t missing) const
    {
        const auto holds = [&](const Snapshot &now) {
            std::size_t stored = 0;
            for (const auto &[id, one] : now.uploads)
                stored += one.removed || one.final ? 0 : one.offset;
            return stored + missing >= written;
        };
        if (!server->wait_for(holds, kPatience))
            g_test_message("the server did not get what should have been sent by now");
    }

    void finish(std::span<const std::byte> bytes) const
    {
        upload->finish();
        g_assert_true(upload->wait_drained() == DrainStatus::kComplete);
        upload->stop(OnStop::kFinish);
        check_stored(bytes);
    }

    void check_stored(std::span<const std::byte> bytes) const
    {
        const Snapshot snapshot = server->snapshot();
        const standin::UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        ASSERT_STR(record->sha256, sha256(bytes));
        g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
    }

    void check(const char *name) const
    {
        const GCharOwn path(g_test_build_filename(G_TEST_DIST, "wire", name, nullptr));
        check_golden(cat(path.get(), ".txt"), to_text(tap->requests(), tap->port()),
                     g_getenv("GST_TUS_WIRE_REWRITE") != nullptr);
    }

    GCharOwn folder{g_dir_make_tmp("wire-XXXXXX", nullptr)};
    Listener listener;
    std::unique_ptr<Standin> server;
    std::unique_ptr<WireTap> tap;
    bool ended_first = false; // no byte will come, and that is known before the start
    UploadConfig config;
    GcoreConfig gcore;
    std::unique_ptr<LiveUpload> upload;
};

// --- one recording, from its beginning to its end ------------------------------------------------

using Mode = LengthMode;

struct Row {
    const char *name;
    std::size_t size = 0;
    Mode mode = Mode::kDeferred;
    std::vector<const char *> faults = {};
    std::vector<std::string> extensions = StandinOptions::all_extensions();
    bool gcore = false;
    Checksum checksum = Checksum::kNone;
};

const std::vector<std::string> kParts = {"creation", "concatenation", "termination"};
const std::vector<std::string> kPlain = {"creation"};

constexpr std::size_t kSmall = 1000;
constexpr std::size_t kSeveral = 6 * kChunk + 12345;

// A connection that was used before is cut at a byte, then a new one; the server is busy; an
// acknowledgement is lost.
const std::vector<const char *> kOutage = {
    "on PATCH 2-3: cut after 20000 bytes",
    "on PATCH 5: answer 503, Retry-After 1",
    "on PATCH 7: store, then drop the answer",
};
const std::vector<const char *> kTwoOutages = {
    "on POST 1: answer 503",
    "on PATCH 2: cut after 1 bytes",
    "on PATCH 3: store, then drop the answer",
    "on HEAD 2: answer 502",
};

const std::vector<Row> kRows = {
    {"deferred-empty"},
    {"deferred-small", kSmall},
    {"deferred-one-chunk", kChunk},
    {"deferred-several", kSeveral},
    {"deferred-outage", kSeveral, Mode::kDeferred, kOutage},
    {"concatenation-empty", 0, Mode::kConcatenation},
    {"concatenation-small", kSmall, Mode::kConcatenation},
    {"concatenation-one-chunk", kChunk, Mode::kConcatenation},
    {"concatenation-several", kSeveral, Mode::kConcatenation},
    {"concatenation-outage", kSeveral, Mode::kConcatenation, kOutage},
    {"spool-empty", 0, Mode::kSpool},
    {"spool-small", kSmall, Mode::kSpool},
    {"spool-one-chunk", kChunk, Mode::kSpool},
    {"spool-several", kSeveral, Mode::kSpool},
    {"spool-outage", kSeveral, Mode::kSpool, kOutage},
    {"auto-several", kSeveral, Mode::kAuto},
    {"auto-parts", kSeveral, Mode::kAuto, {}, kParts},
    {"auto-parts-outage", kSeveral, Mode::kAuto, kTwoOutages, kParts},
    {"auto-plain", kSeveral, Mode::kAuto, {}, kPlain},
    {"auto-plain-outage", kSeveral, Mode::kAuto, kTwoOutages, kPlain},
    {"auto-nothing-announced", kSeveral, Mode::kAuto, {"on OPTIONS 1: answer 404"}, kPlain},

    {"creation-lost", kSmall, Mode::kDeferred, {"on POST 1: store, then drop the answer"}},
    {"creation-redirected", kSmall, Mode::kDeferred, {"on POST 1: redirect 308"}},
    {"patch-redirected", kSeveral, Mode::kDeferred, {"on PATCH 2: redirect 307"}},
    {"patch-taken-in-part", kSeveral, Mode::kDeferred, {"on PATCH 2: accept only 10000 bytes"}},
    {"patch-locked", kSeveral, Mode::kDeferred, {"on PATCH 2: answer 423"}},
    {"patch-forgotten", kSeveral, Mode::kDeferred, {"on PATCH 3: forget"}},
    {"part-expired", kSeveral, Mode::kConcatenation, {"on PATCH 3: expire"}},
    {"method-override", kSeveral, Mode::kDeferred, {"on PATCH 1: answer 405"}},
    {"end-lost", kSmall, Mode::kDeferred, {"on PATCH 1: store, then drop the answer"}},
    {.name = "checksum", .size = kSeveral, .checksum = Checksum::kSha1},
    {.name = "checksum-outage",
     .size = kSeveral,
     .faults = kTwoOutages,
     .checksum = Checksum::kSha1},
    {.name = "checksum-mismatch",
     .size = kSeveral,
     .faults = {"on PATCH 2: answer 460"},
     .checksum = Checksum::kSha1},

    {.name = "gcore", .size = kSeveral, .mode = Mode::kAuto, .gcore = true},
    {.name = "gcore-spool", .size = kSeveral, .mode = Mode::kSpool, .gcore = true},
    {.name = "gcore-outage",
     .size = kSeveral,
     .mode = Mode::kAuto,
     .faults = {"on API 2: answer 503", "on POST 1: answer 403",
                "on PATCH 2: cut after 20000 bytes"},
     .gcore = true},
};

void wire_is_the_same(const Row &row)
{
    Scene scene(row.faults, row.extensions);
    scene.ended_first = row.size == 0;
    scene.config.length_mode = row.mode;
    scene.config.checksum = row.checksum;
    const std::vector<std::byte> bytes = noise(row.size);
    if (row.gcore)
        scene.start_gcore();
    else
        scene.start();
    scene.write(bytes);
    const bool nothing_before_the_end =
        row.mode == Mode::kSpool || (row.mode == Mode::kAuto && row.extensions == kPlain);
    if (!nothing_before_the_end)
        scene.wait_stored(bytes.size(), kChunk);
    scene.finish(bytes);
    scene.check(row.name);
}

// --- other courses -------------------------------------------------------------------------------

void empty_video_goes_again()
{
    Scene scene;
    scene.ended_first = true;
    scene.start_gcore();
    scene.finish({});
    scene.check("gcore-empty");
}

void bytes_do_not_wait_for_a_chunk(Mode mode, std::size_t held_back, const char *name)
{
    Scene scene;
    scene.config.length_mode = mode;
    scene.config.min_chunk_size = 0;
    scene.config.runtime.flush_interval = milliseconds(1);
    scene.start();
    const std::vector<std::byte> bytes = noise(2 * kChunk);
    std::size_t written = 0;
    for (const std::size_t size : {std::size_t{1000}, std::size_t{100}, std::size_t{4000}}) {
        g_assert_true(scene.upload->write(std::span(bytes).subspan(written, size)).status ==
                      WriteStatus::kOk);
        written += size;
        scene.wait_stored(written, held_back);
    }
    scene.finish(std::span(bytes).first(written));
    scene.check(name);
}

void flushed_deferred()
{
    bytes_do_not_wait_for_a_chunk(Mode::kDeferred, 1, "flush-deferred");
}

void flushed_parts()
{
    bytes_do_not_wait_for_a_chunk(Mode::kConcatenation, 0, "flush-concatenation");
}

// All is there from the beginning: what is sent again takes what there is.
void requests_get_smaller()
{
    Scene scene({"on PATCH 1: answer 413"});
    scene.config.chunk_size = std::size_t{1} << 20;
    scene.config.min_chunk_size = 0;
    const std::vector<std::byte> bytes = noise((std::size_t{3} << 20) / 2 + 1);
    scene.prepare();
    scene.write(bytes);
    scene.upload->start();
    scene.wait_stored(bytes.size(), 1);
    scene.finish(bytes);
    scene.check("too-large-a-request");
}

void credentials_are_renewed()
{
    Scene scene({"on PATCH 2: answer 401"});
    scene.config.runtime.authorization = "Bearer old";
    scene.config.runtime.extra_headers = {{"X-Tenant", "42"}, {"Cookie", "a=b"}};
    scene.listener.authorization_ = "Bearer new";
    scene.start();
    const std::vector<std::byte> bytes = noise(kSeveral);
    scene.write(bytes);
    scene.wait_stored(bytes.size(), kChunk);
    scene.finish(bytes);
    scene.check("credentials");
}

void stop_removes(Mode mode, const char *name)
{
    Scene scene;
    scene.config.length_mode = mode;
    scene.start();
    scene.write(noise(2 * kChunk + 1000));
    scene.listener.wait_acked(2 * kChunk);
    scene.upload->stop(OnStop::kTerminate);
    scene.check(name);
}

void stop_removes_upload()
{
    stop_removes(Mode::kDeferred, "terminate-deferred");
}

void stop_removes_parts()
{
    stop_removes(Mode::kConcatenation, "terminate-concatenation");
}

void kept_upload_is_continued()
{
    Scene scene;
    const std::vector<std::byte> bytes = noise(kSeveral);
    scene.config.replay.spool_mode = SpoolMode::kNever;
    scene.start();
    scene.write(std::span(bytes).first(2 * kChunk + 1));
    scene.listener.wait_acked(2 * kChunk);
    scene.upload->stop(OnStop::kKeep);
    scene.config.upload_url = scene.upload->stats().upload_url;
    scene.config.checksum = Checksum::kSha1; // then it asks what the server can do
    scene.start();
    scene.write(std::span(bytes).subspan(2 * kChunk));
    scene.wait_stored(bytes.size(), kChunk);
    scene.finish(bytes);
    scene.check("continued");
}

void kept_bytes_are_recovered(Mode mode, const char *name)
{
    Scene scene;
    const std::vector<std::byte> bytes = noise(3 * kChunk + 12345);
    scene.config.length_mode = mode;
    scene.config.replay.spool_mode = SpoolMode::kAlways;
    scene.start();
    scene.write(bytes);
    if (mode == Mode::kSpool)
        while (scene.upload->stats().state != "spooling")
            std::this_thread::yield();
    else
        scene.listener.wait_acked(3 * kChunk);
    scene.upload->stop(OnStop::kKeep);
    scene.upload.reset();
    const Result<std::vector<SpooledUpload>> listed = list_uploads(scene.folder.get());
    g_assert_true(listed.ok());
    g_assert_cmpuint(listed->size(), ==, 1);
    Result<RecoveredUpload> opened = open_upload(scene.folder.get(), listed->front().id);
    g_assert_true(opened.ok());
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    RecoverOptions options;
    options.host_headers = {{scene.tap->url("").substr(std::string_view("http://").size()),
                             {"Authorization", "Bearer recovery"}}};
    const Result<FinishedUpload> complete = finish_upload(
        std::move(*opened), listed->front(), options, [](const UploadProgress &) {},
        [](const std::string &text) { g_test_message("%s", text.c_str()); }, cancel.get());
    g_assert_true(complete.ok());
    scene.check_stored(bytes);
    scene.check(name);
}

void recovered_deferred()
{
    kept_bytes_are_recovered(Mode::kDeferred, "recovered-deferred");
}

void recovered_parts()
{
    kept_bytes_are_recovered(Mode::kConcatenation, "recovered-concatenation");
}

void recovered_spool()
{
    kept_bytes_are_recovered(Mode::kSpool, "recovered-spool");
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    // seen with --verbose, and when a case fails
    set_log_sink([](LogLevel, const char *area, std::string_view text, const LogPlace &) {
        g_test_message("%s: %.*s", area, static_cast<int>(text.size()), text.data());
    });
    for (const Row &row : kRows)
        add_row_test(cat("/wire/", row.name), row, wire_is_the_same);
    add_test("/wire/gcore-empty", empty_video_goes_again);
    add_test("/wire/flush-deferred", flushed_deferred);
    add_test("/wire/flush-concatenation", flushed_parts);
    add_test("/wire/too-large-a-request", requests_get_smaller);
    add_test("/wire/credentials", credentials_are_renewed);
    add_test("/wire/terminate-deferred", stop_removes_upload);
    add_test("/wire/terminate-concatenation", stop_removes_parts);
    add_test("/wire/continued", kept_upload_is_continued);
    add_test("/wire/recovered-deferred", recovered_deferred);
    add_test("/wire/recovered-concatenation", recovered_parts);
    add_test("/wire/recovered-spool", recovered_spool);
    return g_test_run();
}
