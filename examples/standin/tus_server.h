// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The rules of tus 1.0.0 (https://tus.io/protocols/resumable-upload) from the server's side:
// core, creation, creation-with-upload, creation-defer-length, termination, expiration,
// concatenation (unfinished too) and checksum. Requests in, replies out; knows no sockets.
// Not thread-safe: belongs to the server's thread.
#pragma once

#include "base/clock.h"
#include "habits.h"
#include "http_types.h"
#include "upload.h"

#include <functional>
#include <memory>

namespace gsttus::standin {

struct TusRules {
    std::string dir;                     // empty: nothing is stored
    std::vector<std::string> extensions; // what is announced, and done
    std::uint64_t max_size = 0;          // 0: any
    int refusal = 501;                   // answer to a length that must not be deferred
    bool interrupt_writer = true;        // a second request ends a running PATCH; false: 423
    Duration expires_after{};            // an unfinished upload's life; 0: for ever
    TusHabits habits{};
};

// One request body on its way into an upload.
struct BodySink {
    std::shared_ptr<Upload> upload;
    bool creating = false; // creation-with-upload
    Request request;
    std::uint64_t start = 0;
    std::uint64_t most = UINT64_MAX; // bytes that will be taken; what is beyond is dropped
    bool over_length = false;        // more came than the upload may have
    bool over_is_error = true;       // false: `most` was lowered by a fault
    std::optional<Error> failed{};   // the disk
    ChecksumOwn checksum{};          // of this body, when the client sent one
    std::string checksum_given{};
    ChecksumOwn hash_before{};
    std::string held{}; // with TusHabits::holds_bodies: what has come
};

class TusServer {
public:
    struct Hooks {
        std::function<std::optional<Reply>(const UploadInfo &)> may_create;
        std::function<void(const Upload &)> changed;
        std::function<void(const Upload &)> finished;
        std::function<void(const Upload &)> removed;
        std::function<void(const void *writer)> interrupt; // must end that request, at once
    };

    struct Begin {
        std::optional<Reply> reply{};     // decided: the body, if any, is of no interest
        std::unique_ptr<BodySink> sink{}; // else: the body goes here
    };

    TusServer(TusRules rules, Hooks hooks);

    static bool serves(const std::string &path);

    // `writer` is the name under which the request can be interrupted.
    Begin begin(const Request &request, const void *writer);
    void write(BodySink &sink, std::string_view bytes);
    Reply end(BodySink &sink);         // the whole body is here
    Reply short_reply(BodySink &sink); // 204 before the body has ended
    void abandon(BodySink &sink);      // the body was cut off: what has come is kept

    // For faults.
    std::shared_ptr<Upload> find(const std::string &path) const;
    Result<void> rollback(Upload &upload, std::uint64_t bytes);
    void forget(const std::string &path);

private:
    Reply options(const Request &request) const;
    std::optional<Reply> describe(const Request &request, UploadInfo &info);
    std::optional<Reply> read_length(const Request &request,
                                     std::optional<std::uint64_t> &length) const;
    Begin create(const Request &request, const void *writer);
    Begin create_final(const Request &request, UploadInfo info);
    Begin patch(const Request &request, const void *writer);
    Reply head(const Request &request);
    Reply terminate(const Request &request);
    std::optional<Reply> lookup(const Request &request, std::shared_ptr<Upload> &upload);
    std::optional<Reply> read_checksum(const Request &request, BodySink &sink) const;
    std::optional<Reply> declare_length(const Request &request, Upload &upload) const;
    std::unique_ptr<BodySink> open_sink(const Request &request, std::shared_ptr<Upload> upload,
                                        const void *writer) const;
    std::optional<Reply> complete_if_full(Upload &upload);
    std::optional<Reply> odd_finish(Upload &upload) const;
    void tell_length(const Upload &upload, Reply &reply) const;
    std::optional<Reply> assemble_finals();
    Reply created(const Request &request, Upload &upload, bool with_offset) const;
    void take(BodySink &sink, std::string_view bytes);
    Reply judge(BodySink &sink);
    Reply progress(Upload &upload) const;
    void add_expiry(Reply &reply, const Upload &upload) const;
    bool can(std::string_view extension) const;
    std::string new_id();

    const TusRules rules_;
    const Hooks hooks_;
    std::map<std::string, std::shared_ptr<Upload>> uploads_; // by id
    std::map<std::string, int> gone_;                        // id: 404 or 410
};

Reply tus_error(int status, std::string text);
Reply tus_disk_failure(const Error &error);

// Strict; nothing: it is no base64.
std::optional<std::string> decode_base64(std::string_view text);

// The value of an Upload-Metadata header; nothing: it breaks the rules.
std::optional<std::map<std::string, std::string>> parse_metadata(std::string_view text);

} // namespace gsttus::standin
