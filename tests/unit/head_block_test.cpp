// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The head of a recording in memory and in its file: what was saved last is found, also after a
// write that was cut off, and any bytes are welcome to its reader.
#include "noise.h"
#include "replay/head_block.h"
#include "test.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <glib/gstdio.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::uint64_t kLimit = 100'000;

class NoRoom final : public FileOps {
public:
    ssize_t write_at(int fd, const void *data, std::size_t length, off_t offset) override
    {
        if (!full)
            return FileOps::write_at(fd, data, length, offset);
        (void)FileOps::write_at(fd, data, length / 2, offset); // what is there is no record
        errno = ENOSPC;
        return -1;
    }

    bool full = false;
};

struct Disk {
    Disk()
    {
        dir = open_file(ops, AT_FDCWD, path.get(), O_RDONLY | O_DIRECTORY);
        g_assert_nonnull(dir.get());
    }

    ~Disk()
    {
        for (const char *name : {kHeadName, kNewHeadName})
            (void)ops.remove_at(dir->get(), name, 0);
        g_assert_cmpint(g_rmdir(path.get()), ==, 0);
    }

    Disk(const Disk &) = delete;
    Disk &operator=(const Disk &) = delete;

    std::optional<Error> save(HeadBlock &head, bool sync = true)
    {
        auto save = head.begin_save(ops, dir, path.get(), sync);
        g_assert_nonnull(save.get());
        const auto result = save->run();
        return head.end_save(std::move(save), result, Clock::now());
    }

    void expect(std::span<const std::byte> bytes)
    {
        const auto found = read_head(ops, dir->get());
        g_assert_cmpuint(found.size(), ==, bytes.size());
        g_assert_true(std::equal(found.begin(), found.end(), bytes.begin()));
    }

    std::string file() const
    {
        const GCharOwn name(g_build_filename(path.get(), kHeadName, nullptr));
        char *text = nullptr;
        gsize length = 0;
        g_assert_true(g_file_get_contents(name.get(), &text, &length, nullptr));
        const GCharOwn own(text);
        return {text, length};
    }

    NoRoom ops;
    GCharOwn path{g_dir_make_tmp("head-XXXXXX", nullptr)};
    FdRef dir;
};

void what_was_saved_last_is_found()
{
    Disk disk;
    HeadBlock head(kLimit, nullptr);
    const auto bytes = noise(2 * kLimit);
    const TimePoint now = Clock::now();
    g_assert_false(head.changed_since().has_value());
    g_assert_cmpuint(head.append(std::span(bytes).first(1000), now), ==, 1000);
    g_assert_true(head.changed_since() == now);
    g_assert_false(disk.save(head).has_value());
    g_assert_false(head.changed_since().has_value());
    disk.expect(head.bytes());
    // more than there is room for
    g_assert_cmpuint(head.append(std::span(bytes).subspan(1000), now), ==, kLimit - 1000);
    g_assert_false(head.takes_more());
    head.rewrite(10, std::span(bytes).last(20), now);
    head.rewrite(kLimit - 1, std::span(bytes).last(1), now);
    g_assert_false(disk.save(head, false).has_value());
    g_assert_true(head.is_unsynced());
    disk.expect(head.bytes());
    g_assert_false(disk.save(head).has_value()); // nothing but the sync
    g_assert_false(head.is_unsynced());
    disk.expect(head.bytes());
}

// It does not grow with the rewriting, however long that goes on.
void file_stays_about_as_long_as_the_head()
{
    Disk disk;
    HeadBlock head(kLimit, nullptr);
    const auto bytes = noise(kLimit);
    (void)head.append(bytes, Clock::now());
    for (unsigned i = 0; i < 400; ++i) {
        const std::uint64_t at = (i * 7919U) % (kLimit - 5000);
        for (unsigned n = 0; n < 1 + i % 3; ++n)
            head.rewrite(at + n * 100, std::span(bytes).subspan(i, 4000), Clock::now());
        g_assert_false(disk.save(head, i % 5 == 0).has_value());
        if (i % 20 == 0)
            disk.expect(head.bytes());
        g_assert_cmpuint(disk.file().size(), <=, 2 * kLimit + (64 << 10) + 20000);
    }
    // so many changes at once that they are one
    for (unsigned i = 0; i < 1000; ++i)
        head.rewrite(i * 50, std::span(bytes).subspan(i, 10), Clock::now());
    g_assert_false(disk.save(head).has_value());
    disk.expect(head.bytes());
}

void disk_that_fails_leaves_what_was_there_and_is_told_once()
{
    Disk disk;
    HeadBlock head(kLimit, nullptr);
    const auto bytes = noise(kLimit);
    (void)head.append(std::span(bytes).first(50000), Clock::now());
    g_assert_false(disk.save(head).has_value());
    const std::vector<std::byte> before(head.bytes().begin(), head.bytes().end());
    disk.ops.full = true;
    head.rewrite(0, std::span(bytes).last(100), Clock::now());
    g_assert_true(disk.save(head).has_value());
    g_assert_true(head.refuses(Clock::now()));
    disk.expect(before);
    g_assert_false(disk.save(head).has_value()); // fails, too
    g_assert_true(head.changed_since().has_value());
    disk.expect(before);
    disk.ops.full = false;
    g_assert_false(disk.save(head).has_value());
    g_assert_false(head.changed_since().has_value());
    disk.expect(head.bytes());
}

// What changes while a save is under way is saved by the next one.
void change_in_the_middle_of_a_save_is_not_lost()
{
    Disk disk;
    HeadBlock head(kLimit, nullptr);
    const auto bytes = noise(kLimit);
    (void)head.append(bytes, Clock::now());
    auto save = head.begin_save(disk.ops, disk.dir, disk.path.get(), true);
    const std::vector<std::byte> before(head.bytes().begin(), head.bytes().end());
    head.rewrite(500, std::span(bytes).first(100), Clock::now());
    const auto result = save->run();
    g_assert_false(head.end_save(std::move(save), result, Clock::now()).has_value());
    disk.expect(before);
    g_assert_true(head.changed_since().has_value());
    g_assert_false(disk.save(head).has_value());
    disk.expect(head.bytes());
    // a folder that was given up
    g_assert_false(head.is_left(disk.path.get()));
    g_assert_true(head.is_left("/elsewhere"));
}

// Wherever it was cut off, or damaged: one of the states that there were.
void any_file_is_welcome()
{
    std::string file = head_file_begin();
    std::vector<std::vector<std::byte>> states(1);
    std::uint32_t chain = 0;
    const auto bytes = noise(3000);
    for (unsigned i = 0; i < 20; ++i) {
        std::vector<std::byte> head = states.back();
        std::string payload;
        for (const std::size_t at : {head.size(), head.size() / 2}) {
            const auto part = std::span(bytes).subspan(i * 40, 30 + i);
            head.resize(std::max(head.size(), at + part.size()));
            std::copy(part.begin(), part.end(), head.begin() + static_cast<std::ptrdiff_t>(at));
            add_head_bytes(payload, at, part);
        }
        file += head_record(payload, chain);
        states.push_back(std::move(head));
    }
    const auto is_a_state = [&](const std::vector<std::byte> &head) {
        return std::find(states.begin(), states.end(), head) != states.end();
    };
    for (std::size_t length = 0; length <= file.size(); ++length)
        g_assert_true(is_a_state(parse_head(std::as_bytes(std::span(file).first(length)))));
    g_assert_true(parse_head(std::as_bytes(std::span(file))) == states.back());
    for (std::size_t at = 0; at < file.size(); ++at) {
        std::string damaged = file;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        g_assert_true(is_a_state(parse_head(std::as_bytes(std::span(damaged)))));
    }
    // a position behind the end of what is there
    std::string gap, odd = head_file_begin();
    add_head_bytes(gap, 5, std::span(bytes).first(3));
    chain = 0;
    odd += head_record(gap, chain);
    g_assert_true(parse_head(std::as_bytes(std::span(odd))).empty());
}

} // namespace

int main(int argc, char **argv)
{
    test::init(argc, argv);
    add_test("/head-block/saved", what_was_saved_last_is_found);
    add_test("/head-block/file-size", file_stays_about_as_long_as_the_head);
    add_test("/head-block/disk-fails", disk_that_fails_leaves_what_was_there_and_is_told_once);
    add_test("/head-block/changes-meanwhile", change_in_the_middle_of_a_save_is_not_lost);
    add_test("/head-block/any-file", any_file_is_welcome);
    return g_test_run();
}
