// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// HOST comes first because values may hold anything: what stands before the first "=" of a bare
// "Basic abc==" is no host, and is refused.
#include "recover/credentials.h"

#include "base/text.h"
#include "gcore/api_address.h"
#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gsttus {

namespace {

constexpr std::size_t kMostCredential = 64 << 10;

Error wrong(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

// What a header may carry, without blanks around it; empty: nothing that may.
std::string_view header_value(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    text = text.substr(first, text.find_last_not_of(" \t") + 1 - first);
    const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    });
    return fits ? text : std::string_view();
}

bool is_header_name(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return g_ascii_isalnum(c) || std::strchr("!#$%&'*+-.^_`|~", c);
    });
}

// HOST and what follows the first "=". Empty: there is no host.
std::pair<std::string, std::string_view> split_host(std::string_view text)
{
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !is_upload_hostname(text.substr(0, equals)))
        return {};
    return {std::string(text.substr(0, equals)), text.substr(equals + 1)};
}

bool read_all(int fd, std::string &out)
{
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || out.size() + static_cast<std::size_t>(n) > kMostCredential)
            return false;
        out.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

} // namespace

Result<HostHeader> parse_authorization(std::string_view text)
{
    const auto [host, rest] = split_host(text);
    const std::string_view value = header_value(rest);
    // "dG9rZW4==" is a token, and no host with the value "="
    if (host.empty() || value.empty() || value.find_first_not_of('=') == std::string_view::npos)
        return wrong("takes HOST=VALUE, such as files.example.com='Bearer …' (with HOST:PORT where "
                     "the port is not the usual one): credentials go only to the host that they "
                     "are named for");
    return HostHeader{host, {"Authorization", std::string(value)}};
}

Result<HostHeader> parse_header(std::string_view text)
{
    const auto [host, rest] = split_host(text);
    const std::size_t colon = rest.find(':');
    const std::string_view name = rest.substr(0, std::min(colon, rest.size()));
    if (host.empty() || colon == std::string_view::npos || !is_header_name(name) ||
        header_value(rest.substr(colon + 1)).empty())
        return wrong("takes HOST='NAME: VALUE', such as files.example.com='X-Api-Key: …' (with "
                     "HOST:PORT where the port is not the usual one): a header goes only to the "
                     "host that it is named for");
    return HostHeader{host, {std::string(name), std::string(header_value(rest.substr(colon + 1)))}};
}

Result<std::vector<HostHeader>> parse_authorizations(std::string_view lines, const char *source)
{
    std::vector<HostHeader> headers;
    for (std::size_t from = 0; from < lines.size();) {
        const std::size_t end = std::min(lines.find('\n', from), lines.size());
        std::string_view line = lines.substr(from, end - from);
        from = end + 1;
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == std::string_view::npos)
            continue;
        Result<HostHeader> header = parse_authorization(line);
        if (!header)
            return wrong(cat(source, ' ', header.error().message));
        headers.push_back(std::move(*header));
    }
    return headers;
}

Result<std::string> service_credential(const char *name)
{
    const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
    if (!folder || *folder != '/')
        return std::string();
    const GCharOwn path(g_build_filename(folder, name, nullptr));
    // not through a link, and without waiting for the other end of a pipe
    const int fd = ::open(path.get(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return std::string();
    const int error = errno;
    const auto unusable = [&](std::string_view why) {
        return wrong(cat("the credential ", path.get(), " can not be used: ", why));
    };
    if (fd < 0)
        return unusable(g_strerror(error));

    struct stat info {};

    std::string value;
    const bool is_file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    const bool read = is_file && read_all(fd, value);
    ::close(fd);
    if (!is_file)
        return unusable("it is no regular file");
    if (!read)
        return unusable("it can not be read, or is larger than 64 KiB");
    if (value.ends_with('\n'))
        value.pop_back();
    return value;
}

Result<std::string> secret_from_outside(const char *variable, const char *credential)
{
    const char *value = g_getenv(variable);
    return value && *value ? Result<std::string>(value) : service_credential(credential);
}

} // namespace gsttus
