// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What users put into GstStructure properties, turned into the library's values.
// Knows no property by name: callers say what to call it in errors. Values never enter a text.
#pragma once

#include "base/result.h"
#include "gcore/gcore_target.h"
#include "http/transport.h"
#include "upload/target.h"

#include <memory>
#include <string_view>
#include <vector>

#include <gst/gst.h>

namespace gsttus {

using StructureRef = std::shared_ptr<const GstStructure>; // empty: the property is not set

StructureRef copy_structure(const GstStructure *structure); // nullptr: empty

// Request headers. A field may be a string, a number, or an array of those (one header each).
// Refused: reserved tus headers, names and values that HTTP does not allow.
Result<Headers> to_headers(const char *property, const StructureRef &structure);

// tus metadata pairs; numbers and booleans become text. Refused: keys that tus does not allow.
Result<Metadata> to_metadata(const char *property, const StructureRef &structure);

// Fields of an API call with their types: string, integer, boolean or floating point.
Result<std::vector<VideoOption>> to_video_options(const char *property,
                                                  const StructureRef &structure);

// The same fields with "***" for each value but those of the fields that `is_public` names: what
// may be shown of values that may be secrets.
GstStructure *masked_structure(const GstStructure &structure,
                               bool (*is_public)(std::string_view field));

} // namespace gsttus
