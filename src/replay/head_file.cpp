// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoding and checking of the head's file. Knows no folder but by its descriptor.
#include "replay/head_file.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace gsttus {

namespace {

constexpr std::string_view kMagic = "GSTTUSH\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kMostFile = std::uint64_t{256} << 20;

template <typename T>
void put(std::string &out, T number)
{
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out.push_back(static_cast<char>((number >> (8 * i)) & 0xff));
}

template <typename T>
std::optional<T> take(std::span<const std::byte> &from)
{
    if (from.size() < sizeof(T))
        return std::nullopt;
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>(value | (static_cast<T>(from[i]) << (8 * i)));
    from = from.subspan(sizeof(T));
    return value;
}

std::span<const std::byte> bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text));
}

std::uint32_t check_of(std::uint32_t chain, std::span<const std::byte> payload)
{
    std::string length;
    put(length, static_cast<std::uint32_t>(payload.size()));
    return crc_of(crc_of(chain, bytes_of(length)), payload);
}

// FALSE: it is none, `head` may be changed all the same.
bool apply(std::span<const std::byte> payload, std::vector<std::byte> &head)
{
    while (!payload.empty()) {
        const auto position = take<std::uint64_t>(payload);
        const auto length = take<std::uint32_t>(payload);
        if (!position || !length || *length > payload.size() || *position > head.size())
            return false;
        const auto at = static_cast<std::size_t>(*position);
        head.resize(std::max(head.size(), at + *length));
        std::copy_n(payload.begin(), *length, head.begin() + static_cast<std::ptrdiff_t>(at));
        payload = payload.subspan(*length);
    }
    return true;
}

} // namespace

std::string head_file_begin()
{
    std::string out(kMagic);
    put(out, kVersion);
    return out;
}

void add_head_bytes(std::string &payload, std::uint64_t position, std::span<const std::byte> bytes)
{
    put(payload, position);
    put(payload, static_cast<std::uint32_t>(bytes.size()));
    payload.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
}

std::string head_record(const std::string &payload, std::uint32_t &chain)
{
    chain = check_of(chain, bytes_of(payload));
    std::string out;
    out.reserve(payload.size() + 8);
    put(out, static_cast<std::uint32_t>(payload.size()));
    put(out, chain);
    return out.append(payload);
}

std::vector<std::byte> parse_head(std::span<const std::byte> file)
{
    std::vector<std::byte> head;
    const std::string begin = head_file_begin();
    if (file.size() < begin.size() ||
        !std::equal(begin.begin(), begin.end(), file.begin(),
                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; }))
        return head;
    file = file.subspan(begin.size());
    for (std::uint32_t chain = 0;;) {
        const auto length = take<std::uint32_t>(file);
        const auto check = take<std::uint32_t>(file);
        if (!length || !check || *length > file.size())
            return head;
        const auto payload = file.first(*length);
        chain = check_of(chain, payload);
        if (chain != *check || !apply(payload, head))
            return head;
        file = file.subspan(*length);
    }
}

std::vector<std::byte> read_head(FileOps &ops, int dir)
{
    const FdRef fd = open_file(ops, dir, kHeadName, O_RDONLY | O_NONBLOCK);

    struct stat info {};

    if (!fd || ::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        static_cast<std::uint64_t>(info.st_size) > kMostFile)
        return {};
    std::vector<std::byte> bytes(static_cast<std::size_t>(info.st_size));
    std::size_t read = 0;
    while (read < bytes.size()) {
        const ssize_t n = ops.read_at(fd->get(), bytes.data() + read, bytes.size() - read,
                                      static_cast<off_t>(read));
        if (n > 0)
            read += static_cast<std::size_t>(n);
        else if (n == 0 || errno != EINTR)
            break;
    }
    return parse_head(std::span(bytes).first(read));
}

} // namespace gsttus
