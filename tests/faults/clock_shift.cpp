// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Preloaded into a program: its wall clock is shifted by the seconds that stand, as a 64-bit
// number, in the file of CLOCK_SHIFT_FILE; changing the file makes the clock jump. The monotonic
// clock runs on, as it does when somebody sets the time. Must not know the program.

#include <cstdint>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

std::int64_t shift()
{
    static const volatile std::int64_t *const seconds = [] {
        const char *path = std::getenv("CLOCK_SHIFT_FILE");
        const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0)
            return static_cast<std::int64_t *>(nullptr);
        void *mapped = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        return mapped == MAP_FAILED ? nullptr : static_cast<std::int64_t *>(mapped);
    }();
    return seconds ? *seconds : 0;
}

int shifted(clockid_t clock, timespec *into)
{
    const long status = syscall(SYS_clock_gettime, clock, into);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        into->tv_sec += shift();
    return static_cast<int>(status);
}

} // namespace

extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec *into) noexcept
{
    return shifted(clock, into);
}

__attribute__((visibility("default"))) int gettimeofday(timeval *into, void *) noexcept
{
    timespec exact{};
    const int status = shifted(CLOCK_REALTIME, &exact);
    into->tv_sec = exact.tv_sec;
    into->tv_usec = exact.tv_nsec / 1000;
    return status;
}

__attribute__((visibility("default"))) time_t time(time_t *into) noexcept
{
    timespec exact{};
    shifted(CLOCK_REALTIME, &exact);
    if (into)
        *into = exact.tv_sec;
    return exact.tv_sec;
}
}
