// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/text.h"
#include "http/early_answer.h"
#include "test.h"

using gsttus::begins_final_answer;

namespace {

struct Row {
    const char *name;
    const char *received;
    bool final;
};

constexpr Row kRows[] = {
    {"nothing", "", false},
    {"final", "HTTP/1.1 413 Too Large\r\n", true},
    {"final-1.0", "HTTP/1.0 500 x", true},
    {"only-the-version", "HTTP/1.1 ", false},
    {"first-digit", "HTTP/1.1 4", true},
    {"interim", "HTTP/1.1 102 Processing\r\n\r\n", false},
    {"interim-cut", "HTTP/1.1 102 Proc", false},
    {"final-behind-interim", "HTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 204 x\r\n", true},
    {"begun-behind-interim", "HTTP/1.1 103 x\r\nA: b\r\n\r\nHTT", false},
    {"no-http", "SSH-2.0", true},
};

void judge(const Row &row)
{
    g_assert_cmpint(begins_final_answer(row.received), ==, row.final);
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    for (const Row &row : kRows)
        gsttus::test::add_row_test(gsttus::cat("/early-answer/", row.name), row, judge);
    return g_test_run();
}
