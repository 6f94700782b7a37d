#include "gcore_settings.h"

#include "base/redact.h"
#include "base/text.h"
#include "enums.h"
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

std::string effective_api_url(const GcoreSettings &gcore)
{
    if (!gcore.api_url.empty())
        return gcore.api_url;
    std::string url = from_environment("GCORE_BASE_URL");
    return url.empty() ? kDefaultApi : url;
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

} // namespace

Result<GcoreConfig> make_gcore_config(const GcoreSettings &gcore, const Settings &settings)
{
    GcoreConfig config;
    config.api_key = gcore.api_key.empty() ? from_environment("GCORE_API_KEY") : gcore.api_key;
    if (config.api_key.empty()) {
        return bad_setting("No Gcore API token: set the property api-key or the environment "
                           "variable GCORE_API_KEY to a permanent API token.");
    }
    if (!tus::is_header_value(config.api_key))
        return bad_setting("The Gcore API token contains control characters.");
    config.api_url = effective_api_url(gcore);
    if (auto checked = check_secret_address("api-url", config.api_url); !checked)
        return checked.error();
    config.endpoint = settings.endpoint;
    if (!config.endpoint.empty()) {
        if (auto checked = check_secret_address("endpoint", config.endpoint); !checked)
            return checked.error();
    }
    for (const auto &[property, text] : {std::pair{"video-name", &gcore.video_name},
                                         std::pair{"video-description", &gcore.video_description},
                                         std::pair{"location", &settings.location}}) {
        if (auto checked = check_text(property, *text); !checked)
            return checked.error();
    }
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
    config.location = settings.location;
    config.description = gcore.video_description;
    config.video_options = std::move(*options);
    config.metadata = std::move(*metadata);
    config.wait_status = gcore.wait_status;
    config.status_timeout = gcore.status_timeout;
    config.delete_empty_video = gcore.delete_empty_video;
    return config;
}

std::vector<Property<GcoreSettings>> make_gcore_properties()
{
    using S = GcoreSettings;
    std::vector<Property<S>> rows;
    rows.push_back(secret_property<S, [](auto &s) -> auto & { return s.api_key; }>(
        g_param_spec_string("api-key", "API key",
                            "Permanent Gcore API token; default: $GCORE_API_KEY. Sent to api-url "
                            "only, never to the upload host; never readable",
                            nullptr, kSecretReady)));
    Property<S> api_url = string_property < S, [](auto &s) -> auto &
    {
        return s.api_url;
    }
    > (g_param_spec_string("api-url", "API URL",
                           "Address of the Gcore API; default: $GCORE_BASE_URL, else "
                           "https://api.gcore.com. http only to this machine",
                           nullptr, param_flags(kReady | GST_PARAM_DOC_SHOW_DEFAULT)));
    api_url.get = [](const S &s, GValue *v) { set_string(v, redact_url(effective_api_url(s))); };
    rows.push_back(api_url);
    rows.push_back(uint64_property<S, [](auto &s) -> auto & { return s.video_id; }>(
        g_param_spec_uint64("video-id", "Video ID",
                            "Upload into this video; 0: create one, whose id is then read here", 0,
                            G_MAXINT64, 0, kReady)));
    rows.push_back(string_property<S, [](auto &s) -> auto & { return s.video_name; }>(
        g_param_spec_string("video-name", "Video name",
                            "Name of the new video; default: location, the stream's title tag, or "
                            "the time of the start",
                            nullptr, kReady)));
    rows.push_back(string_property<S, [](auto &s) -> auto & { return s.video_description; }>(
        g_param_spec_string("video-description", "Video description",
                            "Description of the new video", nullptr, kReady)));
    rows.push_back(structure_property<S, [](auto &s) -> auto & { return s.video_options; }>(
        g_param_spec_boxed("video-options", "Video options",
                           "Other fields of \"Create video\", passed on with their types, for "
                           "example \"options,client_user_id=(int)7,quality_set_id=(int)3,"
                           "auto_transcribe_audio_language=auto\"",
                           GST_TYPE_STRUCTURE, kReady)));
    rows.push_back(enum_property<S, WaitStatus, [](auto &s) -> auto & { return s.wait_status; }>(
        g_param_spec_enum("wait-status", "Wait for status",
                          "Follow the video after the upload and hold EOS until it has this "
                          "status; an error of the video becomes an ERROR",
                          wait_status_type(), static_cast<int>(WaitStatus::kNone), kReady)));
    rows.push_back(time_property<S, seconds, [](auto &s) -> auto & { return s.status_timeout; }>(
        g_param_spec_uint("status-timeout", "Status timeout",
                          "Longest time in seconds to wait for wait-status", 0, G_MAXINT32, 600,
                          kReady)));
    rows.push_back(boolean_property<S, [](auto &s) -> auto & { return s.delete_empty_video; }>(
        g_param_spec_boolean("delete-empty-video", "Delete empty video",
                             "Delete a video that this sink created and that got no byte", TRUE,
                             kReady)));
    return rows;
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
    const std::string query = uri.substr(question + 1);
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
