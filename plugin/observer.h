// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Turns what the upload thread tells into bus messages. Shared with that thread, which may outlive
// the element by a moment: it holds the element weakly.
#pragma once

#include "base/mutex.h"
#include "bus.h"
#include "last_words.h"
#include "tus_sink.h"
#include "upload/live_upload.h"

#include <atomic>

namespace gsttus {

class Observer final : public UploadObserver {
public:
    Observer(GstTusSink *sink, std::string name); // of the recording
    ~Observer() override;
    Observer(const Observer &) = delete;
    Observer &operator=(const Observer &) = delete;

    // From now on a failure is the price of stopping early: a WARNING, not an ERROR.
    void set_draining(bool draining); // EOS waits: GST_MESSAGE_PROGRESS may be posted
    void set_stopping() EXCLUDES(mutex_);

    void set_torn() { torn_ = true; } // what is left is no whole file: said with it

    // Streaming thread, after a write or the drain has failed: returns when the ERROR is on the
    // bus, so that it comes before those that a flow error causes upstream. interrupt() ends it.
    void await_error() EXCLUDES(mutex_);
    void interrupt() EXCLUDES(mutex_);
    void resume() EXCLUDES(mutex_);

    void on_notice(const Notice &notice) override;
    void on_warning(const Error &error) override;
    void on_failed(const Error &error, const std::string &upload_url,
                   const std::string &spool_path) override EXCLUDES(mutex_);
    std::optional<std::string> on_refresh_authorization(int http_status) override;

    GRef<GstTusSink> sink(); // empty: the element is gone

    About about(); // which recording this is
    // GST_MESSAGE_PROGRESS of the drain.
    void post_drain(GstProgressType type, const std::string &text, int percent);

    // What it has left behind; outlives the recording.
    const std::shared_ptr<LastWords> &last_words() const { return last_words_; }

private:
    Error as_left(Error error) const;
    void follow_url(const Notice &notice);

    GWeakRef sink_{};
    const std::string name_;
    std::string told_url_; // upload thread only
    const std::shared_ptr<LastWords> last_words_ = std::make_shared<LastWords>();
    std::atomic<bool> torn_{false};
    std::atomic<bool> left_{false}; // the next text says what is left on disk
    std::atomic<bool> draining_{false};
    Mutex mutex_;
    Condition changed_;
    bool stopping_ GUARDED_BY(mutex_) = false;
    bool failed_ GUARDED_BY(mutex_) = false; // and told
    bool interrupted_ GUARDED_BY(mutex_) = false;
};

} // namespace gsttus
