// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The recording that is killed (crasher.cpp; its path comes in GST_TUS_CRASHER), seen from the test
// that kills it. Must not know what the test makes of what is left.
#pragma once

#include "test.h"

#include <csignal>
#include <cstdint>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace gsttus::test {

// Uploads to `url` with its spool in `folder`, as the mode says (see there), until kill_it().
class Crasher {
public:
    Crasher(const std::string &url, const std::string &folder, const char *mode)
    {
        const char *argv[] = {g_getenv("GST_TUS_CRASHER"), url.c_str(), folder.c_str(), mode,
                              nullptr};
        g_assert_true(g_spawn_async_with_pipes(nullptr, const_cast<char **>(argv), nullptr,
                                               G_SPAWN_DO_NOT_REAP_CHILD, nullptr, nullptr, &pid_,
                                               nullptr, &pipe_, nullptr, nullptr));
    }

    Crasher(const Crasher &) = delete;
    Crasher &operator=(const Crasher &) = delete;

    // Until it has said that it took so much: a random point of its work, in mid-request or not.
    void run_until(std::uint64_t enough)
    {
        while (accepted_ < enough && hear())
            continue;
        g_assert_cmpuint(accepted_, >=, enough);
    }

    void kill_it()
    {
        kill(pid_, SIGKILL);
        while (hear()) // what it had said before it died
            continue;
        close(pipe_);
        int status = 0;
        waitpid(pid_, &status, 0);
    }

    // How many bytes it has said that it took.
    std::uint64_t accepted() const { return accepted_; }

private:
    bool hear()
    {
        std::uint64_t word = 0;
        if (read(pipe_, &word, sizeof word) != sizeof word)
            return false;
        accepted_ = word;
        return true;
    }

    GPid pid_ = 0;
    int pipe_ = -1;
    std::uint64_t accepted_ = 0;
};

} // namespace gsttus::test
