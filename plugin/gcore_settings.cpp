// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Checks of gcoresink's values, what its target is made of, and the reading of gcore:// URIs.
#include "gcore_settings.h"

#include "base/redact.h"
#include "base/text.h"
#include "tus/protocol.h"

#include <string_view>

namespace gsttus {

namespace {

constexpr const char *kDefaultApi = "https://api.gcore.com";
constexpr std::string_view kScheme = "gcore://";

using GHashTableOwn = std::unique_ptr<GHashTable, GDelete<&g_hash_table_unref>>;

Error bad_setting(std::string message)
{
    return {.kind = ErrorKind::kSettings, .message = std::move(message)};
}

std::string from_environment(const char *name)
{
    const char *value = g_getenv(name);
    return value ? value : "";
}

Result<void> check_text(const char *property, const std::string &text)
{
    if (g_utf8_validate(text.data(), static_cast<gssize>(text.size()), nullptr))
        return {};
    return bad_setting(cat("Property ", property, " is not valid UTF-8."));
}

// What travels to these addresses is secret: the key, or the token.
Result<void> check_secret_address(const char *property, const std::string &url)
{
    const auto address = check_address(property, url);
    if (!address)
        return address.error();
    if (!address->keeps_secrets()) {
        return bad_setting(cat("Property ", property, " is ", redact_url(url),
                               ": credentials would travel unencrypted. Use https, or http to "
                               "this machine only."));
    }
    return {};
}

Result<void> check_credentials(const GcoreConfig &config)
{
    if (config.api_key.empty()) {
        return bad_setting("No Gcore API token: set the property api-key or the environment "
                           "variable GCORE_API_KEY to a permanent API token.");
    }
    if (!tus::is_header_value(config.api_key))
        return bad_setting("The Gcore API token contains control characters.");
    if (auto checked = check_secret_address("api-url", config.api_url); !checked)
        return checked;
    return config.endpoint.empty() ? Result<void>{}
                                   : check_secret_address("endpoint", config.endpoint);
}

Result<void> check_texts(const GcoreSettings &gcore, const Settings &settings)
{
    for (const auto &[property, text] : {std::pair{"video-name", &gcore.video_name},
                                         std::pair{"video-description", &gcore.video_description},
                                         std::pair{"location", &settings.location}}) {
        if (auto checked = check_text(property, *text); !checked)
            return checked;
    }
    return {};
}

// The parameters behind gcore://new?
Result<GcoreSettings> with_uri_parameters(GcoreSettings settings, const std::string &query)
{
    const GHashTableOwn params(
        g_uri_parse_params(query.c_str(), -1, "&", G_URI_PARAMS_NONE, nullptr));
    if (!params)
        return bad_setting("The parameters of the gcore:// URI are not name=value pairs.");
    GHashTableIter iter;
    gpointer key = nullptr;
    gpointer value = nullptr;
    g_hash_table_iter_init(&iter, params.get());
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const std::string_view name(static_cast<const char *>(key));
        if (name == "name") {
            settings.video_name = static_cast<const char *>(value);
        } else if (name == "description") {
            settings.video_description = static_cast<const char *>(value);
        } else {
            return bad_setting(cat("The gcore:// URI has an unknown parameter \"", name,
                                   "\"; it takes name and description."));
        }
    }
    return settings;
}

} // namespace

std::string effective_api_url(const GcoreSettings &gcore)
{
    if (!gcore.api_url.empty())
        return gcore.api_url;
    std::string url = from_environment("GCORE_BASE_URL");
    return url.empty() ? kDefaultApi : url;
}

Result<GcoreConfig> make_gcore_config(const GcoreSettings &gcore, const Settings &settings)
{
    GcoreConfig config;
    config.api_key = gcore.api_key.empty() ? from_environment("GCORE_API_KEY") : gcore.api_key;
    config.api_url = effective_api_url(gcore);
    config.endpoint = settings.endpoint;
    if (auto checked = check_credentials(config); !checked)
        return checked.error();
    if (auto checked = check_texts(gcore, settings); !checked)
        return checked.error();
    auto options = to_video_options("video-options", gcore.video_options);
    if (!options)
        return options.error();
    auto metadata = make_metadata(settings);
    if (!metadata)
        return metadata.error();
    if (gcore.wait_status != WaitStatus::kNone && gcore.video_id == 0 &&
        !settings.upload.upload_url.empty()) {
        return bad_setting("wait-status follows the video, but which one upload-url belongs to is "
                           "not known: set video-id too.");
    }
    config.video_id = gcore.video_id;
    config.video_name = gcore.video_name;
    config.location = name_in_location(settings);
    config.description = gcore.video_description;
    config.video_options = std::move(*options);
    config.metadata = std::move(*metadata);
    config.wait_status = gcore.wait_status;
    config.status_timeout = gcore.status_timeout;
    config.delete_empty_video = gcore.delete_empty_video;
    return config;
}

Result<GcoreSettings> with_gcore_uri(GcoreSettings settings, const std::string &uri)
{
    if (!std::string_view(uri).starts_with(kScheme))
        return bad_setting("The URI must be gcore://VIDEO_ID or gcore://new?name=NAME.");
    const std::size_t question = uri.find('?');
    const std::string video =
        uri.substr(kScheme.size(),
                   question == std::string::npos ? std::string::npos : question - kScheme.size());
    if (video != "new") {
        const auto id = tus::parse_size(video);
        if (!id || *id == 0 || question != std::string::npos) {
            return bad_setting("The URI must be gcore://VIDEO_ID, with a whole number above 0 and "
                               "no parameters, or gcore://new?name=NAME.");
        }
        settings.video_id = *id;
        return settings;
    }
    settings.video_id = 0;
    if (question == std::string::npos)
        return settings;
    return with_uri_parameters(std::move(settings), uri.substr(question + 1));
}

std::string gcore_uri(const GcoreSettings &settings)
{
    if (settings.video_id != 0)
        return cat(kScheme, settings.video_id);
    if (settings.video_name.empty())
        return cat(kScheme, "new");
    const GCharOwn name(g_uri_escape_string(settings.video_name.c_str(), nullptr, FALSE));
    return cat(kScheme, "new?name=", name.get());
}

} // namespace gsttus
