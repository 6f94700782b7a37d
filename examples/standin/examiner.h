// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks into finished files with GstDiscoverer, one after the other, on a thread of its own,
// and within a bounded time. Knows nothing of uploads and videos.
#pragma once

#include "base/mutex.h"
#include "playlist.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace gsttus::standin {

struct MediaInfo {
    bool valid = false; // it is media: at least one stream of picture or sound
    std::uint64_t duration_ms = 0;
    std::uint64_t width = 0;
    std::uint64_t height = 0;
    std::uint64_t audio_channels = 0;
    std::shared_ptr<const Streams> streams{}; // nullptr: it cannot be played over HLS as it is
};

class Examiner {
public:
    using Done = std::function<void(const MediaInfo &)>; // called on the examiner's thread

    Examiner() = default;
    ~Examiner(); // waits for a file that is being looked at, at most kPatience
    Examiner(const Examiner &) = delete;
    Examiner &operator=(const Examiner &) = delete;

    void examine(std::string path, Done done) EXCLUDES(mutex_);

private:
    struct Job {
        std::string path;
        Done done;
    };

    void run() EXCLUDES(mutex_);

    Mutex mutex_;
    Condition changed_;
    std::deque<Job> jobs_ GUARDED_BY(mutex_){};
    bool stop_ GUARDED_BY(mutex_) = false;
    std::thread thread_{}; // started with the first file, by the one thread that calls examine()
};

} // namespace gsttus::standin
