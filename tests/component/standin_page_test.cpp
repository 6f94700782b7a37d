// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The stand-in's page: what it shows as it happens, the bytes of recordings for a player, and who
// may switch faults.
#include "standin/page_state.h"
#include "standin_fixture.h"

#include <cstring>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;
using standin::Standin;

namespace {

standin::StandinOptions options_with_page()
{
    standin::StandinOptions options = quick_options();
    options.page = "127.0.0.1:0";
    return options;
}

// Reads the events of a page until what they tell holds.
class Events {
public:
    explicit Events(const std::string &page, const std::string &headers = "") : connection_(page)
    {
        connection_.send(raw_request(connection_.host(), "GET", "/events", headers));
        answer_ = connection_.read(true);
    }

    const RawAnswer &answer() const { return answer_; }

    // The text of all that came, when `needle` is in it.
    std::string until(std::string_view needle)
    {
        while (text_.find(needle) == std::string::npos && connection_.read_more(text_)) {
        }
        if (text_.find(needle) == std::string::npos)
            g_error("the events do not tell \"%s\": %s", std::string(needle).c_str(),
                    text_.c_str());
        return text_;
    }

    void forget() { text_.clear(); }

private:
    RawConnection connection_;
    RawAnswer answer_{};
    std::string text_{};
};

RawAnswer get(const std::string &page, std::string_view path, std::string_view headers = "")
{
    return ask(page, "GET", path, headers);
}

std::string key_of(const std::string &path)
{
    return path.substr(path.rfind('/') + 1);
}

std::string token_of(const std::string &page)
{
    constexpr std::string_view kBefore = "name=\"standin-token\" content=\"";
    const std::string html = get(page, "/").body;
    const std::size_t at = html.find(kBefore);
    g_assert_cmpuint(at, !=, std::string::npos);
    return html.substr(at + kBefore.size(), 32);
}

std::string origin_of(const std::string &page)
{
    return page.substr(0, page.size() - 1);
}

RawAnswer order(const std::string &page, const std::string &headers,
                std::string_view body = R"({"name":"away","on":true})")
{
    return ask(page, "POST", "/faults", headers, body);
}

std::string own_headers(const std::string &page)
{
    return cat("Origin: ", origin_of(page), "\r\nX-Standin-Token: ", token_of(page), "\r\n");
}

std::string switched(std::string_view name, bool on)
{
    return cat(R"({"name":")", name, R"(","on":)", on ? "true}" : "false}");
}

std::string create_video(const std::string &url, std::string_view name)
{
    const std::string body = cat(R"({"name":")", name, R"("})");
    const RawAnswer made =
        ask(url, "POST", "/streaming/videos", kKey + "Content-Type: application/json\r\n", body);
    g_assert_cmpint(made.status, ==, 200);
    return made.body;
}

std::string member(const std::string &json, std::string_view name)
{
    const std::string before = cat("\"", name, "\":\"");
    const std::size_t at = json.find(before);
    g_assert_cmpuint(at, !=, std::string::npos);
    const std::size_t from = at + before.size();
    return json.substr(from, json.find('"', from) - from);
}

void files_are_served_and_nothing_else()
{
    const auto server = start_standin(options_with_page());
    const std::string &page = server->page_url();
    for (const char *path : {"/", "/player", "/page.css", "/page.js", "/watch.js", "/player.js",
                             "/media.js", "/alone.js"}) {
        const RawAnswer file = get(page, path);
        g_assert_cmpint(file.status, ==, 200);
        g_assert_false(file.body.empty());
        ASSERT_STR(file.header("x-content-type-options"), "nosniff");
        g_assert_nonnull(
            std::strstr(file.header("content-security-policy").c_str(), "script-src 'self'"));
    }
    for (const char *path : {"/page.gresource.xml", "/x/page.js", "/media/", "/media/v1",
                             "/media/../../../etc/passwd", "/streaming/videos", "/standin", "//"})
        g_assert_cmpint(get(page, path).status, ==, 404);
    for (const char *method : {"PUT", "DELETE", "PATCH", "POST"})
        g_assert_cmpint(ask(page, method, "/", own_headers(page)).status, ==, 405);
    g_assert_cmpint(get(page, "/faults").status, ==, 405);
}

void page_with_switches_is_shown_in_no_frame()
{
    const auto server = start_standin(options_with_page());
    const auto policy = [&](const char *path) {
        return get(server->page_url(), path).header("content-security-policy");
    };
    g_assert_true(policy("/").ends_with("frame-ancestors 'none'"));
    g_assert_true(policy("/player").ends_with("frame-ancestors *"));
    // so that what frames the player learns nothing that switches anything
    g_assert_null(std::strstr(get(server->page_url(), "/player").body.c_str(), "standin-token"));
}

void without_the_option_there_is_no_page()
{
    const auto server = start_standin(quick_options());
    g_assert_true(server->page_url().empty());
    g_assert_cmpint(get(server->url(), "/").status, ==, 404);
}

void server_leads_to_the_page_and_api_links_to_the_player()
{
    const auto server = start_standin(options_with_page());
    const std::string &page = server->page_url();
    const RawAnswer root = get(server->url(), "/");
    g_assert_cmpint(root.status, ==, 302);
    ASSERT_STR(root.header("location"), page);
    std::string video = create_video(server->url(), "show");
    std::erase(video, '\\'); // "http:\/\/"
    const std::string link = path_of(member(video, "iframe_url"));
    const RawAnswer player = get(server->url(), link);
    g_assert_cmpint(player.status, ==, 302);
    const std::string to = player.header("location");
    g_assert_true(to.starts_with(cat(page, "player?recording=v")));
    g_assert_cmpint(get(page, path_of(to)).status, ==, 200);
    const RawAnswer file = get(server->url(), link + "/720.mp4");
    g_assert_cmpint(file.status, ==, 302);
    g_assert_true(file.header("location").starts_with(cat(page, "media/v")));
    for (const char *name : {"/master.m3u8", "/dash.mpd", "/header-1.mp4"}) {
        const RawAnswer early = get(server->url(), link + name);
        g_assert_cmpint(early.status, ==, 404);
        g_assert_nonnull(std::strstr(early.body.c_str(), "the video is not ready"));
    }
    g_assert_cmpint(get(server->url(), "/videos/100_nobody").status, ==, 404);
}

void events_tell_uploads_requests_and_outages_as_they_come()
{
    const auto server = start_standin(options_with_page());
    Events events(server->page_url());
    g_assert_cmpint(events.answer().status, ==, 200);
    ASSERT_STR(events.answer().header("content-type"), "text/event-stream");
    events.until("\"recordings\":[]");
    const std::string path =
        create_upload(server->url(), cat("Upload-Defer-Length: 1\r\nUpload-Metadata: filename ",
                                         base64("<i>a</i>.mp4"), "\r\n"));
    g_assert_cmpint(patch(server->url(), path, 0, noise(5000)).status, ==, 204);
    const std::string told = events.until("\"bytes\":5000,\"length\":null");
    g_assert_nonnull(std::strstr(told.c_str(), "<i>a</i>.mp4"));
    events.until("\"method\":\"PATCH\"");
    events.until("\"status\":204,\"over\":true");
    server->go_away();
    events.until("\"away\":true"); // the page is still there
    events.until("{\"name\":\"away\",\"since\":");
    g_assert_true(server->come_back().ok());
    events.until("\"away\":false");
}

void watchers_are_bounded_and_leave()
{
    const auto server = start_standin(options_with_page());
    std::vector<std::unique_ptr<Events>> all;
    for (int i = 0; i < 32; ++i) {
        all.push_back(std::make_unique<Events>(server->page_url()));
        g_assert_cmpint(all.back()->answer().status, ==, 200);
    }
    g_assert_cmpint(Events(server->page_url()).answer().status, ==, 503);
    all.clear();
    // who is gone is noticed when there is something to tell
    const auto deadline = Clock::now() + patience(seconds(20));
    while (Events(server->page_url()).answer().status != 200) {
        g_assert_true(Clock::now() < deadline);
        create_upload(server->url(), "Upload-Length: 1\r\n");
        std::this_thread::sleep_for(milliseconds(50));
    }
}

// Whatever a client says, and wherever it says it: keys and tokens are not shown.
void secrets_are_masked()
{
    const auto server = start_standin(options_with_page());
    const std::string key = "1234$0d16599c";
    const std::string bearer = "bearer0secret0of0a0client";
    const std::string token = "metadata0token0of0a0client";
    const std::string query = "signature0of0an0address";
    ask(server->url(), "OPTIONS", cat("/files/?sig=", query), "");
    ask(server->url(), "GET", cat("/streaming/videos/", key), kKey);
    ask(server->url(), "GET", cat("/", bearer, "/x"),
        cat("Authorization: Bearer ", bearer, "\r\n"));
    ask(server->url(), bearer, "/files/", cat("X-Api-Token: ", bearer, "\r\n"));
    ask(server->url(), "PATCH", cat("/files/", query),
        cat(kBody, "Upload-Offset: ", token, "\r\n"));
    create_video(server->url(), cat("video of ", key));
    const auto metadata = [&](const std::string &name) {
        return cat("Upload-Length: 9\r\nUpload-Metadata: filename ", base64(name), ",token ",
                   base64(token), "\r\n");
    };
    create_upload(server->url(), metadata(cat("file of ", token, ".mp4")));
    create_upload(server->url(), metadata(cat("again ", bearer, " ", query, ".mp4")));
    const std::string parameters =
        ask(server->url(), "GET", "/streaming/videos/2501637/upload", kKey).body;
    const std::string jwt = member(parameters, "token");
    create_upload(server->url(), cat("Upload-Length: 9\r\nUpload-Metadata: filename ",
                                     base64(cat("named ", jwt)), "\r\n"));
    Events events(server->page_url());
    const std::string told = events.until("named ");
    for (const std::string &secret : {key, bearer, token, query, jwt})
        if (told.find(secret) != std::string::npos)
            g_error("\"%s\" is shown: %s", secret.c_str(), told.c_str());
    g_assert_nonnull(std::strstr(told.c_str(), "video of ***"));
    g_assert_nonnull(std::strstr(told.c_str(), "/files/?…"));
}

struct Asked {
    const char *range; // nullptr: none
    int status;
    std::size_t first;
    std::size_t size;
};

void check_ranges(const std::string &page, const std::string &key, const std::string &bytes,
                  const std::string &total)
{
    const std::size_t all = bytes.size();
    for (const Asked &one :
         {Asked{nullptr, 200, 0, all}, Asked{"bytes=0-", 206, 0, all},
          Asked{"bytes=10-19", 206, 10, 10}, Asked{"bytes=10-99999999", 206, 10, all - 10},
          Asked{"bytes=-7", 206, all - 7, 7}, Asked{"bytes=-99999999", 206, 0, all},
          Asked{"bytes=999999-", 206, 999999, all - 999999}, Asked{"bytes=99999999-", 416, 0, 0},
          Asked{"bytes=-0", 416, 0, 0}, Asked{"bytes=20-10", 200, 0, all},
          Asked{"bytes=1-2,4-5", 200, 0, all}, Asked{"bytes=x-", 200, 0, all},
          Asked{"lines=1-2", 200, 0, all}}) {
        const RawAnswer answer =
            get(page, cat("/media/", key), one.range ? cat("Range: ", one.range, "\r\n") : "");
        g_assert_cmpint(answer.status, ==, one.status);
        ASSERT_STR(sha256(answer.body),
                   sha256(std::string_view(bytes).substr(one.first, one.size)));
        if (one.status == 206)
            ASSERT_STR(answer.header("content-range"),
                       cat("bytes ", one.first, "-", one.first + one.size - 1, "/", total));
        if (one.status == 416)
            ASSERT_STR(answer.header("content-range"), cat("bytes */", total));
        ASSERT_STR(answer.header("accept-ranges"), "bytes");
    }
}

void bytes_are_had_while_they_come_and_afterwards()
{
    const auto server = start_standin(options_with_page());
    const std::string bytes = noise(1300000);
    const std::string path = create_upload(server->url(), "Upload-Defer-Length: 1\r\n");
    const std::string key = key_of(path);
    ASSERT_STR(get(server->page_url(), cat("/media/", key)).body, "");
    g_assert_cmpint(get(server->page_url(), cat("/media/", key), "Range: bytes=0-\r\n").status, ==,
                    416);
    g_assert_cmpint(patch(server->url(), path, 0, bytes).status, ==, 204);
    check_ranges(server->page_url(), key, bytes, "*");
    g_assert_cmpint(
        patch(server->url(), path, bytes.size(), "", cat("Upload-Length: ", bytes.size(), "\r\n"))
            .status,
        ==, 204);
    check_ranges(server->page_url(), key, bytes, std::to_string(bytes.size()));
    const RawAnswer head = ask(server->page_url(), "HEAD", cat("/media/", key), "");
    g_assert_cmpint(head.status, ==, 200);
    ASSERT_STR(head.header("content-length"), std::to_string(bytes.size()));
}

// Parts that nothing has joined yet are one recording, and keep its name when something does.
void parts_are_one_recording()
{
    const auto server = start_standin(options_with_page());
    const std::string bytes = noise(1500000);
    const std::string about = cat("Upload-Metadata: filename ", base64("parts.mp4"), "\r\n");
    std::string list;
    std::string key;
    for (std::size_t at = 0; at < bytes.size(); at += 500000) {
        const std::string path = create_upload(
            server->url(), cat("Upload-Concat: partial\r\nUpload-Length: 500000\r\n", about));
        const auto part = std::string_view(bytes).substr(at, 500000);
        g_assert_cmpint(patch(server->url(), path, 0, part).status, ==, 204);
        key = key.empty() ? key_of(path) : key;
        list += cat(list.empty() ? "" : " ", path);
        const std::string so_far = get(server->page_url(), cat("/media/", key)).body;
        ASSERT_STR(sha256(so_far), sha256(std::string_view(bytes).substr(0, at + 500000)));
    }
    check_ranges(server->page_url(), key, bytes, "*");
    Events events(server->page_url());
    events.until("\"bytes\":1500000,\"length\":null,\"parts\":3");
    create_upload(server->url(), cat("Upload-Concat: final;", list, "\r\n", about));
    const std::string told = events.until("\"finished\":true");
    g_assert_null(std::strstr(told.c_str(), "\"parts\":2"));
    check_ranges(server->page_url(), key, bytes, std::to_string(bytes.size()));
    // the next recording of that name is another
    const std::string next = create_upload(
        server->url(), cat("Upload-Concat: partial\r\nUpload-Length: 500000\r\n", about));
    patch(server->url(), next, 0, "next");
    ASSERT_STR(get(server->page_url(), cat("/media/", key_of(next))).body, "next");
}

// Whether it is a video or not, and whether anything has come for it or not.
void newest_recording_comes_first()
{
    const auto server = start_standin(options_with_page());
    create_video(server->url(), "without an upload");
    create_upload(server->url(),
                  "Upload-Length: 1\r\nUpload-Metadata: filename " + base64("newer") + "\r\n");
    create_video(server->url(), "newest");
    const std::string told = Events(server->page_url()).until("without an upload");
    g_assert_cmpuint(told.find("newest"), <, told.find("newer\""));
    g_assert_cmpuint(told.find("newer\""), <, told.find("without an upload"));
}

// The order in which parts were made need not be their order in the recording.
void order_of_parts_is_what_the_final_upload_says()
{
    const auto server = start_standin(options_with_page());
    const auto part = [&](std::string_view bytes) {
        const std::string path = create_upload(
            server->url(), cat("Upload-Concat: partial\r\nUpload-Length: ", bytes.size(), "\r\n"));
        patch(server->url(), path, 0, bytes);
        return path;
    };
    const std::string body = part("second");
    const std::string first = part("first ");
    const std::string late =
        create_upload(server->url(), "Upload-Concat: partial\r\nUpload-Length: 6\r\n");
    create_upload(server->url(), cat("Upload-Concat: final;", first, " ", body, " ", late, "\r\n"));
    const std::string media = cat("/media/", key_of(body));
    ASSERT_STR(get(server->page_url(), media).body, "first second");
    patch(server->url(), late, 0, " third");
    ASSERT_STR(get(server->page_url(), media).body, "first second third");
}

// What a client uploads is never a page of this origin.
void uploads_are_media_or_nothing_a_browser_runs()
{
    const auto server = start_standin(options_with_page());
    const auto uploaded = [&](std::string_view bytes) {
        const std::string path =
            create_upload(server->url(), cat("Upload-Length: ", bytes.size(), "\r\n"));
        patch(server->url(), path, 0, bytes);
        return get(server->page_url(), cat("/media/", key_of(path)));
    };
    for (const char *text : {"<!DOCTYPE html><script>alert(1)</script>", "%PDF-1.7", "x",
                             "<svg xmlns='http://www.w3.org/2000/svg'/>"}) {
        const RawAnswer answer = uploaded(text);
        ASSERT_STR(answer.header("content-type"), "application/octet-stream");
        ASSERT_STR(answer.header("content-disposition"), "attachment");
        ASSERT_STR(answer.header("x-content-type-options"), "nosniff");
        g_assert_nonnull(std::strstr(answer.header("content-security-policy").c_str(), "sandbox"));
    }
    ASSERT_STR(
        uploaded(std::string_view("\0\0\0\x20\x66typisom<script>", 20)).header("content-type"),
        "video/mp4");
}

void what_is_gone_or_not_kept_is_not_had()
{
    auto server = start_standin(options_with_page());
    const std::string path = create_upload(server->url(), "Upload-Length: 9\r\n");
    patch(server->url(), path, 0, "bytes");
    const std::string media = cat("/media/", key_of(path));
    ASSERT_STR(get(server->page_url(), media).body, "bytes");
    ask(server->url(), "DELETE", path, kTus);
    g_assert_cmpint(get(server->page_url(), media).status, ==, 404);
    standin::StandinOptions options = options_with_page();
    options.discard = true;
    server = start_standin(std::move(options));
    const std::string counted = create_upload(server->url(), "Upload-Length: 9\r\n");
    patch(server->url(), counted, 0, "bytes");
    g_assert_cmpint(get(server->page_url(), cat("/media/", key_of(counted))).status, ==, 404);
    Events(server->page_url()).until("\"stored\":false");
}

void control_from_elsewhere_is_refused()
{
    const auto server = start_standin(options_with_page());
    const std::string &page = server->page_url();
    const std::string origin = cat("Origin: ", origin_of(page), "\r\n");
    const std::string token = cat("X-Standin-Token: ", token_of(page), "\r\n");
    const std::string strange_token = "X-Standin-Token: 0123456789abcdef0123456789abcdef\r\n";
    for (const std::string &headers :
         {std::string(), token, origin, origin + strange_token, cat("Origin: null\r\n", token),
          cat("Origin: http://example.com\r\n", token),
          cat("Origin: http://127.0.0.1:1\r\n", token),
          cat("Origin: https", origin_of(page).substr(4), "\r\n", token),
          cat(origin, token, "Sec-Fetch-Site: cross-site\r\n"),
          cat(origin, token, "Sec-Fetch-Site: same-site\r\n"),
          cat(origin, token, "Sec-Fetch-Site: none\r\n")}) {
        g_assert_cmpint(order(page, headers).status, ==, 403);
        g_assert_false(server->snapshot().away);
    }
    g_assert_cmpint(order(page, cat(origin, token, "Sec-Fetch-Site: same-origin\r\n")).status, ==,
                    204);
    g_assert_true(server->snapshot().away);
}

// A name that leads to this machine is somebody else's name for it (DNS rebinding).
void names_of_others_are_refused()
{
    const auto server = start_standin(options_with_page());
    const std::string port = server->page_url().substr(server->page_url().rfind(':'));
    const auto status = [&](const std::string &host, std::string_view path) {
        RawConnection connection(server->page_url());
        connection.send(raw_request(host, "GET", path, ""));
        return connection.read().status;
    };
    for (const std::string &host :
         {std::string("rebound.example"), cat("rebound.example", port.substr(0, port.size() - 1)),
          std::string("127.0.0.1.example"), std::string("localhost.example")})
        for (const char *path : {"/", "/page.js", "/media/v1"})
            g_assert_cmpint(status(host, path), ==, 403);
    for (const char *host : {"localhost", "127.0.0.1", "[::1]", "localhost:80"})
        g_assert_cmpint(status(host, "/"), ==, 200);
}

void wrong_orders_change_nothing()
{
    const auto server = start_standin(options_with_page());
    const std::string &page = server->page_url();
    const std::string own = own_headers(page);
    for (const char *body :
         {"", "{", "[]", "null", R"({"name":"away"})", R"({"on":true})", R"({"name":1,"on":true})",
          R"({"name":"away","on":"true"})", R"({"name":null,"on":null})", "\xff\xfe"})
        g_assert_cmpint(
            order(page, cat(own, "Content-Length: ", std::strlen(body), "\r\n"), body).status, ==,
            400);
    g_assert_cmpint(order(page, own, switched("nothing", true)).status, ==, 409);
    g_assert_cmpint(order(page, own, std::string(5000, ' ')).status, ==, 413);
    g_assert_cmpint(order(page, cat(own, "Transfer-Encoding: chunked\r\n"), "0\r\n\r\n").status, ==,
                    413);
    g_assert_false(server->snapshot().away);
    standin::StandinOptions options = options_with_page();
    options.discard = true;
    const auto counting = start_standin(std::move(options));
    g_assert_cmpint(
        order(counting->page_url(), own_headers(counting->page_url()), switched("rollback", true))
            .status,
        ==, 409);
}

void faults_are_switched_on_and_off()
{
    standin::StandinOptions options = options_with_page();
    options.faults = {"on OPTIONS any: answer 403"}; // of the command line: they stay
    const auto server = start_standin(std::move(options));
    const std::string &page = server->page_url();
    const std::string own = own_headers(page);
    const auto turn = [&](std::string_view name, bool on) {
        g_assert_cmpint(order(page, own, switched(name, on)).status, ==, 204);
    };
    const auto status = [&](std::string_view method) {
        return ask(server->url(), method, "/files/", kTus + "Upload-Length: 1\r\n").status;
    };
    for (int round = 0; round < 2; ++round) {
        turn("unavailable", true);
        turn("unavailable", true); // twice is once
        g_assert_cmpint(status("POST"), ==, 503);
        turn("unavailable", false);
        g_assert_cmpint(status("POST"), ==, 201);
        turn("login", true);
        const RawAnswer login = ask(server->url(), "POST", "/files/", kTus);
        g_assert_cmpint(login.status, ==, 200);
        g_assert_nonnull(std::strstr(login.header("content-type").c_str(), "text/html"));
        turn("login", false);
        turn("cuts", true);
        turn("away", true);
        g_assert_cmpint(status("POST"), ==, 0);
        turn("away", false);
        turn("cuts", false);
        g_assert_cmpint(status("POST"), ==, 201);
        g_assert_cmpint(status("OPTIONS"), ==, 403);
    }
    Events events(page);
    events.until("\"name\":\"unavailable\",\"label\":\"503 Service Unavailable\"");
    events.until("\"on\":false,\"hits\":2");
    events.forget();
    turn("slow", true);
    events.until("on\":true");
    turn("slow", false);
    events.until("\"troubles\"");
    server->clear_faults();
    g_assert_cmpint(status("OPTIONS"), ==, 204);
}

// A stand-in that ends does so also while somebody watches and plays.
void end_comes_while_somebody_watches()
{
    auto server = start_standin(options_with_page());
    const std::string path = create_upload(server->url(), "Upload-Length: 9000000\r\n");
    patch(server->url(), path, 0, noise(8000000));
    Events events(server->page_url());
    RawConnection media(server->page_url());
    media.send(raw_request(media.host(), "GET", cat("/media/", key_of(path)), ""));
    events.until("8000000");
    server->stop();
    server.reset();
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/standin-page/files", files_are_served_and_nothing_else);
    add_test("/standin-page/frames", page_with_switches_is_shown_in_no_frame);
    add_test("/standin-page/none", without_the_option_there_is_no_page);
    add_test("/standin-page/links", server_leads_to_the_page_and_api_links_to_the_player);
    add_test("/standin-page/events", events_tell_uploads_requests_and_outages_as_they_come);
    add_test("/standin-page/watchers", watchers_are_bounded_and_leave);
    add_test("/standin-page/secrets", secrets_are_masked);
    add_test("/standin-page/ranges", bytes_are_had_while_they_come_and_afterwards);
    add_test("/standin-page/parts", parts_are_one_recording);
    add_test("/standin-page/newest", newest_recording_comes_first);
    add_test("/standin-page/parts/order", order_of_parts_is_what_the_final_upload_says);
    add_test("/standin-page/types", uploads_are_media_or_nothing_a_browser_runs);
    add_test("/standin-page/gone", what_is_gone_or_not_kept_is_not_had);
    add_test("/standin-page/control/elsewhere", control_from_elsewhere_is_refused);
    add_test("/standin-page/control/names", names_of_others_are_refused);
    add_test("/standin-page/control/wrong", wrong_orders_change_nothing);
    add_test("/standin-page/control/switches", faults_are_switched_on_and_off);
    add_test("/standin-page/end", end_comes_while_somebody_watches);
    return g_test_run();
}
