// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything that the upload thread tells the application, through the observer. Upload thread.
// Decides when something is said, not what it means on a bus. Knows what must never be said: the
// secrets of this upload.
#pragma once

#include "base/redact.h"
#include "upload/process.h"
#include "upload/shared_state.h"

#include <optional>
#include <string>

namespace gsttus {

class Announcer {
public:
    // Both outlive this.
    Announcer(LiveUpload::Core &core, Process::Member &member) : core_(core), member_(member) {}

    // Calls the observer, without the mutex. stop() does not wait long for it.
    template <typename Call>
    auto call(Call call)
    {
        const InCallback scope(core_);
        return call(core_.observer);
    }

    void tell(const Notice &notice); // its addresses and texts as they are
    void warn(const Error &error);   // likewise
    void failed(const Error &error, const std::string &upload_url, const std::string &folder);

    // What is added here is in no text from then on.
    Redactor &secrets() { return secrets_; }

    // What a server may have put into a text of ours is hidden.
    Error shown(Error error) const;

    // `pending`: bytes that the server does not have.
    void pass_on(const Report &report, std::uint64_t pending);
    void pass_on_warnings(); // Core::warnings
    void pass_on(const TargetNotice &notice);
    void progress(bool now = false); // every progress-interval; `now`: also in between

    // When the next progress() has something to say; nullopt: never.
    std::optional<TimePoint> progress_due(Duration interval) const;

private:
    class InCallback {
    public:
        explicit InCallback(LiveUpload::Core &core) : core_(core) { set(Clock::now()); }

        ~InCallback() { set(std::nullopt); }

        InCallback(const InCallback &) = delete;
        InCallback &operator=(const InCallback &) = delete;

    private:
        void set(std::optional<TimePoint> since);

        LiveUpload::Core &core_;
    };

    LiveUpload::Core &core_;
    Process::Member &member_;
    Redactor secrets_;
    TimePoint last_progress_{};
};

} // namespace gsttus
