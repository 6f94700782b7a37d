// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The journal of a spooled upload as an attacker or a dying disk might leave it: whatever the
// bytes, reading them must not crash, and what a journal says is what is written again.
#include "replay/journal.h"
#include "replay/recovery.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

// A spool folder with one upload in it; only its journal changes from input to input.
class Spool {
public:
    Spool()
    {
        const bool shared = ::access("/dev/shm", W_OK | X_OK) == 0;
        const fs::path parent = shared ? fs::path("/dev/shm") : fs::temp_directory_path();
        std::string name = (parent / "gst-tus-fuzz-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            std::abort();
        path_ = name;
        fs::create_directories(folder());
        std::ofstream(folder() / "lock").close();
        std::ofstream data(folder() / "00000001.spill", std::ios::binary);
        for (int i = 0; i < 1000; ++i)
            data.put(static_cast<char>(i));
    }

    ~Spool()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }

    Spool(const Spool &) = delete;
    Spool &operator=(const Spool &) = delete;

    fs::path folder() const { return fs::path(path_) / "upload-1"; }

    const std::string &path() const { return path_; }

private:
    std::string path_;
};

const Spool &spool()
{
    static const Spool one;
    return one;
}

void require(bool condition)
{
    if (!condition)
        std::abort();
}

// Every byte that a recovery offers can be read, and is one of the file's.
void recover(std::span<const std::uint8_t> input)
{
    std::ofstream(spool().folder() / "journal", std::ios::binary)
        .write(reinterpret_cast<const char *>(input.data()),
               static_cast<std::streamsize>(input.size()));
    const auto uploads = gsttus::list_uploads(spool().path());
    require(uploads.ok() && uploads->size() == 1);
    const auto opened = gsttus::open_upload(spool().path(), "upload-1");
    if (!opened)
        return;
    const auto &store = *opened->store;
    require(store.begin() <= store.end());
    for (std::uint64_t at = store.begin(); at < store.end();) {
        const auto piece = store.piece(at);
        require(piece && piece->begin() <= at && piece->end() > at);
        std::vector<std::byte> out(64);
        const auto n = piece->read(at, out);
        require(n.ok() && *n > 0);
        at += *n;
    }
}

// With its check values right, the input would rarely get past the header: they are mended first.
void mend(std::vector<std::byte> &bytes)
{
    const auto number = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 4; i-- > 0;)
            value = value << 8 | static_cast<std::uint32_t>(bytes[at + i]);
        return value;
    };
    const auto put = [&](std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i)
            bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
    };
    if (bytes.size() < 24)
        return;
    std::uint32_t chain = gsttus::crc_of(0, std::span(bytes).first(20));
    put(20, chain);
    for (std::size_t at = 24; at + 8 <= bytes.size();) {
        const std::uint32_t length = number(at);
        if (length > bytes.size() - at - 8)
            return;
        chain = gsttus::crc_of(chain, std::span(bytes).subspan(at, 4));
        chain = gsttus::crc_of(chain, std::span(bytes).subspan(at + 8, length));
        put(at + 4, chain);
        at += 8 + length;
    }
}

// What a journal says is what is read after it was written again.
void write_again(const gsttus::JournalState &state)
{
    auto &ops = gsttus::real_file_ops();
    const auto dir =
        gsttus::open_file(ops, AT_FDCWD, (spool().folder() / ".").c_str(), O_RDONLY | O_DIRECTORY);
    gsttus::Journal journal(ops);
    require(journal.rewrite(dir->get(), state) == 0);
    std::ifstream in(spool().folder() / "journal", std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(in), {}};
    const auto again = gsttus::parse_journal(std::as_bytes(std::span(text)));
    require(again.complete && again.cut.empty());
    require(again.state.notes == state.notes && again.state.acked == state.acked);
    require(again.state.data.size() == state.data.size());
    fs::remove(spool().folder() / "journal.old");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    recover({data, size});
    std::vector<std::byte> mended(size);
    for (std::size_t i = 0; i < size; ++i)
        mended[i] = static_cast<std::byte>(data[i]);
    mend(mended);
    recover({reinterpret_cast<const std::uint8_t *>(mended.data()), mended.size()});
    write_again(gsttus::parse_journal(mended).state);
    return 0;
}
