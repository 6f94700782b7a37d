// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Where each text goes: stdout for results, stderr for what happens on the way.
#include "recover/teller.h"

#include "base/text.h"
#include "glib/printable.h"
#include "glib/ptr.h"
#include "recover/command.h"
#include "recover/journal_facts.h"
#include "recover/json_line.h"
#include "recover/targets.h"
#include "upload/note_names.h"

#include <algorithm>

#include <unistd.h>

namespace gsttus {

namespace {

bool is_terminal()
{
    static const bool terminal = ::isatty(STDERR_FILENO) != 0;
    return terminal;
}

void print(std::FILE *to, std::string_view start, const std::string &line)
{
    std::fprintf(to, "%.*s%s\n", static_cast<int>(start.size()), start.data(),
                 printable(line).c_str());
    std::fflush(to);
}

std::string plural(std::size_t count)
{
    return cat(count, count == 1 ? " upload" : " uploads");
}

// What is kept of it, without a login and a query.
std::string bare(const std::string &url)
{
    std::string noted = noted_url(url);
    if (lacks_query(noted))
        noted.pop_back();
    return noted;
}

const char *state_of(const SpooledUpload &upload)
{
    if (upload.owner)
        return "of-another-user";
    if (upload.in_use)
        return "in-use";
    if (upload.leftover)
        return "left-over";
    if (!upload.trouble.empty())
        return "unreadable";
    return was_sent(upload) ? "sent-not-proved" : "unfinished";
}

void add_facts(JsonLine &line, const SpooledUpload &upload)
{
    line.add("id", upload.id).add("path", upload.folder);
    line.add("name", printable(name_of(upload), kMostOfName));
}

} // namespace

void Teller::say(const std::string &line) const
{
    print(options_.json ? stderr : stdout, "", line);
}

void Teller::tell(const std::string &line)
{
    print(stderr, is_terminal() ? "\r\033[K  " : "  ", line);
}

void Teller::complain(const std::string &line)
{
    print(stderr, "gst-tus-recover: ", line);
}

void Teller::progress(const UploadProgress &progress)
{
    if (!is_terminal())
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

void Teller::print_json(const JsonLine &line) const
{
    if (!options_.json)
        return;
    std::fputs(line.text().c_str(), stdout);
    std::fflush(stdout);
}

void Teller::listed(const SpooledUpload &upload) const
{
    say(describe_upload(upload));
    JsonLine line("upload");
    add_facts(line, upload);
    line.add("state", state_of(upload));
    if (upload.owner)
        line.add("owner", std::uint64_t{*upload.owner});
    else if (!upload.in_use)
        line.add("bytes", upload.end - upload.begin);
    line.add("url", bare(note(upload, note_name::kUploadUrl))).add("error", upload.trouble);
    line.add("endpoint", bare(endpoint_of(upload)));
    print_json(line);
}

void Teller::begins(const SpooledUpload &upload) const
{
    say(describe_upload(upload));
}

void Teller::finished(const SpooledUpload &upload, const FinishedUpload &result)
{
    ++counts_.finished;
    if (is_terminal())
        std::fputs("\r\033[K", stderr);
    const UploadComplete &complete = result.upload;
    const GCharOwn size(g_format_size(complete.bytes));
    say(cat("  finished: ", size.get(), " at ", redact_url(complete.upload_url)));
    if (!complete.sha256.empty())
        say(cat("  sha256: ", complete.sha256));
    JsonLine line("finished");
    add_facts(line, upload);
    const std::string url = bare(complete.upload_url);
    line.add("url", url).add("bytes", complete.bytes).add("sha256", complete.sha256);
    if (result.video_id != 0)
        line.add("video_id", result.video_id);
    print_json(line);
    run("--on-complete", options_.on_complete, upload,
        {{"GST_TUS_URL", url},
         {"GST_TUS_BYTES", std::to_string(complete.bytes)},
         {"GST_TUS_SHA256", complete.sha256},
         {"GST_TUS_VIDEO_ID", result.video_id == 0 ? "" : std::to_string(result.video_id)},
         {"GST_TUS_ERROR", ""}});
}

void Teller::not_finished(const SpooledUpload &upload, const Error &error, bool is_news)
{
    ++counts_.unfinished;
    if (is_terminal())
        std::fputs("\r\033[K", stderr);
    say(cat("  not finished: ", error.message));
    JsonLine line("not-finished");
    add_facts(line, upload);
    const std::string url = bare(note(upload, note_name::kUploadUrl));
    line.add("url", url).add("error", error.message).add("kind", to_string(error.kind));
    print_json(line);
    // who is told to end has not failed
    if (!is_news || error.kind == ErrorKind::kCancelled)
        return;
    const std::uint64_t video_id = video_of(upload);
    run("--on-failure", options_.on_failure, upload,
        {{"GST_TUS_URL", url},
         {"GST_TUS_BYTES", std::to_string(upload.end - upload.begin)},
         {"GST_TUS_SHA256", note(upload, note_name::kSha256)},
         {"GST_TUS_VIDEO_ID", video_id == 0 ? "" : std::to_string(video_id)},
         {"GST_TUS_ERROR", printable(error.message)}});
}

void Teller::in_use(const SpooledUpload &upload, bool is_news)
{
    ++counts_.in_use;
    if (!is_news)
        return;
    say(cat(upload.id, "  in use by a running program"));
    JsonLine line("in-use");
    add_facts(line, upload);
    print_json(line);
}

void Teller::of_another_user(const SpooledUpload &upload, bool is_news)
{
    ++counts_.of_others;
    if (!is_news)
        return;
    say(describe_upload(upload));
    JsonLine line("of-another-user");
    add_facts(line, upload);
    line.add("owner", std::uint64_t{upload.owner.value_or(0)});
    print_json(line);
}

void Teller::not_tried(const SpooledUpload &)
{
    ++counts_.unfinished;
}

void Teller::gone(const SpooledUpload &upload) const
{
    say("  gone: finished or deleted by another program");
    JsonLine line("gone");
    add_facts(line, upload);
    print_json(line);
}

// Whether it goes or stays, no recording is unfinished because of it.
void Teller::left_over(const SpooledUpload &upload, const Result<void> &removed) const
{
    say(cat(upload.id, "  left over, nothing to recover: ",
            removed ? "removed" : cat("not removed. ", removed.error().message)));
    JsonLine line("left-over");
    add_facts(line, upload);
    line.add("error", removed ? "" : removed.error().message);
    print_json(line);
}

void Teller::sum_up(const Counts &counts) const
{
    say(cat(plural(counts.finished), " finished, ", counts.unfinished, " not, ", counts.in_use,
            " in use", counts.of_others > 0 ? cat(", ", counts.of_others, " of other users") : ""));
    JsonLine line("end");
    line.add("finished", std::uint64_t{counts.finished});
    line.add("not_finished", std::uint64_t{counts.unfinished});
    line.add("in_use", std::uint64_t{counts.in_use});
    line.add("of_other_users", std::uint64_t{counts.of_others});
    print_json(line);
}

void Teller::run(const char *option, const std::string &command, const SpooledUpload &upload,
                 std::vector<std::pair<std::string, std::string>> variables) const
{
    if (command.empty())
        return;
    variables.emplace_back("GST_TUS_NAME", printable(name_of(upload), kMostOfName));
    variables.emplace_back("GST_TUS_PATH", upload.folder);
    const auto trouble = run_command(command, variables, options_.command_patience, cancel_);
    if (!trouble)
        return;
    tell(cat("the command of ", option, " did not succeed: ", *trouble));
    JsonLine line("command-failed");
    add_facts(line, upload);
    line.add("option", option).add("error", *trouble);
    print_json(line);
}

} // namespace gsttus
