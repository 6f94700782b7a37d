// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "upload.h"

#include "base/text.h"

#include <cerrno>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

namespace gsttus::standin {

namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kCopyBlock = 1 << 18;

Error disk_error(std::string_view what)
{
    const int code = errno;
    return Error{.kind = code == ENOSPC ? ErrorKind::kNoSpace : ErrorKind::kDisk,
                 .message = cat(what, ": ", g_strerror(code))};
}

// Calls take(block) for each block of the first `size` bytes of the file.
template <typename Take>
Result<void> read_file(const std::string &path, std::uint64_t size, Take take)
{
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return disk_error("open");
    std::vector<char> block(kCopyBlock);
    Result<void> result;
    while (size > 0 && result) {
        const ssize_t n = read(fd, block.data(), std::min<std::uint64_t>(size, block.size()));
        if (n <= 0) {
            result = disk_error("read");
            break;
        }
        result = take(std::string_view(block.data(), static_cast<std::size_t>(n)));
        size -= static_cast<std::uint64_t>(n);
    }
    ::close(fd);
    return result;
}

void update(GChecksum *hash, std::string_view bytes)
{
    g_checksum_update(hash, reinterpret_cast<const guchar *>(bytes.data()),
                      static_cast<gssize>(bytes.size()));
}

} // namespace

std::string safe_filename(std::string_view name)
{
    if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
        name.remove_prefix(slash + 1);
    const GCharOwn valid(g_utf8_make_valid(name.data(), static_cast<gssize>(name.size())));
    std::string safe = valid.get();
    for (char &c : safe)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/')
            c = '_';
    safe.erase(0, safe.find_first_not_of(". "));
    if (safe.size() > kLongestName) {
        const char *end = g_utf8_find_prev_char(safe.c_str(), safe.c_str() + kLongestName);
        safe.resize(end ? static_cast<std::size_t>(end - safe.c_str()) : 0);
    }
    return safe.empty() ? "upload" : safe;
}

std::string metadata_value(const UploadInfo &info, const char *key)
{
    const auto found = info.metadata.find(key);
    std::string value = found == info.metadata.end() ? "" : found->second;
    while (value.ends_with('\n') || value.ends_with('\r'))
        value.pop_back();
    return value;
}

Upload::Upload(UploadInfo about, std::string dir)
    : info(std::move(about)), dir_(std::move(dir)), hash_(g_checksum_new(G_CHECKSUM_SHA256))
{
    if (stores())
        path_ = cat(dir_, "/.", info.id, ".part");
}

Upload::~Upload()
{
    close();
    if (stores() && (!finished_ || info.part == Part::kPartial))
        g_unlink(path_.c_str());
}

Result<void> Upload::open_for_writing()
{
    if (!stores() || fd_ >= 0)
        return {};
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0)
        return disk_error("the file of the upload can not be opened");
    return {};
}

Result<void> Upload::write(std::string_view bytes)
{
    while (!bytes.empty()) {
        ssize_t n = static_cast<ssize_t>(bytes.size());
        if (stores()) {
            n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset_));
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return disk_error("the upload can not be stored");
        }
        update(hash_.get(), bytes.substr(0, static_cast<std::size_t>(n)));
        offset_ += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

void Upload::close()
{
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = -1;
}

ChecksumOwn Upload::hash_so_far() const
{
    return ChecksumOwn(g_checksum_copy(hash_.get()));
}

Result<void> Upload::truncate(std::uint64_t offset, ChecksumOwn hash)
{
    if (stores() && ::truncate(path_.c_str(), static_cast<off_t>(offset)) != 0)
        return disk_error("truncate");
    offset_ = offset;
    if (!hash)
        return rehash();
    hash_ = std::move(hash);
    return {};
}

Result<void> Upload::rehash()
{
    if (!stores())
        return Error{.kind = ErrorKind::kSettings,
                     .message = "bytes that are not stored can not be hashed again"};
    g_checksum_reset(hash_.get());
    return read_file(path_, offset_, [this](std::string_view block) {
        update(hash_.get(), block);
        return Result<void>();
    });
}

Result<void> Upload::append(const Upload &part)
{
    if (part.offset() == 0)
        return {};
    return read_file(part.path(), part.offset(),
                     [this](std::string_view block) { return write(block); });
}

Result<void> Upload::finish()
{
    if (stores()) {
        // an upload without a byte has no file yet
        if (auto opened = open_for_writing(); !opened)
            return opened;
        close();
        if (info.part != Part::kPartial) {
            const std::string owner = info.video_id ? std::to_string(info.video_id) : info.id;
            const std::string final_path =
                cat(dir_, "/", owner, "-", safe_filename(metadata_value(info, "filename")));
            if (g_rename(path_.c_str(), final_path.c_str()) != 0)
                return disk_error("the finished upload can not be renamed");
            path_ = final_path;
        }
    }
    sha256_ = g_checksum_get_string(ChecksumOwn(g_checksum_copy(hash_.get())).get());
    finished_ = true;
    return {};
}

} // namespace gsttus::standin
