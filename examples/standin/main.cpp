// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gcore-standin: the command line of the stand-in. Knows only its public class.

#include "base/log.h"
#include "base/text.h"
#include "fault.h"
#include "glib/locale.h"
#include "gsttus_version.h"
#include "habits.h"
#include "standin.h"
#include "tus/protocol.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include <glib-unix.h>
#include <glib.h>

using namespace gsttus;
using standin::Standin;
using standin::StandinOptions;

namespace {

constexpr int kUsage = 2;

struct Arguments {
    char *listen = nullptr;
    char *page = nullptr;
    char *dir = nullptr;
    char *api_key = nullptr;
    char *tls_cert = nullptr;
    char *tls_key = nullptr;
    char *extensions = nullptr;
    gint64 max_size = 0;
    char **faults = nullptr;
    char **habits = nullptr;
    gboolean discard = FALSE;
    gboolean no_examine = FALSE;
    gboolean array_answers = FALSE;
    gboolean lock_conflict = FALSE;
    int dead_servers = 0;
    int inactive_servers = 0;
    int status_step = 200;
    int token_lifetime = 4 * 3600;
    int expires_after = 24 * 3600;
    int refusal = 501;
    gboolean verbose = FALSE;
    gboolean help_faults = FALSE;
    gboolean version = FALSE;

    Arguments() = default;
    Arguments(const Arguments &) = delete;
    Arguments &operator=(const Arguments &) = delete;

    ~Arguments()
    {
        for (char *text : {listen, page, dir, api_key, tls_cert, tls_key, extensions})
            g_free(text);
        g_strfreev(faults);
        g_strfreev(habits);
    }
};

int usage_error(const std::string &text)
{
    g_printerr("gcore-standin: %s\nTry gcore-standin --help\n", text.c_str());
    return kUsage;
}

// 0: go on; else the exit status, less one.
bool parse(Arguments &a, int &argc, char **&argv, std::string &error_text)
{
    const GOptionEntry entries[] = {
        {"listen", 0, 0, G_OPTION_ARG_STRING, &a.listen,
         "Where to listen (127.0.0.1:0, any free port)", "HOST:PORT"},
        {"page", 0, 0, G_OPTION_ARG_STRING, &a.page,
         "Where the page to watch is (127.0.0.1:0, any free port); no: nowhere", "HOST:PORT"},
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &a.dir,
         "Where finished uploads go, as VIDEO_ID-FILENAME (./gcore-standin-videos)", "DIR"},
        {"api-key", 0, 0, G_OPTION_ARG_STRING, &a.api_key,
         "The only API key that is accepted (any)", "KEY"},
        {"tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &a.tls_cert, "Serve https with this certificate",
         "PEM"},
        {"tls-key", 0, 0, G_OPTION_ARG_FILENAME, &a.tls_key, "and this private key", "PEM"},
        {"extensions", 0, 0, G_OPTION_ARG_STRING, &a.extensions,
         "tus extensions to announce and support (all that it knows)", "LIST"},
        {"max-size", 0, 0, G_OPTION_ARG_INT64, &a.max_size, "Largest upload in bytes (any)", "N"},
        {"fault", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a.faults,
         "Let something go wrong, see --help-faults; may be repeated", "SPEC"},
        {"habit", 0, 0, G_OPTION_ARG_STRING_ARRAY, &a.habits,
         "Be as odd as some servers are, see below; may be repeated", "NAME"},
        {"discard", 0, 0, G_OPTION_ARG_NONE, &a.discard, "Count and hash the bytes, but store none",
         nullptr},
        {"no-examine", 0, 0, G_OPTION_ARG_NONE, &a.no_examine,
         "Take every finished file for a good video", nullptr},
        {"dead-server", 0, 0, G_OPTION_ARG_INT, &a.dead_servers,
         "List N upload servers first that nobody answers for", "N"},
        {"inactive-server", 0, 0, G_OPTION_ARG_INT, &a.inactive_servers,
         "List N upload servers first that are not active", "N"},
        {"status-step", 0, 0, G_OPTION_ARG_INT, &a.status_step,
         "Milliseconds from pending to viewable to ready (200)", "MS"},
        {"token-lifetime", 0, 0, G_OPTION_ARG_INT, &a.token_lifetime,
         "Seconds that an upload token is valid (14400)", "S"},
        {"expires-after", 0, 0, G_OPTION_ARG_INT, &a.expires_after,
         "Seconds that an unfinished upload lives, 0: for ever (86400)", "S"},
        {"array-answers", 0, 0, G_OPTION_ARG_NONE, &a.array_answers,
         "Answer \"Create video\" with an array of one to all, not only to Gcore's SDKs", nullptr},
        {"lock-conflict", 0, 0, G_OPTION_ARG_NONE, &a.lock_conflict,
         "Answer 423 while a PATCH is running, instead of ending it", nullptr},
        {"refusal", 0, 0, G_OPTION_ARG_INT, &a.refusal,
         "Status for Upload-Defer-Length without the extension (501)", "STATUS"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &a.verbose, "One line per request on stderr",
         nullptr},
        {"help-faults", 0, 0, G_OPTION_ARG_NONE, &a.help_faults, "Explain --fault", nullptr},
        {"version", 0, 0, G_OPTION_ARG_NONE, &a.version, "Print the version", nullptr},
        {nullptr, 0, 0, G_OPTION_ARG_NONE, nullptr, nullptr, nullptr}};
    GOptionContext *context =
        g_option_context_new("- Gcore Streaming API and tus 1.0.0 server, for trying and testing");
    g_option_context_set_description(
        context,
        cat("Videos:      POST http://HOST:PORT/streaming/videos, and so on as Gcore documents it\n"
            "tus:         http://HOST:PORT/upload/ with the token of a video, /files/ without\n"
            "State:       GET http://HOST:PORT/standin (JSON)\n"
            "Page:        http://HOST:PORT/ leads to it. It shows no secrets, but has the switches "
            "of faults: whoever reaches it can use them\n"
            "Signals:     SIGUSR1 takes the server away, SIGUSR2 brings it back\n\n",
            standin::habit_help())
            .c_str());
    g_option_context_add_main_entries(context, entries, nullptr);
    GError *error = nullptr;
    const bool ok = g_option_context_parse(context, &argc, &argv, &error);
    if (!ok) {
        error_text = error->message;
        g_error_free(error);
    }
    g_option_context_free(context);
    return ok;
}

std::string text_of(const char *text, const char *otherwise = "")
{
    return text ? text : otherwise;
}

Result<StandinOptions> make_options(const Arguments &a)
{
    const auto wrong = [](std::string text) {
        return Error{.kind = ErrorKind::kSettings, .message = std::move(text)};
    };
    if (!a.tls_cert != !a.tls_key)
        return wrong("--tls-cert and --tls-key belong together");
    if (a.max_size < 0 || a.status_step < 0 || a.token_lifetime < 0 || a.expires_after < 0 ||
        a.dead_servers < 0 || a.dead_servers > 100 || a.inactive_servers < 0 ||
        a.inactive_servers > 100)
        return wrong("a number is out of range");
    if (a.refusal < 400 || a.refusal > 599)
        return wrong("--refusal is a status from 400 to 599");
    StandinOptions options;
    options.listen = text_of(a.listen, "127.0.0.1:0");
    options.page = text_of(a.page, "127.0.0.1:0");
    if (options.page == "no")
        options.page.clear();
    options.dir = a.discard ? "" : text_of(a.dir, "gcore-standin-videos");
    options.discard = a.discard;
    options.api_key = text_of(a.api_key);
    options.tls_cert = text_of(a.tls_cert);
    options.tls_key = text_of(a.tls_key);
    options.max_size = static_cast<std::uint64_t>(a.max_size);
    options.examine = !a.no_examine;
    options.array_answers = a.array_answers;
    options.lock_conflict_423 = a.lock_conflict;
    options.status_step = milliseconds(a.status_step);
    options.token_lifetime = seconds(a.token_lifetime);
    options.expires_after = seconds(a.expires_after);
    options.refusal = a.refusal;
    const bool tls = a.tls_cert != nullptr;
    for (int i = 0; i < a.dead_servers; ++i) // port 1 (tcpmux) is free wherever this runs
        options.other_servers.push_back({.hostname = "127.0.0.1:1", .ssl = tls});
    for (int i = 0; i < a.inactive_servers; ++i)
        options.other_servers.push_back({.hostname = "127.0.0.1:1", .ssl = tls, .active = false});
    if (a.extensions) {
        const auto known = StandinOptions::all_extensions();
        options.extensions = tus::parse_list(a.extensions);
        for (const std::string &one : options.extensions)
            if (std::find(known.begin(), known.end(), one) == known.end())
                return wrong(cat("--extensions: \"", one, "\" is not known"));
    }
    for (char **spec = a.faults; spec && *spec; ++spec)
        options.faults.emplace_back(*spec);
    for (char **spec = a.habits; spec && *spec; ++spec)
        options.habits.emplace_back(*spec);
    return options;
}

int serve(Standin &server)
{
    GMainLoop *loop = g_main_loop_new(nullptr, FALSE);
    const auto quit = +[](gpointer data) -> gboolean {
        g_main_loop_quit(static_cast<GMainLoop *>(data));
        return G_SOURCE_CONTINUE;
    };
    g_unix_signal_add(SIGINT, quit, loop);
    g_unix_signal_add(SIGTERM, quit, loop);
    g_unix_signal_add(
        SIGUSR1,
        [](gpointer data) -> gboolean {
            static_cast<Standin *>(data)->go_away();
            return G_SOURCE_CONTINUE;
        },
        &server);
    g_unix_signal_add(
        SIGUSR2,
        [](gpointer data) -> gboolean {
            if (auto back = static_cast<Standin *>(data)->come_back(); !back)
                g_printerr("gcore-standin: %s\n", back.error().message.c_str());
            return G_SOURCE_CONTINUE;
        },
        &server);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    use_locale();
    Arguments arguments;
    std::string error;
    if (!parse(arguments, argc, argv, error))
        return usage_error(error);
    if (argc > 1)
        return usage_error(cat("\"", argv[1], "\" is not understood"));
    if (arguments.help_faults || arguments.version) {
        g_print("%s", arguments.help_faults ? standin::fault_help()
                                            : "gcore-standin " GSTTUS_VERSION "\n");
        return 0;
    }
    auto options = make_options(arguments);
    if (!options)
        return usage_error(options.error().message);
    set_log_sink([](LogLevel level, const char *, std::string_view text, const LogPlace &) {
        if (level <= LogLevel::kWarning)
            g_printerr("gcore-standin: %.*s\n", static_cast<int>(text.size()), text.data());
    });
    if (arguments.verbose)
        set_log_sink([](LogLevel, const char *, std::string_view text, const LogPlace &) {
            g_printerr("%.*s\n", static_cast<int>(text.size()), text.data());
        });
    auto server = Standin::start(std::move(*options));
    if (!server) {
        const bool usage = server.error().kind == ErrorKind::kSettings;
        g_printerr("gcore-standin: %s\n", server.error().message.c_str());
        return usage ? kUsage : 1;
    }
    std::printf("listening on %s\n", (*server)->url().c_str());
    if (const std::string &page = (*server)->page_url(); !page.empty())
        std::printf("page at %s\n", page.c_str());
    std::fflush(stdout);
    return serve(**server);
}
