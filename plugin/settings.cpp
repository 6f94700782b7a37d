// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks of the values, and what of them goes to the upload and to the transport.
#include "settings.h"

#include "base/redact.h"
#include "base/text.h"
#include "glib/web_address.h"
#include "gsttus_version.h"
#include "tus/protocol.h"
#include "upload/spool_places.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace gsttus {

namespace {

Error bad_setting(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

constexpr std::uint64_t kBlockSlack = 64 << 10;

Result<void> check_sizes(const UploadConfig &config)
{
    if (config.chunk_align > config.chunk_size) {
        return bad_setting(cat("Property chunk-align (", config.chunk_align,
                               ") is larger than chunk-size (", config.chunk_size,
                               "): no PATCH could ever be sent."));
    }
    if (config.min_chunk_size > config.chunk_size) {
        return bad_setting(cat("Property min-chunk-size (", config.min_chunk_size,
                               ") is larger than chunk-size (", config.chunk_size, ")."));
    }
    const std::uint64_t least = std::max(config.min_chunk_size, config.chunk_align);
    // Memory is taken and freed in blocks, and one byte is held back until the end: with less, a
    // full memory could wait for a PATCH that it is too small to make.
    const bool bounded =
        config.replay.spool_mode == SpoolMode::kNever || config.replay.max_spool_size > 0;
    const std::uint64_t room =
        config.replay.max_memory - std::min(config.replay.max_memory, config.seekable_header) +
        (config.replay.spool_mode == SpoolMode::kNever ? 0 : config.replay.useful_spool_size());
    const std::uint64_t needed = least + least / 4 + kBlockSlack;
    if (bounded && room < needed) {
        return bad_setting(
            cat("Property max-memory (", config.replay.max_memory,
                ") with what spool-mode and max-spool-size allow is too little for "
                "the smallest PATCH that min-chunk-size and chunk-align allow (",
                least, "): it takes ", needed, " bytes",
                config.seekable_header > 0
                    ? cat(" besides the ", config.seekable_header, " of seekable-header")
                    : std::string(),
                '.'));
    }
    if (config.length_mode == LengthMode::kSpool && config.replay.spool_mode == SpoolMode::kNever) {
        return bad_setting(
            "Property length-mode=spool keeps the recording on disk until it ends, which "
            "spool-mode=never forbids. Choose another length-mode or spool-mode.");
    }
    return {};
}

// The first bytes of the file can not come last everywhere.
Result<void> check_seekable_header(const UploadConfig &config)
{
    if (config.seekable_header == 0)
        return {};
    if (config.length_mode == LengthMode::kDeferred)
        return bad_setting("Property seekable-header needs partial uploads that are joined at the "
                           "end, which length-mode=deferred forbids. Use length-mode=auto or "
                           "concatenation, or spool, which uploads the recording when it ends.");
    if (!config.upload_url.empty())
        return bad_setting(
            "Property seekable-header is for a whole recording; with upload-url its "
            "bytes are added to an upload that has a beginning. Use one of the two.");
    return {};
}

bool has_header(const Headers &headers, const char *name)
{
    return std::any_of(headers.begin(), headers.end(), [name](const Header &header) {
        return g_ascii_strcasecmp(header.first.c_str(), name) == 0;
    });
}

// Credentials leave this machine only over TLS.
Result<void> check_secrecy(const char *property, const std::string &url,
                           const RuntimeConfig &runtime)
{
    if (url.empty())
        return {};
    const auto address = check_address(property, url);
    if (!address)
        return address.error();
    if (address->keeps_secrets())
        return {};
    const char *secret = !runtime.authorization.empty()   ? "authorization"
                         : !runtime.extra_headers.empty() ? "extra-headers"
                                                          : nullptr;
    if (!secret)
        return {};
    return bad_setting(cat("Property ", secret,
                           " would go over the network unencrypted: ", property, " is ",
                           redact_url(url), ". Use https, or http to this machine only."));
}

} // namespace

Settings::Settings()
{
    upload.replay.spool_dir = default_spool_dir();
    http.user_agent = default_user_agent();
}

const char *default_user_agent()
{
    return "gst-tus/" GSTTUS_VERSION;
}

Result<Address> check_address(const char *property, const std::string &url)
{
    const auto bad = [&](std::string_view why) {
        return bad_setting(cat("Property ", property, " (\"", redact_url(url), "\") ", why, "."));
    };
    if (url.ends_with(kHiddenQuery))
        return bad("has lost its query, which reading it does not show: take the whole URL from "
                   "the action signal get-upload-url");
    const WebAddress address = parse_web_address(url);
    if (address.fault)
        return bad(address.fault);
    if (address.has_login)
        return bad("must not contain a user name or password; use the property authorization");
    return Address{address.https, address.loopback};
}

std::string name_in_location(const Settings &settings)
{
    std::string_view name = settings.location;
    if (settings.location_as_path)
        return std::string(name);
    while (name.ends_with(G_DIR_SEPARATOR))
        name.remove_suffix(1);
    if (name.empty()) // nothing but separators
        return settings.location;
    const std::size_t slash = name.rfind(G_DIR_SEPARATOR);
    return std::string(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

std::string recording_name(const Settings &settings)
{
    std::string name = name_in_location(settings);
    if (!name.empty() || !settings.metadata)
        return name;
    const char *given = gst_structure_get_string(settings.metadata.get(), "filename");
    return given ? given : "";
}

Result<RuntimeConfig> make_runtime_config(const Settings &settings)
{
    RuntimeConfig runtime = settings.upload.runtime;
    if (!tus::is_header_value(runtime.authorization))
        return bad_setting("Property authorization contains control characters.");
    auto headers = to_headers("extra-headers", settings.extra_headers);
    if (!headers)
        return headers.error();
    runtime.extra_headers = std::move(*headers);
    if (!runtime.authorization.empty() && has_header(runtime.extra_headers, "Authorization")) {
        return bad_setting("Both authorization and a field Authorization of extra-headers are set. "
                           "Use one of them.");
    }
    for (const auto &[property, url] : {std::pair{"endpoint", &settings.endpoint},
                                        std::pair{"upload-url", &settings.upload.upload_url}}) {
        auto secret = check_secrecy(property, *url, runtime);
        if (!secret)
            return secret.error();
    }
    return runtime;
}

Result<UploadConfig> make_upload_config(const Settings &settings)
{
    auto runtime = make_runtime_config(settings);
    if (!runtime)
        return runtime.error();
    if (auto sizes = check_sizes(settings.upload); !sizes)
        return sizes.error();
    if (auto header = check_seekable_header(settings.upload); !header)
        return header.error();
    if (auto metadata = make_metadata(settings); !metadata)
        return metadata.error();
    const std::string &ca_file = settings.http.ssl_ca_file;
    if (!ca_file.empty() && access(ca_file.c_str(), R_OK) != 0) {
        return bad_setting(cat("Property ssl-ca-file: \"", ca_file, "\" can not be read (",
                               g_strerror(errno), ")."));
    }
    if (!tus::is_header_value(settings.http.user_agent))
        return bad_setting("Property user-agent contains control characters.");
    UploadConfig config = settings.upload;
    config.runtime = std::move(*runtime);
    if (config.replay.spool_dir.empty())
        config.replay.spool_dir = default_spool_dir();
    // what is said of it must be right in every folder
    const GCharOwn whole(g_canonicalize_filename(config.replay.spool_dir.c_str(), nullptr));
    config.replay.spool_dir = whole.get();
    config.replay.other_dirs = usual_spool_dirs();
    return config;
}

Result<Metadata> make_metadata(const Settings &settings)
{
    return to_metadata("metadata", settings.metadata);
}

} // namespace gsttus
