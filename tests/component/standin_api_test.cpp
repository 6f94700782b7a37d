// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The stand-in as a Gcore account: the documented sequence, and every documented refusal.

#include "standin_fixture.h"

#include <json-glib/json-glib.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

class Json {
public:
    explicit Json(const std::string &text) : parser_(GRef<JsonParser>::adopt(json_parser_new()))
    {
        const bool ok = json_parser_load_from_data(parser_.get(), text.c_str(),
                                                   static_cast<gssize>(text.size()), nullptr);
        g_assert_true(ok);
    }

    JsonNode *root() const { return json_parser_get_root(parser_.get()); }

    JsonObject *object() const { return json_node_get_object(root()); }

    JsonArray *array() const { return json_node_get_array(root()); }

private:
    GRef<JsonParser> parser_;
};

struct Session {
    std::uint64_t video_id = 0;
    std::uint64_t client_id = 0;
    std::string token;

    std::string metadata(const std::string &filename) const
    {
        return cat("Upload-Metadata: filename ", base64(filename), ",token ", base64(token),
                   ",video_id ", base64(std::to_string(video_id)), ",client_id ",
                   base64(std::to_string(client_id)), "\r\n");
    }
};

struct Account {
    std::unique_ptr<standin::Standin> standin = start_standin(quick_options());

    void restart(standin::StandinOptions options) { standin = start_standin(std::move(options)); }

    RawAnswer api(const char *method, const std::string &path, const std::string &body = "",
                  const std::string &headers = kKey) const
    {
        return ask(standin->url(), method, path, headers + "Content-Type: application/json\r\n",
                   body);
    }

    std::uint64_t create_video(const std::string &body = R"({"video":{"name":"Gcore Demo"}})") const
    {
        const RawAnswer created = api("POST", "/streaming/videos", body);
        g_assert_cmpint(created.status, ==, 200);
        return static_cast<std::uint64_t>(
            json_object_get_int_member(Json(created.body).object(), "id"));
    }

    Session session(std::uint64_t id) const
    {
        const Json answer(api("GET", cat("/streaming/videos/", id, "/upload")).body);
        JsonObject *video = json_object_get_object_member(answer.object(), "video");
        return {static_cast<std::uint64_t>(json_object_get_int_member(video, "id")),
                static_cast<std::uint64_t>(json_object_get_int_member(video, "client_id")),
                json_object_get_string_member(answer.object(), "token")};
    }

    RawAnswer create_tus(const std::string &metadata) const
    {
        return ask(standin->url(), "POST", "/upload/",
                   kTus + "Upload-Defer-Length: 1\r\n" + metadata);
    }

    bool wait_for_video(std::uint64_t id, const char *status, const char *error = "") const
    {
        return standin->wait_for(
            [&](const standin::Snapshot &all) {
                const auto video = all.videos.find(id);
                return video != all.videos.end() && video->second.status == status &&
                       video->second.error == error;
            },
            patience(seconds(30)));
    }

    std::string upload(std::uint64_t id, std::string_view bytes, const char *filename) const
    {
        const RawAnswer created = create_tus(session(id).metadata(filename));
        g_assert_cmpint(created.status, ==, 201);
        const std::string path = path_of(created.header("location"));
        g_assert_true(path.starts_with("/upload/"));
        const RawAnswer last =
            patch(standin->url(), path, 0, bytes, cat("Upload-Length: ", bytes.size(), "\r\n"));
        g_assert_cmpint(last.status, ==, 204);
        return path;
    }

    void documented_sequence_ends_with_a_ready_video()
    {
        const std::uint64_t id = create_video();
        Json answer(api("GET", cat("/streaming/videos/", id, "/upload")).body);
        JsonArray *servers = json_object_get_array_member(answer.object(), "servers");
        g_assert_cmpuint(json_array_get_length(servers), ==, 1);
        JsonObject *server = json_array_get_object_element(servers, 0);
        ASSERT_STR(cat("http://", json_object_get_string_member(server, "hostname")),
                   standin->url());
        ASSERT_STR(json_object_get_string_member(server, "role"), "upload");
        g_assert_true(json_object_get_boolean_member(server, "active"));
        g_assert_false(json_object_get_boolean_member(server, "ssl"));

        upload(id, noise(5000), "demo.mp4");
        g_assert_true(wait_for_video(id, "ready"));
        ASSERT_STR(file_content(cat(standin->dir(), "/", id, "-demo.mp4")), noise(5000));
        const Json video(api("GET", cat("/streaming/videos/", id)).body);
        ASSERT_STR(json_object_get_string_member(video.object(), "origin_filename"), "demo.mp4");
        g_assert_cmpint(json_object_get_int_member(video.object(), "origin_size"), ==, 5000);
        // nobody has looked whether that can be played
        g_assert_true(json_object_get_null_member(video.object(), "hls_url"));
        g_assert_true(json_object_get_null_member(video.object(), "dash_url"));
    }

    void fresh_video_is_empty()
    {
        const RawAnswer created = api("POST", "/streaming/videos/",
                                      R"({"video":{"name":"A","description":"B","status":"ready",)"
                                      R"("client_user_id":7}})");
        g_assert_cmpint(created.status, ==, 200);
        ASSERT_STR(created.header("content-type"), "application/json");
        const Json answer(created.body);
        JsonObject *video = answer.object();
        ASSERT_STR(json_object_get_string_member(video, "status"), "empty");
        ASSERT_STR(json_object_get_string_member(video, "description"), "B");
        g_assert_cmpint(json_object_get_int_member(video, "client_user_id"), ==, 7);
        g_assert_true(json_object_get_null_member(video, "duration"));
        g_assert_true(json_object_get_null_member(video, "error"));
    }

    void flat_body_and_array_answer_work_too()
    {
        standin::StandinOptions options = quick_options();
        options.array_answers = true;
        restart(options);
        const RawAnswer created = api("POST", "/streaming/videos", R"({"name":"flat"})");
        const Json answer(created.body);
        g_assert_true(JSON_NODE_HOLDS_ARRAY(answer.root()));
        g_assert_cmpuint(json_array_get_length(answer.array()), ==, 1);
        ASSERT_STR(
            json_object_get_string_member(json_array_get_object_element(answer.array(), 0), "name"),
            "flat");
    }

    // Which read nothing else, in every release; the page about uploads shows the video itself.
    void sdks_are_answered_with_an_array()
    {
        for (const char *language : {"python", "go"}) {
            const RawAnswer created =
                api("POST", "/streaming/videos", R"({"video":{"name":"sdk"}})",
                    cat(kKey, "X-Stainless-Lang: ", language, "\r\n"));
            const Json answer(created.body);
            g_assert_true(JSON_NODE_HOLDS_ARRAY(answer.root()));
            g_assert_cmpuint(json_array_get_length(answer.array()), ==, 1);
        }
        const std::uint64_t id = create_video();
        const RawAnswer got =
            api("GET", cat("/streaming/videos/", id), "", kKey + "X-Stainless-Lang: python\r\n");
        g_assert_true(JSON_NODE_HOLDS_OBJECT(Json(got.body).root()));
    }

    void video_is_changed_listed_and_deleted()
    {
        const std::uint64_t first = create_video();
        const std::uint64_t second = create_video(R"({"video":{"name":"Second"}})");
        const RawAnswer changed =
            api("PATCH", cat("/streaming/videos/", first), R"({"name":"New name"})");
        g_assert_cmpint(changed.status, ==, 200);
        ASSERT_STR(json_object_get_string_member(Json(changed.body).object(), "name"), "New name");
        g_assert_cmpuint(json_array_get_length(Json(api("GET", "/streaming/videos").body).array()),
                         ==, 2);
        const Json found(api("GET", "/streaming/videos?search=Second&page=1&per_page=5").body);
        g_assert_cmpuint(json_array_get_length(found.array()), ==, 1);
        const RawAnswer deleted = api("DELETE", cat("/streaming/videos/", second));
        g_assert_cmpint(deleted.status, ==, 204);
        g_assert_cmpint(api("GET", cat("/streaming/videos/", second)).status, ==, 404);
        g_assert_true(standin->snapshot().videos.at(second).deleted);
    }

    void lists_are_filtered_and_shortened()
    {
        const std::uint64_t one = create_video(R"({"video":{"name":"One","client_user_id":7}})");
        const std::uint64_t two = create_video(R"({"video":{"name":"Two"}})");
        const auto list = [&](const std::string &query) {
            return api("GET", cat("/streaming/videos", query)).body;
        };
        ASSERT_STR(list("?client_user_id=7&fields=id,name"),
                   cat(R"([{"name":"One","id":)", one, "}]"));
        ASSERT_STR(list("?client_user_id=8"), "[]");
        ASSERT_STR(list("?status=ready"), "[]");
        ASSERT_STR(list(cat("?id=", two, "&fields=name")), R"([{"name":"Two"}])");
        ASSERT_STR(list(cat("?id=", one, ",", two, ",99&fields=name")),
                   R"([{"name":"Two"},{"name":"One"}])");
        ASSERT_STR(list(cat("?search=", one, "&fields=name")), R"([{"name":"One"}])");
        ASSERT_STR(list("?search=wo&fields=name"), R"([{"name":"Two"}])");
        ASSERT_STR(list("?page=2&per_page=1&fields=name"), R"([{"name":"One"}])");
        ASSERT_STR(list(cat("/names?ids=", two, ",99,", one)),
                   cat(R"([{"id":)", two, R"(,"name":"Two"},{"id":)", one, R"(,"name":"One"}])"));
    }

    void batch_makes_several_videos()
    {
        const RawAnswer made =
            api("POST", "/streaming/videos/batch", R"({"videos":[{"name":"a"},{"name":"b"}]})");
        g_assert_cmpint(made.status, ==, 200);
        g_assert_cmpuint(json_array_get_length(Json(made.body).array()), ==, 2);
        g_assert_cmpuint(standin->snapshot().videos.size(), ==, 2);
        ASSERT_STR(
            api("POST", "/streaming/videos/batch?fields=name", R"({"videos":[{"name":"c"}]})").body,
            R"([{"name":"c"}])");
        for (const char *wrong : {"{}", R"({"videos":7})", R"({"videos":[7]})", "["})
            g_assert_cmpint(api("POST", "/streaming/videos/batch", wrong).status, ==, 400);
        g_assert_cmpint(api("POST", "/streaming/videos/batch", R"({"videos":[{}]})").status, ==,
                        422);
    }

    // As tusc.sh sends the user's and its own, whose "filename" is in both in Gcore's example.
    void metadata_may_come_in_two_headers()
    {
        const std::string path = create_upload(
            standin->url(), cat("Upload-Length: 3\r\nUpload-Metadata: filename ", base64("a.mp4"),
                                ",take ", base64("1"), "\r\nUpload-Metadata: filename ",
                                base64("b.mp4"), ", extra ", base64("x"), "\r\n"));
        const auto all = standin->snapshot();
        const auto &metadata = all.uploads.begin()->second.metadata;
        ASSERT_STR(metadata.at("filename"), "a.mp4");
        ASSERT_STR(metadata.at("take"), "1");
        ASSERT_STR(metadata.at("extra"), "x");
        ASSERT_STR(
            head(standin->url(), path).header("upload-metadata"),
            cat("filename ", base64("a.mp4"), ",take ", base64("1"), ",extra ", base64("x")));
        for (const char *second : {"b b!", "b YQ==,b YQ=="})
            g_assert_cmpint(ask(standin->url(), "POST", "/files/",
                                cat(kTus, "Upload-Length: 1\r\nUpload-Metadata: a YQ==\r\n",
                                    "Upload-Metadata: ", second, "\r\n"))
                                .status,
                            ==, 400);
    }

    // Its one PATCH has a length and comes in chunks, and a checksum of its own kind.
    void tusc_goes_through()
    {
        const Session right = session(create_video());
        const std::string checksum =
            "Upload-Checksum: sha1 YTk5OTNlMzY0NzA2ODE2YWJhM2UyNTcxNzg1MGMyNmM5Y2QwZDg5ZA==\r\n";
        const RawAnswer created =
            ask(standin->url(), "POST", "/upload/",
                cat(kTus, right.metadata("a.mp4\n"), "Upload-Length: 3\r\n",
                    "Upload-Key: a9993e364706816aba3e25717850c26c9cd0d89d\r\n", checksum,
                    "Upload-Metadata: filename ", base64("up.mp4"), "\r\n"));
        g_assert_cmpint(created.status, ==, 201);
        const RawAnswer sent = ask(standin->url(), "PATCH", path_of(created.header("location")),
                                   cat(kBody, "Content-Length: 3\r\n", checksum,
                                       "Upload-Offset: 0\r\nTransfer-Encoding: chunked\r\n"),
                                   "3\r\nabc\r\n0\r\n\r\n");
        g_assert_cmpint(sent.status, ==, 204);
        ASSERT_STR(sent.header("upload-offset"), "3");
        ASSERT_STR(file_content(cat(standin->dir(), "/", right.video_id, "-a.mp4")), "abc");
    }

    void refusals_are_the_documented_ones()
    {
        const auto refused = [&](const RawAnswer &answer, int status, const char *text) {
            g_assert_cmpint(answer.status, ==, status);
            g_assert_true(answer.body.find(text) != std::string::npos);
        };
        refused(api("GET", "/streaming/videos", "", ""), 401,
                "Authentication credentials were not provided.");
        refused(api("GET", "/streaming/videos", "", "Authorization: APIKey 29841$wrong\r\n"), 401,
                "Bad permanent token: 29841");
        refused(api("GET", "/streaming/videos", "", "Authorization: Bearer 1234$0d16599c\r\n"), 401,
                "Given token not valid for any token type");
        g_assert_cmpint(
            api("GET", "/streaming/videos", "", "Authorization: apikey 1234$0d16599c\r\n").status,
            ==, 200);
        refused(api("POST", "/streaming/videos", "{}"), 422,
                R"({"errors":{"name":["can't be blank"]}})");
        refused(api("POST", "/streaming/videos", R"({"video":{"name":" "}})"), 422, "blank");
        refused(api("POST", "/streaming/videos", R"({"video":{"name":"a","priority":"high"}})"),
                422, R"("priority":["is not a number"])");
        refused(api("POST", "/streaming/videos", "<xml/>"), 400, R"("status":400)");
        refused(api("POST", "/streaming/videos", R"({"video":)"), 400, R"("error":"Bad Request)");
        refused(api("GET", "/streaming/videos/1/upload"), 404,
                R"({"status":404,"error":"Not Found"})");
        refused(api("GET", "/streaming/videos/-1"), 404, "Not Found");
        refused(api("GET", "/streaming/streams"), 404, "Not Found");
        refused(api("PUT", "/streaming/videos"), 405, "Method Not Allowed");
    }

    void token_is_checked_as_gcore_says()
    {
        const std::uint64_t id = create_video();
        const std::uint64_t other = create_video();
        const Session right = session(id);
        const auto refused = [&](const Session &wrong, const std::string &text) {
            const RawAnswer answer = create_tus(wrong.metadata("x"));
            g_assert_cmpint(answer.status, ==, 500);
            ASSERT_STR(answer.body, text + "\n");
            ASSERT_STR(answer.header("location"), "(none)");
        };
        const RawAnswer bare = create_tus("");
        g_assert_cmpint(bare.status, ==, 500);
        ASSERT_STR(bare.body, "Error: token invalid (null)\n");
        refused({id, right.client_id, "eyJhbGciOi.x.y"}, "Error: token invalid (eyJhbGciOi.x.y)");
        refused({id, right.client_id, right.token + "x"},
                cat("Error: token invalid (", right.token, "x)"));
        refused({other, right.client_id, right.token},
                cat("Error: token video (", id, ") does not match this video (", other, ")"));
        refused({id, 234, right.token}, cat("Error: token client (", right.client_id,
                                            ") does not match this client (234)"));
        g_assert_cmpint(create_tus(right.metadata("x")).status, ==, 201);
    }

    void newline_behind_the_values_is_forgiven()
    {
        const Session right = session(create_video());
        const RawAnswer created = create_tus(
            cat("Upload-Metadata: filename ", base64("a.mp4\n"), ",token ",
                base64(right.token + "\n"), ",video_id ", base64(cat(right.video_id, "\n")),
                ",client_id ", base64(cat(right.client_id, "\n")), "\r\n"));
        g_assert_cmpint(created.status, ==, 201);
        g_assert_cmpuint(standin->snapshot().uploads.begin()->second.video_id, ==, right.video_id);
        const RawAnswer last = patch(standin->url(), path_of(created.header("location")), 0, "abc",
                                     "Upload-Length: 3\r\n");
        g_assert_cmpint(last.status, ==, 204);
        ASSERT_STR(file_content(cat(standin->dir(), "/", right.video_id, "-a.mp4")), "abc");
    }

    void expired_token_begins_nothing()
    {
        standin::StandinOptions options = quick_options();
        options.token_lifetime = seconds(0);
        restart(options);
        const Session late = session(create_video());
        const RawAnswer answer = create_tus(late.metadata("x"));
        g_assert_cmpint(answer.status, ==, 500);
        g_assert_true(answer.body.starts_with("Error: token invalid (eyJ"));
    }

    void file_that_is_no_media_is_found_out()
    {
        standin::StandinOptions options = quick_options();
        options.examine = true;
        restart(options);
        const std::uint64_t id = create_video();
        upload(id, noise(100000), "noise.mp4");
        g_assert_true(wait_for_video(id, "empty", "File Invalid"));
        const Json video(api("GET", cat("/streaming/videos/", id)).body);
        ASSERT_STR(json_object_get_string_member(video.object(), "error"), "File Invalid");
    }

    void media_is_recognised()
    {
        standin::StandinOptions options = quick_options();
        options.examine = true;
        restart(options);
        // a WAV file: half a second of 8-bit silence at 8 kHz
        const std::string head(
            "RIFF\xc4\x0f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0"
            "\x01\0\x08\0data\xa0\x0f\0\0",
            44);
        const std::string wav = head + std::string(4000, '\x80');
        const std::uint64_t id = create_video();
        upload(id, wav, "silence.wav");
        g_assert_true(wait_for_video(id, "ready"));
        const Json video(api("GET", cat("/streaming/videos/", id)).body);
        g_assert_cmpint(json_object_get_int_member(video.object(), "duration"), ==, 500);
        g_assert_cmpint(json_object_get_int_member(video.object(), "origin_audio_channels"), ==, 1);
    }

    void dead_servers_are_listed_first()
    {
        standin::StandinOptions options = quick_options();
        options.other_servers = {{.hostname = "127.0.0.1:1", .ssl = false},
                                 {.hostname = "127.0.0.1:1", .ssl = false, .active = false}};
        restart(options);
        const std::uint64_t id = create_video();
        const Json answer(api("GET", cat("/streaming/videos/", id, "/upload")).body);
        JsonArray *servers = json_object_get_array_member(answer.object(), "servers");
        g_assert_cmpuint(json_array_get_length(servers), ==, 3);
        JsonObject *second = json_array_get_object_element(servers, 1);
        g_assert_false(json_object_get_boolean_member(second, "active"));
        JsonObject *last = json_array_get_object_element(servers, 2);
        ASSERT_STR(cat("http://", json_object_get_string_member(last, "hostname")), standin->url());
    }

    void state_is_shown_without_secrets()
    {
        const std::uint64_t id = create_video();
        const std::string token = session(id).token;
        upload(id, "0123456789", "x.bin");
        const RawAnswer all = ask(standin->url(), "GET", "/standin", "");
        g_assert_cmpint(all.status, ==, 200);
        g_assert_true(all.body.find("\"finished\" : true") != std::string::npos);
        g_assert_true(all.body.find("0d16599c") == std::string::npos);
        g_assert_true(all.body.find(token) == std::string::npos);
        const RawAnswer one = ask(standin->url(), "GET", cat("/standin/uploads/", id), "");
        ASSERT_STR(json_object_get_string_member(Json(one.body).object(), "sha256"),
                   sha256("0123456789"));
        g_assert_cmpint(ask(standin->url(), "GET", "/standin/uploads/1", "").status, ==, 404);
    }
};

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test<Account, &Account::documented_sequence_ends_with_a_ready_video>(
        "/standin-api/sequence");
    add_test<Account, &Account::fresh_video_is_empty>("/standin-api/create");
    add_test<Account, &Account::flat_body_and_array_answer_work_too>("/standin-api/flat-and-array");
    add_test<Account, &Account::sdks_are_answered_with_an_array>("/standin-api/sdks");
    add_test<Account, &Account::video_is_changed_listed_and_deleted>("/standin-api/change");
    add_test<Account, &Account::refusals_are_the_documented_ones>("/standin-api/refusals");
    add_test<Account, &Account::lists_are_filtered_and_shortened>("/standin-api/filters");
    add_test<Account, &Account::batch_makes_several_videos>("/standin-api/batch");
    add_test<Account, &Account::metadata_may_come_in_two_headers>("/standin-api/two-headers");
    add_test<Account, &Account::tusc_goes_through>("/standin-api/tusc");
    add_test<Account, &Account::token_is_checked_as_gcore_says>("/standin-api/token");
    add_test<Account, &Account::newline_behind_the_values_is_forgiven>("/standin-api/newline");
    add_test<Account, &Account::expired_token_begins_nothing>("/standin-api/token-expires");
    add_test<Account, &Account::file_that_is_no_media_is_found_out>("/standin-api/file-invalid");
    add_test<Account, &Account::media_is_recognised>("/standin-api/media");
    add_test<Account, &Account::dead_servers_are_listed_first>("/standin-api/dead-servers");
    add_test<Account, &Account::state_is_shown_without_secrets>("/standin-api/state");
    return g_test_run();
}
