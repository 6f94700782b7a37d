// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties that gcoresink has besides those of both elements.
#pragma once

#include "gcore_settings.h"
#include "properties.h"

namespace gsttus {

// Call it once: each call makes new specs.
PropertyTable<GcoreSettings> make_gcore_properties();

} // namespace gsttus
