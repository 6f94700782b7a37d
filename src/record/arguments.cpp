// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GOption reads the words; what they mean, and what does not go together, is decided here.
#include "record/arguments.h"

#include "base/result.h"
#include "base/text.h"
#include "gcore/api_client.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "glib/web_address.h"
#include "gsttus_version.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr const char *kDescription =
    "SOURCE is one of\n"
    "  test                 a test picture with a clock, and a tick each second\n"
    "  screen               what this screen shows (X11, or Wayland with PipeWire's portal)\n"
    "  camera [NAME]        a camera of this machine, with the microphone\n"
    "  microphone [NAME]    sound alone\n"
    "  rtsp://HOST/…        a camera in the network; H.264 and H.265 as they are\n"
    "  FILE                 a file, sent as it is\n"
    "  -                    standard input, sent as it is\n"
    "\n"
    "It goes to Gcore Video Streaming, with the API token in GCORE_API_KEY, or to the tus server\n"
    "that --to names. Where that wants an Authorization header, GST_TUS_AUTHORIZATION holds\n"
    "HOST=VALUE.\n"
    "\n"
    "Ctrl-C ends the recording and sends what is left; a second one leaves the rest on disk, from\n"
    "where gst-tus-recover sends it.\n"
    "Exit status: 0 complete; 1 failed, or bytes are lost; 2 wrong usage; 3 a part is kept on "
    "disk.\n";

// As GOption fills it; its texts are GLib's.
struct Given {
    Given() = default;

    ~Given()
    {
        for (char *text : {to, name, copy, every, duration, audio, bitrate, container, wait})
            g_free(text);
        g_strfreev(rest);
    }

    Given(const Given &) = delete;
    Given &operator=(const Given &) = delete;

    char *to = nullptr, *name = nullptr, *copy = nullptr, *every = nullptr, *duration = nullptr;
    char *audio = nullptr, *bitrate = nullptr, *container = nullptr, *wait = nullptr;
    char **rest = nullptr;
    gboolean list = FALSE, dry_run = FALSE, version = FALSE;
};

Error wrong(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

std::string text_of(const char *value)
{
    return value ? value : "";
}

struct SourceWord {
    const char *word;
    SourceKind kind;
    bool has_device;
};

constexpr SourceWord kSources[] = {
    {"test", SourceKind::kTest, false},    {"screen", SourceKind::kScreen, false},
    {"camera", SourceKind::kCamera, true}, {"microphone", SourceKind::kMicrophone, true},
    {"-", SourceKind::kStdin, false},
};

std::string unescaped(std::string_view text)
{
    const std::string escaped(text);
    const GCharOwn plain(g_uri_unescape_string(escaped.c_str(), nullptr));
    return plain ? plain.get() : escaped;
}

// rtsp://USER:PASSWORD@HOST/…: what logs in there is shown to nobody.
void take_login(RecordTask &task)
{
    const std::size_t begin = task.location.find("://") + 3;
    const std::size_t end = std::min(task.location.find('/', begin), task.location.size());
    const std::size_t at = task.location.rfind('@', end);
    if (at == std::string::npos || at < begin)
        return;
    const std::string_view login = std::string_view(task.location).substr(begin, at - begin);
    const std::size_t colon = std::min(login.find(':'), login.size());
    task.user = unescaped(login.substr(0, colon));
    task.password = unescaped(login.substr(std::min(colon + 1, login.size())));
    task.location.erase(begin, at + 1 - begin);
}

bool is_address_of_a_camera(std::string_view text)
{
    const std::size_t colon = text.find("://");
    return colon != std::string_view::npos && text.substr(0, 4) == "rtsp";
}

Result<void> take_source(char **words, RecordTask &task)
{
    const std::string source = words && words[0] ? words[0] : "";
    if (source.empty())
        return wrong(
            "what is to be recorded? test, screen, camera, microphone, rtsp://…, a file, or -");
    const std::string second = words[1] ? words[1] : "";
    for (const SourceWord &known : kSources) {
        if (source != known.word)
            continue;
        task.source = known.kind;
        task.device = second;
        if (!second.empty() && (!known.has_device || words[2]))
            return wrong(cat("after \"", source, "\" there is one word too many: ",
                             printable(words[known.has_device ? 2 : 1])));
        return {};
    }
    if (!second.empty())
        return wrong(cat("one source at a time, not also ", printable(second)));
    task.location = source;
    if (is_address_of_a_camera(source)) {
        task.source = SourceKind::kRtsp;
        take_login(task);
        return {};
    }
    if (source.find("://") != std::string::npos)
        return wrong(cat(printable(source), " is no source; rtsp:// is"));
    task.source = SourceKind::kFile;
    if (!g_file_test(source.c_str(), G_FILE_TEST_IS_REGULAR))
        return wrong(cat(printable(source), g_file_test(source.c_str(), G_FILE_TEST_EXISTS)
                                                ? " is no file"
                                                : ": there is no such file, and it is no source"));
    return {};
}

std::string now_as_text()
{
    const GDateTimeOwn now(g_date_time_new_now_local());
    const GCharOwn text(g_date_time_format(now.get(), "%Y-%m-%d %H.%M.%S"));
    return text.get();
}

std::string name_of(const RecordTask &task)
{
    if (task.source == SourceKind::kFile) {
        const GCharOwn base(g_path_get_basename(task.location.c_str()));
        return base.get();
    }
    if (task.source == SourceKind::kStdin)
        return cat("recording ", now_as_text());
    std::string kind = "camera";
    for (const SourceWord &known : kSources) {
        if (known.kind == task.source)
            kind = known.word;
    }
    return cat(kind, ' ', now_as_text(), '.', task.container);
}

Result<void> take_numbers(const Given &given, RecordTask &task)
{
    if (given.every) {
        const auto time = parse_time(given.every);
        if (!time)
            return wrong("--every takes a time such as 90s, 30m or 1h");
        task.every_seconds = *time;
    }
    if (given.duration) {
        const auto time = parse_time(given.duration);
        if (!time)
            return wrong("--duration takes a time such as 90s, 30m or 1h");
        task.seconds = *time;
    }
    if (given.bitrate) {
        const auto rate = parse_bitrate(given.bitrate);
        if (!rate)
            return wrong("--bitrate takes bits per second from 10k to 1G, such as 800k or 4M");
        task.bitrate = *rate;
    }
    return {};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words)
{
    for (const std::string_view word : words) {
        if (word == text)
            return true;
    }
    return false;
}

Result<void> take_words(const Given &given, RecordTask &task)
{
    if (given.container)
        task.container = given.container;
    if (!is_one_of(task.container, {"mp4", "mkv", "ts", "webm"}))
        return wrong("--container is mp4, mkv, ts or webm");
    if (given.wait)
        task.wait_status = given.wait;
    if (!is_one_of(task.wait_status, {"none", "pending", "viewable", "ready"}))
        return wrong("--wait is none, pending, viewable or ready");
    task.audio = text_of(given.audio);
    task.copy = text_of(given.copy);
    if (given.to && std::string_view(given.to) != "gcore")
        task.to = given.to;
    if (!task.to.empty() && parse_web_address(task.to).fault)
        return wrong("--to is gcore, or the address of a tus server: https://HOST/… or "
                     "http://HOST/…");
    return {};
}

// Where the words alone do not say it: from the environment.
Result<void> check_gcore(const RecordTask &task)
{
    const char *key = g_getenv("GCORE_API_KEY");
    if (!task.dry_run && (!key || !*key))
        return wrong(
            "where to? Set GCORE_API_KEY to a permanent API token of your Gcore account, or "
            "give --to https://… (a tus server)");
    const char *base = g_getenv("GCORE_BASE_URL");
    if (!base || !*base)
        return {};
    if (const auto address = parse_api_address(base); !address)
        return wrong(cat("GCORE_BASE_URL: ", address.error().message));
    return {};
}

// What does not go together.
const char *contradiction(const Given &given, const RecordTask &task)
{
    if (is_sent_as_it_is(task.source)) {
        if (given.every || given.audio || given.bitrate || given.container || given.duration)
            return "a file and standard input are sent as they are: --every, --duration, --audio, "
                   "--bitrate and --container do not go with them";
        if (task.source == SourceKind::kFile && given.copy)
            return "a file is there already: --copy does not go with it";
    }
    if (task.source == SourceKind::kMicrophone && task.audio == "none")
        return "a microphone without sound is nothing: --audio none does not go with it";
    if (task.source == SourceKind::kMicrophone && given.audio)
        return "the microphone's name comes behind the word: microphone NAME";
    if (given.wait && !task.to.empty())
        return "--wait asks Gcore for the video; a tus server has none";
    return nullptr;
}

bool can_read(int file)
{
    const int flags = fcntl(file, F_GETFL);
    return flags != -1 && (flags & O_ACCMODE) != O_WRONLY;
}

Result<void> take(const Given &given, RecordTask &task)
{
    task.list = given.list != FALSE;
    task.dry_run = given.dry_run != FALSE;
    if (task.list)
        return {};
    for (const Result<void> &taken :
         {take_words(given, task), take_source(given.rest, task), take_numbers(given, task)}) {
        if (!taken)
            return taken.error();
    }
    if (const char *text = contradiction(given, task))
        return wrong(text);
    if (task.source == SourceKind::kStdin && !task.dry_run && isatty(STDIN_FILENO))
        return wrong("standard input is this terminal; a pipe or a file is to be there");
    if (task.source == SourceKind::kStdin && !task.dry_run && !can_read(STDIN_FILENO))
        return wrong("standard input is closed; a pipe or a file is to be there");
    task.name = given.name && *given.name ? given.name : name_of(task);
    return task.to.empty() ? check_gcore(task) : Result<void>();
}

bool read_words(int argc, char **argv, Given &to)
{
    const std::array entries{
        GOptionEntry{"to", 't', 0, G_OPTION_ARG_STRING, &to.to,
                     "gcore (default), or the endpoint of a tus server", "gcore|URL"},
        GOptionEntry{"name", 'n', 0, G_OPTION_ARG_STRING, &to.name,
                     "Name of the recording (default: the source and the time)", "NAME"},
        GOptionEntry{"copy", 0, 0, G_OPTION_ARG_FILENAME, &to.copy,
                     "Keep what is uploaded in a file, too", "FILE"},
        GOptionEntry{"every", 0, 0, G_OPTION_ARG_STRING, &to.every,
                     "Begin a new recording each time (30m, 1h)", "TIME"},
        GOptionEntry{"duration", 0, 0, G_OPTION_ARG_STRING, &to.duration,
                     "Record for so long (default: until Ctrl-C)", "TIME"},
        GOptionEntry{"audio", 'a', 0, G_OPTION_ARG_STRING, &to.audio,
                     "A microphone by its name, or none", "NAME"},
        GOptionEntry{"bitrate", 'b', 0, G_OPTION_ARG_STRING, &to.bitrate,
                     "Of the picture, in bits per second (default 4M)", "RATE"},
        GOptionEntry{"container", 'c', 0, G_OPTION_ARG_STRING, &to.container,
                     "mp4 (default), mkv, ts or webm", "NAME"},
        GOptionEntry{"wait", 'w', 0, G_OPTION_ARG_STRING, &to.wait,
                     "Follow the video at Gcore until it is pending, viewable or ready", "STATUS"},
        GOptionEntry{"list", 'l', 0, G_OPTION_ARG_NONE, &to.list,
                     "Show the cameras and microphones of this machine", nullptr},
        GOptionEntry{"dry-run", 0, 0, G_OPTION_ARG_NONE, &to.dry_run,
                     "Print the gst-launch-1.0 line that it stands for; record nothing", nullptr},
        GOptionEntry{"version", 0, 0, G_OPTION_ARG_NONE, &to.version, "Show the version", nullptr},
        GOptionEntry{G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to.rest, nullptr,
                     "SOURCE"},
        GOptionEntry{},
    };
    const std::unique_ptr<GOptionContext, GDelete<&g_option_context_free>> context(
        g_option_context_new("- record, and upload meanwhile"));
    g_option_context_set_description(context.get(), kDescription);
    g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
    GError *raw = nullptr;
    if (g_option_context_parse(context.get(), &argc, &argv, &raw))
        return true;
    const GErrorOwn error(raw);
    std::fprintf(stderr, "gst-tus-record: %s (see --help)\n", error->message);
    return false;
}

// A number and what is behind it; nullopt: it does not begin with one.
std::optional<std::uint64_t> take_number(std::string_view &text)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number > 1'000'000'000)
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

} // namespace

std::optional<std::uint64_t> parse_time(std::string_view text)
{
    constexpr std::uint64_t kYear = std::uint64_t{365} * 24 * 3600;
    std::uint64_t sum = 0;
    std::uint64_t last_unit = kYear;
    while (!text.empty()) {
        const auto number = take_number(text);
        if (!number)
            return std::nullopt;
        const char letter = text.empty() ? 's' : text.front();
        const std::uint64_t unit = letter == 's'   ? 1
                                   : letter == 'm' ? 60
                                   : letter == 'h' ? 3600
                                   : letter == 'd' ? 24 * 3600
                                                   : kYear;
        if (unit >= last_unit)
            return std::nullopt;
        text.remove_prefix(text.empty() ? 0 : 1);
        last_unit = unit;
        sum += *number * unit;
    }
    return sum == 0 || sum > kYear ? std::nullopt : std::optional(sum);
}

std::optional<std::uint64_t> parse_bitrate(std::string_view text)
{
    const auto number = take_number(text);
    if (!number || text.size() > 1)
        return std::nullopt;
    const char letter = text.empty() ? ' ' : text.front();
    const std::uint64_t factor = letter == ' '                    ? 1
                                 : letter == 'k' || letter == 'K' ? 1000
                                 : letter == 'M'                  ? 1'000'000
                                 : letter == 'G'                  ? 1'000'000'000
                                                                  : 0;
    const std::uint64_t rate = *number * factor;
    return rate < 10'000 || rate > 1'000'000'000 ? std::nullopt : std::optional(rate);
}

std::optional<int> parse_record_arguments(int argc, char **argv, RecordTask &task)
{
    Given given;
    if (!read_words(argc, argv, given))
        return kWrongUsage;
    if (given.version) {
        std::printf("gst-tus-record %s\n", GSTTUS_VERSION);
        return kComplete;
    }
    if (const Result<void> taken = take(given, task); !taken) {
        std::fprintf(stderr, "gst-tus-record: %s\n", taken.error().message.c_str());
        return kWrongUsage;
    }
    return std::nullopt;
}

} // namespace gsttus
