// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells an upload when the network changes, so that a waiting retry goes on at once.
// Works where the application runs a main loop; elsewhere retries follow their pace.
#pragma once

#include "glib/ptr.h"
#include "upload/live_upload.h"

#include <memory>

namespace gsttus {

class NetworkWatch {
public:
    // Made and destroyed on any thread. The signal may come on another; the upload is held weakly.
    explicit NetworkWatch(std::weak_ptr<LiveUpload> upload);
    ~NetworkWatch();
    NetworkWatch(const NetworkWatch &) = delete;
    NetworkWatch &operator=(const NetworkWatch &) = delete;

private:
    GRef<GNetworkMonitor> monitor_;
    gulong handler_ = 0;
};

} // namespace gsttus
