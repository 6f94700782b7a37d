// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of the Gcore Streaming API that uploads need: create, read, change, delete and list
// videos, and the parameters of a tus upload. Requests in, replies out; knows no sockets.
// Not thread-safe: belongs to the server's thread.
#pragma once

#include "examiner.h"
#include "http_types.h"
#include "token.h"
#include "upload.h"

#include <functional>
#include <map>
#include <memory>

#include <json-glib/json-glib.h>

namespace gsttus::standin {

struct UploadServer {
    std::string hostname; // with the port, if it is not the usual one
    bool ssl = true;
    bool active = true;
    std::string role = "upload";
};

struct ApiRules {
    std::string api_key;       // empty: any key will do
    bool answer_array = false; // to "Create video", whoever asks; else only to Gcore's SDKs
    Duration token_lifetime = seconds(4 * 3600);
    std::vector<UploadServer> other_servers{}; // listed before the stand-in itself
    bool announce_self = true;
};

struct Video {
    std::uint64_t id = 0;
    std::string name{};
    std::string slug{};
    std::string status = "empty";
    std::string error{}; // empty: none
    std::string origin_filename{};
    std::uint64_t size = 0;
    std::int64_t created_us = 0; // wall clock
    MediaInfo media{};
    std::shared_ptr<JsonObject> fields{}; // what the client has set

    bool playable() const { return status == "viewable" || status == "ready"; }
};

class GcoreApi {
public:
    GcoreApi(ApiRules rules, std::function<void(const Video &)> changed,
             std::function<void(std::uint64_t)> removed);

    static bool serves(const std::string &path) { return path.starts_with("/streaming"); }

    Reply handle(const Request &request, std::string_view body);

    // What Gcore says to a tus creation with this metadata; nothing: go ahead.
    std::optional<Reply> check_upload(const UploadInfo &info) const;

    Video *find(std::uint64_t id);

    // Whose player's address this is: "/videos/100_SLUG", and what is below it. 0: nobody's.
    std::uint64_t video_of_link(std::string_view path) const;

    void publish(const Video &video) { changed_(video); }

private:
    std::optional<Reply> check_key(const Request &request) const;
    std::optional<Reply> make(std::shared_ptr<JsonObject> fields, Video *&made);
    Reply create(const Request &request, std::string_view body);
    Reply create_batch(const Request &request, std::string_view body);
    Reply names(const Request &request) const;
    Reply change(const Request &request, Video &video, std::string_view body);
    Reply list(const Request &request) const;
    Reply upload_parameters(const Request &request, const Video &video) const;
    void add_video(JsonBuilder *json, const Request &request, const Video &video) const;
    Reply video_reply(const Request &request, const Video &video, bool in_array) const;

    const ApiRules rules_;
    const std::function<void(const Video &)> changed_;
    const std::function<void(std::uint64_t)> removed_;
    const TokenSigner signer_{};
    std::map<std::uint64_t, Video> videos_{};
    std::uint64_t next_id_ = 2501637;
};

// {"status": 404, "error": "Not Found"}
Reply api_error(int status, std::string_view text);

} // namespace gsttus::standin
