// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A recovery puts the head behind the rest, once, whatever the crash left of journal and files.
#include "base/text.h"
#include "glib/ptr.h"
#include "noise.h"
#include "recover/late_head.h"
#include "test.h"
#include "upload/note_names.h"

#include <filesystem>

using namespace gsttus;
using namespace gsttus::test;

namespace {

constexpr std::uint64_t kAt = 1000, kSize = 100;

struct Disk {
    Disk()
    {
        ReplayConfig config;
        config.spool_mode = SpoolMode::kAlways;
        config.spool_dir = folder.get();
        store = std::make_unique<ReplayStore>(std::move(config));
        notes.header = notes.size = kSize;
        notes.at = kAt;
    }

    ~Disk()
    {
        store.reset();
        std::filesystem::remove_all(folder.get());
    }

    Disk(const Disk &) = delete;
    Disk &operator=(const Disk &) = delete;

    std::vector<std::byte> stored(std::uint64_t from) const
    {
        std::vector<std::byte> out;
        while (from < store->end()) {
            std::vector<std::byte> some(4096);
            const auto got = store->piece(from)->read(from, some);
            g_assert_true(got.ok());
            out.insert(out.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*got));
            from += *got;
        }
        return out;
    }

    GCharOwn folder{g_dir_make_tmp("late-XXXXXX", nullptr)};
    std::unique_ptr<ReplayStore> store;
    HeadNotes notes;
};

// What the server has, as the parts' note says it, reached the disk; how far it is did not.
void head_that_the_server_has_is_not_placed_again()
{
    for (const std::uint64_t body : {std::uint64_t{0}, std::uint64_t{500}, kAt, kAt + 50}) {
        Disk disk;
        (void)disk.store->append(noise(body));
        const auto placed = place_head(disk.notes, noise(kSize), {kAt + kSize, false}, *disk.store);
        g_assert_true(placed.ok());
        g_assert_cmpuint(placed->size, ==, kSize);
        ASSERT_STR(placed->told, "");
        g_assert_cmpuint(disk.store->end(), ==, kAt + kSize);
    }
}

// So many bytes of the head as it was at the end are in the store.
struct Row {
    const char *name;
    std::uint64_t part;
    bool older, checked;    // its file has an older one; the note has a check value
    std::uint64_t released; // by the server
    bool begun;
    bool fails;
};

const std::vector<Row> kRows = {
    {"nothing-there", 0, false, true, 0, false, false},
    {"nothing-there-older", 0, true, true, 0, false, false},
    {"nothing-there-older-body-sent", 0, true, true, kAt, false, false},
    {"nothing-there-older-begun", 0, true, true, 0, true, true},
    {"part", 50, false, true, 0, false, false},
    {"part-unchecked", 50, false, false, 0, false, false},
    {"part-older", 50, true, true, 0, false, false},
    {"part-older-unchecked", 50, true, false, 0, false, false},
    {"part-older-begun", 50, true, true, 0, true, true},
    {"part-older-sent", 50, true, true, kAt + 20, false, true},
    {"all", kSize, true, true, 0, true, false},
};

void head_is_of_one_moment(const Row &row)
{
    Disk disk;
    const auto last = noise(kSize, 2), older = noise(kSize, 1);
    (void)disk.store->append(noise(kAt));
    (void)disk.store->append(std::span(last).first(row.part));
    disk.store->release(row.released);
    if (row.checked)
        disk.notes.check = crc_of(0, last);
    const auto placed =
        place_head(disk.notes, row.older ? older : last, {row.released, row.begun}, *disk.store);
    g_assert_cmpint(placed.ok(), ==, !row.fails);
    if (!placed) {
        g_assert_true(placed.error().kind == ErrorKind::kUploadLost);
        return;
    }
    const bool as_before = row.older && row.part < kSize;
    g_assert_cmpint(placed->told.empty(), ==, !as_before);
    const auto &expected = as_before ? older : last;
    g_assert_true(disk.stored(kAt) == expected);
    // what another recovery would find
    SpooledUpload upload;
    upload.notes = disk.store->notes();
    upload.notes[note_name::kHeader] = std::to_string(kSize);
    if (row.part == 0) {
        const HeadNotes notes = head_notes_of(upload);
        g_assert_cmpuint(notes.at.value_or(0), ==, kAt);
        g_assert_true(notes.check == crc_of(0, expected));
    }
}

// Killed before its first byte was anywhere: nothing is uploaded in its place.
void nothing_is_no_recording()
{
    Disk disk;
    disk.notes.at.reset();
    disk.notes.size = 0;
    const auto placed = place_head(disk.notes, {}, {}, *disk.store);
    g_assert_false(placed.ok());
    g_assert_true(placed.error().kind == ErrorKind::kUploadLost);
    disk.notes.length = 0; // it has ended so
    const auto empty = place_head(disk.notes, {}, {}, *disk.store);
    g_assert_true(empty.ok());
    g_assert_cmpuint(empty->size, ==, 0);
    disk.notes.length = 5;
    g_assert_false(place_head(disk.notes, {}, {}, *disk.store).ok());
}

void notes_are_read_as_they_were_written()
{
    struct Noted {
        const char *text;
        bool at, check;
    };

    for (const Noted &noted :
         {Noted{"5 7 9", true, true}, Noted{"5 7", true, false}, Noted{"5 7 x", true, false},
          Noted{"5 7 4294967296", true, false}, Noted{"5", false, false}, Noted{"", false, false},
          Noted{" ", false, false}, Noted{"5 101 3", false, false}, Noted{"x 7 9", false, false}}) {
        SpooledUpload upload;
        upload.notes = {{note_name::kHeader, "100"}, {note_name::kHeadAt, noted.text}};
        const HeadNotes notes = head_notes_of(upload);
        g_assert_cmpint(notes.at.has_value(), ==, noted.at);
        g_assert_cmpint(notes.check.has_value(), ==, noted.check);
    }
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/late-head/once", head_that_the_server_has_is_not_placed_again);
    for (const Row &row : kRows)
        add_row_test(cat("/late-head/one-moment/", row.name), row, head_is_of_one_moment);
    add_test("/late-head/nothing", nothing_is_no_recording);
    add_test("/late-head/notes", notes_are_read_as_they_were_written);
    return g_test_run();
}
