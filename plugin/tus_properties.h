// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The properties of both elements.
#pragma once

#include "properties.h"
#include "settings.h"

namespace gsttus {

// Call it once: each call makes new specs.
PropertyTable<Settings> make_tus_properties();

} // namespace gsttus
