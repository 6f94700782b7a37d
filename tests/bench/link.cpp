// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// bench-link: a line between two network namespaces, in user space, for kernels without netem.
//   bench-link NAMESPACE NAMESPACE MBIT/S ONE-WAY-MS QUEUE-PACKETS
// Makes a TUN device "line" in each, carries packets between them at that rate and delay, with a
// queue of so many packets in front of it, and drops what it has no room for. Prints "ready"; ends
// with its standard input. The caller gives the devices their addresses.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

namespace {

std::int64_t now()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int tun_in(const std::string &name)
{
    const int space = open(("/var/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) != 0)
        return -1;
    close(space);
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ifreq request{};
    std::strcpy(request.ifr_name, "line");
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    return fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0 ? fd : -1;
}

struct Packet {
    std::int64_t sent; // the last of its bits
    std::vector<char> bytes;
};

struct Direction {
    int from, to;
    double nanoseconds_per_byte;
    std::int64_t delay;
    std::size_t room;
    std::int64_t free_at = 0;
    std::deque<Packet> packets{};

    void take(std::int64_t at)
    {
        std::array<char, 65536> buffer;
        for (ssize_t n; (n = read(from, buffer.data(), buffer.size())) > 0;) {
            std::size_t waiting = 0;
            for (const Packet &packet : packets)
                waiting += packet.sent > at ? 1 : 0;
            if (waiting >= room)
                continue;
            free_at = std::max(free_at, at) +
                      static_cast<std::int64_t>(static_cast<double>(n) * nanoseconds_per_byte);
            packets.push_back({free_at, {buffer.data(), buffer.data() + n}});
        }
    }

    void give(std::int64_t at)
    {
        for (; !packets.empty() && packets.front().sent + delay <= at; packets.pop_front()) {
            const auto &bytes = packets.front().bytes;
            if (write(to, bytes.data(), bytes.size()) < 0) {
            } // lost, as on a line
        }
    }

    std::int64_t next() const { return packets.empty() ? INT64_MAX : packets.front().sent + delay; }
};

} // namespace

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    const int one = tun_in(argv[1]), other = tun_in(argv[2]);
    if (one < 0 || other < 0) {
        std::perror("bench-link: no TUN device");
        return 1;
    }
    const double cost = 8000.0 / std::atof(argv[3]);
    const auto delay = static_cast<std::int64_t>(std::atof(argv[4]) * 1e6);
    const auto room = static_cast<std::size_t>(std::atoi(argv[5]));
    std::array<Direction, 2> ways = {Direction{one, other, cost, delay, room},
                                     Direction{other, one, cost, delay, room}};
    std::printf("ready\n");
    std::fflush(stdout);
    for (;;) {
        const std::int64_t next = std::min(ways[0].next(), ways[1].next());
        const std::int64_t wait = next == INT64_MAX ? 1'000'000'000 : next - now();
        const timespec longest{static_cast<time_t>(std::max<std::int64_t>(wait, 0) / 1'000'000'000),
                               std::max<std::int64_t>(wait, 0) % 1'000'000'000};
        std::array<pollfd, 3> watched = {pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{one, POLLIN, 0},
                                         pollfd{other, POLLIN, 0}};
        (void)ppoll(watched.data(), watched.size(), &longest, nullptr);
        if (watched[0].revents != 0)
            return 0;
        const std::int64_t at = now();
        for (Direction &way : ways) {
            way.take(at);
            way.give(at);
        }
    }
}
