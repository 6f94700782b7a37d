#include "recover/finisher.h"

#include "base/redact.h"
#include "base/text.h"
#include "gcore/gcore_target.h"
#include "gsttus_version.h"
#include "http/soup_transport.h"
#include "tus/protocol.h"
#include "upload/tus_target.h"

#include <algorithm>
#include <array>

#include <pwd.h>

namespace gsttus {

namespace {

constexpr std::string_view kTarget = "target.";
constexpr std::string_view kMetadata = "target.metadata.";
constexpr std::string_view kOption = "target.option.";

Error make_error(ErrorKind kind, std::string message)
{
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
}

std::string note(const SpooledUpload &upload, const std::string &name)
{
    const auto found = upload.notes.find(name);
    return found == upload.notes.end() ? std::string() : found->second;
}

std::string target_note(const SpooledUpload &upload, std::string_view name)
{
    return note(upload, cat(kTarget, name));
}

std::uint64_t size_note(const SpooledUpload &upload, const std::string &name)
{
    return tus::parse_size(note(upload, name)).value_or(0);
}

Metadata metadata_of(const SpooledUpload &upload)
{
    Metadata metadata;
    for (const auto &[name, value] : upload.notes) {
        if (name.starts_with(kMetadata))
            metadata.emplace_back(name.substr(kMetadata.size()), value);
    }
    const std::string type = target_note(upload, "filetype");
    if (!type.empty() && upload.notes.count(cat(kMetadata, "filetype")) == 0)
        metadata.emplace_back("filetype", type);
    return metadata;
}

std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string::npos;
         from = end + 1)
        lines.push_back(text.substr(from, end - from));
    return lines;
}

// Where the sink would send credentials. It may have ended before it could say so.
std::vector<std::string> homes_of(const SpooledUpload &upload)
{
    if (upload.notes.count("homes") == 0)
        return {target_note(upload, "endpoint")};
    return lines_of(note(upload, "homes"));
}

bool is_open_to_others(const std::string &url)
{
    const GUriOwn uri(g_uri_parse(url.c_str(), G_URI_FLAGS_ENCODED, nullptr));
    const char *host = uri ? g_uri_get_host(uri.get()) : nullptr;
    if (!host || g_strcmp0(g_uri_get_scheme(uri.get()), "http") != 0)
        return false;
    const auto address = GRef<GInetAddress>::adopt(g_inet_address_new_from_string(host));
    const bool loopback = address ? g_inet_address_get_is_loopback(address.get()) != FALSE
                                  : g_ascii_strcasecmp(host, "localhost") == 0;
    return !loopback;
}

// As the sinks do: credentials leave this machine only over TLS.
Result<void> check_secrecy(const SpooledUpload &upload, const RecoverOptions &options)
{
    if (options.authorization.empty() && options.extra_headers.empty())
        return {};
    std::vector<std::string> urls = homes_of(upload);
    urls.push_back(note(upload, "upload-url"));
    urls.push_back(target_note(upload, "endpoint"));
    for (const std::string &url : urls) {
        if (is_open_to_others(url))
            return make_error(ErrorKind::kSettings,
                              cat("The credentials would go over the network unencrypted, to ",
                                  redact_url(url), ". Finish this upload without them."));
    }
    return {};
}

// An upload that exists needs no target, as long as it exists.
class NoTarget final : public Target {
public:
    explicit NoTarget(Error error) : error_(std::move(error)) {}

    TargetResult<Destination> resolve(TargetContext &, bool) override
    {
        return TargetError{error_, true, {}};
    }

    Result<void> finished(TargetContext &, std::uint64_t) override { return {}; }

    void abandoned(TargetContext &, std::uint64_t) override {}

    std::vector<std::pair<std::string, std::string>> describe() const override { return {}; }

private:
    Error error_;
};

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

Result<std::unique_ptr<Target>> make_gcore(const SpooledUpload &upload,
                                           const RecoverOptions &options)
{
    GcoreConfig config;
    config.api_key = options.api_key;
    config.api_url = options.api_url.empty() ? target_note(upload, "api_url") : options.api_url;
    config.endpoint = target_note(upload, "endpoint");
    config.video_id = tus::parse_size(target_note(upload, "video_id")).value_or(0);
    config.video_name = target_note(upload, "video_name");
    config.location = target_note(upload, "location");
    config.description = target_note(upload, "description");
    config.metadata = metadata_of(upload);
    config.delete_empty_video = false; // the recording is still here
    for (const auto &[name, value] : upload.notes) {
        if (!name.starts_with(kOption))
            continue;
        if (auto option = option_of(name.substr(kOption.size()), value))
            config.video_options.push_back(std::move(*option));
    }
    return make_gcore_target(std::move(config));
}

Result<std::unique_ptr<Target>> make_target(const SpooledUpload &upload,
                                            const RecoverOptions &options)
{
    const bool exists = !note(upload, "upload-url").empty();
    if (target_note(upload, "kind") == "gcore") {
        Result<std::unique_ptr<Target>> target = make_gcore(upload, options);
        if (!target && exists && options.api_key.empty())
            return std::unique_ptr<Target>(std::make_unique<NoTarget>(target.error()));
        return target;
    }
    const std::string endpoint = target_note(upload, "endpoint");
    if (endpoint.empty() && !exists)
        return make_error(ErrorKind::kSettings,
                          "The journal does not say where the recording should go.");
    if (endpoint.empty())
        return std::unique_ptr<Target>(std::make_unique<NoTarget>(make_error(
            ErrorKind::kUploadLost, "The upload is gone, and where to make a new one is not known "
                                    "(it was continued with upload-url).")));
    return std::unique_ptr<Target>(std::make_unique<TusTarget>(endpoint, metadata_of(upload)));
}

LengthMode parse_mode(const std::string &text)
{
    for (const LengthMode mode :
         {LengthMode::kDeferred, LengthMode::kConcatenation, LengthMode::kSpool}) {
        if (text == to_string(mode))
            return mode;
    }
    return LengthMode::kAuto;
}

ResumePoint recovery_of(const SpooledUpload &upload)
{
    ResumePoint recovery;
    // its video was deleted again because nothing had arrived: from the start
    if (target_note(upload, "kind") == "gcore" && target_note(upload, "video_id") == "0")
        return recovery;
    recovery.mode = parse_mode(note(upload, "length-mode"));
    recovery.upload_url = note(upload, "upload-url");
    recovery.origin = tus::parse_size(note(upload, "origin"));
    recovery.released = size_note(upload, "released");
    if (recovery.mode == LengthMode::kConcatenation) {
        recovery.parts = lines_of(note(upload, "parts"));
        recovery.released = 0;
        if (!recovery.parts.empty()) { // where they end comes first
            recovery.released = tus::parse_size(recovery.parts.front()).value_or(0);
            recovery.parts.erase(recovery.parts.begin());
        }
    }
    return recovery;
}

class Watcher final : public UploadObserver {
public:
    Watcher(std::function<void(const UploadProgress &)> progress,
            std::function<void(const std::string &)> tell)
        : progress_(std::move(progress)), tell_(std::move(tell))
    {
    }

    void on_created(const UploadCreated &created) override
    {
        tell_(cat("uploading to ", redact_url(created.upload_url)));
    }

    void on_progress(const UploadProgress &progress) override { progress_(progress); }

    void on_stalled(const UploadStalled &stalled) override
    {
        if (stalled.first)
            tell_(cat("waiting: ", stalled.reason.message));
    }

    void on_resumed(const UploadResumed &) override { tell_("going on"); }

    void on_warning(const Error &error) override { tell_(error.message); }

    void on_target_notice(const TargetNotice &notice) override
    {
        if (const auto *video = std::get_if<VideoCreated>(&notice))
            tell_(cat("created video ", video->id, " (", video->name, ')'));
    }

    void on_complete(const UploadComplete &complete) override { complete_ = complete; }

    void on_failed(const Error &error, const std::string &, const std::string &) override
    {
        error_ = error;
    }

    std::optional<std::string> on_refresh_authorization(int) override { return std::nullopt; }

    // read after the upload thread has ended
    std::optional<UploadComplete> complete_;
    Error error_;

private:
    const std::function<void(const UploadProgress &)> progress_;
    const std::function<void(const std::string &)> tell_;
};

} // namespace

std::string describe_upload(const SpooledUpload &upload)
{
    if (upload.owner) {
        const passwd *user = ::getpwuid(*upload.owner); // NOLINT(concurrency-mt-unsafe): only here
        return cat(upload.id, "  belongs to user ",
                   user ? std::string(user->pw_name) : std::to_string(*upload.owner),
                   ": run gst-tus-recover as that user");
    }
    if (upload.in_use)
        return cat(upload.id, "  in use by a running program");
    if (upload.leftover)
        return cat(upload.id,
                   "  left over, nothing to recover (the next recording or recovery removes it)");
    if (!upload.trouble.empty())
        return cat(upload.id, "  can not be read: ", upload.trouble);
    const GCharOwn size(g_format_size(upload.end - upload.begin));
    std::string where = redact_url(note(upload, "upload-url"));
    if (where.empty())
        where = cat("not created yet, ", target_note(upload, "kind") == "gcore"
                                             ? std::string("Gcore")
                                             : redact_url(target_note(upload, "endpoint")));
    std::string name = target_note(upload, "location");
    if (name.empty())
        name = target_note(upload, "metadata.filename");
    if (name.empty())
        name = target_note(upload, "video_name");
    return cat(upload.id, "  ", size.get(), " here  ", name.empty() ? "(no name)" : name, "  ",
               where);
}

Result<UploadComplete> finish_upload(RecoveredUpload opened, const SpooledUpload &listed,
                                     const RecoverOptions &options,
                                     const std::function<void(const UploadProgress &)> &progress,
                                     const std::function<void(const std::string &)> &tell,
                                     GCancellable *cancel)
{
    if (!opened.cut.empty())
        tell(opened.cut);
    std::unique_ptr<ReplayStore> store = std::move(opened.store);
    SpooledUpload upload = listed;
    upload.notes = store->notes(); // somebody else may have gone on with it since it was listed
    if (const Result<void> secret = check_secrecy(upload, options); !secret)
        return secret.error();
    const std::uint64_t end = store->end();
    const ResumePoint recovery = recovery_of(upload);
    // The server had confirmed it all; only the files were not cleared away any more.
    if (!note(upload, "finished").empty()) {
        store->discard();
        return UploadComplete{recovery.upload_url, recovery.origin.value_or(0) + end, {}, {}};
    }
    // Else the server is asked, and knows better than notes that may be old.
    const bool can_ask =
        !recovery.upload_url.empty() && recovery.mode != LengthMode::kConcatenation;
    if (!can_ask && store->begin() > recovery.released)
        return make_error(ErrorKind::kUploadLost,
                          cat("Bytes ", recovery.released, " to ", store->begin(),
                              " are neither at the server nor here."));
    Result<std::unique_ptr<Target>> target = make_target(upload, options);
    if (!target)
        return target.error();
    if (const std::uint64_t length = size_note(upload, "length"); length > end)
        tell(cat("The recording has ", length, " bytes, of which the first ", end,
                 " are here: the upload ends there."));

    UploadConfig config;
    config.recovery = recovery;
    config.homes = homes_of(upload);
    config.length_mode = LengthMode::kAuto;
    config.on_stop = OnStop::kKeep;
    config.runtime.authorization = options.authorization;
    config.runtime.extra_headers = options.extra_headers;
    config.runtime.outage_timeout = options.outage_timeout;
    config.runtime.progress_interval = milliseconds(200);
    HttpConfig http;
    http.user_agent = cat("gst-tus-recover/", GSTTUS_VERSION);
    http.ssl_ca_file = options.ssl_ca_file;
    http.ssl_strict = options.ssl_strict;

    // the upload thread's too: a disk that does not answer lets it outlive this
    const auto watcher = std::make_shared<Watcher>(progress, tell);
    LiveUpload live(
        std::move(config), std::move(*target),
        [http, watcher] { return make_soup_transport(http); }, *watcher, std::move(store));
    const gulong handler =
        g_cancellable_connect(cancel, G_CALLBACK(+[](GCancellable *, gpointer data) {
                                  static_cast<LiveUpload *>(data)->interrupt();
                              }),
                              &live, nullptr);
    live.start();
    const DrainStatus status = live.wait_drained();
    g_cancellable_disconnect(cancel, handler);
    live.stop(OnStop::kKeep);
    if (status == DrainStatus::kComplete && watcher->complete_)
        return *watcher->complete_;
    if (status == DrainStatus::kInterrupted)
        return make_error(ErrorKind::kCancelled, "Interrupted; what is left stays for next time.");
    return watcher->error_;
}

} // namespace gsttus
