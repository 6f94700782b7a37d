// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Which hosts are this machine.
#include "glib/loopback.h"
#include "test.h"

using namespace gsttus;
using namespace gsttus::test;

namespace {

void this_machine_is_known()
{
    for (const char *host :
         {"localhost", "LocalHost", "localhost.", "a.localhost", "a.b.LOCALHOST.", "127.0.0.1",
          "127.255.255.254", "::1", "0:0::1", "::ffff:127.0.0.1", "::ffff:7f01:203"}) {
        g_test_message("%s", host);
        g_assert_true(is_loopback_host(host));
    }
}

void everything_else_is_elsewhere()
{
    for (const char *host :
         {"", ".", "localhost.example", "notlocalhost", "localhost.localdomain",
          "127.0.0.1.example", "127.example", "128.0.0.1", "::2", "::ffff:128.0.0.1", "::7f00:1",
          "fe80::1%lo", "10.0.0.1", "[::1]", "example.com", "0.0.0.0", "::"}) {
        g_test_message("%s", host);
        g_assert_false(is_loopback_host(host));
    }
}

} // namespace

int main(int argc, char **argv)
{
    init(argc, argv);
    add_test("/loopback/this-machine", this_machine_is_known);
    add_test("/loopback/elsewhere", everything_else_is_elsewhere);
    return g_test_run();
}
