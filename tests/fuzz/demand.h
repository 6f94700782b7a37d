// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What must hold whatever the bytes are: a fuzzer sees the abort.
#pragma once

#include <cstdlib>

inline void demand(bool holds)
{
    if (!holds)
        std::abort();
}
