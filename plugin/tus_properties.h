// The properties of both elements.
#pragma once

#include "properties.h"
#include "settings.h"

namespace gsttus {

// Call it once: each call makes new specs.
PropertyTable<Settings> make_tus_properties();

} // namespace gsttus
