// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One JSON object on one line, for programs that read what gst-tus-recover does. A value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gsttus {

class JsonLine {
public:
    explicit JsonLine(std::string_view event);
    ~JsonLine();
    JsonLine(const JsonLine &) = delete;
    JsonLine &operator=(const JsonLine &) = delete;

    // As printable() shows it. An empty text is left out, as what is not known.
    JsonLine &add(const char *name, std::string_view text);
    JsonLine &add(const char *name, std::uint64_t number);

    std::string text() const; // ends with a line end

private:
    struct Builder;
    const std::unique_ptr<Builder> builder_;
};

} // namespace gsttus
