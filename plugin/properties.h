// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties as a table: a row is a GParamSpec and how it reads and writes a settings struct. The
// elements install the rows in order; the id of a row is its index plus one.
// Knows no property. How a row is written: property_rows.h; the rows: *_properties.cpp.
#pragma once

#include <vector>

#include <gst/gst.h>

namespace gsttus {

template <typename S>
struct Property {
    using Getter = void (*)(const S &, GValue *);
    using Setter = void (*)(S &, const GValue *);

    GParamSpec *spec; // floating: the class takes it
    Getter get;       // nullptr: can not be read
    Setter set;
};

// In the order of the ids.
template <typename S>
using PropertyTable = std::vector<Property<S>>;

template <typename S>
void install(GObjectClass *klass, const PropertyTable<S> &table)
{
    unsigned id = 0;
    for (const Property<S> &row : table)
        g_object_class_install_property(klass, ++id, row.spec);
}

// nullptr: no row has this id.
template <typename S>
const Property<S> *find_row(const PropertyTable<S> &table, unsigned id)
{
    return id > 0 && id <= table.size() ? &table[id - 1] : nullptr;
}

} // namespace gsttus
