// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A certificate for localhost, 127.0.0.1 and ::1, its key, and the authority that signed it, valid
// from 2020 to 2120. For tests only: the key is public by being here.
#pragma once

#include <string>

#include <glib.h>

namespace gsttus::test {

// clang-format off
inline constexpr const char *kAuthorityPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdDCCARugAwIBAgIBATAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZnc3QtdHVz\n"
    "IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw\n"
    "WjAhMR8wHQYDVQQDDBZnc3QtdHVzIHRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0C\n"
    "AQYIKoZIzj0DAQcDQgAELd/fNYLwtEM5ofQFSDfQBu13BmXAUQoypLjoG0kzm/ZB\n"
    "kDYrmsgZTj5wvVke/XYtbQpYfhXXHcDxidxBCsVwfKNCMEAwDwYDVR0TAQH/BAUw\n"
    "AwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFB9x/tYKthKi2z5sK6eEBv+8\n"
    "vQjAMAoGCCqGSM49BAMCA0cAMEQCIEbXeXftxAQqzyPmJO8KoBq7LUT7lnZsxY8D\n"
    "OFl7Akm2AiAZ6P9SUxtzIhdlHw3tlSaNafAqvwdGc0IKmlfxRxqLrQ==\n"
    "-----END CERTIFICATE-----\n";

inline constexpr const char *kServerPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBzjCCAXWgAwIBAgIBAjAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZnc3QtdHVz\n"
    "IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw\n"
    "WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AARdmLkCnnIAYytrUn4QJCPGKsTUwNzLB+P2u5loIDO1uaR6/zbdCKwCdNpy8T5O\n"
    "W7ozJSdtEruYhCEO/FRQlHXTo4GoMIGlMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcE\n"
    "fwAAAYcQAAAAAAAAAAAAAAAAAAAAATAJBgNVHRMEAjAAMAsGA1UdDwQEAwIHgDAd\n"
    "BgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwHQYDVR0OBBYEFIAM9voZp2Db\n"
    "wvu9Cx6Fv3YU40omMB8GA1UdIwQYMBaAFB9x/tYKthKi2z5sK6eEBv+8vQjAMAoG\n"
    "CCqGSM49BAMCA0cAMEQCIGiNWitg/S7SWBEqgGigtZlba9e8cy8UjRQeUmvJV7Uq\n"
    "AiBfpVws1TGIEHfM6IJwRyjpq4Ih7hrieCn9KcQXeryPfA==\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqmtY8YAwYMUjuSVJ\n"
    "9bX/9eH59423Ot2kRzU2B7PCIBihRANCAARdmLkCnnIAYytrUn4QJCPGKsTUwNzL\n"
    "B+P2u5loIDO1uaR6/zbdCKwCdNpy8T5OW7ozJSdtEruYhCEO/FRQlHXT\n"
    "-----END PRIVATE KEY-----\n";

// For 127.0.0.1, each its own authority: valid in 2001, and from 2200 on. The third is a client's.
inline constexpr const char *kOldPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBZjCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBnc3QtdHVz\n"
    "IHRlc3Qgb2xkMB4XDTAxMDEwMTAwMDAwMFoXDTAyMDEwMTAwMDAwMFowGzEZMBcG\n"
    "A1UEAwwQZ3N0LXR1cyB0ZXN0IG9sZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n"
    "BD1feaJr+x34VTlsPwotT1CLntFeMjnK06GH5VH5EUbNDeG9b8rTDRphU2+4LhxC\n"
    "zDisYvAV2COv7k8DHINqHoWjQDA+MA8GA1UdEQQIMAaHBH8AAAEwDAYDVR0TBAUw\n"
    "AwEB/zAdBgNVHQ4EFgQUIShg9iHMdOoXwRWPZO95irY6D28wCgYIKoZIzj0EAwID\n"
    "SQAwRgIhAKaksPxXI/zJLDTXPqicn0lKQMEsiKc0l5LPRCUkgAKwAiEAoGx/rN6B\n"
    "U4eGRES8X56gCZDlchE0I/O1N8pLqBKq8SA=\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNO0cDzAj0eGJD1yI\n"
    "nP/PanwM01pcFxfVU8+OqoWgy7WhRANCAAQ9X3mia/sd+FU5bD8KLU9Qi57RXjI5\n"
    "ytOhh+VR+RFGzQ3hvW/K0w0aYVNvuC4cQsw4rGLwFdgjr+5PAxyDah6F\n"
    "-----END PRIVATE KEY-----\n";

inline constexpr const char *kYoungPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbTCCAROgAwIBAgIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJnc3QtdHVz\n"
    "IHRlc3QgeW91bmcwIhgPMjIwMDAxMDEwMDAwMDBaGA8yMjEwMDEwMTAwMDAwMFow\n"
    "HTEbMBkGA1UEAwwSZ3N0LXR1cyB0ZXN0IHlvdW5nMFkwEwYHKoZIzj0CAQYIKoZI\n"
    "zj0DAQcDQgAECQ8as5IUeB2k0qKfSefJUKJ30fn1xUaNLXEFNs2LF0E7U1wmR8w7\n"
    "p2knZ0bp9z3eKosU3cVyKqbvgR6eqI5Lh6NAMD4wDwYDVR0RBAgwBocEfwAAATAM\n"
    "BgNVHRMEBTADAQH/MB0GA1UdDgQWBBQBSXykTc+NgZKIIvMkrlAwi+H1sDAKBggq\n"
    "hkjOPQQDAgNIADBFAiBJ4jhpFt9MoawpR9zBsO4lomLtgJb+i7Kazy2auPhSCQIh\n"
    "APKpXmYPkjK/prIUm7L0wFN2nboJ8iWWCW3U0ryErcaR\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZoDDWzlVgltgo0Og\n"
    "iQvln+MTs2uJkiFZG5m5B1gKLxahRANCAAQJDxqzkhR4HaTSop9J58lQonfR+fXF\n"
    "Ro0tcQU2zYsXQTtTXCZHzDunaSdnRun3Pd4qixTdxXIqpu+BHp6ojkuH\n"
    "-----END PRIVATE KEY-----\n";

inline constexpr const char *kClientPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBbTCCAROgAwIBAgIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNnc3QtdHVz\n"
    "IHRlc3QgY2xpZW50MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAe\n"
    "MRwwGgYDVQQDDBNnc3QtdHVzIHRlc3QgY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZI\n"
    "zj0DAQcDQgAEt08PN4c+GYOAqxms/db88dLZuIT8kL2ydHvlX8qXHijpRc6+EViw\n"
    "dRiGiDJzer2WnjEW9uBTcIvoHJZ+lCo/CKNAMD4wDwYDVR0RBAgwBocEfwAAATAM\n"
    "BgNVHRMEBTADAQH/MB0GA1UdDgQWBBTTOLS11QrXYIZX8yWbaVBdZ5octDAKBggq\n"
    "hkjOPQQDAgNIADBFAiEAikprIQTRJXQ7mhYZNcRSSX6HO55c0Up1HiPZiw1FyZgC\n"
    "ICBBkCS3BvLgVOmprbEI+u9rBWNzlMUgNDWeYliiPZZn\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjP2rtJx3HdgKV+NF\n"
    "c/matDIMehwvI9Lppf1cfJ89h4ihRANCAAS3Tw83hz4Zg4CrGaz91vzx0tm4hPyQ\n"
    "vbJ0e+VfypceKOlFzr4RWLB1GIaIMnN6vZaeMRb24FNwi+gcln6UKj8I\n"
    "-----END PRIVATE KEY-----\n";

// clang-format on

// A PEM file's certificate, or its key.
inline std::string part_of(const std::string &pem, bool key)
{
    const std::size_t at = pem.find("-----BEGIN PRIVATE KEY");
    g_assert_true(at != std::string::npos && at > 0);
    return key ? pem.substr(at) : pem.substr(0, at);
}

} // namespace gsttus::test
