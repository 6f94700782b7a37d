// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Recordings full of secrets to servers with each habit that the stand-in has, which say all of
// them back in every answer: none is in a log at level 9, a message, a property, a dot dump, on
// disk, or in what gst-tus-recover says (its path comes in GST_TUS_RECOVER).
#include "base/text.h"
#include "element_support.h"
#include "exposure.h"
#include "standin/habits.h"

#include <algorithm>
#include <filesystem>
#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr const char *kApiKey = "4242$apikey-hushmarker-0a1b";
constexpr const char *kBearer = "Bearer bearer-hushmarker-2c3d";
constexpr const char *kToken = "token-hushmarker-8c9d";
constexpr const char *kProxy = "http://jane:proxy-hushmarker-8e9f@127.0.0.1:1";

struct Scene {
    std::string habit;
    bool gcore = false;

    std::size_t number = 0;

    // of its folder: a habit may have a secret for a value
    std::string name() const
    {
        return cat(number, '-', habit.substr(0, habit.find('=')), gcore ? ".gcore" : ".tus");
    }
};

// A habit as it is usually, only sooner, and in each of its other ways.
std::vector<std::string> ways_of(const standin::HabitName &habit)
{
    std::string value(habit.value);
    std::erase_if(value, [](char c) { return c == '[' || c == ']' || c == '='; });
    std::vector<std::string> ways;
    if (value == "VALUE")
        return {cat(habit.name, "=habit-hushmarker-4a5b")};
    if (value == "BYTES")
        return {cat(habit.name, "=100000")};
    if (value == "SECONDS")
        return {cat(habit.name, "=1")};
    ways.emplace_back(habit.name);
    if (value.empty() || g_ascii_isupper(value[0]))
        return ways;
    for (std::size_t from = 0; from != std::string::npos;) {
        const std::size_t end = value.find('|', from);
        ways.push_back(cat(habit.name, "=", value.substr(from, end - from)));
        from = end == std::string::npos ? end : end + 1;
    }
    return ways;
}

std::vector<Scene> all_scenes()
{
    std::vector<Scene> scenes;
    for (const standin::HabitName &habit : standin::all_habits()) {
        for (const std::string &way : ways_of(habit)) {
            for (const bool gcore : {false, true})
                scenes.push_back({way, gcore, scenes.size()});
        }
    }
    return scenes;
}

std::unique_ptr<standin::Standin> start_server(const Scene &scene)
{
    standin::StandinOptions options;
    options.habits = {"echo=always", scene.habit};
    options.api_key = kApiKey;
    options.discard = true;
    options.examine = false;
    if (scene.habit.starts_with("join")) // nothing else makes it join
        options.extensions = {"creation", "concatenation", "termination"};
    return start_standin(std::move(options));
}

GstStructure *pairs(const char *name, const char *key, const char *value, const char *other,
                    const char *other_value)
{
    return gst_structure_new(name, key, G_TYPE_STRING, value, other, G_TYPE_STRING, other_value,
                             nullptr);
}

std::string endpoint_of(const standin::Standin &server)
{
    return server.files_url() + "?key=query-hushmarker-6a7b";
}

// Set like an application does: gst_parse_launch logs what it parses.
void give_secrets(const Scene &scene, GstElement *sink, const standin::Standin &server,
                  const std::string &spool)
{
    gst_element_add_property_notify_watch(sink, nullptr, TRUE);
    GstStructure *metadata = pairs("meta", "token", kToken, "project", kProject);
    GstStructure *headers = pairs("headers", "X-Key", "Token header-hushmarker-4e5f", "Cookie",
                                  "own=cookie-hushmarker-2a3b");
    g_object_set(sink, "metadata", metadata, "extra-headers", headers, "authorization", kBearer,
                 "proxy", kProxy, "proxy-id", "proxyid-hushmarker-6a7b", "proxy-pw",
                 "proxypw-hushmarker-0c1d", "spool-dir", spool.c_str(), "chunk-size",
                 guint64{65536}, "flush-interval", 50, "timeout", 1, "outage-timeout", 2,
                 "drain-timeout", 3, "stop-timeout", 500, nullptr);
    gst_structure_free(metadata);
    gst_structure_free(headers);
    gst_util_set_object_arg(G_OBJECT(sink), "on-stop", "keep");
    gst_util_set_object_arg(G_OBJECT(sink), "spool-mode", "always");
    if (scene.habit.starts_with("join"))
        gst_util_set_object_arg(G_OBJECT(sink), "length-mode", "concatenation");
    if (scene.gcore)
        g_object_set(sink, "api-url", server.url().c_str(), "api-key", kApiKey, "location",
                     "habit.mp4", nullptr);
    else
        g_object_set(sink, "endpoint", endpoint_of(server).c_str(), nullptr);
}

void record(const Scene &scene, const std::string &folder)
{
    const auto server = start_server(scene);
    const std::string spool = cat(folder, "/", scene.name());
    Pipeline pipeline(cat("fakesrc num-buffers=40 sizetype=fixed sizemax=8192 filltype=zero ! ",
                          scene.gcore ? "gcoresink" : "tussink", " name=sink"));
    GstElement *sink = pipeline.sink();
    give_secrets(scene, sink, *server, spool);
    show_pipeline(pipeline);
    pipeline.request(GST_STATE_PLAYING);
    pipeline.seen.push_back(
        pipeline.wait_for(GST_MESSAGE_EOS | GST_MESSAGE_ERROR, patience(seconds(60))));
    char *upload_url = nullptr;
    g_signal_emit_by_name(sink, "get-upload-url", &upload_url);
    show_pipeline(pipeline);
    pipeline.set(GST_STATE_NULL);
    show_pipeline(pipeline);
    show_messages(pipeline);
    if (!std::filesystem::exists(spool))
        return;
    show_recovery({"--list", spool});
    std::vector<std::string> arguments = {"--outage-timeout=1", cat("--metadata=token=", kToken),
                                          cat("--proxy=", kProxy), spool};
    const std::string host = server->url().substr(server->url().find("://") + 3);
    arguments.push_back(cat("--authorization=", host, '=', kBearer));
    if (scene.gcore)
        arguments.push_back(cat("--api-url=", server->url()));
    else
        arguments.push_back(cat("--url=", endpoint_of(*server)));
    if (upload_url)
        arguments.push_back(cat("--url=", upload_url));
    g_free(upload_url);
    show_recovery(arguments);
}

// They mostly wait: all at once.
void record_all(const std::string &folder)
{
    g_setenv("GCORE_API_KEY", kApiKey, TRUE);
    std::vector<std::thread> threads;
    for (const Scene &scene : all_scenes())
        threads.emplace_back([scene, &folder] { record(scene, folder); });
    for (std::thread &thread : threads)
        thread.join();
}

void no_secret_of_any_habit()
{
    assert_shows_no_secret(record_all,
                           {"message tus-upload-complete", "message tus-upload-stalled",
                            "message gcore-video", "message GstMessagePropertyNotify", "text ",
                            "dot digraph", "property stats", "recover ", "***"});
}

} // namespace

int main(int argc, char **argv)
{
    init_elements(argc, argv);
    add_test("/habit-secrets/none-is-seen", no_secret_of_any_habit);
    return g_test_run();
}
