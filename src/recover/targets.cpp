// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The counterpart of every Target::describe(): a service that is added there is added here.
#include "recover/targets.h"

#include "base/redact.h"
#include "base/text.h"
#include "gcore/api_address.h"
#include "gcore/gcore_target.h"
#include "glib/ptr.h"
#include "recover/journal_facts.h"
#include "recover/withheld.h"
#include "tus/protocol.h"
#include "tus/route.h"
#include "upload/note_names.h"
#include "upload/tus_target.h"

#include <algorithm>

namespace gsttus {

namespace {

// An upload that exists needs no target, as long as it exists.
class NoTarget final : public Target {
public:
    explicit NoTarget(Error error) : error_(std::move(error)) {}

    TargetResult<Destination> resolve(TargetContext &, bool) override
    {
        return TargetError{error_, true, {}};
    }

    Result<Proof> finished(TargetContext &, std::uint64_t) override { return Proof::kUnknown; }

    void abandoned(TargetContext &, std::uint64_t) override {}

    std::vector<std::pair<std::string, std::string>> describe() const override { return {}; }

private:
    Error error_;
};

// Empty: it is none, or has a query.
std::string plain_address(const std::string &url)
{
    const GUriOwn uri(g_uri_parse(url.c_str(), G_URI_FLAGS_ENCODED, nullptr));
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || g_uri_get_query(uri.get()))
        return {};
    const GCharOwn scheme(g_ascii_strdown(g_uri_get_scheme(uri.get()), -1));
    const GCharOwn name(g_ascii_strdown(host, -1));
    const int usual = std::string_view(scheme.get()) == "https" ? 443 : 80;
    const int port = g_uri_get_port(uri.get());
    std::string path = g_uri_get_path(uri.get());
    path.erase(path.find_last_not_of('/') + 1);
    return cat(scheme.get(), "://", name.get(), ' ', port > 0 ? port : usual, ' ', path);
}

// As GcoreTarget::describe() writes it: a letter for the type, a colon, the value.
std::optional<VideoOption> option_of(const std::string &name, const std::string &text)
{
    if (text.size() < 2 || text[1] != ':')
        return std::nullopt;
    const std::string value = text.substr(2);
    switch (text[0]) {
    case 's':
        return VideoOption{name, value};
    case 'i':
        return VideoOption{name, std::int64_t{g_ascii_strtoll(value.c_str(), nullptr, 10)}};
    case 'b':
        return VideoOption{name, value == "1"};
    case 'd':
        return VideoOption{name, g_ascii_strtod(value.c_str(), nullptr)};
    default:
        return std::nullopt;
    }
}

// A journal is no reason to tell anybody the key, or the token that Gcore gives for it.
Result<void> check_addresses(const SpooledUpload &upload, const RecoverOptions &options)
{
    const std::string noted = target_note(upload, "api_url");
    const std::string allowed = api_of(options);
    if (!noted.empty() && !is_same_api(noted, allowed))
        return Error{.kind = ErrorKind::kSettings,
                     .message =
                         cat("The recording is for the Gcore API at ", redact_url(noted),
                             ", the API key for the one at ", redact_url(allowed),
                             ". If the key is for the former, too, finish it with --api-url ",
                             redact_url(noted), "; to the latter --to gcore sends it")};
    const std::string endpoint = target_note(upload, "endpoint");
    const auto is_given = [&](const std::string &url) {
        return origin_part(url) == origin_part(endpoint);
    };
    if (endpoint.empty() ||
        std::any_of(options.whole_urls.begin(), options.whole_urls.end(), is_given))
        return {};
    return Error{.kind = ErrorKind::kSettings,
                 .message = cat("The recording goes to ", redact_url(endpoint),
                                " instead of to the servers that Gcore names, and would show its "
                                "token there. If that is right, give --url ",
                                redact_url(endpoint))};
}

Result<std::unique_ptr<Target>> make_gcore(const SpooledUpload &upload,
                                           const RecoverOptions &options)
{
    GcoreConfig config;
    config.api_key = options.api_key;
    config.api_url = api_of(options);
    config.endpoint = target_note(upload, "endpoint");
    config.video_id = tus::parse_size(target_note(upload, "video_id")).value_or(0);
    config.video_name = target_note(upload, "video_name");
    config.location = target_note(upload, "location");
    config.description = target_note(upload, "description");
    config.metadata = metadata_of(upload);
    config.delete_empty_video = false; // the recording is still here
    for (const auto &[name, value] : target_notes(upload, "option.")) {
        if (auto option = option_of(name, value))
            config.video_options.push_back(std::move(*option));
    }
    return make_gcore_target(std::move(config));
}

} // namespace

bool is_same_address(const std::string &a, const std::string &b)
{
    const std::string one = plain_address(a);
    return !one.empty() && one == plain_address(b);
}

bool is_same_api(const std::string &a, const std::string &b)
{
    const Result<ApiAddress> one = parse_api_address(a);
    const Result<ApiAddress> other = parse_api_address(b);
    return one && other && is_same_address(one->url, other->url);
}

std::string api_of(const RecoverOptions &options)
{
    return options.api_url.empty() ? GcoreConfig().api_url : options.api_url;
}

bool target_is_gcore(const SpooledUpload &upload)
{
    return target_note(upload, "kind") == "gcore";
}

Result<std::unique_ptr<Target>> make_target(const SpooledUpload &upload,
                                            const RecoverOptions &options)
{
    const bool exists = !note(upload, note_name::kUploadUrl).empty();
    if (const std::optional<Error> missing = missing_for_creation(upload)) {
        if (!exists)
            return *missing;
        return std::unique_ptr<Target>(std::make_unique<NoTarget>(*missing));
    }
    if (target_is_gcore(upload)) {
        if (!options.api_key.empty()) {
            if (const Result<void> right = check_addresses(upload, options); !right)
                return right.error();
        }
        Result<std::unique_ptr<Target>> target = make_gcore(upload, options);
        if (!target && exists && options.api_key.empty())
            return std::unique_ptr<Target>(std::make_unique<NoTarget>(target.error()));
        return target;
    }
    const std::string endpoint = target_note(upload, "endpoint");
    if (endpoint.empty() && !exists)
        return Error{.kind = ErrorKind::kSettings,
                     .message =
                         "The journal does not say where the recording should go: --to does."};
    if (endpoint.empty())
        return std::unique_ptr<Target>(std::make_unique<NoTarget>(
            Error{.kind = ErrorKind::kUploadLost,
                  .message = "The upload is gone, and where to make a new one is not known "
                             "(it was continued with upload-url): --to says where."}));
    return std::unique_ptr<Target>(std::make_unique<TusTarget>(endpoint, metadata_of(upload)));
}

bool target_was_removed(const SpooledUpload &upload)
{
    return target_is_gcore(upload) && target_note(upload, "video_id") == "0";
}

std::string endpoint_of(const SpooledUpload &upload)
{
    const std::string endpoint = target_note(upload, "endpoint");
    return endpoint.empty() ? target_note(upload, "api_url") : endpoint;
}

std::string describe_target(const SpooledUpload &upload)
{
    if (!target_is_gcore(upload))
        return redact_url(target_note(upload, "endpoint"));
    const std::string api = target_note(upload, "api_url");
    return api.empty() || is_same_api(api, GcoreConfig().api_url)
               ? "Gcore"
               : cat("Gcore at ", redact_url(api));
}

} // namespace gsttus
