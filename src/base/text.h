// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// cat(): joins texts and whole numbers; stands in for std::format, which gcc 12 lacks.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace gsttus {

namespace detail {
template <typename T>
void append(std::string &out, const T &part)
{
    if constexpr (std::is_same_v<T, char>)
        out.push_back(part);
    else if constexpr (std::is_integral_v<T>)
        out.append(std::to_string(part));
    else
        out.append(std::string_view(part));
}
} // namespace detail

template <typename... Parts>
[[nodiscard]] std::string cat(const Parts &...parts)
{
    std::string out;
    (detail::append(out, parts), ...);
    return out;
}

} // namespace gsttus
