// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What each fault does to a connection, seen from the client's end of it.

#include "standin_fixture.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kDeferred = "Upload-Defer-Length: 1\r\n";

struct Faulty {
    std::unique_ptr<standin::Standin> standin = start_standin(quick_options());
    std::string url = standin->url();

    void fault(const char *spec)
    {
        const auto added = standin->add_fault(spec);
        g_assert_true(added.ok());
    }

    // A PATCH whose answer may never come.
    RawAnswer raw_patch(const std::string &path, std::uint64_t offset, std::string_view bytes,
                        bool *reset = nullptr)
    {
        RawConnection connection(url);
        connection.send(raw_request(connection.host(), "PATCH", path,
                                    cat(kBody, "Upload-Offset: ", offset, "\r\n"), bytes));
        const RawAnswer answer = connection.read();
        if (reset)
            *reset = connection.was_reset();
        return answer;
    }

    std::string offset(const std::string &path) { return head(url, path).header("upload-offset"); }

    void finish_and_compare(const std::string &path, std::uint64_t from, std::string_view bytes)
    {
        const RawAnswer last = patch(url, path, from, bytes.substr(from),
                                     cat("Upload-Length: ", bytes.size(), "\r\n"));
        g_assert_cmpint(last.status, ==, 204);
        ASSERT_STR(standin->snapshot().only_finished()->sha256, sha256(bytes));
    }

    void cut_resets_and_keeps_exactly_so_many_bytes()
    {
        const std::string bytes = noise(200000);
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: cut after 70001 bytes");
        bool reset = false;
        g_assert_cmpint(raw_patch(path, 0, bytes, &reset).status, ==, 0);
        g_assert_true(reset);
        ASSERT_STR(offset(path), "70001");
        finish_and_compare(path, 70001, bytes);
        g_assert_cmpuint(standin->snapshot().faults_hit.at("on PATCH 1: cut after 70001 bytes"), ==,
                         1);
    }

    void dropped_answer_leaves_the_bytes()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: store, then drop the answer");
        g_assert_cmpint(raw_patch(path, 0, "abc").status, ==, 0);
        // the client has not been told: it may not go on at 3 without asking
        patch(url, path, 3, "d");
        g_assert_cmpuint(standin->snapshot().unannounced_offsets, ==, 1);
        ASSERT_STR(offset(path), "4");
        patch(url, path, 4, "e");
        g_assert_cmpuint(standin->snapshot().unannounced_offsets, ==, 1);
    }

    void lost_creation_leaves_an_orphan()
    {
        fault("on POST 1: store, then drop the answer");
        g_assert_cmpint(ask(url, "POST", "/files/", kTus + kDeferred).status, ==, 0);
        create_upload(url, kDeferred);
        g_assert_cmpuint(standin->snapshot().uploads.size(), ==, 2);
    }

    void stored_but_answered_with_an_error()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: store, then answer 500");
        g_assert_cmpint(raw_patch(path, 0, "abc").status, ==, 500);
        ASSERT_STR(offset(path), "3");
    }

    void answered_instead_of_stored()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: answer 503, Retry-After 2");
        const RawAnswer busy = raw_patch(path, 0, "abc");
        g_assert_cmpint(busy.status, ==, 503);
        ASSERT_STR(busy.header("retry-after"), "2");
        ASSERT_STR(offset(path), "0");
    }

    // What stands in front of the tus server does not speak tus; the server itself does.
    void strangers_are_told_from_the_server()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on HEAD 1: answer 404");
        fault("on HEAD 2: answer 404 with HTML");
        fault("on HEAD 3: answer 404, no header Tus-Resumable");
        fault("on HEAD 4: lock");
        for (const char *version : {"1.0.0", "(none)", "(none)", "1.0.0"})
            ASSERT_STR(head(url, path).header("tus-resumable"), version);
        // any status may come from a stranger
        for (const int status : {200, 205, 301, 302, 304, 400, 402, 407, 410, 412,
                                 413, 418, 421, 451, 499, 501, 505, 511, 520, 599}) {
            standin->clear_faults();
            fault(
                cat("on PATCH 1: answer ", status, " with HTML, no header Tus-Resumable").c_str());
            const RawAnswer answer = raw_patch(path, 0, "abc");
            g_assert_cmpint(answer.status, ==, status);
            ASSERT_STR(answer.header("tus-resumable"), "(none)");
        }
        ASSERT_STR(offset(path), "0");
    }

    void fault_lasts_for_a_time()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on HEAD 2 for 60 s: answer 503");
        fault("on HEAD 1 for 0 s: answer 500"); // over as it begins
        g_assert_cmpint(head(url, path).status, ==, 200);
        for (int i = 0; i < 3; ++i)
            g_assert_cmpint(head(url, path).status, ==, 503);
        standin->clear_faults();
        fault("on HEAD 1 for 1 ms: answer 503");
        g_assert_cmpint(head(url, path).status, ==, 503);
        g_usleep(20000);
        g_assert_cmpint(head(url, path).status, ==, 200);
    }

    void answers_never_end()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: store, then slow headers 1 s");
        fault("on HEAD 1: interim 102 every 10 ms");
        RawConnection slow(url, 1);
        slow.send(raw_request(slow.host(), "PATCH", path, kBody + "Upload-Offset: 0\r\n", "abc"));
        g_assert_cmpint(slow.read().status, ==, 0);
        RawConnection interim(url);
        interim.send(raw_request(interim.host(), "HEAD", path, kTus));
        for (int i = 0; i < 3; ++i)
            g_assert_cmpint(interim.read(true).status, ==, 102);
        ASSERT_STR(offset(path), "3");
        standin->stop(); // also ends what has no end
    }

    void stall_lasts_and_then_goes_on()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: stall 50 ms after 1000 bytes");
        fault("on PATCH 2: stall 60 s");
        const std::string bytes = noise(50000);
        g_assert_cmpint(raw_patch(path, 0, bytes).status, ==, 204);
        RawConnection silent(url);
        silent.send(raw_request(silent.host(), "PATCH", path,
                                kBody + "Upload-Offset: 50000\r\nContent-Length: 10\r\n", "01"));
        g_assert_true(
            standin->wait_for([](const standin::Snapshot &all) { return all.count("PATCH") == 2; },
                              patience(seconds(10))));
        // nobody has to wait for the end of a stall: the next request ends it
        ASSERT_STR(offset(path), "50000");
        g_assert_cmpint(silent.read().status, ==, 400);
    }

    void short_acknowledgement()
    {
        const std::string bytes = noise(5000);
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: accept only 1000 bytes");
        const RawAnswer answer = raw_patch(path, 0, bytes);
        g_assert_cmpint(answer.status, ==, 204);
        ASSERT_STR(answer.header("upload-offset"), "1000");
        finish_and_compare(path, 1000, bytes);
    }

    void early_answer_comes_while_the_body_is_being_sent()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 1: early answer after 190 bytes");
        fault("on PATCH 2: early answer 413 after 0 bytes");
        RawConnection connection(url);
        connection.send(raw_request(connection.host(), "PATCH", path,
                                    kBody + "Upload-Offset: 0\r\nContent-Length: 100000\r\n",
                                    noise(315)));
        const RawAnswer answer = connection.read();
        g_assert_cmpint(answer.status, ==, 204);
        ASSERT_STR(answer.header("upload-offset"), "190");
        ASSERT_STR(answer.header("connection"), "close");
        g_assert_true(connection.ended());
        ASSERT_STR(offset(path), "190");

        RawConnection refused(url);
        refused.send(raw_request(refused.host(), "PATCH", path,
                                 kBody + "Upload-Offset: 190\r\nContent-Length: 100000\r\n"));
        g_assert_cmpint(refused.read().status, ==, 413);
        ASSERT_STR(offset(path), "190");
    }

    void head_lies_as_told()
    {
        const std::string path = create_upload(url, kDeferred);
        patch(url, path, 0, "0123456789");
        fault("on HEAD 1: offset lower 4");
        fault("on HEAD 2: offset higher 4");
        fault("on HEAD 3: no header");
        fault("on HEAD 4: answer 404");
        fault("on HEAD 5: lock");
        ASSERT_STR(offset(path), "6");
        ASSERT_STR(offset(path), "14");
        ASSERT_STR(offset(path), "(none)");
        g_assert_cmpint(head(url, path).status, ==, 404);
        g_assert_cmpint(head(url, path).status, ==, 423);
        ASSERT_STR(offset(path), "10");
    }

    void rolled_back_bytes_must_be_sent_again()
    {
        const std::string bytes = noise(10000);
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH 2: rollback 4000 bytes");
        g_assert_cmpint(patch(url, path, 0, std::string_view(bytes).substr(0, 9000)).status, ==,
                        204);
        g_assert_cmpint(patch(url, path, 9000, std::string_view(bytes).substr(9000)).status, ==,
                        409);
        ASSERT_STR(offset(path), "5000");
        finish_and_compare(path, 5000, bytes);
    }

    void upload_can_vanish_or_expire()
    {
        const std::string first = create_upload(url, kDeferred);
        const std::string second = create_upload(url, kDeferred);
        fault("on PATCH 1: expire");
        fault("on PATCH 2: forget");
        g_assert_cmpint(patch(url, first, 0, "x").status, ==, 410);
        g_assert_cmpint(head(url, first).status, ==, 410);
        g_assert_cmpint(patch(url, second, 0, "x").status, ==, 404);
        g_assert_cmpint(head(url, second).status, ==, 404);
    }

    void location_comes_in_every_form()
    {
        fault("on POST 1-2: location relative");
        fault("on POST 3: location path-absolute");
        fault("on POST 4: no header");
        const std::string headers = kTus + kDeferred;
        const std::string relative = ask(url, "POST", "/files/", headers).header("location");
        g_assert_true(relative.find('/') == std::string::npos);
        ASSERT_STR(offset("/files/" + relative), "0");
        g_assert_true(ask(url, "POST", "/files", headers).header("location").starts_with("files/"));
        g_assert_true(
            ask(url, "POST", "/files/", headers).header("location").starts_with("/files/"));
        const RawAnswer without = ask(url, "POST", "/files/", headers);
        g_assert_cmpint(without.status, ==, 201);
        ASSERT_STR(without.header("location"), "(none)");
    }

    void redirect_leads_to_the_same_upload()
    {
        fault("on POST 1: redirect 308");
        fault("on PATCH 1: redirect 307");
        const RawAnswer moved = ask(url, "POST", "/files/", kTus + kDeferred);
        g_assert_cmpint(moved.status, ==, 308);
        ASSERT_STR(moved.header("location"), url + "/moved/files/");
        const RawAnswer created = ask(url, "POST", "/moved/files/", kTus + kDeferred);
        g_assert_cmpint(created.status, ==, 201);
        const std::string path = path_of(created.header("location"));
        const RawAnswer again = patch(url, path, 0, "abc");
        g_assert_cmpint(again.status, ==, 307);
        g_assert_cmpint(patch(url, path_of(again.header("location")), 0, "abc").status, ==, 204);
        ASSERT_STR(offset(path), "3");
    }

    void api_answers_can_be_spoilt()
    {
        fault("on GET /streaming 1: cut JSON");
        fault("on GET /streaming 2: answer 200 with HTML");
        fault("on API 3: answer 429 with JSON, Retry-After 1");
        const auto list = [&] { return ask(url, "GET", "/streaming/videos/1", kKey); };
        ASSERT_STR(list().body, R"({"status":404,"er)");
        const RawAnswer html = list();
        g_assert_cmpint(html.status, ==, 200);
        g_assert_true(html.header("content-type").starts_with("text/html"));
        const RawAnswer busy = list();
        g_assert_cmpint(busy.status, ==, 429);
        ASSERT_STR(busy.body, R"({"status":429,"error":"Too Many Requests"})");
        ASSERT_STR(busy.header("retry-after"), "1");
    }

    void slow_connection_is_slow_but_complete()
    {
        const std::string bytes = noise(30000);
        const std::string path = create_upload(url, kDeferred);
        fault("connection: 200 kB/s");
        finish_and_compare(path, 0, bytes);
    }

    void idle_connection_is_closed_without_notice()
    {
        RawConnection kept(url);
        const std::string request = raw_request(kept.host(), "OPTIONS", "/files/", "");
        kept.send(request);
        g_assert_cmpint(kept.read().status, ==, 204);
        kept.send(request);
        g_assert_cmpint(kept.read().status, ==, 204);
        g_assert_cmpuint(standin->snapshot().connections, ==, 1);
        fault("connection: close when idle");
        kept.send(request);
        const RawAnswer last = kept.read();
        g_assert_cmpint(last.status, ==, 204);
        ASSERT_STR(last.header("connection"), "(none)");
        g_assert_true(kept.ended());
    }

    void server_goes_and_comes_back_with_what_it_had()
    {
        const std::string bytes = noise(100000);
        const std::string path = create_upload(url, kDeferred);
        RawConnection idle(url);
        idle.send(raw_request(idle.host(), "OPTIONS", "/files/", ""));
        g_assert_cmpint(idle.read().status, ==, 204);
        RawConnection running(url);
        running.send(raw_request(running.host(), "PATCH", path,
                                 kBody + "Upload-Offset: 0\r\nContent-Length: 100000\r\n",
                                 std::string_view(bytes).substr(0, 40000)));
        g_assert_true(standin->wait_for(
            [](const standin::Snapshot &all) { return all.bytes_received == 40000; },
            patience(seconds(10))));
        standin->go_away();
        g_assert_true(standin->snapshot().away);
        g_assert_true(running.ended());
        g_assert_true(running.was_reset());
        g_assert_true(idle.ended());
        g_assert_true(idle.was_reset());
        g_assert_false(RawConnection(url).connected());
        const auto back = standin->come_back();
        g_assert_true(back.ok());
        ASSERT_STR(standin->url(), url);
        ASSERT_STR(offset(path), "40000");
        finish_and_compare(path, 40000, bytes);
    }

    void outage_begins_and_ends_by_itself()
    {
        fault("outage from 10 ms to 60 ms");
        const auto away = [&](bool is) {
            return standin->wait_for([is](const standin::Snapshot &all) { return all.away == is; },
                                     patience(seconds(10)));
        };
        g_assert_true(away(true));
        g_assert_true(away(false));
        create_upload(url, kDeferred);
    }

    void wrong_line_is_refused_and_says_why()
    {
        const auto wrong = standin->add_fault("on PATCH 1: explode");
        g_assert_false(wrong.ok());
        g_assert_true(wrong.error().message.find("\"explode\" is not understood") !=
                      std::string::npos);
        standin::StandinOptions options = quick_options();
        options.faults = {"nonsense"};
        g_assert_false(standin::Standin::start(options).ok());
        options.faults = {"on HEAD 1: rollback 5"};
        options.discard = true;
        g_assert_false(standin::Standin::start(options).ok());
    }

    void cleared_faults_do_nothing()
    {
        fault("on POST any: answer 500");
        standin->clear_faults();
        create_upload(url, kDeferred);
    }

    void stopping_ends_everything_at_once()
    {
        const std::string path = create_upload(url, kDeferred);
        fault("on PATCH any: stall 60 s after 3 bytes");
        RawConnection running(url);
        running.send(raw_request(running.host(), "PATCH", path,
                                 kBody + "Upload-Offset: 0\r\nContent-Length: 10\r\n", "abc"));
        g_assert_true(
            standin->wait_for([](const standin::Snapshot &all) { return all.bytes_received == 3; },
                              patience(seconds(10))));
        standin->stop();
        standin->stop();
        g_assert_true(running.ended());
        g_assert_cmpuint(standin->snapshot().bytes_received, ==, 3);
        g_assert_false(standin->come_back().ok());
    }
};

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
#define ADD(name, function) add_test<Faulty, &Faulty::function>("/standin-faults/" name)
    ADD("cut", cut_resets_and_keeps_exactly_so_many_bytes);
    ADD("drop-answer", dropped_answer_leaves_the_bytes);
    ADD("drop-creation", lost_creation_leaves_an_orphan);
    ADD("store-then-error", stored_but_answered_with_an_error);
    ADD("answer", answered_instead_of_stored);
    ADD("strangers", strangers_are_told_from_the_server);
    ADD("for-a-time", fault_lasts_for_a_time);
    ADD("no-end", answers_never_end);
    ADD("stall", stall_lasts_and_then_goes_on);
    ADD("accept-only", short_acknowledgement);
    ADD("early-answer", early_answer_comes_while_the_body_is_being_sent);
    ADD("head-lies", head_lies_as_told);
    ADD("rollback", rolled_back_bytes_must_be_sent_again);
    ADD("vanish", upload_can_vanish_or_expire);
    ADD("location", location_comes_in_every_form);
    ADD("redirect", redirect_leads_to_the_same_upload);
    ADD("api", api_answers_can_be_spoilt);
    ADD("throttle", slow_connection_is_slow_but_complete);
    ADD("close-idle", idle_connection_is_closed_without_notice);
    ADD("away", server_goes_and_comes_back_with_what_it_had);
    ADD("outage", outage_begins_and_ends_by_itself);
    ADD("wrong", wrong_line_is_refused_and_says_why);
    ADD("clear", cleared_faults_do_nothing);
    ADD("stop", stopping_ends_everything_at_once);
    return g_test_run();
}
