// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a test may ask the stand-in about: a copy of its records, taken under a lock.
#pragma once

#include "base/clock.h"
#include "base/mutex.h"
#include "http_types.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gsttus::standin {

struct RequestRecord {
    Request request;              // with all its headers: do not print it, it holds the keys
    std::uint64_t body_bytes = 0; // that arrived
    int status = 0;               // of the reply; 0: none was sent (yet)
    std::map<std::string, std::string> reply_headers{};
    std::vector<std::string> faults{}; // that hit this request
    bool answered = false;             // the reply was handed to the connection whole
    bool interrupted = false;          // ended by another request for the same upload
    bool offset_was_announced = true;  // of a PATCH: the server had said this offset before
    TimePoint arrived{};
};

struct UploadRecord {
    std::string id;
    std::string url_path;
    std::map<std::string, std::string> metadata{};
    std::uint64_t video_id = 0;
    std::uint64_t offset = 0; // stored bytes
    std::optional<std::uint64_t> length{};
    bool finished = false;
    bool removed = false; // terminated, expired or forgotten
    bool partial = false;
    bool final = false;
    std::vector<std::string> parts{}; // of a final upload: ids, in order
    std::uint64_t number = 0;         // 1: the first that was created
    std::int64_t created_us = 0;      // wall clock
    std::int64_t finished_us = 0;     // 0: not yet
    std::string sha256{};             // of a finished upload
    std::string path{};               // of the bytes; empty when nothing is stored
};

struct VideoRecord {
    std::uint64_t id = 0;
    std::string name{};
    std::string status{};
    std::string error{};
    std::string fields{};        // JSON: what the client has set
    std::int64_t created_us = 0; // wall clock
    bool deleted = false;
};

struct Snapshot {
    std::uint64_t connections = 0;
    std::uint64_t requests_total = 0;
    std::uint64_t bytes_received = 0;      // of request bodies
    std::uint64_t interrupted_patches = 0; // another request came while a PATCH was running
    std::uint64_t unannounced_offsets = 0; // PATCHes to an offset that the server never said
    bool away = false;
    std::map<std::string, std::uint64_t> methods{};
    std::map<std::string, std::uint64_t> faults_hit{};
    std::vector<RequestRecord> requests{}; // the first kMostRequests
    std::map<std::string, UploadRecord> uploads{};
    std::map<std::uint64_t, VideoRecord> videos{};

    std::uint64_t count(const std::string &method) const
    {
        const auto found = methods.find(method);
        return found == methods.end() ? 0 : found->second;
    }

    // The one upload that is finished and not part of another; nullptr: none, or several.
    const UploadRecord *only_finished() const;
};

inline constexpr std::size_t kMostRequests = 50000;

// For people and scripts, without secrets. GET /standin: everything; /standin/uploads/ID: the
// newest upload of that video, or with that id. Empty: there is no such thing.
std::string to_json(const Snapshot &snapshot, const std::string &path);

// Written by the server's thread, read by any.
class Recorder {
public:
    template <typename Change>
    void update(Change change) EXCLUDES(mutex_)
    {
        MutexLock lock(mutex_);
        change(data_);
        changed_.notify_all();
    }

    Snapshot copy() EXCLUDES(mutex_)
    {
        MutexLock lock(mutex_);
        return data_;
    }

    // `look` sees the records under the lock: keep it short.
    template <typename Look>
    auto read(Look look) EXCLUDES(mutex_)
    {
        MutexLock lock(mutex_);
        return look(static_cast<const Snapshot &>(data_));
    }

    // `holds` sees the records under the lock; false: not within `patience`.
    template <typename Predicate>
    bool wait_for(Predicate holds, Duration patience) EXCLUDES(mutex_)
    {
        const TimePoint deadline = Clock::now() + patience;
        MutexLock lock(mutex_);
        while (!holds(static_cast<const Snapshot &>(data_))) {
            if (Clock::now() >= deadline)
                return false;
            changed_.wait_until(lock, deadline);
        }
        return true;
    }

private:
    Mutex mutex_;
    Condition changed_;
    Snapshot data_ GUARDED_BY(mutex_);
};

} // namespace gsttus::standin
