// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The Gcore target over real sockets, against the stand-in: from "create video" to "ready".
#include "base/text.h"
#include "gcore/gcore_target.h"
#include "http/soup_transport.h"
#include "live_upload_fixture.h"
#include "raw_http.h"
#include "standin/standin.h"
#include "test.h"
#include "upload/requests.h"

#include <cstring>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;
using standin::Standin;

namespace {

constexpr const char *kKey = "1234$0d16599c";

class FiveBytes final : public BodySource {
public:
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        constexpr std::string_view kBytes = "bytes";
        const std::size_t size = std::min<std::size_t>(out.size(), kBytes.size() - offset);
        std::memcpy(out.data(), kBytes.data() + offset, size);
        return size;
    }
};

struct Fixture {
    std::unique_ptr<Standin> server;
    std::unique_ptr<Transport> http;
    std::unique_ptr<Target> target;
    Redactor redactor;
    std::vector<TargetNotice> notices;
    GcoreConfig config;

    Fixture()
    {
        auto started =
            Standin::start({.api_key = kKey, .status_step = milliseconds(20), .examine = false});
        g_assert_true(started.ok());
        server = std::move(*started);
        auto made = make_soup_transport({});
        g_assert_true(made.ok());
        http = std::move(*made);
        config.api_key = kKey;
        config.api_url = server->url();
        config.video_name = "show";
        config.status_interval = milliseconds(20);
        config.wait_status = WaitStatus::kReady;
    }

    TargetContext context()
    {
        return TargetContext{*http,
                             nullptr,
                             redactor,
                             seconds(30),
                             [](Duration span) {
                                 std::this_thread::sleep_for(span);
                                 return true;
                             },
                             [this](const TargetNotice &notice) { notices.push_back(notice); },
                             {}};
    }

    TargetResult<Destination> resolve()
    {
        auto made = make_gcore_target(config);
        g_assert_true(made.ok());
        target = std::move(*made);
        TargetContext with = context();
        return target->resolve(with, false);
    }

    HttpResponse send(HttpRequest request)
    {
        request.headers.emplace_back("Tus-Resumable", "1.0.0");
        const HttpOutcome outcome = http->send(request, nullptr);
        g_assert_nonnull(outcome.response());
        return *outcome.response();
    }
};

void video_is_created_filled_and_followed()
{
    Fixture f;
    const TargetResult<Destination> result = f.resolve();
    const auto *destination = std::get_if<Destination>(&result);
    g_assert_nonnull(destination);
    ASSERT_STR(destination->endpoints.front(), f.server->upload_url());

    HttpRequest create;
    create.method = "POST";
    create.url = destination->endpoints.front();
    create.headers = {{"Upload-Length", "5"},
                      {"Upload-Metadata", encode_metadata(destination->metadata)}};
    const HttpResponse created = f.send(create);
    g_assert_cmpint(created.status, ==, 201);
    FiveBytes body;
    HttpRequest patch;
    patch.method = "PATCH";
    patch.url = resolve_location(create.url, *created.header("Location")).url;
    patch.headers = {{"Upload-Offset", "0"}};
    patch.content_type = "application/offset+octet-stream";
    patch.body = &body;
    patch.body_length = 5;
    g_assert_cmpint(f.send(patch).status, ==, 204);

    TargetContext context = f.context();
    g_assert_true(f.target->finished(context, 5).ok());
    std::string told;
    for (const TargetNotice &notice : f.notices)
        if (const auto *status = std::get_if<VideoStatus>(&notice))
            told = status->status;
    ASSERT_STR(told, "ready");
    const standin::Snapshot snapshot = f.server->snapshot();
    g_assert_cmpuint(snapshot.videos.size(), ==, 1);
    ASSERT_STR(snapshot.videos.begin()->second.name, "show");
    g_assert_nonnull(snapshot.only_finished());
}

void empty_video_is_deleted_again()
{
    Fixture f;
    g_assert_cmpuint(f.resolve().index(), ==, 0);
    TargetContext context = f.context();
    f.target->abandoned(context, 0);
    g_assert_true(f.server->snapshot().videos.begin()->second.deleted);
}

void token_of_a_refused_creation_is_recognised()
{
    Fixture f;
    const TargetResult<Destination> result = f.resolve();
    Metadata metadata = std::get<Destination>(result).metadata;
    for (auto &[key, value] : metadata)
        if (key == "token")
            value += "x";
    HttpRequest create;
    create.method = "POST";
    create.url = std::get<Destination>(result).endpoints.front();
    create.headers = {{"Upload-Length", "5"}, {"Upload-Metadata", encode_metadata(metadata)}};
    const HttpResponse refused = f.send(create);
    g_assert_cmpint(refused.status, ==, 500);
    g_assert_true(f.target->refused_metadata(refused.status, refused.body));
}

void wrong_key_is_not_authorized()
{
    Fixture f;
    f.config.api_key = "99$wrong-key";
    const TargetResult<Destination> result = f.resolve();
    const auto *failed = std::get_if<TargetError>(&result);
    g_assert_nonnull(failed);
    g_assert_cmpint(int(failed->error.kind), ==, int(ErrorKind::kNotAuthorized));
    g_assert_false(failed->error.retryable);
    g_assert_true(failed->error.message.find("wrong-key") == std::string::npos);
}

void unknown_video_is_not_found()
{
    Fixture f;
    f.config.video_id = 4711;
    const TargetResult<Destination> result = f.resolve();
    g_assert_cmpint(int(std::get<TargetError>(result).error.kind), ==, int(ErrorKind::kNotFound));
}

// --- a recording whose video was made by an answer that got lost ---------------------------------

struct LostRow {
    const char *name;
    std::vector<std::string> faults;
};

const std::vector<LostRow> kLost = {
    {"dropped", {"on POST /streaming/videos 1: store, then drop the answer"}},
    {"gateway-504", {"on POST /streaming/videos 1: store, then answer 504 with HTML"}},
    {"half-an-answer", {"on POST /streaming/videos 1: cut JSON"}},
    {"list-away", // and with it all that would be sent without knowing
     {"on POST /streaming/videos 1: store, then drop the answer",
      "on GET /streaming/videos 1: answer 503", "on GET /streaming/videos 2: cut JSON",
      "on GET /streaming/videos 3: cut"}},
    {"not-made", {"on POST /streaming/videos 1: cut"}},
};

// Somebody else's of that name, in the same second.
void make_namesake(const Fixture &f)
{
    const RawAnswer answer =
        ask(f.server->url(), "POST", "/streaming/videos",
            cat("Authorization: APIKey ", kKey, "\r\nContent-Type: application/json\r\n"),
            R"({"video":{"name":"show","client_user_id":7}})");
    g_assert_cmpint(answer.status, ==, 200);
}

void one_video_is_made_and_gets_the_recording(const LostRow &row)
{
    Fixture f;
    make_namesake(f);
    for (const std::string &fault : row.faults)
        g_assert_true(f.server->add_fault(fault).ok());
    const std::vector<std::byte> bytes = noise(200000);
    auto made = make_gcore_target(f.config);
    g_assert_true(made.ok());
    Listener listener;
    LiveUpload upload(
        quick_config(), std::move(*made),
        [] { return make_soup_transport({.user_agent = "test"}); }, listener);
    upload.set_hints({});
    upload.start();
    g_assert_true(upload.write(bytes).status == WriteStatus::kOk);
    upload.finish();
    g_assert_true(upload.wait_drained() == DrainStatus::kComplete);
    upload.stop(OnStop::kFinish);

    const standin::Snapshot all = f.server->snapshot();
    g_assert_cmpuint(all.videos.size(), ==, 2); // the namesake's and ours
    const standin::UploadRecord *stored = all.only_finished();
    g_assert_nonnull(stored);
    g_assert_cmpuint(stored->video_id, ==, all.videos.rbegin()->first);
    ASSERT_STR(stored->sha256, sha256(bytes));
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/gcore-standin/whole-way", video_is_created_filled_and_followed);
    add_test("/gcore-standin/abandoned", empty_video_is_deleted_again);
    add_test("/gcore-standin/refused-token", token_of_a_refused_creation_is_recognised);
    add_test("/gcore-standin/wrong-key", wrong_key_is_not_authorized);
    add_test("/gcore-standin/unknown-video", unknown_video_is_not_found);
    for (const LostRow &row : kLost)
        add_row_test(cat("/gcore-standin/lost-answer/", row.name), row,
                     one_video_is_made_and_gets_the_recording);
    return g_test_run();
}
