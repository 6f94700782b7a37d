// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the Server that concerns the page to watch: what it shows, and what it switches.

#include "base/text.h"
#include "fault_switches.h"
#include "server.h"
#include "tus/protocol.h"

#include <algorithm>
#include <array>

namespace gsttus::standin {

namespace {

constexpr std::size_t kMostTroubles = 50;
constexpr std::string_view kHeaderName = "header-";
constexpr const char *kNotStreamed =
    "Not Found: Gcore makes HLS and DASH of every video, the stand-in only of a file whose bytes "
    "can be played so as they are. iframe_url and mp4_url lead to this one";

bool names_a_secret(const std::string &header)
{
    constexpr std::array<std::string_view, 4> kParts = {"auth", "key", "token", "cookie"};
    return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
        return header.find(part) != std::string::npos;
    });
}

// What must not be seen again, wherever a client has put it.
void learn(Redactor &secrets, const Request &request)
{
    for (const auto &[name, value] : request.headers)
        if (names_a_secret(name))
            secrets.add_header(value);
    if (!request.query.empty())
        secrets.add_url(cat(request.origin(), request.path, "?", request.query));
    const std::string *header = request.header("upload-metadata");
    const auto metadata = header ? parse_metadata(*header) : std::nullopt;
    if (!metadata)
        return;
    for (const auto &[key, value] : *metadata)
        if (!tus::is_public_metadata(key))
            secrets.add(value);
}

} // namespace

Result<void> Server::open_page()
{
    if (options_.page.empty())
        return {};
    if (!options_.api_key.empty())
        secrets_.add(options_.api_key);
    page_ = std::make_unique<Page>(
        loop_, recorder_, log_,
        PageHooks{.state = [this] { return page_state_text(); },
                  .switch_fault = [this](const std::string &name,
                                         bool on) { return switch_fault(name, on); }});
    return page_->listen(options_.page);
}

void Server::log_request(const Exchange &exchange)
{
    if (!page_)
        return;
    learn(secrets_, exchange.request);
    log_.begin(exchange.id, exchange.request, exchange.actions.specs);
}

std::string Server::page_state_text()
{
    const PageState state =
        recorder_.read([](const Snapshot &records) { return page_state(records); });
    std::vector<std::string> on;
    for (const auto &[name, plan] : switched_)
        on.push_back(name);
    if (rate_before_)
        on.emplace_back("slow");
    return state_json(state, on, {troubles_.begin(), troubles_.end()}, !options_.discard,
                      [this](std::string_view text) { return secrets_(text); });
}

Result<void> Server::switch_fault(const std::string &name, bool on)
{
    const auto *one = std::find_if(kFaultSwitches.begin(), kFaultSwitches.end(),
                                   [&](const FaultSwitch &other) { return other.name == name; });
    if (one == kFaultSwitches.end() || (one->needs_stored_bytes && options_.discard))
        return Error{.kind = ErrorKind::kSettings, .message = "there is no such fault"};
    if (one->line.empty()) {
        if (!on)
            return come_back();
        go_away(true);
        return {};
    }
    auto fault = parse_fault(one->line);
    if (!fault)
        return fault.error();
    if (fault->connection)
        switch_rate(on, fault->connection->bytes_per_second);
    switched_.erase(name);
    if (on && fault->request)
        switched_[name].add(std::move(*fault->request));
    note_trouble(name, on);
    return {};
}

// Off: as it was before.
void Server::switch_rate(bool on, std::uint64_t bytes_per_second)
{
    if (on == rate_before_.has_value())
        return;
    if (on)
        rate_before_ = std::exchange(connection_.bytes_per_second, bytes_per_second);
    else
        connection_.bytes_per_second = *std::exchange(rate_before_, std::nullopt);
}

void Server::note_trouble(std::string_view name, bool on)
{
    const auto open = std::find_if(troubles_.begin(), troubles_.end(), [&](const Trouble &one) {
        return one.name == name && !one.until_us;
    });
    if (on && open == troubles_.end())
        troubles_.push_back({.name = std::string(name), .since_us = g_get_real_time()});
    else if (!on && open != troubles_.end())
        open->until_us = g_get_real_time();
    if (troubles_.size() > kMostTroubles)
        troubles_.pop_front();
}

// What is played over HLS and DASH, if it is still the file that was looked into: another upload
// into the same video takes its place.
std::optional<Recording> Server::recording_of(const Video &video) const
{
    const auto all = recorder_.read([](const Snapshot &records) { return recordings_of(records); });
    const auto found = std::find_if(all.begin(), all.end(), [&](const Recording &one) {
        return one.key == cat("v", video.id) && one.stored && one.finished && !one.removed;
    });
    if (!video.media.streams || found == all.end() || found->bytes != video.media.streams->size)
        return std::nullopt;
    return *found;
}

// "…/master.m3u8", "…/dash.mpd", and the headers that the latter names: "…/header-1.mp4".
Reply Server::stream_reply(const Request &request, const Video &video) const
{
    const std::string folder = request.path.substr(0, request.path.rfind('/') + 1);
    const std::string name = request.path.substr(folder.size());
    if (!video.playable())
        return api_error(404, "Not Found: the video is not ready");
    const auto recording = recording_of(video);
    const Streams *streams = recording ? video.media.streams.get() : nullptr;
    if (!streams || (!name.ends_with(".m3u8") && !streams->dash()))
        return api_error(404, kNotStreamed);
    const std::string media = page_->media_url(video.id);
    if (name.ends_with(".m3u8"))
        return {.body = hls_playlist(*streams, media),
                .content_type = "application/vnd.apple.mpegurl"};
    if (name.ends_with(".mpd"))
        return {.body = dash_manifest(*streams, media, cat(request.origin(), folder, kHeaderName)),
                .content_type = "application/dash+xml"};
    const std::string number = name.substr(kHeaderName.size());
    const auto track = tus::parse_size(number.substr(0, number.find('.')));
    if (!track)
        return api_error(404, "Not Found");
    const std::uint64_t size = streams->mp4->header;
    std::string header = MediaReader(recording->pieces, {0, size}).next(size);
    return {.body = header_of_track(std::move(header), *track), .content_type = "video/mp4"};
}

// The page itself, and where the API's answers say that a video can be seen.
std::optional<Reply> Server::link_reply(const Request &request) const
{
    if (!page_ || (request.method != "GET" && request.method != "HEAD"))
        return std::nullopt;
    const auto lead_to = [](const std::string &url) {
        Reply reply{.status = 302};
        reply.set("Location", url);
        return reply;
    };
    if (request.path == "/")
        return lead_to(page_->url());
    const std::uint64_t video = api_->video_of_link(request.path);
    if (!video)
        return std::nullopt;
    const std::string name = request.path.substr(request.path.rfind('/') + 1);
    if (name.ends_with(".m3u8") || name.ends_with(".mpd") || name.starts_with(kHeaderName))
        return stream_reply(request, *api_->find(video));
    return lead_to(name.ends_with(".mp4") ? page_->media_url(video) : page_->player_url(video));
}

} // namespace gsttus::standin
