// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Listens to GNetworkMonitor in the application's main context.
#include "network_watch.h"

namespace gsttus {

namespace {

using WeakUpload = std::weak_ptr<LiveUpload>;

void network_changed(GNetworkMonitor * /*monitor*/, gboolean /*available*/, gpointer data)
{
    if (const std::shared_ptr<LiveUpload> upload = static_cast<WeakUpload *>(data)->lock())
        upload->network_changed();
}

void free_weak(gpointer data, GClosure * /*closure*/)
{
    delete static_cast<WeakUpload *>(data);
}

} // namespace

NetworkWatch::NetworkWatch(std::weak_ptr<LiveUpload> upload)
    : monitor_(GRef<GNetworkMonitor>::retain(g_network_monitor_get_default())),
      // the closure owns the weak pointer, also during an emission that disconnecting overtakes
      handler_(g_signal_connect_data(monitor_.get(), "network-changed", G_CALLBACK(network_changed),
                                     new WeakUpload(std::move(upload)), free_weak,
                                     static_cast<GConnectFlags>(0)))
{
}

NetworkWatch::~NetworkWatch()
{
    g_signal_handler_disconnect(monitor_.get(), handler_);
}

} // namespace gsttus
