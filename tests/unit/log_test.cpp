// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A log line and the place that it comes from.
#include "base/log.h"
#include "test.h"

#include <string>

using namespace gsttus;
using namespace gsttus::test;

namespace {

std::string heard;
LogPlace place;

void listen(LogLevel level, const char *area, std::string_view text, const LogPlace &from)
{
    g_assert_true(level == LogLevel::kInfo);
    heard = std::string(area).append(": ").append(text);
    place = from;
}

void line_comes_from_who_wrote_it()
{
    set_log_sink(listen);
    const int here = __LINE__ + 1;
    log(LogLevel::kInfo, "http", "a line");
    ASSERT_STR(heard, "http: a line");
    ASSERT_STR(std::string(place.file), __FILE__);
    ASSERT_STR(std::string(place.function), __func__);
    g_assert_cmpint(place.line, ==, here);
    set_log_sink(nullptr);
    log(LogLevel::kInfo, "http", "nobody listens");
    ASSERT_STR(heard, "http: a line");
}

} // namespace

int main(int argc, char **argv)
{
    gsttus::test::init(argc, argv);
    add_test("/log/place", line_comes_from_who_wrote_it);
    return g_test_run();
}
