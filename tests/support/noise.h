// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Bytes to upload, their hash, and observers that do not listen, or only to what is confirmed: for
// tests of uploads.
#pragma once

#include "base/mutex.h"
#include "glib/ptr.h"
#include "replay/recovery.h"
#include "upload/live_upload.h"

#include <filesystem>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <glib/gstdio.h>

namespace gsttus::test {

// The same for the same seed, and the longer one begins with the shorter one.
inline std::vector<std::byte> noise(std::size_t size, unsigned seed = 7)
{
    std::mt19937 random(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte &byte : bytes)
        byte = static_cast<std::byte>(random());
    return bytes;
}

inline std::string sha256(std::span<const std::byte> bytes)
{
    const GCharOwn text(g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(bytes.data()), bytes.size()));
    return text.get();
}

// 0 if nothing of any upload is left there.
inline int remove_spool(const char *folder)
{
    const GCharOwn proofs(g_build_filename(folder, "proofs", nullptr));
    (void)g_unlink(proofs.get()); // what servers have shown stays
    return g_rmdir(folder);
}

// All uploads of a folder can be deleted, and then nothing is left in it.
inline void assert_can_be_deleted(const char *folder)
{
    const auto listed = list_uploads(folder);
    g_assert_true(listed.ok());
    for (const SpooledUpload &upload : *listed) {
        const auto deleted = delete_upload(folder, upload.id);
        if (!deleted.ok())
            g_error("%s: %s", upload.id.c_str(), deleted.error().message.c_str());
    }
    if (remove_spool(folder) == 0)
        return;
    for (const auto &left : std::filesystem::recursive_directory_iterator(folder))
        g_printerr("# left: %s\n", left.path().c_str());
    g_error("%s can not be deleted", folder);
}

class DeafObserver : public UploadObserver {
public:
    void on_notice(const Notice &) override {}

    void on_warning(const Error &) override {}

    void on_failed(const Error &, const std::string &, const std::string &) override {}

    std::optional<std::string> on_refresh_authorization(int) override { return std::nullopt; }
};

// Lets a test wait for what the server has confirmed.
class AckObserver : public DeafObserver {
public:
    void on_notice(const Notice &notice) override
    {
        const auto *progress = std::get_if<UploadProgress>(&notice);
        if (!progress)
            return;
        MutexLock lock(mutex_);
        acked_ = progress->bytes_acked;
        changed_.notify_all();
    }

    void wait_acked(std::uint64_t bytes)
    {
        MutexLock lock(mutex_);
        while (acked_ < bytes)
            changed_.wait(lock); // the test's time limit ends it
    }

private:
    Mutex mutex_;
    Condition changed_;
    std::uint64_t acked_ GUARDED_BY(mutex_) = 0;
};

} // namespace gsttus::test
