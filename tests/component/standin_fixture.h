// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A stand-in for one test, and the few steps that every test of it takes.
#pragma once

#include "base/text.h"
#include "patience.h"
#include "raw_http.h"
#include "standin/standin.h"
#include "test.h"

#include <string>

namespace gsttus::test {

inline const std::string kTus = "Tus-Resumable: 1.0.0\r\n";
inline const std::string kBody =
    kTus + "Content-Type: application/offset+octet-stream\r\n"; // of a PATCH
inline const std::string kKey = "Authorization: APIKey 1234$0d16599c\r\n";

inline standin::StandinOptions quick_options()
{
    standin::StandinOptions options;
    options.api_key = "1234$0d16599c";
    options.examine = false;
    options.status_step = milliseconds(1);
    return options;
}

inline std::unique_ptr<standin::Standin> start_standin(standin::StandinOptions options)
{
    auto started = standin::Standin::start(std::move(options));
    if (!started)
        g_error("the stand-in did not start: %s", started.error().message.c_str());
    return std::move(*started);
}

inline std::string base64(std::string_view text)
{
    const GCharOwn encoded(
        g_base64_encode(reinterpret_cast<const guchar *>(text.data()), text.size()));
    return encoded.get();
}

inline std::string path_of(const std::string &location)
{
    const std::size_t scheme = location.find("://");
    return scheme == std::string::npos ? location : location.substr(location.find('/', scheme + 3));
}

// POST /files/ with these headers; the path of the new upload.
inline std::string create_upload(const std::string &url, const std::string &headers)
{
    const RawAnswer created = ask(url, "POST", "/files/", kTus + headers);
    g_assert_cmpint(created.status, ==, 201);
    return path_of(created.header("location"));
}

inline RawAnswer patch(const std::string &url, const std::string &path, std::uint64_t offset,
                       std::string_view body, const std::string &headers = "")
{
    return ask(url, "PATCH", path, cat(kBody, "Upload-Offset: ", offset, "\r\n", headers), body);
}

inline RawAnswer head(const std::string &url, const std::string &path)
{
    return ask(url, "HEAD", path, kTus);
}

inline std::string sha256(std::string_view bytes)
{
    const GCharOwn text(g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(bytes.data()), bytes.size()));
    return text.get();
}

inline std::string file_content(const std::string &path)
{
    char *data = nullptr;
    gsize size = 0;
    g_assert_true(g_file_get_contents(path.c_str(), &data, &size, nullptr));
    std::string content(data, size);
    g_free(data);
    return content;
}

// Not compressible, not repeating, the same in every run.
inline std::string noise(std::size_t size)
{
    std::string bytes(size, '\0');
    std::uint32_t state = 2463534242U;
    for (char &byte : bytes) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        byte = static_cast<char>(state);
    }
    return bytes;
}

} // namespace gsttus::test
