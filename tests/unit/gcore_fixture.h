// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of the Gcore client share: a context around a scripted transport.
#pragma once

#include "fake_transport.h"
#include "upload/target.h"

#include <glib.h>

namespace gsttus::test {

inline constexpr const char *kKey = "1234$0d16599c-secret-key";
inline constexpr const char *kToken = "X2lkIjoxMDE1fSwi-secret-token";

struct GcoreFixture {
    FakeTransport http;
    Redactor redactor;
    StreamHints hints;
    std::vector<TargetNotice> notices;
    std::vector<Duration> slept;
    std::size_t sleeps_before_cancel = SIZE_MAX;

    TargetContext context()
    {
        return TargetContext{http,
                             nullptr,
                             redactor,
                             seconds(30),
                             [this](Duration span) {
                                 slept.push_back(span);
                                 return slept.size() <= sleeps_before_cancel;
                             },
                             [this](const TargetNotice &notice) { notices.push_back(notice); },
                             hints};
    }

    template <typename T>
    std::vector<T> noticed() const
    {
        std::vector<T> found;
        for (const TargetNotice &notice : notices)
            if (const auto *one = std::get_if<T>(&notice))
                found.push_back(*one);
        return found;
    }

    static bool contains(std::string_view text, std::string_view part)
    {
        return text.find(part) != std::string_view::npos;
    }

    static void assert_no_secret(const Error &error)
    {
        for (const char *secret : {"1234$0d16", "secret", "X2lkIjox"}) {
            g_assert_false(contains(error.message, secret));
            g_assert_false(contains(error.detail, secret));
        }
    }
};

} // namespace gsttus::test
