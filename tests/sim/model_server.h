// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A tus server that exists only as numbers, with faults on order, and that is strict: it writes
// down everything a client must not do. Content is kept as runs of stream positions, so that
// megabytes cost nothing and every byte is still checked.
#pragma once

#include "schedule.h"
#include "tus/answer_rules.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gsttus::sim {

struct Run {
    std::uint64_t from = 0, length = 0; // stream positions
};

struct Upload {
    std::string url;
    std::vector<Run> content;  // without gaps it is one run
    std::uint64_t foreign = 0; // bytes before it that were there already
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> length;
    bool partial = false, joined = false;
    bool gone = false;
    bool refused = false; // by a hook, when all was stored
    TimePoint locked_until{};
    Run late;                  // arrives after the next HEAD ...
    std::uint64_t late_at = 0; // ... if the upload stands there then
    // what the client has been told
    bool told = false, told_gone = false;
    std::optional<std::uint64_t> announced; // nothing since a failure: it must ask
    bool asked_in_vain = false;             // HEAD did not say whether the length is known
    bool length_told = false;
    // its end
    unsigned declarations = 0, silences = 0; // that were acknowledged; HEADs without a length
    unsigned finish_failures = 0;            // 5xx to requests that complete it
    unsigned finish_doubts = 0;              // to those that would have completed it
    int finish_status = 0;                   // the last of them
    bool empty_refused = false;              // a PATCH without a body was
    bool unfinished = false;                 // the server could not put it together
    bool moved = false;                      // complete, and not there any more
    unsigned looks = 0;                      // HEADs of a joined upload
    bool unfit_told = false;                 // HEAD said that it does not become what is needed
    bool replaced = false;                   // by another one, for that
    std::optional<std::uint64_t> odd;        // an offset that HEAD made up: it may be tried

    bool may_be_gone = false;  // who can not be told from the server said so
    bool rolled_back = false;  // bytes that were acknowledged are lost
    bool head_refused = false; // who can not ask may try

    bool complete() const { return length && offset == *length; }
};

// What came back, and how long it took.
struct Reply {
    std::variant<Answer, NoAnswer> outcome;
    Duration took{};
};

// A reason why giving up is right from now on.
struct Excuse {
    int status = 0;
    ErrorKind kind = ErrorKind::kInternal;
};

class ModelServer {
public:
    explicit ModelServer(const Schedule &schedule);

    Reply options(const Options &action, TimePoint now);
    Reply create(const Create &action, TimePoint now);
    Reply patch(const Patch &action, TimePoint now);
    Reply head(const Head &action, TimePoint now);

    // An upload to be continued: upload-url.
    void begin_with(const std::string &url, std::uint64_t offset);

    // The request goes on, seen from the client, while another is made.
    void set_patch_open(bool open) { patch_open_ = open; }

    void renew_credentials() { credentials_ = wanted_credentials_; }

    const std::string &violation() const { return violation_; }

    const std::vector<Excuse> &excuses() const { return excuses_; }

    void excuse(int status, ErrorKind kind) { excuses_.push_back({status, kind}); }

    // The upload that there was is of no use: another one begins with the first byte.
    bool take_abandoned() { return std::exchange(abandoned_, false); }

    // Doubtful answers in a row end an upload rightly; progress makes them forgotten.
    void progress();
    void refuse(const std::string &what); // a rule was broken

    Upload *find(const std::string &url);

    std::uint64_t requests() const { return requests_; }

    std::uint64_t faults_seen() const { return faults_seen_; }

    TimePoint down_until() const { return down_until_; }

    bool return_announced() const { return return_announced_; }

    bool disk_full() const { return disk_full_; }

    std::uint64_t held_from = 0, produced = 0; // of the client's store
    bool ended = false;

    const std::vector<Upload> &uploads() const { return uploads_; }

private:
    const Fault *next(TimePoint now, const std::string &url);
    Reply stranger(const std::string &url, RequestKind request, TimePoint now);
    void decisive(int status, ErrorKind kind);
    std::optional<Reply> before(const std::string &url, TimePoint now, RequestKind request);
    Reply failed(ErrorKind kind, bool reached, Duration took, bool reused = false);
    Reply answered(Answer answer);
    Answer status(int number, const char *text = "", Duration retry_after = {});
    Answer status_of(const Fault &fault, RequestKind request);
    void doubt(int status, ErrorKind kind);
    void check_patch(const Patch &action, const Upload *upload);
    void store(Upload &upload, std::uint64_t from, std::uint64_t count);
    void truncate(Upload &upload, std::uint64_t offset);
    Reply do_patch(const Patch &action, Upload &upload);
    Reply redirected(const std::string &url, bool endpoint);
    Duration latency();
    // how uploads end (model_ends.cpp)
    bool may_be_replaced(Upload &upload);
    void check_empty(const Patch &action, const Upload &upload);
    void note_length(Upload &upload, const Patch &action);
    void note_what_is_told(Upload &upload);
    void tell_length(Upload &upload, Answer &answer);
    bool fails_to_finish(Upload &upload, bool completes);
    Reply finish_failed(Upload &upload);
    void note_refusal(Upload &upload, const Patch &action, int status);
    void refuse_finish(Upload &upload, int status);
    void move_away(Upload &upload);
    void remove(Upload &upload);
    std::optional<Reply> refuse_join();
    void note_refused_join(int status);
    Reply head_of_joined(Upload &upload);

    const Schedule &schedule_;
    std::vector<Upload> uploads_;
    std::size_t next_fault_ = 0;
    const Fault *fault_ = nullptr; // of the request under way
    std::uint64_t requests_ = 0, faults_seen_ = 0;
    std::uint64_t next_name_ = 1;
    std::uint64_t doubts_ = 0, absences_ = 0, mismatches_ = 0, redirects_ = 0, gone_ = 0;
    std::uint64_t replaced_ = 0; // partial uploads that it could not finish
    unsigned credentials_ = 0, wanted_credentials_ = 0;
    bool metadata_refused_ = false;
    bool any_trouble_ = false; // some fault or loss so far
    bool patch_open_ = false, full_ = false, disk_full_ = false;
    bool override_wanted_ = false;
    bool abandoned_ = false;
    unsigned joinings_ = 0, finishes_failed_ = 0;
    bool worked_ = false;        // an upload was made
    bool origin_lied_ = false;   // the first word about a given upload was wrong
    bool heads_refused_ = false; // by whoever answered in its place
    TimePoint strangers_until_{};
    std::uint64_t stranger_ = 0; // the first row
    TimePoint down_until_{};
    bool return_announced_ = false;
    std::string violation_;
    std::vector<Excuse> excuses_;
};

// Host and path of an address in the simulation: http://HOST/NAME
std::string host_of(const std::string &url);

} // namespace gsttus::sim
