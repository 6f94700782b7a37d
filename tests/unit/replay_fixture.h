// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of the replay store share: a folder of their own, a stream whose byte at any
// position is known, a disk that fails on demand, and the settings of a small store.
#pragma once

#include "replay/file_ops.h"
#include "replay/replay_store.h"
#include "test.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus::test {

namespace fs = std::filesystem;

inline std::byte stream_byte(std::uint64_t position)
{
    std::uint64_t x = (position / 7 + 1) * 0x9e3779b97f4a7c15ull;
    return static_cast<std::byte>((x >> 32) ^ (position * 131));
}

// The stream's bytes from there, as many as are asked for; computed once as far as most tests go.
inline std::vector<std::byte> stream_bytes(std::uint64_t from, std::size_t length)
{
    static const std::vector<std::byte> beginning = [] {
        std::vector<std::byte> bytes(std::size_t{2} << 20);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = stream_byte(i);
        return bytes;
    }();
    std::vector<std::byte> out(length);
    const std::size_t known =
        from < beginning.size()
            ? std::min(length, beginning.size() - static_cast<std::size_t>(from))
            : 0;
    if (known > 0)
        std::memcpy(out.data(), beginning.data() + from, known);
    for (std::size_t i = known; i < length; ++i)
        out[i] = stream_byte(from + i);
    return out;
}

// Appends the next `length` bytes of the stream; returns how many were taken.
inline std::size_t append(ReplayStore &store, std::size_t length)
{
    return store.append(stream_bytes(store.end(), length));
}

// As the disk thread does with what is in memory, as far as the disk takes it.
inline void spill_all(ReplayStore &store)
{
    store.set_due(TimePoint::max());
    while (auto spill = store.begin_spill()) {
        (void)spill->run();
        store.end_spill(std::move(spill));
    }
}

inline void assert_bytes(const Piece &piece, std::uint64_t from, std::uint64_t to)
{
    std::vector<std::byte> buffer(16384);
    for (std::uint64_t at = from; at < to;) {
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(to - at, buffer.size()));
        const auto n = piece.read(at, std::span(buffer).first(most));
        g_assert_true(n.ok());
        g_assert_cmpuint(*n, >=, 1);
        g_assert_cmpuint(*n, <=, most);
        const auto expected = stream_bytes(at, *n);
        if (std::memcmp(buffer.data(), expected.data(), *n) != 0)
            g_error("wrong bytes behind stream position %" G_GUINT64_FORMAT, at);
        at += *n;
    }
}

// Every byte in [from, to) of the store is the stream's.
inline void assert_holds(const ReplayStore &store, std::uint64_t from, std::uint64_t to)
{
    for (std::uint64_t at = from; at < to;) {
        const auto piece = store.piece(at);
        g_assert_nonnull(piece.get());
        g_assert_cmpuint(piece->begin(), <=, at);
        g_assert_cmpuint(piece->end(), >, at);
        assert_bytes(*piece, at, std::min(to, piece->end()));
        at = piece->end();
    }
}

inline void assert_holds_all(const ReplayStore &store)
{
    assert_holds(store, store.begin(), store.end());
}

class TempDir {
public:
    TempDir()
    {
        // In memory where that is possible: thousands of small files would only tire the disk.
        const fs::path shared = "/dev/shm";
        std::error_code error; // containers often have 64 MiB there
        const bool usable = ::access(shared.c_str(), W_OK | X_OK) == 0 &&
                            fs::space(shared, error).available > std::uintmax_t{512} << 20 &&
                            !error;
        std::string name =
            ((usable ? shared : fs::temp_directory_path()) / "gst-tus-replay-XXXXXX").string();
        g_assert_nonnull(::mkdtemp(name.data()));
        path_ = name;
    }

    ~TempDir()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }

    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;

    std::string spool() const { return path_ + "/cache/spool"; }

    const std::string &path() const { return path_; }

    std::vector<std::string> entries(const std::string &dir) const
    {
        std::vector<std::string> names;
        std::error_code error;
        for (const auto &entry : fs::directory_iterator(dir, error))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    // Files below the spool folder whose names end like that.
    std::size_t count(const std::string &suffix) const
    {
        std::size_t n = 0;
        std::error_code error;
        for (const auto &entry : fs::recursive_directory_iterator(spool(), error))
            n += entry.path().string().ends_with(suffix) ? 1 : 0;
        return n;
    }

private:
    std::string path_;
};

inline std::string read_file(const fs::path &path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const fs::path &path, const std::string &content)
{
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << content;
}

// A disk on which call number `fail_from` and `failures - 1` more after it fail with `error`.
// Failing writes may write a part first. Its clock moves only by hand.
class FaultyOps : public FileOps {
public:
    std::atomic<std::uint64_t> calls{0};
    std::uint64_t fail_from = ~std::uint64_t{0};
    std::uint64_t failures = 1;
    int error = EIO;
    bool partial = false; // half of a failing write gets through
    std::optional<std::uint64_t> free_bytes;
    std::atomic<std::int64_t> seconds_passed{0};

    bool failing()
    {
        const auto call = calls.fetch_add(1);
        if (call < fail_from || call - fail_from >= failures)
            return false;
        errno = error;
        return true;
    }

    int open_at(int dir, const char *name, int flags, mode_t mode) override
    {
        // Opening for reading is not counted: the checks of a test do that.
        const bool for_reading = (flags & (O_ACCMODE | O_CREAT | O_DIRECTORY)) == O_RDONLY;
        return !for_reading && failing() ? -1 : FileOps::open_at(dir, name, flags, mode);
    }

    int make_dir_at(int dir, const char *name, mode_t mode) override
    {
        return failing() ? -1 : FileOps::make_dir_at(dir, name, mode);
    }

    int remove_at(int dir, const char *name, int flags) override
    {
        return failing() ? -1 : FileOps::remove_at(dir, name, flags);
    }

    int rename_at(int dir, const char *from, const char *to) override
    {
        return failing() ? -1 : FileOps::rename_at(dir, from, to);
    }

    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override
    {
        if (!failing())
            return FileOps::write_at(fd, data, length, offset);
        if (partial && length > 1 && !halved_) {
            halved_ = true;
            return FileOps::write_at(fd, data, length / 2, offset);
        }
        halved_ = false;
        errno = error;
        return -1;
    }

    int truncate(int fd, off_t length) override
    {
        return failing() ? -1 : FileOps::truncate(fd, length);
    }

    int sync_data(int fd) override { return failing() ? -1 : FileOps::sync_data(fd); }

    int sync_all(int fd) override { return failing() ? -1 : FileOps::sync_all(fd); }

    std::optional<std::uint64_t> free_space(int dir) override
    {
        return free_bytes ? free_bytes : FileOps::free_space(dir);
    }

    TimePoint now() override { return TimePoint{} + seconds(1000 + seconds_passed.load()); }

private:
    bool halved_ = false;
};

// A disk on which the files below `folder` have so many bytes together, each in whole blocks: short
// writes, then none.
class SmallDisk final : public FileOps {
public:
    SmallDisk(std::string folder, std::uint64_t size, std::uint64_t block = 1)
        : folder_(std::move(folder)), size_(size), block_(block)
    {
    }

    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override
    {
        struct stat info {};

        g_assert_cmpint(::fstat(fd, &info), ==, 0);
        const std::uint64_t taken = blocks(static_cast<std::uint64_t>(info.st_size));
        const std::uint64_t within = taken - std::min(taken, static_cast<std::uint64_t>(offset));
        const std::uint64_t left = (size_ - std::min(size_, used())) / block_ * block_;
        const std::size_t n = std::min<std::uint64_t>(length, within + left);
        if (n == 0) {
            errno = ENOSPC;
            return -1;
        }
        return FileOps::write_at(fd, data, n, offset);
    }

    // From now on, so much more than there is.
    void leave(std::uint64_t bytes) { size_ = used() + bytes; }

private:
    std::uint64_t used() const
    {
        std::uint64_t sum = 0;
        std::error_code error; // a file that goes just now
        for (const auto &entry : fs::recursive_directory_iterator(folder_, error))
            sum += entry.is_regular_file(error) ? blocks(entry.file_size(error)) : 0;
        return sum;
    }

    // What a file of that size takes.
    std::uint64_t blocks(std::uint64_t size) const { return (size + block_ - 1) / block_ * block_; }

    const std::string folder_;
    std::uint64_t size_;
    const std::uint64_t block_;
};

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kWindow = 64 * kKiB; // of memory
constexpr std::uint64_t kBlock = 4 * kKiB;   // of that

// Where the stores of a test are.
struct StoreTest {
    TempDir dir;
    FaultyOps disk;

    ReplayConfig config(SpoolMode mode, std::uint64_t margin = 0) const
    {
        ReplayConfig out;
        out.max_memory = kWindow;
        out.rollback_margin = margin;
        out.spool_mode = mode;
        out.spool_dir = dir.spool();
        out.max_spool_size = 200 * kMiB;
        return out;
    }
};

} // namespace gsttus::test
