// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One child in a process group of its own, so that what it starts ends with it.
#include "recover/command.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr Duration kGrace = seconds(5); // from SIGTERM to SIGKILL

// Between fork and exec.
void set_up_child(gpointer)
{
    ::setpgid(0, 0);
    ::dup2(STDERR_FILENO, STDOUT_FILENO); // stdout is for results
}

std::string what_ended(int status)
{
    if (WIFSIGNALED(status))
        return cat("it was ended by signal ", WTERMSIG(status));
    return cat("exit status ", WEXITSTATUS(status));
}

// FALSE: it has not ended by then, or `cancel` came.
bool wait_until(GPid pid, TimePoint deadline, GCancellable *cancel, int &status)
{
    for (gulong pause = 1000;; pause = std::min<gulong>(pause * 2, 50000)) {
        const pid_t ended = ::waitpid(pid, &status, WNOHANG);
        if (ended == pid || (ended < 0 && errno != EINTR))
            return true;
        if (Clock::now() >= deadline || (cancel && g_cancellable_is_cancelled(cancel)))
            return false;
        g_usleep(pause);
    }
}

} // namespace

std::optional<std::string> run_command(const std::string &command, const Variables &variables,
                                       Duration patience, GCancellable *cancel)
{
    std::string shell = "/bin/sh";
    std::string option = "-c";
    std::string text = command;
    std::array<char *, 4> argv = {shell.data(), option.data(), text.data(), nullptr};
    std::unique_ptr<char *, GDelete<&g_strfreev>> environment(g_get_environ());
    for (const auto &[name, value] : variables)
        environment.reset(
            g_environ_setenv(environment.release(), name.c_str(), value.c_str(), TRUE));
    GPid pid = 0;
    GError *raw = nullptr;
    if (!g_spawn_async(nullptr, argv.data(), environment.get(), G_SPAWN_DO_NOT_REAP_CHILD,
                       set_up_child, nullptr, &pid, &raw)) {
        const GErrorOwn error(raw);
        return std::string(error->message);
    }
    ::setpgid(pid, pid); // whoever is first
    int status = 0;
    if (wait_until(pid, Clock::now() + patience, cancel, status))
        return status == 0 ? std::nullopt : std::optional(what_ended(status));
    ::kill(-pid, SIGTERM);
    if (!wait_until(pid, Clock::now() + kGrace, nullptr, status)) {
        ::kill(-pid, SIGKILL);
        ::waitpid(pid, &status, 0);
    }
    return std::string(g_cancellable_is_cancelled(cancel) ? "it was interrupted"
                                                          : "it did not end in time");
}

} // namespace gsttus
