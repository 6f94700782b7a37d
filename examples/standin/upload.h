// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One upload of the tus server: what is known of it, and its bytes on disk (or only their
// hash). Bytes are written as they arrive. Does not know HTTP, nor who may send what.
#pragma once

#include "base/result.h"
#include "glib/ptr.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <glib.h>

namespace gsttus::standin {

using ChecksumOwn = std::unique_ptr<GChecksum, GDelete<&g_checksum_free>>;

// A file name that stays in its folder, whatever a client has sent.
std::string safe_filename(std::string_view name);

enum class Part { kNone, kPartial, kFinal };

// What was said about an upload when it was created.
struct UploadInfo {
    std::string id;
    std::string url_path;     // "/upload/ID"
    std::string raw_metadata; // as it was sent, for HEAD
    std::map<std::string, std::string> metadata{};
    Part part = Part::kNone;
    std::vector<std::string> parts{}; // of a final upload: ids, in order
    std::string raw_concat{};
    std::uint64_t video_id = 0;  // 0: not for a Gcore video
    std::int64_t expires_us = 0; // wall clock; 0: never
};

// What a client wrote in a metadata value, without the newline of Gcore's own shell example.
std::string metadata_value(const UploadInfo &info, const char *key);

class Upload {
public:
    // dir empty: nothing is stored, only counted and hashed.
    Upload(UploadInfo info, std::string dir);
    ~Upload(); // an unfinished upload's file goes
    Upload(const Upload &) = delete;
    Upload &operator=(const Upload &) = delete;

    const UploadInfo info;
    std::optional<std::uint64_t> length{};
    const void *writer = nullptr;        // who holds the lock, nullptr: nobody
    std::set<std::uint64_t> announced{}; // offsets that were told to the client
    bool expired = false;                // made so by a fault
    bool finish_refused = false;         // by a habit

    std::uint64_t offset() const { return offset_; }

    bool finished() const { return finished_; }

    bool stores() const { return !dir_.empty(); }

    const std::string &path() const { return path_; }

    const std::string &sha256() const { return sha256_; }

    Result<void> open_for_writing();
    Result<void> write(std::string_view bytes); // at offset()
    void close();

    // Back to where it was; the hash of then goes with it (nullptr: read the file again).
    Result<void> truncate(std::uint64_t offset, ChecksumOwn hash);
    ChecksumOwn hash_so_far() const;

    // The bytes of another upload behind ours.
    Result<void> append(const Upload &part);

    // All bytes are here: the file gets its name.
    Result<void> finish();

private:
    Result<void> rehash();

    const std::string dir_;
    std::string path_;
    std::string sha256_;
    std::uint64_t offset_ = 0;
    int fd_ = -1;
    bool finished_ = false;
    ChecksumOwn hash_;
};

} // namespace gsttus::standin
