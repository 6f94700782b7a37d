// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// One request for each call, on the upload thread, and what to say of an answer that is no success.
// Never repeats a call.
#include "gcore/api_client.h"

#include "base/log.h"
#include "base/text.h"
#include "glib/ptr.h"
#include "http/dates.h"

#include <algorithm>

namespace gsttus {

namespace {

constexpr std::size_t kLongestQuote = 300;

// A body that is read from memory.
class TextBody final : public BodySource {
public:
    explicit TextBody(const std::string &text) : text_(text) {}

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override
    {
        const std::size_t from = std::min<std::size_t>(offset, text_.size());
        const std::size_t size = std::min(out.size(), text_.size() - from);
        std::copy_n(reinterpret_cast<const std::byte *>(text_.data()) + from, size, out.begin());
        return size;
    }

private:
    const std::string &text_;
};

// What a status means: who is to blame, whether later may help, what to do.
struct Meaning {
    ErrorKind kind;
    bool retryable;
    std::string advice;
};

Meaning meaning_of(int status, std::uint64_t video, const std::string &api_url)
{
    switch (status) {
    case 401:
        return {ErrorKind::kNotAuthorized, false,
                "check api-key (or GCORE_API_KEY); a key with $ needs single quotes in a shell"};
    case 403:
        return {ErrorKind::kNotAuthorized, false,
                "the API key is known but may not do this: check its role, and that Streaming is "
                "enabled for the account"};
    case 404:
    case 410:
        if (video)
            return {ErrorKind::kNotFound, false,
                    cat("there is no video ", video, " in this account: check video-id")};
        return {ErrorKind::kNotFound, false,
                cat("there is no Streaming API at ", api_url, ": check api-url")};
    case 400:
    case 422:
        return {ErrorKind::kSettings, false,
                "check video-name, video-description and video-options"};
    case 405:
        return {ErrorKind::kServer, false, "check api-url"};
    case 413:
        return {ErrorKind::kSettings, false, "the video's description or options are too long"};
    case 429:
        return {ErrorKind::kServer, true, "too many requests: trying again later"};
    case 408:
    case 409:
    case 425:
        return {ErrorKind::kServer, true, "trying again later"};
    default:
        if (status >= 500)
            return {ErrorKind::kServer, true, "trying again later"};
        return {ErrorKind::kServer, false, "check api-url"};
    }
}

bool looks_like_a_page(const std::string &body)
{
    const std::size_t begin = body.find_first_not_of(" \t\r\n");
    return begin != std::string::npos && body[begin] == '<';
}

// "Queue limit reached (100), try later." comes with an undocumented status.
bool says_later(const std::string &text)
{
    return text.find("try later") != std::string::npos ||
           text.find("try again later") != std::string::npos;
}

Duration wait_of(const HttpResponse &response)
{
    const std::string *after = response.header("Retry-After");
    const std::int64_t now = time_of(response.header("Date"), g_get_real_time() / G_USEC_PER_SEC);
    return after ? parse_retry_after(*after, now) : Duration::zero();
}

} // namespace

ApiClient::ApiClient(ApiAddress address, std::string key)
    : address_(std::move(address)), key_(std::move(key))
{
}

ApiResult<HttpResponse> ApiClient::send(TargetContext &context, const Call &call)
{
    context.redactor.add(key_);
    HttpRequest request;
    request.method = call.method;
    request.url = cat(address_.url, "/streaming/videos", call.path);
    request.headers = {{"Authorization", cat("APIKey ", key_)}, {"Accept", "application/json"}};
    request.timeout = context.timeout;
    TextBody body(call.body);
    if (!call.body.empty()) {
        request.body = &body;
        request.body_length = call.body.size();
        request.content_type = "application/json";
    }
    HttpOutcome outcome = context.http.send(request, context.cancel);
    if (const HttpFailure *failure = outcome.failure()) {
        if (failure->head)
            know_secrets_in(*failure->head, context.redactor);
        ApiFailure failed;
        failed.failure.error = failure->error;
        log(LogLevel::kDebug, "gcore",
            context.redactor(cat(call.method, " ", call.path, ": ", failure->error.message, " [",
                                 failure->error.detail, "]")));
        if (failure->error.kind != ErrorKind::kCancelled)
            failed.failure.error.message =
                cat("could not ", call.purpose, ": ", failure->error.message);
        failed.failure.reached_server = failure->reach != HttpFailure::Reach::kNotConnected;
        failed.maybe_done = failed.failure.reached_server;
        return failed;
    }
    const HttpResponse &response = *outcome.response();
    know_secrets_in(response, context.redactor);
    log(LogLevel::kDebug, "gcore", cat(call.method, " ", call.path, ": ", response.status));
    const bool refused = response.status < 200 || response.status > 299;
    const bool own = is_json(response.body) || response.status == 204;
    if (answered_ && !own && (refused || looks_like_a_page(response.body)))
        return stranger(context, call, response);
    if (refused)
        return refusal(context, call, response);
    answered_ = answered_ || own;
    return response;
}

// A login page, a proxy, a server that is being replaced.
ApiFailure ApiClient::stranger(TargetContext &context, const Call &call,
                               const HttpResponse &response)
{
    ApiFailure failed;
    Error &error = failed.failure.error;
    const std::string text = context.redactor(error_text(response.body), kLongestQuote);
    error.kind = ErrorKind::kServer;
    error.retryable = true;
    error.http_status = response.status;
    error.detail = text;
    error.message = cat("could not ", call.purpose, ": something in front of ", address_.url,
                        " answered ", response.status, text.empty() ? "" : " (", text,
                        text.empty() ? "" : ")", "; trying again later");
    failed.failure.retry_after = wait_of(response);
    failed.maybe_done = response.status < 300 || response.status >= 500;
    return failed;
}

ApiFailure ApiClient::refusal(TargetContext &context, const Call &call,
                              const HttpResponse &response)
{
    ApiFailure failed;
    failed.own_answer = is_json(response.body);
    Error &error = failed.failure.error;
    error.http_status = response.status;
    if (response.status < 400) {
        const std::string *location = response.header("Location");
        error.kind = ErrorKind::kProtocol;
        error.message =
            cat("could not ", call.purpose, ": ", address_.url, " answered ", response.status,
                " and points to ", location ? context.redactor(redact_url(*location)) : "nowhere",
                ". The API key is not sent on: set api-url to the address that is meant");
        return failed;
    }
    const std::string text = context.redactor(error_text(response.body), kLongestQuote);
    const Meaning meaning = meaning_of(response.status, call.video, address_.url);
    error.kind = meaning.kind;
    error.retryable = meaning.retryable || says_later(text);
    error.detail = text;
    error.message =
        cat("could not ", call.purpose, ": ", address_.url, " answered ", response.status,
            text.empty() ? "" : " (", text, text.empty() ? "" : ")", "; ", meaning.advice);
    failed.failure.retry_after = wait_of(response);
    failed.maybe_done = response.status >= 500;
    return failed;
}

// A success that nobody can read.
ApiFailure ApiClient::unusable(TargetContext &context, const Call &call, Error error)
{
    ApiFailure failed;
    error.message = cat("could not ", call.purpose, ": ", address_.url, ": ", error.message,
                        error.retryable ? "" : ". Check api-url");
    error.detail = context.redactor(error.detail, kLongestQuote);
    failed.failure.error = std::move(error);
    failed.maybe_done = true;
    return failed;
}

ApiResult<GcoreVideo> ApiClient::create(TargetContext &context, const NewVideo &video)
{
    const Call call{"POST", "", write_video(video), "create the video"};
    ApiResult<HttpResponse> sent = send(context, call);
    if (auto *failed = std::get_if<ApiFailure>(&sent))
        return std::move(*failed);
    Result<GcoreVideo> made = parse_video(std::get<HttpResponse>(sent).body);
    if (!made)
        return unusable(context, call, made.error());
    return std::move(*made);
}

ApiResult<VideoList> ApiClient::search(TargetContext &context, const std::string &name)
{
    const GCharOwn valid(g_utf8_make_valid(name.data(), static_cast<gssize>(name.size())));
    const GCharOwn escaped(g_uri_escape_string(valid.get(), nullptr, FALSE));
    const Call call{"GET", cat("?search=", escaped.get(), "&per_page=100"), "",
                    "look for the video"};
    ApiResult<HttpResponse> sent = send(context, call);
    if (auto *failed = std::get_if<ApiFailure>(&sent))
        return std::move(*failed);
    const auto &response = std::get<HttpResponse>(sent);
    Result<std::vector<ListedVideo>> videos = parse_videos(response.body);
    if (!videos)
        return unusable(context, call, videos.error());
    const std::int64_t wall = g_get_real_time() / G_USEC_PER_SEC;
    const std::string *date = response.header("Date");
    const auto told = date ? parse_http_date(*date) : std::nullopt;
    return VideoList{std::move(*videos), told.value_or(wall)};
}

ApiResult<UploadParameters> ApiClient::upload_parameters(TargetContext &context, std::uint64_t id)
{
    const Call call{"GET", cat("/", id, "/upload"), "",
                    cat("get the upload parameters of video ", id), id};
    ApiResult<HttpResponse> sent = send(context, call);
    if (auto *failed = std::get_if<ApiFailure>(&sent))
        return std::move(*failed);
    Result<UploadParameters> parameters =
        parse_upload_parameters(std::get<HttpResponse>(sent).body);
    if (!parameters)
        return unusable(context, call, parameters.error());
    context.redactor.add(parameters->token);
    return std::move(*parameters);
}

ApiResult<GcoreVideo> ApiClient::get(TargetContext &context, std::uint64_t id)
{
    const Call call{"GET", cat("/", id), "", cat("ask for video ", id), id};
    ApiResult<HttpResponse> sent = send(context, call);
    if (auto *failed = std::get_if<ApiFailure>(&sent))
        return std::move(*failed);
    Result<GcoreVideo> video = parse_video(std::get<HttpResponse>(sent).body);
    if (!video)
        return unusable(context, call, video.error());
    return std::move(*video);
}

ApiResult<Nothing> ApiClient::rename(TargetContext &context, std::uint64_t id,
                                     const std::string &name)
{
    const Call call{"PATCH", cat("/", id), write_name(name), cat("rename video ", id), id};
    ApiResult<HttpResponse> sent = send(context, call);
    if (auto *failed = std::get_if<ApiFailure>(&sent))
        return std::move(*failed);
    return Nothing{};
}

ApiResult<Nothing> ApiClient::remove(TargetContext &context, std::uint64_t id)
{
    const Call call{"DELETE", cat("/", id), "", cat("delete video ", id), id};
    ApiResult<HttpResponse> sent = send(context, call);
    auto *failed = std::get_if<ApiFailure>(&sent);
    if (failed && (failed->failure.error.http_status != 404 || failed->failure.error.retryable))
        return std::move(*failed);
    return Nothing{};
}

} // namespace gsttus
