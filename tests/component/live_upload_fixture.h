// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the live_upload programs share: a listener to wait on, and an upload with the real transport
// to a stand-in of its own. Every case ends with the same question: does the server have exactly
// the bytes that were written, and did every PATCH go to an offset that the server had announced?
#pragma once

#include "base/log.h"
#include "glib/ptr.h"
#include "http/soup_transport.h"
#include "noise.h"
#include "patience.h"
#include "standin/standin.h"
#include "test.h"
#include "upload/live_upload.h"
#include "upload/tus_target.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gsttus::test {

using gsttus::standin::Snapshot;
using gsttus::standin::Standin;
using gsttus::standin::StandinOptions;
using gsttus::standin::UploadRecord;

inline const seconds kPatience = patience(seconds(30));

// Everything that the observer is told, for tests to wait on.
class Listener final : public UploadObserver {
public:
    void on_notice(const Notice &notice) override
    {
        note([&] {
            if (const auto *created = std::get_if<UploadCreated>(&notice))
                created_.push_back(*created);
            else if (const auto *progress = std::get_if<UploadProgress>(&notice)) {
                progress_ = *progress;
                ++beats_;
            } else if (const auto *stalled = std::get_if<UploadStalled>(&notice))
                stalls_.push_back(*stalled);
            else if (const auto *resumed = std::get_if<UploadResumed>(&notice))
                resumes_.push_back(*resumed);
            else if (const auto *complete = std::get_if<UploadComplete>(&notice))
                complete_ = *complete;
            else if (const auto *kept = std::get_if<UploadKept>(&notice))
                kept_.push_back(*kept);
        });
        if (stop_when_stalled_ && std::holds_alternative<UploadStalled>(notice))
            std::exchange(stop_when_stalled_, nullptr)->stop(OnStop::kFinish);
    }

    void on_warning(const Error &error) override
    {
        note([&] { warnings_.push_back(error); });
    }

    void on_failed(const Error &error, const std::string &, const std::string &spool_path) override
    {
        note([&] {
            failure_ = error;
            spool_path_ = spool_path;
        });
    }

    std::optional<std::string> on_refresh_authorization(int) override
    {
        MutexLock lock(mutex_);
        ++refreshes_;
        changed_.notify_all();
        while (hold_refresh_)
            changed_.wait(lock);
        return fresh_authorization_;
    }

    template <typename Holds>
    bool wait_for(Holds holds)
    {
        const TimePoint deadline = Clock::now() + kPatience;
        MutexLock lock(mutex_);
        while (!holds(*this)) {
            if (Clock::now() >= deadline)
                return false;
            changed_.wait_until(lock, deadline);
        }
        return true;
    }

    void let_go()
    {
        note([&] { hold_refresh_ = false; });
    }

    // What it was told of an upload that is over.
    void forget()
    {
        note([&] {
            created_.clear();
            progress_ = {};
            stalls_.clear();
            resumes_.clear();
            warnings_.clear();
            complete_.reset();
            kept_.clear();
            failure_.reset();
            spool_path_.clear();
        });
    }

    bool hold_refresh_ = false;               // on_refresh_authorization() blocks until let_go()
    LiveUpload *stop_when_stalled_ = nullptr; // the upload thread stops itself

    // read under wait_for(), or after the upload has stopped
    UploadProgress progress_;
    std::uint64_t beats_ = 0; // messages of progress: the upload thread is alive
    std::vector<UploadCreated> created_;
    std::vector<UploadStalled> stalls_;
    std::vector<UploadResumed> resumes_;
    std::vector<Error> warnings_;
    std::optional<UploadComplete> complete_;
    std::vector<UploadKept> kept_;
    std::optional<Error> failure_;
    std::string spool_path_;
    int refreshes_ = 0;
    std::optional<std::string> fresh_authorization_;

private:
    template <typename Change>
    void note(Change change)
    {
        MutexLock lock(mutex_);
        change();
        changed_.notify_all();
    }

    Mutex mutex_;
    Condition changed_;
};

inline UploadConfig quick_config()
{
    UploadConfig config;
    config.chunk_size = 64 << 10;
    config.max_chunk_size = 0; // many requests, of which each may fail
    config.replay.spool_mode = SpoolMode::kNever;
    config.keep_until_proved = false; // spool folders are empty afterwards
    config.runtime.flush_interval = milliseconds(20);
    config.runtime.timeout = seconds(3);
    config.stop_timeout = patience(milliseconds(3000));
    config.seed = 1;
    return config;
}

struct Recording {
    explicit Recording(StandinOptions options = {}, UploadConfig config = quick_config())
    {
        Result<std::unique_ptr<Standin>> started = Standin::start(std::move(options));
        if (!started)
            g_error("stand-in: %s", started.error().message.c_str());
        server = std::move(*started);
        begin(std::move(config), server->files_url());
    }

    void begin(UploadConfig config, const std::string &endpoint,
               std::unique_ptr<ReplayStore> store = nullptr)
    {
        upload = std::make_unique<LiveUpload>(
            std::move(config),
            std::make_unique<TusTarget>(endpoint, Metadata{{"filename", "noise.bin"}}), transport,
            listener, std::move(store));
        upload->set_hints({});
    }

    void write(std::span<const std::byte> bytes, std::size_t piece = 10000)
    {
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            const auto part = bytes.subspan(at, std::min(piece, bytes.size() - at));
            const WriteResult result = upload->write(part);
            g_assert_true(result.status == WriteStatus::kOk);
            g_assert_cmpuint(result.taken, ==, part.size());
        }
    }

    // `bytes` are at the server, once, and no request was out of order.
    void check_stored(std::span<const std::byte> bytes, bool silent_server = false) const
    {
        const Snapshot snapshot = server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        g_assert_cmpuint(record->offset, ==, bytes.size());
        ASSERT_STR(record->sha256, sha256(bytes));
        g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
        if (!silent_server) // which does not see that a connection was given up
            g_assert_cmpuint(snapshot.interrupted_patches, ==, 0);
    }

    Listener listener;
    TransportFactory transport = [] {
        return make_soup_transport(HttpConfig{.user_agent = "test"});
    };
    std::unique_ptr<Standin> server;
    std::unique_ptr<LiveUpload> upload;
};

inline bool comes_true(const std::function<bool()> &holds)
{
    const TimePoint deadline = Clock::now() + kPatience;
    while (!holds()) {
        if (Clock::now() >= deadline)
            return false;
        g_usleep(1000);
    }
    return true;
}

// main() of every program: its tests are those that `add` adds.
inline int run(int argc, char **argv, void (*add)())
{
    init(argc, argv);
    // seen with --verbose, and when a case fails
    set_log_sink([](LogLevel, const char *area, std::string_view text, const LogPlace &) {
        g_test_message("%s: %.*s", area, static_cast<int>(text.size()), text.data());
    });
    add();
    return g_test_run();
}

} // namespace gsttus::test
