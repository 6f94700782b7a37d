// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Adapter from C++ fixtures to the GLib test framework: constructors and destructors run.
//   struct Fixture { … void spills_when_window_full(); };
//   int main(int argc, char **argv) {
//       gsttus::test::init(argc, argv);
//       add_test<Fixture, &Fixture::spills_when_window_full>("/replay-store/append/spills");
//       return g_test_run();
//   }
// Free functions: add_test("/name", function).
#pragma once

#include <string>

#include <glib.h>

namespace gsttus::test {

inline void init(int argc, char **argv)
{
    // The desktop's proxy settings do not exist in isolated folders, and GIO aborts without them.
    g_setenv("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
    // Nor is what this machine reaches others through.
    for (const char *name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY",
                             "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
        g_unsetenv(name);
    g_test_init(&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, nullptr);
}

template <typename Fixture, void (Fixture::*Case)()>
void add_test(const char *path)
{
    g_test_add_func(path, [] {
        Fixture fixture;
        (fixture.*Case)();
    });
}

inline void add_test(const char *path, void (*function)())
{
    g_test_add_func(path, function);
}

// For tables: one test a row, the row is found by its index.
template <typename Row>
void add_row_test(const std::string &path, const Row &row, void (*function)(const Row &))
{
    struct Bound {
        const Row *row;
        void (*function)(const Row &);
    };

    g_test_add_data_func_full(
        path.c_str(), new Bound{&row, function},
        [](gconstpointer data) {
            const auto *bound = static_cast<const Bound *>(data);
            bound->function(*bound->row);
        },
        [](gpointer data) { delete static_cast<Bound *>(data); });
}

} // namespace gsttus::test

// std::string and string_view friendly comparison.
#define ASSERT_STR(a, b)                                                                           \
    do {                                                                                           \
        const std::string left_text(a), right_text(b);                                             \
        g_assert_cmpstr(left_text.c_str(), ==, right_text.c_str());                                \
    } while (false)
