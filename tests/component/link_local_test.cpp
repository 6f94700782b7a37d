// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording to an address that has a meaning on one link only: the link's name stays in the URL
// of every request, whatever form the Location has. In a network of its own, where the system lets
// a user make one; else it is skipped.
#include "base/text.h"
#include "live_upload_fixture.h"

#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

using namespace gsttus;
using namespace gsttus::test;

namespace {

// Keeps what a program that is started may do: without a name for the user that would be nothing.
bool stay_in_charge(uid_t user)
{
    const GCharOwn map(g_strdup_printf("0 %u 1", user));
    const int file = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
    const auto size = static_cast<ssize_t>(std::strlen(map.get()));
    const bool wrote = file >= 0 && write(file, map.get(), std::strlen(map.get())) == size;
    if (file >= 0)
        close(file);
    return wrote;
}

// Before there is a second thread.
bool has_own_network()
{
    const auto does = [](const char *command) {
        int status = 0;
        return g_spawn_command_line_sync(command, nullptr, nullptr, &status, nullptr) != FALSE &&
               g_spawn_check_wait_status(status, nullptr) != FALSE;
    };
    const uid_t user = geteuid();
    return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && stay_in_charge(user) &&
           does("ip link set lo up") && does("ip -6 addr add fe80::1/64 dev lo nodad");
}

struct Row {
    const char *name, *fault;
};

const Row kRows[] = {
    {"absolute", nullptr},
    {"path", "on POST any: location path-absolute"},
    {"relative", "on POST any: location relative"},
};

void link_stays_in_the_address(const Row &row)
{
    StandinOptions options;
    options.listen = "[fe80::1%lo]:0";
    if (row.fault)
        options.faults = {row.fault};
    Recording recording(std::move(options));
    std::string endpoint = recording.server->files_url();
    endpoint.insert(endpoint.find(']'), "%25lo");
    recording.begin(quick_config(), endpoint);
    const std::vector<std::byte> bytes = noise(300000);
    recording.upload->start();
    recording.write(bytes);
    g_assert_true(recording.server->add_fault("on PATCH 2: cut after 1000 bytes").ok());
    recording.upload->finish();
    g_assert_true(recording.upload->wait_drained() == DrainStatus::kComplete);
    recording.upload->stop(OnStop::kFinish);
    recording.check_stored(bytes);
    g_assert_true(recording.upload->stats().upload_url.starts_with(endpoint));
}

} // namespace

int main(int argc, char **argv)
{
    static const bool kHasNetwork = has_own_network();
    return run(argc, argv, [] {
        for (const Row &row : kRows) {
            const std::string name = cat("/link-local/", row.name);
            if (kHasNetwork)
                add_row_test(name, row, link_stays_in_the_address);
            else
                g_test_add_func(name.c_str(), [] { g_test_skip("no network of its own here"); });
        }
    });
}
