// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Each habit of the stand-in does what its name says, seen from the client's end of the connection.

#include "standin/habits.h"
#include "standin_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kDeferred = "Upload-Defer-Length: 1\r\n";

std::unique_ptr<standin::Standin> with_habit(const std::string &habit)
{
    standin::StandinOptions options = quick_options();
    options.habits = {habit};
    return start_standin(std::move(options));
}

struct Habitual {
    std::unique_ptr<standin::Standin> standin{};
    std::string url{};

    void start(const std::string &habit)
    {
        standin = with_habit(habit);
        url = standin->url();
    }

    std::string create() { return create_upload(url, kDeferred); }

    RawAnswer last(const std::string &path, std::uint64_t offset, std::string_view bytes)
    {
        return patch(url, path, offset, bytes,
                     cat("Upload-Length: ", offset + bytes.size(), "\r\n"));
    }

    bool finished() { return standin->snapshot().only_finished() != nullptr; }

    // What a PATCH with ten bytes gets; the connection may break instead.
    RawAnswer raw_patch(const std::string &path, std::uint64_t offset)
    {
        return patch(url, path, offset, "0123456789");
    }

    void length_is_forgotten()
    {
        start("forget-length");
        const std::string path = create();
        g_assert_cmpint(last(path, 0, "abc").status, ==, 204);
        RawAnswer asked = head(url, path);
        ASSERT_STR(asked.header("upload-defer-length"), "1");
        ASSERT_STR(asked.header("upload-offset"), "3");
        ASSERT_STR(asked.header("upload-length"), "(none)");
        g_assert_cmpint(last(path, 3, "").status, ==, 204);
        ASSERT_STR(head(url, path).header("upload-defer-length"), "1");
        g_assert_false(finished());
        // what is known at the start is known
        const std::string known = create_upload(url, "Upload-Length: 3\r\n");
        patch(url, known, 0, "abc");
        ASSERT_STR(head(url, known).header("upload-length"), "3");
        g_assert_true(finished());
    }

    void deferred_length_is_zero()
    {
        standin::StandinOptions options = quick_options();
        options.habits = {"length-zero"};
        options.extensions = {"creation"}; // such servers do not announce it, and yet say 201
        standin = start_standin(std::move(options));
        url = standin->url();
        const std::string path = create();
        ASSERT_STR(head(url, path).header("upload-length"), "0");
        g_assert_cmpint(last(path, 0, "abc").status, ==, 204);
        const RawAnswer asked = head(url, path);
        ASSERT_STR(asked.header("upload-length"), "0");
        ASSERT_STR(asked.header("upload-offset"), "3");
        g_assert_false(finished());
    }

    void deferred_length_is_not_told()
    {
        start("length-zero=untold");
        const RawAnswer asked = head(url, create());
        ASSERT_STR(asked.header("upload-offset"), "0");
        ASSERT_STR(asked.header("upload-length"), "(none)");
        ASSERT_STR(asked.header("upload-defer-length"), "(none)");
    }

    void extensions_are_told_to_who_knows_the_version()
    {
        start("extensions-only-with-resumable=405");
        const RawAnswer silent = ask(url, "OPTIONS", "/files/", "");
        g_assert_cmpint(silent.status, ==, 405);
        ASSERT_STR(silent.header("tus-extension"), "(none)");
        const RawAnswer told = ask(url, "OPTIONS", "/files/", kTus);
        g_assert_cmpint(told.status, ==, 405);
        g_assert_true(told.header("tus-extension").starts_with("creation"));
    }

    void options_are_cut()
    {
        start("options-cut");
        g_assert_cmpint(ask(url, "OPTIONS", "/files/", kTus).status, ==, 0);
        create();
    }

    void creation_is_slow_and_yet_done()
    {
        start("slow-create=60");
        RawConnection client(url);
        client.send(raw_request(client.host(), "POST", "/files/", kTus + kDeferred));
        g_assert_true(
            standin->wait_for([](const standin::Snapshot &all) { return all.uploads.size() == 1; },
                              patience(seconds(10))));
        g_assert_false(standin->snapshot().requests.at(0).answered);
    }

    void cookie_must_come_back()
    {
        start("cookie");
        const RawAnswer made = ask(url, "POST", "/files/", kTus + kDeferred);
        ASSERT_STR(made.header("set-cookie"), "server=a; Path=/");
        const std::string path = path_of(made.header("location"));
        const RawAnswer other = head(url, path);
        g_assert_cmpint(other.status, ==, 404);
        ASSERT_STR(other.header("tus-resumable"), "1.0.0"); // it is a tus server, the wrong one
        g_assert_cmpint(raw_patch(path, 0).status, ==, 404);
        const std::string cookie = "Cookie: other=b; server=a\r\n";
        g_assert_cmpint(patch(url, path, 0, "abc", cookie).status, ==, 204);
        g_assert_cmpint(ask(url, "HEAD", path, kTus + cookie).status, ==, 200);
    }

    void signature_must_come_back()
    {
        start("signed=abc");
        const RawAnswer made = ask(url, "POST", "/files/", kTus + kDeferred);
        const std::string location = made.header("location");
        g_assert_true(location.ends_with("?signature=abc"));
        const std::string path = path_of(location);
        const std::string bare = path.substr(0, path.find('?'));
        g_assert_cmpint(head(url, bare).status, ==, 403);
        g_assert_cmpint(patch(url, bare, 0, "abc").status, ==, 403);
        g_assert_cmpint(patch(url, bare + "?signature=abc", 0, "abc").status, ==, 204);
        ASSERT_STR(head(url, bare + "?signature=abc").header("upload-offset"), "3");
    }

    // Also in Gcore's way: the cookie is the tus server's, not the API's.
    void cookie_is_not_the_api_s()
    {
        start("cookie");
        const RawAnswer made = ask(url, "POST", "/streaming/videos", kKey, R"({"name":"n"})");
        g_assert_cmpint(made.status, ==, 200);
        ASSERT_STR(made.header("set-cookie"), "(none)");
        g_assert_cmpint(ask(url, "GET", "/streaming/videos", kKey).status, ==, 200);
    }

    // The offset that HEAD tells after a PATCH was cut, and the one after that.
    void lies_once(const std::string &habit, const std::string &lie)
    {
        start(habit);
        const std::string path = create();
        const std::string bytes = noise(5000);
        g_assert_cmpint(patch(url, path, 0, bytes).status, ==, 204);
        ASSERT_STR(head(url, path).header("upload-offset"), "5000"); // nothing was cut yet
        g_assert_cmpint(raw_patch(path, 5000).status, ==, 0);
        ASSERT_STR(head(url, path).header("upload-offset"), lie);
        ASSERT_STR(head(url, path).header("upload-offset"), "5000");
        g_assert_cmpint(raw_patch(path, 5000).status, ==, 204); // and never again
    }

    void head_is_stale_once() { lies_once("stale-head=4000", "1000"); }

    void head_is_ahead_once() { lies_once("ahead-head=4000", "10005000"); }

    void headers_never_end()
    {
        start("slow-headers=2");
        const std::string path = create();
        g_assert_cmpint(patch(url, path, 0, "abc").status, ==, 204);
        RawConnection client(url, 1);
        client.send(raw_request(client.host(), "PATCH", path, kBody + "Upload-Offset: 3\r\n", "d"));
        g_assert_true(
            standin->wait_for([](const standin::Snapshot &all) { return all.count("PATCH") == 2; },
                              patience(seconds(10))));
        // it says something, and is not done
        g_assert_cmpint(client.read().status, ==, 0);
        g_assert_false(client.was_reset());
        ASSERT_STR(head(url, path).header("upload-offset"), "3"); // nothing was stored
    }

    void one_byte_is_taken()
    {
        start("one-byte");
        const std::string path = create();
        ASSERT_STR(raw_patch(path, 0).header("upload-offset"), "1");
        ASSERT_STR(raw_patch(path, 1).header("upload-offset"), "2");
    }

    void secrets_are_repeated()
    {
        start("echo");
        const RawAnswer refused =
            ask(url, "POST", "/files/?key=in-query",
                cat(kTus, kDeferred, "Authorization: Basic ", base64("user:pass-word"), "\r\n",
                    "Upload-Metadata: token ", base64("in-metadata"), "\r\n"));
        g_assert_cmpint(refused.status, ==, 403);
        for (const char *secret : {"in-query", "pass-word", "in-metadata"})
            g_assert_true(refused.body.find(secret) != std::string::npos);
        const RawAnswer api = ask(url, "POST", "/streaming/videos", kKey, R"({"name":"n"})");
        g_assert_cmpint(api.status, ==, 403);
        ASSERT_STR(api.header("content-type"), "application/json");
        g_assert_true(api.body.find("1234$0d16599c") != std::string::npos);
    }

    void secrets_are_repeated_by_every_answer()
    {
        start("echo=always");
        const RawAnswer made = ask(url, "POST", "/files/?key=in-query",
                                   cat(kTus, kDeferred, "Authorization: Bearer in-bearer\r\n",
                                       "Upload-Metadata: token ", base64("in-metadata"), "\r\n"));
        g_assert_cmpint(made.status, ==, 201);
        // also of an answer to a request that did not tell them
        const RawAnswer refused = head(url, "/files/none");
        g_assert_cmpint(refused.status, ==, 404);
        const RawAnswer patched = patch(url, "/files/none", 0, "abc");
        for (const char *secret : {"in-query", "IN-BEARER", "%69%6e%2d%6d%65%74", "696e2d6d6574"}) {
            for (const RawAnswer *answer : {&made, &refused}) {
                g_assert_true(answer->header("server").find(secret) != std::string::npos);
                g_assert_true(answer->header("www-authenticate").find(secret) != std::string::npos);
            }
            g_assert_true(patched.body.find(secret) != std::string::npos);
        }
        const RawAnswer api = ask(url, "GET", "/streaming/videos/99", kKey);
        ASSERT_STR(api.header("content-type"), "application/json");
        g_assert_true(api.body.starts_with("{"));
        g_assert_true(api.body.find("1234$0d16599c") != std::string::npos);
    }

    void every_habit_is_listed()
    {
        const auto all = standin::all_habits();
        g_assert_cmpuint(all.size(), >, 20);
        for (const auto &[name, value] : all) {
            g_assert_true(standin::Habits::parse({std::string(name)}).ok());
            g_assert_true(value.empty() || (value.starts_with("[=") && value.ends_with("]")));
        }
    }

    void finished_upload_is_gone()
    {
        start("lost-after=410");
        const std::string path = create();
        patch(url, path, 0, "abc");
        g_assert_cmpint(head(url, path).status, ==, 200);
        g_assert_cmpint(last(path, 3, "d").status, ==, 204);
        g_assert_cmpint(head(url, path).status, ==, 410);
        g_assert_true(finished());
    }

    void head_is_refused()
    {
        start("no-head");
        const std::string path = create();
        const RawAnswer refused = head(url, path);
        g_assert_cmpint(refused.status, ==, 405);
        ASSERT_STR(refused.header("tus-resumable"), "(none)");
        g_assert_cmpint(patch(url, path, 0, "abc").status, ==, 204);
        // who needs the offset learns it here
        const RawAnswer conflict = raw_patch(path, 0);
        g_assert_cmpint(conflict.status, ==, 409);
    }

    void head_has_a_body()
    {
        start("head-is-get");
        const std::string path = create();
        patch(url, path, 0, "abc");
        RawConnection client(url);
        client.send(raw_request(client.host(), "HEAD", path, kTus));
        const RawAnswer answer = client.read();
        g_assert_cmpint(answer.status, ==, 200);
        ASSERT_STR(answer.header("upload-offset"), "3");
        ASSERT_STR(answer.body, "these are the bytes of the upload");
        g_assert_true(client.ended());
    }

    void head_has_only_a_body()
    {
        start("head-is-get=bare");
        const RawAnswer answer = head(url, create());
        g_assert_cmpint(answer.status, ==, 200);
        ASSERT_STR(answer.header("upload-offset"), "(none)");
        ASSERT_STR(answer.header("tus-resumable"), "(none)");
    }

    void finishing_takes_a_second_request()
    {
        start("finish-500");
        const std::string path = create();
        g_assert_cmpint(patch(url, path, 0, "abc").status, ==, 204);
        g_assert_cmpint(last(path, 3, "d").status, ==, 500);
        const RawAnswer asked = head(url, path);
        ASSERT_STR(asked.header("upload-offset"), "4");
        ASSERT_STR(asked.header("upload-length"), "4");
        g_assert_false(finished());
        const RawAnswer again = patch(url, path, 4, "");
        g_assert_cmpint(again.status, ==, 204);
        ASSERT_STR(again.header("upload-offset"), "4");
        g_assert_true(finished());
    }

    void finishing_never_works()
    {
        for (const auto &[habit, status] :
             {std::pair("finish-500=never", 500), std::pair("finish-500=silent", 204)}) {
            start(habit);
            const std::string path = create();
            g_assert_cmpint(last(path, 0, "abc").status, ==, 500);
            for (int i = 0; i < 3; ++i)
                g_assert_cmpint(patch(url, path, 3, "").status, ==, status);
            g_assert_false(finished());
        }
    }

    void finishing_answer_is_lost()
    {
        start("finish-504");
        const std::string path = create();
        g_assert_cmpint(patch(url, path, 0, "abc").status, ==, 204);
        const RawAnswer lost = last(path, 3, "d");
        g_assert_cmpint(lost.status, ==, 504);
        ASSERT_STR(lost.header("tus-resumable"), "(none)");
        g_assert_true(finished());
        ASSERT_STR(head(url, path).header("upload-length"), "4");
    }

    std::string part(std::string_view bytes)
    {
        const std::string path = create_upload(
            url, cat("Upload-Concat: partial\r\nUpload-Length: ", bytes.size(), "\r\n"));
        g_assert_cmpint(patch(url, path, 0, bytes).status, ==, 204);
        return path;
    }

    RawAnswer join(const std::string &parts)
    {
        return ask(url, "POST", "/files/", cat(kTus, "Upload-Concat: final;", parts, "\r\n"));
    }

    void joining_is_refused()
    {
        start("join-409");
        const std::string parts = part("abc") + " " + part("de");
        for (int i = 0; i < 5; ++i)
            g_assert_cmpint(join(parts).status, ==, 409);
        start("join-409=2");
        const std::string others = part("abc") + " " + part("de");
        g_assert_cmpint(join(others).status, ==, 409);
        g_assert_cmpint(join(others).status, ==, 409);
        g_assert_cmpint(join(others).status, ==, 201);
    }

    void joining_loses_a_byte()
    {
        start("join-short");
        const RawAnswer joined = join(part("abc") + " " + part("de"));
        g_assert_cmpint(joined.status, ==, 201);
        const RawAnswer asked = head(url, path_of(joined.header("location")));
        ASSERT_STR(asked.header("upload-length"), "4");
        ASSERT_STR(asked.header("upload-offset"), "4");
        ASSERT_STR(standin->snapshot().only_finished()->sha256, sha256("abcd"));
    }

    void filetype_is_needed()
    {
        start("needs-filetype");
        g_assert_cmpint(head(url, create()).status, ==, 400);
        const std::string path =
            create_upload(url, cat(kDeferred, "Upload-Metadata: filename ", base64("a.mp4"),
                                   ",filetype ", base64("video/mp4"), "\r\n"));
        g_assert_cmpint(head(url, path).status, ==, 200);
    }

    void empty_end_is_refused()
    {
        start("refuses-empty-deferred");
        const std::string empty = create();
        g_assert_cmpint(last(empty, 0, "").status, ==, 400);
        ASSERT_STR(head(url, empty).header("upload-defer-length"), "1");
        const std::string path = create();
        g_assert_cmpint(last(path, 0, "a").status, ==, 204);
        create_upload(url, "Upload-Length: 0\r\n");
    }

    // A PATCH in chunks: a part of it, and the rest; or the connection ends in between.
    RawAnswer open_patch(const std::string &path, bool whole)
    {
        RawConnection connection(url);
        g_assert_true(connection.send(cat("PATCH ", path, " HTTP/1.1\r\nHost: ", connection.host(),
                                          "\r\n", kTus, "Upload-Offset: 0\r\n",
                                          "Content-Type: application/offset+octet-stream\r\n",
                                          "Transfer-Encoding: chunked\r\n\r\n5\r\nbytes\r\n")));
        if (whole)
            g_assert_true(connection.send("0\r\n\r\n"));
        return whole ? connection.read() : RawAnswer{};
    }

    void bodies_are_held()
    {
        start("holds-bodies");
        const std::string broken = create();
        open_patch(broken, false);
        ASSERT_STR(head(url, broken).header("upload-offset"), "0");
        const std::string path = create();
        g_assert_cmpint(open_patch(path, true).status, ==, 204);
        ASSERT_STR(head(url, path).header("upload-offset"), "5");
    }

    void chunked_is_refused()
    {
        start("refuses-chunked");
        const std::string path = create();
        g_assert_cmpint(open_patch(path, true).status, ==, 411);
        ASSERT_STR(raw_patch(path, 0).header("upload-offset"), "10");
    }

    void habits_outlive_the_faults()
    {
        start("one-byte");
        standin->clear_faults();
        ASSERT_STR(raw_patch(create(), 0).header("upload-offset"), "1");
    }

    void several_habits_live_together()
    {
        standin::StandinOptions options = quick_options();
        options.habits = {"forget-length", "options-cut", "cookie"};
        standin = start_standin(std::move(options));
        url = standin->url();
        g_assert_cmpint(ask(url, "OPTIONS", "/files/", kTus).status, ==, 0);
        g_assert_cmpint(head(url, create()).status, ==, 404);
    }

    // In Gcore's way, with the token of a video.
    void video_stays_empty_when_the_length_is_forgotten()
    {
        start("forget-length");
        ask(url, "POST", "/streaming/videos", kKey, R"({"name":"n"})");
        const std::string id = std::to_string(standin->snapshot().videos.begin()->first);
        const RawAnswer session = ask(url, "GET", cat("/streaming/videos/", id, "/upload"), kKey);
        const std::string before = "\"token\":\"";
        std::string token = session.body.substr(session.body.find(before) + before.size());
        token.resize(token.find('"'));
        const RawAnswer created =
            ask(url, "POST", "/upload/",
                cat(kTus, kDeferred, "Upload-Metadata: filename ", base64("a.mp4"), ",video_id ",
                    base64(id), ",client_id ", base64("100"), ",token ", base64(token), "\r\n"));
        g_assert_cmpint(created.status, ==, 201);
        const std::string path = path_of(created.header("location"));
        g_assert_cmpint(last(path, 0, "abc").status, ==, 204);
        ASSERT_STR(standin->snapshot().videos.begin()->second.status, "empty");
        ASSERT_STR(head(url, path).header("upload-defer-length"), "1");
    }

    void wrong_habit_is_refused_and_says_why()
    {
        const auto refused = [](const char *habit, const char *why) {
            standin::StandinOptions options = quick_options();
            options.habits = {"cookie", habit};
            const auto started = standin::Standin::start(std::move(options));
            g_assert_false(started.ok());
            g_assert_true(started.error().kind == ErrorKind::kSettings);
            if (started.error().message.find(why) == std::string::npos)
                g_error("%s: %s", habit, started.error().message.c_str());
        };
        refused("explode", "forget-length, length-zero");
        refused("", "there is none of that name");
        refused("forget-length=yes", "it is written forget-length");
        refused("slow-create=soon", "it is written slow-create[=SECONDS]");
        refused("slow-create=", "it is written");
        refused("no-head=999", "it is written no-head[=STATUS]");
        refused("finish-500=maybe", "finish-500[=never|silent]");
        refused("head-is-get=", "head-is-get[=bare]");
    }
};

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
#define ADD(name, function) add_test<Habitual, &Habitual::function>("/standin-habits/" name)
    ADD("forget-length", length_is_forgotten);
    ADD("forget-length/gcore", video_stays_empty_when_the_length_is_forgotten);
    ADD("length-zero", deferred_length_is_zero);
    ADD("length-zero/untold", deferred_length_is_not_told);
    ADD("extensions-only-with-resumable", extensions_are_told_to_who_knows_the_version);
    ADD("options-cut", options_are_cut);
    ADD("slow-create", creation_is_slow_and_yet_done);
    ADD("cookie", cookie_must_come_back);
    ADD("cookie/gcore", cookie_is_not_the_api_s);
    ADD("stale-head", head_is_stale_once);
    ADD("ahead-head", head_is_ahead_once);
    ADD("slow-headers", headers_never_end);
    ADD("one-byte", one_byte_is_taken);
    ADD("signed", signature_must_come_back);
    ADD("echo", secrets_are_repeated);
    ADD("echo/always", secrets_are_repeated_by_every_answer);
    ADD("list", every_habit_is_listed);
    ADD("lost-after", finished_upload_is_gone);
    ADD("no-head", head_is_refused);
    ADD("head-is-get", head_has_a_body);
    ADD("head-is-get/bare", head_has_only_a_body);
    ADD("finish-500", finishing_takes_a_second_request);
    ADD("finish-500/never", finishing_never_works);
    ADD("finish-504", finishing_answer_is_lost);
    ADD("join-409", joining_is_refused);
    ADD("join-short", joining_loses_a_byte);
    ADD("needs-filetype", filetype_is_needed);
    ADD("holds-bodies", bodies_are_held);
    ADD("refuses-chunked", chunked_is_refused);
    ADD("refuses-empty-deferred", empty_end_is_refused);
    ADD("clear", habits_outlive_the_faults);
    ADD("several", several_habits_live_together);
    ADD("wrong", wrong_habit_is_refused_and_says_why);
    return g_test_run();
}
