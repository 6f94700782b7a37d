// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What gst-tus-recover tells: lines for people, JSON lines for programs, the user's commands, and
// the counts that the exit status comes from. Every text goes through printable(). One thread at a
// time, but progress() and tell(), which the upload thread may call meanwhile.
#pragma once

#include "base/clock.h"
#include "recover/finisher.h"

#include <cstdio>
#include <string>

namespace gsttus {

struct TellerOptions {
    bool json = false; // objects on stdout; what is for people on stderr then
    std::string on_complete, on_failure;
    Duration command_patience = seconds(600);
};

struct Counts {
    std::size_t finished = 0, unfinished = 0, in_use = 0, of_others = 0;

    bool are_all_finished() const { return unfinished + in_use + of_others == 0; }
};

class Teller {
public:
    Teller(TellerOptions options, GCancellable *cancel) // which outlives it
        : options_(std::move(options)), cancel_(cancel)
    {
    }

    // A line for people, and for nobody else.
    void say(const std::string &line) const;
    // About the upload under way, on stderr.
    static void tell(const std::string &line);
    static void progress(const UploadProgress &progress);
    // About the program, on stderr.
    static void complain(const std::string &line);

    void listed(const SpooledUpload &upload) const;
    void begins(const SpooledUpload &upload) const;
    void finished(const SpooledUpload &upload, const FinishedUpload &result);
    // `is_news`: it has not failed for this reason before.
    void not_finished(const SpooledUpload &upload, const Error &error, bool is_news = true);
    void in_use(const SpooledUpload &upload, bool is_news = true);
    void of_another_user(const SpooledUpload &upload, bool is_news = true);
    void not_tried(const SpooledUpload &upload); // interrupted before
    void gone(const SpooledUpload &upload) const;
    void left_over(const SpooledUpload &upload, const Result<void> &removed) const;
    void sum_up(const Counts &counts) const;

    const Counts &counts() const { return counts_; }

private:
    void run(const char *option, const std::string &command, const SpooledUpload &upload,
             std::vector<std::pair<std::string, std::string>> variables) const;
    void print_json(const class JsonLine &line) const;

    const TellerOptions options_;
    GCancellable *const cancel_; // the caller's
    Counts counts_;
};

} // namespace gsttus
