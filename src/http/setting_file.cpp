// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks before it reads.
#include "http/setting_file.h"

#include "base/text.h"
#include "glib/ptr.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

namespace gsttus {

namespace {

constexpr gint64 kMostBytes = 16 << 20; // all authorities of the world take less than one

}

Error bad_file(const char *property, const std::string &path, std::string_view why,
               const GError *cause)
{
    return {.kind = ErrorKind::kSettings,
            .message = cat(property, " \"", path, "\" can not be used: ", why),
            .detail = cause ? cause->message : ""};
}

Result<std::string> read_setting_file(const char *property, const std::string &path)
{
    GStatBuf facts{};
    if (g_stat(path.c_str(), &facts) == 0 && !S_ISDIR(facts.st_mode)) {
        if (!S_ISREG(facts.st_mode))
            return bad_file(property, path, "it is no regular file", nullptr);
        if (facts.st_size > kMostBytes)
            return bad_file(property, path, "it is too large for one of PEM", nullptr);
    }
    char *raw = nullptr;
    gsize size = 0;
    GError *error = nullptr;
    const bool read = g_file_get_contents(path.c_str(), &raw, &size, &error) != FALSE;
    const GErrorOwn owned_error(error);
    const GCharOwn owned(raw);
    if (!read)
        return bad_file(property, path, cat("it can not be read (", error->message, ")"), error);
    return std::string(raw, size);
}

} // namespace gsttus
