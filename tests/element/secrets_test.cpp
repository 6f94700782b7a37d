// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings full of secrets to a server that says every one of them back, in every answer and in
// every disguise: none is in a log, a message, a dot dump, the stats, on disk, or in what
// gst-tus-recover says (its path comes in GST_TUS_RECOVER).
#include "base/mutex.h"
#include "base/secret_forms.h"
#include "base/text.h"
#include "element_support.h"
#include "exposure.h"
#include "glib/ptr.h"
#include "raw_server.h"

#include <array>
#include <filesystem>

#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// What each is found by. "project" is metadata whose key does not say that it is a secret.
constexpr std::array<const char *, 11> kMarkers = {
    kAddress,
    "basic-hushmarker-0a1b",
    "bearer-hushmarker-2c3d",
    "header-hushmarker-4e5f",
    "query-hushmarker-6a7b",
    "token-hushmarker-8c9d",
    "location-hushmarker-0e1f",
    "cookie-hushmarker-2a3b",
    "renewed-hushmarker-6e7f",
    "project-hushmarker-4c5d",
    "proxy-hushmarker-8e9f",
};

// Which of them the server was told: it can only say back what it knows.
class Told {
public:
    void look_into(const std::string &request)
    {
        const MutexLock lock(mutex_);
        for (std::size_t i = 0; i < kMarkers.size(); ++i) {
            std::vector<std::string> forms = base64_forms(kMarkers[i]);
            forms.emplace_back(kMarkers[i]);
            for (const std::string &form : forms)
                told_[i] = told_[i] || request.find(form) != std::string::npos;
        }
    }

    void forget()
    {
        const MutexLock lock(mutex_);
        told_ = {};
    }

    std::vector<const char *> markers() const
    {
        const MutexLock lock(mutex_);
        std::vector<const char *> out;
        for (std::size_t i = 0; i < kMarkers.size(); ++i) {
            if (told_[i])
                out.push_back(kMarkers[i]);
        }
        return out;
    }

private:
    mutable Mutex mutex_;
    std::array<bool, kMarkers.size()> told_ GUARDED_BY(mutex_){};
};

// All that a server may make of them, in one line.
std::string echo(const Told &told)
{
    std::string text;
    for (const char *marker : told.markers()) {
        const std::string secret = marker;
        const GCharOwn capitals(g_ascii_strup(marker, -1));
        std::string escaped;
        for (const char c : secret)
            escaped += c == '-' ? "%2D" : std::string(1, c);
        text += cat(secret, ' ', capitals.get(), ' ', escaped, ' ', base64(secret), ' ',
                    base64("a" + secret + "z"), ' ', base64("ab" + secret), " \"",
                    secret.substr(0, secret.size() - 1), "\" &#", int{secret[0]}, ';',
                    secret.substr(1), ' ');
    }
    return text;
}

constexpr const char *kSigned = "/f/1?sig=location-hushmarker-0e1f";

// Creations are taken unless `create` says otherwise; the first PATCH is answered with `patch`.
RawServer::Script script(std::string create, std::string patch, std::string location, Told &told)
{
    return [create = std::move(create), patch = std::move(patch), location = std::move(location),
            &told](RawConnection &peer) {
        while (true) {
            const std::string request = peer.read_request();
            if (request.empty())
                return;
            told.look_into(request);
            const std::string said =
                cat("Tus-Resumable: 1.0.0\r\nServer: ", echo(told),
                    "\r\nWWW-Authenticate: Bearer error=\"", echo(told), "\"\r\n");
            if (request.starts_with("OPTIONS"))
                peer.answer("204 No Content", "Tus-Version: 1.0.0\r\nTus-Extension: "
                                              "creation,creation-defer-length\r\n");
            else if (request.starts_with("POST") && create.starts_with("201"))
                peer.answer(create,
                            cat(said, "Set-Cookie: sid=cookie-hushmarker-2a3b\r\nLocation: ",
                                location, "\r\n"));
            else if (request.starts_with("HEAD"))
                peer.answer("200 OK", cat(said, "Upload-Offset: 0\r\nUpload-Defer-Length: 1\r\n"));
            else
                peer.answer(
                    request.starts_with("POST") ? create : patch,
                    cat(said, "Location: http://127.0.0.2:1/", "header-hushmarker-4e5f\r\n"),
                    echo(told));
        }
    };
}

// set like an application does: gst_parse_launch logs what it parses
void give_secrets(GstElement *sink, const std::string &endpoint, bool basic, bool proxied,
                  const char *spool)
{
    const std::string authorization =
        basic ? "Basic " + base64("jane:basic-hushmarker-0a1b") : "Bearer bearer-hushmarker-2c3d";
    GstStructure *metadata =
        gst_structure_new("meta", "token", G_TYPE_STRING, "token-hushmarker-8c9d", "project",
                          G_TYPE_STRING, "project-hushmarker-4c5d", nullptr);
    GstStructure *headers =
        gst_structure_new("headers", "X-Key", G_TYPE_STRING, "Token header-hushmarker-4e5f",
                          "X-Other", G_TYPE_STRING, kAddress, nullptr);
    g_object_set(sink, "endpoint", endpoint.c_str(), "metadata", metadata, "spool-dir", spool,
                 "stop-timeout", 300, "on-stop", 1 /* keep */, nullptr);
    gst_util_set_object_arg(G_OBJECT(sink), "spool-mode", "always");
    if (!proxied)
        g_object_set(sink, "authorization", authorization.c_str(), "extra-headers", headers,
                     nullptr);
    gst_structure_free(metadata);
    gst_structure_free(headers);
    if (proxied) // they would travel unencrypted, which is refused
        return;
    g_signal_connect(sink, "refresh-authorization", G_CALLBACK(+[](GstElement *, gpointer) {
                         return g_strdup("Bearer renewed-hushmarker-6e7f");
                     }),
                     nullptr);
}

struct Row {
    const char *create, *patch;
    bool basic;
    bool proxied = false; // the server is a proxy
    const char *location = kSigned;
};

constexpr std::array<Row, 13> kRows = {
    {{"403 Forbidden", "", true},
     {"403 Forbidden", "", false, true},
     {"407 Who Are You", "", false, true},
     {"400 Bad Request", "", false},
     {"307 Temporary Redirect", "", false},
     {"412 Precondition Failed", "", false},
     {"201 Created", "401 Unauthorized", true},
     {"201 Created", "404 Not Found", false},
     {"201 Created", "413 Too Large", true},
     {"201 Created", "500 Oops", false},
     {"201 Created", "307 Temporary Redirect", false},
     {"201 Created", "413 Too Large", false, false, "/f/address-hushmarker-1a2b/1?sig=x"},
     {"201 Created", "500 Oops", false, false, "http://address-hushmarker-1a2b.invalid/f/1"}}};

void run_with_secrets(const std::string &folder)
{
    const std::string with_query = cat(folder, "/spool");
    const std::string with_address = cat(folder, "/other"); // which gst-tus-recover would name
    for (const Row &row : kRows) {
        Told told;
        const std::string &spool = row.location == kSigned ? with_query : with_address;
        RawServer server({script(row.create, row.patch, row.location, told)});
        Pipeline pipeline(short_source() + "tussink name=sink");
        give_secrets(pipeline.sink(),
                     row.proxied ? "http://tus.invalid/f?key=query-hushmarker-6a7b"
                                 : server.url("/f?key=query-hushmarker-6a7b"),
                     row.basic, row.proxied, spool.c_str());
        const std::string proxy =
            cat("http://jane:proxy-hushmarker-8e9f@127.0.0.1:", server.port());
        if (row.proxied)
            g_object_set(pipeline.sink(), "proxy", proxy.c_str(), nullptr);
        show_pipeline(pipeline);
        pipeline.request(GST_STATE_PLAYING);
        pipeline.seen.push_back(
            pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING));
        show_pipeline(pipeline);
        pipeline.set(GST_STATE_NULL);
        show_pipeline(pipeline);
        show_messages(pipeline);
        told.forget();
        const std::string bearer =
            cat("127.0.0.1:", server.port(), "=Bearer bearer-hushmarker-2c3d");
        g_setenv("GST_TUS_AUTHORIZATION", bearer.c_str(), TRUE);
        if (row.location == kSigned)
            show_recovery({"--outage-timeout=1", spool});
    }
    bool journal = false;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(with_query))
        journal = journal || entry.path().filename() == "journal";
    g_assert_true(journal);
}

void no_secret_comes_back()
{
    assert_shows_no_secret(run_with_secrets, {"message tus-upload-created", "dot digraph",
                                              "recover ", "not finished: ", "***"});
}

// The property hides the query; the action signal does not.
void signed_url_is_given_to_who_asks_for_it()
{
    GstElement *sink = make_element("tussink");
    g_object_set(sink, "upload-url", "https://h/f/1?sig=locationmarker", nullptr);
    char *shown = nullptr;
    char *whole = nullptr;
    g_object_get(sink, "upload-url", &shown, nullptr);
    g_signal_emit_by_name(sink, "get-upload-url", &whole);
    ASSERT_STR(shown, "https://h/f/1?…");
    ASSERT_STR(whole, "https://h/f/1?sig=locationmarker");
    g_free(whole);
    // set as it was read, it is refused before it is sent
    g_object_set(sink, "upload-url", shown, "endpoint", "https://h/f/", nullptr);
    g_free(shown);
    g_assert_cmpint(gst_element_set_state(sink, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(sink, GST_STATE_NULL);
    gst_object_unref(sink);
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/secrets/come-back", no_secret_comes_back);
    add_test("/secrets/signed-url", signed_url_is_given_to_who_asks_for_it);
    return g_test_run();
}
