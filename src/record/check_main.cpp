// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-tus-check: asks an account at Gcore, or a tus server, what it can do, and tries it with a
// recording of a second, which is removed again.
#include "base/standard_files.h"
#include "base/text.h"
#include "glib/locale.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "gsttus_version.h"
#include "record/arguments.h"
#include "record/checker.h"
#include "record/launch.h"
#include "recover/credentials.h"

#include <array>
#include <cstdio>

#include <gst/gst.h>

using namespace gsttus;

namespace {

constexpr const char *kDescription =
    "Without URL: your account at Gcore Video Streaming, with the API token in GCORE_API_KEY. "
    "With\n"
    "URL: the tus server whose creation URL that is; GST_TUS_AUTHORIZATION holds HOST=VALUE where\n"
    "it wants an Authorization header.\n"
    "\n"
    "Exit status: 0 recordings can be uploaded there; 1 not; 2 wrong usage.\n";

struct Given {
    Given() = default;

    ~Given()
    {
        for (char *text : {api_key, api_url})
            g_free(text);
        g_strfreev(rest);
    }

    Given(const Given &) = delete;
    Given &operator=(const Given &) = delete;

    char *api_key = nullptr, *api_url = nullptr;
    char **rest = nullptr;
    int timeout = 120;
    gboolean json = FALSE, version = FALSE;
};

int complain(const std::string &text)
{
    std::fprintf(stderr, "gst-tus-check: %s\n", printable(text).c_str());
    return kWrongUsage;
}

std::string environment(const char *name)
{
    const char *value = g_getenv(name);
    return value ? value : "";
}

bool read_words(int argc, char **argv, Given &to)
{
    const std::array entries{
        GOptionEntry{"api-key", 'k', 0, G_OPTION_ARG_STRING, &to.api_key,
                     "Gcore API token (better: the environment variable GCORE_API_KEY)", "KEY"},
        GOptionEntry{"api-url", 0, 0, G_OPTION_ARG_STRING, &to.api_url,
                     "The Gcore API (default: GCORE_BASE_URL, else Gcore's own)", "URL"},
        GOptionEntry{"timeout", 0, 0, G_OPTION_ARG_INT, &to.timeout,
                     "Wait so long for the recording and the video (default 120)", "SECONDS"},
        GOptionEntry{"json", 0, 0, G_OPTION_ARG_NONE, &to.json, "One JSON object a line", nullptr},
        GOptionEntry{"version", 0, 0, G_OPTION_ARG_NONE, &to.version, "Show the version", nullptr},
        GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &to.rest, nullptr,
                     "[URL]"},
        GOptionEntry{},
    };
    const std::unique_ptr<GOptionContext, GDelete<&g_option_context_free>> context(
        g_option_context_new("- see whether recordings can be uploaded"));
    g_option_context_set_description(context.get(), kDescription);
    g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
    GError *raw = nullptr;
    if (g_option_context_parse(context.get(), &argc, &argv, &raw))
        return true;
    const GErrorOwn error(raw);
    complain(cat(error->message, " (see --help)"));
    return false;
}

// Error: what is wrong with it.
Result<CheckTask> task_of(const Given &given)
{
    CheckTask task;
    const auto wrong = [](std::string text) {
        return Error{.kind = ErrorKind::kSettings, .message = std::move(text)};
    };
    if (given.rest && given.rest[0])
        task.url = given.rest[0];
    if (!task.url.empty() && given.rest[1])
        return wrong("one URL at a time");
    if (given.timeout < 1 || given.timeout > 3600)
        return wrong("--timeout takes seconds, 1 to 3600");
    task.patience = static_cast<unsigned>(given.timeout);
    if (task.url.empty()) {
        task.api_key = given.api_key ? given.api_key : environment("GCORE_API_KEY");
        task.api_url = given.api_url ? given.api_url : environment("GCORE_BASE_URL");
        if (task.api_url.empty())
            task.api_url = "https://api.gcore.com";
        if (task.api_key.empty())
            return wrong(
                "set GCORE_API_KEY to a permanent API token of your Gcore account, or name "
                "the URL of a tus server");
        return task;
    }
    if (!g_str_has_prefix(task.url.c_str(), "https://") &&
        !g_str_has_prefix(task.url.c_str(), "http://"))
        return wrong("the URL of a tus server begins with https:// or http://");
    const auto headers =
        parse_authorizations(environment("GST_TUS_AUTHORIZATION"), "GST_TUS_AUTHORIZATION");
    if (!headers)
        return headers.error();
    for (const HostHeader &header : *headers) {
        if (may_see(task.url, header))
            task.authorization = header.header.second;
    }
    return task;
}

} // namespace

int main(int argc, char **argv)
{
    hold_standard_files();
    use_locale();
    Given given;
    if (!read_words(argc, argv, given))
        return kWrongUsage;
    if (given.version) {
        std::printf("gst-tus-check %s\n", GSTTUS_VERSION);
        return kComplete;
    }
    const Result<CheckTask> task = task_of(given);
    if (!task)
        return complain(task.error().message);
    GError *raw = nullptr;
    if (!gst_init_check(nullptr, nullptr, &raw)) {
        const GErrorOwn error(raw);
        complain(error->message);
        return kFailed;
    }
    CheckReport report(given.json != FALSE);
    const bool good = task->url.empty() ? check_gcore(*task, is_installed, report)
                                        : check_tus_server(*task, is_installed, report);
    gst_deinit();
    return is_output_written("gst-tus-check") && good ? kComplete : kFailed;
}
