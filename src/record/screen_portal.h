// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A screen of a Wayland desktop: asks the user through xdg-desktop-portal (interface ScreenCast),
// and holds the permission as long as it lives. Blocks while the user chooses; SIGINT ends that.
#pragma once

#include "base/result.h"
#include "glib/ptr.h"

#include <cstdint>
#include <string>

namespace gsttus {

struct ScreenCast {
    int fd = -1;            // of PipeWire; the portal's, closed with it
    std::uint32_t node = 0; // the stream in there
};

class ScreenPortal {
public:
    ScreenPortal() = default;
    ~ScreenPortal();

    ScreenPortal(const ScreenPortal &) = delete;
    ScreenPortal &operator=(const ScreenPortal &) = delete;

    // Error: no portal, the user said no, or it asks for something that is not there.
    Result<ScreenCast> open();

private:
    Result<void> make_session();
    Result<void> select_sources();
    Result<std::uint32_t> start();
    Result<ScreenCast> remote(std::uint32_t node);

    GRef<GDBusConnection> bus_;
    std::string session_;
    int fd_ = -1;
};

} // namespace gsttus
