// Bytes to upload, their hash, and an observer that does not listen: for tests of uploads.
#pragma once

#include "glib/ptr.h"
#include "upload/live_upload.h"

#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

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

class DeafObserver : public UploadObserver {
public:
    void on_notice(const Notice &) override {}

    void on_warning(const Error &) override {}

    void on_failed(const Error &, const std::string &, const std::string &) override {}

    std::optional<std::string> on_refresh_authorization(int) override { return std::nullopt; }
};

} // namespace gsttus::test
