// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GOption reads the words; what they mean, and what does not go together, is decided here.
#include "recover/arguments.h"

#include "base/text.h"
#include "gcore/api_address.h"
#include "gcore/gcore_target.h"
#include "glib/ptr.h"
#include "gsttus_version.h"
#include "recover/credentials.h"
#include "recover/elsewhere.h"
#include "recover/targets.h"

#include <algorithm>
#include <array>

namespace gsttus {

namespace {

constexpr const char *kDescription =
    "DIR is a sink's spool-dir, or the folder of one upload in it (as errors and \"kept\" "
    "messages\n"
    "name it); there may be several. Without DIR all usual places are looked at: "
    "$STATE_DIRECTORY,\n"
    "$XDG_STATE_HOME/gst-tus, $XDG_CACHE_HOME/gst-tus, and /var/tmp/gst-tus-UID.\n"
    "\n"
    "Credentials go only to the host that they are named for, with its port where that is not the\n"
    "usual one: --authorization files.example.com='Bearer …'. GST_TUS_AUTHORIZATION takes the "
    "same,\n"
    "one a line. The API key goes only to --api-url (or GCORE_BASE_URL; else Gcore's own). Where\n"
    "these variables are not set, a service's credentials \"gcore-api-key\" and\n"
    "\"gst-tus-authorization\" are used (systemd: LoadCredential=).\n"
    "\n"
    "Commands are run by the shell and get GST_TUS_URL, GST_TUS_NAME, GST_TUS_BYTES,\n"
    "GST_TUS_SHA256, GST_TUS_VIDEO_ID, GST_TUS_PATH (the upload's folder) and, of --on-failure,\n"
    "GST_TUS_ERROR in their environment.\n"
    "\n"
    "Leftovers that hold nothing to recover are removed.\n"
    "Exit status: 0 all finished; 1 some not, also those in use or of other users; 2 wrong "
    "usage.\n";

// As GOption fills it; its texts are GLib's. How the servers are reached:
struct GivenWay {
    GivenWay() = default;

    ~GivenWay()
    {
        for (char *text : {ca_file, cert_file, key_file, proxy, max_rate})
            g_free(text);
    }

    GivenWay(const GivenWay &) = delete;
    GivenWay &operator=(const GivenWay &) = delete;

    char *ca_file = nullptr, *cert_file = nullptr, *key_file = nullptr, *proxy = nullptr;
    char *max_rate = nullptr;
    gboolean insecure = FALSE;
};

struct Given {
    Given() = default;

    ~Given()
    {
        for (char *text : {remove, send_again, to, api_key, api_url, on_complete, on_failure})
            g_free(text);
        for (char **list : {authorizations, headers, urls, metadata, rest})
            g_strfreev(list);
    }

    Given(const Given &) = delete;
    Given &operator=(const Given &) = delete;

    gboolean list = FALSE, watch = FALSE, json = FALSE, version = FALSE;
    char *remove = nullptr, *send_again = nullptr, *to = nullptr;
    char *api_key = nullptr, *api_url = nullptr;
    char *on_complete = nullptr, *on_failure = nullptr;
    int outage_timeout = 60, command_timeout = 600;
    char **authorizations = nullptr, **headers = nullptr, **urls = nullptr, **metadata = nullptr;
    char **rest = nullptr;
    GivenWay way;
};

Error wrong(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

std::string text_of(const char *value, const char *variable = nullptr)
{
    if (value)
        return value;
    const char *from_environment = variable ? g_getenv(variable) : nullptr;
    return from_environment ? from_environment : "";
}

std::vector<std::string> texts_of(char **list)
{
    std::vector<std::string> texts;
    for (char **text = list; text && *text; ++text)
        texts.emplace_back(*text);
    return texts;
}

std::vector<std::string> urls_of(char **given)
{
    std::vector<std::string> urls = texts_of(given);
    const std::string more = text_of(nullptr, "GST_TUS_URLS");
    const std::unique_ptr<char *, GDelete<&g_strfreev>> words(
        g_strsplit_set(more.c_str(), " \t\n", -1));
    for (char **word = words.get(); *word; ++word) {
        if (**word)
            urls.emplace_back(*word);
    }
    return urls;
}

// Without "=": a value that is empty.
Metadata metadata_of(char **pairs)
{
    Metadata metadata;
    for (const std::string &text : texts_of(pairs)) {
        const std::size_t equals = std::min(text.find('='), text.size());
        metadata.emplace_back(text.substr(0, equals),
                              text.substr(std::min(equals + 1, text.size())));
    }
    return metadata;
}

// What is given as an option comes first: of two headers of a name, a host gets the first.
Result<std::vector<HostHeader>> host_headers_of(const Given &given)
{
    std::vector<HostHeader> headers;
    for (const std::string &text : texts_of(given.authorizations)) {
        Result<HostHeader> header = parse_authorization(text);
        if (!header)
            return wrong(cat("--authorization ", header.error().message));
        headers.push_back(std::move(*header));
    }
    for (const std::string &text : texts_of(given.headers)) {
        Result<HostHeader> header = parse_header(text);
        if (!header)
            return wrong(cat("--header ", header.error().message));
        headers.push_back(std::move(*header));
    }
    constexpr const char *kVariable = "GST_TUS_AUTHORIZATION";
    constexpr const char *kCredential = "gst-tus-authorization";
    const Result<std::string> lines = secret_from_outside(kVariable, kCredential);
    if (!lines)
        return lines.error();
    const Result<std::vector<HostHeader>> more = parse_authorizations(
        *lines, *text_of(nullptr, kVariable).c_str() ? kVariable : kCredential);
    if (!more)
        return more.error();
    headers.insert(headers.end(), more->begin(), more->end());
    return headers;
}

Result<void> take_secrets(const Given &given, RecoverOptions &options)
{
    Result<std::vector<HostHeader>> headers = host_headers_of(given);
    if (!headers)
        return headers.error();
    options.host_headers = std::move(*headers);
    options.api_key = text_of(given.api_key);
    if (!options.api_key.empty())
        return {};
    Result<std::string> key = secret_from_outside("GCORE_API_KEY", "gcore-api-key");
    if (!key)
        return key.error();
    options.api_key = std::move(*key);
    return {};
}

// What does not go together, or is no value.
const char *contradiction(const Given &given)
{
    const int jobs = (given.list ? 1 : 0) + (given.watch ? 1 : 0) + (given.remove ? 1 : 0) +
                     (given.send_again ? 1 : 0);
    if (jobs > 1)
        return "only one of --list, --watch, --delete and --send-again at a time";
    if ((given.remove && !*given.remove) || (given.send_again && !*given.send_again))
        return "--delete and --send-again take the ID that --list shows";
    if (given.to && (given.list || given.watch || given.remove))
        return "--to is for sending, and not for --list, --watch or --delete";
    if (given.to && !given.rest && !given.send_again)
        return "--to wants the folder of what is to be sent there";
    if (given.outage_timeout < 0)
        return "--outage-timeout takes seconds, 0 or more";
    if (given.command_timeout < 1)
        return "--command-timeout takes seconds, 1 or more";
    if (given.way.max_rate && !parse_rate(given.way.max_rate))
        return "--max-rate takes bits per second, such as 2500000, 800k or 2.5M";
    return nullptr;
}

// Whom the user names may have what he gives for it, as by --url.
Result<void> take_destination(const Given &given, RecoverOptions &options)
{
    if (!given.to)
        return {};
    options.to = given.to;
    if (const Result<void> right = check_destination(options.to); !right)
        return right;
    if (options.to != kToGcore) {
        options.whole_urls.push_back(options.to);
        return check_secrecy({options.to}, options);
    }
    if (options.api_key.empty())
        return wrong("--to gcore wants a permanent API token of the account in GCORE_API_KEY");
    Result<std::string> key = clean_key(options.api_key);
    if (!key)
        return wrong(cat("--to gcore: ", key.error().message));
    options.api_key = std::move(*key);
    const Result<ApiAddress> api = parse_api_address(api_of(options));
    return api ? Result<void>() : api.error();
}

// Files that nobody can read are the user's words, too.
Result<void> check_way(const Given &given, const RecoverOptions &options)
{
    if (!given.to)
        return {};
    const auto http = make_soup_transport(http_config(options));
    return http ? Result<void>() : http.error();
}

Result<void> take(const Given &given, Task &task)
{
    if (const char *text = contradiction(given))
        return wrong(text);
    task.list = given.list != FALSE;
    task.watch = given.watch != FALSE;
    task.remove = text_of(given.remove);
    task.folders = texts_of(given.rest);
    if (std::find(task.folders.begin(), task.folders.end(), "") != task.folders.end())
        return wrong("the name of a folder is empty");
    task.teller.json = given.json != FALSE;
    task.teller.on_complete = text_of(given.on_complete);
    task.teller.on_failure = text_of(given.on_failure);
    task.teller.command_patience = seconds(given.command_timeout);
    RecoverOptions &options = task.options;
    options.api_url = text_of(given.api_url, "GCORE_BASE_URL");
    options.whole_urls = urls_of(given.urls);
    options.metadata = metadata_of(given.metadata);
    options.ssl_ca_file = text_of(given.way.ca_file);
    options.ssl_cert_file = text_of(given.way.cert_file);
    options.ssl_key_file = text_of(given.way.key_file);
    options.proxy = text_of(given.way.proxy);
    options.ssl_strict = !given.way.insecure;
    options.outage_timeout = seconds(given.outage_timeout);
    options.max_rate = given.way.max_rate ? *parse_rate(given.way.max_rate) : 0;
    options.send_again = text_of(given.send_again);
    if (const Result<void> secrets = take_secrets(given, options); !secrets)
        return secrets;
    const Result<void> there = take_destination(given, options);
    return there ? check_way(given, options) : there;
}

// `to` takes what is given.
auto entries_of(Given &to)
{
    return std::array{
        GOptionEntry{"list", 'l', 0, G_OPTION_ARG_NONE, &to.list, "Only list what is there",
                     nullptr},
        GOptionEntry{"watch", 'w', 0, G_OPTION_ARG_NONE, &to.watch,
                     "Stay, and finish what appears, until ended by SIGTERM or SIGINT", nullptr},
        GOptionEntry{"delete", 'd', 0, G_OPTION_ARG_FILENAME, &to.remove,
                     "Delete one upload's bytes from this disk; nothing is sent", "ID"},
        GOptionEntry{"send-again", 0, 0, G_OPTION_ARG_FILENAME, &to.send_again,
                     "Send one upload once more that was sent, but not proved to be there", "ID"},
        GOptionEntry{"to", 't', 0, G_OPTION_ARG_STRING, &to.to,
                     "Send the named folders elsewhere: gcore, or a tus server's endpoint",
                     "gcore|URL"},
        GOptionEntry{"json", 0, 0, G_OPTION_ARG_NONE, &to.json,
                     "One JSON object a line on stdout; what is for people goes to stderr",
                     nullptr},
        GOptionEntry{"on-complete", 0, 0, G_OPTION_ARG_STRING, &to.on_complete,
                     "Run this for each upload that is finished", "COMMAND"},
        GOptionEntry{"on-failure", 0, 0, G_OPTION_ARG_STRING, &to.on_failure,
                     "Run this for each upload that could not be finished", "COMMAND"},
        GOptionEntry{"command-timeout", 0, 0, G_OPTION_ARG_INT, &to.command_timeout,
                     "End a command that runs longer (default 600)", "SECONDS"},
        GOptionEntry{"outage-timeout", 0, 0, G_OPTION_ARG_INT, &to.outage_timeout,
                     "Give up an upload after so long without progress (default 60, 0: never)",
                     "SECONDS"},
        GOptionEntry{"max-rate", 0, 0, G_OPTION_ARG_STRING, &to.way.max_rate,
                     "Send no faster (k, M: thousands, millions; default: no limit)", "BITS/s"},
        GOptionEntry{"version", 0, 0, G_OPTION_ARG_NONE, &to.version, "Show the version", nullptr},
        GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to.rest, nullptr,
                     "[DIR…]"},
        GOptionEntry{},
    };
}

auto secret_entries_of(Given &to)
{
    return std::array{
        GOptionEntry{"api-key", 'k', 0, G_OPTION_ARG_STRING, &to.api_key,
                     "Gcore API token (better: the environment variable GCORE_API_KEY)", "KEY"},
        GOptionEntry{"api-url", 0, 0, G_OPTION_ARG_STRING, &to.api_url,
                     "The Gcore API that the token is for (default: GCORE_BASE_URL, else Gcore's "
                     "own)",
                     "URL"},
        GOptionEntry{"authorization", 0, 0, G_OPTION_ARG_STRING_ARRAY, &to.authorizations,
                     "Authorization header for the tus server HOST (better: GST_TUS_AUTHORIZATION)",
                     "HOST=VALUE"},
        GOptionEntry{"header", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &to.headers,
                     "A further header for the tus server HOST", "HOST='NAME: VALUE'"},
        GOptionEntry{"url", 'u', 0, G_OPTION_ARG_STRING_ARRAY, &to.urls,
                     "A signed address, which is not kept on disk (better: GST_TUS_URLS)", "URL"},
        GOptionEntry{"metadata", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &to.metadata,
                     "Metadata for a new upload; a secret is not kept on disk", "KEY=VALUE"},
        GOptionEntry{},
    };
}

// How its servers are reached.
auto way_entries_of(Given &to)
{
    return std::array{
        GOptionEntry{"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &to.way.ca_file,
                     "Certificates to trust (PEM)", "FILE"},
        GOptionEntry{"cert-file", 0, 0, G_OPTION_ARG_FILENAME, &to.way.cert_file,
                     "Certificate to show to a server that asks for one (PEM)", "FILE"},
        GOptionEntry{"key-file", 0, 0, G_OPTION_ARG_FILENAME, &to.way.key_file,
                     "Its key (PEM; default: in --cert-file)", "FILE"},
        GOptionEntry{"proxy", 0, 0, G_OPTION_ARG_STRING, &to.way.proxy,
                     "Proxy, user:password@ included (better: https_proxy)", "URL"},
        GOptionEntry{"insecure", 0, 0, G_OPTION_ARG_NONE, &to.way.insecure,
                     "Do not check the server's certificate", nullptr},
        GOptionEntry{},
    };
}

bool read_words(int argc, char **argv, Given &to)
{
    const auto entries = entries_of(to);
    const auto secret_entries = secret_entries_of(to);
    const auto way_entries = way_entries_of(to);
    const std::unique_ptr<GOptionContext, GDelete<&g_option_context_free>> context(
        g_option_context_new("- finish uploads that were interrupted"));
    g_option_context_set_description(context.get(), kDescription);
    g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
    g_option_context_add_main_entries(context.get(), secret_entries.data(), nullptr);
    g_option_context_add_main_entries(context.get(), way_entries.data(), nullptr);
    GError *raw = nullptr;
    if (g_option_context_parse(context.get(), &argc, &argv, &raw))
        return true;
    const GErrorOwn error(raw);
    Teller::complain(cat(error->message, " (see --help)"));
    return false;
}

} // namespace

std::optional<std::uint64_t> parse_rate(std::string_view text)
{
    constexpr double kMost = 1e15;
    double factor = 1;
    const std::string_view suffixes = "kKMG";
    if (!text.empty() && suffixes.find(text.back()) != std::string_view::npos) {
        factor = text.back() == 'M' ? 1e6 : text.back() == 'G' ? 1e9 : 1e3;
        text.remove_suffix(1);
    }
    const std::string digits(text);
    if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string::npos)
        return std::nullopt;
    char *end = nullptr;
    const double rate = g_ascii_strtod(digits.c_str(), &end) * factor;
    const bool is_none = digits.find_first_not_of("0.") == std::string::npos;
    if (*end || end == digits.c_str() || rate > kMost || (rate < 1 && !is_none))
        return std::nullopt;
    return static_cast<std::uint64_t>(rate);
}

std::optional<int> parse_arguments(int argc, char **argv, Task &task)
{
    Given given;
    if (!read_words(argc, argv, given))
        return kUsage;
    if (given.version) {
        std::printf("gst-tus-recover %s\n", GSTTUS_VERSION);
        return kAllFinished;
    }
    if (const Result<void> taken = take(given, task); !taken) {
        Teller::complain(cat(taken.error().message, " (see --help)"));
        return kUsage;
    }
    return std::nullopt;
}

} // namespace gsttus
