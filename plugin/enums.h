// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// GObject types of the enumerated properties; values are those of the library's enums.
#pragma once

#include <glib-object.h>

namespace gsttus {

GType length_mode_type();
GType request_mode_type();
GType spool_mode_type();
GType checksum_type();
GType on_stop_type();
GType wait_status_type();

} // namespace gsttus
