// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The video before the upload and when nobody wants it: what is made, named, described, deleted.
// Runs on the upload thread.
#include "gcore/gcore_target.h"

#include "base/log.h"
#include "base/text.h"
#include "gcore/api_client.h"
#include "gcore/video_follower.h"
#include "glib/ptr.h"

#include <algorithm>
#include <array>
#include <optional>

namespace gsttus {

namespace {

constexpr seconds kCleanUp{5};                // the longest that deleting an empty video takes
constexpr unsigned kMostUnreadableVideos = 2; // "Create video" succeeded, but nobody knows what

std::string name_from_time()
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    const GCharOwn text(g_date_time_format(now, "Recording %Y-%m-%d %H:%M:%S UTC"));
    return text.get();
}

const std::string *find(const Metadata &metadata, std::string_view key)
{
    const auto found = std::find_if(metadata.begin(), metadata.end(),
                                    [key](const auto &pair) { return pair.first == key; });
    return found == metadata.end() ? nullptr : &found->second;
}

Error protocol_error(std::string message)
{
    Error error;
    error.kind = ErrorKind::kProtocol;
    error.message = std::move(message);
    return error;
}

Error settings_error(std::string message)
{
    Error error;
    error.kind = ErrorKind::kSettings;
    error.message = std::move(message);
    return error;
}

class GcoreTarget final : public Target {
public:
    GcoreTarget(GcoreConfig config, ApiClient api)
        : config_(std::move(config)), api_(std::move(api)), video_id_(config_.video_id),
          follower_(config_)
    {
    }

    TargetResult<Destination> resolve(TargetContext &context, bool refresh) override;
    Result<Proof> finished(TargetContext &context, std::uint64_t bytes) override;
    void abandoned(TargetContext &context, std::uint64_t bytes_stored) override;

    // Its upload servers are all of a kind; one that the user has put in front is not.
    std::string service() const override
    {
        return config_.endpoint.empty() ? api_.address().url : config_.endpoint;
    }

    std::vector<std::pair<std::string, std::string>> describe() const override;
    bool refused_metadata(int status, const std::string &body) const override;

private:
    std::optional<TargetError> make_video(TargetContext &context);
    std::optional<TargetError> find_made(TargetContext &context);
    bool is_ours(const ListedVideo &listed, std::int64_t now_s) const;
    std::optional<TargetError> create(TargetContext &context);
    void take(TargetContext &context, const GcoreVideo &video);
    void choose_name(const StreamHints &hints);
    TargetResult<Destination> destination(TargetContext &context,
                                          const UploadParameters &parameters);
    std::vector<std::string> endpoints(TargetContext &context,
                                       std::vector<UploadServer> servers) const;
    Metadata metadata(const StreamHints &hints, const UploadParameters &parameters) const;
    void rename_by_title(TargetContext &context);
    static void warn(TargetContext &context, Error error);

    const GcoreConfig config_;
    ApiClient api_;
    std::uint64_t video_id_;      // 0: not created yet
    std::uint64_t client_id_ = 0; // 0: not known yet
    bool created_ = false;        // by this target
    std::string name_;            // of the video to create; empty: not chosen yet
    bool name_is_time_ = false;
    unsigned unreadable_videos_ = 0;
    std::optional<TimePoint> lost_since_{}; // began the first creation whose answer was lost
    std::string filetype_;                  // last sent
    VideoFollower follower_;
};

// Where to ----------------------------------------------------------------------------------------

TargetResult<Destination> GcoreTarget::resolve(TargetContext &context, bool /*refresh*/)
{
    if (video_id_ == 0)
        if (std::optional<TargetError> failure = make_video(context))
            return std::move(*failure);
    // Always anew: a token lives for hours only, and only until the upload is created.
    ApiResult<UploadParameters> got = api_.upload_parameters(context, video_id_);
    if (auto *failed = std::get_if<ApiFailure>(&got))
        return std::move(failed->failure);
    return destination(context, std::get<UploadParameters>(got));
}

// The video is made once: what a creation whose answer was lost has made is found, before another
// one is made.
std::optional<TargetError> GcoreTarget::make_video(TargetContext &context)
{
    if (lost_since_) {
        if (std::optional<TargetError> failure = find_made(context))
            return failure;
        if (video_id_ != 0)
            return std::nullopt;
    }
    return create(context);
}

// An account whose videos may not be listed does without.
std::optional<TargetError> GcoreTarget::find_made(TargetContext &context)
{
    ApiResult<VideoList> got = api_.search(context, name_);
    if (auto *failed = std::get_if<ApiFailure>(&got)) {
        const Error &error = failed->failure.error;
        if (error.retryable || error.kind == ErrorKind::kCancelled)
            return std::move(failed->failure);
        log(LogLevel::kInfo, "gcore", error.message);
        return std::nullopt;
    }
    const auto &list = std::get<VideoList>(got);
    for (const ListedVideo &listed : list.videos) {
        if (!is_ours(listed, list.now_s))
            continue;
        log(LogLevel::kInfo, "gcore",
            cat("found video ", listed.video.id, ", whose creation was not answered"));
        take(context, listed.video);
        lost_since_.reset();
        break;
    }
    return std::nullopt;
}

// Another one of that name may be somebody else's: only what came into being since the lost
// creation began, and has nothing in it, is taken. Both times are the server's, to the second.
bool GcoreTarget::is_ours(const ListedVideo &listed, std::int64_t now_s) const
{
    constexpr std::int64_t kSlack = 2;
    const std::int64_t age = now_s - listed.created_s;
    const std::int64_t waited =
        std::chrono::ceil<seconds>(Clock::now() - *lost_since_).count() + kSlack;
    std::int64_t user = 0;
    for (const VideoOption &option : config_.video_options)
        if (const auto *number = std::get_if<std::int64_t>(&option.value);
            number && option.name == "client_user_id")
            user = *number;
    return listed.video.name == name_ && listed.video.status == "empty" &&
           listed.video.error.empty() && listed.client_user_id == user && listed.created_s != 0 &&
           age <= waited && age >= -kSlack;
}

void GcoreTarget::take(TargetContext &context, const GcoreVideo &video)
{
    video_id_ = video.id;
    client_id_ = video.client_id;
    created_ = true;
    context.notify(VideoCreated{video.id, video.name.empty() ? name_ : video.name, video.slug,
                                video.client_id});
}

std::optional<TargetError> GcoreTarget::create(TargetContext &context)
{
    if (!lost_since_) // what may be there already has the name of then
        choose_name(context.hints);
    const TimePoint began = Clock::now();
    ApiResult<GcoreVideo> got =
        api_.create(context, NewVideo{name_, config_.description, config_.video_options});
    if (auto *failed = std::get_if<ApiFailure>(&got)) {
        if (failed->maybe_done && !lost_since_)
            lost_since_ = began;
        Error &error = failed->failure.error;
        if (error.kind == ErrorKind::kProtocol && failed->maybe_done &&
            ++unreadable_videos_ >= kMostUnreadableVideos)
            error.retryable = false; // each attempt leaves one more empty video behind
        return std::move(failed->failure);
    }
    const auto &video = std::get<GcoreVideo>(got);
    take(context, video);
    log(LogLevel::kInfo, "gcore", cat("created video ", video_id_));
    if (lost_since_) {
        Error left;
        left.kind = ErrorKind::kNetwork;
        left.message =
            cat("an earlier answer to \"create video\" was lost: besides video ", video_id_,
                " there may be an empty one named \"", name_, "\", which can be deleted");
        warn(context, std::move(left));
        lost_since_.reset();
    }
    return std::nullopt;
}

void GcoreTarget::choose_name(const StreamHints &hints)
{
    if (!name_.empty() && !(name_is_time_ && !hints.title.empty()))
        return;
    name_is_time_ = false;
    if (!config_.video_name.empty()) {
        name_ = config_.video_name;
    } else if (!config_.location.empty()) {
        name_ = config_.location;
    } else if (!hints.title.empty()) {
        name_ = hints.title;
    } else {
        name_ = name_from_time();
        name_is_time_ = true;
    }
}

TargetResult<Destination> GcoreTarget::destination(TargetContext &context,
                                                   const UploadParameters &parameters)
{
    if (parameters.video.id != 0 && parameters.video.id != video_id_)
        return TargetError{
            protocol_error(cat(api_.address().url, " gave the upload parameters of video ",
                               parameters.video.id, " instead of ", video_id_))};
    if (parameters.video.client_id != 0)
        client_id_ = parameters.video.client_id;
    if (client_id_ == 0)
        return TargetError{protocol_error(cat(api_.address().url,
                                              " does not tell the client_id "
                                              "of video ",
                                              video_id_, ", which the upload server wants"))};
    Destination destination;
    destination.endpoints = endpoints(context, parameters.servers);
    if (destination.endpoints.empty())
        return TargetError{protocol_error(
            cat(api_.address().url, " names no usable upload server for video ", video_id_))};
    destination.metadata = metadata(context.hints, parameters);
    if (const std::string *type = find(destination.metadata, "filetype"))
        filetype_ = *type;
    destination.metadata_is_secret = true;
    return destination;
}

// Servers that are active and for uploads come first, then the other active ones; one that is
// said to be inactive is the last resort.
std::vector<std::string> GcoreTarget::endpoints(TargetContext &context,
                                                std::vector<UploadServer> servers) const
{
    if (!config_.endpoint.empty())
        return {config_.endpoint};
    const auto place = [](const UploadServer &server) {
        if (!server.active)
            return 2;
        return server.role.empty() || server.role == "upload" ? 0 : 1;
    };
    std::stable_sort(
        servers.begin(), servers.end(),
        [&](const UploadServer &a, const UploadServer &b) { return place(a) < place(b); });
    std::vector<std::string> urls;
    for (const UploadServer &server : servers) {
        if (!is_upload_hostname(server.hostname)) {
            log(LogLevel::kWarning, "gcore",
                cat("not a host name: \"", context.redactor(server.hostname, 80), "\""));
            continue;
        }
        const bool plain = !server.ssl && api_.address().loopback_http;
        std::string url = cat(plain ? "http" : "https", "://", server.hostname, "/upload/");
        if (std::find(urls.begin(), urls.end(), url) == urls.end())
            urls.push_back(std::move(url));
    }
    return urls;
}

Metadata GcoreTarget::metadata(const StreamHints &hints, const UploadParameters &parameters) const
{
    std::string filename = config_.location;
    if (filename.empty())
        filename = parameters.video.name.empty() ? name_ : parameters.video.name;
    Metadata metadata{{"filename", filename},
                      {"token", parameters.token},
                      {"video_id", std::to_string(video_id_)},
                      {"client_id", std::to_string(client_id_)}};
    if (!find(config_.metadata, "filetype"))
        metadata.emplace_back("filetype", hints.mime_type.empty() ? kUnknownType : hints.mime_type);
    for (const auto &pair : config_.metadata)
        if (!find(metadata, pair.first))
            metadata.push_back(pair);
    return metadata;
}

// Gcore answers 500 and "Error: token …" to a token it does not like.
bool GcoreTarget::refused_metadata(int status, const std::string &body) const
{
    const std::size_t begin = body.find_first_not_of(" \t\r\n");
    return status >= 400 && begin != std::string::npos &&
           std::string_view(body).substr(begin).starts_with("Error: token");
}

// Afterwards --------------------------------------------------------------------------------------

Result<Proof> GcoreTarget::finished(TargetContext &context, std::uint64_t /*bytes*/)
{
    if (created_ && name_is_time_ && !context.hints.title.empty())
        rename_by_title(context);
    return follower_.follow(context, api_, video_id_);
}

void GcoreTarget::rename_by_title(TargetContext &context)
{
    ApiResult<Nothing> renamed = api_.rename(context, video_id_, context.hints.title);
    if (auto *failed = std::get_if<ApiFailure>(&renamed)) {
        if (failed->failure.error.kind != ErrorKind::kCancelled)
            warn(context, std::move(failed->failure.error));
        return;
    }
    name_ = context.hints.title;
    name_is_time_ = false;
}

void GcoreTarget::abandoned(TargetContext &context, std::uint64_t bytes_stored)
{
    if (!created_ || bytes_stored > 0 || !config_.delete_empty_video)
        return;
    context.timeout = std::min<Duration>(context.timeout, kCleanUp);
    ApiResult<Nothing> removed = api_.remove(context, video_id_);
    if (auto *failed = std::get_if<ApiFailure>(&removed)) {
        Error error = std::move(failed->failure.error);
        error.message =
            cat("the empty video ", video_id_,
                failed->maybe_done ? " may be left over: " : " is left over: ", error.message);
        warn(context, std::move(error));
        if (!failed->maybe_done)
            return;
    } else {
        log(LogLevel::kInfo, "gcore", cat("deleted the empty video ", video_id_));
        context.notify(VideoDeleted{video_id_, name_});
    }
    // Where nobody knows, too: a recovery makes a new one rather than fill one that is deleted.
    video_id_ = 0;
    created_ = false;
}

std::string describe_option(const VideoOption &option)
{
    if (const auto *text = std::get_if<std::string>(&option.value))
        return cat("s:", *text);
    if (const auto *number = std::get_if<std::int64_t>(&option.value))
        return cat("i:", *number);
    if (const auto *flag = std::get_if<bool>(&option.value))
        return *flag ? "b:1" : "b:0";
    std::array<char, G_ASCII_DTOSTR_BUF_SIZE> text{};
    return cat("d:", g_ascii_dtostr(text.data(), static_cast<int>(text.size()),
                                    std::get<double>(option.value)));
}

std::vector<std::pair<std::string, std::string>> GcoreTarget::describe() const
{
    std::vector<std::pair<std::string, std::string>> fields{{"kind", "gcore"},
                                                            {"api_url", api_.address().url}};
    const auto add = [&](std::string_view name, const std::string &value) {
        if (!value.empty())
            fields.emplace_back(name, value);
    };
    add("endpoint", noted_url(config_.endpoint));
    add("video_id", std::to_string(video_id_)); // 0 too: a deleted one must not be gone on with
    add("video_name", name_.empty() ? config_.video_name : name_);
    add("location", config_.location);
    add("filetype", filetype_);
    add("description", config_.description);
    for (const VideoOption &option : config_.video_options)
        add(cat("option.", option.name), describe_option(option));
    Metadata given;
    for (const auto &pair : config_.metadata) {
        if (pair.first != "token") // which Gcore gives
            given.push_back(pair);
    }
    describe_metadata(given, fields);
    return fields;
}

void GcoreTarget::warn(TargetContext &context, Error error)
{
    context.notify(TargetWarning{std::move(error)});
}

} // namespace

// People also paste the whole header value.
Result<std::string> clean_key(const std::string &text)
{
    std::string_view key = text;
    constexpr std::string_view kScheme = "apikey ";
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto trim = [&] {
        key.remove_prefix(std::min(key.find_first_not_of(kBlanks), key.size()));
        key.remove_suffix(key.size() - (key.find_last_not_of(kBlanks) + 1));
    };
    trim();
    if (key.size() > kScheme.size() &&
        g_ascii_strncasecmp(key.data(), kScheme.data(), kScheme.size()) == 0) {
        key.remove_prefix(kScheme.size());
        trim();
    }
    if (key.empty())
        return settings_error("no API key: set api-key, or GCORE_API_KEY in the environment (Gcore "
                              "portal: profile, API tokens)");
    if (!std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; }))
        return settings_error("api-key has characters that no key has (blanks within, or not "
                              "ASCII): check how it was copied");
    return std::string(key);
}

Result<std::unique_ptr<Target>> make_gcore_target(GcoreConfig config)
{
    Result<std::string> key = clean_key(config.api_key);
    if (!key)
        return key.error();
    config.api_key.clear();
    Result<ApiAddress> address = parse_api_address(config.api_url);
    if (!address)
        return address.error();
    for (const VideoOption &option : config.video_options)
        if (option.name == "origin_url")
            return settings_error("video-options: origin_url makes Gcore fetch the video from "
                                  "elsewhere, instead of taking this upload");
    return std::unique_ptr<Target>(
        std::make_unique<GcoreTarget>(std::move(config), ApiClient(*address, *key)));
}

} // namespace gsttus
