// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The SHA-256 of what comes in, in pieces of any size, is GLib's of the whole.
#include "noise.h"
#include "test.h"
#include "upload/recording_hash.h"

#include <thread>

using namespace gsttus;
using namespace gsttus::test;

namespace {

void hash_of_nothing_is_that_of_nothing()
{
    const RecordingHash hash;
    ASSERT_STR(hash.of(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ASSERT_STR(hash.of(1), "");
}

void pieces_of_any_size_make_the_same()
{
    const std::vector<std::byte> bytes = noise(300007);
    for (const std::size_t piece : {1U, 63U, 64U, 65U, 4096U, 300007U}) {
        RecordingHash hash;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            hash.add(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
        ASSERT_STR(hash.of(bytes.size()), sha256(bytes));
        ASSERT_STR(hash.of(bytes.size()), sha256(bytes)); // asking changes nothing
        ASSERT_STR(hash.of(bytes.size() - 1), "");
    }
}

void asking_in_between_does_not_disturb()
{
    const std::vector<std::byte> bytes = noise(10000);
    RecordingHash hash;
    hash.add(std::span(bytes).first(5000));
    ASSERT_STR(hash.of(5000), sha256(std::span(bytes).first(5000)));
    hash.add(std::span(bytes).subspan(5000));
    ASSERT_STR(hash.of(10000), sha256(bytes));
}

void what_is_being_added_is_waited_for()
{
    const std::vector<std::byte> bytes = noise(1 << 20);
    RecordingHash hash;
    std::thread source([&] {
        for (std::size_t at = 0; at < bytes.size(); at += 1 << 16)
            hash.add(std::span(bytes).subspan(at, 1 << 16));
    });
    ASSERT_STR(hash.of(bytes.size(), true), sha256(bytes));
    source.join();
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/recording-hash/empty", hash_of_nothing_is_that_of_nothing);
    add_test("/recording-hash/pieces", pieces_of_any_size_make_the_same);
    add_test("/recording-hash/in-between", asking_in_between_does_not_disturb);
    add_test("/recording-hash/being-added", what_is_being_added_is_waited_for);
    return g_test_run();
}
