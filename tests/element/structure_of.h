// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A GstStructure from its text, for tests of settings.
#pragma once

#include "structures.h"

namespace gsttus::test {

inline StructureRef structure_of(const char *text)
{
    GstStructure *parsed = gst_structure_from_string(text, nullptr);
    g_assert_nonnull(parsed);
    return {parsed, gst_structure_free};
}

} // namespace gsttus::test
