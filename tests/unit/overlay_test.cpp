// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What lies over the stream: against a model that is a plain run of bytes.
#include "replay/overlay.h"
#include "test.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

using namespace gsttus;
using gsttus::test::add_test;

namespace {

std::vector<std::byte> filled(std::size_t size, int value)
{
    return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

void what_touches_becomes_one_patch()
{
    Overlay overlay;
    overlay.put(100, filled(8, 1));
    overlay.put(108, filled(8, 2)); // at its end
    overlay.put(92, filled(8, 3));  // at its beginning
    g_assert_cmpuint(overlay.patches().size(), ==, 1);
    g_assert_cmpuint(overlay.size(), ==, 24);
    overlay.put(130, filled(4, 4));
    g_assert_cmpuint(overlay.patches().size(), ==, 2);
    overlay.put(90, filled(50, 5)); // over all of them
    g_assert_cmpuint(overlay.patches().size(), ==, 1);
    g_assert_cmpuint(overlay.size(), ==, 50);
    overlay.put(7, {});
    g_assert_cmpuint(overlay.patches().size(), ==, 1);
}

void random_patches_read_as_a_model_does()
{
    constexpr std::size_t kLength = 300;
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        std::vector<std::byte> bytes = filled(kLength, 0), known = bytes;
        Overlay overlay;
        for (int step = 0; step < 60; ++step) {
            const std::size_t from = random() % kLength;
            const std::size_t size = random() % std::min<std::size_t>(20, kLength - from + 1);
            const auto data = filled(size, 1 + static_cast<int>(random() % 250));
            overlay.put(from, data);
            std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(from));
            if (random() % 20 == 0) {
                std::size_t begin = random() % kLength, end = random() % kLength;
                if (begin > end)
                    std::swap(begin, end);
                overlay.keep_only(begin, end);
                for (std::size_t i = 0; i < kLength; ++i)
                    bytes[i] = i < begin || i >= end ? std::byte{0} : bytes[i];
            }
            std::uint64_t size_in_all = 0, last_end = 0;
            for (const auto &[at, text] : overlay.patches()) {
                g_assert_false(text.empty());
                g_assert_true(size_in_all == 0 || at > last_end);
                last_end = at + text.size();
                size_in_all += text.size();
            }
            g_assert_cmpuint(overlay.size(), ==, size_in_all);
            const std::size_t begin = random() % kLength;
            const std::size_t length = random() % (kLength - begin + 1);
            const Overlay part = overlay.part(begin, begin + length);
            for (const Overlay *shown : {&std::as_const(overlay), &part}) {
                std::vector<std::byte> out = filled(length, 0);
                shown->apply(begin, out);
                g_assert_true(std::equal(out.begin(), out.end(),
                                         bytes.begin() + static_cast<std::ptrdiff_t>(begin)));
            }
            bool some = false;
            for (std::size_t i = begin; i < begin + length; ++i)
                some = some || bytes[i] != std::byte{0};
            g_assert_true(overlay.covers_some(begin, begin + length) == some);
        }
    }
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/overlay/what-touches-becomes-one-patch", what_touches_becomes_one_patch);
    add_test("/overlay/random-patches-read-as-a-model-does", random_patches_read_as_a_model_does);
    return g_test_run();
}
