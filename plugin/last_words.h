// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a recording has left behind, and whether somebody has been told: a message that still lies
// on its bus when the element goes to NULL is thrown away there, and nobody would ever know. Then
// it is said on stderr. Any thread; says nothing with a lock held.
#pragma once

#include "base/mutex.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <gst/gst.h>

namespace gsttus {

// Posts `message` (ownership is taken). What it returns becomes TRUE when somebody has taken it
// from the bus, and stays FALSE where there is no bus that anybody could read.
using Taken = std::shared_ptr<const std::atomic<bool>>;
Taken post_watched(GstElement *element, GstMessage *message);

class LastWords {
public:
    // A text of what is left, which was posted; nullptr: it could not be.
    void add(const std::string &text, const Taken &taken) EXCLUDES(mutex_);

    // Nobody will read the bus any more: says what was not taken, once, and from now on at once.
    void say(const std::string &name) EXCLUDES(mutex_); // of the element

    bool all_taken() const EXCLUDES(mutex_);

private:
    struct Word {
        std::string text;
        Taken taken;
    };

    mutable Mutex mutex_;
    std::vector<Word> words_ GUARDED_BY(mutex_);
    bool over_ GUARDED_BY(mutex_) = false;
    std::string name_ GUARDED_BY(mutex_); // when it is over
};

} // namespace gsttus
