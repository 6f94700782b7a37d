// gst-tus-recover: finishes the uploads that a crash, a power cut or a network that never came back
// left in a spool folder. Command line, terminal and exit code; the work is in finisher.cpp.
#include "base/text.h"
#include "glib/ptr.h"
#include "gsttus_version.h"
#include "recover/finisher.h"

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <glib-unix.h>
#include <unistd.h>

using namespace gsttus;

namespace {

constexpr int kAllFinished = 0;
constexpr int kSomeNot = 1;
constexpr int kUsage = 2;

// As GOption fills it; its texts are GLib's.
struct Arguments {
    Arguments() = default;

    ~Arguments()
    {
        for (char *text : {remove, send_again, api_key, api_url, authorization, ca_file, cert_file,
                           key_file, proxy})
            g_free(text);
        for (char **list : {headers, urls, metadata})
            g_strfreev(list);
        g_strfreev(rest);
    }

    Arguments(const Arguments &) = delete;
    Arguments &operator=(const Arguments &) = delete;

    gboolean list = FALSE, insecure = FALSE, version = FALSE;
    char *remove = nullptr, *send_again = nullptr, *api_key = nullptr, *api_url = nullptr,
         *authorization = nullptr;
    char *ca_file = nullptr, *cert_file = nullptr, *key_file = nullptr, *proxy = nullptr;
    int outage_timeout = 60;
    char **headers = nullptr, **urls = nullptr, **metadata = nullptr;
    char **rest = nullptr;
};

std::string text_of(const char *value, const char *variable)
{
    if (value)
        return value;
    const char *from_environment = variable ? g_getenv(variable) : nullptr;
    return from_environment ? from_environment : "";
}

void show_progress(const UploadProgress &progress)
{
    if (!isatty(STDERR_FILENO))
        return;
    constexpr std::size_t kWidth = 30;
    const double part = progress.bytes_rendered > 0
                            ? static_cast<double>(progress.bytes_acked) /
                                  static_cast<double>(progress.bytes_rendered)
                            : 0;
    const auto filled = static_cast<std::size_t>(std::clamp(part, 0.0, 1.0) * kWidth);
    const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
    const GCharOwn done(g_format_size(progress.bytes_acked));
    const GCharOwn all(g_format_size(progress.bytes_rendered));
    std::fprintf(stderr, "\r  [%s] %3.0f %%  %s of %s  %.1f Mbit/s   ", bar.c_str(), part * 100,
                 done.get(), all.get(), static_cast<double>(progress.upload_rate) / 1e6);
    std::fflush(stderr);
}

void tell(const std::string &line)
{
    const char *start = isatty(STDERR_FILENO) ? "\r\033[K" : "";
    std::fprintf(stderr, "%s  %s\n", start, line.c_str());
}

std::string plural(std::size_t count)
{
    return cat(count, count == 1 ? " upload" : " uploads");
}

int list(const std::vector<SpooledUpload> &uploads, const std::string &folder)
{
    for (const SpooledUpload &upload : uploads)
        std::printf("%s\n", describe_upload(upload).c_str());
    std::printf("%s in %s\n", plural(uploads.size()).c_str(), folder.c_str());
    return kAllFinished;
}

// Whether it goes or stays, no recording is unfinished because of it.
void remove_leftover(const SpooledUpload &upload, const std::string &folder)
{
    const Result<void> removed = delete_leftover(folder, upload.id);
    std::printf("%s  left over, nothing to recover: %s\n", upload.id.c_str(),
                removed ? "removed" : cat("not removed. ", removed.error().message).c_str());
}

struct Counts {
    std::size_t finished = 0, unfinished = 0, in_use = 0, of_others = 0;
};

void report(const Result<UploadComplete> &result, Counts &counts)
{
    if (isatty(STDERR_FILENO))
        std::fprintf(stderr, "\r\033[K");
    if (result) {
        ++counts.finished;
        const GCharOwn size(g_format_size(result->bytes));
        std::printf("  finished: %s at %s\n", size.get(), redact_url(result->upload_url).c_str());
        if (!result->sha256.empty())
            std::printf("  sha256: %s\n", result->sha256.c_str());
    } else {
        ++counts.unfinished;
        std::printf("  not finished: %s\n", result.error().message.c_str());
    }
    std::fflush(stdout);
}

void open_and_finish(const SpooledUpload &upload, const std::string &folder,
                     const RecoverOptions &options, GCancellable *cancel, Counts &counts)
{
    Result<RecoveredUpload> opened = open_upload(folder, upload.id);
    // another program was quicker since it was listed
    if (!opened && opened.error().retryable) {
        ++counts.in_use;
        std::printf("  in use by a running program\n");
    } else if (!opened && opened.error().kind == ErrorKind::kNotFound) {
        std::printf("  gone: finished or deleted by another program\n");
    } else if (!opened) {
        report(opened.error(), counts);
    } else {
        report(finish_upload(std::move(*opened), upload, options, show_progress, tell, cancel),
               counts);
    }
}

void finish_one(const SpooledUpload &upload, const std::string &folder,
                const RecoverOptions &options, GCancellable *cancel, Counts &counts)
{
    if (upload.leftover)
        return remove_leftover(upload, folder);
    const bool theirs = upload.owner || upload.in_use;
    if (theirs)
        ++(upload.owner ? counts.of_others : counts.in_use);
    if (g_cancellable_is_cancelled(cancel)) {
        counts.unfinished += theirs ? 0 : 1;
        return;
    }
    std::printf("%s\n", describe_upload(upload).c_str());
    std::fflush(stdout);
    if (theirs)
        return;
    if (was_sent(upload) && options.send_again != upload.id) {
        ++counts.unfinished;
        return;
    }
    if (!upload.trouble.empty())
        return report(Error{.message = upload.trouble}, counts);
    open_and_finish(upload, folder, options, cancel, counts);
}

void sum_up(const Counts &counts)
{
    std::printf("%s finished, %zu not, %zu in use", plural(counts.finished).c_str(),
                counts.unfinished, counts.in_use);
    if (counts.of_others > 0)
        std::printf(", %zu of other users", counts.of_others);
    std::printf("\n");
}

int finish_all(const std::vector<SpooledUpload> &uploads, const std::string &folder,
               const RecoverOptions &options)
{
    const auto cancel = GRef<GCancellable>::adopt(g_cancellable_new());
    const auto loop =
        std::unique_ptr<GMainLoop, GDelete<&g_main_loop_unref>>(g_main_loop_new(nullptr, FALSE));
    const auto on_signal = +[](gpointer data) -> gboolean {
        g_cancellable_cancel(static_cast<GCancellable *>(data));
        return G_SOURCE_CONTINUE;
    };
    const std::array<guint, 2> sources = {g_unix_signal_add(SIGINT, on_signal, cancel.get()),
                                          g_unix_signal_add(SIGTERM, on_signal, cancel.get())};
    Counts counts;
    std::thread work([&] {
        for (const SpooledUpload &upload : uploads)
            finish_one(upload, folder, options, cancel.get(), counts);
        // not from here: the loop may not have begun to run yet, and would not hear it
        g_idle_add(
            [](gpointer data) {
                g_main_loop_quit(static_cast<GMainLoop *>(data));
                return G_SOURCE_REMOVE;
            },
            loop.get());
    });
    g_main_loop_run(loop.get());
    work.join();
    for (const guint source : sources)
        g_source_remove(source);
    sum_up(counts);
    return counts.unfinished == 0 ? kAllFinished : kSomeNot;
}

int remove_one(const std::string &folder, const std::string &id)
{
    if (const Result<void> removed = delete_upload(folder, id); !removed) {
        std::fprintf(stderr, "%s\n", removed.error().message.c_str());
        return kSomeNot;
    }
    std::printf("deleted %s\n", id.c_str());
    return kAllFinished;
}

// FALSE: it is not there.
bool only(std::vector<SpooledUpload> &uploads, std::string_view id)
{
    std::erase_if(uploads, [&](const SpooledUpload &upload) { return upload.id != id; });
    return !uploads.empty();
}

Result<Headers> parse_headers(char **lines)
{
    Headers headers;
    for (char **line = lines; line && *line; ++line) {
        const std::string_view text = *line;
        const std::size_t colon = text.find(':');
        Error error;
        error.message = "--header takes 'Name: value'";
        if (colon == std::string_view::npos)
            return error;
        const std::string_view value =
            text.substr(std::min(text.find_first_not_of(" \t", colon + 1), text.size()));
        headers.emplace_back(text.substr(0, colon), value);
    }
    return headers;
}

std::vector<std::string> urls_of(char **given)
{
    std::vector<std::string> urls;
    for (char **url = given; url && *url; ++url)
        urls.emplace_back(*url);
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
    for (char **pair = pairs; pair && *pair; ++pair) {
        const std::string_view text = *pair;
        const std::size_t equals = std::min(text.find('='), text.size());
        metadata.emplace_back(text.substr(0, equals),
                              text.substr(std::min(equals + 1, text.size())));
    }
    return metadata;
}

RecoverOptions options_of(const Arguments &arguments, const Headers &headers)
{
    RecoverOptions options;
    options.api_key = text_of(arguments.api_key, "GCORE_API_KEY");
    options.api_url = text_of(arguments.api_url, "GCORE_BASE_URL");
    options.authorization = text_of(arguments.authorization, "GST_TUS_AUTHORIZATION");
    options.extra_headers = headers;
    options.whole_urls = urls_of(arguments.urls);
    options.metadata = metadata_of(arguments.metadata);
    options.ssl_ca_file = text_of(arguments.ca_file, nullptr);
    options.ssl_cert_file = text_of(arguments.cert_file, nullptr);
    options.ssl_key_file = text_of(arguments.key_file, nullptr);
    options.proxy = text_of(arguments.proxy, nullptr);
    options.ssl_strict = !arguments.insecure;
    options.outage_timeout = seconds(arguments.outage_timeout);
    options.send_again = text_of(arguments.send_again, nullptr);
    return options;
}

int run(const Arguments &arguments)
{
    const bool too_many = arguments.rest && arguments.rest[0] && arguments.rest[1];
    const Result<Headers> headers = parse_headers(arguments.headers);
    if (too_many || !headers || arguments.outage_timeout < 0) {
        std::fprintf(stderr, "gst-tus-recover: %s (see --help)\n",
                     too_many   ? "one folder at a time"
                     : !headers ? headers.error().message.c_str()
                                : "--outage-timeout takes seconds, 0 or more");
        return kUsage;
    }
    const GCharOwn standard(g_build_filename(g_get_user_cache_dir(), "gst-tus", nullptr));
    const std::string folder =
        arguments.rest && arguments.rest[0] ? arguments.rest[0] : standard.get();
    if (arguments.remove)
        return remove_one(folder, arguments.remove);
    Result<std::vector<SpooledUpload>> uploads = list_uploads(folder);
    if (!uploads) {
        std::fprintf(stderr, "gst-tus-recover: %s\n", uploads.error().message.c_str());
        return kSomeNot;
    }
    if (arguments.send_again && !only(*uploads, arguments.send_again)) {
        std::fprintf(stderr, "gst-tus-recover: there is no upload %s in %s\n", arguments.send_again,
                     folder.c_str());
        return kSomeNot;
    }
    if (arguments.list || uploads->empty()) {
        // Folders from before the first file or after the last are not listed.
        if (!arguments.list)
            remove_leftovers(folder);
        return list(*uploads, folder);
    }
    const int status = finish_all(*uploads, folder, options_of(arguments, *headers));
    remove_leftovers(folder);
    return status;
}

// `to` takes what is given.
auto entries_of(Arguments &to)
{
    return std::array{
        GOptionEntry{"list", 'l', 0, G_OPTION_ARG_NONE, &to.list, "Only list what is there",
                     nullptr},
        GOptionEntry{"delete", 'd', 0, G_OPTION_ARG_STRING, &to.remove,
                     "Delete one upload's bytes from this disk; nothing is sent", "ID"},
        GOptionEntry{"send-again", 0, 0, G_OPTION_ARG_STRING, &to.send_again,
                     "Send one upload once more that was sent, but not proved to be there", "ID"},
        GOptionEntry{"api-key", 'k', 0, G_OPTION_ARG_STRING, &to.api_key,
                     "Gcore API token (better: the environment variable GCORE_API_KEY)", "KEY"},
        GOptionEntry{"api-url", 0, 0, G_OPTION_ARG_STRING, &to.api_url,
                     "Gcore API (default: the recording's, or GCORE_BASE_URL)", "URL"},
        GOptionEntry{"authorization", 0, 0, G_OPTION_ARG_STRING, &to.authorization,
                     "Authorization header for the tus server (better: GST_TUS_AUTHORIZATION)",
                     "VALUE"},
        GOptionEntry{"header", 'H', 0, G_OPTION_ARG_STRING_ARRAY, &to.headers,
                     "A further header for the tus server", "'NAME: VALUE'"},
        GOptionEntry{"url", 'u', 0, G_OPTION_ARG_STRING_ARRAY, &to.urls,
                     "A signed address with its query, which is not kept on disk: of an upload or "
                     "of the place to create it (better: GST_TUS_URLS, with blanks between)",
                     "URL"},
        GOptionEntry{"metadata", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &to.metadata,
                     "Metadata for a new upload; a secret is not kept on disk", "KEY=VALUE"},
        GOptionEntry{"outage-timeout", 0, 0, G_OPTION_ARG_INT, &to.outage_timeout,
                     "Give up an upload after so long without progress (default 60, 0: never)",
                     "SECONDS"},
        GOptionEntry{"version", 0, 0, G_OPTION_ARG_NONE, &to.version, "Show the version", nullptr},
        GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to.rest, nullptr,
                     "[DIR]"},
        GOptionEntry{},
    };
}

// How its servers are reached.
auto way_entries_of(Arguments &to)
{
    return std::array{
        GOptionEntry{"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &to.ca_file,
                     "Certificates to trust (PEM)", "FILE"},
        GOptionEntry{"cert-file", 0, 0, G_OPTION_ARG_FILENAME, &to.cert_file,
                     "Certificate to show to a server that asks for one (PEM)", "FILE"},
        GOptionEntry{"key-file", 0, 0, G_OPTION_ARG_FILENAME, &to.key_file,
                     "Its key (PEM; default: in --cert-file)", "FILE"},
        GOptionEntry{"proxy", 0, 0, G_OPTION_ARG_STRING, &to.proxy,
                     "Proxy, with user:password@ where it wants a login (better: the environment "
                     "variable https_proxy)",
                     "URL"},
        GOptionEntry{"insecure", 0, 0, G_OPTION_ARG_NONE, &to.insecure,
                     "Do not check the server's certificate", nullptr},
        GOptionEntry{},
    };
}

bool parse(int argc, char **argv, Arguments &to)
{
    const auto entries = entries_of(to);
    const auto way_entries = way_entries_of(to);
    const std::unique_ptr<GOptionContext, GDelete<&g_option_context_free>> context(
        g_option_context_new("- finish uploads that were interrupted"));
    g_option_context_set_description(context.get(),
                                     "DIR is a sink's spool-dir; without it, the default one.\n"
                                     "Leftovers that hold nothing to recover are removed.\n"
                                     "Exit status: 0 all finished, 1 some not, 2 wrong usage.\n");
    g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
    g_option_context_add_main_entries(context.get(), way_entries.data(), nullptr);
    GError *raw = nullptr;
    if (g_option_context_parse(context.get(), &argc, &argv, &raw))
        return true;
    const GErrorOwn error(raw);
    std::fprintf(stderr, "gst-tus-recover: %s (see --help)\n", error->message);
    return false;
}

} // namespace

int main(int argc, char **argv)
{
    std::setlocale(LC_ALL, "");
    Arguments arguments;
    if (!parse(argc, argv, arguments))
        return kUsage;
    if (arguments.version) {
        std::printf("gst-tus-recover %s\n", GSTTUS_VERSION);
        return kAllFinished;
    }
    return run(arguments);
}
