// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a page of docs/ must say of an element, made of what the element registers. A page marks it:
//
//   <!-- begin: property chunk-size -->
//   …
//   <!-- end -->
//
// Must not know what the page says besides.
#pragma once

#include <string>
#include <vector>

#include <gst/gst.h>

namespace gsttus::test {

// The properties that the class of this element itself adds, as it adds them.
std::vector<GParamSpec *> own_properties(const char *factory);

bool is_number(GParamSpec *spec);

// "ms", "s", "bytes" or "bits/s", as the blurb says; "": it says none.
std::string unit_of(GParamSpec *spec);

// What belongs between the marks. `what`: "hierarchy", "factory", "pads", "properties" (a table),
// "property NAME" or "signal NAME"; empty for anything else.
std::string generated(const char *factory, const std::string &what);

struct PagePart {
    std::string what, text;         // as the page has it
    std::size_t begin = 0, end = 0; // of the text, in the page
};

std::vector<PagePart> parts_of(const std::string &page);

// The page with all of its parts as they should be.
std::string regenerated(const char *factory, const std::string &page);

} // namespace gsttus::test
