// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The fields of the messages are in docs/tussink.md and docs/gcoresink.md.
#include "record/printout.h"

#include "base/text.h"
#include "glib/printable.h"
#include "glib/ptr.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr gint64 kBetweenLines = 10 * G_USEC_PER_SEC;
constexpr std::size_t kUsualColumns = 80;

// A number of a message, whatever its integer type.
std::uint64_t number(const GstStructure *fields, const char *name)
{
    const GValue *value = gst_structure_get_value(fields, name);
    GValue wide = G_VALUE_INIT;
    g_value_init(&wide, G_TYPE_UINT64);
    if (!value || !g_value_transform(value, &wide))
        return 0;
    return g_value_get_uint64(&wide);
}

std::string text(const GstStructure *fields, const char *name, std::size_t most = 8000)
{
    const char *value = gst_structure_get_string(fields, name);
    return value ? printable(value, most) : "";
}

// "12.3 MB", of thousands.
std::string size(std::uint64_t bytes)
{
    const GCharOwn text(g_format_size(bytes));
    return text.get();
}

std::string decimal(const char *format, double value)
{
    const GCharOwn text(g_strdup_printf(format, value));
    return text.get();
}

std::string seconds_of(std::uint64_t nanoseconds)
{
    return decimal("%.1f s", static_cast<double>(nanoseconds) / GST_SECOND);
}

std::size_t columns()
{
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return kUsualColumns;
    return size.ws_col;
}

// As much of it as so many columns of a terminal take: some characters take two, and some none.
std::string fitting(const std::string &line, std::size_t most)
{
    std::size_t used = 0;
    const char *at = line.c_str();
    while (*at) {
        const gunichar c = g_utf8_get_char(at);
        used += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
        if (used > most)
            break;
        at = g_utf8_next_char(at);
    }
    return line.substr(0, static_cast<std::size_t>(at - line.c_str()));
}

// A word that begins a sentence is written large, a name is not.
std::string with_large_letter(std::string text)
{
    if (!text.empty())
        text.front() = g_ascii_toupper(text.front());
    return text;
}

bool is_sentence(const std::string &text)
{
    return text.ends_with('.') || text.ends_with('!') || text.ends_with('?');
}

// The WARNING that comes with the first tus-upload-stalled of an outage.
std::string warning_of(const std::string &reason)
{
    return cat(with_large_letter(reason), is_sentence(reason) ? "" : ".",
               " The recording goes on and the upload is tried again until it works.");
}

// The WARNING that comes with tus-upload-kept, when the recording was stopped and nothing else was.
std::string warning_of_kept(std::uint64_t missing, const std::string &command,
                            const std::string &elsewhere)
{
    return cat("Stopped; the upload can be continued. ", missing,
               " bytes are not at the server. What the server does not have is kept on disk: ",
               command, " finishes the upload.",
               elsewhere.empty() ? "" : cat(" If the address is wrong: ", elsewhere, '.'));
}

// Behind the file, function and element of GStreamer's, in which only a developer finds more. Our
// own has the numbers of what the text says already.
std::string reason_in(const char *detail)
{
    const char *line = detail ? std::strchr(detail, '\n') : nullptr;
    return line && !g_str_has_prefix(line + 1, "kind ") ? printable(line + 1) : "";
}

std::string without_full_stop(std::string text)
{
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

std::string clock_of(gint64 microseconds)
{
    const gint64 whole = microseconds / G_USEC_PER_SEC;
    const GCharOwn text(g_strdup_printf("%02d:%02d:%02d", static_cast<int>(whole / 3600),
                                        static_cast<int>(whole / 60 % 60),
                                        static_cast<int>(whole % 60)));
    return text.get();
}

} // namespace

Printout::Printout() : is_terminal_(isatty(STDOUT_FILENO) != 0), started_(g_get_monotonic_time()) {}

void Printout::end_line()
{
    if (line_is_open_)
        std::printf("\n");
    line_is_open_ = false;
}

void Printout::say(const std::string &line)
{
    end_line();
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void Printout::complain(const char *kind, const std::string &text)
{
    end_line();
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %s\n", kind, text.c_str());
}

void Printout::error(const GError &error, const char *detail)
{
    // GStreamer's own text where an element has failed without one
    if (!errors_.empty() && g_error_matches(&error, GST_CORE_ERROR, GST_CORE_ERROR_STATE_CHANGE))
        return;
    std::string text = printable(error.message);
    if (const std::string reason = reason_in(detail); !reason.empty())
        text = cat(text, " (", reason, ")");
    if (errors_.insert(text).second)
        complain("Error", text);
}

void Printout::warning(const GError &error)
{
    const std::string text = printable(error.message);
    if (told_.erase(with_large_letter(text)) == 0)
        complain("Warning", text);
}

void Printout::progress(const GstStructure *fields, bool named)
{
    const gint64 now = g_get_monotonic_time();
    if (!is_terminal_ && last_ != 0 && now - last_ < kBetweenLines)
        return;
    last_ = now;
    const std::uint64_t waiting = number(fields, "bytes-pending");
    std::string line =
        cat(ending_ ? "sending " : "recording ", clock_of(now - started_), "  ",
            size(number(fields, "bytes-acked")), " at the server",
            waiting > 0 ? cat(", ", size(waiting), " waiting") : "", "  ",
            decimal("%.1f Mbit/s", static_cast<double>(number(fields, "upload-rate")) / 1e6));
    if (named)
        line = cat(line, "  ", text(fields, "location", 40));
    if (!is_terminal_)
        return say(line);
    // the last column is the cursor's place
    std::printf("\r%s\033[K", fitting(line, columns() - 1).c_str());
    std::fflush(stdout);
    line_is_open_ = true;
}

void Printout::element(const GstStructure *fields, bool named)
{
    const auto is = [fields](const char *name) { return gst_structure_has_name(fields, name); };
    const std::string who = named ? cat(text(fields, "location", 80), ": ") : "";
    if (is("tus-upload-progress")) {
        progress(fields, named);
    } else if (is("gcore-video-created")) {
        say(cat(who, "Video ", number(fields, "video-id"), " \"", text(fields, "name"), '"'));
    } else if (is("tus-upload-stalled")) {
        if (number(fields, "attempt") <= 1) {
            const std::string reason = text(fields, "reason");
            say(cat(who, "The server is away (", without_full_stop(reason),
                    "). The recording goes on."));
            told_.insert(warning_of(reason));
        }
    } else if (is("tus-upload-resumed")) {
        say(cat(who, "The server is back after ", seconds_of(number(fields, "outage-time")),
                "; nothing was lost."));
        told_.clear();
    } else if (is("tus-upload-complete")) {
        ++complete_;
        say(cat(who, "Complete: ", size(number(fields, "bytes")), ", ",
                seconds_of(number(fields, "drain-time")), " after the end."));
        const std::uint64_t video = number(fields, "video-id");
        say(video != 0 ? cat("  video ", video) : cat("  ", text(fields, "upload-url")));
    } else if (is("tus-upload-kept")) {
        kept(fields, who);
    } else if (is("gcore-video-status")) {
        status(fields, who);
    }
}

void Printout::kept(const GstStructure *fields, const std::string &who)
{
    gboolean whole = TRUE;
    gst_structure_get_boolean(fields, "whole", &whole);
    ++(whole ? kept_ : lost_);
    const std::uint64_t missing = number(fields, "bytes-missing");
    const std::string path = text(fields, "path");
    const std::string command = text(fields, "command");
    if (command.find(" --send-again ") != std::string::npos)
        say(cat(who, "Nothing has shown yet that the recording is there; ", size(missing),
                whole ? " are kept in " : " should be kept, and what could be is in ", path));
    else
        say(cat(who, "Not at the server: ", size(missing),
                whole ? ", kept in " : ", and not all of it could be kept. What could be is in ",
                path));
    say(cat("  To send ", missing == 1 ? "it: " : "them: ", command));
    const std::string elsewhere = text(fields, "command-elsewhere");
    if (!elsewhere.empty())
        say(cat("  If the address is wrong: ", elsewhere));
    if (whole)
        told_.insert(warning_of_kept(missing, command, elsewhere));
}

void Printout::status(const GstStructure *fields, const std::string &who)
{
    const std::string error = text(fields, "error");
    const std::string status = text(fields, "status");
    say(cat(who, "Video ", number(fields, "video-id"), " is ", status,
            status == "empty" ? " (what has come has not been looked at yet)" : "",
            error.empty() ? "" : ": ", error));
    // the player, and what other players take; either may be missing
    for (const char *name : {"iframe-url", "hls-url"}) {
        if (const std::string link = text(fields, name);
            !link.empty() && links_.insert(link).second)
            say(cat("  ", link));
        if (status == "ready") // nothing more will be said of it
            links_.erase(text(fields, name));
    }
}

} // namespace gsttus
