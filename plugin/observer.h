// Turns what the upload thread tells into bus messages. Shared with that thread, which may outlive
// the element by a moment: it holds the element weakly.
#pragma once

#include "base/mutex.h"
#include "tus_sink.h"
#include "upload/live_upload.h"

#include <atomic>

namespace gsttus {

class Observer final : public UploadObserver {
public:
    explicit Observer(GstTusSink *sink);
    ~Observer() override;
    Observer(const Observer &) = delete;
    Observer &operator=(const Observer &) = delete;

    // From now on a failure is the price of stopping early: a WARNING, not an ERROR.
    void set_draining(bool draining); // EOS waits: GST_MESSAGE_PROGRESS may be posted
    void set_stopping() EXCLUDES(mutex_);

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

private:
    GWeakRef sink_{};
    std::atomic<bool> draining_{false};
    Mutex mutex_;
    Condition changed_;
    bool stopping_ GUARDED_BY(mutex_) = false;
    bool failed_ GUARDED_BY(mutex_) = false; // and told
    bool interrupted_ GUARDED_BY(mutex_) = false;
};

} // namespace gsttus
