// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of gst-tus-recover share: a server, a spool folder, recordings that are left in
// it, and the program itself (its path comes in GST_TUS_RECOVER).
#pragma once

#include "base/text.h"
#include "gcore/gcore_target.h"
#include "glib/ptr.h"
#include "http/soup_transport.h"
#include "noise.h"
#include "patience.h"
#include "replay/journal.h"
#include "replay/recovery.h"
#include "standin/standin.h"
#include "test.h"
#include "upload/live_upload.h"
#include "upload/tus_target.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gsttus::test {

using standin::Snapshot;
using standin::Standin;
using standin::StandinOptions;
using standin::UploadRecord;

inline constexpr const char *kKey = "1234$recover-test-key";

struct Run {
    int status = -1;
    std::string out, err;

    bool says(std::string_view text) const { return (out + err).find(text) != std::string::npos; }
};

// "127.0.0.1:PORT"
inline std::string host_of(const std::string &url)
{
    const std::size_t from = url.find("://") + 3;
    return url.substr(from, url.find('/', from) - from);
}

// The program with these arguments only. `changes`: "NAME=VALUE" sets a variable, "NAME" unsets it.
inline Run run_recover(const std::vector<std::string> &arguments,
                       const std::vector<std::string> &changes = {})
{
    std::vector<const char *> argv = {g_getenv("GST_TUS_RECOVER")};
    for (const std::string &argument : arguments)
        argv.push_back(argument.c_str());
    argv.push_back(nullptr);
    std::unique_ptr<char *, GDelete<&g_strfreev>> environment(g_get_environ());
    for (const std::string &change : changes) {
        const std::size_t equals = std::min(change.find('='), change.size());
        const std::string name = change.substr(0, equals);
        environment.reset(equals == change.size()
                              ? g_environ_unsetenv(environment.release(), name.c_str())
                              : g_environ_setenv(environment.release(), name.c_str(),
                                                 change.c_str() + equals + 1, TRUE));
    }
    char *out = nullptr;
    char *err = nullptr;
    int wait_status = 0;
    GError *raw = nullptr;
    if (!g_spawn_sync(nullptr, const_cast<char **>(argv.data()), environment.get(), G_SPAWN_DEFAULT,
                      nullptr, nullptr, &out, &err, &wait_status, &raw))
        g_error("gst-tus-recover: %s", raw->message);
    const GCharOwn own_out(out);
    const GCharOwn own_err(err);
    g_test_message("%s%s", out, err);
    // a secret in what people see would be one in every log
    g_assert_null(strstr(out, kKey));
    g_assert_null(strstr(err, kKey));
    return {WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1, out, err};
}

struct Case {
    explicit Case(StandinOptions options = {}) : folder(g_dir_make_tmp("recover-XXXXXX", nullptr))
    {
        options.api_key = kKey;
        options.examine = false; // noise is no video: it would be kept
        auto started = Standin::start(std::move(options));
        if (!started)
            g_error("stand-in: %s", started.error().message.c_str());
        server = std::move(*started);
    }

    ~Case()
    {
        // nothing of the uploads may be left once all are finished
        g_assert_cmpint(remove_spool(folder.get()), ==, 0);
    }

    UploadConfig config(SpoolMode mode) const
    {
        UploadConfig config;
        config.chunk_size = 64 << 10;
        config.max_chunk_size = 0;
        config.replay.spool_mode = mode;
        config.replay.spool_dir = folder.get();
        config.replay.max_memory = 256 << 10;
        config.replay.rollback_margin = 0;
        config.keep_until_proved = mode == SpoolMode::kAlways;
        config.runtime.flush_interval = milliseconds(10);
        config.stop_timeout = patience(milliseconds(500));
        return config;
    }

    std::unique_ptr<Target> tus_target() const
    {
        return std::make_unique<TusTarget>(server->files_url(),
                                           Metadata{{"filename", "left-behind.bin"}});
    }

    std::unique_ptr<Target> gcore_target() const
    {
        GcoreConfig config;
        config.api_key = kKey;
        config.api_url = server->url();
        config.video_name = "left behind";
        auto target = make_gcore_target(std::move(config));
        g_assert_true(target.ok());
        return std::move(*target);
    }

    // One recording that stops in the middle.
    void leave(std::unique_ptr<Target> target, SpoolMode mode, std::span<const std::byte> bytes,
               bool away_after_half, OnStop policy = OnStop::kKeep)
    {
        DeafObserver observer;
        LiveUpload upload(
            config(mode), std::move(target),
            [] { return make_soup_transport(HttpConfig{.user_agent = "test"}); }, observer);
        upload.set_hints({});
        upload.start();
        const auto half = bytes.first(bytes.size() / 2);
        g_assert_true(upload.write(half).status == WriteStatus::kOk);
        if (away_after_half) {
            g_assert_true(server->wait_for(
                [&](const Snapshot &now) { return now.bytes_received > half.size() / 2; },
                patience(seconds(20))));
            server->go_away();
        }
        g_assert_true(upload.write(bytes.subspan(half.size())).status == WriteStatus::kOk);
        upload.stop(policy);
    }

    Run recover(std::vector<const char *> arguments) const
    {
        std::vector<std::string> all(arguments.begin(), arguments.end());
        all.emplace_back(folder.get());
        return run_recover(all);
    }

    // For this server.
    std::string named(std::string_view value) const
    {
        return cat(host_of(server->url()), '=', value);
    }

    // What the journal in that folder says.
    static JournalState read_journal(const std::string &path)
    {
        char *text = nullptr;
        gsize length = 0;
        g_assert_true(g_file_get_contents((path + "/journal").c_str(), &text, &length, nullptr));
        const GCharOwn own(text);
        return parse_journal(std::as_bytes(std::span(text, length))).state;
    }

    static void write_journal(const std::string &path, const JournalState &state)
    {
        FileOps &ops = real_file_ops();
        const FdRef dir = open_file(ops, AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
        g_assert_cmpint(Journal(ops).rewrite(dir->get(), state), ==, 0);
    }

    void check_stored(std::span<const std::byte> bytes) const
    {
        const Snapshot snapshot = server->snapshot();
        const UploadRecord *record = snapshot.only_finished();
        g_assert_nonnull(record);
        g_assert_cmpuint(record->offset, ==, bytes.size());
        ASSERT_STR(record->sha256, sha256(bytes));
        g_assert_cmpuint(snapshot.unannounced_offsets, ==, 0);
    }

    GCharOwn folder;
    std::unique_ptr<Standin> server;
};

} // namespace gsttus::test
